package notice_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/channel/zalo"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

const oa = "4000000000000000001"

var (
	sets = append([]db.Migrations{notice.Migrations}, channeltest.Migrations...)
	lead = identity.Actor{Kind: identity.ActorOfficial, ID: "qt", Name: "Trần Thị Lan", Grants: []identity.Grant{{Role: identity.RoleUnitAdmin, UnitID: orgunittest.Province}}}
)

type world struct {
	*channeltest.House
	sim      *simzalo.Sim
	svc      *notice.Service
	account  channel.Account
	template string
	mu       sync.Mutex
	told     []notice.Changed
}

// open makes a house with one OA of the province that has one approved template, serving ConfirmPhone.
func open(t *testing.T, d *db.DB) *world {
	h := channeltest.NewHouseAt(t, d, channel.Config{}, clock.NewStub(time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC))) // 09:00
	w := &world{House: h}
	hook := channeltest.NewHook(t, channel.Zalo)
	sim, err := simzalo.New(simzalo.Config{AppID: "1", AppSecret: "s", OASecretKey: "k", WebhookURL: hook.URL, Clock: h.Clock, RetryScale: 0.001})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { srv.Close(); _ = sim.Close() })
	w.sim = sim
	tk := sim.AddOA(simzalo.OA{ID: oa, Name: "MTTQ tỉnh Nghệ An"})
	h.Service.Add(zalo.New(zalo.Config{OAuthURL: srv.URL, OpenAPIURL: srv.URL, AppID: "1", AppSecret: "s", WebhookKey: "k", Clock: h.Clock,
		HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}, h.Service.Vault(), h.Service.Budget(channel.Zalo)))
	hook.Serve(h.Service)
	w.account = h.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.Province, ExternalID: oa, Name: "MTTQ tỉnh Nghệ An"},
		channel.Tokens{Access: tk.Access, Refresh: tk.Refresh, Expires: h.Clock.Now().Add(20 * time.Hour)})
	if w.template, err = sim.AddTemplate(oa, simzalo.Template{Name: "Mã xác nhận", Tag: "TRANSACTION", Price: 300,
		Params: []simzalo.TemplateParam{{Name: "code", Require: true, MaxLength: 10}, {Name: "unit", MaxLength: 30}}}); err != nil {
		t.Fatal(err)
	}
	w.svc = notice.New(notice.Deps{DB: d, Queue: h.Queue, Clock: h.Clock, Sealer: channeltest.Sealer{}, Channels: h.Service, Forest: h.Units.Forest,
		Doubt: time.Second, Claim: 20 * time.Second})
	jobs.On(h.Queue, "test", func(_ context.Context, e notice.Changed) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.told = append(w.told, e)
		return nil
	})
	if err := w.svc.Refresh(t.Context(), lead, w.account.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.svc.Serve(t.Context(), lead, w.account.ID, notice.ConfirmPhone, w.template); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) stub() *clock.Stub { return w.Clock.(*clock.Stub) }

func (w *world) notify(t *testing.T, n notice.Notice) error {
	t.Helper()
	return w.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
		_, err := w.svc.Notify(ctx, tx, n)
		return err
	})
}

func (w *world) await(t *testing.T, key string, want notice.State, reason string) notice.Receipt {
	t.Helper()
	var r notice.Receipt
	w.Await(t, 20*time.Second, key+" is "+string(want)+" "+reason, func() bool {
		var err error
		if r, err = w.svc.Receipt(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		return r.State == want && r.Reason == reason
	})
	return r
}

func code(key string) notice.Notice {
	return notice.Notice{UnitID: orgunittest.VinhHung, Phone: "0912 345 678", Purpose: notice.ConfirmPhone, Key: key,
		Params: map[string]string{"code": "482913", "unit": "Phường Vinh Hưng", "nothing": "x"}}
}

// TestNoticeArrives: a ward without an OA of its own sends by that of the province, once, and hears that it arrived.
func TestNoticeArrives(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		for range 2 {
			if err := w.notify(t, code("k1")); err != nil {
				t.Fatal(err)
			}
		}
		r := w.await(t, "k1", notice.Arrived, "")
		got := w.sim.Notices(oa)
		if len(got) != 1 || got[0].Phone != "84912345678" || got[0].Data["code"] != "482913" || got[0].Data["unit"] == "" || got[0].Data["nothing"] != "" {
			t.Fatalf("at the platform: %+v", got)
		}
		if r.Price != 300 || r.Tail != "678" || r.AccountID != w.account.ID || r.ArrivedAt.IsZero() {
			t.Fatalf("receipt: %+v", r)
		}
		if can, err := w.svc.Can(t.Context(), orgunittest.KimLien, notice.ConfirmPhone); err != nil || !can {
			t.Errorf("a commune below can: %v %v", can, err)
		}
		if can, err := w.svc.Can(t.Context(), orgunittest.KimLien, notice.AnswerReady); err != nil || can {
			t.Errorf("nothing serves answers: %v %v", can, err)
		}
		o, err := w.svc.Overview(t.Context(), lead, w.account.ID)
		if err != nil || len(o.Templates) != 1 || o.Templates[0].Price != 300 || o.Spent != 300 || len(o.Notices) != 1 || o.Serving[notice.ConfirmPhone] != w.template {
			t.Fatalf("overview: %+v %v", o, err)
		}
	}, sets...)
}

