-- +goose Up
CREATE TABLE housing_programme (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    unit_id    text NOT NULL, -- who leads it
    year_from  integer NOT NULL,
    year_to    integer NOT NULL,
    legal_base text NOT NULL,
    norm_new   bigint NOT NULL DEFAULT 0, -- in đồng; 0: no norm
    norm_fix   bigint NOT NULL DEFAULT 0,
    closed     boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL DEFAULT ''
);

CREATE TABLE housing_target (
    programme_id text NOT NULL REFERENCES housing_programme (id),
    unit_id      text NOT NULL, -- commune
    houses       integer NOT NULL,
    PRIMARY KEY (programme_id, unit_id)
);

CREATE TABLE housing_case (
    id            text PRIMARY KEY,
    code          text NOT NULL UNIQUE,
    offline_id    text UNIQUE, -- of a form filled in without network: taken in once
    household_id  text NOT NULL,
    unit_id       text NOT NULL,
    programme_id  text NOT NULL REFERENCES housing_programme (id),
    state         text NOT NULL,
    paused_from   text NOT NULL DEFAULT '',
    why           text NOT NULL DEFAULT '',
    need          text NOT NULL,
    kind          text NOT NULL,
    category      text NOT NULL,
    survey        text NOT NULL, -- sealed answers of the form
    initials      text NOT NULL,
    surveyed_by   text NOT NULL,
    surveyed_name text NOT NULL,
    surveyed_on   text NOT NULL,
    state_on      text NOT NULL,
    source        text NOT NULL DEFAULT '',
    donor         text NOT NULL DEFAULT '',
    amount        bigint NOT NULL DEFAULT 0,
    decision_no   text NOT NULL DEFAULT '',
    decision_on   text NOT NULL DEFAULT '',
    approved_by   text NOT NULL DEFAULT '',
    approver      text NOT NULL DEFAULT '',
    started_on    text NOT NULL DEFAULT '',
    completed_on  text NOT NULL DEFAULT '',
    completion    text NOT NULL DEFAULT '', -- sealed minutes
    handed_on     text NOT NULL DEFAULT '',
    total_value   bigint NOT NULL DEFAULT 0,
    paid          bigint NOT NULL DEFAULT 0, -- sum of the payments that stand
    version       integer NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX housing_case_unit ON housing_case (unit_id, state);
CREATE INDEX housing_case_programme ON housing_case (programme_id, unit_id, state);
CREATE INDEX housing_case_household ON housing_case (household_id);
CREATE UNIQUE INDEX housing_case_open ON housing_case (household_id) WHERE state <> 'handed_over'; -- one house at a time

CREATE TABLE housing_event (
    id         text PRIMARY KEY,
    case_id    text NOT NULL REFERENCES housing_case (id),
    step       text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    at         timestamptz NOT NULL,
    actor_id   text NOT NULL,
    actor_name text NOT NULL,
    reason     text NOT NULL DEFAULT ''
);
CREATE INDEX housing_event_case ON housing_event (case_id, id);

CREATE TABLE housing_payment (
    id          text PRIMARY KEY,
    case_id     text NOT NULL REFERENCES housing_case (id),
    amount      bigint NOT NULL,
    paid_on     text NOT NULL,
    decision_no text NOT NULL,
    paid_by     text NOT NULL,
    paid_name   text NOT NULL,
    parties     text NOT NULL, -- sealed: giver, receiver, witness
    at          timestamptz NOT NULL,
    reversed_at timestamptz,
    why         text NOT NULL DEFAULT ''
);
CREATE INDEX housing_payment_case ON housing_payment (case_id, id);

CREATE TABLE housing_photo (
    id      text PRIMARY KEY, -- the picture store's
    case_id text NOT NULL REFERENCES housing_case (id),
    moment  text NOT NULL,
    consent text NOT NULL,
    at      timestamptz NOT NULL,
    by_id   text NOT NULL,
    by_name text NOT NULL
);
CREATE INDEX housing_photo_case ON housing_photo (case_id, at);
