package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// manyCases is how many cases, each with five events, the lists are measured on; a tenth with -short.
const manyCases = 1_000_000

// cases measures the officers' queue, their search and the public list over a million cases and five million events. The
// limit is 100 ms at the 95th percentile.
func (b *bench) cases(ctx context.Context) error {
	n := manyCases
	if b.short {
		n /= 10
	}
	if err := b.casesOn(ctx, db.SQLite, "", n); err != nil {
		return err
	}
	url, err := b.postgresURL()
	if errors.Is(err, exec.ErrNotFound) {
		b.line("PostgreSQL is not installed (Debian: apt-get install postgresql): its lines are left out")
		return nil
	}
	if err != nil {
		return err
	}
	return b.casesOn(ctx, db.Postgres, url, n)
}

func (b *bench) casesOn(ctx context.Context, engine db.Engine, url string, n int) (err error) {
	r, err := b.house(ctx, "cases-"+string(engine), rig.Setup{Units: 130, Database: url})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	began := time.Now()
	if err := fillCases(ctx, r, n); err != nil {
		return err
	}
	b.line("%-8s %d cases and %d events were written in %s", engine, n, 5*n, short(time.Since(began)))
	cfg := r.Config("127.0.0.1:1")
	if err := cfg.Check(); err != nil {
		return err
	}
	var log quiet
	house, err := app.Open(ctx, cfg, &log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	return b.lists(ctx, engine, house, r)
}

// lists asks for each list many times with different officials and words.
func (b *bench) lists(ctx context.Context, engine db.Engine, house *app.House, r *rig.Rig) error {
	s := house.Rooms().Feedback
	province := s.Unit(r.Units[0].ID).ParentID
	official := func(role identity.Role, unit string) identity.Actor {
		return identity.Actor{Kind: identity.ActorOfficial, ID: "o", Grants: []identity.Grant{{Role: role, UnitID: unit}}}
	}
	words := []string{"den duong", "rac", "so 4711", "ngo 12", "cong thoat nuoc", "kieu 77"}
	list := func(unit func(i int) string, f func(i int) feedback.Filter) func(i int) error {
		return func(i int) error {
			_, _, err := s.Cases(ctx, official(identity.RoleDeskOfficer, unit(i)), f(i))
			return err
		}
	}
	commune := func(i int) string { return r.Units[i%len(r.Units)].ID }
	top := func(int) string { return province }
	for _, m := range []struct {
		name string
		do   func(i int) error
	}{
		{"queue of a commune", list(commune, func(i int) feedback.Filter { return feedback.Filter{Open: true, Page: 1 + i%3, Per: 50} })},
		{"queue of the province", list(top, func(i int) feedback.Filter { return feedback.Filter{Open: true, Page: 1 + i%3, Per: 50} })},
		{"overdue, province", list(top, func(i int) feedback.Filter { return feedback.Filter{Overdue: true, Page: 1, Per: 50} })},
		{"all, province", list(top, func(i int) feedback.Filter { return feedback.Filter{Page: 1 + i%3, Per: 50} })},
		{"search in a commune", list(commune, func(i int) feedback.Filter { return feedback.Filter{Text: words[i%len(words)], Page: 1, Per: 50} })},
		{"search in the province", list(top, func(i int) feedback.Filter { return feedback.Filter{Text: words[i%len(words)], Page: 1, Per: 50} })},
		{"public list", func(i int) error { _, _, err := s.SearchAnswered(ctx, "", "", 1+i%3, 20); return err }},
		{"public list, commune", func(i int) error { _, _, err := s.SearchAnswered(ctx, commune(i), "", 1, 20); return err }},
		{"public search", func(i int) error { _, _, err := s.SearchAnswered(ctx, "", words[i%len(words)], 1, 20); return err }},
	} {
		took := make([]time.Duration, 0, 40)
		for i := range 40 {
			began := time.Now()
			if err := m.do(i); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		p95 := took[len(took)*95/100]
		b.line("%-8s %-24s median %7s · p95 %7s; limit 100 ms: ratio %.2f", engine, m.name, short(took[len(took)/2]), short(p95), p95.Seconds()/0.1)
	}
	return nil
}

// fillCases writes n cases over the communes of the rig, a fifth of them open, a tenth published, each with five events.
func fillCases(ctx context.Context, r *rig.Rig, n int) error {
	d, err := r.OpenDatabase(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	w := d.SQLWriter()
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", n)
	day := "date('2026-11-20', '-' || (i %% 700) || ' days')"
	at := "datetime('2026-11-20', '-' || (i %% 700) || ' days') || '+00:00'"
	pad := "printf('%%012d', i)"
	if d.Engine() == db.Postgres {
		numbers = fmt.Sprintf("WITH n AS (SELECT generate_series(1, %d) AS i)", n)
		day = "to_char(date '2026-11-20' - (i %% 700), 'YYYY-MM-DD')"
		at = "timestamptz '2026-11-20' - make_interval(days => i %% 700)"
		pad = "lpad(i::text, 12, '0')"
	}
	day, at, pad = strings.ReplaceAll(day, "%%", "%"), strings.ReplaceAll(at, "%%", "%"), strings.ReplaceAll(pad, "%%", "%")
	unit := "CASE i % " + fmt.Sprint(len(r.Units))
	for k, u := range r.Units {
		unit += fmt.Sprintf(" WHEN %d THEN '%s'", k, u.ID)
	}
	unit += " END"
	open := "(i % 5 = 0)"
	body := "'Kiểu ' || (i % 997) || ': ' || CASE i % 4 WHEN 0 THEN 'Đèn đường hỏng' WHEN 1 THEN 'Rác không ai thu' WHEN 2 THEN 'Cống thoát nước tắc' ELSE 'Hỏi thủ tục' END || ' ở ngõ ' || (i % 60) || ' số ' || i"
	search := "'kieu ' || (i % 997) || ' ' || CASE i % 4 WHEN 0 THEN 'den duong hong' WHEN 1 THEN 'rac khong ai thu' WHEN 2 THEN 'cong thoat nuoc tac' ELSE 'hoi thu tuc' END || ' o ngo ' || (i % 60) || ' so ' || i"
	for _, q := range []string{
		numbers + ` INSERT INTO feedback_case (id, code, source_key, kind, state, body, search, door, origin_unit_id, holder_unit_id, holder_since, received_at, deadline, days, source, answered_at, may_publish, published, has_person, salt, text_hash, leaf, version)
			SELECT 'c' || ` + pad + `, 'C' || ` + pad + `, 's' || ` + pad + `, 'report', CASE WHEN ` + open + ` THEN 'working' ELSE 'closed' END, ` + body + `, ` + search + `, 'portal', ` + unit + `, ` + unit + `, ` + at + `, ` + at + `, ` + day + `, 10, 'Luật', CASE WHEN ` + open + ` THEN NULL ELSE ` + at + ` END, true, i % 10 = 1, false, 'x', 'x', 'x', 1 FROM n`,
		numbers + `, e(k) AS (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5) INSERT INTO feedback_event (id, case_id, step, at, unit_id, public)
			SELECT 'e' || ` + pad + ` || '-' || k, 'c' || ` + pad + `, CASE k WHEN 1 THEN 'receive' WHEN 2 THEN 'claim' WHEN 3 THEN 'note' WHEN 4 THEN 'submit' ELSE 'approve' END, ` + at + `, ` + unit + `, k IN (1, 5) FROM n CROSS JOIN e`,
		numbers + ` INSERT INTO feedback_public (id, unit_id, origin_id, title, question, answer, asked_on, answered_at, days, published_at, confirmed_by)
			SELECT 'c' || ` + pad + `, ` + unit + `, ` + unit + `, ` + body + `, ` + body + `, 'Đã giải quyết xong.', ` + day + `, ` + at + `, 3, ` + at + `, 'o' FROM n WHERE i % 10 = 1`,
		numbers + ` INSERT INTO feedback_public_word (word, public_id) SELECT CASE k WHEN 1 THEN 'rac' WHEN 2 THEN 'ngo' WHEN 3 THEN 'so' WHEN 4 THEN cast(i AS text) WHEN 5 THEN cast(i % 60 AS text) || 'n' ELSE 'kieu' END, 'c' || ` + pad + `
			FROM n CROSS JOIN (SELECT 1 AS k UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6) AS e WHERE i % 10 = 1`,
		"ANALYZE",
	} {
		if _, err := w.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%.120s: %w", q, err)
		}
	}
	return nil
}
