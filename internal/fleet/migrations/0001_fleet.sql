-- +goose Up
-- What a unit demands of the channels of itself and the units below it, per kind of channel. The rule of the highest unit counts.
CREATE TABLE fleet_rule (
    unit_id      text NOT NULL,
    kind         text NOT NULL,
    names        text NOT NULL DEFAULT '', -- allowed names, one per line, "MTTQ {unit}"; '' allows any
    picture      boolean NOT NULL DEFAULT false, -- a profile picture is demanded
    required     boolean NOT NULL DEFAULT false, -- every unit must have a channel of this kind
    silent_days  bigint NOT NULL,
    webhook_days bigint NOT NULL,
    updated_at   timestamptz NOT NULL,
    updated_by   text NOT NULL,
    PRIMARY KEY (unit_id, kind)
);

-- One trouble of one account. It is opened once, closed by itself when cured, and stays as history.
CREATE TABLE fleet_alert (
    id         text PRIMARY KEY,
    account_id text NOT NULL,
    unit_id    text NOT NULL,
    kind       text NOT NULL,
    cause      text NOT NULL,
    reason     text NOT NULL DEFAULT '', -- catalogue key of what the channel said, '' when the cause says it all
    opened_at  timestamptz NOT NULL,
    closed_at  timestamptz,
    ack_at     timestamptz,
    ack_by     text NOT NULL DEFAULT '',
    ack_name   text NOT NULL DEFAULT '',
    ack_note   text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX fleet_alert_once ON fleet_alert (account_id, cause) WHERE closed_at IS NULL;
CREATE INDEX fleet_alert_unit ON fleet_alert (unit_id, closed_at, opened_at);
