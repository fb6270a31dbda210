// Package rig sets a whole house up for the long tests and the benchmarks: simulated outside worlds that stay alive in the
// process of the test, a seeded database, and the product as a process of its own that can be killed and started again. It
// touches the product only from outside: its command line, its pages and its database file.
package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/portal"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/simserver"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

// Secrets of the simulated platforms: they protect nothing.
const (
	appID, appSecret, hookSecret = "4100000000000000009", "rig-app-secret", "rig-oa-secret"
)

// Setup says what to set up.
type Setup struct {
	Dir      string // folder of everything that is kept
	Binary   string // the product, as Build makes it
	Database string // postgres://…; "" is SQLite in Dir
	Units    int    // how many units have an Official Account, the province first; 0: all
	Year2024 bool   // the tree of 15 November 2024, with its districts; otherwise today's
	Budget   int    // calls a minute that the product allows itself; 0: no limit
	Rate     int    // calls a minute that the simulated Zalo allows; 0: no limit
	Delay    time.Duration
	Pages    bool // a Facebook page beside every Official Account
}

// Rig is a seeded house with its outside worlds.
type Rig struct {
	Setup
	World    simserver.World
	SimURL   string
	Units    []orgunit.Unit    // those with accounts, the province first
	OA       map[string]string // unit id → id of its Official Account
	Followed map[string]string // id of the Official Account → a follower's user id
	Editor   string            // ids of officials of the province
	Approver string
	Leader   string
	Article  string // path of an article on the province's portal

	cfg    app.Config
	server *http.Server

	target atomic.Pointer[string] // where webhooks go

	mu    sync.Mutex
	acked map[string]int // webhook body → how often it was answered with 200
}

