-- +goose Up
-- Who is told by e-mail of new public answers. The row goes when the person stops, when the address takes no letters any
-- more, and when it was not confirmed within a week.
CREATE TABLE alert_subscription (
    id           text PRIMARY KEY,
    address      text NOT NULL,        -- sealed: the address and the secret of the links in its letters
    address_key  text NOT NULL,        -- keyed hash of the address
    token_hash   text NOT NULL UNIQUE, -- hash of the secret
    unit_id      text NOT NULL,        -- this unit and those below it; '' is everywhere
    category     text NOT NULL,        -- code of a service; '' is all of them
    daily        boolean NOT NULL,     -- one letter a day; otherwise at once
    lang         text NOT NULL,
    asked_at     timestamptz NOT NULL, -- when the letter that asks for confirmation was last ordered
    confirmed_at timestamptz,
    tried_on     text NOT NULL,        -- day of the last letter with answers, taken or refused
    failures     integer NOT NULL,     -- days at which the address refused letters, none of them a week before the next
    refused_on   text NOT NULL,        -- the last of these days
    UNIQUE (address_key, unit_id, category)
);
CREATE INDEX alert_subscription_unit ON alert_subscription (unit_id, confirmed_at);

-- What a subscription has still to tell, and what it has told. An answer is told once; a newer answer to the same question
-- is another one.
CREATE TABLE alert_item (
    subscription_id text NOT NULL,
    case_id         text NOT NULL,
    answered        text NOT NULL, -- when the answer was given, RFC 3339
    at              timestamptz NOT NULL,
    sent_at         timestamptz,
    PRIMARY KEY (subscription_id, case_id, answered)
);
CREATE INDEX alert_item_waiting ON alert_item (sent_at, subscription_id);
