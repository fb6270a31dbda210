-- +goose Up
-- Which cases share a pair of words: a gram is a hash of two neighbouring words and of where it is looked for.
CREATE TABLE similar_gram (
    gram bigint NOT NULL,
    n    bigint NOT NULL,
    PRIMARY KEY (gram, n)
) WITHOUT ROWID;
CREATE TABLE similar_case (
    n            integer PRIMARY KEY AUTOINCREMENT,
    case_id      text NOT NULL UNIQUE,
    unit_id      text NOT NULL,               -- where it was asked
    state        text NOT NULL DEFAULT '',    -- '' kept for officials only; "open" or "answered": offered to everybody
    kind         text NOT NULL DEFAULT '',
    category     text NOT NULL DEFAULT '',
    summary      text NOT NULL DEFAULT '',    -- masked, looked at by a person
    lat          double precision NOT NULL DEFAULT 0,
    lon          double precision NOT NULL DEFAULT 0,
    at           timestamptz NOT NULL,        -- when it was asked, or answered
    confirmed_by text NOT NULL DEFAULT ''
);
CREATE INDEX similar_case_open ON similar_case (state, unit_id, n);
CREATE TABLE similar_mark (id text PRIMARY KEY, case_id text NOT NULL);
