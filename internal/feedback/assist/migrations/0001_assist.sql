-- +goose Up
-- A tracking code that was given to a helper before the case comes, for slips that are handed over without network.
CREATE TABLE assist_code (
    code        text PRIMARY KEY,
    official_id text NOT NULL,
    area_id     text NOT NULL,
    issued_at   timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX assist_code_official ON assist_code (official_id, area_id, issued_at);

-- What a helper took in: the consent that was read out and given, and nothing of the matter itself.
CREATE TABLE assist_taken (
    offline_id  text PRIMARY KEY, -- names the filled form: taken in once
    code        text NOT NULL,
    deadline    text NOT NULL,
    source      text NOT NULL,
    official_id text NOT NULL,
    area_id     text NOT NULL,
    consent     text NOT NULL,    -- version of the text that was read out
    taken_at    timestamptz NOT NULL
);
CREATE INDEX assist_taken_official ON assist_taken (official_id, taken_at);
