-- +goose Up
-- What cases are about. Codes are the services of Open311; names and words can be changed, codes stay.
CREATE TABLE routing_category (
    code     text PRIMARY KEY,
    name_vi  text NOT NULL,
    name_en  text NOT NULL,
    words    text NOT NULL DEFAULT '', -- comma-separated, without diacritics: they speak for the category
    active   boolean NOT NULL,
    position integer NOT NULL
);
INSERT INTO routing_category (code, name_vi, name_en, words, active, position) VALUES
    ('road',      'Đường sá, cầu cống',            'Roads and bridges',       'duong, o ga, cau, via he, mat duong, lan chiem, cong qua duong, bien bao', true, 1),
    ('lighting',  'Điện chiếu sáng',               'Street lighting',         'den duong, chieu sang, bong den, cot den', true, 2),
    ('drainage',  'Thoát nước, ngập úng',          'Drainage and flooding',   'thoat nuoc, ngap, cong ranh, muong, ung', true, 3),
    ('waste',     'Rác thải',                      'Waste',                   'rac, thu gom, bai rac, thung rac', true, 4),
    ('pollution', 'Ô nhiễm môi trường',            'Pollution',               'o nhiem, mui hoi, nuoc thai, khoi bui, tieng on, xa thai, nuoc may, nuoc sach', true, 5),
    ('welfare',   'Chính sách xã hội, an sinh',    'Welfare',                 'ho ngheo, can ngheo, nguoi co cong, bao tro, tro cap, chinh sach, che do, thuong binh, nguoi cao tuoi, bao hiem', true, 6),
    ('procedure', 'Thủ tục hành chính',            'Administrative procedures','thu tuc, ho so, giay to, khai sinh, ho khau, mot cua, cong chung, can cuoc', true, 7),
    ('security',  'An ninh, trật tự',              'Security and order',      'an ninh, trom, danh bac, ma tuy, danh nhau, gay roi, toc do, trat tu', true, 8),
    ('land',      'Đất đai, xây dựng',             'Land and building',       'dat, so do, quy hoach, xay dung, boi thuong, giai phong mat bang, ranh gioi, tai dinh cu', true, 9),
    ('education', 'Giáo dục',                      'Education',               'truong hoc, hoc sinh, giao vien, hoc phi, lop hoc, tuyen sinh', true, 10),
    ('health',    'Y tế',                          'Health',                  'tram y te, benh vien, kham benh, tiem chung, thuoc, bac si', true, 11),
    ('farming',   'Nông nghiệp, thủy lợi',         'Farming and irrigation',  'lua, ruong, thuy loi, kenh muong, chan nuoi, dich benh, giong, vat nuoi', true, 12);

-- Who answers for a category in a place. A row is never changed but by ending it.
CREATE TABLE routing_rule (
    id           text PRIMARY KEY,
    category     text NOT NULL,
    place_id     text NOT NULL DEFAULT '', -- the unit in which it holds, with those below; '': everywhere
    to_kind      text NOT NULL,            -- "agency": commune/ubnd or province/so-xay-dung of the place; "unit"; "outside"
    to_value     text NOT NULL,
    source       text NOT NULL,
    valid_from   text NOT NULL,
    valid_to     text NOT NULL,
    made_at      timestamptz,
    made_by_name text NOT NULL DEFAULT '',
    reason       text NOT NULL DEFAULT ''
);
CREATE INDEX routing_rule_category ON routing_rule (category, valid_from);
INSERT INTO routing_rule (id, category, to_kind, to_value, source, valid_from, valid_to) VALUES
    ('base-road',      'road',      'agency', 'commune/ubnd', 'Luật Tổ chức chính quyền địa phương 72/2025/QH15, Điều 22', '2025-07-01', '9999-12-31'),
    ('base-lighting',  'lighting',  'agency', 'commune/ubnd', 'Luật Tổ chức chính quyền địa phương 72/2025/QH15, Điều 22', '2025-07-01', '9999-12-31'),
    ('base-drainage',  'drainage',  'agency', 'commune/ubnd', 'Luật Tổ chức chính quyền địa phương 72/2025/QH15, Điều 22', '2025-07-01', '9999-12-31'),
    ('base-waste',     'waste',     'agency', 'commune/ubnd', 'Luật Bảo vệ môi trường 72/2020/QH14, Điều 168',             '2025-07-01', '9999-12-31'),
    ('base-pollution', 'pollution', 'agency', 'commune/ubnd', 'Luật Bảo vệ môi trường 72/2020/QH14, Điều 168',             '2025-07-01', '9999-12-31'),
    ('base-welfare',   'welfare',   'agency', 'commune/ubnd', 'Luật Tổ chức chính quyền địa phương 72/2025/QH15, Điều 22', '2025-07-01', '9999-12-31'),
    ('base-procedure', 'procedure', 'agency', 'commune/ubnd', 'Luật Tổ chức chính quyền địa phương 72/2025/QH15, Điều 22', '2025-07-01', '9999-12-31'),
    ('base-security',  'security',  'agency', 'commune/cong-an', 'Luật Công an nhân dân 37/2018/QH14',                     '2025-07-01', '9999-12-31'),
    ('base-land',      'land',      'agency', 'commune/ubnd', 'Luật Đất đai 31/2024/QH15',                                 '2025-07-01', '9999-12-31'),
    ('base-education', 'education', 'agency', 'commune/ubnd', 'Luật Giáo dục 43/2019/QH14, Điều 105',                      '2025-07-01', '9999-12-31'),
    ('base-health',    'health',    'agency', 'province/so-y-te', 'Luật Tổ chức chính quyền địa phương 72/2025/QH15',      '2025-07-01', '9999-12-31'),
    ('base-farming',   'farming',   'agency', 'commune/ubnd', 'Luật Tổ chức chính quyền địa phương 72/2025/QH15, Điều 22', '2025-07-01', '9999-12-31');

-- Bodies that have no place in the house: companies of power and water, offices of the centre.
CREATE TABLE routing_body (
    id      text PRIMARY KEY,
    unit_id text NOT NULL, -- the unit of the Front that keeps the entry
    name    text NOT NULL,
    email   text NOT NULL DEFAULT '',
    active  boolean NOT NULL
);
CREATE INDEX routing_body_unit ON routing_body (unit_id);

-- What such a body was asked, and what it answered.
CREATE TABLE routing_ask (
    id          text PRIMARY KEY,
    case_id     text NOT NULL,
    body_id     text NOT NULL,
    body_name   text NOT NULL,
    email       text NOT NULL DEFAULT '',
    unit_id     text NOT NULL,        -- the unit that asks
    body_text   text NOT NULL,        -- the case as the body reads it: masked, and looked at by a person
    why         text NOT NULL,
    token_hash  text NOT NULL UNIQUE, -- SHA-256 of the secret in the link; the link itself is not kept
    expires_at  timestamptz NOT NULL,
    asked_at    timestamptz NOT NULL,
    asked_by    text NOT NULL,
    asked_name  text NOT NULL,
    mailed_at   timestamptz,
    mail_error  text NOT NULL DEFAULT '',
    answer      text NOT NULL DEFAULT '',
    answer_by   text NOT NULL DEFAULT '',
    answer_from text NOT NULL DEFAULT '', -- "link" or the sender's address of a letter
    answered_at timestamptz,
    taken_at    timestamptz,          -- when the desk put it into its draft
    revoked_at  timestamptz
);
CREATE INDEX routing_ask_case ON routing_ask (case_id, asked_at);
