package audience_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/audience"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/zalo"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

const oa = "4000000000000000001"

var (
	sets  = append([]db.Migrations{audience.Migrations}, channeltest.Migrations...)
	admin = identitytest.Official("qt", identity.RoleUnitAdmin, orgunittest.VinhHung)
	desk  = identitytest.Official("tt", identity.RoleDeskOfficer, orgunittest.VinhHung)
	began = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC) // 09:00
)

type world struct {
	*channeltest.House
	sim     *simzalo.Sim
	svc     *audience.Service
	account channel.Account
	mu      sync.Mutex
	came    []string
}

func (w *world) stub() *clock.Stub { return w.Clock.(*clock.Stub) }

func (w *world) arrivals() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.came...)
}

func open(t *testing.T, d *db.DB) *world {
	h := channeltest.NewHouseAt(t, d, channel.Config{}, clock.NewStub(began))
	w := &world{House: h}
	hook := channeltest.NewHook(t, channel.Zalo)
	sim, err := simzalo.New(simzalo.Config{AppID: "1", AppSecret: "s", OASecretKey: "k", WebhookURL: hook.URL, Clock: h.Clock, RetryScale: 0.0001, Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { srv.Close(); _ = sim.Close() })
	w.sim = sim
	tk := sim.AddOA(simzalo.OA{ID: oa, Name: "MTTQ phường Vinh Hưng"})
	h.Service.Add(zalo.New(zalo.Config{OAuthURL: srv.URL, OpenAPIURL: srv.URL, AppID: "1", AppSecret: "s", WebhookKey: "k", Clock: h.Clock}, h.Service.Vault(), h.Service.Budget(channel.Zalo)))
	h.Service.SetSource(channeltest.Texts{Cover: "https://mattran.example/a.jpg"})
	hook.Serve(h.Service)
	w.account = h.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.VinhHung, ExternalID: oa, Name: "MTTQ phường Vinh Hưng"},
		channel.Tokens{Access: tk.Access, Refresh: tk.Refresh, Expires: h.Clock.Now().Add(20 * time.Hour)})
	z, err := identity.NewAuthorizer(h.Units, h.Clock, channel.Policies)
	if err != nil {
		t.Fatal(err)
	}
	w.svc = audience.New(audience.Deps{DB: d, Queue: h.Queue, Clock: h.Clock, Authz: z, Channels: h.Service})
	jobs.On(h.Queue, "test", func(ctx context.Context, e channel.MessageReceived) error {
		m, err := h.Service.Message(ctx, e.MessageID)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.came = append(w.came, m.Text)
		return err
	})
	return w
}

func (w *world) overview(t *testing.T) audience.Overview {
	t.Helper()
	o, err := w.svc.Overview(t.Context(), admin, w.account.ID)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (w *world) read(t *testing.T) {
	t.Helper()
	before := w.overview(t)
	w.stub().Advance(time.Millisecond) // before the work can begin: it tells the time at which it read
	if err := w.svc.ReadAgain(t.Context(), admin, w.account.ID); err != nil {
		t.Fatal(err)
	}
	w.Await(t, 30*time.Second, "everything is read", func() bool {
		o := w.overview(t)
		return o.PeopleAt.After(before.PeopleAt) && o.HistoryAt.After(before.HistoryAt)
	})
	w.Idle(t)
}

// TestFollowersTagsAndGroups: what the platform lists is read, and afterwards its webhooks keep it up.
func TestFollowersTagsAndGroups(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		var users []string
		for i := range 120 {
			users = append(users, w.sim.AddFollowerFull(oa, simzalo.Follower{Person: simzalo.Person{Key: fmt.Sprint(i), Name: fmt.Sprint("Người ", i)}, Follows: true, Since: began.Add(-time.Hour)}))
		}
		if _, err := w.sim.AddGroup(oa, simzalo.Group{Name: "Xóm Sen 2", Members: users[:3]}); err != nil {
			t.Fatal(err)
		}
		w.read(t)
		if o := w.overview(t); o.Known != 120 || o.Capped || len(o.Groups) != 1 || o.Groups[0].Members != 3 || !o.Groups[0].Open || len(o.Assets) != 1 || o.Assets[0].GroupID == "" {
			t.Fatalf("%+v", o)
		}
		if err := w.svc.SetTag(t.Context(), admin, w.account.ID, users[4], "  tổ   3 ", true); err != nil {
			t.Fatal(err)
		}
		if f := w.sim.Followers(oa)[4]; len(f.Tags) != 1 || f.Tags[0] != "tổ 3" {
			t.Fatalf("at the platform: %q", f.Tags)
		}
		ps, n, err := w.svc.People(t.Context(), admin, w.account.ID, "", "tổ 3", 10, 0)
		if err != nil || n != 1 || ps[0].PersonID != users[4] || ps[0].Tags[0] != "tổ 3" {
			t.Fatalf("tagged: %+v %d %v", ps, n, err)
		}
		w.stub().Advance(time.Second)
		if err := w.sim.Unfollow(oa, users[0]); err != nil {
			t.Fatal(err)
		}
		if err := w.sim.Withdraw(oa, users[4]); err != nil {
			t.Fatal(err)
		}
		w.Await(t, 20*time.Second, "one left, one withdrew", func() bool { o := w.overview(t); return o.Known == 118 && len(o.Tags) == 0 })
		w.read(t) // the list still names the one who withdrew: he stays forgotten
		if o := w.overview(t); o.Known != 118 || len(o.Tags) != 0 {
			t.Errorf("after reading again: %+v", o)
		}
		for what, c := range map[string]struct {
			tag  string
			who  identity.Actor
			kind fault.Kind
		}{"empty": {" ", admin, fault.Invalid}, "another's": {"x", desk, fault.Forbidden}} {
			if err := w.svc.SetTag(t.Context(), c.who, w.account.ID, users[1], c.tag, true); !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}, sets...)
}

