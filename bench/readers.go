package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/fundtest"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// Readers look for a gift on the public pages, read what they found, and look again.
const (
	readers      = 1000
	readersPause = 10 * time.Second // of one reader between two searches, on average
	readersLimit = 200 * time.Millisecond
	readersRows  = 210_000 // gifts that are public before, and again so many that come in meanwhile
	readersCode  = "BENCH"
)

// readers measures how long a thousand readers wait for their search over HTTP, through the whole house: when nothing else
// happens, and while a bank statement is taken in by the command line on the same machine and published by the house.
func (b *bench) readers(ctx context.Context) error {
	rows := b.rows
	if rows == 0 {
		if rows = readersRows; b.short {
			rows /= 10
		}
	}
	b.line("%d readers on keep-alive connections, each searches every %s on average; %d gifts are public, and as many come in meanwhile", readers, readersPause, rows)
	if err := b.readersOn(ctx, db.SQLite, "", rows); err != nil {
		return err
	}
	at, err := b.postgresURL()
	if errors.Is(err, exec.ErrNotFound) {
		b.line("PostgreSQL is not installed (Debian: apt-get install postgresql): its lines are left out")
		return nil
	}
	if err == nil {
		at, err = emptyDatabase(ctx, at, "readers")
	}
	if err != nil {
		return err
	}
	return b.readersOn(ctx, db.Postgres, at, rows)
}

