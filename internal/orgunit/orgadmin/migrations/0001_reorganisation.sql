-- +goose Up
-- Every reorganisation carried out with the wizard, for good. moved_at is empty until memberships, channels and open work
-- have gone over, which waits for the day on which it takes effect.
CREATE TABLE orgadmin_reorganisation (
    id         text PRIMARY KEY,
    kind       text NOT NULL,
    unit_id    text NOT NULL,
    on_date    text NOT NULL,
    basis      text NOT NULL,
    plan       text NOT NULL,
    moves      text NOT NULL,
    actor_id   text NOT NULL,
    actor_name text NOT NULL,
    created_at timestamptz NOT NULL,
    moved_at   timestamptz
);
CREATE INDEX orgadmin_reorganisation_unit ON orgadmin_reorganisation (unit_id, created_at);
