-- +goose Up
-- Cases whose receipt is not in the public log yet, and of which the other rooms have not heard: one job does it for many.
CREATE TABLE feedback_fresh (case_id text PRIMARY KEY);
INSERT INTO feedback_fresh (case_id) SELECT id FROM feedback_case WHERE log_proof = '';
-- The proof is written a second after the case: there is room for it on the page of the row, so that no index is touched.
ALTER TABLE feedback_case SET (fillfactor = 60);
