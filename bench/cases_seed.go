package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// seedDays is over how many days up to today the invented cases came in; a million are then 1,400 a day.
const seedDays = 700

// invented is one case that the lists are measured on.
type invented struct {
	id, code, kind, state, category, text, door, unit, origin string
	claimed                                                   string
	sealed                                                    string // the words of a complaint or denunciation
	received, since                                           time.Time
	deadline                                                  clock.Date
	answered, closed, paused                                  any // time.Time or nil
	published                                                 bool
}

// caseMatters are the categories of reports; "" is what has none.
var caseMatters = []string{"road", "lighting", "drainage", "waste", "pollution", "welfare", "procedure", "security", "land", ""}

// caseWorld invents cases, always the same ones for the same seed but for ids and codes.
type caseWorld struct {
	rnd   *rand.Rand
	units []string // the first ones are the towns: they get most
	now   time.Time
	total int
	box   *secret.Box // of the house, whose leaders read complaints
	err   error       // of sealing
}

// nth invents the case number i, the oldest first. Of a hundred cases 68 are reports, 29 petitions, 2 complaints and one a
// denunciation; nearly all of the last ten days are open, of older ones three in a hundred; one in five has a public answer.
func (w *caseWorld) nth(i int) invented {
	r := w.rnd
	age := time.Duration(float64(w.total-1-i) / float64(w.total) * seedDays * 24 * float64(time.Hour))
	c := invented{received: w.now.Add(-age).Truncate(time.Millisecond).UTC(), code: id.NewCode(), kind: "report", door: "portal"}
	c.id = id.At(c.received)
	c.unit = w.units[int(float64(len(w.units))*r.Float64()*r.Float64())]
	c.origin = c.unit
	if r.IntN(12) == 0 { // passed on
		c.unit = w.units[r.IntN(len(w.units))]
	}
	if r.IntN(4) == 0 {
		c.door = []string{"zalo", "facebook", "counter", "phone", "area"}[r.IntN(5)]
	}
	c.category = caseMatters[r.IntN(len(caseMatters))]
	switch n := r.IntN(100); {
	case n == 0:
		c.kind = "denunciation"
	case n < 3:
		c.kind = "complaint"
	case n < 32:
		c.kind = "petition"
	}
	c.text = inventedQuestion(r) + " " + inventedQuestion(r)
	if c.secret() {
		words, err := json.Marshal(map[string]string{"Text": c.text})
		if err == nil {
			c.sealed, err = w.box.Seal(words, "feedback_case:"+c.id)
		}
		w.err = errors.Join(w.err, err)
	}
	c.deadline = clock.DateOf(c.received).AddDays(14)
	c.since = c.received.Add(3 * time.Hour)
	c.claimed = fmt.Sprintf("officer-%d", r.IntN(400))
	w.end(&c, age)
	return c
}

// end says how the case stands by now.
func (w *caseWorld) end(c *invented, age time.Duration) {
	r := w.rnd
	open := r.IntN(100) < 3
	if age < 10*24*time.Hour {
		open = r.IntN(100) < 85
	}
	if open {
		c.state = []string{"received", "working", "working", "review"}[r.IntN(4)]
		if c.state == "received" {
			c.claimed = ""
		} else if r.IntN(20) == 0 {
			c.paused = c.since
		}
		return
	}
	at := c.received.Add(min(age, time.Duration(24+r.IntN(16*24))*time.Hour))
	c.answered, c.closed, c.state = at, at.Add(15*24*time.Hour), "closed"
	switch n := r.IntN(100); {
	case w.now.Sub(at) < 15*24*time.Hour:
		c.state, c.closed = "answered", nil
	case n < 3:
		c.state, c.answered = "refused", nil
	case n < 6:
		c.state, c.answered = "merged", nil
	}
	c.published = c.answered != nil && (c.kind == "report" || c.kind == "petition") && r.IntN(4) == 0
}

var (
	caseColumns = strings.Fields(`id code source_key kind state category body search door origin_unit_id holder_unit_id holder_since claimed_by received_at deadline days source
		answered_at closed_at paused_at may_publish published has_person salt text_hash leaf sealed version`)
	eventColumns  = strings.Fields("id case_id step at actor_id actor_name unit_id public")
	publicColumns = strings.Fields("id unit_id origin_id title question answer asked_on answered_at days published_at confirmed_by rating search")
)

