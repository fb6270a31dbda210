-- +goose Up
-- A case that says the same as another is merged into it: its code stays and leads there.
ALTER TABLE feedback_case ADD COLUMN merged_into text NOT NULL DEFAULT '';
CREATE INDEX feedback_case_merged ON feedback_case (merged_into);
-- What an answer says: taken up, in progress until a day, refused with its ground, forwarded to somebody.
ALTER TABLE feedback_answer ADD COLUMN kind text NOT NULL DEFAULT 'accepted';
ALTER TABLE feedback_answer ADD COLUMN due text NOT NULL DEFAULT '';
ALTER TABLE feedback_answer ADD COLUMN detail text NOT NULL DEFAULT '';
