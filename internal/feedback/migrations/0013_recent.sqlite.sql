-- +goose Up
-- What a unit answered, and what was asked in it, is listed from the index alone.
DROP INDEX feedback_public_unit;
CREATE INDEX feedback_public_unit ON feedback_public (unit_id, answered_at, id);
DROP INDEX feedback_public_origin;
CREATE INDEX feedback_public_origin ON feedback_public (origin_id, answered_at, id);

-- The figures of all units are added up from the index alone.
DROP INDEX feedback_case_holder;
CREATE INDEX feedback_case_holder ON feedback_case (holder_unit_id, state, deadline, id, kind, door, rating, paused_at, origin_unit_id, answered_at);
