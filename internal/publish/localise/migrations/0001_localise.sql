-- +goose Up
-- The time in which the units that a post is meant for may add to it.
CREATE TABLE localise_window (
  post_id text PRIMARY KEY,
  unit_id text NOT NULL,
  until timestamptz NOT NULL,
  approval boolean NOT NULL, -- the unit's own approver must agree
  opened_by text NOT NULL,
  opened_name text NOT NULL,
  opened_at timestamptz NOT NULL
);
CREATE INDEX localise_window_until ON localise_window (until);

-- What one unit adds.
CREATE TABLE localise_part (
  post_id text NOT NULL,
  unit_id text NOT NULL,
  state text NOT NULL,
  words text NOT NULL DEFAULT '',
  picture_id text NOT NULL DEFAULT '',
  picture text NOT NULL DEFAULT '{}', -- JSON: width, height, widths
  alt text NOT NULL DEFAULT '',
  writers text NOT NULL DEFAULT '[]', -- JSON: ids of everybody who changed it
  writer_name text NOT NULL DEFAULT '',
  rev bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (post_id, unit_id)
);
CREATE INDEX localise_part_picture ON localise_part (picture_id);

CREATE TABLE localise_step (
  id text PRIMARY KEY,
  post_id text NOT NULL,
  unit_id text NOT NULL,
  at timestamptz NOT NULL,
  actor_id text NOT NULL,
  actor_name text NOT NULL,
  what text NOT NULL,
  note text NOT NULL DEFAULT ''
);
CREATE INDEX localise_step_part ON localise_step (post_id, unit_id, id);

-- A unit's post that those above are asked to use, or have taken.
CREATE TABLE localise_offer (
  id text PRIMARY KEY,
  post_id text NOT NULL,
  from_unit text NOT NULL,
  to_unit text NOT NULL,
  state text NOT NULL,
  title text NOT NULL,
  note text NOT NULL DEFAULT '',
  credit text NOT NULL DEFAULT '', -- name of the collaborator, only with consent
  consent_by text NOT NULL DEFAULT '', -- official who took the consent down
  consent_name text NOT NULL DEFAULT '',
  consent_at timestamptz,
  offered_by text NOT NULL,
  offered_name text NOT NULL,
  offered_at timestamptz NOT NULL,
  decided_name text NOT NULL DEFAULT '',
  decided_at timestamptz,
  reason text NOT NULL DEFAULT '',
  taken_post_id text NOT NULL DEFAULT '',
  used_at timestamptz
);
CREATE UNIQUE INDEX localise_offer_once ON localise_offer (post_id, to_unit);
CREATE INDEX localise_offer_to ON localise_offer (to_unit, state);
CREATE INDEX localise_offer_from ON localise_offer (from_unit, state);
CREATE INDEX localise_offer_taken ON localise_offer (taken_post_id);
