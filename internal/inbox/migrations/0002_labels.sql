-- +goose Up
-- Topics that an official put on a conversation: the categories of the routing table.
CREATE TABLE inbox_label (
    conversation_id text NOT NULL REFERENCES inbox_conversation (id),
    label           text NOT NULL,
    PRIMARY KEY (conversation_id, label)
);
CREATE INDEX inbox_label_label ON inbox_label (label, conversation_id);

-- A code that a person was given in one conversation and may write in another, to say that both are theirs.
CREATE TABLE inbox_bridge_code (
    code            text PRIMARY KEY,
    conversation_id text NOT NULL REFERENCES inbox_conversation (id),
    made_at         timestamptz NOT NULL,
    used_at         timestamptz
);

-- Two conversations of one person, by their own word. Both directions are kept.
CREATE TABLE inbox_bridge (
    conversation_id text NOT NULL REFERENCES inbox_conversation (id),
    other_id        text NOT NULL REFERENCES inbox_conversation (id),
    at              timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, other_id)
);
