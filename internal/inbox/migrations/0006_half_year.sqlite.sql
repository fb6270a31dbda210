-- +goose Up
-- SQLite finds the latest by the order of the index: only PostgreSQL needs the half year.
SELECT 1;
