-- +goose Up
-- Who follows a case that somebody else asked: no name and no telephone, only a code of their own.
CREATE TABLE follow_follower (
    id         text PRIMARY KEY,
    case_id    text NOT NULL,        -- the case they chose; where it was merged, the main one answers
    code       text NOT NULL UNIQUE, -- their own tracking code
    source_key text NOT NULL UNIQUE, -- the form it came from: taken in once
    at         timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX follow_follower_case ON follow_follower (case_id, ended_at);
