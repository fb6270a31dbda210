-- +goose Up
-- The officers' queue: what waits, in the order of the last day.
CREATE INDEX feedback_case_open ON feedback_case (deadline, id, state, kind, holder_unit_id, origin_unit_id, paused_at) WHERE state IN ('received', 'working', 'review');
CREATE INDEX feedback_case_due ON feedback_case (deadline, id, state, kind, holder_unit_id, origin_unit_id, paused_at);
CREATE INDEX feedback_case_paused ON feedback_case (account_id, person_id) WHERE paused_at IS NOT NULL;
-- The officers' search: the words of "search", found by their beginning.
CREATE INDEX feedback_case_search ON feedback_case USING gin (to_tsvector('simple', search)) WITH (fastupdate = on);
