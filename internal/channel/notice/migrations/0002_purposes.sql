-- +goose Up
-- Two purposes were offered that no room of the house ever sent for: what was set for them is taken out.
DELETE FROM notice_purpose WHERE purpose IN ('case_received', 'meeting_soon');
