-- +goose Up
-- The newest messages of a long conversation are read by index, without sorting all of it.
DROP INDEX channel_message_thread;
CREATE INDEX channel_message_thread ON channel_message (account_id, person_id, said_at, id);
