package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// manyCases is how many cases, each with five events, the lists are measured on; a tenth with -short.
const manyCases = 1_000_000

// caseUnits are the units that hold them: the province and its communes.
const caseUnits = 131

// listLimit is what a list may take, at the 95th percentile.
const listLimit = 100 * time.Millisecond

// cases measures the officers' queue, their search, the boards of leaders and the public list over a million cases and five
// million events. The limit is 100 ms at the 95th percentile.
func (b *bench) cases(ctx context.Context) error {
	n := manyCases
	if b.short {
		n /= 10
	}
	return b.engines(func(engine db.Engine, url string) error { return b.casesOn(ctx, engine, url, n) })
}

func (b *bench) casesOn(ctx context.Context, engine db.Engine, url string, n int) (err error) {
	cfg := app.Defaults()
	cfg.Data, cfg.Database, cfg.Listen, cfg.Log.Level = filepath.Join(b.dir, "cases-"+string(engine)), url, "127.0.0.1:1", "warn"
	filled := filepath.Join(cfg.Data, "filled")
	if _, err := os.Stat(filled); err != nil {
		r, err := b.house(ctx, "cases-"+string(engine), rig.Setup{Units: caseUnits, Database: url})
		if err != nil {
			return err
		}
		began := time.Now()
		if err := errors.Join(fillCases(ctx, r, n), r.Close()); err != nil {
			return err
		}
		b.line("%-8s %d cases and %d events were written in %s", engine, n, 5*n, short(time.Since(began)))
		if err := os.WriteFile(filled, nil, 0o600); err != nil {
			return err
		}
	}
	if err := readThrough(filepath.Join(cfg.Data, "nhipcau.db")); err != nil {
		return err
	}
	if err := cfg.Check(); err != nil {
		return err
	}
	var log quiet
	house, err := app.Open(ctx, cfg, &log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	if engine == db.Postgres {
		if err := prewarm(ctx, house.Rooms().DB); err != nil {
			b.line("%-8s its pages come from the disk the first time: %v", engine, err)
		}
	}
	if err := house.Rooms().Deadline.Tally(ctx); err != nil {
		return err
	}
	forest, today := house.Rooms().Units.Forest(), house.Rooms().Units.Today()
	top, err := forest.ByCode(orgunit.LevelProvince, cfg.Province, today)
	if err != nil {
		return err
	}
	units := append([]orgunit.Unit{top}, forest.AtLevel(orgunit.LevelCommune, orgunit.KindFront, top.ID, today)...)
	return b.lists(ctx, engine, house, units[:min(len(units), caseUnits)])
}

// readThrough reads a file once, if it is there, so that the system has it in its memory as in a house that is at work.
func readThrough(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, f)
	return err
}

