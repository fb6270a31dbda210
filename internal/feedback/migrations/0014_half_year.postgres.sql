-- +goose Up
-- The index of words also knows in which half year (%c), counted from 2000 on, a text came: what is too rare for a few weeks and
-- common over the years is found without reading all of it.
ALTER TABLE feedback_case DROP COLUMN words;
ALTER TABLE feedback_case ADD COLUMN words tsvector
    GENERATED ALWAYS AS (strip(to_tsvector('simple', search)) || array_to_tsvector(ARRAY['@' || holder_unit_id, '@' || origin_unit_id,
        '%a' || floor(extract(epoch FROM (received_at - timestamptz '2000-01-01 00:00:00+00')) / 524288)::bigint::text,
        '%b' || floor(extract(epoch FROM (received_at - timestamptz '2000-01-01 00:00:00+00')) / 4194304)::bigint::text,
        '%c' || floor(extract(epoch FROM (received_at - timestamptz '2000-01-01 00:00:00+00')) / 16777216)::bigint::text])) STORED;
CREATE INDEX feedback_case_words ON feedback_case USING gin (words) WITH (fastupdate = on);
ALTER TABLE feedback_public DROP COLUMN words;
ALTER TABLE feedback_public ADD COLUMN words tsvector
    GENERATED ALWAYS AS (strip(to_tsvector('simple', search)) || array_to_tsvector(ARRAY['@' || unit_id, '@' || origin_id,
        '%a' || floor(extract(epoch FROM (answered_at - timestamptz '2000-01-01 00:00:00+00')) / 524288)::bigint::text,
        '%b' || floor(extract(epoch FROM (answered_at - timestamptz '2000-01-01 00:00:00+00')) / 4194304)::bigint::text,
        '%c' || floor(extract(epoch FROM (answered_at - timestamptz '2000-01-01 00:00:00+00')) / 16777216)::bigint::text])) STORED;
CREATE INDEX feedback_public_words ON feedback_public USING gin (words) WITH (fastupdate = on);

-- The cases of a whole province in one state are read by their last day from the index alone.
DROP INDEX feedback_case_clock;
CREATE INDEX feedback_case_clock ON feedback_case (state, deadline, id, kind, holder_unit_id, origin_unit_id);
