package channeltest

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// House is a channel service on a database with the small province of orgunittest, for tests.
type House struct {
	DB      *db.DB
	Queue   *jobs.Queue
	Units   *orgunit.Service
	Clock   clock.Clock
	Service *channel.Service
	started bool
}

// Migrations is what a test gives to dbtest for a House.
var Migrations = []db.Migrations{orgunittest.Migrations, channel.Migrations}

// NewHouse makes a House; the queue is stopped at the end of the test. Pauses are short unless cfg says otherwise.
func NewHouse(t testing.TB, d *db.DB, cfg channel.Config) *House {
	t.Helper()
	return NewHouseAt(t, d, cfg, clock.System{})
}

// NewHouseAt is NewHouse with a clock of the test's choice.
func NewHouseAt(t testing.TB, d *db.DB, cfg channel.Config, c clock.Clock) *House {
	t.Helper()
	return build(t, d, cfg, orgunittest.SeedAt(t, d, c), c)
}

// Second makes another service on the same database, as a second process would be.
func Second(t testing.TB, d *db.DB, cfg channel.Config, units *orgunit.Service) *House {
	t.Helper()
	return build(t, d, cfg, units, clock.System{})
}

func build(t testing.TB, d *db.DB, cfg channel.Config, units *orgunit.Service, c clock.Clock) *House {
	t.Helper()
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = q.Stop(ctx)
	})
	z, err := identity.NewAuthorizer(units, c, channel.Policies)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Poll == nil {
		cfg.Poll = []time.Duration{20 * time.Millisecond}
	}
	if cfg.Backoff == 0 {
		cfg.Backoff = 20 * time.Millisecond
	}
	if cfg.Settle == 0 {
		cfg.Settle = 50 * time.Millisecond
	}
	if cfg.CallbackURL == "" {
		cfg.CallbackURL = "http://127.0.0.1/kenh/ket-noi/ve"
	}
	s := channel.New(channel.Deps{DB: d, Queue: q, Clock: c, Authz: z, Sealer: Sealer{}, Units: units, Config: cfg})
	return &House{DB: d, Queue: q, Units: units, Clock: c, Service: s}
}

// Account installs an account of the unit.
func (h *House) Account(t testing.TB, kind channel.Kind, unit, externalID string) channel.Account {
	t.Helper()
	return h.AccountWith(t, channel.Account{Kind: kind, UnitID: unit, ExternalID: externalID, Name: "Trang " + externalID}, channel.Tokens{Access: "a-" + externalID})
}

// AccountWith installs an account with its tokens.
func (h *House) AccountWith(t testing.TB, a channel.Account, tokens channel.Tokens) channel.Account {
	t.Helper()
	err := h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) (err error) {
		a, err = h.Service.Install(ctx, tx, a, tokens)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Deliver asks for deliveries in a transaction of their own.
func (h *House) Deliver(t testing.TB, ds ...channel.NewDelivery) {
	t.Helper()
	if err := h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return h.Service.Deliver(ctx, tx, ds) }); err != nil {
		t.Fatal(err)
	}
}

// Await lets jobs run until ok, or fails the test after limit.
func (h *House) Await(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	h.Start(t)
	over := time.After(limit)
	for !ok() {
		select {
		case <-over:
			t.Fatalf("after %s still not: %s", limit, what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Start lets jobs run, for the whole test.
func (h *House) Start(t testing.TB) {
	t.Helper()
	if h.started {
		return
	}
	h.started = true
	if err := h.Queue.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// Idle waits until no job is due or running.
func (h *House) Idle(t testing.TB) {
	t.Helper()
	h.Start(t)
	over := time.After(20 * time.Second)
	for quiet := 0; quiet < 3; {
		n, err := h.Queue.Waiting(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if quiet++; n > 0 {
			quiet = 0
		}
		select {
		case <-over:
			t.Fatal("jobs are still busy after 20 s")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Sealer is a lock for tests: it hides nothing but does refuse the wrong place.
type Sealer struct{}

// Seal writes the text after its place.
func (Sealer) Seal(plain []byte, ad string) (string, error) {
	return "sealed:" + ad + ":" + base64.StdEncoding.EncodeToString(plain), nil
}

// Open gives the text back when the place is right.
func (Sealer) Open(sealed, ad string) ([]byte, error) {
	rest, ok := strings.CutPrefix(sealed, "sealed:"+ad+":")
	if !ok {
		return nil, errors.New("sealed for another place")
	}
	return base64.StdEncoding.DecodeString(rest)
}

// Texts is a ContentSource that makes a short article of any source.
type Texts struct {
	Cover string
	Video *channel.Video
}

// Content implements channel.ContentSource.
func (x Texts) Content(_ context.Context, source string, version int, a channel.Account) (channel.Content, error) {
	title := "Tin " + source
	if version > 1 {
		title += " (đã sửa)"
	}
	c := channel.Content{PostID: source, Title: title, Lead: "Mời bà con đọc tin của " + a.Name, HTML: "<p>Nội dung <b>tin</b> &amp; lời nhắn.</p><p>Đoạn hai.</p>",
		Text: "Nội dung tin & lời nhắn.\n\nĐoạn hai.", Author: "Ban biên tập", Link: "https://mattran.example/tin/" + source}
	c.Video = x.Video
	if x.Cover != "" {
		c.Cover = &channel.Picture{URL: x.Cover, Alt: "Ảnh họp dân", MIME: "image/jpeg"}
	}
	return c, nil
}
