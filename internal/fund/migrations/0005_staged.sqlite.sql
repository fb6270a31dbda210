-- +goose Up
-- Rows of a file wait in packs, not one by one: a pack is written once and goes away when its rows are in the books.
CREATE TABLE fund_staged (
    import_id text NOT NULL REFERENCES fund_import (id),
    from_seq  integer NOT NULL, -- first and last row of the pack, in the order of the file
    to_seq    integer NOT NULL,
    pack      blob NOT NULL,
    PRIMARY KEY (import_id, from_seq)
);

-- A file that was on its way in by the old form counts for nothing yet: it is brought again.
UPDATE fund_gift SET state = 'taken' WHERE id IN (SELECT e.reverses FROM fund_entry e JOIN fund_import i ON i.id = e.import_id WHERE i.state <> 'posted' AND e.reverses <> '');
DELETE FROM fund_queue WHERE id IN (SELECT r.id FROM fund_row r JOIN fund_import i ON i.id = r.import_id WHERE i.state <> 'posted');
DELETE FROM fund_gift WHERE id IN (SELECT e.id FROM fund_entry e JOIN fund_import i ON i.id = e.import_id WHERE i.state <> 'posted');
DELETE FROM fund_line WHERE entry_id IN (SELECT e.id FROM fund_entry e JOIN fund_import i ON i.id = e.import_id WHERE i.state <> 'posted');
DELETE FROM fund_entry WHERE import_id IN (SELECT id FROM fund_import WHERE state <> 'posted');
DELETE FROM fund_row WHERE import_id IN (SELECT id FROM fund_import WHERE state <> 'posted');
DELETE FROM fund_pending WHERE import_id IN (SELECT id FROM fund_import WHERE state <> 'posted');
UPDATE fund_import SET state = 'staging' WHERE state <> 'posted';

-- The account is part of the fingerprint.
DROP INDEX fund_row_once;
CREATE UNIQUE INDEX fund_row_once ON fund_row (fingerprint, ordinal);

-- Entries, lines and gifts are kept in the order of their ids and nowhere else. They come from the rows of one statement in
-- one transaction and are never deleted: looking each reference up again would cost as much as writing it.
CREATE TABLE fund_line_next (
    entry_id  text NOT NULL,
    line_no   integer NOT NULL,
    debit_id  text NOT NULL,
    credit_id text NOT NULL,
    amount    bigint NOT NULL CHECK (amount > 0),
    PRIMARY KEY (entry_id, line_no),
    CHECK (debit_id <> credit_id)
) WITHOUT ROWID;
INSERT INTO fund_line_next SELECT entry_id, line_no, debit_id, credit_id, amount FROM fund_line ORDER BY entry_id, line_no;

CREATE TABLE fund_gift_fast (
    id         text PRIMARY KEY, -- of its entry
    appeal_id  text NOT NULL,
    row_id     text, -- NULL: cash
    day        text NOT NULL,
    amount     bigint NOT NULL,
    reference  text NOT NULL,
    state      text NOT NULL,
    earmark_id text NOT NULL DEFAULT '',
    document   text NOT NULL DEFAULT '',
    memo       text NOT NULL DEFAULT ''
) WITHOUT ROWID;
INSERT INTO fund_gift_fast SELECT id, appeal_id, row_id, day, amount, reference, state, earmark_id, document, memo FROM fund_gift ORDER BY id;

CREATE TABLE fund_entry_next (
    id         text PRIMARY KEY,
    appeal_id  text NOT NULL,
    day        text NOT NULL,
    kind       text NOT NULL,
    note       text NOT NULL,
    import_id  text NOT NULL DEFAULT '',
    reverses   text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL
) WITHOUT ROWID;
INSERT INTO fund_entry_next SELECT id, appeal_id, day, kind, note, import_id, reverses, created_at FROM fund_entry ORDER BY id;

DROP TABLE fund_line;
DROP TABLE fund_gift;
DROP TABLE fund_entry;
ALTER TABLE fund_line_next RENAME TO fund_line;
ALTER TABLE fund_gift_fast RENAME TO fund_gift;
ALTER TABLE fund_entry_next RENAME TO fund_entry;
CREATE INDEX fund_entry_day ON fund_entry (appeal_id, day, id);
CREATE UNIQUE INDEX fund_entry_reverses ON fund_entry (reverses) WHERE reverses <> '';
CREATE INDEX fund_gift_amount ON fund_gift (appeal_id, amount, day);
CREATE INDEX fund_gift_earmark ON fund_gift (earmark_id) WHERE earmark_id <> '';
CREATE INDEX fund_gift_reference ON fund_gift (reference) WHERE reference <> '';
