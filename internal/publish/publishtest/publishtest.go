// Package publishtest gives tests a working publishing house: the small province of orgunittest, with channel accounts of
// each kind behind which stands a pretended outside world that remembers what it was asked to show, and officials in each
// role. Everything else is real: database, queue, channels.
package publishtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// Migrations is what a test gives to dbtest before New.
var Migrations = []db.Migrations{orgunit.Migrations, channel.Migrations, publish.Migrations}

// World is a publishing house.
type World struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    *Clock // starts at orgunittest.Now: 21 November 2026, 09:00 in Vietnam
	Authz    *identity.Authorizer
	Units    *orgunit.Service
	Channel  *channel.Service
	Publish  *publish.Service
	Zalo     *Outside
	Facebook *Outside
	Profiles Profiles
	Pictures *picture.Store
	Trail    *Trail
	start    sync.Once
}

// The officials. An is the province's editor, Binh its approver; Cuc and Dung are the same in the ward Vinh Hưng; Giang is
// both editor and approver of the province; Hoa leads it; La is an editor and approver in the commune Kim Liên.
var (
	An    = identitytest.Official("an", identity.RoleEditor, orgunittest.Province)
	Binh  = identitytest.Official("binh", identity.RoleApprover, orgunittest.Province)
	Cuc   = identitytest.Official("cuc", identity.RoleEditor, orgunittest.VinhHung)
	Dung  = identitytest.Official("dung", identity.RoleApprover, orgunittest.VinhHung)
	Giang = identitytest.And(identitytest.Official("giang", identity.RoleEditor, orgunittest.Province), identity.RoleApprover, orgunittest.Province)
	Hoa   = identitytest.Official("hoa", identity.RoleLeader, orgunittest.Province)
	La    = identitytest.And(identitytest.Official("la", identity.RoleEditor, orgunittest.KimLien), identity.RoleApprover, orgunittest.KimLien)
)

