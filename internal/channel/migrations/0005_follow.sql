-- +goose Up
-- When a person last said that they follow or leave the account. Messages have a moment of their own, so that a follow that
-- comes late does not lose against a message that was written after it.
ALTER TABLE channel_person ADD COLUMN follow_at timestamptz;
