-- +goose Up
-- What kind of fund an appeal is, which level keeps it, and whether donors agreed to running costs.
ALTER TABLE fund_appeal ADD COLUMN kind text NOT NULL DEFAULT 'relief';     -- poor, relief, border, custom
ALTER TABLE fund_appeal ADD COLUMN level text NOT NULL DEFAULT 'province';  -- central, province, commune
ALTER TABLE fund_appeal ADD COLUMN spends_until text NOT NULL DEFAULT '';   -- day by which everything is to be given out
ALTER TABLE fund_appeal ADD COLUMN running_basis text NOT NULL DEFAULT '';  -- the donors' agreement to running costs; '': forbidden

-- What was decided about an appeal. what: opened, extended, closed, running_costs, period.
CREATE TABLE fund_change (
    id        text PRIMARY KEY,
    appeal_id text NOT NULL REFERENCES fund_appeal (id),
    what      text NOT NULL,
    day       text NOT NULL DEFAULT '', -- the day that it sets
    basis     text NOT NULL,
    by_id     text NOT NULL,
    by_name   text NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX fund_change_appeal ON fund_change (appeal_id, id);

-- Accounts of the ledger by what they are for: cash in hand, money on its way, transfers between levels, spending by head,
-- gifts for one purpose, interest. A spending or earmark account belongs to one earmark, or to none.
ALTER TABLE fund_account ADD COLUMN head text NOT NULL DEFAULT '';
ALTER TABLE fund_account ADD COLUMN earmark_id text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX fund_account_role ON fund_account (appeal_id, role, head, earmark_id) WHERE role <> 'bank';

-- Gifts for one place, person or purpose (Decree 93/2021/NĐ-CP, article 9(3)).
CREATE TABLE fund_earmark (
    id         text PRIMARY KEY,
    appeal_id  text NOT NULL REFERENCES fund_appeal (id),
    code       text NOT NULL,
    kind       text NOT NULL, -- place, person, purpose
    title      text NOT NULL,
    heads      text NOT NULL DEFAULT '', -- spending heads that it may go to, "b c"; '': any
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX fund_earmark_code ON fund_earmark (appeal_id, code);

-- A reference code may belong to an earmark, or to a transfer between levels.
ALTER TABLE fund_reference ADD COLUMN earmark_id text NOT NULL DEFAULT '';
ALTER TABLE fund_reference ADD COLUMN transfer_id text NOT NULL DEFAULT '';

-- Debits and credits of each account and day, kept with every entry: what stands on an account is known at once.
CREATE TABLE fund_total (
    account_id text NOT NULL REFERENCES fund_account (id),
    day        text NOT NULL,
    debit      bigint NOT NULL,
    credit     bigint NOT NULL,
    gifts      bigint NOT NULL DEFAULT 0, -- how many lines credit it
    PRIMARY KEY (account_id, day)
);

-- The same of a file that is on its way into the books; it is added when the file counts.
CREATE TABLE fund_pending (
    import_id  text NOT NULL REFERENCES fund_import (id),
    account_id text NOT NULL,
    day        text NOT NULL,
    debit      bigint NOT NULL,
    credit     bigint NOT NULL,
    gifts      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (import_id, account_id, day)
);

INSERT INTO fund_total (account_id, day, debit, credit, gifts)
SELECT account_id, day, sum(debit), sum(credit), sum(gifts) FROM (
    SELECT l.debit_id AS account_id, e.day AS day, l.amount AS debit, 0 AS credit, 0 AS gifts FROM fund_line l JOIN fund_entry e ON e.id = l.entry_id
        WHERE e.import_id = '' OR e.import_id IN (SELECT id FROM fund_import WHERE state = 'posted')
    UNION ALL
    SELECT l.credit_id, e.day, 0, l.amount, 1 FROM fund_line l JOIN fund_entry e ON e.id = l.entry_id
        WHERE e.import_id = '' OR e.import_id IN (SELECT id FROM fund_import WHERE state = 'posted')
) AS lines GROUP BY account_id, day;

INSERT INTO fund_pending (import_id, account_id, day, debit, credit, gifts)
SELECT import_id, account_id, day, sum(debit), sum(credit), sum(gifts) FROM (
    SELECT e.import_id AS import_id, l.debit_id AS account_id, e.day AS day, l.amount AS debit, 0 AS credit, 0 AS gifts FROM fund_line l JOIN fund_entry e ON e.id = l.entry_id
        WHERE e.import_id IN (SELECT id FROM fund_import WHERE state <> 'posted')
    UNION ALL
    SELECT e.import_id, l.credit_id, e.day, 0, l.amount, 1 FROM fund_line l JOIN fund_entry e ON e.id = l.entry_id
        WHERE e.import_id IN (SELECT id FROM fund_import WHERE state <> 'posted')
) AS lines GROUP BY import_id, account_id, day;

-- A gift has the id of its entry. It came by a row of the bank, or as cash. state: taken, refunded, withdrawn.
CREATE TABLE fund_gift_next (
    id         text PRIMARY KEY REFERENCES fund_entry (id),
    appeal_id  text NOT NULL REFERENCES fund_appeal (id),
    row_id     text REFERENCES fund_row (id), -- NULL: cash
    day        text NOT NULL,
    amount     bigint NOT NULL,
    reference  text NOT NULL,
    state      text NOT NULL,
    earmark_id text NOT NULL DEFAULT '',
    document   text NOT NULL DEFAULT '', -- number of the receipt, for cash
    memo       text NOT NULL DEFAULT ''  -- what the giver of cash said
);
INSERT INTO fund_gift_next (id, appeal_id, row_id, day, amount, reference, state) SELECT id, appeal_id, row_id, day, amount, reference, state FROM fund_gift;
DROP TABLE fund_gift;
ALTER TABLE fund_gift_next RENAME TO fund_gift;
CREATE INDEX fund_gift_amount ON fund_gift (appeal_id, amount, day);
CREATE INDEX fund_gift_row ON fund_gift (row_id);
CREATE INDEX fund_gift_earmark ON fund_gift (earmark_id) WHERE earmark_id <> '';

-- When gifts began to count, or changed: numbered within an appeal without a gap. A whole file is one posting.
CREATE TABLE fund_posting (
    appeal_id text NOT NULL REFERENCES fund_appeal (id),
    no        bigint NOT NULL,
    import_id text NOT NULL DEFAULT '', -- its gifts are the rows of that file taken as gifts
    at        timestamptz NOT NULL,
    PRIMARY KEY (appeal_id, no)
);

-- What a posting that is no file changed. what: taken, refunded, withdrawn, earmarked.
CREATE TABLE fund_posted (
    appeal_id text NOT NULL,
    no        bigint NOT NULL,
    seq       integer NOT NULL,
    gift_id   text NOT NULL,
    what      text NOT NULL,
    PRIMARY KEY (appeal_id, no, seq)
);

INSERT INTO fund_posting (appeal_id, no, import_id, at)
SELECT appeal_id, row_number() OVER (PARTITION BY appeal_id ORDER BY posted_at, id), id, posted_at FROM fund_import WHERE state = 'posted';

-- Money from the fund of one level or appeal to another. One id stands on both sides.
CREATE TABLE fund_transfer (
    id           text PRIMARY KEY,
    code         text NOT NULL UNIQUE, -- reference that goes into the memo
    from_id      text NOT NULL REFERENCES fund_appeal (id),
    to_id        text NOT NULL REFERENCES fund_appeal (id),
    amount       bigint NOT NULL CHECK (amount > 0),
    from_earmark text NOT NULL DEFAULT '',
    to_earmark   text NOT NULL DEFAULT '',
    document     text NOT NULL,
    day          text NOT NULL,
    out_entry    text NOT NULL,
    in_entry     text NOT NULL,
    undone       boolean NOT NULL DEFAULT false,
    by_name      text NOT NULL,
    created_at   timestamptz NOT NULL,
    CHECK (from_id <> to_id)
);
CREATE INDEX fund_transfer_from ON fund_transfer (from_id, id);
CREATE INDEX fund_transfer_to ON fund_transfer (to_id, id);

-- How a row left the queue: gift, other_appeal, refund, returned, transfer, paid, deposit, interest, fee; and what it was paired with.
ALTER TABLE fund_queue ADD COLUMN decision text NOT NULL DEFAULT '';
ALTER TABLE fund_queue ADD COLUMN note text NOT NULL DEFAULT '';
ALTER TABLE fund_queue ADD COLUMN by_name text NOT NULL DEFAULT '';
UPDATE fund_queue SET decision = 'gift' WHERE sorted_as <> '';
CREATE INDEX fund_queue_reason ON fund_queue (appeal_id, reason, sorted_as);

-- Rules by which rows are known without a person. does: gift, other_appeal, wait.
CREATE TABLE fund_rule (
    id         text PRIMARY KEY,
    appeal_id  text NOT NULL REFERENCES fund_appeal (id),
    contains   text NOT NULL, -- folded text looked for in the folded memo
    does       text NOT NULL,
    target_id  text NOT NULL DEFAULT '', -- the other appeal
    earmark_id text NOT NULL DEFAULT '',
    by_name    text NOT NULL,
    ended      boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);
CREATE INDEX fund_rule_appeal ON fund_rule (appeal_id, id);
ALTER TABLE fund_row ADD COLUMN rule_id text NOT NULL DEFAULT '';
ALTER TABLE fund_row ADD COLUMN earmark_id text NOT NULL DEFAULT '';

-- A file brought by a person. state: waiting, checking, ready (control totals are proved, a person must say yes), posting,
-- posted, known, refused, dropped.
CREATE TABLE fund_upload (
    id          text PRIMARY KEY,
    appeal_id   text NOT NULL REFERENCES fund_appeal (id),
    account_id  text NOT NULL,
    layout      text NOT NULL,
    mapping     text NOT NULL DEFAULT '', -- of an unknown table, JSON
    file        text NOT NULL,
    size        bigint NOT NULL,
    stated_rows integer NOT NULL DEFAULT 0,
    stated_sum  bigint NOT NULL DEFAULT 0,
    state       text NOT NULL,
    done        bigint NOT NULL DEFAULT 0, -- of total: bytes while it is checked, rows while it is posted
    total       bigint NOT NULL DEFAULT 0,
    import_id   text NOT NULL DEFAULT '',
    result      text NOT NULL DEFAULT '', -- JSON
    by_id       text NOT NULL,
    by_name     text NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX fund_upload_appeal ON fund_upload (appeal_id, id);

-- How the tables of a bank are to be read, remembered for the next file of that account.
CREATE TABLE fund_mapping (
    account_id text PRIMARY KEY REFERENCES fund_account (id),
    mapping    text NOT NULL,
    by_name    text NOT NULL,
    updated_at timestamptz NOT NULL
);

-- A comparison of bank, ledger and public log, day by day.
CREATE TABLE fund_check (
    id        text PRIMARY KEY,
    appeal_id text NOT NULL REFERENCES fund_appeal (id),
    state     text NOT NULL, -- wanted, done
    days      text NOT NULL DEFAULT '[]', -- JSON
    good      boolean NOT NULL DEFAULT false,
    at        timestamptz NOT NULL
);
CREATE INDEX fund_check_appeal ON fund_check (appeal_id, id);