// prewarm does the same on PostgreSQL, with the extension that comes with its Debian package.
func prewarm(ctx context.Context, d *db.DB) error {
	for _, q := range []string{"CREATE EXTENSION IF NOT EXISTS pg_prewarm", "SELECT sum(pg_prewarm(oid, 'read')) FROM pg_class WHERE relname LIKE 'feedback%' AND relkind IN ('r', 'i')"} {
		if _, err := d.SQLWriter().ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// lists measures each list. A list over the limit is told, and all are measured before that ends the run.
func (b *bench) lists(ctx context.Context, engine db.Engine, house *app.House, units []orgunit.Unit) error {
	rooms := house.Rooms()
	rounds := 60
	if b.short {
		rounds = 10
	}
	var slow []string
	for _, m := range append(officeLists(ctx, rooms, units), publicLists(ctx, rooms, units)...) {
		took := make([]time.Duration, 0, rounds)
		used, err := processorTime(ctx, rooms.DB)
		if err != nil {
			return err
		}
		for i := range rounds {
			began := time.Now()
			if err := m.do(i); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			took = append(took, time.Since(began))
		}
		after, err := processorTime(ctx, rooms.DB)
		if err != nil {
			return err
		}
		slices.Sort(took)
		p95 := took[len(took)*95/100]
		b.line("%-8s %-34s median %8s · p95 %8s · slowest %8s · processor %8s; limit %s: ratio %.2f", engine, m.name, short(took[len(took)/2]), short(p95), short(took[len(took)-1]),
			short((after-used)/time.Duration(rounds)), short(listLimit), float64(p95)/float64(listLimit))
		if p95 > listLimit {
			slow = append(slow, m.name)
		}
	}
	if len(slow) > 0 {
		return fmt.Errorf("cases on %s: over %s at p95: %q", engine, listLimit, slow)
	}
	return nil
}

// caseList is one list that is asked for many times, each time by somebody else or for something else.
type caseList struct {
	name string
	do   func(i int) error
}

// caseWords are what people look for: common words that half of the cases hold, rare ones, two of them, a number, the
// beginning of a word, a word that nobody wrote.
var caseWords = []string{"cống thoát nước", "rác", "tổ 4711", "đèn đường xóm 12", "nhà văn hóa xuống cấp", "mươ", "chế độ người có công tổ 77", "nước", "trạm y tế", "đề nghị"}

func caseWord(i int) string { return caseWords[i%len(caseWords)] }

func officeLists(ctx context.Context, rooms app.Rooms, units []orgunit.Unit) []caseList {
	s := rooms.Feedback
	official := func(role identity.Role, unit string) identity.Actor {
		return identity.Actor{Kind: identity.ActorOfficial, ID: "officer-7", Grants: []identity.Grant{{Role: role, UnitID: unit}}}
	}
	top := official(identity.RoleDeskOfficer, units[0].ID)
	desk := func(i int) identity.Actor { // the biggest communes come first
		return official(identity.RoleDeskOfficer, units[1+(i*i)%(len(units)-1)].ID)
	}
	queue := func(who func(int) identity.Actor, f feedback.Filter) func(int) error {
		return func(i int) error {
			g := f
			g.Page, g.Per = 1+i%3, 50
			if f.Text != "" {
				g.Text, g.Page = caseWord(i), 1
			}
			if f.UnderUnitID != "" {
				g.UnderUnitID = units[1+i%(len(units)-1)].ID
			}
			_, _, err := s.Cases(ctx, who(i), g)
			return err
		}
	}
	province := func(int) identity.Actor { return top }
	leader := func(i int) identity.Actor {
		return official(identity.RoleLeader, units[0].ID)
	}
	var out []caseList
	for _, who := range []struct {
		name string
		who  func(int) identity.Actor
	}{{"commune", desk}, {"province", province}} {
		out = append(out,
			caseList{who.name + ": queue", queue(who.who, feedback.Filter{Open: true})},
			caseList{who.name + ": mine", queue(who.who, feedback.Filter{Open: true, ClaimedBy: "officer-7"})},
			caseList{who.name + ": to approve", queue(who.who, feedback.Filter{State: feedback.StateReview})},
			caseList{who.name + ": overdue", queue(who.who, feedback.Filter{Overdue: true})},
			caseList{who.name + ": answered", queue(who.who, feedback.Filter{State: feedback.StateAnswered})},
			caseList{who.name + ": all", queue(who.who, feedback.Filter{})},
			caseList{who.name + ": queue of petitions", queue(who.who, feedback.Filter{Open: true, Kind: feedback.Petition})},
			caseList{who.name + ": all from a door", queue(who.who, feedback.Filter{Door: feedback.DoorZalo})},
			caseList{who.name + ": search", queue(who.who, feedback.Filter{Text: "x"})},
			caseList{who.name + ": search in the queue", queue(who.who, feedback.Filter{Text: "x", Open: true})},
		)
	}
	return append(out,
		caseList{"province: queue of a commune", queue(province, feedback.Filter{Open: true, UnderUnitID: "x"})},
		caseList{"province: all of a commune", queue(province, feedback.Filter{UnderUnitID: "x"})},
		caseList{"leader: what waits", func(i int) error { _, err := s.Waiting(ctx, leader(i)); return err }},
		caseList{"desk: what waits", func(i int) error { _, err := s.Waiting(ctx, desk(i)); return err }},
		caseList{"leader: figures of all units", func(i int) error { _, err := s.Counts(ctx, leader(i)); return err }},
		caseList{"leader: overdue board", func(i int) error { _, err := rooms.Deadline.Board(ctx, leader(i)); return err }},
	)
}

func publicLists(ctx context.Context, rooms app.Rooms, units []orgunit.Unit) []caseList {
	s := published.Of(rooms.Feedback)
	commune := func(i int) string { return units[1+(i*i)%(len(units)-1)].ID }
	found := func(unit func(int) string, words bool) func(int) error {
		return func(i int) error {
			text := ""
			if words {
				text = caseWord(i)
			}
			_, _, err := s.Search(ctx, unit(i), text, 1+i%3, 20)
			return err
		}
	}
	open := func(f func(i int) published.Filter) func(int) error {
		return func(i int) error {
			g := f(i)
			g.Page, g.Per = 1+i%3, 20
			_, _, err := s.Cases(ctx, g)
			return err
		}
	}
	all := func(int) string { return "" }
	top := func(int) string { return units[0].ID }
	kind := func(i int) []published.Matter {
		switch n := i % (len(caseMatters) + 1); n {
		case len(caseMatters):
			return []published.Matter{{Kind: feedback.Petition}}
		case len(caseMatters) - 1: // the last one is no matter: what is left
			return []published.Matter{{Kind: feedback.Report, Except: caseMatters[:n]}}
		default:
			return []published.Matter{{Kind: feedback.Report, Category: caseMatters[n]}}
		}
	}
	year := func(i int) (from, to time.Time) {
		y := time.Now().Year() - i%3
		return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(y+1, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return []caseList{
		{"public list", found(all, false)},
		{"public list of the province", found(top, false)},
		{"public list of a commune", found(commune, false)},
		{"public search", found(all, true)},
		{"public search in a commune", found(commune, true)},
		{"public list by matter", open(func(i int) published.Filter { return published.Filter{Kinds: kind(i)} })},
		{"public list by year", open(func(i int) published.Filter { from, to := year(i); return published.Filter{From: from, To: to} })},
		{"public list by place, matter, year", open(func(i int) published.Filter {
			from, to := year(i)
			return published.Filter{UnitID: commune(i), Kinds: kind(i), From: from, To: to}
		})},
		{"public days taken", func(i int) error {
			unit := ""
			if i%2 == 1 {
				unit = commune(i)
			}
			_, err := s.DaysTaken(ctx, unit)
			return err
		}},
		{"public punctuality", func(i int) error { _, err := rooms.Deadline.Punctuality(ctx, "", 0); return err }},
	}
}
