-- +goose Up
-- A pack stays when its rows are in the books. Of its plain gifts (no reference code, no rule, no earmark, never touched by a
-- person) it is the bank's row, the entry, the line and the gift in one; every other row has rows of its own, and skip names it.
CREATE TABLE fund_entered (
    import_id text NOT NULL REFERENCES fund_import (id),
    from_seq  integer NOT NULL, -- first and last row of the pack, in the order of the file
    to_seq    integer NOT NULL,
    first_day text NOT NULL, -- of all its rows
    last_day  text NOT NULL,
    gift_from text NOT NULL, -- first and last day of the plain gifts
    gift_to   text NOT NULL,
    gifts     integer NOT NULL, -- plain gifts, and their sum
    amount    bigint NOT NULL,
    amounts   bytea NOT NULL, -- which amounts are in it
    skip      bytea NOT NULL, -- which of its rows are no plain gift of this file
    PRIMARY KEY (import_id, from_seq)
);
ALTER TABLE fund_staged ALTER COLUMN pack SET STORAGE EXTERNAL;
