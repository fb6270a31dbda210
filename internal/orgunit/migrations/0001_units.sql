-- +goose Up
-- One row per unit. valid_to is the first day on which it no longer stands, 9999-12-31 while it does.
CREATE TABLE orgunit_unit (
    id         text PRIMARY KEY,
    kind       text NOT NULL,
    level      text NOT NULL,
    code       text NOT NULL,
    valid_from text NOT NULL,
    valid_to   text NOT NULL,
    opened_by  text NOT NULL DEFAULT '',
    closed_by  text NOT NULL DEFAULT ''
);
CREATE INDEX orgunit_unit_code ON orgunit_unit (level, code, valid_from);

-- The name a unit bears from a day on, until its next name or its end.
CREATE TABLE orgunit_name (
    unit_id    text NOT NULL REFERENCES orgunit_unit (id),
    valid_from text NOT NULL,
    name       text NOT NULL,
    full_name  text NOT NULL,
    type       text NOT NULL,
    basis      text NOT NULL DEFAULT '',
    PRIMARY KEY (unit_id, valid_from)
);

-- The unit it stands under from a day on, until the next row or its end.
CREATE TABLE orgunit_parent (
    unit_id    text NOT NULL REFERENCES orgunit_unit (id),
    valid_from text NOT NULL,
    parent_id  text NOT NULL,
    basis      text NOT NULL DEFAULT '',
    PRIMARY KEY (unit_id, valid_from)
);

CREATE TABLE orgunit_edge (
    from_id text NOT NULL REFERENCES orgunit_unit (id),
    to_id   text NOT NULL REFERENCES orgunit_unit (id),
    on_date text NOT NULL,
    kind    text NOT NULL,
    basis   text NOT NULL DEFAULT '',
    PRIMARY KEY (from_id, to_id, on_date)
);
CREATE INDEX orgunit_edge_to ON orgunit_edge (to_id);

-- A second code under which sources know a unit (the lists disagree about a few).
CREATE TABLE orgunit_alias (
    level      text NOT NULL,
    code       text NOT NULL,
    unit_id    text NOT NULL REFERENCES orgunit_unit (id),
    note       text NOT NULL DEFAULT '',
    PRIMARY KEY (level, code, unit_id)
);

-- Everything below a unit, with the span of days for which that holds; kept by this package for scoping in SQL.
CREATE TABLE orgunit_closure (
    ancestor_id text NOT NULL,
    unit_id     text NOT NULL,
    valid_from  text NOT NULL,
    valid_to    text NOT NULL,
    PRIMARY KEY (ancestor_id, unit_id, valid_from)
);
CREATE INDEX orgunit_closure_unit ON orgunit_closure (unit_id);

-- One row: raised by every change, watched by every process.
CREATE TABLE orgunit_version (
    id      integer PRIMARY KEY,
    version bigint NOT NULL
);
INSERT INTO orgunit_version (id, version) VALUES (1, 0);
