-- +goose Up
-- What a unit demands of posts of itself and of those below; the one of the highest unit counts.
CREATE TABLE regulation_rule (
  unit_id text PRIMARY KEY,
  categories text NOT NULL, -- JSON: codes of the subject headings that may be used; [] for any
  bands text NOT NULL,      -- JSON: times of day in which nothing is posted
  above text NOT NULL,      -- JSON: codes of the headings that only an approver of this unit approves
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL
);

-- Who answers for the channels of a unit, and until when.
CREATE TABLE regulation_member (
  id text PRIMARY KEY,
  unit_id text NOT NULL,
  body text NOT NULL,
  name text NOT NULL,
  title text NOT NULL DEFAULT '',
  since text NOT NULL,
  until text NOT NULL DEFAULT '',
  created_by text NOT NULL
);
CREATE INDEX regulation_member_unit ON regulation_member (unit_id, body);