// TestCappedListIsReadByMonths: the platform shows 10,001 followers of a list; the others are found by month of last contact.
func TestCappedListIsReadByMonths(t *testing.T) {
	w := open(t, dbtest.SQLite(t, sets...))
	for i := range 10_100 {
		f := simzalo.Follower{Person: simzalo.Person{Key: fmt.Sprint(i)}, Follows: true, Since: began.AddDate(0, 0, -10)}
		if i >= 10_000 {
			f.Since = began.AddDate(0, 0, -100)
		}
		w.sim.AddFollowerFull(oa, f)
	}
	if err := w.svc.ReadAgain(t.Context(), admin, w.account.ID); err != nil {
		t.Fatal(err)
	}
	w.Await(t, 100*time.Second, "all are known", func() bool { return w.overview(t).Known == 10_100 })
}

// TestHistory: conversations from before the connection are taken over once; what nobody has answered in seven days comes to
// the desk, the rest quietly.
func TestHistory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		an := w.sim.AddFollower(oa, simzalo.Person{Key: "an", Name: "Nguyễn Văn An"})
		binh := w.sim.AddFollower(oa, simzalo.Person{Key: "binh", Name: "Trần Thị Bình"})
		say := func(user, text string, ago time.Duration) {
			t.Helper()
			if _, err := w.sim.Say(oa, user, simzalo.Utterance{Text: text, Quiet: true, At: began.Add(-ago)}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 12 {
			say(an, fmt.Sprint("Câu cũ ", i), 20*24*time.Hour-time.Duration(i)*time.Minute)
		}
		say(an, "Quá cũ", 60*24*time.Hour)
		say(an, "Chưa ai đáp", 26*time.Hour)
		say(binh, "Đã quá bảy ngày", 9*24*time.Hour)
		w.read(t)
		if got := w.arrivals(); len(got) != 1 || got[0] != "Chưa ai đáp" {
			t.Fatalf("came to the desk: %q", got)
		}
		thread, err := w.Service.Thread(t.Context(), w.account.ID, an, 50)
		if err != nil || len(thread) != 13 || thread[0].Text != "Câu cũ 0" || !thread[0].History || thread[12].History {
			t.Fatalf("%d lines: %+v %v", len(thread), thread, err)
		}
		first := w.overview(t).History
		w.read(t)
		if o := w.overview(t); o.History != first || len(w.arrivals()) != 1 || first != 14 {
			t.Errorf("read twice: %d lines, before %d; %q", o.History, first, w.arrivals())
		}
	}, sets...)
}

