-- +goose Up
-- The steps of escalation: nudges before the last day, notices after it.
CREATE TABLE deadline_step (
    id       text PRIMARY KEY,
    at_kind  text NOT NULL,    -- "elapsed": percent of the working days given; "late": working days after the last one
    amount   integer NOT NULL,
    told     text NOT NULL,    -- "desk", "leader" or "superior"
    active   boolean NOT NULL
);
INSERT INTO deadline_step (id, at_kind, amount, told, active) VALUES
    ('elapsed-50', 'elapsed', 50, 'desk', true),
    ('elapsed-80', 'elapsed', 80, 'desk', true),
    ('late-1', 'late', 1, 'leader', true),
    ('late-3', 'late', 3, 'superior', true),
    ('late-10', 'late', 10, 'superior', true);

-- Who was told of which case, once for each step and last day.
CREATE TABLE deadline_notice (
    id           text PRIMARY KEY,
    case_id      text NOT NULL,
    step_id      text NOT NULL,
    deadline     text NOT NULL,
    unit_id      text NOT NULL, -- the unit whose people are told
    told         text NOT NULL,
    at           timestamptz NOT NULL,
    seen_at      timestamptz,
    seen_by      text NOT NULL DEFAULT '',
    seen_by_name text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX deadline_notice_once ON deadline_notice (case_id, step_id, deadline);
CREATE INDEX deadline_notice_unit ON deadline_notice (unit_id, seen_at, at);

-- How punctual each body is, reckoned anew every quarter of an hour from the ordinary cases.
CREATE TABLE deadline_tally (
    unit_id  text NOT NULL,
    year     integer NOT NULL,
    answered integer NOT NULL,
    in_time  integer NOT NULL,
    open     integer NOT NULL,
    overdue  integer NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (unit_id, year)
);
