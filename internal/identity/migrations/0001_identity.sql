-- +goose Up
-- An official. Without password, second factor or passkey the person has been invited and has not answered yet.
CREATE TABLE identity_official (
    id             text PRIMARY KEY,
    name           text NOT NULL,
    email          text NOT NULL,
    folded         text NOT NULL,
    password_hash  text NOT NULL DEFAULT '',
    totp_sealed    text NOT NULL DEFAULT '',
    totp_step      bigint NOT NULL DEFAULT 0,
    passkey_handle text NOT NULL,
    oidc_subject   text NOT NULL DEFAULT '',
    lang           text NOT NULL DEFAULT 'vi',
    rehearsal      boolean NOT NULL DEFAULT false,
    created_at     timestamptz NOT NULL,
    joined_at      timestamptz,
    disabled_at    timestamptz
);
CREATE UNIQUE INDEX identity_official_email ON identity_official (email);
CREATE UNIQUE INDEX identity_official_handle ON identity_official (passkey_handle);
CREATE UNIQUE INDEX identity_official_oidc ON identity_official (oidc_subject) WHERE oidc_subject <> '';

-- A role in a unit for a term; valid_to is the first day on which it no longer holds.
CREATE TABLE identity_membership (
    id          text PRIMARY KEY,
    official_id text NOT NULL REFERENCES identity_official (id),
    unit_id     text NOT NULL,
    role        text NOT NULL,
    valid_from  text NOT NULL,
    valid_to    text NOT NULL,
    given_by    text NOT NULL,
    created_at  timestamptz NOT NULL,
    ended_by    text NOT NULL DEFAULT '',
    taken_at    timestamptz
);
CREATE INDEX identity_membership_official ON identity_membership (official_id, valid_to);
CREATE INDEX identity_membership_unit ON identity_membership (unit_id, valid_to);

CREATE TABLE identity_invitation (
    id          text PRIMARY KEY,
    official_id text NOT NULL REFERENCES identity_official (id),
    unit_id     text NOT NULL,
    secret_hash text NOT NULL UNIQUE,
    invited_by  text NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    closed_at   timestamptz
);
CREATE INDEX identity_invitation_official ON identity_invitation (official_id);

CREATE TABLE identity_session (
    id          text PRIMARY KEY,
    token_hash  text NOT NULL UNIQUE,
    official_id text NOT NULL REFERENCES identity_official (id),
    method      text NOT NULL,
    device      text NOT NULL,
    ip          text NOT NULL,
    unit_id     text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    proved_at   timestamptz NOT NULL,
    revoked_at  timestamptz
);
CREATE INDEX identity_session_official ON identity_session (official_id, expires_at);

CREATE TABLE identity_passkey (
    id            text PRIMARY KEY,
    official_id   text NOT NULL REFERENCES identity_official (id),
    credential_id text NOT NULL UNIQUE,
    name          text NOT NULL,
    data          text NOT NULL,
    created_at    timestamptz NOT NULL,
    used_at       timestamptz
);
CREATE INDEX identity_passkey_official ON identity_passkey (official_id);

CREATE TABLE identity_recovery (
    id          text PRIMARY KEY,
    official_id text NOT NULL REFERENCES identity_official (id),
    code_hash   text NOT NULL,
    used_at     timestamptz
);
CREATE INDEX identity_recovery_official ON identity_recovery (official_id);

-- What must be remembered between two steps of a sign-in; each is used once.
CREATE TABLE identity_step (
    token_hash  text PRIMARY KEY,
    kind        text NOT NULL,
    official_id text NOT NULL,
    data        text NOT NULL,
    expires_at  timestamptz NOT NULL
);

-- Failed attempts by account, address or telephone (hashed).
CREATE TABLE identity_throttle (
    key           text PRIMARY KEY,
    tries         bigint NOT NULL,
    since         timestamptz NOT NULL,
    blocked_until timestamptz NOT NULL
);

CREATE TABLE identity_phone_code (
    id           text PRIMARY KEY,
    phone_hash   text NOT NULL,
    code_hash    text NOT NULL,
    tries        bigint NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    confirmed_at timestamptz
);
CREATE INDEX identity_phone_code_phone ON identity_phone_code (phone_hash, created_at);