// TestWebhookDisabledAfterAnOutage: our address was dead for so long that the platform switched it off. Listening finds it,
// what people wrote comes to the desk once, the account tells a person, and a webhook that comes again ends it.
func TestWebhookDisabledAfterAnOutage(t *testing.T) {
	w := open(t, dbtest.SQLite(t, sets...))
	an := w.sim.AddFollower(oa, simzalo.Person{Key: "an", Name: "Nguyễn Văn An"})
	w.Start(t)
	w.sim.Obey(simkit.Fault{Kind: simkit.FaultNoWebhook})
	for _, text := range []string{"Ngõ 3 mất điện", "Bao giờ có ạ?"} {
		if _, err := w.sim.Say(oa, an, simzalo.Utterance{Text: text}); err != nil {
			t.Fatal(err)
		}
		w.stub().Advance(time.Minute)
	}
	for range 2 {
		w.stub().Advance(15 * time.Minute)
		if err := w.svc.Listen(t.Context(), w.account.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.Await(t, 20*time.Second, "both to arrive", func() bool { return len(w.arrivals()) == 2 })
	a, err := w.Service.AccountByID(t.Context(), w.account.ID)
	if err != nil || !a.Health.DeafAt.After(a.HeardAt) {
		t.Fatalf("nobody is told: %+v %v", a.Health, err)
	}
	w.sim.Obey(simkit.Fault{Kind: simkit.FaultYesWebhook})
	w.stub().Advance(time.Minute)
	if _, err := w.sim.Say(oa, an, simzalo.Utterance{Text: "Đã có điện, cảm ơn"}); err != nil {
		t.Fatal(err)
	}
	w.Await(t, 20*time.Second, "the next one", func() bool { return len(w.arrivals()) == 3 })
	if a, err = w.Service.AccountByID(t.Context(), w.account.ID); err != nil || a.Health.DeafAt.After(a.HeardAt) {
		t.Errorf("still deaf: %+v heard %s %v", a.Health, a.HeardAt, err)
	}
	w.stub().Advance(15 * time.Minute)
	if err := w.svc.Listen(t.Context(), w.account.ID); err != nil {
		t.Fatal(err)
	}
	w.Idle(t)
	if got := w.arrivals(); len(got) != 3 {
		t.Errorf("something came twice: %q", got)
	}
}

// TestTellGroups: a post that stands is told to chosen groups once, also over a lost answer; a group that is not the
// account's is refused.
func TestTellGroups(t *testing.T) {
	w := open(t, dbtest.SQLite(t, sets...))
	an := w.sim.AddFollower(oa, simzalo.Person{Key: "an"})
	g, err := w.sim.AddGroup(oa, simzalo.Group{Name: "Xóm Sen 2", Members: []string{an}})
	if err != nil {
		t.Fatal(err)
	}
	w.read(t)
	editor := identitytest.Official("bt", identity.RoleEditor, orgunittest.VinhHung)
	if _, err := w.svc.TellGroups(t.Context(), editor, w.account.ID, "p", []string{g}); !fault.Is(err, fault.Conflict) {
		t.Errorf("nothing stands: %v", err)
	}
	w.Deliver(t, channel.NewDelivery{AccountID: w.account.ID, Source: "p", Version: 1, Action: channel.ActPublish})
	w.Await(t, 20*time.Second, "it stands", func() bool {
		w.stub().Advance(time.Second)
		_, ok, err := w.Service.Standing(t.Context(), "p", w.account.ID)
		return err == nil && ok
	})
	for what, c := range map[string]struct {
		who    identity.Actor
		groups []string
		kind   fault.Kind
	}{"none": {editor, nil, fault.Invalid}, "another's": {editor, []string{"x"}, fault.Invalid}, "no right": {desk, []string{g}, fault.Forbidden}} {
		if _, err := w.svc.TellGroups(t.Context(), c.who, w.account.ID, "p", c.groups); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := w.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultDropAfter, Path: "/group/message", Count: 1}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, err := w.svc.TellGroups(t.Context(), editor, w.account.ID, "p", []string{g}); err != nil || n != 1 {
			t.Fatal(n, err)
		}
	}
	w.Await(t, 30*time.Second, "the group has it", func() bool {
		w.stub().Advance(time.Second)
		th, err := w.Service.Thread(t.Context(), w.account.ID, g, 5)
		return err == nil && len(th) == 1 && th[0].State == channel.MessageSent
	})
	if got := w.sim.GroupMessages(oa, g); len(got) != 1 || got[0].Text == "" {
		t.Errorf("%+v", got)
	}
}
