-- +goose Up
-- When the last call of a lease was made: the calls of it count for a minute from then, and not from when it would lapse.
ALTER TABLE channel_budget_lease ADD COLUMN spent_at timestamptz;
