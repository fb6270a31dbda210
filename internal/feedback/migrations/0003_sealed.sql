-- +goose Up
-- The words of complaints and denunciations: what stood in the plain columns, sealed; those columns are then empty.
ALTER TABLE feedback_case ADD COLUMN sealed text NOT NULL DEFAULT '';
ALTER TABLE feedback_answer ADD COLUMN sealed text NOT NULL DEFAULT '';
ALTER TABLE feedback_event ADD COLUMN sealed text NOT NULL DEFAULT '';
