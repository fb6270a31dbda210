package simkit_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

func TestStableIDIsBeyondFloats(t *testing.T) {
	a, b := simkit.StableID("oa", "x"), simkit.StableID("oa", "x")
	n, err := strconv.ParseUint(a, 10, 64)
	if a != b || err != nil || n <= 1<<53 || len(a) != 19 {
		t.Errorf("%s %s %v", a, b, err)
	}
	if simkit.StableID("a", "bc") == simkit.StableID("ab", "c") {
		t.Error("the words must not run together")
	}
}

func TestJournal(t *testing.T) {
	folder := t.TempDir()
	read := func() (*simkit.Journal, []string) {
		var got []string
		j, err := simkit.OpenJournal(folder, "x", func(kind, id string, raw json.RawMessage) error {
			got = append(got, kind+" "+id+" "+string(raw))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return j, got
	}
	j, got := read()
	if len(got) != 0 {
		t.Fatalf("new journal holds %v", got)
	}
	j.Put("oa", "1", "một")
	j.Put("oa", "2", map[string]int{"n": 2})
	j.Put("oa", "1", "hai")
	j.Put("oa", "3", 3)
	j.Delete("oa", "3")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "x.jsonl")
	f, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString(`{"k":"oa","i":"4","v":`) // the machine stopped in the middle of a line
	f.Close()
	j, got = read()
	if want := []string{`oa 1 "hai"`, `oa 2 {"n":2}`}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	j.Put("oa", "5", 5)
	j.Close()
	if j, got = read(); len(got) != 3 {
		t.Errorf("after a cut line and one more: %q", got)
	}
	j.Close()
	var none *simkit.Journal
	none.Put("a", "b", 1) // must not panic
	if none.Err() != nil || none.Close() != nil {
		t.Error("the journal that forgets has no errors")
	}
}

func TestMeter(t *testing.T) {
	m := simkit.NewMeter()
	for i := range 3 {
		if remain, ok := m.Take(3); !ok || remain != 2-i {
			t.Errorf("take %d: %d %v", i, remain, ok)
		}
	}
	if _, ok := m.Take(3); ok {
		t.Error("the fourth of three was allowed")
	}
	if _, ok := m.Take(0); !ok {
		t.Error("without a budget everything is allowed")
	}
	if r := m.Read(3); r.Total != 4 || r.Refused != 1 || r.LastMinute != 4 || r.MaxPerMinute != 4 {
		t.Errorf("%+v", r)
	}
	m.Reset()
	if r := m.Read(3); r.LastMinute != 0 || r.Total != 0 {
		t.Errorf("after reset %+v", r)
	}
}

func TestFaultsEnd(t *testing.T) {
	var table simkit.Faults
	hit := func(target, path string) bool { _, ok := table.Hit(simkit.FaultNight, "zalo", target, path); return ok }
	add := func(f simkit.Fault) {
		f.Kind = simkit.FaultNight
		if _, err := table.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	add(simkit.Fault{Target: "1", Path: "/message", Count: 2})
	if hit("2", "/message") || hit("1", "/article") {
		t.Error("another account or path was struck")
	}
	if !hit("1", "/v2/message") || !hit("1", "/v2/message") || hit("1", "/v2/message") {
		t.Error("want exactly two strikes")
	}
	add(simkit.Fault{DurationSeconds: 0.05})
	if !hit("1", "") {
		t.Error("not struck while it lasts")
	}
	time.Sleep(60 * time.Millisecond)
	if hit("1", "") || len(table.List()) != 0 {
		t.Error("still in force after its time")
	}
	add(simkit.Fault{Probability: 0.5})
	struck := 0
	for range 400 {
		if hit("1", "") {
			struck++
		}
	}
	if struck < 120 || struck > 280 {
		t.Errorf("half of 400 was %d", struck)
	}
	if table.Remove("") != 1 {
		t.Error("want one removed")
	}
}
