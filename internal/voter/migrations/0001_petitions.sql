-- +goose Up
CREATE TABLE voter_round (
    id         text PRIMARY KEY,
    unit_id    text NOT NULL, -- who gathers what voters say
    level      text NOT NULL, -- whose delegates meet the voters: national, province, commune
    session    text NOT NULL, -- "Kỳ họp thứ hai, HĐND tỉnh khóa XIX"
    phase      text NOT NULL, -- before or after the session
    session_on text NOT NULL,
    lock_on    text NOT NULL DEFAULT '', -- last day on which items may be added; "" never closes
    lock_note  text NOT NULL DEFAULT '', -- what is said to who comes later
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX voter_round_unit ON voter_round (unit_id, session_on);

CREATE TABLE voter_meeting (
    id            text PRIMARY KEY,
    unit_id       text NOT NULL,
    round_id      text NOT NULL REFERENCES voter_round (id),
    place_unit_id text NOT NULL, -- the commune or area whose voters were met
    place         text NOT NULL,
    starts_at     timestamptz NOT NULL,
    delegates     text NOT NULL,
    attendance    integer NOT NULL DEFAULT 0,
    chair         text NOT NULL DEFAULT '',
    clerk         text NOT NULL DEFAULT '',
    summary       text NOT NULL DEFAULT '',
    state         text NOT NULL,
    search        text NOT NULL,
    published     boolean NOT NULL DEFAULT false,
    post_id       text NOT NULL DEFAULT '', -- draft that tells the voters of the place; "" while there is none
    returned_at   timestamptz,
    returned_by   text NOT NULL DEFAULT '',
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL,
    version       integer NOT NULL
);
CREATE INDEX voter_meeting_unit ON voter_meeting (unit_id, state, starts_at);
CREATE INDEX voter_meeting_place ON voter_meeting (place_unit_id, starts_at);
CREATE INDEX voter_meeting_round ON voter_meeting (round_id, starts_at);

CREATE TABLE voter_letter (
    id           text PRIMARY KEY,
    unit_id      text NOT NULL,
    body_unit_id text NOT NULL,
    round_id     text NOT NULL REFERENCES voter_round (id),
    serial       integer NOT NULL, -- 1 is the letter of the round, more are supplements
    number       text NOT NULL DEFAULT '',
    sent_on      text NOT NULL,
    due_on       text NOT NULL,
    note         text NOT NULL DEFAULT '',
    signer       text NOT NULL DEFAULT '',
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL
);
CREATE UNIQUE INDEX voter_letter_serial ON voter_letter (unit_id, round_id, body_unit_id, serial);
CREATE INDEX voter_letter_body ON voter_letter (body_unit_id, sent_on);

CREATE TABLE voter_item (
    id             text PRIMARY KEY,
    code           text NOT NULL UNIQUE,
    unit_id        text NOT NULL,
    round_id       text NOT NULL REFERENCES voter_round (id),
    meeting_id     text NOT NULL REFERENCES voter_meeting (id),
    n              integer NOT NULL, -- place in the minutes
    body           text NOT NULL,
    search         text NOT NULL,
    field          text NOT NULL DEFAULT '',
    body_unit_id   text NOT NULL DEFAULT '',
    state          text NOT NULL,
    source         text NOT NULL,
    speaker        text NOT NULL DEFAULT '', -- sealed; who spoke, when it was written down
    speaker_public text NOT NULL DEFAULT '', -- the name, only with the speaker's consent
    merged_into    text NOT NULL DEFAULT '',
    letter_id      text NOT NULL DEFAULT '',
    answer_id      text NOT NULL DEFAULT '', -- the approved answer that holds
    answer_kind    text NOT NULL DEFAULT '',
    answer_due     text NOT NULL DEFAULT '',
    answered_at    timestamptz,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL,
    version        integer NOT NULL
);
CREATE INDEX voter_item_meeting ON voter_item (meeting_id, n);
CREATE INDEX voter_item_unit ON voter_item (unit_id, state);
CREATE INDEX voter_item_body ON voter_item (body_unit_id, state);
CREATE INDEX voter_item_merged ON voter_item (merged_into);
CREATE INDEX voter_item_letter ON voter_item (letter_id);

CREATE TABLE voter_answer (
    id            text PRIMARY KEY,
    item_id       text NOT NULL REFERENCES voter_item (id),
    letter_id     text NOT NULL DEFAULT '',
    kind          text NOT NULL,
    body          text NOT NULL,
    doc_number    text NOT NULL DEFAULT '',
    doc_on        text NOT NULL DEFAULT '',
    due_on        text NOT NULL DEFAULT '',
    forwarded_to  text NOT NULL DEFAULT '',
    state         text NOT NULL,
    author_id     text NOT NULL,
    author_name   text NOT NULL,
    unit_id       text NOT NULL, -- the unit for which the author wrote it down
    decider_id    text NOT NULL DEFAULT '',
    decider_name  text NOT NULL DEFAULT '',
    reason        text NOT NULL DEFAULT '',
    created_at    timestamptz NOT NULL,
    decided_at    timestamptz
);
CREATE INDEX voter_answer_item ON voter_answer (item_id, created_at);

CREATE TABLE voter_event (
    id         text PRIMARY KEY,
    item_id    text NOT NULL DEFAULT '',
    meeting_id text NOT NULL DEFAULT '',
    step       text NOT NULL,
    at         timestamptz NOT NULL,
    actor_id   text NOT NULL,
    actor_name text NOT NULL,
    note       text NOT NULL DEFAULT ''
);
CREATE INDEX voter_event_item ON voter_event (item_id, id);
CREATE INDEX voter_event_meeting ON voter_event (meeting_id, id);

CREATE TABLE voter_import (
    id         text PRIMARY KEY,
    letter_id  text NOT NULL REFERENCES voter_letter (id),
    file_name  text NOT NULL,
    at         timestamptz NOT NULL,
    actor_id   text NOT NULL,
    actor_name text NOT NULL,
    taken      integer NOT NULL,
    refused    text NOT NULL -- JSON: the rows that were not taken, with what stood in them and why
);
CREATE INDEX voter_import_letter ON voter_import (letter_id, id);

CREATE TABLE voter_counter (
    unit_id text NOT NULL,
    year    integer NOT NULL,
    last    integer NOT NULL,
    PRIMARY KEY (unit_id, year)
);
