-- +goose Up
-- Lists are read by index in the order in which people wrote: the open ones of one unit, those of a whole province, those
-- that nobody has taken on or seen.
DROP INDEX inbox_conversation_unit;
CREATE INDEX inbox_conversation_unit ON inbox_conversation (unit_id, state, last_at, id, kind);
CREATE INDEX inbox_conversation_state ON inbox_conversation (state, last_at, id, unit_id, kind);
CREATE INDEX inbox_conversation_last ON inbox_conversation (last_at, id, unit_id, kind);
CREATE INDEX inbox_conversation_free ON inbox_conversation (last_at, id, unit_id, kind) WHERE state = 'open' AND claimed_by = '';
CREATE INDEX inbox_conversation_unread ON inbox_conversation (last_at, id, unit_id, kind) WHERE unread > 0;

-- The search asks for words and for the unit in one index. A number of its own ties a conversation to its words, as a copy
-- of the database may number rows anew.
CREATE TABLE inbox_conversation_doc (
    doc integer PRIMARY KEY,
    id  text NOT NULL UNIQUE
);
INSERT INTO inbox_conversation_doc (id) SELECT id FROM inbox_conversation ORDER BY created_at, id;
CREATE VIRTUAL TABLE inbox_conversation_fts USING fts5(search, units, tokenize = 'unicode61', prefix = '2 3');
INSERT INTO inbox_conversation_fts (inbox_conversation_fts, rank) VALUES ('secure-delete', 1);
INSERT INTO inbox_conversation_fts (rowid, search, units)
    SELECT d.doc, c.search, replace(c.unit_id, '-', '') FROM inbox_conversation_doc AS d JOIN inbox_conversation AS c ON c.id = d.id ORDER BY d.doc;
-- +goose StatementBegin
CREATE TRIGGER inbox_conversation_fts_in AFTER INSERT ON inbox_conversation BEGIN
    INSERT INTO inbox_conversation_doc (id) VALUES (new.id);
    INSERT INTO inbox_conversation_fts (rowid, search, units)
        SELECT d.doc, new.search, replace(new.unit_id, '-', '') FROM inbox_conversation_doc AS d WHERE d.id = new.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER inbox_conversation_fts_up AFTER UPDATE OF search, unit_id ON inbox_conversation
WHEN old.search <> new.search OR old.unit_id <> new.unit_id BEGIN
    UPDATE inbox_conversation_fts SET search = new.search, units = replace(new.unit_id, '-', '')
        WHERE rowid = (SELECT d.doc FROM inbox_conversation_doc AS d WHERE d.id = old.id);
END;
-- +goose StatementEnd
