-- +goose Up
-- What a unit asks of the units below it, with a last day.
CREATE TABLE directive_directive (
    id           text PRIMARY KEY,
    unit_id      text NOT NULL,          -- who asks
    parent_task  text NOT NULL DEFAULT '', -- the task that is passed further down by it; '' for a directive of its own
    number       text NOT NULL DEFAULT '', -- of the document, as printed on it
    title        text NOT NULL,
    body         text NOT NULL,
    deadline     text NOT NULL,
    level        text NOT NULL,          -- level of the units that are asked
    state        text NOT NULL,
    file_name    text NOT NULL DEFAULT '',
    file_type    text NOT NULL DEFAULT '',
    file_size    bigint NOT NULL DEFAULT 0,
    author_id    text NOT NULL,
    author_name  text NOT NULL,
    reason       text NOT NULL DEFAULT '', -- why it was taken back
    search       text NOT NULL,          -- folded title and number
    created_at   timestamptz NOT NULL,
    sent_at      timestamptz,
    closed_at    timestamptz
);
CREATE INDEX directive_directive_unit ON directive_directive (unit_id, created_at);
CREATE INDEX directive_directive_parent ON directive_directive (parent_task);

-- One unit that is asked, and how far it has come.
CREATE TABLE directive_task (
    id              text PRIMARY KEY,
    directive_id    text NOT NULL REFERENCES directive_directive (id),
    unit_id         text NOT NULL,
    step            text NOT NULL,
    seen_at         timestamptz,
    acknowledged_at timestamptz,
    done_at         timestamptz,
    by_id           text NOT NULL DEFAULT '', -- official; '' when it came by a link
    by_name         text NOT NULL DEFAULT '',
    note            text NOT NULL DEFAULT '',
    picture         text NOT NULL DEFAULT '',
    picture_alt     text NOT NULL DEFAULT '',
    nudges          bigint NOT NULL DEFAULT 0,
    nudged_at       timestamptz,
    UNIQUE (directive_id, unit_id)
);
CREATE INDEX directive_task_unit ON directive_task (unit_id, step);
CREATE INDEX directive_task_picture ON directive_task (picture) WHERE picture <> '';

-- A link by which a unit answers without a password. The token itself is not kept.
CREATE TABLE directive_link (
    hash       text PRIMARY KEY, -- SHA-256 of the token
    task_id    text NOT NULL REFERENCES directive_task (id),
    made_by    text NOT NULL,
    made_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz -- the report came: it opens nothing more
);
CREATE INDEX directive_link_task ON directive_link (task_id);

-- Each step of a task, for the history.
CREATE TABLE directive_step (
    id      text PRIMARY KEY,
    task_id text NOT NULL REFERENCES directive_task (id),
    step    text NOT NULL,
    at      timestamptz NOT NULL,
    by_id   text NOT NULL DEFAULT '',
    by_name text NOT NULL DEFAULT '',
    note    text NOT NULL DEFAULT ''
);
CREATE INDEX directive_step_task ON directive_step (task_id, at);
