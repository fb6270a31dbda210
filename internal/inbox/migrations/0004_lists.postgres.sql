-- +goose Up
-- Lists are read by index in the order in which people wrote: the open ones of one unit, those of a whole province, those
-- that nobody has taken on or seen.
DROP INDEX inbox_conversation_unit;
CREATE INDEX inbox_conversation_unit ON inbox_conversation (unit_id, state, last_at, id, kind);
CREATE INDEX inbox_conversation_state ON inbox_conversation (state, last_at, id, unit_id, kind);
CREATE INDEX inbox_conversation_last ON inbox_conversation (last_at, id, unit_id, kind);
CREATE INDEX inbox_conversation_free ON inbox_conversation (last_at, id, unit_id, kind) WHERE state = 'open' AND claimed_by = '';
CREATE INDEX inbox_conversation_unread ON inbox_conversation (last_at, id, unit_id, kind) WHERE unread > 0;

-- The search asks for words and for the unit in one index. No word begins with the @ of a unit.
ALTER TABLE inbox_conversation ADD COLUMN words tsvector
    GENERATED ALWAYS AS (strip(to_tsvector('simple', search)) || array_to_tsvector(ARRAY['@' || unit_id])) STORED;
CREATE INDEX inbox_conversation_words ON inbox_conversation USING gin (words) WITH (fastupdate = on);
