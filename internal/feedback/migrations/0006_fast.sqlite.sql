-- +goose Up
-- The officers' queue: what waits, in the order of the last day.
CREATE INDEX feedback_case_open ON feedback_case (deadline, id, state, kind, holder_unit_id, origin_unit_id, paused_at) WHERE state IN ('received', 'working', 'review');
CREATE INDEX feedback_case_due ON feedback_case (deadline, id, state, kind, holder_unit_id, origin_unit_id, paused_at);
CREATE INDEX feedback_case_paused ON feedback_case (account_id, person_id) WHERE paused_at IS NOT NULL;
-- The officers' search: the words of "search", found by their beginning.
CREATE VIRTUAL TABLE feedback_case_fts USING fts5(id UNINDEXED, search, tokenize = 'unicode61', prefix = '2 3');
INSERT INTO feedback_case_fts (id, search) SELECT id, search FROM feedback_case;
-- +goose StatementBegin
CREATE TRIGGER feedback_case_fts_in AFTER INSERT ON feedback_case BEGIN
    INSERT INTO feedback_case_fts (id, search) VALUES (new.id, new.search);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER feedback_case_fts_up AFTER UPDATE OF search ON feedback_case WHEN old.search <> new.search BEGIN
    UPDATE feedback_case_fts SET search = new.search WHERE id = old.id; -- rare: the kind was decided anew
END;
-- +goose StatementEnd
