package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// crowds are how many citizens send at the same moment.
var crowds = []int{1, 16, 64}

// questions measures how many questions a second are durably taken in, through the service and through the portal's form,
// against bare commits of one small row in a database of the same engine and settings.
func (b *bench) questions(ctx context.Context) error {
	b.line("a question is its case, its first event and the note that the rest is to follow, in one transaction, on the disk before it is acknowledged")
	return b.engines(func(engine db.Engine, url string) error { return b.questionsOn(ctx, engine, url) })
}

func (b *bench) questionsOn(ctx context.Context, engine db.Engine, url string) (err error) {
	raw, err := b.rawCommits(ctx, engine, url)
	if err != nil {
		return err
	}
	r, err := b.house(ctx, "questions-"+string(engine), rig.Setup{Units: 5, Database: url})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	service, err := b.serviceRates(ctx, engine, r)
	if err != nil {
		return err
	}
	at, err := rig.FreeAddress()
	if err != nil {
		return err
	}
	p, err := r.Start(ctx, at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	for i, n := range crowds {
		if err := calm(ctx, r); err != nil { // what followed from the questions before is not measured with the next
			return err
		}
		form, err := load(ctx, n, b.window, asker(r, p))
		if err != nil {
			return err
		}
		b.line("%-8s %2d at once: raw %6.0f commits/s · service %6.0f questions/s (p99 %s), ratio %.2f · form %6.0f/s (p99 %s), ratio %.2f", engine, n,
			raw[i].rate(), service[i].rate(), short(service[i].p99), service[i].rate()/raw[i].rate(), form.rate(), short(form.p99), form.rate()/raw[i].rate())
	}
	return b.countQuestions(ctx, r, engine)
}

// calm waits until all questions are settled and no job of the queue is due.
func calm(ctx context.Context, r *rig.Rig) error {
	d, err := r.OpenDatabase(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); {
		var fresh, due int
		err := d.Read().NewRaw("SELECT (SELECT count(*) FROM feedback_fresh), (SELECT count(*) FROM river_job WHERE state IN ('available', 'running'))").Scan(ctx, &fresh, &due)
		if err != nil || fresh == 0 && due == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return errors.New("the questions are not settled after three minutes")
}

// countQuestions checks that what was acknowledged is there.
func (b *bench) countQuestions(ctx context.Context, r *rig.Rig, engine db.Engine) error {
	d, err := r.OpenDatabase(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	var n int
	if err := d.Read().NewRaw("SELECT count(*) FROM feedback_case").Scan(ctx, &n); err != nil {
		return err
	}
	b.line("%-8s %d questions are stored", engine, n)
	return nil
}

// rawCommits inserts one small row per commit, with as many writers as citizens; on SQLite there is one writer.
func (b *bench) rawCommits(ctx context.Context, engine db.Engine, url string) ([]figures, error) {
	dsn := filepath.Join(b.dir, "raw", "raw.db")
	if engine == db.Postgres {
		dsn = url + "&pool_max_conns=64"
	}
	d, err := db.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	w := d.SQLWriter()
	if _, err := w.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS raw (id text PRIMARY KEY, body text NOT NULL)"); err != nil {
		return nil, err
	}
	var out []figures
	for _, n := range crowds {
		f, err := load(ctx, n, b.window, func(int) (func(context.Context) (int64, error), func(), error) {
			return func(ctx context.Context) (int64, error) { return 1, insertRaw(ctx, w) }, nil, nil
		})
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func insertRaw(ctx context.Context, w *sql.DB) error {
	_, err := w.ExecContext(ctx, fmt.Sprintf("INSERT INTO raw (id, body) VALUES ('%s', 'Đèn đường trước nhà văn hóa hỏng đã một tháng')", id.New()))
	return err
}

// serviceRates asks through the service of a house opened in this process, with its queue at work.
func (b *bench) serviceRates(ctx context.Context, engine db.Engine, r *rig.Rig) (out []figures, err error) {
	cfg := r.Config("127.0.0.1:1")
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	var log quiet
	house, err := app.Open(ctx, cfg, &log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	if err := house.Start(ctx); err != nil {
		return nil, err
	}
	s, unit := house.Rooms().Feedback, r.Units[0].ID
	if err := calm(ctx, r); err != nil { // what a house does when it starts
		return nil, err
	}
	var asked int64
	var settled time.Duration
	for _, n := range crowds {
		f, err := load(ctx, n, b.window, func(int) (func(context.Context) (int64, error), func(), error) {
			return func(ctx context.Context) (int64, error) {
				_, err := s.Ask(ctx, identity.Actor{}, feedback.Intake{UnitID: unit, Kind: feedback.Report, Text: "Đèn đường trước nhà văn hóa hỏng đã một tháng, xin được sửa."})
				return 1, err
			}, nil, nil
		})
		if err != nil {
			return nil, err
		}
		out = append(out, f)
		asked += f.n
		began := time.Now()
		if err := calm(ctx, r); err != nil { // what followed from the questions before is not measured with the next
			return nil, err
		}
		settled += time.Since(began)
	}
	b.line("%-8s what follows from a question waits for the crowd to pass: %d were settled within %s after the windows, %.0f/s", engine, asked, short(settled), float64(asked)/settled.Seconds())
	return out, nil
}

// quiet drops the log of a house in this process.
type quiet struct{}

// Write implements io.Writer.
func (quiet) Write(b []byte) (int, error) { return len(b), nil }

// asker sends the last page of the portal's form, each time from another address, as citizens behind a proxy do.
func asker(r *rig.Rig, p *rig.Process) func(int) (func(context.Context) (int64, error), func(), error) {
	var from atomic.Int64
	return func(int) (func(context.Context) (int64, error), func(), error) {
		person, err := rig.NewPerson(func() string { return p.URL })
		if err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context) (int64, error) {
			n := from.Add(1)
			_, err := person.Ask(ctx, rig.Question{Nonce: rig.Nonce(), UnitID: r.Units[0].ID, From: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255),
				Text: "Đèn đường trước nhà văn hóa hỏng đã một tháng, xin được sửa."})
			return 1, err
		}, nil, nil
	}
}

// postgres is a server of our own with durable commits and the memory that operate.md advises, started once.
type postgres struct {
	url   string
	tried bool
	err   error
}

func (p *postgres) postgresURL() (string, error) {
	if !p.tried {
		p.tried = true
		p.url, p.err = dbtest.StartPostgres("fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=1GB")
		if errors.Is(p.err, dbtest.ErrNotInstalled) {
			p.err = exec.ErrNotFound
		}
	}
	return p.url, p.err
}
