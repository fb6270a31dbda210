-- +goose Up
CREATE TABLE household_household (
    id            text PRIMARY KEY,
    code          text NOT NULL UNIQUE,
    unit_id       text NOT NULL, -- residential area, or commune
    hamlet        text NOT NULL DEFAULT '',
    sealed        text NOT NULL, -- head, numbers, address, who lives there
    initials      text NOT NULL,
    id_tail       text NOT NULL DEFAULT '',
    phone_tail    text NOT NULL DEFAULT '',
    id_token      text NOT NULL DEFAULT '', -- keyed hash of the identity number
    phone_token   text NOT NULL DEFAULT '', -- keyed hash of the telephone number
    words         text NOT NULL DEFAULT '', -- for each rarer word of the name, one of 64 keyed drawers
    people        integer NOT NULL,
    category      text NOT NULL,
    category_year integer NOT NULL,
    version       integer NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    created_by    text NOT NULL DEFAULT '',
    closed_at     timestamptz,
    closed_why    text NOT NULL DEFAULT ''
);
CREATE INDEX household_household_unit ON household_household (unit_id, id);
CREATE UNIQUE INDEX household_household_person ON household_household (id_token) WHERE id_token <> '' AND closed_at IS NULL;
CREATE INDEX household_household_phone ON household_household (phone_token);

CREATE TABLE household_standing (
    household_id text NOT NULL REFERENCES household_household (id),
    year         integer NOT NULL,
    category     text NOT NULL,
    PRIMARY KEY (household_id, year)
);

CREATE TABLE household_help (
    source       text NOT NULL, -- the room that gave it
    source_id    text NOT NULL, -- its id there: counted once
    household_id text NOT NULL REFERENCES household_household (id),
    kind         text NOT NULL,
    value        bigint NOT NULL, -- the one value, in đồng
    what         text NOT NULL DEFAULT '',
    programme    text NOT NULL DEFAULT '',
    given_on     text NOT NULL,
    unit_id      text NOT NULL,
    matter       text NOT NULL DEFAULT '', -- what it is a part of
    whole        boolean NOT NULL DEFAULT false, -- value is that of the whole matter, the other parts included
    recorded_at  timestamptz NOT NULL,
    PRIMARY KEY (source, source_id)
);
CREATE INDEX household_help_household ON household_help (household_id, given_on);
CREATE INDEX household_help_matter ON household_help (matter);
CREATE INDEX household_help_day ON household_help (given_on);
