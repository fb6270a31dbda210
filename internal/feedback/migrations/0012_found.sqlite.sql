-- +goose Up
-- The officers' search asks for words and for the unit in one index: what a commune holds or took in is found without
-- reading its letters. A number of its own ties a case to its words, as a copy of the database may number rows anew.
CREATE TABLE feedback_case_doc (
    doc integer PRIMARY KEY,
    id  text NOT NULL UNIQUE
);
INSERT INTO feedback_case_doc (id) SELECT id FROM feedback_case ORDER BY received_at, id;
DROP TRIGGER feedback_case_fts_in;
DROP TRIGGER feedback_case_fts_up;
DROP TABLE feedback_case_fts;
CREATE VIRTUAL TABLE feedback_case_fts USING fts5(search, units, tokenize = 'unicode61', prefix = '2 3 4');
INSERT INTO feedback_case_fts (feedback_case_fts, rank) VALUES ('secure-delete', 1);
INSERT INTO feedback_case_fts (rowid, search, units)
    SELECT d.doc, c.search, replace(c.holder_unit_id || ' ' || c.origin_unit_id, '-', '') FROM feedback_case_doc AS d JOIN feedback_case AS c ON c.id = d.id ORDER BY d.doc;
-- +goose StatementBegin
CREATE TRIGGER feedback_case_fts_in AFTER INSERT ON feedback_case BEGIN
    INSERT INTO feedback_case_doc (id) VALUES (new.id);
    INSERT INTO feedback_case_fts (rowid, search, units)
        SELECT d.doc, new.search, replace(new.holder_unit_id || ' ' || new.origin_unit_id, '-', '') FROM feedback_case_doc AS d WHERE d.id = new.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER feedback_case_fts_up AFTER UPDATE OF search, holder_unit_id, origin_unit_id ON feedback_case
WHEN old.search <> new.search OR old.holder_unit_id <> new.holder_unit_id OR old.origin_unit_id <> new.origin_unit_id BEGIN
    UPDATE feedback_case_fts SET search = new.search, units = replace(new.holder_unit_id || ' ' || new.origin_unit_id, '-', '')
        WHERE rowid = (SELECT d.doc FROM feedback_case_doc AS d WHERE d.id = old.id);
END;
-- +goose StatementEnd

-- What was published, by the words of question and answer.
ALTER TABLE feedback_public ADD COLUMN search text NOT NULL DEFAULT '';
UPDATE feedback_public SET search = COALESCE((SELECT group_concat(w.word, ' ') FROM feedback_public_word AS w WHERE w.public_id = feedback_public.id), '');
DROP TABLE feedback_public_word;
CREATE TABLE feedback_public_doc (
    doc integer PRIMARY KEY,
    id  text NOT NULL UNIQUE
);
INSERT INTO feedback_public_doc (id) SELECT id FROM feedback_public ORDER BY answered_at, id;
CREATE VIRTUAL TABLE feedback_public_fts USING fts5(search, units, tokenize = 'unicode61', prefix = '2 3 4');
INSERT INTO feedback_public_fts (feedback_public_fts, rank) VALUES ('secure-delete', 1);
INSERT INTO feedback_public_fts (rowid, search, units)
    SELECT d.doc, p.search, replace(p.unit_id || ' ' || p.origin_id, '-', '') FROM feedback_public_doc AS d JOIN feedback_public AS p ON p.id = d.id ORDER BY d.doc;
-- +goose StatementBegin
CREATE TRIGGER feedback_public_fts_in AFTER INSERT ON feedback_public BEGIN
    INSERT INTO feedback_public_doc (id) VALUES (new.id);
    INSERT INTO feedback_public_fts (rowid, search, units)
        SELECT d.doc, new.search, replace(new.unit_id || ' ' || new.origin_id, '-', '') FROM feedback_public_doc AS d WHERE d.id = new.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER feedback_public_fts_out AFTER DELETE ON feedback_public BEGIN
    DELETE FROM feedback_public_fts WHERE rowid = (SELECT d.doc FROM feedback_public_doc AS d WHERE d.id = old.id);
    DELETE FROM feedback_public_doc WHERE id = old.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER feedback_public_fts_up AFTER UPDATE OF unit_id, origin_id ON feedback_public WHEN old.unit_id <> new.unit_id OR old.origin_id <> new.origin_id BEGIN
    UPDATE feedback_public_fts SET search = new.search, units = replace(new.unit_id || ' ' || new.origin_id, '-', '')
        WHERE rowid = (SELECT d.doc FROM feedback_public_doc AS d WHERE d.id = old.id);
END;
-- +goose StatementEnd
