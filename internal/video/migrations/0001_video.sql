-- +goose Up
-- One film: while it comes in, its pieces; then the whole of it.
CREATE TABLE video_film (
  id text PRIMARY KEY,
  unit_id text NOT NULL,
  uploaded_by text NOT NULL,
  name text NOT NULL,
  state text NOT NULL,
  reason text NOT NULL DEFAULT '',
  bytes bigint NOT NULL,
  stored bigint NOT NULL DEFAULT 0,
  mime text NOT NULL DEFAULT '',
  sha256 text NOT NULL DEFAULT '',
  width bigint NOT NULL DEFAULT 0,
  height bigint NOT NULL DEFAULT 0,
  millis bigint NOT NULL DEFAULT 0,
  poster text NOT NULL DEFAULT '',
  poster_width bigint NOT NULL DEFAULT 0,
  poster_height bigint NOT NULL DEFAULT 0,
  captions text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  touched_at timestamptz NOT NULL
);
CREATE INDEX video_film_state ON video_film (state, touched_at);
CREATE INDEX video_film_unit ON video_film (unit_id, created_at);
