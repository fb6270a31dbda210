-- +goose Up
-- Words are kept by the message that brought them, and not all of a conversation in one piece: a new message then adds to the
-- index and takes nothing out of it.
CREATE TABLE inbox_words (
    id              text PRIMARY KEY, -- of the message
    conversation_id text NOT NULL,
    unit_id         text NOT NULL,
    search          text NOT NULL, -- folded name and words
    at              timestamptz NOT NULL,
    words           tsvector GENERATED ALWAYS AS (strip(to_tsvector('simple', search)) || array_to_tsvector(ARRAY['@' || unit_id,
        '%a' || floor(extract(epoch FROM (at - timestamptz '2000-01-01 00:00:00+00')) / 524288)::bigint::text,
        '%b' || floor(extract(epoch FROM (at - timestamptz '2000-01-01 00:00:00+00')) / 4194304)::bigint::text])) STORED
);
INSERT INTO inbox_words (id, conversation_id, unit_id, search, at) SELECT id, id, unit_id, search, last_at FROM inbox_conversation WHERE search <> '';
CREATE INDEX inbox_words_conversation ON inbox_words (conversation_id);
CREATE INDEX inbox_words_words ON inbox_words USING gin (words) WITH (fastupdate = on);
ALTER TABLE inbox_conversation DROP COLUMN words;
ALTER TABLE inbox_conversation DROP COLUMN search;
