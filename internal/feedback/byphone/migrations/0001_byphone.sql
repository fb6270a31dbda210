-- +goose Up
-- Who wishes to be told on their telephone, by Zalo, that the answer to a case is there.
CREATE TABLE byphone_wish (
    id           text PRIMARY KEY,
    case_id      text NOT NULL,
    code         text NOT NULL UNIQUE, -- their tracking code: of who asked, or of who follows
    phone_sealed text NOT NULL,
    phone_key    text NOT NULL,        -- keyed fingerprint: the same number gives the same, and nothing leads back to it
    tail         text NOT NULL,        -- last three digits
    at           timestamptz NOT NULL,
    told_at      timestamptz
);
CREATE INDEX byphone_wish_case ON byphone_wish (case_id);
CREATE INDEX byphone_wish_phone ON byphone_wish (phone_key, at);

-- What became of one telling; without the number. The receipt itself stands with the notice of the same key.
CREATE TABLE byphone_told (
    notice_key text PRIMARY KEY,
    case_id    text NOT NULL,            -- of who was told
    lead_id    text NOT NULL,            -- the case whose answer it is
    tail       text NOT NULL,
    refused    text NOT NULL DEFAULT '', -- catalogue key of why nothing could be sent at all
    at         timestamptz NOT NULL
);
CREATE INDEX byphone_told_case ON byphone_told (case_id, at);
CREATE INDEX byphone_told_lead ON byphone_told (lead_id, at);
