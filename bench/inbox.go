package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// The inbox of a province after two years: so many messages, ten to a conversation, and one conversation that never ends.
const (
	inboxMessages = 1_000_000
	inboxTalks    = 10 // messages to one conversation
	inboxLong     = 5_000
	inboxDays     = 700
)

// inbox measures how long the inbox takes to open over a million messages in a hundred thousand conversations of 482 Official
// Accounts and as many pages; a tenth of them with -short. The limit is 100 ms at the 95th percentile.
func (b *bench) inbox(ctx context.Context) error {
	n := inboxMessages
	if b.short {
		n /= 10
	}
	return b.engines(func(engine db.Engine, url string) error { return b.inboxOn(ctx, engine, url, n) })
}

func (b *bench) inboxOn(ctx context.Context, engine db.Engine, url string, n int) (err error) {
	if url != "" {
		if url, err = emptyDatabase(ctx, url, "inbox"); err != nil {
			return err
		}
	}
	r, err := b.house(ctx, "inbox-"+string(engine), rig.Setup{Year2024: true, Pages: true, Database: url})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	began := time.Now()
	long, err := fillInbox(ctx, r, n)
	if err != nil {
		return err
	}
	b.line("%-8s %d messages in %d conversations of %d accounts were written in %s", engine, n, n/inboxTalks, 2*len(r.Units), short(time.Since(began)))
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
	pages, err := inboxPages(ctx, house, r, long)
	if err != nil {
		return err
	}
	return b.inboxLists(ctx, engine, house, append(inboxLists(ctx, house.Rooms(), r, long), pages...))
}

// inboxLists measures each list and page. One over the limit is told, and all are measured before that ends the run.
func (b *bench) inboxLists(ctx context.Context, engine db.Engine, house *app.House, lists []caseList) error {
	rounds := 60
	if b.short {
		rounds = 20
	}
	var slow []string
	for _, m := range lists {
		took := make([]time.Duration, 0, rounds)
		if err := m.do(0); err != nil { // statements and plans are known by then, as in a house that runs
			return fmt.Errorf("%s: %w", m.name, err)
		}
		used, err := processorTime(ctx, house.Rooms().DB)
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
		after, err := processorTime(ctx, house.Rooms().DB)
		if err != nil {
			return err
		}
		slices.Sort(took)
		p95 := took[len(took)*95/100]
		b.line("%-8s %-40s median %8s · p95 %8s · processor %8s; limit %s: ratio %.2f", engine, m.name, short(took[len(took)/2]), short(p95),
			short((after-used)/time.Duration(rounds)), short(listLimit), float64(p95)/float64(listLimit))
		if p95 > listLimit {
			slow = append(slow, m.name)
		}
	}
	if len(slow) > 0 {
		return fmt.Errorf("inbox on %s: over %s at p95: %q", engine, listLimit, slow)
	}
	return nil
}

var inboxTopics = []string{"road", "lighting", "waste", "welfare", "procedure", "land"}

// inboxWords are what the desks look for: common words, names, rare ones, two of them, the beginning of a word.
var inboxWords = []string{"đèn đường", "nguyễn thị lan", "cống thoát nước", "rac thai", "xóm 417", "hỗ trợ gạo", "mươ", "nha van hoa"}

func inboxLists(ctx context.Context, rooms app.Rooms, r *rig.Rig, long string) []caseList {
	s := rooms.Inbox
	official := func(unit string) identity.Actor {
		return identity.Actor{Kind: identity.ActorOfficial, ID: "officer-7", Name: "Cán bộ 7", Grants: []identity.Grant{{Role: identity.RoleDeskOfficer, UnitID: unit}}}
	}
	province := func(int) identity.Actor { return official(r.Units[0].ID) }
	commune := func(i int) identity.Actor { return official(r.Units[1+(i*i)%(len(r.Units)-1)].ID) }
	ask := func(who func(int) identity.Actor, f inbox.Filter) func(int) error {
		return func(i int) error {
			g := f
			g.Page = 1 + i%3
			if f.Text != "" {
				g.Text, g.Page = inboxWords[i%len(inboxWords)], 1
			}
			if f.Label != "" {
				g.Label = inboxTopics[i%len(inboxTopics)]
			}
			if f.UnderUnitID != "" {
				g.UnderUnitID = r.Units[1+i%(len(r.Units)-1)].ID
			}
			_, _, err := s.List(ctx, who(i), g)
			return err
		}
	}
	var out []caseList
	for _, who := range []struct {
		name string
		who  func(int) identity.Actor
	}{{"commune", commune}, {"province", province}} {
		for _, v := range inbox.Views {
			out = append(out, caseList{who.name + ": " + string(v), ask(who.who, inbox.Filter{View: v})})
		}
		out = append(out, caseList{who.name + ": open of a topic", ask(who.who, inbox.Filter{Label: "x"})},
			caseList{who.name + ": all of a topic", ask(who.who, inbox.Filter{View: inbox.ViewAll, Label: "x"})},
			caseList{who.name + ": open of a channel", ask(who.who, inbox.Filter{Kind: channel.Facebook})},
			caseList{who.name + ": all of a channel", ask(who.who, inbox.Filter{View: inbox.ViewAll, Kind: channel.Facebook})},
			caseList{who.name + ": search", ask(who.who, inbox.Filter{View: inbox.ViewAll, Text: "x"})},
			caseList{who.name + ": search in the open ones", ask(who.who, inbox.Filter{Text: "x"})})
	}
	return append(out, caseList{"province: open of a commune", ask(province, inbox.Filter{UnderUnitID: "x"})},
		caseList{"a conversation of five thousand messages", func(int) error { _, err := s.Look(ctx, province(0), long); return err }})
}

