-- +goose Up
-- The folded name of who gave, so that everything one giver gave is found.
ALTER TABLE cash_receipt ADD COLUMN giver text NOT NULL DEFAULT '';
CREATE INDEX cash_receipt_giver ON cash_receipt (giver, day) WHERE giver <> '';
