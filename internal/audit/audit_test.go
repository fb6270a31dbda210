package audit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

func entry(n int) audit.Entry {
	return audit.Entry{
		Actor: identitytest.Official("lan", identity.RoleEditor, "commune"), UnitID: "commune", Action: "publish.approve",
		ResourceType: "Post", ResourceID: fmt.Sprint(n), Details: map[string]string{"version": fmt.Sprint(n), "note": "nul\x00 and \xff"},
	}
}

func write(t *testing.T, d *db.DB, l *audit.Log, n int, then error) {
	t.Helper()
	err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
		if err := l.Record(ctx, tx, entry(n)); err != nil {
			return err
		}
		return then
	})
	if !errors.Is(err, then) {
		t.Fatal(err)
	}
}

func verify(t *testing.T, l *audit.Log) audit.Report {
	t.Helper()
	rep, err := l.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func setup(d *db.DB) *audit.Log { return audit.New(d, clock.NewStub(identitytest.Now)) }

func TestChainHoldsAndRollbackLeavesNoHole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := setup(d)
		if rep := verify(t, l); !rep.OK() || rep.Lines != 0 {
			t.Fatalf("empty: %+v", rep)
		}
		boom := errors.New("boom")
		for i := range 6 {
			var then error
			if i == 3 {
				then = boom
			}
			write(t, d, l, i, then)
		}
		if rep := verify(t, l); !rep.OK() || rep.Lines != 5 || rep.HeadSeq != 5 || len(rep.HeadHash) != 64 {
			t.Fatalf("%+v %v", rep, rep.Broken)
		}
	}, audit.Migrations)
}

func TestManyWritersOneChain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := setup(d)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() { write(t, d, l, i, nil) })
		}
		wg.Wait()
		if rep := verify(t, l); !rep.OK() || rep.Lines != 40 {
			t.Fatalf("%+v %v", rep, rep.Broken)
		}
	}, audit.Migrations)
}

// exec runs raw SQL the way an intruder with the database's password would.
func exec(t *testing.T, d *db.DB, stmts ...string) error {
	t.Helper()
	for _, s := range stmts {
		if _, err := d.SQLWriter().ExecContext(t.Context(), s); err != nil {
			return err
		}
	}
	return nil
}

func TestDatabaseRefusesChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := setup(d)
		write(t, d, l, 1, nil)
		if err := l.Checkpoint(t.Context(), &memoryLog{}); err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{
			"UPDATE audit_entry SET actor_name = 'x'", "DELETE FROM audit_entry", "UPDATE audit_checkpoint SET hash = 'x'",
			"DELETE FROM audit_checkpoint", "DELETE FROM audit_head",
		} {
			if err := exec(t, d, s); err == nil {
				t.Errorf("%s was accepted", s)
			}
		}
		if d.Engine() == db.Postgres {
			if err := exec(t, d, "TRUNCATE audit_entry"); err == nil {
				t.Error("TRUNCATE was accepted")
			}
		}
	}, audit.Migrations)
}

// disarm removes the triggers, as somebody who owns the database can.
func disarm(t *testing.T, d *db.DB) {
	t.Helper()
	stmts := []string{
		"DROP TRIGGER audit_entry_no_update", "DROP TRIGGER audit_entry_no_delete",
		"DROP TRIGGER audit_checkpoint_no_update", "DROP TRIGGER audit_checkpoint_no_delete",
	}
	if d.Engine() == db.Postgres {
		stmts = []string{"DROP TRIGGER audit_entry_refuse ON audit_entry", "DROP TRIGGER audit_checkpoint_refuse ON audit_checkpoint"}
	}
	if err := exec(t, d, stmts...); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyNamesTheFirstBrokenLine(t *testing.T) {
	for name, c := range map[string]struct {
		tamper string
		want   audit.Break
	}{
		"changed":   {"UPDATE audit_entry SET actor_name = 'somebody else' WHERE seq = 4", audit.Break{Seq: 4, Reason: audit.ReasonChanged}},
		"details":   {"UPDATE audit_entry SET details = '{}' WHERE seq = 2", audit.Break{Seq: 2, Reason: audit.ReasonChanged}},
		"removed":   {"DELETE FROM audit_entry WHERE seq = 3", audit.Break{Seq: 3, Reason: audit.ReasonMissing}},
		"relinked":  {"UPDATE audit_entry SET prev_hash = 'aa' WHERE seq = 5", audit.Break{Seq: 5, Reason: audit.ReasonUnlinked}},
		"cut tail":  {"DELETE FROM audit_entry WHERE seq = 6", audit.Break{Seq: 6, Reason: audit.ReasonTail}},
		"head back": {"UPDATE audit_head SET seq = 5", audit.Break{Seq: 6, Reason: audit.ReasonTail}},
		"head hash": {"UPDATE audit_head SET hash = 'aa'", audit.Break{Seq: 6, Reason: audit.ReasonTail}},
		"published": {"UPDATE audit_checkpoint SET hash = 'aa'", audit.Break{Seq: 4, Reason: audit.ReasonCheckpoint}},
		"tail and head": {"DELETE FROM audit_entry WHERE seq > 3; UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit_entry WHERE seq = 3)",
			audit.Break{Seq: 4, Reason: audit.ReasonTail}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				l := setup(d)
				for i := range 4 {
					write(t, d, l, i, nil)
				}
				if err := l.Checkpoint(t.Context(), &memoryLog{}); err != nil {
					t.Fatal(err)
				}
				write(t, d, l, 5, nil)
				write(t, d, l, 6, nil)
				disarm(t, d)
				if err := exec(t, d, strings.Split(c.tamper, "; ")...); err != nil {
					t.Fatal(err)
				}
				rep := verify(t, l)
				if rep.Broken == nil || *rep.Broken != c.want {
					t.Fatalf("got %v, want %v", rep.Broken, c.want)
				}
			}, audit.Migrations)
		})
	}
}

type memoryLog struct {
	records [][]byte
	fail    error
}

func (m *memoryLog) Append(_ context.Context, b []byte) (uint64, error) {
	if m.fail != nil {
		return 0, m.fail
	}
	m.records = append(m.records, b)
	return uint64(len(m.records) - 1), nil
}

func TestCheckpoint(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l, p := setup(d), &memoryLog{}
		if err := l.Checkpoint(t.Context(), p); err != nil || len(p.records) != 0 {
			t.Fatalf("an empty diary was published: %v", err)
		}
		write(t, d, l, 1, nil)
		down := errors.New("log is down")
		if err := l.Checkpoint(t.Context(), &memoryLog{fail: down}); !errors.Is(err, down) {
			t.Fatal(err)
		}
		for range 2 {
			if err := l.Checkpoint(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		write(t, d, l, 2, nil)
		if err := l.Checkpoint(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		rep := verify(t, l)
		if len(p.records) != 2 || !rep.OK() || rep.Checkpoints != 2 || rep.Published == nil {
			t.Fatalf("%d records, %+v", len(p.records), rep)
		}
		if want := string(audit.CheckpointRecord(2, rep.HeadHash)); string(p.records[1]) != want {
			t.Fatalf("published %q, want %q", p.records[1], want)
		}
	}, audit.Migrations)
}
