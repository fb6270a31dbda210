-- +goose Up
CREATE TABLE inbox_conversation (
    id              text PRIMARY KEY,
    account_id      text NOT NULL,
    unit_id         text NOT NULL,
    kind            text NOT NULL,
    person_id       text NOT NULL,
    person_name     text NOT NULL DEFAULT '',
    post            text NOT NULL DEFAULT '', -- the publication that is commented on; '' for private messages
    state           text NOT NULL,
    unread          integer NOT NULL DEFAULT 0,
    claimed_by      text NOT NULL DEFAULT '',
    claimed_by_name text NOT NULL DEFAULT '',
    case_id         text NOT NULL DEFAULT '', -- the latest case made of it
    case_code       text NOT NULL DEFAULT '',
    last_external   text NOT NULL DEFAULT '', -- the channel's id of the person's last message
    last_text       text NOT NULL DEFAULT '',
    last_at         timestamptz NOT NULL,
    waiting_since   timestamptz, -- the oldest message nobody has answered; NULL for none
    answer_due      timestamptz, -- when the first answer is due; NULL for none
    failed          boolean NOT NULL DEFAULT false, -- an answer of ours did not arrive
    search          text NOT NULL DEFAULT '', -- folded name and words
    created_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX inbox_conversation_with ON inbox_conversation (account_id, person_id, post);
CREATE INDEX inbox_conversation_unit ON inbox_conversation (unit_id, state, last_at);
CREATE INDEX inbox_conversation_claimed ON inbox_conversation (claimed_by, unit_id);

-- What the inbox knows of a message beside what the channel keeps of it: the text stays there.
CREATE TABLE inbox_message (
    message_id      text PRIMARY KEY, -- row of channel_message: taken in once
    conversation_id text NOT NULL REFERENCES inbox_conversation (id),
    incoming        boolean NOT NULL,
    case_id         text NOT NULL DEFAULT '',
    case_code       text NOT NULL DEFAULT '',
    author_id       text NOT NULL DEFAULT '',
    author_name     text NOT NULL DEFAULT '',
    at              timestamptz NOT NULL
);
CREATE INDEX inbox_message_conversation ON inbox_message (conversation_id, at);
