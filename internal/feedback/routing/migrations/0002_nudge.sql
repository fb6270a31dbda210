-- +goose Up
-- When a body outside was reminded by letter before the last day of the case, and told after it.
ALTER TABLE routing_ask ADD COLUMN nudged_at timestamptz;
ALTER TABLE routing_ask ADD COLUMN late_at timestamptz;
