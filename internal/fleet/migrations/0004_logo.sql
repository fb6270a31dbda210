-- +goose Up
-- The logo that a unit demands as profile picture of the channels of itself and the units below it. The logo of the highest
-- unit counts.
CREATE TABLE fleet_logo (
    unit_id    text PRIMARY KEY,
    picture_id text NOT NULL, -- as it was uploaded
    print      text NOT NULL, -- by which pictures are compared
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
);

-- The profile picture of an account as it was last seen from outside.
CREATE TABLE fleet_face (
    account_id text PRIMARY KEY,
    picture_id text NOT NULL DEFAULT '', -- a copy of what was seen; '' when nothing was seen yet
    print      text NOT NULL DEFAULT '',
    sha256     text NOT NULL DEFAULT '', -- of what was fetched: the same picture is kept once
    seen_at    timestamptz,              -- when it was seen
    tried_at   timestamptz NOT NULL      -- when it was last looked for; later than seen_at when it could not be fetched
);