// New builds the house on an empty database with Migrations. The units have these accounts: the province, the two wards and
// the commune each a Zalo account and a portal; the province also a Facebook page. Jobs run only in w.Drain.
func New(t testing.TB, d *db.DB) *World {
	t.Helper()
	ctx := context.Background()
	if err := jobs.Migrate(ctx, d); err != nil {
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
	c := &Clock{started: clock.System{}.Now()}
	units := orgunittest.SeedAt(t, d, c)
	z, err := identity.NewAuthorizer(units, c, publish.Policies, channel.Policies)
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &World{DB: d, Queue: q, Clock: c, Authz: z, Units: units, Zalo: NewOutside(channel.Zalo), Facebook: NewOutside(channel.Facebook),
		Profiles: Profiles{orgunittest.Province: {Chair: "Trần Thị Hoài Nam", Hotline: "0238 000 0000"}}, Pictures: picture.NewStore(blobs), Trail: &Trail{}}
	fast := channel.Config{Settle: 10 * time.Millisecond, Backoff: 10 * time.Millisecond,
		Poll: []time.Duration{10 * time.Millisecond}, Sweep: time.Hour}
	w.Channel = channel.New(channel.Deps{DB: d, Queue: q, Clock: c, Authz: z, Sealer: openSealer{}, Units: units, Config: fast})
	w.Channel.Add(w.Zalo)
	w.Channel.Add(w.Facebook)
	w.Publish = publish.New(publish.Deps{DB: d, Queue: q, Clock: c, Authz: z, Trail: w.Trail, Tree: func() publish.Tree { return units.Forest() },
		Accounts: w.Channel, Deliverer: w.Channel, Retrier: w.Channel, Profiles: w.Profiles, Pictures: w.Pictures, Links: Links{}})
	w.Channel.SetSource(w.Publish)
	for _, u := range []string{orgunittest.Province, orgunittest.VinhHung, orgunittest.TruongVinh, orgunittest.KimLien} {
		w.AddAccount(t, u, channel.Zalo)
		w.AddAccount(t, u, channel.Portal)
	}
	w.AddAccount(t, orgunittest.Province, channel.Facebook)
	return w
}

// Clock starts at orgunittest.Now and goes on at the pace of the machine's, as background work with pauses needs; Advance
// lets it jump.
type Clock struct {
	mu      sync.Mutex
	started time.Time
	ahead   time.Duration
}

// Now implements clock.Clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return orgunittest.Now.Add(c.ahead + clock.System{}.Now().Sub(c.started))
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// AddAccount gives a unit one more account of a kind, well and able to do everything.
func (w *World) AddAccount(t testing.TB, unitID string, kind channel.Kind) channel.Account {
	t.Helper()
	a := channel.Account{UnitID: unitID, Kind: kind, ExternalID: "ext-" + string(kind) + "-" + unitID, Name: string(kind) + " " + w.Publish.Unit(unitID).FullName,
		State: channel.AccountConnected, Capabilities: channel.Capabilities{Article: true, Broadcast: true, MessageV: "v3"}, CheckedAt: w.Clock.Now()}
	err := w.DB.InTx(context.Background(), func(ctx context.Context, tx db.Tx) (err error) {
		a, err = w.Channel.Install(ctx, tx, a, channel.Tokens{Access: "a", Expires: w.Clock.Now().AddDate(1, 0, 0)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Drain does all background work that is due.
func (w *World) Drain(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	w.start.Do(func() { // not with ctx: the queue would end with it
		if err := w.Queue.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
	if err := w.Queue.Drain(ctx); err != nil {
		t.Fatal(err)
	}
}

// Draft is a complete post for the units.
func Draft(title string, unitIDs ...string) publish.Draft {
	d := publish.Draft{Words: publish.Words{Title: title, Lead: "Lời dẫn của bài.", Body: "<p>Nội dung của bài.</p>"}, Category: "notice"}
	for _, u := range unitIDs {
		d.Targets = append(d.Targets, publish.Target{Kind: publish.TargetUnit, Ref: u})
	}
	return d
}

// Everywhere is a complete post for the whole province.
func Everywhere(title string) publish.Draft {
	d := Draft(title)
	d.Targets = []publish.Target{{Kind: publish.TargetSubtree, Ref: orgunittest.Province}}
	return d
}

// Write lets An write a post of the province and send it to review.
func (w *World) Write(t testing.TB, d publish.Draft) publish.Post {
	t.Helper()
	ctx := context.Background()
	p, err := w.Publish.Create(ctx, An, orgunittest.Province, d)
	if err == nil {
		p, err = w.Publish.Submit(ctx, An, p.ID, p.Rev)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Approve lets Binh approve a post at once.
func (w *World) Approve(t testing.TB, p publish.Post, ap publish.Approval) publish.Post {
	t.Helper()
	p, err := w.Publish.Approve(context.Background(), Binh, p.ID, p.Rev, ap)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Live writes, approves and delivers a post.
func (w *World) Live(t testing.TB, d publish.Draft) publish.Post {
	t.Helper()
	p := w.Approve(t, w.Write(t, d), publish.Approval{Mode: publish.ModeNow})
	w.Drain(t)
	return p
}

// PNG draws a picture for uploads.
func PNG(width, height int) []byte {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			m.Set(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err) // a bytes.Buffer takes everything
	}
	return b.Bytes()
}

// Profiles are what units say of themselves, by unit.
type Profiles map[string]publish.Profile

// Profile implements publish.Profiles.
func (p Profiles) Profile(_ context.Context, unitID string) (publish.Profile, error) {
	return p[unitID], nil
}

// Links makes addresses under https://nhipcau.example.
type Links struct{}

// Unit implements publish.Links.
func (Links) Unit(u orgunit.Unit) string { return "https://nhipcau.example/" + u.Slug }

// Article implements publish.Links.
func (Links) Article(u orgunit.Unit, slug string) string {
	return "https://nhipcau.example/" + u.Slug + "/tin/" + slug
}

// Absolute implements publish.Links.
func (Links) Absolute(path string) string { return "https://nhipcau.example" + path }

// Trail remembers what was recorded for the audit log.
type Trail struct {
	mu   sync.Mutex
	Acts []identity.Trace
}

// Record implements identity.Recorder.
func (r *Trail) Record(_ context.Context, _ db.Tx, x identity.Trace) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Acts = append(r.Acts, x)
	return nil
}

// openSealer only wraps: tests hold no secrets.
type openSealer struct{}

func (openSealer) Seal(plain []byte, _ string) (string, error) {
	return base64.StdEncoding.EncodeToString(plain), nil
}

func (openSealer) Open(sealed, _ string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(sealed)
}

// Shown is one thing that stands at an account outside.
type Shown struct {
	AccountID string
	Content   channel.Content
}

// Outside pretends to be a channel: it remembers what stands where, and refuses what Refuse says.
type Outside struct {
	kind channel.Kind
	mu   sync.Mutex
	// standing maps the outside id to what is shown.
	standing  map[string]Shown
	calls     map[string]int // account → how often something new was put up
	announced int
	refuse    func(channel.Account) error
}

// NewOutside makes an empty outside world of a kind.
func NewOutside(k channel.Kind) *Outside {
	return &Outside{kind: k, standing: map[string]Shown{}, calls: map[string]int{}}
}

// Refuse sets which accounts fail from now on, and how; nil: none.
func (o *Outside) Refuse(fn func(channel.Account) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse = fn
}

// Broken is an error with which a person must help.
func Broken(k channel.Kind) error {
	return &channel.Error{Kind: k, Code: "-224", Message: "package", Advice: channel.AdviceHuman, Key: "channel.zalo.package"}
}

// Standing lists what is shown now, by account.
func (o *Outside) Standing() map[string]channel.Content {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string]channel.Content{}
	for _, s := range o.standing {
		out[s.AccountID] = s.Content
	}
	return out
}

// Most is the greatest number of times something was put up at one account.
func (o *Outside) Most() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, c := range o.calls {
		n = max(n, c)
	}
	return n
}

// Announced counts the broadcasts.
func (o *Outside) Announced() int { o.mu.Lock(); defer o.mu.Unlock(); return o.announced }

// Kind implements channel.Channel.
func (o *Outside) Kind() channel.Kind { return o.kind }

// Limits implements channel.Channel.
func (o *Outside) Limits() channel.Limits { return publish.DefaultLimits[o.kind] }

// Publish implements channel.Channel.
func (o *Outside) Publish(_ context.Context, a channel.Account, c channel.Content, _ channel.Receipt) (channel.Receipt, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refuse != nil {
		if err := o.refuse(a); err != nil {
			return channel.Receipt{}, err
		}
	}
	ext := id.New()
	o.standing[ext] = Shown{a.ID, c}
	o.calls[a.ID]++
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: ext, Link: fmt.Sprintf("https://%s.example/%s", o.kind, ext)}, nil
}

// Confirm implements channel.Channel.
func (o *Outside) Confirm(_ context.Context, _ channel.Account, r channel.Receipt) (channel.Receipt, error) {
	return r, nil
}

// Update implements channel.Channel.
func (o *Outside) Update(_ context.Context, a channel.Account, r channel.Receipt, c channel.Content) (channel.Receipt, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.standing[r.ExternalID] = Shown{a.ID, c}
	r.State = channel.ReceiptPublished
	return r, nil
}

// Retract implements channel.Channel.
func (o *Outside) Retract(_ context.Context, _ channel.Account, r channel.Receipt) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.standing, r.ExternalID)
	return nil
}

// Announce implements channel.Announcer.
func (o *Outside) Announce(_ context.Context, _ channel.Account, r channel.Receipt) (channel.Receipt, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.announced++
	r.State = channel.ReceiptPublished
	return r, nil
}

// Reply implements channel.Channel.
func (o *Outside) Reply(context.Context, channel.Account, channel.Reply) (channel.Receipt, error) {
	return channel.Receipt{}, io.EOF
}

// Probe implements channel.Channel.
func (o *Outside) Probe(_ context.Context, a channel.Account) (channel.Account, error) { return a, nil }

// Webhook implements channel.Channel.
func (o *Outside) Webhook(http.Header, []byte) ([]channel.Inbound, error) { return nil, nil }
