-- +goose Up
-- What a person sent along with words that became a complaint or denunciation: addresses of pictures and what they handed
-- over about themselves, sealed. '' for every other message.
ALTER TABLE channel_message ADD COLUMN sealed text NOT NULL DEFAULT '';
