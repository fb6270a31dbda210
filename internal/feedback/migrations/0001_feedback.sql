-- +goose Up
CREATE TABLE feedback_case (
    id              text PRIMARY KEY,
    code            text NOT NULL UNIQUE,
    source_key      text NOT NULL UNIQUE, -- the form, message or slip it came from: taken in once
    kind            text NOT NULL,
    state           text NOT NULL,
    category        text NOT NULL DEFAULT '',
    body            text NOT NULL,
    search          text NOT NULL, -- folded text and code, for the officials' search
    door            text NOT NULL,
    account_id      text NOT NULL DEFAULT '',
    person_id       text NOT NULL DEFAULT '',
    comment_post    text NOT NULL DEFAULT '',
    comment_parent  text NOT NULL DEFAULT '',
    place           text NOT NULL DEFAULT '',
    place_link      text NOT NULL DEFAULT '',
    lat             double precision NOT NULL DEFAULT 0,
    lon             double precision NOT NULL DEFAULT 0,
    origin_unit_id  text NOT NULL,
    holder_unit_id  text NOT NULL,
    holder_since    timestamptz NOT NULL,
    claimed_by      text NOT NULL DEFAULT '',
    claimed_by_name text NOT NULL DEFAULT '',
    received_at     timestamptz NOT NULL,
    deadline        text NOT NULL,
    days            integer NOT NULL,
    source          text NOT NULL,
    answered_at     timestamptz,
    closed_at       timestamptz,
    overdue_at      timestamptz,
    reminded_at     timestamptz,
    reopened        integer NOT NULL DEFAULT 0,
    may_publish     boolean NOT NULL,
    published       boolean NOT NULL DEFAULT false,
    has_person      boolean NOT NULL,
    initials        text NOT NULL DEFAULT '',
    phone_tail      text NOT NULL DEFAULT '',
    pictures        integer NOT NULL DEFAULT 0,
    rating          integer NOT NULL DEFAULT 0,
    salt            text NOT NULL,
    text_hash       text NOT NULL,
    leaf            text NOT NULL,
    log_index       bigint NOT NULL DEFAULT -1,
    log_proof       text NOT NULL DEFAULT '',
    version         integer NOT NULL
);
CREATE INDEX feedback_case_holder ON feedback_case (holder_unit_id, state, deadline);
CREATE INDEX feedback_case_origin ON feedback_case (origin_unit_id, state, deadline);
CREATE INDEX feedback_case_person ON feedback_case (account_id, person_id);
CREATE INDEX feedback_case_clock ON feedback_case (state, deadline);

CREATE TABLE feedback_person (
    case_id text PRIMARY KEY REFERENCES feedback_case (id),
    sealed  text NOT NULL -- name, telephone and address, sealed together
);

CREATE TABLE feedback_event (
    id         text PRIMARY KEY,
    case_id    text NOT NULL REFERENCES feedback_case (id),
    step       text NOT NULL,
    at         timestamptz NOT NULL,
    actor_id   text NOT NULL DEFAULT '',
    actor_name text NOT NULL DEFAULT '',
    unit_id    text NOT NULL DEFAULT '',
    to_unit_id text NOT NULL DEFAULT '',
    reason     text NOT NULL DEFAULT '',
    public     boolean NOT NULL
);
CREATE INDEX feedback_event_case ON feedback_event (case_id, id);

CREATE TABLE feedback_answer (
    id            text PRIMARY KEY,
    case_id       text NOT NULL REFERENCES feedback_case (id),
    unit_id       text NOT NULL,
    body          text NOT NULL,
    state         text NOT NULL,
    author_id     text NOT NULL,
    author_name   text NOT NULL,
    approver_id   text NOT NULL DEFAULT '',
    approver_name text NOT NULL DEFAULT '',
    returned      text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    approved_at   timestamptz
);
CREATE INDEX feedback_answer_case ON feedback_answer (case_id, id);

CREATE TABLE feedback_notice (
    id             text PRIMARY KEY,
    case_id        text NOT NULL REFERENCES feedback_case (id),
    event_id       text NOT NULL UNIQUE, -- one notice for each step
    step           text NOT NULL,
    account_id     text NOT NULL,
    person_id      text NOT NULL DEFAULT '',
    comment_post   text NOT NULL DEFAULT '',
    comment_parent text NOT NULL DEFAULT '',
    state          text NOT NULL,
    reason         text NOT NULL DEFAULT '',
    external_id    text NOT NULL DEFAULT '',
    at             timestamptz NOT NULL
);
CREATE INDEX feedback_notice_case ON feedback_notice (case_id, id);

CREATE TABLE feedback_picture (
    id      text PRIMARY KEY, -- the picture store's
    secret  text NOT NULL UNIQUE, -- what the form carries until it is sent
    case_id text REFERENCES feedback_case (id), -- NULL while the form is not sent
    number  integer NOT NULL DEFAULT 0,
    alt     text NOT NULL DEFAULT '',
    width   integer NOT NULL,
    height  integer NOT NULL,
    at      timestamptz NOT NULL
);
CREATE INDEX feedback_picture_case ON feedback_picture (case_id, number);

CREATE TABLE feedback_public (
    id            text PRIMARY KEY REFERENCES feedback_case (id),
    unit_id       text NOT NULL,
    origin_id     text NOT NULL,
    title         text NOT NULL,
    question      text NOT NULL,
    answer        text NOT NULL,
    asked_on      text NOT NULL,
    answered_at   timestamptz NOT NULL,
    days          integer NOT NULL,
    published_at  timestamptz NOT NULL,
    confirmed_by  text NOT NULL,
    rating        integer NOT NULL DEFAULT 0
);
CREATE INDEX feedback_public_unit ON feedback_public (unit_id, answered_at);
CREATE INDEX feedback_public_origin ON feedback_public (origin_id, answered_at);
CREATE INDEX feedback_public_at ON feedback_public (answered_at);

CREATE TABLE feedback_term (
    kind       text NOT NULL,
    category   text NOT NULL DEFAULT '', -- '': every category
    days       integer NOT NULL,
    source     text NOT NULL,
    valid_from text NOT NULL,
    valid_to   text NOT NULL,
    PRIMARY KEY (kind, category, valid_from)
);
INSERT INTO feedback_term (kind, category, days, source, valid_from, valid_to) VALUES
    ('report',       '', 10, 'Luật Tiếp công dân 42/2013/QH13, Điều 28',   '2014-07-01', '9999-12-31'),
    ('petition',     '', 10, 'Luật Tiếp công dân 42/2013/QH13, Điều 28',   '2014-07-01', '9999-12-31'),
    ('complaint',    '', 10, 'Luật Khiếu nại 02/2011/QH13, Điều 27',       '2012-07-01', '9999-12-31'),
    ('denunciation', '',  7, 'Luật Tố cáo 25/2018/QH14, Điều 24',          '2019-01-01', '9999-12-31');
