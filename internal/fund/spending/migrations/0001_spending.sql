-- +goose Up
-- Decisions on what the money of an appeal is for. state: proposed, approved, refused, dropped.
CREATE TABLE spending_allocation (
    id            text PRIMARY KEY,
    appeal_id     text NOT NULL,
    unit_id       text NOT NULL, -- whose decision it is
    doc_no        text NOT NULL, -- "15/QĐ-BVĐ"
    doc_day       text NOT NULL,
    meeting       text NOT NULL, -- the meeting that agreed on it
    about         text NOT NULL,
    amount        bigint NOT NULL CHECK (amount > 0), -- of all its shares
    state         text NOT NULL,
    proposed_by   text NOT NULL,
    proposed_name text NOT NULL,
    proposed_at   timestamptz NOT NULL,
    decided_by    text NOT NULL DEFAULT '',
    decided_name  text NOT NULL DEFAULT '',
    decided_at    timestamptz,
    reason        text NOT NULL DEFAULT '',
    search        text NOT NULL -- folded words
);
CREATE INDEX spending_allocation_unit ON spending_allocation (unit_id, state, doc_day);
CREATE INDEX spending_allocation_appeal ON spending_allocation (appeal_id, state);
CREATE UNIQUE INDEX spending_allocation_doc ON spending_allocation (unit_id, doc_no, doc_day) WHERE state IN ('proposed', 'approved');

-- What one unit receives under one head by a decision.
CREATE TABLE spending_share (
    id            text PRIMARY KEY,
    allocation_id text NOT NULL REFERENCES spending_allocation (id),
    seq           integer NOT NULL,
    head          text NOT NULL, -- a, b, c, d, dd, e, g, h, i, k of article 11(1), Decree 93/2021/NĐ-CP
    unit_id       text NOT NULL, -- who receives
    purpose       text NOT NULL,
    earmark_id    text NOT NULL DEFAULT '', -- the binding of donors that this honours; '' is money that is not bound
    amount        bigint NOT NULL CHECK (amount > 0),
    withdrawn     bigint NOT NULL DEFAULT 0 CHECK (withdrawn >= 0 AND withdrawn <= amount), -- taken back before it was paid
    target        integer NOT NULL DEFAULT 0, -- how many households or works shall be helped; 0 is not promised
    target_kind   text NOT NULL -- household, work
);
CREATE UNIQUE INDEX spending_share_seq ON spending_share (allocation_id, seq);
CREATE INDEX spending_share_unit ON spending_share (unit_id);

-- Payments out of a share. state: planned, paid, dropped, taken_back.
CREATE TABLE spending_payment (
    id            text PRIMARY KEY,
    share_id      text NOT NULL REFERENCES spending_share (id),
    unit_id       text NOT NULL, -- of the share: who reads it
    household_id  text NOT NULL DEFAULT '', -- or
    work          text NOT NULL DEFAULT '', -- what is built or bought
    amount        bigint NOT NULL CHECK (amount > 0),
    state         text NOT NULL,
    planned_by    text NOT NULL,
    planned_name  text NOT NULL,
    planned_at    timestamptz NOT NULL,
    paid_by       text NOT NULL DEFAULT '',
    paid_name     text NOT NULL DEFAULT '',
    paid_day      text NOT NULL DEFAULT '',
    paid_at       timestamptz,
    way           text NOT NULL DEFAULT '', -- cash, bank
    minutes_no    text NOT NULL DEFAULT '',
    witness       text NOT NULL DEFAULT '', -- name and office of who stood by
    photo         text NOT NULL DEFAULT '',
    photo_consent text NOT NULL DEFAULT '', -- who agreed to the photo
    note          text NOT NULL DEFAULT '',
    entry_id      text NOT NULL DEFAULT '', -- of the ledger
    back_entry_id text NOT NULL DEFAULT '',
    back_by       text NOT NULL DEFAULT '',
    back_name     text NOT NULL DEFAULT '',
    back_at       timestamptz,
    reason        text NOT NULL DEFAULT '' -- why it was dropped or taken back
);
CREATE INDEX spending_payment_share ON spending_payment (share_id, state);
CREATE INDEX spending_payment_unit ON spending_payment (unit_id, state);
CREATE UNIQUE INDEX spending_payment_once ON spending_payment (share_id, household_id) WHERE household_id <> '' AND state IN ('planned', 'paid');
CREATE INDEX spending_payment_photo ON spending_payment (photo) WHERE photo <> '';

-- One row per appeal, locked while a decision is taken so that two decisions do not count the same money.
CREATE TABLE spending_pool (
    appeal_id text PRIMARY KEY
);

-- What happened to a decision and its payments, for its history.
CREATE TABLE spending_event (
    id            text PRIMARY KEY,
    allocation_id text NOT NULL REFERENCES spending_allocation (id),
    kind          text NOT NULL,
    amount        bigint NOT NULL DEFAULT 0,
    reason        text NOT NULL DEFAULT '',
    by_id         text NOT NULL,
    by_name       text NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX spending_event_allocation ON spending_event (allocation_id, id);

-- What a unit says it needs from an appeal; the newest row of a unit holds.
CREATE TABLE spending_need (
    id         text PRIMARY KEY,
    appeal_id  text NOT NULL,
    unit_id    text NOT NULL,
    households integer NOT NULL CHECK (households >= 0),
    amount     bigint NOT NULL CHECK (amount >= 0),
    note       text NOT NULL,
    by_id      text NOT NULL,
    by_name    text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX spending_need_unit ON spending_need (appeal_id, unit_id, id);