// emptyDatabase makes a database of its own on a server: a house is seeded once.
func emptyDatabase(ctx context.Context, server, name string) (string, error) {
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", err
	}
	_, err = c.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if err := errors.Join(err, c.Close(ctx)); err != nil {
		return "", err
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

func (b *bench) readersOn(ctx context.Context, engine db.Engine, at string, rows int) (err error) {
	r, err := b.house(ctx, "readers-"+string(engine), rig.Setup{Units: 1, Database: at})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	var files [2]string
	for i, last := range []time.Time{time.Date(2024, 9, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 9, 24, 0, 0, 0, 0, time.UTC)} {
		files[i] = filepath.Join(b.dir, fmt.Sprintf("readers-%d.csv", i))
		if err := writeStatement(files[i], rows, last); err != nil {
			return err
		}
	}
	if err := openBooks(ctx, r, files[0], rows); err != nil {
		return err
	}
	ask, err := questionsFrom(files[0])
	if err != nil {
		return err
	}
	listen, err := rig.FreeAddress()
	if err != nil {
		return err
	}
	p, err := r.Start(ctx, listen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	quiet, err := b.read(ctx, p.URL, ask, func(ctx context.Context) error {
		select {
		case <-ctx.Done():
		case <-time.After(max(b.window, 2*readersPause)):
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	b.line("%-8s nothing else happens: %s", engine, quiet)
	var imported time.Duration
	busy, err := b.read(ctx, p.URL, ask, func(ctx context.Context) (err error) {
		imported, err = b.importBeside(ctx, r, files[1], rows)
		if err != nil {
			return err
		}
		return untilPublic(ctx, p.URL, int64(2*rows))
	})
	if err != nil {
		return err
	}
	b.line("%-8s during an import and its publication: %s; limit of p99 %s: ratio %.2f; imported in %s (%.0f rows/s), public after %s", engine, busy, short(readersLimit),
		busy.p99.Seconds()/readersLimit.Seconds(), short(imported), float64(rows)/imported.Seconds(), short(busy.took))
	return nil
}

func writeStatement(name string, rows int, last time.Time) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = fundtest.Vietcombank(f, rows, last, uint64(last.Unix()))
	return errors.Join(err, f.Close())
}

// openBooks opens an appeal in a house and takes a first statement in, with everything that is published of it.
func openBooks(ctx context.Context, r *rig.Rig, file string, rows int) (err error) {
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
	rooms, system := house.Rooms(), identity.System("bench")
	if _, err := rooms.Fund.OpenAppeal(ctx, system, fund.NewAppeal{Code: readersCode, Name: "Ủng hộ đồng bào vùng bão", UnitID: r.Units[0].ID, Basis: "Lời kêu gọi", Opens: "2024-08-05",
		Closes: "2024-10-10", Accounts: []string{"VCB:9990000000001"}}); err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	res, err := rooms.Fund.Import(ctx, system, fund.ImportRequest{Appeal: readersCode, Layout: statement.Vietcombank, Name: filepath.Base(file), File: f, Size: info.Size(), Rows: rows})
	if err != nil {
		return err
	}
	if res.State != fund.ImportPosted {
		return fmt.Errorf("the first statement was %s: %v", res.State, res.Totals.Problems)
	}
	return rooms.Disclosure.Sweep(ctx)
}

// importBeside has the command line take a statement in while the house serves.
func (b *bench) importBeside(ctx context.Context, r *rig.Rig, file string, rows int) (time.Duration, error) {
	cfg := r.Config("127.0.0.1:1")
	env := append(os.Environ(), "NHIPCAU_DATA="+cfg.Data)
	if cfg.Database != "" {
		env = append(env, "NHIPCAU_DATABASE="+cfg.Database)
	}
	began := time.Now()
	out, _, err := b.command(ctx, env, "fund", "import", "--appeal", readersCode, "--bank", "vcb", file)
	if want := fmt.Sprintf("%d posted", rows); err == nil && !bytes.Contains([]byte(out), []byte(want)) {
		err = fmt.Errorf("the import said: %.300s", out)
	}
	return time.Since(began), err
}

// untilPublic waits until a statement has so many lines.
func untilPublic(ctx context.Context, base string, lines int64) error {
	want := []byte(fmt.Sprintf(`"lines":%d,`, lines))
	for {
		body, err := getFrom(ctx, http.DefaultClient, base+"/api/v1/public/appeals", "10.255.0.1")
		if err != nil || bytes.Contains(body, want) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func getFrom(ctx context.Context, client *http.Client, target, from string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Forwarded-For", from)
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d %.200s", target, resp.StatusCode, body)
	}
	return body, err
}

// questionsFrom makes what readers ask from the rows of a statement: the bank's number of their transfer, its amount and
// day, words that many wrote, with a letter wrong at times, and words with amount and day.
func questionsFrom(file string) (func(r *rand.Rand) string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	rows = rows[1:]
	words := []string{"ung ho", "ung ho dong bao", "ủng hộ đồng bào", "dong bao", "ung ho dong boa"}
	return func(r *rand.Rand) string {
		row, v := rows[r.IntN(len(rows))], url.Values{}
		day, doc, amount := row[1], row[2], row[4]
		switch r.IntN(4) {
		case 0:
			v.Set("ma", doc)
		case 1:
			v.Set("so-tien", amount)
			v.Set("ngay", day)
		case 2:
			v.Set("q", words[r.IntN(len(words))])
		default:
			v.Set("q", "ung ho")
			v.Set("so-tien", amount)
			v.Set("ngay", day)
		}
		return "/ung-ho/" + readersCode + "?" + v.Encode()
	}, nil
}

// waits is what readers waited.
type waits struct {
	n                     int
	took                  time.Duration
	median, p95, p99, max time.Duration
}

// String implements fmt.Stringer.
func (w waits) String() string {
	return fmt.Sprintf("%d searches in %s (%.0f/s): median %s, p95 %s, p99 %s, longest %s", w.n, short(w.took), float64(w.n)/w.took.Seconds(), short(w.median), short(w.p95), short(w.p99), short(w.max))
}

// read has all readers search until meanwhile is over.
func (b *bench) read(ctx context.Context, base string, ask func(*rand.Rand) string, meanwhile func(context.Context) error) (waits, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	over := make(chan struct{})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: readers, IdleConnTimeout: time.Minute}}
	defer client.CloseIdleConnections()
	times, found := make([][]time.Duration, readers), make([]int, readers)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range readers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1000, uint64(i)))
			for {
				select {
				case <-over:
					return
				case <-ctx.Done():
					return
				case <-time.After(time.Duration(r.Int64N(int64(2 * readersPause)))):
				}
				asked := time.Now()
				body, err := getFrom(ctx, client, base+ask(r), fmt.Sprintf("10.1.%d.%d", i>>8, i&255))
				if err != nil {
					cancel(err)
					return
				}
				times[i] = append(times[i], time.Since(asked))
				if bytes.Contains(body, []byte("/ung-ho/"+readersCode+"/dong/")) {
					found[i]++
				}
			}
		})
	}
	err := meanwhile(ctx)
	w := waits{took: time.Since(began)}
	close(over)
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return w, cause
	}
	if err != nil {
		return w, err
	}
	var all []time.Duration
	hits := 0
	for i := range readers {
		all = append(all, times[i]...)
		hits += found[i]
	}
	if len(all) == 0 || hits*10 < len(all)*9 {
		return w, fmt.Errorf("only %d of %d searches found anything", hits, len(all))
	}
	w.n, w.median, w.p95, w.p99, w.max = len(all), percentile(all, 50), percentile(all, 95), percentile(all, 99), percentile(all, 100)
	return w, nil
}
