-- +goose Up
-- An appeal as its public statement stands. no is its short number in the tables of lines.
CREATE TABLE disclosure_appeal (
    no          bigint PRIMARY KEY,
    appeal_id   text NOT NULL UNIQUE,
    code        text NOT NULL UNIQUE,
    unit_id     text NOT NULL,
    posting_no  bigint NOT NULL DEFAULT 0, -- how far the books were followed
    posting_seq bigint NOT NULL DEFAULT 0,
    lines       bigint NOT NULL DEFAULT 0,
    amount      bigint NOT NULL DEFAULT 0,
    batches     bigint NOT NULL DEFAULT 0,
    hash_state  text NOT NULL DEFAULT '', -- of the running SHA-256 over the statement as a CSV file, base64
    hash_lines  bigint NOT NULL DEFAULT 0, -- how many lines it has seen; below lines while it is computed anew
    hash_size   bigint NOT NULL DEFAULT 0, -- bytes
    edition     bigint NOT NULL DEFAULT 0, -- grows when words were taken out of published lines
    updated_at  timestamptz NOT NULL
);

-- Lines that went into the public log together.
CREATE TABLE disclosure_batch (
    appeal_no    bigint NOT NULL,
    no           bigint NOT NULL,
    first        bigint NOT NULL,
    count        bigint NOT NULL,
    root         text NOT NULL,  -- hexadecimal
    leaves       bytea NOT NULL, -- 32 bytes each
    lines_so_far bigint NOT NULL,
    total_so_far bigint NOT NULL,
    published_at timestamptz NOT NULL,
    log_index    bigint, -- place of its entry in the log
    PRIMARY KEY (appeal_no, no)
);
CREATE INDEX disclosure_batch_first ON disclosure_batch (appeal_no, first);
CREATE INDEX disclosure_batch_waiting ON disclosure_batch (appeal_no, no) WHERE log_index IS NULL;

-- Sums kept with every batch. kind: all, day, channel, purpose.
CREATE TABLE disclosure_total (
    appeal_no bigint NOT NULL,
    kind      text NOT NULL,
    key       text NOT NULL,
    lines     bigint NOT NULL,
    amount    bigint NOT NULL,
    PRIMARY KEY (appeal_no, kind, key)
);

-- Every word that can be found, for those who mistype.
CREATE TABLE disclosure_word (
    word text PRIMARY KEY
);

-- What law wants published, and when it was. kind: see due.go.
CREATE TABLE disclosure_duty (
    id         text PRIMARY KEY,
    appeal_id  text NOT NULL,
    kind       text NOT NULL,
    done_at    timestamptz NOT NULL,
    done_by    text NOT NULL,
    done_name  text NOT NULL,
    place      text NOT NULL, -- where else it was published
    note       text NOT NULL,
    keep_until text NOT NULL, -- day until which it must stay
    lines      bigint NOT NULL, -- of the statement then
    amount     bigint NOT NULL
);
CREATE UNIQUE INDEX disclosure_duty_once ON disclosure_duty (appeal_id, kind);
