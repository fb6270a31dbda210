-- +goose Up
-- Pauses: the clock stands still while the citizen is asked something.
ALTER TABLE feedback_case ADD COLUMN paused_at timestamptz;
ALTER TABLE feedback_case ADD COLUMN paused_until text NOT NULL DEFAULT '';

-- The table of clocks: kind x category x body, with validity and history. A row is never changed but by ending it.
CREATE TABLE feedback_clock (
    id           text PRIMARY KEY,
    kind         text NOT NULL,
    category     text NOT NULL DEFAULT '', -- '': every category
    unit_id      text NOT NULL DEFAULT '', -- the body that holds the case; '': every body
    days         integer NOT NULL,         -- working days
    source       text NOT NULL,            -- the legal source, printed on receipts
    valid_from   text NOT NULL,
    valid_to     text NOT NULL,            -- first day on which it no longer holds
    made_at      timestamptz,              -- NULL: delivered with the program
    made_by      text NOT NULL DEFAULT '',
    made_by_name text NOT NULL DEFAULT '',
    reason       text NOT NULL DEFAULT ''
);
CREATE INDEX feedback_clock_key ON feedback_clock (kind, category, unit_id, valid_from);
INSERT INTO feedback_clock (id, kind, category, days, source, valid_from, valid_to)
    SELECT kind || ':' || category || ':' || valid_from, kind, category, days, source, valid_from, valid_to FROM feedback_term;
DROP TABLE feedback_term;

-- Cases that belong together: the letter and what was split from it.
CREATE TABLE feedback_link (
    case_id  text NOT NULL REFERENCES feedback_case (id),
    other_id text NOT NULL REFERENCES feedback_case (id),
    kind     text NOT NULL, -- "split": other_id was split from case_id
    at       timestamptz NOT NULL,
    PRIMARY KEY (case_id, other_id, kind)
);
CREATE INDEX feedback_link_other ON feedback_link (other_id);
