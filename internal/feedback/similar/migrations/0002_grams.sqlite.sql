-- +goose Up
-- What stands for a case is replaced whenever the case changes. Its pairs are known with it, so that they are found by the key
-- and not by looking through all pairs.
ALTER TABLE similar_case ADD COLUMN grams text NOT NULL DEFAULT '';
UPDATE similar_case SET grams = s.grams FROM (SELECT n, group_concat(gram, ',') AS grams FROM similar_gram GROUP BY n) AS s WHERE s.n = similar_case.n;
