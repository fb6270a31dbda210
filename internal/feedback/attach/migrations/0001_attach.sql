-- +goose Up
CREATE TABLE attach_file (
    id        text PRIMARY KEY,
    case_id   text NOT NULL,
    answer_id text NOT NULL DEFAULT '', -- '' until the answer it goes with is given
    name      text NOT NULL,
    media     text NOT NULL,
    size      bigint NOT NULL,
    sha256    text NOT NULL,
    by_id     text NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX attach_file_case ON attach_file (case_id, id);
