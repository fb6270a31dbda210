-- +goose Up
-- Recognition of givers. state: proposed, approved, refused, cancelled.
CREATE TABLE award_award (
    id            text PRIMARY KEY,
    unit_id       text NOT NULL,
    giver         text NOT NULL,
    from_day      text NOT NULL,
    until_day     text NOT NULL,
    recorded      bigint NOT NULL, -- by the records when it was proposed
    extra         bigint NOT NULL CHECK (extra >= 0),
    extra_why     text NOT NULL,
    level         text NOT NULL,
    state         text NOT NULL,
    number        text NOT NULL,
    proposed_by   text NOT NULL,
    proposed_name text NOT NULL,
    proposed_at   timestamptz NOT NULL,
    approved_by   text NOT NULL,
    approved_name text NOT NULL,
    approved_at   timestamptz,
    closed_name   text NOT NULL,
    reason        text NOT NULL,
    search        text NOT NULL
);
CREATE INDEX award_award_unit ON award_award (unit_id, state);

-- Visits of the Front with a gift, within the norms of Decision 04/2024/QĐ-TTg.
CREATE TABLE award_visit (
    id         text PRIMARY KEY,
    unit_id    text NOT NULL,
    occasion   text NOT NULL,
    day        text NOT NULL,
    receiver   text NOT NULL,
    folded     text NOT NULL,
    what       text NOT NULL,
    value      bigint NOT NULL CHECK (value > 0),
    by_id      text NOT NULL,
    by_name    text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX award_visit_receiver ON award_visit (unit_id, folded, occasion, day);

-- One row per receiver and year, locked while a visit is written down.
CREATE TABLE award_norm (
    unit_id  text NOT NULL,
    receiver text NOT NULL,
    year     text NOT NULL,
    PRIMARY KEY (unit_id, receiver, year)
);
