-- +goose Up
-- What is given and needed: one catalogue for the house, so that 60 goats here and 60 goats there are the same thing.
CREATE TABLE relief_item (
    id         text PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    name       text NOT NULL,
    folded     text NOT NULL,
    measure    text NOT NULL, -- what one of it is called: kg, con, thùng
    kind       text NOT NULL,
    unit_value bigint NOT NULL DEFAULT 0 CHECK (unit_value >= 0), -- đồng for one
    shelf_days bigint NOT NULL DEFAULT 0, -- 0: does not spoil
    active     boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
);

-- What a unit needs. Promised is what offers have set aside for it, received is what has arrived; both in the item's measure.
CREATE TABLE relief_need (
    id           text PRIMARY KEY,
    unit_id      text NOT NULL,
    item_id      text NOT NULL REFERENCES relief_item (id),
    qty          bigint NOT NULL CHECK (qty > 0),
    promised     bigint NOT NULL DEFAULT 0 CHECK (promised >= 0),
    received     bigint NOT NULL DEFAULT 0 CHECK (received >= 0),
    urgency      text NOT NULL,
    place        text NOT NULL DEFAULT '',
    note         text NOT NULL DEFAULT '', -- for officials
    state        text NOT NULL,
    reason       text NOT NULL DEFAULT '', -- why it was closed or withdrawn
    created_at   timestamptz NOT NULL,
    created_by   text NOT NULL,
    opened_at    timestamptz,
    confirmed_at timestamptz,
    closed_at    timestamptz,
    nudged_at    timestamptz,
    offline_id   text NOT NULL DEFAULT ''
);
CREATE INDEX relief_need_unit ON relief_need (unit_id, state);
CREATE INDEX relief_need_state ON relief_need (state, item_id);
CREATE UNIQUE INDEX relief_need_offline ON relief_need (offline_id) WHERE offline_id <> '';

-- What a unit asks people not to bring.
CREATE TABLE relief_avoid (
    id         text PRIMARY KEY,
    unit_id    text NOT NULL,
    what       text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL
);
CREATE INDEX relief_avoid_unit ON relief_avoid (unit_id);

-- What somebody offers. Sealed holds name and telephone; only who may match offers opens it.
CREATE TABLE relief_offer (
    id         text PRIMARY KEY,
    code       text NOT NULL UNIQUE, -- the giver follows the offer by it
    item_id    text NOT NULL REFERENCES relief_item (id),
    qty        bigint NOT NULL CHECK (qty > 0),
    reserved   bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    unit_id    text NOT NULL, -- the commune where the goods are
    place      text NOT NULL DEFAULT '',
    transport  text NOT NULL,
    until      text NOT NULL DEFAULT '', -- last day on which it stands; '' open
    group_name text NOT NULL DEFAULT '', -- name that may be shown; '' stays unnamed
    note       text NOT NULL DEFAULT '',
    sealed     text NOT NULL,
    state      text NOT NULL,
    reason     text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    decided_by text NOT NULL DEFAULT '',
    CHECK (reserved <= qty)
);
CREATE INDEX relief_offer_state ON relief_offer (state, created_at);

-- A part of an offer that is meant for one need.
CREATE TABLE relief_match (
    id         text PRIMARY KEY,
    offer_id   text NOT NULL REFERENCES relief_offer (id),
    need_id    text NOT NULL REFERENCES relief_need (id),
    qty        bigint NOT NULL CHECK (qty > 0),
    state      text NOT NULL,
    transport  text NOT NULL,
    carrier    text NOT NULL DEFAULT '', -- who drives, when it was found
    reason     text NOT NULL DEFAULT '',
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    closed_at  timestamptz
);
CREATE INDEX relief_match_offer ON relief_match (offer_id);
CREATE INDEX relief_match_need ON relief_match (need_id);
CREATE INDEX relief_match_state ON relief_match (state, expires_at);

