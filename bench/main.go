// Command bench measures the product against a peer or a limit of the same machine in the same run, and prints each figure
// as a ratio: an article page against nginx serving the same bytes, questions taken against bare commits of the same
// database, deliveries against the pace Zalo allows, start and memory, search, the weight of pages, and a bank statement taken in
// with every check against the bare load of the same bytes.
//
//	go run ./bench               everything, about six minutes
//	go run ./bench -short        shorter windows, without the sustained deliveries
//	go run ./bench -only article one of: article, questions, deliveries, start, search, cases, duplicates, weights, statement, gifts, readers, scans
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
	binary string
	postgres
}

// part is one group of figures.
type part struct {
	name string
	run  func(*bench, context.Context) error
}

func parts() []part {
	return []part{{"article", (*bench).article}, {"questions", (*bench).questions}, {"deliveries", (*bench).deliveries},
		{"start", (*bench).start}, {"search", (*bench).search}, {"cases", (*bench).cases}, {"duplicates", (*bench).duplicates}, {"weights", (*bench).weights}, {"statement", (*bench).statement}, {"gifts", (*bench).gifts}, {"readers", (*bench).readers}, {"scans", (*bench).scans}}
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
	if b.dir, err = os.MkdirTemp("", "nhipcau-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if err := os.Chmod(b.dir, 0o755); err != nil { // nginx reads the page as a user of its own
		return err
	}
	b.machine()
	if b.binary, err = rig.Build(ctx, b.dir); err != nil {
		return err
	}
	for _, p := range parts() {
		if *only != "" && p.name != *only {
			continue
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
