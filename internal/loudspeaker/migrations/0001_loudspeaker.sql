-- +goose Up
-- One spoken recording of an approved post for one unit, with the receipt of who asked for it and what came of it.
CREATE TABLE loudspeaker_recording (
  id text PRIMARY KEY,
  post_id text NOT NULL,
  version bigint NOT NULL,
  unit_id text NOT NULL,
  script text NOT NULL, -- what is read, as it was typed
  state text NOT NULL,
  reason text NOT NULL DEFAULT '', -- catalogue key of why it failed
  voice text NOT NULL DEFAULT '',
  format text NOT NULL DEFAULT '', -- wav, mp3 or ogg
  seconds bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  asked_by text NOT NULL,
  asked_name text NOT NULL,
  created_at timestamptz NOT NULL,
  done_at timestamptz
);
CREATE INDEX loudspeaker_recording_post ON loudspeaker_recording (post_id, unit_id, created_at);

-- Short addresses for text messages: a code leads to a post on a unit's page.
CREATE TABLE loudspeaker_code (
  code text PRIMARY KEY,
  post_id text NOT NULL,
  unit_id text NOT NULL,
  slug text NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (post_id, unit_id)
);
