-- +goose Up
-- What the public list is narrowed by stands with the published copy, so that no list looks into a million cases.
ALTER TABLE feedback_public ADD COLUMN kind text NOT NULL DEFAULT '';
ALTER TABLE feedback_public ADD COLUMN category text NOT NULL DEFAULT '';
ALTER TABLE feedback_public ADD COLUMN received_at timestamptz;
ALTER TABLE feedback_public ADD COLUMN term integer NOT NULL DEFAULT 0;
UPDATE feedback_public SET kind = (SELECT c.kind FROM feedback_case AS c WHERE c.id = feedback_public.id),
    category = (SELECT c.category FROM feedback_case AS c WHERE c.id = feedback_public.id),
    received_at = (SELECT c.received_at FROM feedback_case AS c WHERE c.id = feedback_public.id),
    term = (SELECT c.days FROM feedback_case AS c WHERE c.id = feedback_public.id);
CREATE INDEX feedback_public_asked ON feedback_public (received_at, id, kind, category);
CREATE INDEX feedback_public_matter ON feedback_public (origin_id, kind, category, received_at);
CREATE INDEX feedback_public_days ON feedback_public (unit_id, days, term);