// Open starts the simulators and seeds a house.
func Open(ctx context.Context, s Setup) (*Rig, error) {
	r := &Rig{Setup: s, OA: map[string]string{}, Followed: map[string]string{}, acked: map[string]int{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r.SimURL = "http://" + l.Addr().String()
	r.configure()
	if err := r.openWorld(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/", r.World.Handler())
	mux.HandleFunc("POST /door/{kind}", r.door)
	r.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = r.server.Serve(l) }()
	if err := r.seed(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("seeding: %w", err), r.Close())
	}
	return r, nil
}

// Close stops the simulators.
func (r *Rig) Close() error { return errors.Join(r.server.Close(), r.World.Close()) }

func (r *Rig) configure() {
	c := app.Defaults()
	c.Data, c.Database, c.Listen, c.Budget = r.Dir, r.Database, "127.0.0.1:1", r.Budget
	c.Zalo.AppID, c.Zalo.AppSecret, c.Zalo.OASecretKey = appID, appSecret, hookSecret
	c.Zalo.OAuthURL, c.Zalo.OpenAPIURL = r.SimURL+"/zalo", r.SimURL+"/zalo"
	c.Facebook.AppID, c.Facebook.AppSecret, c.Facebook.VerifyToken = appID, appSecret, hookSecret
	c.Facebook.GraphURL, c.Facebook.DialogURL = r.SimURL+"/graph", r.SimURL+"/graph"
	c.Rehearsal.SignIn = true
	c.Log.Level = "warn"
	if r.Year2024 {
		c.Rehearsal.Now = "2024-11-15T08:00:00+07:00"
	}
	r.cfg = c
}

// Config is the configuration of the house, for tests that open it in their own process.
func (r *Rig) Config(listen string) app.Config {
	c := r.cfg
	c.Listen = listen
	return c
}

func (r *Rig) openWorld() error {
	rate := r.Rate
	if rate == 0 {
		rate = -1
	}
	c := clock.Clock(clock.System{})
	if r.Year2024 {
		at, err := time.Parse(time.RFC3339, r.cfg.Rehearsal.Now)
		if err != nil {
			return err
		}
		c = clock.Shifted{By: time.Until(at).Truncate(time.Second)}
	}
	var err error
	r.World, err = simserver.Open(r.SimURL, "",
		zalo.Config{AppID: appID, AppSecret: appSecret, OASecretKey: hookSecret, WebhookURL: r.SimURL + "/door/zalo", ArticleDelay: r.Delay,
			Rate: rate, Clock: c, NoNight: true, RetryScale: 0.005},
		facebook.Config{AppID: appID, AppSecret: appSecret, VerifyToken: hookSecret, WebhookURL: r.SimURL + "/door/facebook", Clock: c, RetryScale: 0.005})
	return err
}

// door stands between the platforms and the product: it passes webhooks on and remembers which were answered with 200.
func (r *Rig) door(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	target := r.target.Load()
	if err != nil || target == nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	resp, err := passOn(req, *target+"/webhook/"+req.PathValue("kind"), body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		r.mu.Lock()
		r.acked[string(body)]++
		r.mu.Unlock()
	}
	w.WriteHeader(resp.StatusCode)
}

// passOn posts a webhook, again and again while nobody answers, until the platform loses patience: as a proxy does in front
// of a server that is being started.
func passOn(req *http.Request, to string, body []byte) (*http.Response, error) {
	for {
		out, err := http.NewRequestWithContext(req.Context(), http.MethodPost, to, bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		out.Header = req.Header.Clone()
		resp, err := http.DefaultClient.Do(out)
		if err == nil {
			return resp, nil
		}
		select {
		case <-req.Context().Done():
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Acked lists the webhooks that the product answered with 200.
func (r *Rig) Acked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]string, 0, len(r.acked))
	for body := range r.acked {
		out = append(out, body)
	}
	return out
}

// OpenDatabase opens the house's database beside the product, to look at what is really in it.
func (r *Rig) OpenDatabase(ctx context.Context) (*db.DB, error) {
	if r.Database != "" {
		return db.Open(ctx, r.Database)
	}
	return db.Open(ctx, filepath.Join(r.Dir, "nhipcau.db"))
}

// seed opens the house once in this process, fills it through its services and closes it again.
func (r *Rig) seed(ctx context.Context) (err error) {
	cfg := r.Config("127.0.0.1:1")
	if err := cfg.Check(); err != nil {
		return err
	}
	if err := os.MkdirAll(r.Dir, 0o750); err != nil {
		return err
	}
	var log bytes.Buffer
	house, err := app.Open(ctx, cfg, &log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	rooms := house.Rooms()
	f, today := rooms.Units.Forest(), rooms.Units.Today()
	top, err := f.ByCode(orgunit.LevelProvince, cfg.Province, today)
	if err != nil {
		return err
	}
	r.Units = append(r.Units, top)
	for _, level := range []orgunit.Level{orgunit.LevelDistrict, orgunit.LevelCommune} {
		r.Units = append(r.Units, f.AtLevel(level, orgunit.KindFront, top.ID, today)...)
	}
	if r.Setup.Units > 0 {
		r.Units = r.Units[:min(len(r.Units), r.Setup.Units)]
	}
	err = rooms.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := r.accounts(ctx, tx, rooms, house); err != nil {
			return err
		}
		return r.officials(ctx, tx, rooms, today)
	})
	if err != nil {
		return err
	}
	return r.article(ctx, rooms)
}

// article puts one post on the province's portal.
func (r *Rig) article(ctx context.Context, rooms app.Rooms) error {
	actor := func(officialID string, role identity.Role) identity.Actor {
		return identity.Actor{Kind: identity.ActorOfficial, ID: officialID, Name: "Cán bộ " + string(role), Grants: []identity.Grant{{Role: role, UnitID: r.Units[0].ID}}}
	}
	editor, approver := actor(r.Editor, identity.RoleEditor), actor(r.Approver, identity.RoleApprover)
	paragraph := "<p>Ngày hội gồm hai phần: phần lễ ôn lại truyền thống ngày 18/11, biểu dương gia đình, cá nhân tiêu biểu; phần hội có văn nghệ, " +
		"trò chơi dân gian và bữa cơm đoàn kết. Bà con đăng ký tiết mục với Trưởng ban công tác Mặt trận trước ngày hội ba ngày.</p>"
	p, err := rooms.Publish.Create(ctx, editor, r.Units[0].ID, publish.Draft{
		Words: publish.Words{Title: "Ngày hội Đại đoàn kết toàn dân tộc ở khu dân cư", Lead: "Các khu dân cư trong toàn tỉnh tổ chức Ngày hội.",
			Body: strings.Repeat(paragraph, 8)},
		Category: "activity", Kinds: []channel.Kind{channel.Portal}, Targets: []publish.Target{{Kind: publish.TargetUnit, Ref: r.Units[0].ID}}})
	if err != nil {
		return err
	}
	if p, err = rooms.Publish.Submit(ctx, editor, p.ID, p.Rev); err != nil {
		return err
	}
	if p, err = rooms.Publish.Approve(ctx, approver, p.ID, p.Rev, publish.Approval{Mode: publish.ModeNow}); err != nil {
		return err
	}
	r.Article = portal.Links{}.Post(r.Units[0], p.Slug)
	return nil
}

func (r *Rig) accounts(ctx context.Context, tx db.Tx, rooms app.Rooms, house *app.House) error {
	now := rooms.Clock.Now()
	var sites []channel.PortalSite
	for i, u := range r.Units {
		oa := fmt.Sprintf("4%018d", i+1)
		name := "MTTQ " + u.FullName
		t := r.World.Zalo.AddOA(zalo.OA{ID: oa, Name: name})
		r.OA[u.ID] = oa
		r.Followed[oa] = r.World.Zalo.AddFollower(oa, zalo.Person{Key: "nguoi-" + oa, Name: "Người theo dõi " + oa})
		_, err := rooms.Channels.Install(ctx, tx, channel.Account{UnitID: u.ID, Kind: channel.Zalo, ExternalID: oa, Name: name, Followers: 1, CheckedAt: now,
			Capabilities: channel.Capabilities{Article: true, Broadcast: true}}, channel.Tokens{Access: t.Access, Refresh: t.Refresh, Expires: now.Add(24 * time.Hour)})
		if err != nil {
			return err
		}
		sites = append(sites, channel.PortalSite{UnitID: u.ID, Name: name, Link: house.UnitURL(u)})
		if !r.Pages {
			continue
		}
		page := fmt.Sprintf("1%014d", i+1)
		token := r.World.Facebook.AddPage(facebook.Page{ID: page, Name: name, Subscribed: []string{"feed", "messages"}})
		if _, err := rooms.Channels.Install(ctx, tx, channel.Account{UnitID: u.ID, Kind: channel.Facebook, ExternalID: page, Name: name, CheckedAt: now,
			Capabilities: channel.Capabilities{Article: true}}, channel.Tokens{Access: token}); err != nil {
			return err
		}
	}
	_, err := rooms.Channels.EnsurePortals(ctx, tx, sites)
	return err
}

func (r *Rig) officials(ctx context.Context, tx db.Tx, rooms app.Rooms, today clock.Date) error {
	var list []identity.SeedOfficial
	roles := []identity.Role{identity.RoleEditor, identity.RoleApprover, identity.RoleLeader}
	for _, role := range roles {
		list = append(list, identity.SeedOfficial{Name: "Cán bộ " + string(role), Email: strings.ReplaceAll(string(role), "_", "-") + "@rig.example",
			Memberships: []identity.Term{{UnitID: r.Units[0].ID, Role: role, From: today.AddDays(-30)}}})
	}
	ids, err := rooms.People.SeedOfficials(ctx, tx, list)
	if err != nil {
		return err
	}
	r.Editor, r.Approver, r.Leader = ids[0], ids[1], ids[2]
	return nil
}
