-- +goose Up
-- Readers of answers stand among the readers of everything else now (package subscription).
DROP TABLE alert_item;
DROP TABLE alert_subscription;