CREATE TABLE relief_warehouse (
    id         text PRIMARY KEY,
    unit_id    text NOT NULL,
    code       text NOT NULL UNIQUE, -- stands in the numbers of slips
    name       text NOT NULL,
    folded     text NOT NULL,
    address    text NOT NULL,
    hours      text NOT NULL DEFAULT '',
    phone      text NOT NULL DEFAULT '', -- of the office, shown to everybody
    takes      boolean NOT NULL, -- people may bring goods here
    active     boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX relief_warehouse_unit ON relief_warehouse (unit_id);

-- The last number given out per warehouse, kind of slip and year.
CREATE TABLE relief_number (
    warehouse_id text NOT NULL,
    kind         text NOT NULL,
    year         bigint NOT NULL,
    last         bigint NOT NULL,
    PRIMARY KEY (warehouse_id, kind, year)
);

-- The papers of a warehouse. Nothing is deleted: a mistake is reversed by another slip.
CREATE TABLE relief_slip (
    id           text PRIMARY KEY,
    warehouse_id text NOT NULL REFERENCES relief_warehouse (id),
    unit_id      text NOT NULL,
    kind         text NOT NULL,
    year         bigint NOT NULL,
    number       bigint NOT NULL,
    on_date      text NOT NULL,
    party        text NOT NULL DEFAULT '', -- from whom, to whom, as the paper says
    folded       text NOT NULL DEFAULT '',
    reason       text NOT NULL DEFAULT '',
    to_id        text NOT NULL DEFAULT '', -- transfer: the other warehouse
    state        text NOT NULL,
    value        bigint NOT NULL DEFAULT 0, -- the one value of the slip, đồng
    need_id      text NOT NULL DEFAULT '',
    household_id text NOT NULL DEFAULT '',
    programme    text NOT NULL DEFAULT '',
    witness      text NOT NULL DEFAULT '',
    reverses     text NOT NULL DEFAULT '',
    source       text NOT NULL DEFAULT '', -- what it was made from, once: 'file:…', 'offline:…'
    created_at   timestamptz NOT NULL,
    created_by   text NOT NULL,
    created_name text NOT NULL,
    UNIQUE (warehouse_id, kind, year, number)
);
CREATE UNIQUE INDEX relief_slip_source ON relief_slip (source) WHERE source <> '';
CREATE UNIQUE INDEX relief_slip_reverses ON relief_slip (reverses) WHERE reverses <> '';
CREATE INDEX relief_slip_list ON relief_slip (warehouse_id, created_at);
CREATE INDEX relief_slip_household ON relief_slip (household_id, on_date) WHERE household_id <> '';

-- Goods of one item, one use-by date and one unit value: they need not be told apart.
CREATE TABLE relief_lot (
    id         text PRIMARY KEY,
    item_id    text NOT NULL REFERENCES relief_item (id),
    expires    text NOT NULL DEFAULT '', -- '' does not spoil
    unit_value bigint NOT NULL CHECK (unit_value >= 0),
    UNIQUE (item_id, expires, unit_value)
);

-- The double-entry book of goods: every movement leaves one place and reaches another.
CREATE TABLE relief_movement (
    id         text PRIMARY KEY,
    slip_id    text NOT NULL DEFAULT '',
    box_id     text NOT NULL DEFAULT '',
    item_id    text NOT NULL,
    lot_id     text NOT NULL REFERENCES relief_lot (id),
    from_place text NOT NULL,
    to_place   text NOT NULL,
    qty        bigint NOT NULL CHECK (qty > 0),
    value      bigint NOT NULL, -- qty times the lot's unit value, nowhere else
    note       text NOT NULL DEFAULT '',
    at         timestamptz NOT NULL,
    CHECK (from_place <> to_place)
);
CREATE INDEX relief_movement_slip ON relief_movement (slip_id);
CREATE INDEX relief_movement_box ON relief_movement (box_id) WHERE box_id <> '';

-- What lies where now: the sum of the movements, kept beside them so that it can never fall below zero.
CREATE TABLE relief_stock (
    place   text NOT NULL,
    lot_id  text NOT NULL REFERENCES relief_lot (id),
    item_id text NOT NULL,
    qty     bigint NOT NULL CHECK (qty >= 0),
    PRIMARY KEY (place, lot_id)
);
CREATE INDEX relief_stock_item ON relief_stock (item_id);

-- Boxes are planned in batches with one packing list.
CREATE TABLE relief_batch (
    id           text PRIMARY KEY,
    unit_id      text NOT NULL,
    warehouse_id text NOT NULL REFERENCES relief_warehouse (id),
    dest_id      text NOT NULL REFERENCES relief_warehouse (id),
    need_id      text NOT NULL DEFAULT '',
    name         text NOT NULL,
    boxes        bigint NOT NULL,
    created_at   timestamptz NOT NULL,
    created_by   text NOT NULL
);
CREATE INDEX relief_batch_list ON relief_batch (warehouse_id, created_at);

CREATE TABLE relief_packing (
    batch_id text NOT NULL REFERENCES relief_batch (id),
    item_id  text NOT NULL REFERENCES relief_item (id),
    qty      bigint NOT NULL CHECK (qty > 0),
    PRIMARY KEY (batch_id, item_id)
);

CREATE TABLE relief_truck (
    id         text PRIMARY KEY,
    code       text NOT NULL UNIQUE,
    unit_id    text NOT NULL,
    from_id    text NOT NULL REFERENCES relief_warehouse (id),
    to_id      text NOT NULL REFERENCES relief_warehouse (id),
    label      text NOT NULL, -- what it is called aloud: "Xe tải 5 tấn số 2"
    sealed     text NOT NULL DEFAULT '', -- driver's name and telephone
    state      text NOT NULL,
    left_at    timestamptz,
    arrived_at timestamptz,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL
);
CREATE INDEX relief_truck_from ON relief_truck (from_id, state);

CREATE TABLE relief_box (
    id           text PRIMARY KEY,
    code         text NOT NULL UNIQUE,
    batch_id     text NOT NULL REFERENCES relief_batch (id),
    unit_id      text NOT NULL,
    warehouse_id text NOT NULL,
    dest_id      text NOT NULL,
    need_id      text NOT NULL DEFAULT '',
    ordinal      bigint NOT NULL, -- its number in the batch, from 1
    round        bigint NOT NULL DEFAULT 0, -- how often it was unpacked again
    state        text NOT NULL,
    truck_id     text NOT NULL DEFAULT '',
    packed_at    timestamptz,
    loaded_at    timestamptz,
    received_at  timestamptz
);
CREATE INDEX relief_box_batch ON relief_box (batch_id, ordinal);
CREATE INDEX relief_box_truck ON relief_box (truck_id) WHERE truck_id <> '';

-- Each act on a box, once.
CREATE TABLE relief_scan (
    id       text PRIMARY KEY,
    box_id   text NOT NULL REFERENCES relief_box (id),
    act      text NOT NULL,
    round    bigint NOT NULL,
    truck_id text NOT NULL DEFAULT '',
    at       timestamptz NOT NULL,
    by_id    text NOT NULL,
    by_name  text NOT NULL,
    UNIQUE (box_id, act, round)
);
