-- +goose Up
-- Rows of a file wait in packs, not one by one: a pack is written once and goes away when its rows are in the books.
CREATE TABLE fund_staged (
    import_id text NOT NULL REFERENCES fund_import (id),
    from_seq  integer NOT NULL, -- first and last row of the pack, in the order of the file
    to_seq    integer NOT NULL,
    pack      bytea NOT NULL,
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

-- Entries, lines and gifts come from the rows of one statement in one transaction and are never deleted: looking each
-- reference up again would cost more than writing it.
ALTER TABLE fund_line DROP CONSTRAINT fund_line_entry_id_fkey;
ALTER TABLE fund_gift DROP CONSTRAINT fund_gift_next_id_fkey;
ALTER TABLE fund_gift DROP CONSTRAINT fund_gift_next_row_id_fkey;
ALTER TABLE fund_gift DROP CONSTRAINT fund_gift_next_appeal_id_fkey;
ALTER TABLE fund_entry DROP CONSTRAINT fund_entry_appeal_id_fkey;
ALTER TABLE fund_row DROP CONSTRAINT fund_row_import_id_fkey;
DROP INDEX fund_gift_row;
