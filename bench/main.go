// Command bench measures the product against a peer or a limit of the same machine in the same run, and prints each figure
// as a ratio: an article page against nginx serving the same bytes, questions taken against bare commits of the same
// database, deliveries against the pace Zalo allows, start and memory, search, the weight of pages, and a bank statement taken in
// with every check against the bare load of the same bytes.
//
//	go run ./bench               everything, about six minutes
//	go run ./bench -short        shorter windows, without the sustained deliveries
//	go run ./bench -only article one of: article, questions, deliveries, start, search, cases, duplicates, weights, statement, storm, inbox, gifts, readers, scans, fleet
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/soak/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	out    io.Writer
	short  bool
	rows   int           // of the bank statement; 0 is the usual number
	window time.Duration // how long one figure is measured
	dir    string
	kept   bool // dir stays, and what an earlier run wrote there is used again
	binary string
	engine db.Engine // the only one to be measured; "": both
	postgres
}

// part is one group of figures.
type part struct {
	name string
	run  func(*bench, context.Context) error
	here bool // the house runs in this process: the product need not be built
}

func parts() []part {
	return []part{
		{name: "article", run: (*bench).article}, {name: "questions", run: (*bench).questions}, {name: "deliveries", run: (*bench).deliveries},
		{name: "start", run: (*bench).start}, {name: "search", run: (*bench).search}, {name: "cases", run: (*bench).cases, here: true},
		{name: "duplicates", run: (*bench).duplicates, here: true}, {name: "weights", run: (*bench).weights}, {name: "statement", run: (*bench).statement},
		{name: "storm", run: (*bench).storm}, {name: "inbox", run: (*bench).inbox, here: true}, {name: "gifts", run: (*bench).gifts}, {name: "readers", run: (*bench).readers}, {name: "scans", run: (*bench).scans},
		{name: "fleet", run: (*bench).fleet, here: true},
	}
}

func run(ctx context.Context, args []string, out, stderr io.Writer) (err error) {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	only := fs.String("only", "", "measure one of "+strings.Join(names, ", "))
	rows := fs.Int("rows", 0, "rows of the bank statement; 0 is all of September 2024, or a tenth with -short")
	keep := fs.String("keep", "", "folder in which the million cases stay, for the next run to use again")
	engine := fs.String("engine", "", "sqlite or postgres: measure on one engine only")
	server := fs.String("postgres", "", "address of a PostgreSQL database to use instead of a server of our own")
	short := fs.Bool("short", false, "shorter windows; leave out what takes minutes")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *only != "" && !slices.Contains(names, *only) {
		return fmt.Errorf("there is no figure %q: choose one of %s", *only, strings.Join(names, ", "))
	}
	b := &bench{out: out, short: *short, rows: *rows, window: 5 * time.Second}
	if b.short {
		b.window = 2 * time.Second
	}
	b.engine = db.Engine(*engine)
	b.url, b.tried = *server, *server != ""
	if b.dir, b.kept = *keep, *keep != ""; !b.kept {
		if b.dir, err = os.MkdirTemp("", "nhipcau-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	} else if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(b.dir, 0o755); err != nil { // nginx reads the page as a user of its own
		return err
	}
	b.machine()
	for _, p := range parts() {
		if *only != "" && p.name != *only {
			continue
		}
		if b.binary == "" && !p.here {
			if b.binary, err = rig.Build(ctx, b.dir); err != nil {
				return err
			}
		}
		began := time.Now()
		b.line("\n## %s", p.name)
		if err := p.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		b.line("   (%.0f s)", time.Since(began).Seconds())
	}
	return nil
}

// engines runs a part on both engines, or on the one that was asked for. A limit that is missed on the one does not keep the
// other from being measured.
func (b *bench) engines(part func(engine db.Engine, url string) error) error {
	var missed error
	if b.engine != db.Postgres {
		missed = part(db.SQLite, "")
	}
	if b.engine == db.SQLite {
		return missed
	}
	url, err := b.postgresURL()
	if errors.Is(err, exec.ErrNotFound) {
		b.line("PostgreSQL is not installed (Debian: apt-get install postgresql): its lines are left out")
		return missed
	}
	if err != nil {
		return errors.Join(missed, err)
	}
	return errors.Join(missed, part(db.Postgres, url))
}

func (b *bench) line(format string, args ...any) { fmt.Fprintf(b.out, format+"\n", args...) }

// machine prints what the figures were measured on.
func (b *bench) machine() {
	cpu := "unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if rest, ok := strings.CutPrefix(line, "model name"); ok {
				cpu = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(rest), ":"))
				break
			}
		}
	}
	commit, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	b.line("%s, %d cores, %s %s/%s, commit %s, %s", cpu, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH,
		strings.TrimSpace(string(commit)), time.Now().UTC().Format("2006-01-02"))
}

// house sets up and seeds a house in a folder of its own.
func (b *bench) house(ctx context.Context, name string, s rig.Setup) (*rig.Rig, error) {
	s.Dir, s.Binary = b.dir+"/"+name, b.binary
	return rig.Open(ctx, s)
}

// serve sets a house up and starts the product.
func (b *bench) serve(ctx context.Context, name string, s rig.Setup) (*rig.Rig, *rig.Process, error) {
	r, err := b.house(ctx, name, s)
	if err != nil {
		return nil, nil, err
	}
	at, err := rig.FreeAddress()
	if err != nil {
		return nil, nil, errors.Join(err, r.Close())
	}
	p, err := r.Start(ctx, at)
	if err != nil {
		return nil, nil, errors.Join(err, r.Close())
	}
	return r, p, nil
}