// inboxPages are the whole pages as a browser asks for them, by officials who are signed in: a commune's and the province's.
func inboxPages(ctx context.Context, house *app.House, r *rig.Rig, long string) ([]caseList, error) {
	today := house.Rooms().Units.Today()
	var ids []string
	err := house.Rooms().DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		var list []identity.SeedOfficial
		for i, u := range []orgunit.Unit{r.Units[1], r.Units[0]} {
			list = append(list, identity.SeedOfficial{Name: "Cán bộ tiếp dân " + u.Name, Email: fmt.Sprintf("desk-%d@rig.example", i),
				Memberships: []identity.Term{{UnitID: u.ID, Role: identity.RoleDeskOfficer, From: today.AddDays(-30)}}})
		}
		ids, err = house.Rooms().People.SeedOfficials(ctx, tx, list)
		return err
	})
	if err != nil {
		return nil, err
	}
	srv := httptest.NewServer(house.Handler()) // lives as long as the process
	var out []caseList
	for i, name := range []string{"commune", "province"} {
		p, err := rig.NewPerson(func() string { return srv.URL })
		if err != nil {
			return nil, err
		}
		if err := p.SignIn(ctx, ids[i]); err != nil {
			return nil, err
		}
		open := func(path string) func(int) error {
			return func(int) error {
				status, _, page, err := p.Do(ctx, path, nil)
				if err == nil && (status != http.StatusOK || !strings.Contains(page, "Người dân")) {
					err = fmt.Errorf("%s answered %d", path, status)
				}
				return err
			}
		}
		out = append(out, caseList{name + ": the page opens", open("/lam-viec/hop-thu")})
		if name == "province" {
			out = append(out, caseList{name + ": page of a long conversation", open(inbox.Href(long))})
		}
	}
	return out, nil
}

var inboxColumns = map[string][]string{
	"inbox_conversation": strings.Fields("id account_id unit_id kind person_id person_name post state unread claimed_by claimed_by_name last_external last_text last_at waiting_since answer_due created_at"),
	"inbox_words":        strings.Fields("id conversation_id unit_id search at"),
	"channel_message":    strings.Fields("id account_id unit_id kind outgoing external_id person_id text said_at state created_at is_comment comment_post"),
	"inbox_message":      strings.Fields("message_id conversation_id incoming at"),
	"inbox_label":        strings.Fields("conversation_id label"),
	"channel_person":     strings.Fields("account_id person_id name follows last_at"),
}

var inboxTables = []string{"inbox_conversation", "inbox_words", "channel_message", "inbox_message", "inbox_label", "channel_person"}

// fillInbox writes n messages in bulk, always the same ones but for ids, and gives the conversation that never ends.
func fillInbox(ctx context.Context, r *rig.Rig, n int) (long string, err error) {
	d, err := r.OpenDatabase(ctx)
	if err != nil {
		return "", err
	}
	defer d.Close()
	var accounts []struct{ ID, UnitID, Kind string }
	if err := d.Read().NewRaw("SELECT id, unit_id, kind FROM channel_account WHERE kind <> 'portal'").Scan(ctx, &accounts); err != nil {
		return "", err
	}
	of := map[string][][2]string{} // unit → its accounts with their kind
	for _, a := range accounts {
		of[a.UnitID] = append(of[a.UnitID], [2]string{a.ID, a.Kind})
	}
	f := &filler{d: d, pending: map[string][][]any{}}
	tables := "('" + strings.Join(inboxTables, "', '") + "')"
	write := func() error {
		w := &talks{f: f, rnd: rand.New(rand.NewPCG(4, 8)), now: r.World.Zalo.Now(), of: of}
		err := w.write(ctx, r.Units, n)
		long = w.long
		return err
	}
	if d.Engine() == db.SQLite {
		if f.sqlite, err = d.SQLWriter().Conn(ctx); err != nil {
			return "", err
		}
		defer f.sqlite.Close()
		return long, errors.Join(f.bulkSQLite(ctx, tables, write), ctx.Err())
	}
	c, err := d.Pool().Acquire(ctx)
	if err != nil {
		return "", err
	}
	f.pg = c.Hijack()
	defer f.pg.Close(ctx)
	again, err := f.without(ctx, "SELECT i.indexname, 'index', i.indexdef FROM pg_indexes AS i WHERE i.tablename IN "+tables+" AND NOT EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.conname = i.indexname)")
	if err != nil {
		return "", err
	}
	if _, err := f.pg.Exec(ctx, "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '256MB'"); err != nil {
		return "", err
	}
	if err := write(); err != nil {
		return "", err
	}
	for _, q := range append(again, "VACUUM ANALYZE", "CHECKPOINT") {
		if _, err := f.pg.Exec(ctx, q); err != nil {
			return "", fmt.Errorf("%.120s: %w", q, err)
		}
	}
	return long, nil
}

