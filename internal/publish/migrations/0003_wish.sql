-- +goose Up
-- The wish that the followers of the Zalo accounts are told of the post; who approves it has the last word.
ALTER TABLE publish_post ADD COLUMN want_announce boolean NOT NULL DEFAULT false;
CREATE INDEX publish_post_hour ON publish_post (publish_at);
CREATE INDEX publish_post_out ON publish_post (published_at);
