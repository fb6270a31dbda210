-- +goose Up
-- The desks' lists read indexes alone: what a unit holds, what it took in, and what an official has claimed.
DROP INDEX feedback_case_holder;
DROP INDEX feedback_case_origin;
CREATE INDEX feedback_case_holder ON feedback_case (holder_unit_id, state, deadline, id, kind, door, rating, paused_at);
CREATE INDEX feedback_case_origin ON feedback_case (origin_unit_id, state, deadline, id, kind, door, rating, paused_at);
CREATE INDEX feedback_case_mine ON feedback_case (claimed_by, deadline, id, state, kind, holder_unit_id, origin_unit_id) WHERE state IN ('received', 'working', 'review');