func (c invented) secret() bool { return c.kind == "complaint" || c.kind == "denunciation" }

func (c invented) row() []any {
	body, search := c.text, vntext.Fold(c.code+" "+c.text)
	if c.secret() {
		body, search = "", vntext.Fold(c.code)
	}
	hash := c.id + c.id[:28]
	return []any{c.id, c.code, "portal:" + c.id, c.kind, c.state, c.category, body, search, c.door, c.origin, c.unit, c.since, c.claimed, c.received, string(c.deadline), 10,
		"Luật Tiếp công dân 42/2013/QH13, Điều 28", c.answered, c.closed, c.paused, true, c.published, false, hash, hash, hash, c.sealed, 5}
}

// events are the five steps of a case.
func (c invented) events() [][]any {
	steps := []string{"receive", "claim", "note", "submit", "approve"}
	if c.answered == nil {
		steps = []string{"receive", "claim", "categorise", "note", "remind"}
	}
	var out [][]any
	for k, s := range steps {
		at := c.received.Add(time.Duration(k) * 5 * time.Hour)
		out = append(out, []any{id.At(at), c.id, s, at, c.claimed, "Trần Thị Bích", c.unit, k == 0 || s == "approve"})
	}
	return out
}

const inventedAnswer = "Ủy ban đã kiểm tra tại chỗ, giao đội quản lý sửa chữa và hoàn thành trong tuần này; đề nghị bà con tiếp tục theo dõi, phản ánh."

func (c invented) public() []any {
	at := c.answered.(time.Time)
	return []any{c.id, c.unit, c.origin, vntext.Truncate(c.text, 120), c.text, inventedAnswer, string(clock.DateOf(c.received)), at, int(at.Sub(c.received)/(34*time.Hour)) + 1, at, "officer-1", 0, c.words()}
}

