-- +goose Up
-- Saved texts for answers, of a unit and for those below it.
CREATE TABLE phrase_text (
    id         text PRIMARY KEY,
    unit_id    text NOT NULL,
    title      text NOT NULL,
    body       text NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
CREATE INDEX phrase_text_unit ON phrase_text (unit_id, title);
