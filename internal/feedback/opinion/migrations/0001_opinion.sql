-- +goose Up
CREATE TABLE opinion_request (
    id            text PRIMARY KEY,
    case_id       text NOT NULL,
    unit_id       text NOT NULL, -- the body that is asked
    from_unit_id  text NOT NULL, -- who asks
    question      text NOT NULL,
    excerpt       text NOT NULL, -- what the case is about, masked
    due           text NOT NULL,
    asked_by      text NOT NULL,
    asked_by_name text NOT NULL,
    asked_at      timestamptz NOT NULL,
    body          text NOT NULL DEFAULT '',
    source        text NOT NULL DEFAULT '', -- number of the letter, when it was typed from one
    answered_by   text NOT NULL DEFAULT '',
    answered_name text NOT NULL DEFAULT '',
    answered_at   timestamptz,
    ended_at      timestamptz, -- no longer needed
    UNIQUE (case_id, unit_id)
);
CREATE INDEX opinion_request_unit ON opinion_request (unit_id, answered_at);
