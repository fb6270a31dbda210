-- +goose Up
-- SQLite alone keeps words of its search beside the rows.
SELECT 1;
