// Package soak holds the long tests: the product killed at random moments, two processes on one database, hours of mixed
// traffic, and a disk without room. `go test ./soak/...` runs a short form of each; NHIPCAU_SOAK=1 (make soak) the long one.
package soak

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/sim/zalo"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// long tells whether the long forms are asked for.
func long() bool { return os.Getenv("NHIPCAU_SOAK") != "" }

// pick gives the short or the long form of a number.
func pick[T any](short, lengthy T) T {
	if long() {
		return lengthy
	}
	return short
}

var built struct {
	sync.Once
	dir, path string
	err       error
}

// binary builds the product once for all tests of the package.
func binary(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "nhipcau-soak-"); built.err == nil {
			built.path, built.err = rig.Build(context.Background(), built.dir)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// engines runs the test on both engines at the same time.
func engines(t *testing.T, fn func(t *testing.T, database string)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); fn(t, "") })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); fn(t, dbtest.PostgresURL(t)) })
}

// open sets up a house that goes with the test.
func open(t *testing.T, s rig.Setup) *rig.Rig {
	t.Helper()
	s.Dir, s.Binary = t.TempDir(), binary(t)
	r, err := rig.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// product is the process that serves now; it may be killed and started again under the feet of those who use it.
type product struct {
	t      *testing.T
	r      *rig.Rig
	listen string
	p      *rig.Process
}

func start(t *testing.T, r *rig.Rig) *product {
	t.Helper()
	listen, err := rig.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	one := &product{t: t, r: r, listen: listen}
	one.up()
	t.Cleanup(func() {
		one.p.Kill()
		if t.Failed() {
			t.Logf("log of the product:\n%s", one.p.Log())
		}
	})
	return one
}

func (x *product) url() string { return "http://" + x.listen }

func (x *product) up() {
	x.t.Helper()
	p, err := x.r.Start(x.t.Context(), x.listen)
	if err != nil {
		x.t.Fatal(err)
	}
	x.p = p
}

func (x *product) person() *rig.Person {
	x.t.Helper()
	p, err := rig.NewPerson(x.url)
	if err != nil {
		x.t.Fatal(err)
	}
	return p
}

func (x *product) official(id string) *rig.Person {
	x.t.Helper()
	p := x.person()
	if err := p.SignIn(x.t.Context(), id); err != nil {
		x.t.Fatal(err)
	}
	return p
}

// beside opens the database next to the product.
func beside(t *testing.T, r *rig.Rig) *db.DB {
	t.Helper()
	d, err := r.OpenDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// reader is a database to look into.
type reader interface{ Read() bun.IDB }

// number asks the database for one number.
func number(t *testing.T, d reader, query string, args ...any) int {
	t.Helper()
	var n int
	if err := d.Read().NewRaw(query, args...).Scan(t.Context(), &n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// eventually waits until done says so; what tells where things stand when time is up.
func eventually(t *testing.T, limit time.Duration, what func() string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", limit, what())
		}
	}
}

// crowd is citizens who go on asking and writing while the product dies and comes back.
type crowd struct {
	x    *product
	stop atomic.Bool
	wg   sync.WaitGroup
	seq  atomic.Int64

	mu    sync.Mutex
	codes map[string]string // nonce of the form → tracking code that was acknowledged
	said  []string          // ids of messages said on Zalo
}

func newCrowd(x *product) *crowd { return &crowd{x: x, codes: map[string]string{}} }

// address gives each question an address of its own, as the proxy in front would tell.
func (c *crowd) address() string {
	n := c.seq.Add(1)
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

// ask sends questions through the portal; one that was not answered is sent again, as a person presses the button again.
func (c *crowd) ask(pause time.Duration) {
	me := c.x.person()
	c.wg.Go(func() {
		for i := 0; !c.stop.Load(); i++ {
			q := rig.Question{Nonce: rig.Nonce(), UnitID: c.x.r.Units[i%len(c.x.r.Units)].ID, Text: fmt.Sprintf("Câu hỏi thứ %d: đèn đường trước nhà văn hóa hỏng đã lâu.", i)}
			for !c.stop.Load() {
				q.From = c.address()
				code, err := me.Ask(c.x.t.Context(), q)
				if err == nil {
					c.mu.Lock()
					c.codes[q.Nonce] = code
					c.mu.Unlock()
					break
				}
				time.Sleep(50 * time.Millisecond)
			}
			time.Sleep(pause)
		}
	})
}

// talk writes to the Official Accounts from the phone.
func (c *crowd) talk(pause time.Duration) {
	r := c.x.r
	c.wg.Go(func() {
		for i := 0; !c.stop.Load(); i++ {
			oa := r.OA[r.Units[i%len(r.Units)].ID]
			m, err := r.World.Zalo.Say(oa, r.Followed[oa], zalo.Utterance{Text: fmt.Sprintf("Tin thứ %d: xin hỏi lịch tiếp dân của xã.", i)})
			if err != nil {
				c.x.t.Error(err)
				return
			}
			c.mu.Lock()
			c.said = append(c.said, m.ID)
			c.mu.Unlock()
			time.Sleep(pause)
		}
	})
}

func (c *crowd) leave() {
	c.stop.Store(true)
	c.wg.Wait()
}

// verify finds every acknowledged question and message exactly once.
func (c *crowd) verify(t *testing.T, d *db.DB) {
	t.Helper()
	visitor := c.x.person()
	byCode := map[string]bool{}
	for _, code := range c.codes {
		byCode[code] = true
	}
	if len(byCode) != len(c.codes) {
		t.Errorf("%d forms were acknowledged with only %d codes", len(c.codes), len(byCode))
	}
	looked := 0
	for nonce, code := range c.codes {
		if n := number(t, d, "SELECT count(*) FROM feedback_case WHERE code = ? AND source_key = ?", code, "portal:"+nonce); n != 1 {
			t.Errorf("the acknowledged question %s is there %d times", code, n)
		}
		if looked++; looked > 25 {
			continue
		}
		status, _, page, err := visitor.Do(t.Context(), "/vu-viec/"+code, nil, "X-Forwarded-For", c.address())
		if err != nil || status != 200 || !strings.Contains(page, code) {
			t.Errorf("the page of the acknowledged question %s answered %d, %v", code, status, err)
		}
	}
	status := c.x.r.World.Zalo.Stats().Webhook
	if status.Lost > 0 || status.Pending > 0 {
		t.Errorf("webhooks: %d were given up, %d are waiting", status.Lost, status.Pending)
	}
	acked := strings.Join(c.x.r.Acked(), "\n")
	for _, m := range c.said {
		n := number(t, d, "SELECT count(*) FROM channel_message WHERE external_id = ?", m)
		if strings.Contains(acked, m) && n != 1 {
			t.Errorf("the webhook of message %s was answered with 200 and became %d messages", m, n)
		}
	}
	if total := number(t, d, "SELECT count(*) FROM channel_message WHERE NOT outgoing"); total != len(c.said) {
		t.Errorf("%d messages were said and %d are there", len(c.said), total)
	}
}

// write puts a post for all units into review and gives its id.
func write(t *testing.T, editor *rig.Person, r *rig.Rig, title string) string {
	t.Helper()
	post, err := editor.Write(t.Context(), r.Units[0].ID, title, []string{"zalo"}, []string{"subtree:" + r.Units[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	return post
}

// openDeliveries counts deliveries that are not confirmed.
func openDeliveries(t *testing.T, d *db.DB) int {
	t.Helper()
	return number(t, d, "SELECT count(*) FROM channel_delivery WHERE kind = 'zalo' AND state <> 'published'")
}

// states tells how the deliveries stand, for the message of a failed test.
func states(t *testing.T, d *db.DB) string {
	var rows []struct {
		State, Reason string
		N             int
	}
	if err := d.Read().NewRaw("SELECT state, reason, count(*) AS n FROM channel_delivery WHERE kind = 'zalo' GROUP BY state, reason").Scan(t.Context(), &rows); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%+v", rows)
}

// once checks that every account has each of the posts exactly once.
func once(t *testing.T, r *rig.Rig, posts int) {
	t.Helper()
	st := r.World.Zalo.Stats()
	if st.Duplicates > 0 || st.MinPerOA != posts || st.MaxPerOA != posts {
		t.Errorf("%d posts went to %d accounts: they have between %d and %d articles, %d of them twice", posts, st.OAs, st.MinPerOA, st.MaxPerOA, st.Duplicates)
	}
}
