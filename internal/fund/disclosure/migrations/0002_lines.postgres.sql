-- +goose Up
-- The lines of public statements. They are only added; name, memo and their salts may be emptied later, and then their
-- hashes, which the log's leaf holds, are kept instead. kind: gift, refund, withdrawal, correction.
CREATE TABLE disclosure_line (
    appeal_no bigint NOT NULL,
    seq       bigint NOT NULL, -- from 1 without a gap
    kind      text NOT NULL,
    day       text NOT NULL,
    clock     text NOT NULL, -- "15:04:05" or ''
    amount    bigint NOT NULL, -- below zero for money that went back
    channel   text NOT NULL, -- code of the bank, or cash
    purpose   text NOT NULL, -- code of the earmark
    about     bigint NOT NULL, -- the line that this one corrects, 0 for none
    name      text NOT NULL, -- chosen by the giver
    name_salt text NOT NULL,
    name_hash text NOT NULL, -- '' while the name stands
    memo      text NOT NULL, -- masked
    memo_salt text NOT NULL,
    memo_hash text NOT NULL, -- '' while the memo stands
    gift      bytea NOT NULL, -- its id in the books, 16 bytes
    PRIMARY KEY (appeal_no, seq)
);
CREATE INDEX disclosure_line_gift ON disclosure_line (gift);
CREATE INDEX disclosure_line_about ON disclosure_line (appeal_no, about) WHERE about > 0;

-- Which lines have a word: the numbers of the lines within their chunk of 65,536, packed (see posting.go). Parts of a chunk
-- are put together when it is full.
CREATE TABLE disclosure_posting (
    appeal_no bigint NOT NULL,
    chunk     bigint NOT NULL,
    word      text NOT NULL,
    part      bigint NOT NULL,
    lines     bytea NOT NULL,
    PRIMARY KEY (appeal_no, chunk, word, part)
);

-- Fingerprints of reference codes and of the bank's document numbers, by which a giver finds the own line.
CREATE TABLE disclosure_key (
    appeal_no bigint NOT NULL,
    hash      bigint NOT NULL,
    seq       bigint NOT NULL,
    PRIMARY KEY (appeal_no, hash, seq)
);

-- Packed lines are read whole and are as small as they get.
ALTER TABLE disclosure_posting ALTER COLUMN lines SET STORAGE EXTERNAL;
ALTER TABLE disclosure_batch ALTER COLUMN leaves SET STORAGE EXTERNAL;
