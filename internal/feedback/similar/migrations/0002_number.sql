-- +goose Up
-- What stands for a case is replaced whenever the case changes: it is found by the number, not by looking through all pairs.
CREATE INDEX similar_gram_n ON similar_gram (n);