func (c invented) words() string {
	all := vntext.Tokens(c.text + " " + inventedAnswer)
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

// filler writes rows in bulk: without indexes, which are made at the end, and without flushing.
type filler struct {
	d       *db.DB
	sqlite  *sql.Conn // on SQLite
	pg      *pgx.Conn // on PostgreSQL
	pending map[string][][]any
}

var seedTables = []string{"feedback_case", "feedback_event", "feedback_public"}

// fillCases writes n cases over the communes of the rig, each with five events, a fifth with a public answer.
func fillCases(ctx context.Context, r *rig.Rig, n int) error {
	d, err := r.OpenDatabase(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	f := &filler{d: d, pending: map[string][][]any{}}
	box, err := secret.Load(filepath.Join(r.Config("").Data, "keys", "house.key"))
	if err != nil {
		return err
	}
	w := &caseWorld{rnd: rand.New(rand.NewPCG(3, 5)), now: time.Now(), total: n, box: box}
	for _, u := range r.Units {
		w.units = append(w.units, u.ID)
	}
	if d.Engine() == db.SQLite {
		if f.sqlite, err = d.SQLWriter().Conn(ctx); err != nil {
			return err
		}
		defer f.sqlite.Close()
		return f.fillSQLite(ctx, w)
	}
	c, err := d.Pool().Acquire(ctx)
	if err != nil {
		return err
	}
	f.pg = c.Hijack()
	defer f.pg.Close(ctx)
	return f.fillPostgres(ctx, w)
}

func (f *filler) fillSQLite(ctx context.Context, w *caseWorld) error {
	exec := func(list ...string) error {
		for _, q := range list {
			if _, err := f.sqlite.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("%.120s: %w", q, err)
			}
		}
		return nil
	}
	again, err := f.without(ctx, "SELECT name, type, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name IN ('"+strings.Join(seedTables, "', '")+"')")
	if err != nil {
		return err
	}
	if err := exec("PRAGMA foreign_keys = off", "PRAGMA synchronous = off", "PRAGMA wal_autocheckpoint = 20000", "BEGIN"); err != nil {
		return err
	}
	if err := f.write(ctx, w, 500); err != nil {
		return err
	}
	if err := exec("COMMIT", "PRAGMA foreign_keys = on"); err != nil {
		return err
	}
	if err := exec(again...); err != nil {
		return err
	}
	for _, t := range [][2]string{{"feedback_case", "holder_unit_id || ' ' || x.origin_unit_id"}, {"feedback_public", "unit_id || ' ' || x.origin_id"}} { // as the triggers do
		if err := exec("INSERT INTO "+t[0]+"_doc (id) SELECT id FROM "+t[0]+" ORDER BY id",
			"INSERT INTO "+t[0]+"_fts (rowid, search, units) SELECT d.doc, x.search, replace(x."+t[1]+", '-', '') FROM "+t[0]+"_doc AS d JOIN "+t[0]+" AS x ON x.id = d.id ORDER BY d.doc"); err != nil {
			return err
		}
	}
	return exec("ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA synchronous = full")
}

func (f *filler) fillPostgres(ctx context.Context, w *caseWorld) error {
	again, err := f.without(ctx, `SELECT i.indexname, 'index', i.indexdef FROM pg_indexes AS i WHERE i.tablename IN ('`+strings.Join(seedTables, "', '")+`')
		AND NOT EXISTS (SELECT 1 FROM pg_constraint AS c WHERE c.conname = i.indexname)`)
	if err != nil {
		return err
	}
	if _, err := f.pg.Exec(ctx, "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '512MB'"); err != nil {
		return err
	}
	if err := f.write(ctx, w, 20_000); err != nil {
		return err
	}
	for _, q := range append(again, "VACUUM ANALYZE", "CHECKPOINT") {
		if _, err := f.pg.Exec(ctx, q); err != nil {
			return fmt.Errorf("%.120s: %w", q, err)
		}
	}
	return nil
}

// without drops what a query lists as name, type and definition, and gives the definitions.
func (f *filler) without(ctx context.Context, query string) ([]string, error) {
	found, err := f.definitions(ctx, query)
	if err != nil {
		return nil, err
	}
	var again []string
	for _, x := range found {
		q := "DROP " + x[1] + " " + x[0]
		if f.pg != nil {
			_, err = f.pg.Exec(ctx, q)
		} else {
			_, err = f.sqlite.ExecContext(ctx, q)
		}
		if err != nil {
			return nil, err
		}
		again = append(again, x[2])
	}
	return again, nil
}

func (f *filler) definitions(ctx context.Context, query string) ([][3]string, error) {
	list, err := f.query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	var found [][3]string
	for list.Next() {
		var x [3]string
		if err := list.Scan(&x[0], &x[1], &x[2]); err != nil {
			return nil, err
		}
		found = append(found, x)
	}
	return found, list.Err()
}

func (f *filler) query(ctx context.Context, q string) (*sql.Rows, error) {
	if f.sqlite != nil {
		return f.sqlite.QueryContext(ctx, q)
	}
	return f.d.SQLWriter().QueryContext(ctx, q)
}

// write invents the cases and passes them on in packs.
func (f *filler) write(ctx context.Context, w *caseWorld, pack int) error {
	columns := map[string][]string{"feedback_case": caseColumns, "feedback_event": eventColumns, "feedback_public": publicColumns}
	flush := func(atLeast int) error {
		for _, table := range seedTables {
			rows := f.pending[table]
			if len(rows) < atLeast || len(rows) == 0 {
				continue
			}
			if err := f.put(ctx, table, columns[table], rows); err != nil {
				return fmt.Errorf("%s: %w", table, err)
			}
			f.pending[table] = rows[:0]
		}
		return nil
	}
	for i := range w.total {
		c := w.nth(i)
		f.pending["feedback_case"] = append(f.pending["feedback_case"], c.row())
		f.pending["feedback_event"] = append(f.pending["feedback_event"], c.events()...)
		if c.published {
			f.pending["feedback_public"] = append(f.pending["feedback_public"], c.public())
		}
		if err := flush(pack); err != nil {
			return err
		}
	}
	return errors.Join(w.err, flush(1))
}

func (f *filler) put(ctx context.Context, table string, columns []string, rows [][]any) error {
	if f.pg != nil {
		_, err := f.pg.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
		return err
	}
	one := "(" + strings.Repeat("?, ", len(columns)-1) + "?)"
	for part := range slices.Chunk(rows, 100) {
		args := make([]any, 0, len(part)*len(columns))
		for _, r := range part {
			args = append(args, r...)
		}
		q := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES " + one + strings.Repeat(", "+one, len(part)-1)
		if _, err := f.sqlite.ExecContext(ctx, q, args...); err != nil {
			return err
		}
	}
	return nil
}