func TestNoticeIsRefusedBefore(t *testing.T) {
	w := open(t, dbtest.SQLite(t, sets...))
	for what, c := range map[string]struct {
		change func(*notice.Notice)
		kind   fault.Kind
	}{
		"no number":         {func(n *notice.Notice) { n.Phone = "038 123" }, fault.Invalid},
		"no key":            {func(n *notice.Notice) { n.Key = "" }, fault.Internal},
		"nothing serves it": {func(n *notice.Notice) { n.Purpose = notice.AnswerReady }, fault.Conflict},
		"a place is empty":  {func(n *notice.Notice) { n.Params = map[string]string{"unit": "x"} }, fault.Conflict},
	} {
		n := code("k-" + what)
		c.change(&n)
		if err := w.notify(t, n); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := w.svc.Serve(t.Context(), identity.Actor{}, w.account.ID, notice.ConfirmPhone, ""); err == nil {
		t.Error("a stranger took the purpose off")
	}
	for in, want := range map[string]string{"0912345678": "84912345678", "+84 912.345.678": "84912345678", "84912345678": "84912345678", "84012345678": "", "12": "", "09123456789": ""} {
		if got := notice.Phone(in); got != want {
			t.Errorf("%s: %q", in, got)
		}
	}
}

// TestEveryErrorEndsWithOneSentence walks the table: what cannot be is failed with what to do, what may be later waits.
func TestEveryErrorEndsWithOneSentence(t *testing.T) {
	w := open(t, dbtest.SQLite(t, sets...))
	for _, c := range []struct {
		code   int
		state  notice.State
		reason string
	}{
		{-108, notice.Failed, "channel.notice.bad_phone"}, {-109, notice.Failed, "channel.notice.no_template"}, {-114, notice.Failed, "channel.notice.unreachable"},
		{-115, notice.Failed, "channel.zalo.no_money"}, {-117, notice.Failed, "channel.notice.not_ours"}, {-118, notice.Failed, "channel.notice.no_zalo"},
		{-119, notice.Failed, "channel.notice.unreachable"}, {-120, notice.Failed, "channel.notice.not_allowed"}, {-1122, notice.Failed, "channel.notice.bad_data"},
		{-131, notice.Failed, "channel.notice.unapproved"}, {-135, notice.Failed, "channel.notice.plan"}, {-139, notice.Failed, "channel.notice.refused"},
		{-146, notice.Failed, "channel.notice.disabled"}, {-144, notice.Queued, "channel.notice.daily"}, {-133, notice.Queued, "channel.zalo.night"},
		{-99999, notice.Failed, "channel.error.other"},
	} {
		w.sim.Faults().Remove("")
		if _, err := w.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultError, System: "zalo", Path: "/message/template", Code: c.code, Message: "no", Count: 1}); err != nil {
			t.Fatal(err)
		}
		key := strings.TrimPrefix(c.reason, "channel.") + notice.Phone("0912345678")
		n := code(key + "/" + time.Now().String())
		if err := w.notify(t, n); err != nil {
			t.Fatal(err)
		}
		w.await(t, n.Key, c.state, c.reason)
	}
	if got := w.sim.Notices(oa); len(got) != 0 {
		t.Errorf("refused, and yet at the platform: %+v", got)
	}
}

// TestLostAnswerIsNotSentTwice: the platform took the notice and the line broke. Its own word tells that it arrived; without
// that word a person is asked, and nothing is sent again.
func TestLostAnswerIsNotSentTwice(t *testing.T) {
	w := open(t, dbtest.SQLite(t, sets...))
	lose := func() {
		w.sim.Faults().Remove("")
		if _, err := w.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultDropAfter, System: "zalo", Path: "/message/template", Count: 1}); err != nil {
			t.Fatal(err)
		}
	}
	lose()
	if err := w.notify(t, code("told")); err != nil {
		t.Fatal(err)
	}
	w.await(t, "told", notice.Arrived, "")
	lose()
	w.sim.Obey(simkit.Fault{Kind: simkit.FaultNoWebhook})
	if err := w.notify(t, code("untold")); err != nil {
		t.Fatal(err)
	}
	w.await(t, "untold", notice.Queued, "channel.error.checking")
	w.stub().Advance(5 * time.Second)
	w.await(t, "untold", notice.Failed, "channel.notice.unsure")
	if n := len(w.sim.Notices(oa)); n != 2 {
		t.Errorf("%d notices at the platform, want 2", n)
	}
}

// TestNightAndPersons: at night a notice waits for the morning; one by person needs no number; who has waited too long is
// not written to any more.
func TestNightAndPersons(t *testing.T) {
	w := open(t, dbtest.SQLite(t, sets...))
	user := w.sim.AddFollower(oa, simzalo.Person{Key: "an", Name: "Nguyễn Văn An"})
	n := code("by person")
	n.AccountID, n.PersonID, n.Phone = w.account.ID, user, ""
	if err := w.notify(t, n); err != nil {
		t.Fatal(err)
	}
	w.await(t, "by person", notice.Sent, "")
	if got := w.sim.Notices(oa); got[0].User != user {
		t.Errorf("%+v", got)
	}
	w.stub().Set(time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)) // 23:00
	late := code("late")
	late.NotAfter = w.Clock.Now().Add(time.Hour)
	for _, n := range []notice.Notice{code("night"), late} {
		if err := w.notify(t, n); err != nil {
			t.Fatal(err)
		}
	}
	w.Idle(t)
	if got := w.sim.Notices(oa); len(got) != 1 {
		t.Fatalf("sent at night: %+v", got)
	}
	w.stub().Set(time.Date(2026, 11, 23, 23, 1, 30, 0, time.UTC)) // 06:01 the next day
	if err := w.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return w.svc.Wake(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
	w.await(t, "night", notice.Arrived, "")
	w.await(t, "late", notice.Failed, "channel.notice.too_late")
}
