-- +goose Up
-- What else the rule demands of how a channel looks.
ALTER TABLE fleet_rule ADD COLUMN description text NOT NULL DEFAULT ''; -- what the description must say, one per line, with {unit} or {name}
ALTER TABLE fleet_rule ADD COLUMN cover boolean NOT NULL DEFAULT false; -- a cover picture is demanded
