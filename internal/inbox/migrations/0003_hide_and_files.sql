-- +goose Up
-- Who took a public comment out of sight at its channel, or showed it again, and why.
CREATE TABLE inbox_hiding (
    id              text PRIMARY KEY,
    conversation_id text NOT NULL REFERENCES inbox_conversation (id),
    message_id      text NOT NULL,
    hide            boolean NOT NULL, -- false: it was shown again
    why             text NOT NULL DEFAULT '', -- one of a few named reasons; '' when shown again
    by_id           text NOT NULL,
    by_name         text NOT NULL,
    at              timestamptz NOT NULL,
    state           text NOT NULL, -- asked, done, failed
    reason          text NOT NULL DEFAULT '', -- catalogue key of why the channel refused
    failures        integer NOT NULL DEFAULT 0
);
CREATE INDEX inbox_hiding_conversation ON inbox_hiding (conversation_id, at);

-- Pictures and files that an official has put beside an answer which is not sent yet, or was sent with them.
CREATE TABLE inbox_file (
    id              text PRIMARY KEY,
    conversation_id text NOT NULL REFERENCES inbox_conversation (id),
    official_id     text NOT NULL,
    attachment      text NOT NULL, -- kind, key, name, type and size as JSON
    form            text NOT NULL DEFAULT '', -- name of the form that sent it; '' until then
    kept_at         timestamptz NOT NULL
);
CREATE INDEX inbox_file_kept ON inbox_file (kept_at);
