-- +goose Up
CREATE TABLE open311_key (
    id         text PRIMARY KEY,
    hash       text NOT NULL UNIQUE, -- SHA-256 of the key; the key itself is shown once and kept nowhere
    unit_id    text NOT NULL,        -- the program may send to this unit and below
    name       text NOT NULL,        -- of the program or organisation
    per_minute integer NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
