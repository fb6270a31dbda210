package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/nhipcau/nhipcau/internal/fund/fundtest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// statementRows is how many rows the banks' statements of September 2024 had together, and a little more.
const statementRows = 2_100_000

// statement takes a bank statement in, with every check, and beside it has the database's own tool load the same bytes into a
// bare table without looking at them.
func (b *bench) statement(ctx context.Context) error {
	rows := b.rows
	if rows == 0 {
		if rows = statementRows; b.short {
			rows /= 10
		}
	}
	file := filepath.Join(b.dir, "statement.csv")
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = fundtest.Vietcombank(f, rows, time.Date(2024, 9, 23, 0, 0, 0, 0, time.UTC), 2024)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	b.line("%d rows, %d MB, shaped as the statements of September 2024", rows, info.Size()>>20)
	if err := b.statementOn(ctx, db.SQLite, "", file, rows); err != nil {
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
	return b.statementOn(ctx, db.Postgres, url, file, rows)
}

func (b *bench) statementOn(ctx context.Context, engine db.Engine, url, file string, rows int) error {
	bare, err := b.bareLoad(ctx, engine, url, file, rows)
	if err != nil {
		return err
	}
	data := filepath.Join(b.dir, "books-"+string(engine))
	env := append(os.Environ(), "NHIPCAU_DATA="+data)
	if engine == db.Postgres {
		env = append(env, "NHIPCAU_DATABASE="+url)
	}
	if _, _, err := b.command(ctx, env, "fund", "appeal", "create", "--code", "BENCH", "--name", "Ủng hộ đồng bào", "--unit", "40", "--account", "VCB:9990000000001",
		"--from", "2024-08-25", "--to", "2024-10-10", "--basis", "Lời kêu gọi"); err != nil {
		return err
	}
	began := time.Now()
	out, memory, err := b.command(ctx, env, "fund", "import", "--appeal", "BENCH", "--bank", "vcb", file)
	if err != nil {
		return err
	}
	took := time.Since(began)
	if want := fmt.Sprintf("%d rows read, %d posted, 0 already known, 0 queued, 0 refused", rows, rows); !strings.Contains(out, want) {
		return fmt.Errorf("the import said: %.300s", out)
	}
	b.line("%s: import with every check %s (%.0f rows/s), beside the bare load %s: ratio %.2f; memory %d MB at most", engine, short(took), float64(rows)/took.Seconds(),
		short(bare), bare.Seconds()/took.Seconds(), memory>>20)
	began = time.Now()
	if out, _, err = b.command(ctx, env, "fund", "import", "--appeal", "BENCH", "--bank", "vcb", file); err != nil || !strings.Contains(out, fmt.Sprintf("%d already known", rows)) {
		return errors.Join(err, fmt.Errorf("the second import said: %.300s", out))
	}
	b.line("%s: the same file again %s", engine, short(time.Since(began)))
	began = time.Now()
	if _, _, err = b.command(ctx, env, "fund", "appeal", "balances", "--appeal", "BENCH"); err != nil {
		return err
	}
	b.line("%s: balances %s with the start of the program", engine, short(time.Since(began)))
	return nil
}

// command runs the product and gives what it said and how much memory it had at most, in bytes.
func (b *bench) command(ctx context.Context, env []string, args ...string) (string, int64, error) {
	cmd := exec.CommandContext(ctx, b.binary, args...)
	var out, said bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &said
	if err := cmd.Run(); err != nil {
		return "", 0, fmt.Errorf("%s: %w: %s", strings.Join(args[:2], " "), err, said.String())
	}
	memory := int64(0)
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		memory = usage.Maxrss << 10
	}
	return out.String(), memory, nil
}

// bareLoad has sqlite3 (.import) or PostgreSQL (COPY) load the file into a table of text, durable as the product's writes.
func (b *bench) bareLoad(ctx context.Context, engine db.Engine, url, file string, rows int) (time.Duration, error) {
	var cmd *exec.Cmd
	if engine == db.SQLite {
		cmd = exec.CommandContext(ctx, "sqlite3", filepath.Join(b.dir, "bare.db"))
		cmd.Stdin = strings.NewReader("PRAGMA journal_mode=WAL;\nPRAGMA synchronous=FULL;\n.mode csv\n.import " + file + " bare\n.mode list\nSELECT 'rows', count(*) FROM bare;\n")
	} else {
		cmd = exec.CommandContext(ctx, "psql", "-q", "-t", "-A", "-F", "|", url)
		cmd.Stdin = strings.NewReader("CREATE TABLE bare (page text, day text, doc text, debit text, credit text, balance text, memo text);\n\\copy bare FROM '" + file +
			"' WITH (FORMAT csv, HEADER)\nSELECT 'rows', count(*) FROM bare;\nDROP TABLE bare;\n")
	}
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("bare load on %s: %w: %s", engine, err, out)
	}
	took := time.Since(began)
	if !strings.Contains(string(out), fmt.Sprintf("rows|%d", rows)) {
		return 0, fmt.Errorf("bare load on %s said: %s", engine, out)
	}
	return took, nil
}
