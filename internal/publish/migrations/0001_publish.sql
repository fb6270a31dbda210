-- +goose Up
CREATE TABLE publish_post (
  id text PRIMARY KEY,
  unit_id text NOT NULL,
  author_id text NOT NULL,
  author_name text NOT NULL,
  state text NOT NULL,
  version bigint NOT NULL,
  live bigint NOT NULL DEFAULT 0,
  rev bigint NOT NULL,
  slug text NOT NULL DEFAULT '',
  title text NOT NULL,
  category text NOT NULL,
  folded text NOT NULL,
  publish_at timestamptz,
  want_canary boolean NOT NULL DEFAULT false,
  canary text NOT NULL DEFAULT '',
  submitted_at timestamptz,
  published_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX publish_post_slug ON publish_post (slug) WHERE slug <> '';
CREATE INDEX publish_post_list ON publish_post (updated_at, id);
CREATE INDEX publish_post_state ON publish_post (state, updated_at);

CREATE TABLE publish_version (
  post_id text NOT NULL REFERENCES publish_post (id),
  number bigint NOT NULL,
  kind text NOT NULL,
  title text NOT NULL,
  lead text NOT NULL,
  body text NOT NULL,
  category text NOT NULL,
  media_url text NOT NULL,
  erratum text NOT NULL,
  parts text NOT NULL, -- JSON: editions, pictures, targets, kinds, editors
  created_by text NOT NULL,
  by_name text NOT NULL,
  created_at timestamptz NOT NULL,
  frozen_at timestamptz,
  approved_by text NOT NULL DEFAULT '',
  approved_at timestamptz,
  PRIMARY KEY (post_id, number)
);

-- Where a post stands in public: one row per unit, so that a unit's page is one indexed read.
CREATE TABLE publish_unit (
  post_id text NOT NULL REFERENCES publish_post (id),
  unit_id text NOT NULL,
  version bigint NOT NULL,
  category text NOT NULL,
  published_at timestamptz NOT NULL, -- may lie ahead: the public sees it from then on
  updated_at timestamptz NOT NULL,
  retracted boolean NOT NULL DEFAULT false,
  filled text NOT NULL DEFAULT '{}', -- JSON: words of the unit's places, fixed when approved
  PRIMARY KEY (post_id, unit_id)
);
CREATE INDEX publish_unit_list ON publish_unit (unit_id, published_at, post_id);
CREATE INDEX publish_unit_changed ON publish_unit (unit_id, updated_at);

CREATE TABLE publish_comment (
  id text PRIMARY KEY,
  post_id text NOT NULL REFERENCES publish_post (id),
  version bigint NOT NULL,
  author_id text NOT NULL,
  author_name text NOT NULL,
  text text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX publish_comment_post ON publish_comment (post_id, id);

CREATE TABLE publish_history (
  id text PRIMARY KEY,
  post_id text NOT NULL REFERENCES publish_post (id),
  version bigint NOT NULL,
  at timestamptz NOT NULL,
  actor_id text NOT NULL,
  actor_name text NOT NULL,
  what text NOT NULL,
  note text NOT NULL DEFAULT ''
);
CREATE INDEX publish_history_post ON publish_history (post_id, id);

CREATE TABLE publish_picture (
  id text PRIMARY KEY,
  post_id text NOT NULL REFERENCES publish_post (id),
  width bigint NOT NULL,
  height bigint NOT NULL,
  widths text NOT NULL, -- JSON: the widths that exist, in pixels
  uploaded_by text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX publish_picture_post ON publish_picture (post_id, id);

CREATE TABLE publish_group (
  id text PRIMARY KEY,
  unit_id text NOT NULL,
  name text NOT NULL,
  members text NOT NULL -- JSON: ids of the units
);
CREATE INDEX publish_group_unit ON publish_group (unit_id);

CREATE TABLE publish_category (
  code text PRIMARY KEY,
  name text NOT NULL DEFAULT '',
  position bigint NOT NULL
);
INSERT INTO publish_category (code, position) VALUES
  ('activity', 1), ('notice', 2), ('policy', 3), ('people', 4), ('relief', 5), ('oversight', 6), ('culture', 7);
