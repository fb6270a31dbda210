-- +goose Up
-- Cases whose receipt is not in the public log yet, and of which the other rooms have not heard: one job does it for many.
CREATE TABLE feedback_fresh (case_id text PRIMARY KEY) WITHOUT ROWID;
INSERT INTO feedback_fresh (case_id) SELECT id FROM feedback_case WHERE log_proof = '';
