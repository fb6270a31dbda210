-- +goose Up
CREATE TABLE fund_appeal (
    id           text PRIMARY KEY,
    code         text NOT NULL UNIQUE,
    title        text NOT NULL,
    unit_id      text NOT NULL,
    basis        text NOT NULL, -- the document that opens the appeal
    opens        text NOT NULL, -- first and last day on which gifts are taken
    closes       text NOT NULL,
    closed_until text NOT NULL DEFAULT '', -- nothing more is entered up to this day
    created_at   timestamptz NOT NULL
);
CREATE INDEX fund_appeal_unit ON fund_appeal (unit_id);

-- Accounts of the books of one appeal. role: bank, gifts, unsorted.
CREATE TABLE fund_account (
    id        text PRIMARY KEY,
    appeal_id text NOT NULL REFERENCES fund_appeal (id),
    role      text NOT NULL,
    bank      text NOT NULL DEFAULT '', -- BIN at NAPAS, for role bank
    number    text NOT NULL DEFAULT ''  -- the Front's own account, for role bank
);
CREATE INDEX fund_account_appeal ON fund_account (appeal_id);
CREATE UNIQUE INDEX fund_account_bank ON fund_account (bank, number) WHERE role = 'bank';

-- Short codes that donors put into the memo.
CREATE TABLE fund_reference (
    code       text PRIMARY KEY,
    appeal_id  text NOT NULL REFERENCES fund_appeal (id),
    created_at timestamptz NOT NULL
);

-- One file of a bank. state: staging, proved (every check is passed; it enters the books piece by piece), posted.
CREATE TABLE fund_import (
    id          text PRIMARY KEY,
    appeal_id   text NOT NULL REFERENCES fund_appeal (id),
    account_id  text NOT NULL REFERENCES fund_account (id),
    layout      text NOT NULL,
    hash        text NOT NULL, -- SHA-256 of the file, hexadecimal
    file        text NOT NULL, -- its name
    state       text NOT NULL,
    rows_read   integer NOT NULL DEFAULT 0,
    posted      integer NOT NULL DEFAULT 0,
    queued      integer NOT NULL DEFAULT 0,
    known       integer NOT NULL DEFAULT 0,
    credit      bigint NOT NULL DEFAULT 0,
    debit       bigint NOT NULL DEFAULT 0,
    days        text NOT NULL DEFAULT '[]', -- totals of each day, JSON
    started_at  timestamptz NOT NULL,
    posted_at   timestamptz
);
CREATE UNIQUE INDEX fund_import_file ON fund_import (account_id, hash);

-- Rows of bank statements. state: staged (not in the books yet), gift, refund, or why it waits in the queue.
CREATE TABLE fund_row (
    id          text PRIMARY KEY,
    import_id   text NOT NULL REFERENCES fund_import (id),
    seq         integer NOT NULL, -- order in the file, from 1
    account_id  text NOT NULL,
    row_no      integer NOT NULL, -- number that people see
    day         text NOT NULL,
    clock_time  text NOT NULL,
    doc_no      text NOT NULL,
    ref         text NOT NULL,
    debit       bigint NOT NULL,
    credit      bigint NOT NULL,
    memo        text NOT NULL,
    other_side  text NOT NULL, -- account of the sender, when the bank says it
    fingerprint text NOT NULL, -- of account, day, document, amounts and memo
    ordinal     integer NOT NULL, -- among rows of one fingerprint in one file
    reference   text NOT NULL, -- code found in the memo
    state       text NOT NULL
);
CREATE UNIQUE INDEX fund_row_seq ON fund_row (import_id, seq);
CREATE UNIQUE INDEX fund_row_once ON fund_row (account_id, fingerprint, ordinal) WHERE state <> 'staged';

-- Entries of the books. Nothing is changed or deleted: a mistake is taken back by an entry that reverses it.
CREATE TABLE fund_entry (
    id         text PRIMARY KEY,
    appeal_id  text NOT NULL REFERENCES fund_appeal (id),
    day        text NOT NULL,
    kind       text NOT NULL, -- gift, unsorted, refund, sorted, reversal
    note       text NOT NULL,
    import_id  text NOT NULL DEFAULT '', -- the file it came with: it counts once that is posted as a whole
    reverses   text NOT NULL DEFAULT '', -- the entry that this one takes back
    created_at timestamptz NOT NULL
);
CREATE INDEX fund_entry_day ON fund_entry (appeal_id, day, id);
CREATE UNIQUE INDEX fund_entry_reverses ON fund_entry (reverses) WHERE reverses <> '';

-- A line debits one account and credits another with the same amount, as an accountant writes it.
CREATE TABLE fund_line (
    entry_id  text NOT NULL REFERENCES fund_entry (id),
    line_no   integer NOT NULL,
    debit_id  text NOT NULL,
    credit_id text NOT NULL,
    amount    bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (entry_id, line_no),
    CHECK (debit_id <> credit_id)
);

-- A gift has the id of its entry. state: taken, refunded.
CREATE TABLE fund_gift (
    id        text PRIMARY KEY REFERENCES fund_entry (id),
    appeal_id text NOT NULL REFERENCES fund_appeal (id),
    row_id    text NOT NULL REFERENCES fund_row (id),
    day       text NOT NULL,
    amount    bigint NOT NULL,
    reference text NOT NULL,
    state     text NOT NULL
);
CREATE INDEX fund_gift_amount ON fund_gift (appeal_id, amount, day);
CREATE INDEX fund_gift_row ON fund_gift (row_id);

-- Rows of the bank that a person must decide on; their money stands on the account "unsorted". The id is that of the row and its entry.
CREATE TABLE fund_queue (
    id         text PRIMARY KEY REFERENCES fund_row (id),
    appeal_id  text NOT NULL REFERENCES fund_appeal (id),
    reason     text NOT NULL,
    sorted_as  text NOT NULL DEFAULT '', -- the entry that took it out of the queue
    decided_at timestamptz
);
CREATE INDEX fund_queue_open ON fund_queue (appeal_id, sorted_as, id);
