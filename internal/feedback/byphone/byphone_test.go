package byphone_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/channel/zalo"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/byphone"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/follow"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/workday"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

const (
	oa    = "4000000000000000001"
	phone = "0912 000 678"
)

var sets = append([]db.Migrations{feedback.Migrations, notice.Migrations, similar.Migrations, follow.Migrations, byphone.Migrations, identity.Migrations, audit.Migrations}, channeltest.Migrations...)

type words struct{}

func (words) T(key string, args ...any) string { return key + " " + fmt.Sprint(args...) }

// world is a house whose province has an account at the simulated Zalo with templates for codes and answers.
type world struct {
	*feedbacktest.Kit
	t       *testing.T
	house   *channeltest.House
	sim     *simzalo.Sim
	account channel.Account
	notices *notice.Service
	similar *similar.Service
	follow  *follow.Service
	svc     *byphone.Service
}

func open(t *testing.T, d *db.DB) *world {
	t.Helper()
	stub := clock.NewStub(feedbacktest.Now) // 09:00
	w := &world{t: t, house: channeltest.NewHouseAt(t, d, channel.Config{}, stub)}
	h := w.house
	box, err := secret.Parse("k1 " + strings.Repeat("ab", 32))
	must(t, err)
	authz := identitytest.Authorizer(t, h.Units, identitytest.File("feedback", feedback.Policies))
	k := &feedbacktest.Kit{T: t, DB: d, Clock: stub, Queue: h.Queue, Units: h.Units, Authz: authz, Log: &feedbacktest.Log{}, Replies: &feedbacktest.Replies{}, Audit: &feedbacktest.Audit{}}
	k.Service = feedback.New(feedback.Deps{DB: d, Queue: h.Queue, Clock: stub, Authz: authz, Forest: h.Units.Forest, Calendar: workday.New(), Sealer: box,
		Audit: k.Audit, Log: k.Log, Replies: k.Replies, Pictures: feedbacktest.Pictures{}, Words: words{}, BaseURL: "https://mttq.example"})
	w.Kit = k
	w.zalo(d)
	w.similar = similar.New(similar.Deps{DB: d, Queue: h.Queue, Clock: stub, Cases: k.Service, Audit: k.Audit})
	w.follow = follow.New(follow.Deps{DB: d, Clock: stub, Cases: k.Service, Offers: w.similar})
	people, err := identity.NewService(d, stub, box, h.Units, identitytest.Authorizer(t, h.Units, identitytest.File("identity", identity.Policies)), audit.New(d, stub), identity.Config{BaseURL: "https://mttq.example"})
	must(t, err)
	w.svc = byphone.New(byphone.Deps{DB: d, Queue: h.Queue, Clock: stub, Cases: k.Service, Followers: w.follow, Notices: w.notices, Phones: people, Sealer: box, Key: []byte("key"),
		Codes: func() identity.PhoneSender {
			return notice.Codes{Notices: w.notices, UnitID: orgunittest.Province, Unit: "Mặt trận tỉnh"}
		},
		Unit: func(unitID string) string { return k.Service.Unit(unitID).FullName }, Root: func() string { return orgunittest.Province }})
	return w
}

// zalo opens the simulated platform and the account of the province.
func (w *world) zalo(d *db.DB) {
	t, h := w.t, w.house
	hook := channeltest.NewHook(t, channel.Zalo)
	sim, err := simzalo.New(simzalo.Config{AppID: "1", AppSecret: "s", OASecretKey: "k", WebhookURL: hook.URL, Clock: h.Clock, RetryScale: 0.001})
	must(t, err)
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { srv.Close(); _ = sim.Close() })
	w.sim = sim
	tk := sim.AddOA(simzalo.OA{ID: oa, Name: "MTTQ tỉnh Nghệ An"})
	h.Service.Add(zalo.New(zalo.Config{OAuthURL: srv.URL, OpenAPIURL: srv.URL, AppID: "1", AppSecret: "s", WebhookKey: "k", Clock: h.Clock,
		HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}, h.Service.Vault(), h.Service.Budget(channel.Zalo)))
	hook.Serve(h.Service)
	w.account = h.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.Province, ExternalID: oa, Name: "MTTQ tỉnh Nghệ An"},
		channel.Tokens{Access: tk.Access, Refresh: tk.Refresh, Expires: h.Clock.Now().Add(20 * time.Hour)})
	w.notices = notice.New(notice.Deps{DB: d, Queue: h.Queue, Clock: h.Clock, Sealer: channeltest.Sealer{}, Channels: h.Service, Forest: h.Units.Forest, Doubt: time.Second, Claim: 20 * time.Second})
	code, err := sim.AddTemplate(oa, simzalo.Template{Name: "Mã xác nhận", Tag: "OTP", Price: 300, Params: []simzalo.TemplateParam{{Name: "code", Require: true, MaxLength: 10}, {Name: "unit", MaxLength: 60}}})
	must(t, err)
	ready, err := sim.AddTemplate(oa, simzalo.Template{Name: "Đã có trả lời", Tag: "TRANSACTION", Price: 200,
		Params: []simzalo.TemplateParam{{Name: "code", Require: true, MaxLength: 30}, {Name: "unit", MaxLength: 100}, {Name: "link", MaxLength: 100}}})
	must(t, err)
	lead := identity.Actor{Kind: identity.ActorOfficial, ID: "qt", Name: "Trần Thị Lan", Grants: []identity.Grant{{Role: identity.RoleUnitAdmin, UnitID: orgunittest.Province}}}
	must(t, w.notices.Refresh(t.Context(), lead, w.account.ID))
	must(t, w.notices.Serve(t.Context(), lead, w.account.ID, notice.ConfirmPhone, code))
	must(t, w.notices.Serve(t.Context(), lead, w.account.ID, notice.AnswerReady, ready))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// told waits until the newest message of the case is in the state.
