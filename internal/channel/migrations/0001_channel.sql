-- +goose Up
CREATE TABLE channel_account (
  id text PRIMARY KEY,
  unit_id text NOT NULL,
  kind text NOT NULL,
  external_id text NOT NULL,
  name text NOT NULL,
  link text NOT NULL DEFAULT '',
  state text NOT NULL,
  state_reason text NOT NULL DEFAULT '',
  capabilities text NOT NULL DEFAULT '{}',
  followers bigint NOT NULL DEFAULT 0,
  valid_from text NOT NULL,
  valid_to text NOT NULL,
  checked_at timestamptz,
  created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX channel_account_external ON channel_account (kind, external_id);
CREATE INDEX channel_account_unit ON channel_account (unit_id, kind);

-- Sealed tokens. version grows with each new pair; refresh_pending is set before the old refresh token is spent.
CREATE TABLE channel_token (
  account_id text PRIMARY KEY REFERENCES channel_account (id),
  access_sealed text NOT NULL,
  refresh_sealed text NOT NULL DEFAULT '',
  expires_at timestamptz,
  next_refresh_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  refresh_pending boolean NOT NULL DEFAULT false,
  locked_by text NOT NULL DEFAULT '',
  locked_until timestamptz
);
CREATE INDEX channel_token_next ON channel_token (next_refresh_at);

CREATE TABLE channel_delivery (
  id text PRIMARY KEY,
  account_id text NOT NULL REFERENCES channel_account (id),
  unit_id text NOT NULL,
  kind text NOT NULL,
  source text NOT NULL,
  version bigint NOT NULL,
  action text NOT NULL,
  state text NOT NULL,
  hold boolean NOT NULL DEFAULT false,
  -- failed because of its account: taken up again when the account works
  waits boolean NOT NULL DEFAULT false,
  canary boolean NOT NULL DEFAULT false,
  reason text NOT NULL DEFAULT '',
  error_code text NOT NULL DEFAULT '',
  error_text text NOT NULL DEFAULT '',
  attempts bigint NOT NULL DEFAULT 0,
  failures bigint NOT NULL DEFAULT 0,
  polls bigint NOT NULL DEFAULT 0,
  receipt_state text NOT NULL DEFAULT '',
  external_id text NOT NULL DEFAULT '',
  token text NOT NULL DEFAULT '',
  link text NOT NULL DEFAULT '',
  claim text NOT NULL DEFAULT '',
  claimed_until timestamptz,
  unsure_since timestamptz,
  last_try timestamptz,
  wake_at timestamptz,
  swept_at timestamptz,
  not_before timestamptz,
  created_at timestamptz NOT NULL,
  finished_at timestamptz
);
CREATE UNIQUE INDEX channel_delivery_once ON channel_delivery (source, version, account_id, action);
CREATE INDEX channel_delivery_account ON channel_delivery (account_id, id);
CREATE INDEX channel_delivery_wake ON channel_delivery (wake_at);

CREATE TABLE channel_message (
  id text PRIMARY KEY,
  account_id text NOT NULL REFERENCES channel_account (id),
  unit_id text NOT NULL,
  kind text NOT NULL,
  outgoing boolean NOT NULL,
  external_id text NOT NULL DEFAULT '',
  person_id text NOT NULL,
  text text NOT NULL,
  pictures text NOT NULL DEFAULT '[]',
  comment_post text NOT NULL DEFAULT '',
  comment_parent text NOT NULL DEFAULT '',
  is_comment boolean NOT NULL DEFAULT false,
  said_at timestamptz NOT NULL,
  state text NOT NULL,
  reason text NOT NULL DEFAULT '',
  waits boolean NOT NULL DEFAULT false,
  error_code text NOT NULL DEFAULT '',
  error_text text NOT NULL DEFAULT '',
  idempotency_key text,
  attempts bigint NOT NULL DEFAULT 0,
  failures bigint NOT NULL DEFAULT 0,
  claim text NOT NULL DEFAULT '',
  claimed_until timestamptz,
  unsure_since timestamptz,
  last_try timestamptz,
  wake_at timestamptz,
  swept_at timestamptz,
  created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX channel_message_external ON channel_message (account_id, external_id) WHERE external_id <> '';
CREATE UNIQUE INDEX channel_message_key ON channel_message (idempotency_key);
CREATE INDEX channel_message_thread ON channel_message (account_id, person_id, said_at);
CREATE INDEX channel_message_wake ON channel_message (wake_at);

-- What an account knows of a person: no more than the channel shows.
CREATE TABLE channel_person (
  account_id text NOT NULL REFERENCES channel_account (id),
  person_id text NOT NULL,
  name text NOT NULL DEFAULT '',
  follows boolean NOT NULL DEFAULT false,
  unreachable text NOT NULL DEFAULT '',
  withdrawn_at timestamptz,
  last_at timestamptz,
  PRIMARY KEY (account_id, person_id)
);

-- Raw webhooks, written before they are answered.
CREATE TABLE channel_webhook (
  id text PRIMARY KEY,
  kind text NOT NULL,
  dedupe_key text NOT NULL,
  signature text NOT NULL,
  body text NOT NULL,
  received_at timestamptz NOT NULL,
  processed_at timestamptz,
  error text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX channel_webhook_once ON channel_webhook (dedupe_key);
CREATE INDEX channel_webhook_open ON channel_webhook (processed_at, received_at);

-- Leases of the budget of calls per minute that all accounts of a kind share.
CREATE TABLE channel_budget (
  name text PRIMARY KEY,
  paused_until timestamptz,
  strikes bigint NOT NULL DEFAULT 0
);
CREATE TABLE channel_budget_lease (
  id text PRIMARY KEY,
  name text NOT NULL,
  n bigint NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX channel_budget_lease_at ON channel_budget_lease (name, at);

-- One attempt of an official to connect an account.
CREATE TABLE channel_grant (
  state text PRIMARY KEY,
  kind text NOT NULL,
  unit_id text NOT NULL,
  account_id text NOT NULL DEFAULT '',
  external_id text NOT NULL DEFAULT '',
  verifier_sealed text NOT NULL,
  official_id text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
