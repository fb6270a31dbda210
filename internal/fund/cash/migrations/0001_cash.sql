-- +goose Up
-- The last number of the receipt book of a unit in a year.
CREATE TABLE cash_book (
    unit_id text NOT NULL,
    year    integer NOT NULL,
    last_no integer NOT NULL,
    PRIMARY KEY (unit_id, year)
);

-- Cash receipts. state: valid, void. A void one keeps its number.
CREATE TABLE cash_receipt (
    id             text PRIMARY KEY,
    unit_id        text NOT NULL,
    appeal_id      text NOT NULL,
    year           integer NOT NULL,
    no             integer NOT NULL,
    book_id        text NOT NULL, -- the unit whose book it is; it stays when the unit is merged
    state          text NOT NULL,
    day            text NOT NULL,
    donor_kind     text NOT NULL, -- person, group, company, anonymous
    donor_name     text NOT NULL,
    address        text NOT NULL,
    tax_code       text NOT NULL,
    representative text NOT NULL,
    display_name   text NOT NULL,
    consent        boolean NOT NULL,
    purpose        text NOT NULL, -- education, disaster, houses, hard_areas, science (Circular 20/2026/TT-BTC)
    earmark_id     text NOT NULL,
    amount         bigint NOT NULL CHECK (amount > 0),
    note           text NOT NULL,
    gift_id        text NOT NULL UNIQUE,
    reference      text NOT NULL,
    taken_by       text NOT NULL,
    taken_name     text NOT NULL,
    taken_at       timestamptz NOT NULL,
    void_by        text NOT NULL DEFAULT '',
    void_name      text NOT NULL DEFAULT '',
    void_at        timestamptz,
    reason         text NOT NULL DEFAULT '',
    handover_id    text NOT NULL DEFAULT '',
    offline_id     text, -- of the form that was filled in without network
    search         text NOT NULL
);
CREATE UNIQUE INDEX cash_receipt_no ON cash_receipt (book_id, year, no);
CREATE UNIQUE INDEX cash_receipt_offline ON cash_receipt (offline_id);
CREATE INDEX cash_receipt_unit ON cash_receipt (unit_id, day);
CREATE INDEX cash_receipt_handover ON cash_receipt (handover_id) WHERE handover_id <> '';

-- Cash brought to the bank. state: brought, paired.
CREATE TABLE cash_handover (
    id         text PRIMARY KEY,
    unit_id    text NOT NULL,
    appeal_id  text NOT NULL,
    day        text NOT NULL,
    amount     bigint NOT NULL CHECK (amount > 0),
    receipts   integer NOT NULL,
    account_id text NOT NULL, -- the appeal's bank account
    state      text NOT NULL,
    row_id     text NOT NULL DEFAULT '', -- of the bank statement
    by_id      text NOT NULL,
    by_name    text NOT NULL,
    paired_by  text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL
);
CREATE INDEX cash_handover_unit ON cash_handover (unit_id, state);
CREATE UNIQUE INDEX cash_handover_row ON cash_handover (row_id) WHERE row_id <> '';

-- QR codes: of a unit, of a named donor, or asked for by a citizen who then finds the gift by the code.
CREATE TABLE cash_code (
    code         text PRIMARY KEY, -- the reference in the memo
    appeal_id    text NOT NULL,
    account_id   text NOT NULL,
    unit_id      text NOT NULL DEFAULT '',
    title        text NOT NULL DEFAULT '', -- what stands on the poster
    display_name text NOT NULL DEFAULT '', -- under which gifts with this code may be shown, when consent
    consent      boolean NOT NULL DEFAULT false,
    earmark_id   text NOT NULL DEFAULT '',
    amount       bigint NOT NULL DEFAULT 0,
    public       boolean NOT NULL, -- asked for by a citizen
    by_id        text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL
);
CREATE INDEX cash_code_unit ON cash_code (unit_id, created_at) WHERE public = false;
