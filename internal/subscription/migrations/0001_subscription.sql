-- +goose Up
-- Who reads along: an e-mail address or a browser that asked to be told of something. The row goes when the reader stops,
-- when the door takes nothing any more, and when an address was not confirmed within a week.
CREATE TABLE subscription_reader (
    id           text PRIMARY KEY,
    door         text NOT NULL,        -- email, webpush
    address      text NOT NULL,        -- sealed: the address (or the browser's push address with its keys) and the secret of its links
    address_key  text NOT NULL UNIQUE, -- keyed hash of the address
    token_hash   text NOT NULL UNIQUE, -- hash of the secret
    pace         text NOT NULL,        -- now, daily, weekly
    lang         text NOT NULL,
    asked_at     timestamptz NOT NULL, -- when something was last asked for
    asked_on     text NOT NULL,        -- day of the last letters that ask for confirmation
    asked_n      integer NOT NULL,     -- how many there were on it
    confirmed_at timestamptz,
    told_on      text NOT NULL,        -- day of the last tellings
    told_n       integer NOT NULL,     -- how many there were on it
    digest_on    text NOT NULL,        -- day of the last collected telling, taken or refused
    failures     integer NOT NULL,     -- days at which the door refused for good, none of them a week before the next
    soft         integer NOT NULL,     -- days at which it refused for the time being
    refused_on   text NOT NULL,        -- the last of these days
    soft_on      text NOT NULL
);
CREATE INDEX subscription_reader_confirmed ON subscription_reader (confirmed_at, id);

-- What a reader wishes to be told of.
CREATE TABLE subscription_topic (
    id           text PRIMARY KEY,
    reader_id    text NOT NULL,
    kind         text NOT NULL,        -- which source: post, answer
    unit_id      text NOT NULL,
    below        boolean NOT NULL,     -- the units below it too
    category     text NOT NULL,        -- code of the source; '' is all of them
    asked_at     timestamptz NOT NULL,
    confirmed_at timestamptz,
    UNIQUE (reader_id, kind, unit_id, category)
);
CREATE INDEX subscription_topic_unit ON subscription_topic (kind, unit_id, confirmed_at);

-- One thing told to one reader, once: a newer mark of the same thing is another telling.
CREATE TABLE subscription_item (
    reader_id text NOT NULL,
    kind      text NOT NULL,
    thing_id  text NOT NULL,
    mark      text NOT NULL,
    unit_id   text NOT NULL,           -- on whose page the reader finds it; '' where it stands by itself
    door      text NOT NULL,
    state     text NOT NULL,           -- waiting, sending, sent, unsure, bounced, failed, dropped
    letter_id text NOT NULL,           -- the letter that told it; '' while it waits
    at        timestamptz NOT NULL,
    PRIMARY KEY (reader_id, kind, thing_id, mark)
);
CREATE INDEX subscription_item_waiting ON subscription_item (state, reader_id);
CREATE INDEX subscription_item_thing ON subscription_item (kind, thing_id);
CREATE INDEX subscription_item_letter ON subscription_item (letter_id);

-- The receipt of one letter or push.
CREATE TABLE subscription_letter (
    id        text PRIMARY KEY,
    reader_id text NOT NULL,
    about     text NOT NULL,           -- confirm or news
    state     text NOT NULL,           -- sending, sent, unsure, bounced, failed
    at        timestamptz NOT NULL
);
CREATE INDEX subscription_letter_reader ON subscription_letter (reader_id);
CREATE INDEX subscription_letter_state ON subscription_letter (state, at);

-- What is left of tellings whose reader is gone or whose time is over: counts, nobody's name.
CREATE TABLE subscription_tally (
    kind     text NOT NULL,
    thing_id text NOT NULL,
    door     text NOT NULL,
    state    text NOT NULL,
    n        bigint NOT NULL,
    PRIMARY KEY (kind, thing_id, door, state)
);

-- What was told, for the history that officials see.
CREATE TABLE subscription_thing (
    kind     text NOT NULL,
    thing_id text NOT NULL,
    mark     text NOT NULL,
    unit_id  text NOT NULL,            -- whose thing it is
    title    text NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (kind, thing_id, mark)
);
CREATE INDEX subscription_thing_unit ON subscription_thing (unit_id, at);

-- Keys of this house that others know the public half of: one signs letters (DKIM), one signs pushes (VAPID).
CREATE TABLE subscription_key (
    name       text PRIMARY KEY,
    sealed     text NOT NULL,
    created_at timestamptz NOT NULL
);

-- Days on which doors refused or readers left, in counts.
CREATE TABLE subscription_day (
    day  text NOT NULL,
    door text NOT NULL,
    what text NOT NULL,                -- joined, left, hard, soft, complaint
    n    bigint NOT NULL,
    PRIMARY KEY (day, door, what)
);
