-- +goose Up
-- The one broadcast a day that the followers of an account take: who comes first has the day.
CREATE TABLE planner_slot (
  account_id text NOT NULL,
  day text NOT NULL, -- Vietnam's calendar day
  post_id text NOT NULL,
  at timestamptz NOT NULL,
  booked_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, day)
);
CREATE INDEX planner_slot_post ON planner_slot (post_id, at);
CREATE INDEX planner_slot_day ON planner_slot (day);
