-- +goose Up
-- Something that goes round and is not so, and what is true of it.
CREATE TABLE correction_claim (
    id           text PRIMARY KEY,
    unit_id      text NOT NULL,
    title        text NOT NULL, -- what is said
    search       text NOT NULL, -- folded
    answer       text NOT NULL DEFAULT '', -- what is true
    link         text NOT NULL DEFAULT '', -- where everybody reads it
    state        text NOT NULL,
    opened_at    timestamptz NOT NULL,
    opened_by    text NOT NULL,
    opened_name  text NOT NULL,
    drafted_by   text NOT NULL DEFAULT '',
    drafted_name text NOT NULL DEFAULT '',
    approved_at  timestamptz,
    approved_by  text NOT NULL DEFAULT '',
    approved_name text NOT NULL DEFAULT ''
);
CREATE INDEX correction_claim_unit ON correction_claim (unit_id, state, opened_at);

-- Where it was seen. Who said it is not kept here: the conversation knows its person, for those who may read it.
CREATE TABLE correction_sighting (
    claim_id        text NOT NULL REFERENCES correction_claim (id),
    conversation_id text NOT NULL,
    unit_id         text NOT NULL,
    kind            text NOT NULL,
    seen_at         timestamptz NOT NULL,
    told_at         timestamptz,
    PRIMARY KEY (claim_id, conversation_id)
);
