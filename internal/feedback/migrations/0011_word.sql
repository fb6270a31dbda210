-- +goose Up
-- Whether an answer holds a word is read in the index alone.
DROP INDEX feedback_public_word_id;
CREATE INDEX feedback_public_word_id ON feedback_public_word (public_id, word);
