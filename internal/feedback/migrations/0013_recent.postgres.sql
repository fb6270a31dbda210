-- +goose Up
-- The index of words also knows, roughly, when a text came: in which six days (%a) and in which seven weeks (%b), counted from
-- 2000 on. Who looks for a common word then reads the latest texts that hold it, and not those of all years.
ALTER TABLE feedback_case DROP COLUMN words;
ALTER TABLE feedback_case ADD COLUMN words tsvector
    GENERATED ALWAYS AS (strip(to_tsvector('simple', search)) || array_to_tsvector(ARRAY['@' || holder_unit_id, '@' || origin_unit_id,
        '%a' || floor(extract(epoch FROM (received_at - timestamptz '2000-01-01 00:00:00+00')) / 524288)::bigint::text,
        '%b' || floor(extract(epoch FROM (received_at - timestamptz '2000-01-01 00:00:00+00')) / 4194304)::bigint::text])) STORED;
CREATE INDEX feedback_case_words ON feedback_case USING gin (words) WITH (fastupdate = on);
ALTER TABLE feedback_public DROP COLUMN words;
ALTER TABLE feedback_public ADD COLUMN words tsvector
    GENERATED ALWAYS AS (strip(to_tsvector('simple', search)) || array_to_tsvector(ARRAY['@' || unit_id, '@' || origin_id,
        '%a' || floor(extract(epoch FROM (answered_at - timestamptz '2000-01-01 00:00:00+00')) / 524288)::bigint::text,
        '%b' || floor(extract(epoch FROM (answered_at - timestamptz '2000-01-01 00:00:00+00')) / 4194304)::bigint::text])) STORED;
CREATE INDEX feedback_public_words ON feedback_public USING gin (words) WITH (fastupdate = on);

-- What a unit answered, and what was asked in it, is listed from the index alone.
DROP INDEX feedback_public_unit;
CREATE INDEX feedback_public_unit ON feedback_public (unit_id, answered_at, id);
DROP INDEX feedback_public_origin;
CREATE INDEX feedback_public_origin ON feedback_public (origin_id, answered_at, id);

-- The figures of all units are added up from the index alone.
DROP INDEX feedback_case_holder;
CREATE INDEX feedback_case_holder ON feedback_case (holder_unit_id, state, deadline, id, kind, door, rating, paused_at, origin_unit_id, answered_at);
