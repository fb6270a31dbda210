-- +goose Up
-- The rows of the bank by which a transfer went out and came in; '' while it is on its way.
ALTER TABLE fund_transfer ADD COLUMN out_row text NOT NULL DEFAULT '';
ALTER TABLE fund_transfer ADD COLUMN in_row text NOT NULL DEFAULT '';
-- Memos without marks and in small letters, for searching the queue: only rows that wait have one.
ALTER TABLE fund_queue ADD COLUMN folded text NOT NULL DEFAULT '';
