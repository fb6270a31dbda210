-- +goose Up
-- One row per public post: its words folded (no diacritics, đ as d) by the program, so both engines find the same.
CREATE VIRTUAL TABLE publish_search USING fts5(post_id UNINDEXED, words, tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3');
