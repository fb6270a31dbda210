-- +goose Up
-- Gifts are found again by the reference code in their memo.
CREATE INDEX fund_gift_reference ON fund_gift (reference) WHERE reference <> '';
