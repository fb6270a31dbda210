-- +goose Up
-- What the last probe told beside the state: package, quota, end of the grant, picture.
ALTER TABLE channel_account ADD COLUMN health text NOT NULL DEFAULT '{}';
-- The last webhook that spoke of the account, kept to the quarter of an hour.
ALTER TABLE channel_account ADD COLUMN heard_at timestamptz;
-- The last time something of ours was published there.
ALTER TABLE channel_account ADD COLUMN published_at timestamptz;
-- Since when the present refresh token (or the token without an end) is held.
ALTER TABLE channel_account ADD COLUMN token_at timestamptz;