func (w *world) told(caseID string, n int, want notice.State) []byphone.Told {
	w.t.Helper()
	var list []byphone.Told
	w.house.Await(w.t, 20*time.Second, "the case's messages are "+string(want), func() bool {
		var err error
		list, err = w.svc.OfCase(w.t.Context(), feedbacktest.Officer, caseID)
		must(w.t, err)
		return len(list) == n && list[0].State == want
	})
	return list
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, open(t, d)) }, sets...)
}

// Who asked and who follows with the same number are told once each of the answer, in words that tell nothing of the case;
// with that number they find their codes again.
func TestToldOfTheAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if can, err := w.svc.Offered(ctx, orgunittest.VinhHung); err != nil || !can {
			t.Fatalf("offered: %v %v", can, err)
		}
		c := w.Ask()
		for range 2 {
			must(t, w.svc.Wish(ctx, c.Code, phone))
		}
		must(t, w.similar.Open(ctx, feedbacktest.Officer, c.ID, "Đèn đường khối Kim Tân hỏng"))
		f, err := w.follow.Follow(ctx, c.ID, "form")
		must(t, err)
		must(t, w.svc.Wish(ctx, f.Code, "+84 987 654 321"))
		if n, err := w.svc.Waiting(ctx, feedbacktest.Officer, c.ID); err != nil || n != 2 {
			t.Fatalf("waiting: %d %v", n, err)
		}
		w.Answer(c.ID, "Đèn đã thay xong, nhà ông Mẫu đã sáng.", false)
		list := w.told(c.ID, 2, notice.Arrived)
		w.house.Await(t, 20*time.Second, "both arrived", func() bool {
			list, err = w.svc.OfCase(ctx, feedbacktest.Officer, c.ID)
			return err == nil && list[1].State == notice.Arrived
		})
		got := w.sim.Notices(oa)
		if len(got) != 2 {
			t.Fatalf("%d messages at the platform: %+v", len(got), got)
		}
		for _, m := range got {
			all := fmt.Sprint(m.Data)
			if strings.Contains(all, "Đèn") || strings.Contains(all, "Mẫu") || !strings.Contains(all, "/vu-viec/") {
				t.Errorf("it says %s", all)
			}
		}
		if list[0].Price != 200 || list[0].ArrivedAt.IsZero() || list[0].Tail != "678" && list[0].Tail != "321" {
			t.Errorf("%+v", list[0])
		}
		must(t, w.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return w.Queue.Publish(ctx, tx, feedback.Answered{CaseID: c.ID, UnitID: c.HolderUnitID})
		}))
		w.house.Idle(t)
		if n := len(w.sim.Notices(oa)); n != 2 {
			t.Errorf("heard of twice and told %d times", n)
		}
		if _, err := w.svc.OfCase(ctx, feedbacktest.Stranger, c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger reads the messages: %v", err)
		}
		if n, err := w.svc.Waiting(ctx, feedbacktest.Officer, c.ID); err != nil || n != 0 {
			t.Errorf("still waiting: %d %v", n, err)
		}
		w.findAgain(c.Code)
		must(t, w.svc.Stop(ctx, c.Code))
		if tail, err := w.svc.Tail(ctx, c.Code); err != nil || tail != "" {
			t.Errorf("erased: %q %v", tail, err)
		}
		w.Clock.Advance(61 * 24 * time.Hour)
		must(t, w.svc.Sweep(ctx))
		if tail, err := w.svc.Tail(ctx, f.Code); err != nil || tail != "" {
			t.Errorf("kept for ever: %q %v", tail, err)
		}
	})
}

