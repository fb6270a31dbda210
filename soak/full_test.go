package soak

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// The disk is full: questions are refused in clear words, no half of one stays, reading goes on, and with room again the
// same form goes through. The database's own limit of pages plays the full disk: SQLite meets both with the same error.
func TestSoakOfFullDisk(t *testing.T) {
	t.Parallel()
	r := open(t, rig.Setup{Units: 3})
	cfg := r.Config("127.0.0.1:1")
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	house, err := app.Open(t.Context(), cfg, &log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := house.Close(); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(house.Handler())
	t.Cleanup(server.Close)
	d := house.Rooms().DB
	exec := func(statement string) {
		t.Helper()
		if _, err := d.SQLWriter().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	me, err := rig.NewPerson(func() string { return server.URL })
	if err != nil {
		t.Fatal(err)
	}
	exec(fmt.Sprintf("PRAGMA max_page_count = %d", number(t, d, "SELECT page_count FROM pragma_page_count")+40))

	text := strings.Repeat("Nước ngập đường vào xóm sau mưa, xe không qua được. ", 150)
	acked, refused := ask(t, me, r, text, 60)
	if len(refused) == 0 || len(acked) == 0 {
		t.Fatalf("%d questions went in and %d were refused before room was spent", len(acked), len(refused))
	}
	t.Logf("%d questions went in, %d were refused", len(acked), len(refused))
	checkStored(t, r, d, acked, refused)
	if status, _, _, err := me.Do(t.Context(), "/hoi", nil); err != nil || status != 200 {
		t.Errorf("reading answers %d, %v while the disk is full", status, err)
	}
	exec("PRAGMA max_page_count = 1073741823")
	for _, q := range refused {
		q.From = "10.9.0." + fmt.Sprint(len(acked)%250)
		if _, err := me.Ask(t.Context(), q); err != nil {
			t.Fatalf("there is room again and the question is refused: %v", err)
		}
		acked = append(acked, q)
	}
	checkStored(t, r, d, acked, nil)
	if n := number(t, d, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"); n > 0 {
		t.Errorf("%d faults in the database file", n)
	}
}

// ask sends n questions, sixteen at a time, and sorts them by what became of them.
func ask(t *testing.T, me *rig.Person, r *rig.Rig, text string, n int) (acked, refused []rig.Question) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := w; i < n; i += 16 {
				q := rig.Question{Nonce: rig.Nonce(), UnitID: r.Units[0].ID, Text: text, From: fmt.Sprintf("10.8.0.%d", i)}
				status, _, page, err := me.Do(t.Context(), "/hoi", q.Form(), "X-Forwarded-For", q.From)
				mu.Lock()
				switch {
				case err != nil:
					t.Error(err)
				case status == 303:
					acked = append(acked, q)
				case status == 503:
					refused = append(refused, q)
					if !strings.Contains(page, "<h1") {
						t.Errorf("the refusal %d is no page: %.300s", status, page)
					}
				default:
					t.Errorf("a question met %d: %.300s", status, page)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return acked, refused
}

// checkStored finds each question that was acknowledged once, whole, and nothing of the others.
func checkStored(t *testing.T, r *rig.Rig, d reader, acked, refused []rig.Question) {
	t.Helper()
	for _, q := range acked {
		key := "portal:" + q.Nonce
		if n := number(t, d, "SELECT count(*) FROM feedback_case c JOIN feedback_event e ON e.case_id = c.id WHERE c.source_key = ?", key); n != 1 {
			t.Errorf("an acknowledged question has %d first events", n)
		}
	}
	for _, q := range refused {
		if n := number(t, d, "SELECT count(*) FROM feedback_case WHERE source_key = ?", "portal:"+q.Nonce); n != 0 {
			t.Errorf("a refused question is there %d times", n)
		}
	}
	if n := number(t, d, "SELECT count(*) FROM feedback_case"); n != len(acked) {
		t.Errorf("%d questions are stored and %d were acknowledged", n, len(acked))
	}
	if n := number(t, d, "SELECT count(*) FROM feedback_event WHERE case_id NOT IN (SELECT id FROM feedback_case)"); n != 0 {
		t.Errorf("%d events belong to no question", n)
	}
}
