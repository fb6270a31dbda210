-- +goose Up
-- "Has it been done?" – asked once, four weeks after the answer.
CREATE TABLE survey_ask (
    case_id     text PRIMARY KEY,
    unit_id     text NOT NULL, -- who answered
    asked_at    timestamptz NOT NULL,
    answered_at timestamptz,
    result      integer NOT NULL DEFAULT 0, -- 1 no, 2 partly, 3 yes
    comment     text NOT NULL DEFAULT ''
);
CREATE INDEX survey_ask_unit ON survey_ask (unit_id, asked_at);