// findAgain proves the number by the code that came by Zalo and sees the case.
func (w *world) findAgain(code string) {
	t, ctx := w.t, w.t.Context()
	if codeID, err := w.svc.SendCode(ctx, "0977 111 222", "203.0.113.7"); err != nil || codeID != "" {
		t.Errorf("a number that nobody left: %q %v", codeID, err)
	}
	codeID, err := w.svc.SendCode(ctx, phone, "203.0.113.7")
	must(t, err)
	sent := ""
	w.house.Await(t, 20*time.Second, "the code has gone out", func() bool {
		for _, m := range w.sim.Notices(oa) {
			if m.Data["link"] == "" && m.Phone == "84912000678" {
				sent = m.Data["code"]
			}
		}
		return sent != ""
	})
	if _, err := w.svc.Find(ctx, codeID, phone, "1"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a wrong code: %v", err)
	}
	mine, err := w.svc.Find(ctx, codeID, phone, sent)
	if err != nil || len(mine) != 1 || mine[0].Code != code || !mine[0].Own {
		t.Errorf("found again: %+v %v", mine, err)
	}
	if _, err := w.svc.Find(ctx, codeID, phone, sent); !fault.Is(err, fault.Invalid) {
		t.Errorf("the same code twice: %v", err)
	}
}

// Of a complaint or denunciation nothing is said, also when it turned out to be one later; a number is refused when it is
// none or was left too often; what cannot be sent says why.
func TestNothingIsSaid(t *testing.T) {
	w := open(t, dbtest.SQLite(t, sets...))
	ctx := t.Context()
	secretCase := w.Ask(func(in *feedback.Intake) { in.Kind = feedback.Denunciation })
	if err := w.svc.Wish(ctx, secretCase.Code, phone); !fault.Is(err, fault.Conflict) {
		t.Errorf("a denunciation: %v", err)
	}
	later := w.Ask()
	must(t, w.svc.Wish(ctx, later.Code, phone))
	_, err := w.Service.Classify(ctx, feedbacktest.Officer, later.ID, feedback.Complaint, "Đây là khiếu nại.")
	must(t, err)
	w.house.Idle(t)
	if tail, err := w.svc.Tail(ctx, later.Code); err != nil || tail != "" {
		t.Errorf("still kept: %q %v", tail, err)
	}
	c := w.Ask()
	for _, bad := range []string{"", "038 3123", "024 3825 1234", "abc"} {
		if err := w.svc.Wish(ctx, c.Code, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := w.svc.Wish(ctx, "0000-0000-000", phone); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody's code: %v", err)
	}
	for range byphone.MaxADay {
		must(t, w.svc.Wish(ctx, w.Ask().Code, "0987654321"))
	}
	if err := w.svc.Wish(ctx, c.Code, "0987654321"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a number that is left too often: %v", err)
	}
	must(t, w.svc.Wish(ctx, c.Code, phone))
	lead := identity.Actor{Kind: identity.ActorOfficial, ID: "qt", Grants: []identity.Grant{{Role: identity.RoleUnitAdmin, UnitID: orgunittest.Province}}}
	must(t, w.notices.Serve(ctx, lead, w.account.ID, notice.AnswerReady, ""))
	w.Answer(c.ID, "Đèn đã thay xong trong tuần này.", false)
	if list := w.told(c.ID, 1, notice.Failed); list[0].Reason != "channel.notice.no_account" {
		t.Errorf("%+v", list)
	}
	if n := len(w.sim.Notices(oa)); n != 0 {
		t.Errorf("%d messages at the platform", n)
	}
}

// An answer given at night is told in the morning.
func TestNightIsQuiet(t *testing.T) {
	w := open(t, dbtest.SQLite(t, sets...))
	c := w.Ask()
	must(t, w.svc.Wish(t.Context(), c.Code, phone))
	w.Clock.Set(time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)) // 23:00
	w.Answer(c.ID, "Đèn đã thay xong trong tuần này.", false)
	w.told(c.ID, 1, notice.Queued)
	w.house.Idle(t)
	if n := len(w.sim.Notices(oa)); n != 0 {
		t.Fatalf("%d messages at night", n)
	}
	w.Clock.Set(time.Date(2026, 11, 23, 23, 2, 0, 0, time.UTC)) // 06:02
	must(t, w.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return w.notices.Wake(ctx, tx) }))
	w.told(c.ID, 1, notice.Arrived)
}
