-- +goose Up
-- What the fleet remembers of an account beside what the channels know: under which unit and name it stood when all was in
-- order, what the unit was called before it changed, where its followers are led, and who granted it.
CREATE TABLE fleet_account (
    account_id   text PRIMARY KEY,
    unit_id      text NOT NULL DEFAULT '',
    unit_name    text NOT NULL DEFAULT '',
    was_name     text NOT NULL DEFAULT '', -- name of the unit before it was renamed or merged; '' when nothing is to be done
    leads_to     text NOT NULL DEFAULT '', -- account to which the followers are led; '' for none
    granted_by   text NOT NULL DEFAULT '', -- official; '' when it was granted before this was written down
    granted_name text NOT NULL DEFAULT '',
    granted_at   timestamptz
);
CREATE INDEX fleet_account_granted ON fleet_account (granted_by);
