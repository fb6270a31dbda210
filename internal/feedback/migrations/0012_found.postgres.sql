-- +goose Up
-- The officers' search asks for words and for the unit in one index: what a commune holds or took in is found without
-- reading its letters, and a hit is proved without taking its letter apart again. No word begins with the @ of a unit.
DROP INDEX feedback_case_search;
ALTER TABLE feedback_case ADD COLUMN words tsvector
    GENERATED ALWAYS AS (strip(to_tsvector('simple', search)) || array_to_tsvector(ARRAY['@' || holder_unit_id, '@' || origin_unit_id])) STORED;
CREATE INDEX feedback_case_words ON feedback_case USING gin (words) WITH (fastupdate = on);

-- What was published, by the words of question and answer.
ALTER TABLE feedback_public ADD COLUMN search text NOT NULL DEFAULT '';
UPDATE feedback_public SET search = COALESCE((SELECT string_agg(w.word, ' ') FROM feedback_public_word AS w WHERE w.public_id = feedback_public.id), '');
DROP TABLE feedback_public_word;
ALTER TABLE feedback_public ADD COLUMN words tsvector
    GENERATED ALWAYS AS (strip(to_tsvector('simple', search)) || array_to_tsvector(ARRAY['@' || unit_id, '@' || origin_id])) STORED;
CREATE INDEX feedback_public_words ON feedback_public USING gin (words) WITH (fastupdate = on);
