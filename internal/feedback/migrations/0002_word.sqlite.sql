-- +goose Up
-- The words of each published question and answer, folded, in the order of their bytes: a search is one index range for
-- each word on both engines.
CREATE TABLE feedback_public_word (
    word      text NOT NULL,
    public_id text NOT NULL REFERENCES feedback_public (id),
    PRIMARY KEY (word, public_id)
);
CREATE INDEX feedback_public_word_id ON feedback_public_word (public_id);
