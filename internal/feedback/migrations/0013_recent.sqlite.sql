-- +goose Up
-- SQLite's index of words gives the latest texts first as it is.
SELECT 1;
