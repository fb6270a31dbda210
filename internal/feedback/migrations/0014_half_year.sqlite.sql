-- +goose Up
-- The cases of a whole province in one state are read by their last day from the index alone.
DROP INDEX feedback_case_clock;
CREATE INDEX feedback_case_clock ON feedback_case (state, deadline, id, kind, holder_unit_id, origin_unit_id);
