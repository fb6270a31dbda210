-- +goose Up
-- What an account did on one day of Vietnam. Counts only.
CREATE TABLE statistics_day (
    account_id     text NOT NULL,
    day            text NOT NULL,
    unit_id        text NOT NULL, -- whose account it was when the day was counted last
    kind           text NOT NULL,
    followers      bigint NOT NULL DEFAULT 0, -- at the end of the day
    posts          integer NOT NULL DEFAULT 0,
    failed         integer NOT NULL DEFAULT 0,
    messages       integer NOT NULL DEFAULT 0,
    comments       integer NOT NULL DEFAULT 0,
    asked          integer NOT NULL DEFAULT 0,
    answered       integer NOT NULL DEFAULT 0,
    waited_minutes bigint NOT NULL DEFAULT 0, -- of all that were answered, together
    PRIMARY KEY (account_id, day)
);
CREATE INDEX statistics_day_day ON statistics_day (day, unit_id);

-- What the platform counted of one publication, as of the last look.
CREATE TABLE statistics_post (
    account_id  text NOT NULL,
    external_id text NOT NULL,
    unit_id     text NOT NULL,
    kind        text NOT NULL,
    day         text NOT NULL, -- of the publication
    title       text NOT NULL,
    link        text NOT NULL DEFAULT '',
    views       bigint NOT NULL DEFAULT 0,
    shares      bigint NOT NULL DEFAULT 0,
    reactions   bigint NOT NULL DEFAULT 0,
    comments    bigint NOT NULL DEFAULT 0,
    measured_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, external_id)
);
CREATE INDEX statistics_post_day ON statistics_post (day, unit_id);

-- Communes of the mountains are compared with one another: which they are is said by the province.
CREATE TABLE statistics_mountain (
    unit_id text PRIMARY KEY
);

-- What a letter on paper, its stamp and a journey to a meeting cost, for the estimate of what was saved.
CREATE TABLE statistics_prices (
    unit_id      text PRIMARY KEY,
    sheets       bigint NOT NULL,
    sheet        bigint NOT NULL,
    stamp        bigint NOT NULL,
    meetings     bigint NOT NULL, -- online meetings in a month
    participants bigint NOT NULL, -- of one meeting
    journey      bigint NOT NULL, -- cost of one participant's way
    updated_at   timestamptz NOT NULL,
    updated_by   text NOT NULL
);
