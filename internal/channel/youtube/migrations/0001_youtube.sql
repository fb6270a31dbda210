-- +goose Up
-- One film on its way to a channel: waits for a place in the day's bucket, is sent in pieces, is dressed, is processed.
CREATE TABLE youtube_upload (
  id text PRIMARY KEY,
  account_id text NOT NULL,
  unit_id text NOT NULL,
  title text NOT NULL,
  video_id text NOT NULL,
  bytes bigint NOT NULL,
  words text NOT NULL,
  state text NOT NULL,
  session_sealed text NOT NULL DEFAULT '',
  stored bigint NOT NULL DEFAULT 0,
  external_id text NOT NULL DEFAULT '',
  dressed boolean NOT NULL DEFAULT false,
  day text NOT NULL DEFAULT '',
  asked_at timestamptz NOT NULL,
  started_at timestamptz,
  sent_at timestamptz,
  done_at timestamptz
);
CREATE INDEX youtube_upload_state ON youtube_upload (state, asked_at);
CREATE INDEX youtube_upload_day ON youtube_upload (day);
CREATE INDEX youtube_upload_external ON youtube_upload (external_id);

-- What the project used of a day in California, and whether Google has said that it is spent.
CREATE TABLE youtube_day (
  day text PRIMARY KEY,
  uploads bigint NOT NULL DEFAULT 0,
  units bigint NOT NULL DEFAULT 0,
  uploads_spent boolean NOT NULL DEFAULT false,
  units_spent boolean NOT NULL DEFAULT false
);

-- What is kept of each channel for asking after comments and for the hub.
CREATE TABLE youtube_channel (
  account_id text PRIMARY KEY,
  channel_id text NOT NULL,
  mark text NOT NULL DEFAULT '',
  polled_at timestamptz,
  next_poll_at timestamptz,
  hub_asked_at timestamptz,
  hub_until timestamptz
);
CREATE UNIQUE INDEX youtube_channel_external ON youtube_channel (channel_id);

-- Films that the hub told of: ours and those put up by hand.
CREATE TABLE youtube_seen (
  video_id text PRIMARY KEY,
  channel_id text NOT NULL,
  title text NOT NULL,
  published_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL
);
CREATE INDEX youtube_seen_channel ON youtube_seen (channel_id, published_at);
