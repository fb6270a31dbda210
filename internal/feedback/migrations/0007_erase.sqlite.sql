-- +goose Up
-- Words that leave the search are gone from its index at once: a case that turns into a denunciation leaves nothing there.
INSERT INTO feedback_case_fts (feedback_case_fts, rank) VALUES ('secure-delete', 1);
