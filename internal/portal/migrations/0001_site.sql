-- +goose Up
-- What a unit says of itself on its public page.
CREATE TABLE portal_site (
  unit_id text PRIMARY KEY,
  host text NOT NULL DEFAULT '', -- a name of its own on the Internet, "vinhhung.mattran.example"; '' for none
  intro text NOT NULL,
  hotline text NOT NULL,
  address text NOT NULL,
  email text NOT NULL,
  people text NOT NULL, -- JSON: name, title and office telephone of those who are shown
  rev bigint NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX portal_site_host ON portal_site (host) WHERE host <> '';

-- One number that grows when anything on the public pages may have changed: every process compares it with what it keeps.
CREATE TABLE portal_version (
  id bigint PRIMARY KEY,
  n bigint NOT NULL
);
INSERT INTO portal_version (id, n) VALUES (1, 1);
