-- +goose Up
CREATE TABLE promise_item (
    id         text PRIMARY KEY,
    case_id    text NOT NULL,
    sentence   text NOT NULL,            -- of the answer, as it was written
    mark       text NOT NULL,            -- a hash of the sentence: the same one is decided once
    unit_id    text NOT NULL,            -- who promised
    what       text NOT NULL DEFAULT '',
    who        text NOT NULL DEFAULT '', -- the body or office that does it
    place      text NOT NULL DEFAULT '',
    due        text NOT NULL DEFAULT '', -- the day that holds now
    first_due  text NOT NULL DEFAULT '', -- the day that was promised first
    state      text NOT NULL,
    reason     text NOT NULL DEFAULT '', -- why the sentence is no promise
    public     boolean NOT NULL DEFAULT false,
    made_on    text NOT NULL DEFAULT '',
    kept_on    text NOT NULL DEFAULT '',
    changes    integer NOT NULL DEFAULT 0,
    reopened   integer NOT NULL DEFAULT 0,
    search     text NOT NULL DEFAULT '',
    by_id      text NOT NULL DEFAULT '',
    at         timestamptz NOT NULL,
    UNIQUE (case_id, mark)
);
CREATE INDEX promise_item_unit ON promise_item (unit_id, state, due);
CREATE INDEX promise_item_due ON promise_item (state, due);
CREATE TABLE promise_event (
    id         text PRIMARY KEY,
    promise_id text NOT NULL REFERENCES promise_item (id),
    step       text NOT NULL,
    at         timestamptz NOT NULL,
    actor_id   text NOT NULL DEFAULT '',
    actor_name text NOT NULL DEFAULT '',
    old_due    text NOT NULL DEFAULT '',
    new_due    text NOT NULL DEFAULT '',
    words      text NOT NULL DEFAULT '',
    picture_id text NOT NULL DEFAULT ''
);
CREATE INDEX promise_event_item ON promise_event (promise_id, id);
