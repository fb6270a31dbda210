-- +goose Up
-- How much was said to a unit and those below it in a week, and by how many people.
CREATE TABLE topics_week (
    unit_id text NOT NULL,
    week    text NOT NULL,  -- its Monday
    voices  bigint NOT NULL,
    persons bigint NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (unit_id, week)
);

-- What at least ten people spoke of. Nothing here leads to a person or to a single text.
CREATE TABLE topics_topic (
    unit_id  text NOT NULL,
    week     text NOT NULL,
    rank     bigint NOT NULL,
    label    text NOT NULL,
    sentence text NOT NULL,           -- in words that several used; '' when there is no such sentence
    persons  bigint NOT NULL,
    voices   bigint NOT NULL,
    units    bigint NOT NULL,         -- from how many communes
    features text NOT NULL,           -- folded words that make the topic, to know it again next week
    PRIMARY KEY (unit_id, week, rank)
);
