-- +goose Up
-- Files, buttons, requests for data and shared data of a message, as JSON.
ALTER TABLE channel_message ADD COLUMN extra text NOT NULL DEFAULT '{}';
-- The message goes to a group; person_id is the group's id.
ALTER TABLE channel_message ADD COLUMN to_group boolean NOT NULL DEFAULT false;
-- Taken over from the channel's own history: nobody was told of it as new.
ALTER TABLE channel_message ADD COLUMN history boolean NOT NULL DEFAULT false;
-- Whom an announcement is for, as JSON; '' means all followers.
ALTER TABLE channel_delivery ADD COLUMN audience text NOT NULL DEFAULT '';
