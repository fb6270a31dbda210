-- +goose Up
-- The index of words also knows in which half year (%c) a message came, as that of cases does.
ALTER TABLE inbox_words DROP COLUMN words;
ALTER TABLE inbox_words ADD COLUMN words tsvector
    GENERATED ALWAYS AS (strip(to_tsvector('simple', search)) || array_to_tsvector(ARRAY['@' || unit_id,
        '%a' || floor(extract(epoch FROM (at - timestamptz '2000-01-01 00:00:00+00')) / 524288)::bigint::text,
        '%b' || floor(extract(epoch FROM (at - timestamptz '2000-01-01 00:00:00+00')) / 4194304)::bigint::text,
        '%c' || floor(extract(epoch FROM (at - timestamptz '2000-01-01 00:00:00+00')) / 16777216)::bigint::text])) STORED;
CREATE INDEX inbox_words_words ON inbox_words USING gin (words) WITH (fastupdate = on);