func (f *filler) bulkSQLite(ctx context.Context, tables string, write func() error) error {
	exec := func(list ...string) error {
		for _, q := range list {
			if _, err := f.sqlite.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("%.120s: %w", q, err)
			}
		}
		return nil
	}
	again, err := f.without(ctx, "SELECT name, type, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name IN "+tables)
	if err != nil {
		return err
	}
	if err := exec("PRAGMA foreign_keys = off", "PRAGMA synchronous = off", "PRAGMA wal_autocheckpoint = 20000", "BEGIN"); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	if err := exec(append([]string{"COMMIT", "PRAGMA foreign_keys = on"}, again...)...); err != nil {
		return err
	}
	return exec("INSERT INTO inbox_words_fts (inbox_words_fts) VALUES ('rebuild')", // as the triggers do
		"ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA synchronous = full")
}

// talks invents conversations: the towns get most of them; of a hundred 15 are open, half of these taken on by one of four
// hundred officials, 6 hold something unread, 30 are under a topic, a tenth are comments.
type talks struct {
	f    *filler
	rnd  *rand.Rand
	now  time.Time
	of   map[string][][2]string
	long string
}

func (w *talks) write(ctx context.Context, units []orgunit.Unit, n int) error {
	for i := range n / inboxTalks {
		length := inboxTalks
		if i == n/inboxTalks-1 {
			length = inboxLong
		}
		u := units[int(float64(len(units))*w.rnd.Float64()*w.rnd.Float64())]
		if length == inboxLong {
			u = units[0]
		}
		w.talk(u.ID, i, length, time.Duration(float64(inboxDays*24*time.Hour)*float64(n/inboxTalks-i)/float64(n/inboxTalks)))
		for _, t := range inboxTables {
			if rows := w.f.pending[t]; len(rows) >= 500 || i == n/inboxTalks-1 && len(rows) > 0 {
				if err := w.f.put(ctx, t, inboxColumns[t], rows); err != nil {
					return fmt.Errorf("%s: %w", t, err)
				}
				w.f.pending[t] = rows[:0]
			}
		}
	}
	return nil
}

func (w *talks) talk(unit string, i, length int, age time.Duration) {
	rnd := w.rnd
	a := w.of[unit][rnd.IntN(len(w.of[unit]))]
	person, name := fmt.Sprintf("9%014d", i), "Người dân "+[]string{"Nguyễn Thị Lan", "Trần Văn Hùng", "Lê Thị Hoa", "Phan Văn Đức", "Hồ Thị Mai"}[rnd.IntN(5)]
	last := w.now.Add(-age).Truncate(time.Millisecond).UTC()
	talk, post := id.At(last), ""
	if a[1] == string(channel.Facebook) && rnd.IntN(5) == 0 {
		post = fmt.Sprintf("%s_%d", a[0], rnd.IntN(50))
	}
	state, claimed, unread := inbox.StateDone, "", 0
	var waiting, due any
	if rnd.IntN(100) < 15 {
		state, waiting, due = inbox.StateOpen, last, last.Add(24*time.Hour)
		if rnd.IntN(2) == 0 {
			claimed = fmt.Sprintf("officer-%d", rnd.IntN(400))
		}
	}
	if rnd.IntN(100) < 6 {
		unread = 1 + rnd.IntN(3)
	}
	if length == inboxLong {
		w.long = talk
	}
	text := ""
	for k := range length {
		at := last.Add(-time.Duration(length-1-k) * 3 * time.Hour)
		text = inventedQuestion(rnd)
		message, out, how := id.At(at), k%2 == 1, channel.MessageIn
		if out {
			how = channel.MessageSent
		}
		if !out {
			w.add("inbox_words", message, talk, unit, vntext.Fold(name+" "+text), at)
		}
		w.add("channel_message", message, a[0], unit, a[1], out, fmt.Sprintf("e%d-%d", i, k), person, text, at, string(how), at, post != "", post)
		w.add("inbox_message", message, talk, !out, at)
	}
	w.add("inbox_conversation", talk, a[0], unit, a[1], person, name, post, string(state), unread, claimed, claimed, fmt.Sprintf("e%d-%d", i, length-1), vntext.Truncate(text, 140),
		last, waiting, due, last)
	w.add("channel_person", a[0], person, name, true, last)
	if rnd.IntN(100) < 30 {
		w.add("inbox_label", talk, inboxTopics[rnd.IntN(len(inboxTopics))])
	}
}

func (w *talks) add(table string, values ...any) {
	w.f.pending[table] = append(w.f.pending[table], values)
}
