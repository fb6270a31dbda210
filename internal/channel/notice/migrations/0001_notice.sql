-- +goose Up
-- Templates that a platform has approved for an account.
CREATE TABLE notice_template (
  account_id text NOT NULL,
  template_id text NOT NULL,
  name text NOT NULL,
  status text NOT NULL,
  reason text NOT NULL DEFAULT '',
  tag text NOT NULL DEFAULT '',
  quality text NOT NULL DEFAULT '',
  price bigint NOT NULL DEFAULT 0,
  price_uid bigint NOT NULL DEFAULT 0,
  preview text NOT NULL DEFAULT '',
  params text NOT NULL DEFAULT '[]',
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, template_id)
);

-- Which template of an account serves which purpose of the house.
CREATE TABLE notice_purpose (
  account_id text NOT NULL,
  purpose text NOT NULL,
  template_id text NOT NULL,
  PRIMARY KEY (account_id, purpose)
);

-- One message from a template. To whom and with which words is sealed, and emptied a week after the end.
CREATE TABLE notice_message (
  id text PRIMARY KEY,
  account_id text NOT NULL,
  unit_id text NOT NULL,
  purpose text NOT NULL,
  template_id text NOT NULL,
  payload_sealed text NOT NULL,
  tail text NOT NULL DEFAULT '',
  key text NOT NULL,
  state text NOT NULL,
  reason text NOT NULL DEFAULT '',
  error_code text NOT NULL DEFAULT '',
  attempts bigint NOT NULL DEFAULT 0,
  failures bigint NOT NULL DEFAULT 0,
  claim text NOT NULL DEFAULT '',
  claimed_until timestamptz,
  unsure_since timestamptz,
  wake_at timestamptz,
  not_after timestamptz,
  external_id text NOT NULL DEFAULT '',
  price bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  sent_at timestamptz,
  arrived_at timestamptz,
  ended_at timestamptz
);
CREATE UNIQUE INDEX notice_message_key ON notice_message (key);
CREATE INDEX notice_message_account ON notice_message (account_id, id);
CREATE INDEX notice_message_wake ON notice_message (wake_at);
