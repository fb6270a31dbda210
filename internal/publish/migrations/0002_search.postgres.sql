-- +goose Up
-- One row per public post: its words folded (no diacritics, đ as d) by the program, so both engines find the same.
CREATE TABLE publish_search (
  post_id text PRIMARY KEY,
  words text NOT NULL,
  tsv tsvector GENERATED ALWAYS AS (to_tsvector('simple', words)) STORED
);
CREATE INDEX publish_search_tsv ON publish_search USING gin (tsv);
