-- +goose Up
-- Words are kept by the message that brought them, and not all of a conversation in one piece: a new message then adds to the
-- index and takes nothing out of it.
CREATE TABLE inbox_words (
    doc             integer PRIMARY KEY,
    id              text NOT NULL UNIQUE, -- of the message
    conversation_id text NOT NULL,
    unit_id         text NOT NULL,
    search          text NOT NULL, -- folded name and words
    at              timestamptz NOT NULL,
    units           text GENERATED ALWAYS AS (replace(unit_id, '-', '')) VIRTUAL
);
INSERT INTO inbox_words (id, conversation_id, unit_id, search, at)
    SELECT id, id, unit_id, search, last_at FROM inbox_conversation WHERE search <> '' ORDER BY created_at, id;
CREATE INDEX inbox_words_conversation ON inbox_words (conversation_id);
CREATE VIEW inbox_words_doc AS SELECT doc, conversation_id FROM inbox_words;
CREATE VIRTUAL TABLE inbox_words_fts USING fts5(search, units, content = 'inbox_words', content_rowid = 'doc', tokenize = 'unicode61', prefix = '2 3');
INSERT INTO inbox_words_fts (inbox_words_fts, rank) VALUES ('secure-delete', 1);
INSERT INTO inbox_words_fts (inbox_words_fts) VALUES ('rebuild');
-- +goose StatementBegin
CREATE TRIGGER inbox_words_fts_in AFTER INSERT ON inbox_words BEGIN
    INSERT INTO inbox_words_fts (rowid, search, units) VALUES (new.doc, new.search, new.units);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER inbox_words_fts_out AFTER DELETE ON inbox_words BEGIN
    INSERT INTO inbox_words_fts (inbox_words_fts, rowid, search, units) VALUES ('delete', old.doc, old.search, old.units);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER inbox_words_fts_up AFTER UPDATE OF unit_id ON inbox_words WHEN old.unit_id <> new.unit_id BEGIN
    INSERT INTO inbox_words_fts (inbox_words_fts, rowid, search, units) VALUES ('delete', old.doc, old.search, old.units);
    INSERT INTO inbox_words_fts (rowid, search, units) VALUES (new.doc, new.search, new.units);
END;
-- +goose StatementEnd

DROP TRIGGER inbox_conversation_fts_in;
DROP TRIGGER inbox_conversation_fts_up;
DROP TABLE inbox_conversation_fts;
DROP TABLE inbox_conversation_doc;
ALTER TABLE inbox_conversation DROP COLUMN search;
