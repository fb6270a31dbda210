-- +goose Up
-- Tags that an account has put on people.
CREATE TABLE audience_tag (
  account_id text NOT NULL,
  tag text NOT NULL,
  person_id text NOT NULL,
  PRIMARY KEY (account_id, tag, person_id)
);
CREATE INDEX audience_tag_person ON audience_tag (account_id, person_id);

-- Groups that an account leads.
CREATE TABLE audience_group (
  account_id text NOT NULL,
  group_id text NOT NULL,
  name text NOT NULL,
  link text NOT NULL DEFAULT '',
  members bigint NOT NULL DEFAULT 0,
  is_open boolean NOT NULL DEFAULT true,
  PRIMARY KEY (account_id, group_id)
);

-- How far the reading of followers and of old conversations has come.
CREATE TABLE audience_state (
  account_id text PRIMARY KEY,
  read_from bigint NOT NULL DEFAULT 0,
  slice bigint NOT NULL DEFAULT 0,
  people bigint NOT NULL DEFAULT 0,
  capped boolean NOT NULL DEFAULT false,
  people_at timestamptz,
  chats_from bigint NOT NULL DEFAULT 0,
  history bigint NOT NULL DEFAULT 0,
  history_at timestamptz,
  assets text NOT NULL DEFAULT '[]',
  groups_at timestamptz,
  reason text NOT NULL DEFAULT ''
);
