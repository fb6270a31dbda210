package subscription_test

import (
	"context"
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
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/subscription"
	"github.com/nhipcau/nhipcau/internal/subscription/subscriptionweb"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

const provinceOA = "4000000000000000001"

// phoneKit is a house whose province has an account at the simulated Zalo with templates for codes and announcements.
type phoneKit struct {
	*channeltest.House
	t     *testing.T
	clock *clock.Stub
	sim   *simzalo.Sim
	s     *subscription.Service
	board *board
}

func openPhones(t *testing.T, d *db.DB) *phoneKit {
	t.Helper()
	words, err := i18n.Load(subscriptionweb.Catalogue)
	good(t, err)
	box, err := secret.Parse("k1 " + strings.Repeat("cd", 32))
	good(t, err)
	k := &phoneKit{t: t, clock: clock.NewStub(start), board: &board{map[string]subscription.Item{}}}
	k.House = channeltest.NewHouseAt(t, d, channel.Config{}, k.clock)
	hook := channeltest.NewHook(t, channel.Zalo)
	k.sim, err = simzalo.New(simzalo.Config{AppID: "1", AppSecret: "s", OASecretKey: "k", WebhookURL: hook.URL, Clock: k.clock, RetryScale: 0.001})
	good(t, err)
	srv := httptest.NewServer(k.sim.Handler())
	t.Cleanup(func() { srv.Close(); _ = k.sim.Close() })
	tk := k.sim.AddOA(simzalo.OA{ID: provinceOA, Name: "MTTQ tỉnh Nghệ An"})
	k.Service.Add(zalo.New(zalo.Config{OAuthURL: srv.URL, OpenAPIURL: srv.URL, AppID: "1", AppSecret: "s", WebhookKey: "k", Clock: k.clock,
		HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}, k.Service.Vault(), k.Service.Budget(channel.Zalo)))
	hook.Serve(k.Service)
	a := k.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.Province, ExternalID: provinceOA, Name: "MTTQ tỉnh Nghệ An"},
		channel.Tokens{Access: tk.Access, Refresh: tk.Refresh, Expires: k.clock.Now().Add(365 * 24 * time.Hour)})
	notices := notice.New(notice.Deps{DB: d, Queue: k.Queue, Clock: k.clock, Sealer: channeltest.Sealer{}, Channels: k.Service, Forest: k.Units.Forest, Doubt: time.Second, Claim: 20 * time.Second})
	code, err := k.sim.AddTemplate(provinceOA, simzalo.Template{Name: "Mã xác nhận", Tag: "OTP", Price: 300, Params: []simzalo.TemplateParam{{Name: "code", Require: true, MaxLength: 10}}})
	good(t, err)
	news, err := k.sim.AddTemplate(provinceOA, simzalo.Template{Name: "Tin mới", Tag: "CUSTOMER_CARE", Price: 200,
		Params: []simzalo.TemplateParam{{Name: "what", Require: true, MaxLength: 200}, {Name: "link", Require: true, MaxLength: 200}, {Name: "stop", MaxLength: 200}}})
	good(t, err)
	lead := identitytest.Official("qt", identity.RoleUnitAdmin, orgunittest.Province)
	good(t, notices.Refresh(t.Context(), lead, a.ID))
	good(t, notices.Serve(t.Context(), lead, a.ID, notice.ConfirmPhone, code))
	good(t, notices.Serve(t.Context(), lead, a.ID, notice.Announcement, news))
	people, err := identity.NewService(d, k.clock, box, k.Units, identitytest.Authorizer(t, k.Units, identitytest.File("identity", identity.Policies)), audit.New(d, k.clock), identity.Config{BaseURL: "https://mttq.example"})
	good(t, err)
	k.s = subscription.New(subscription.Deps{DB: d, Queue: k.Queue, Clock: k.clock, Authz: identitytest.Authorizer(t, k.Units, identitytest.File("subscription", subscription.Policies)), Trail: &trail{},
		Forest: k.Units.Forest, Sealer: box, Key: []byte("key"), Words: func(lang string) subscription.Words { return words.In(lang) },
		Name: func(_ subscription.Words, u orgunit.Unit) string { return u.FullName }, BaseURL: "https://mttq.example",
		ByPhone: &subscription.ByPhone{Notices: notices, Phones: people, UnitID: func() string { return orgunittest.Province }, Unit: func() string { return "Mặt trận tỉnh" },
			Codes: func() identity.PhoneSender {
				return notice.Codes{Notices: notices, UnitID: orgunittest.Province, Unit: "Mặt trận tỉnh"}
			}}})
	k.s.Add(k.board)
	return k
}

func good(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eachPhone(t *testing.T, fn func(t *testing.T, k *phoneKit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, openPhones(t, d)) },
		append([]db.Migrations{subscription.Migrations, notice.Migrations, identity.Migrations, audit.Migrations}, channeltest.Migrations...)...)
}

// notices are what the platform took, from the n-th on; it waits until there are that many.
func (k *phoneKit) notices(n int) []simzalo.Notice {
	k.t.Helper()
	var got []simzalo.Notice
	k.Await(k.t, 20*time.Second, "the message is at the platform", func() bool {
		got = k.sim.Notices(provinceOA)
		return len(got) >= n
	})
	return got
}

func (k *phoneKit) hourly() {
	k.t.Helper()
	good(k.t, k.DB.InTx(k.t.Context(), func(ctx context.Context, tx db.Tx) error {
		return k.Queue.Enqueue(ctx, tx, subscription.SweepArgs(), nil)
	}))
	k.Idle(k.t)
}

// publish puts a thing on the board and announces it.
func (k *phoneKit) publish(id, title string) {
	k.t.Helper()
	k.board.things[id] = subscription.Item{ID: id, Title: title, From: "Mặt trận phường", Link: "https://mttq.example/tin/" + id, At: k.clock.Now()}
	good(k.t, k.s.Announce(k.t.Context(), subscription.Thing{Kind: k.board.Kind(), ID: id, Mark: "1", UnitID: orgunittest.VinhHung, Units: []string{orgunittest.VinhHung}, Title: title}))
}

func (k *phoneKit) wish(pace subscription.Pace) subscription.PhoneWish {
	return subscription.PhoneWish{Phone: "0912 000 678", Topics: []subscription.Topic{{Kind: k.board.Kind(), UnitID: orgunittest.VinhHung}}, Pace: pace, Lang: "vi"}
}

// join proves the number by the code that came by Zalo.
func (k *phoneKit) join(pace subscription.Pace, before int) string {
	k.t.Helper()
	codeID, err := k.s.AskPhone(k.t.Context(), k.wish(pace), "203.0.113.7")
	good(k.t, err)
	code := k.notices(before + 1)[before].Data["code"]
	if _, err := k.s.ConfirmPhone(k.t.Context(), codeID, k.wish(pace), "0"); !fault.Is(err, fault.Invalid) {
		k.t.Errorf("a wrong code: %v", err)
	}
	token, err := k.s.ConfirmPhone(k.t.Context(), codeID, k.wish(pace), code)
	good(k.t, err)
	return token
}

// A number is told only after its code was typed in; then once a day at most, in the morning, of all that is new, with the
// address at which it stands and at which it is ended; nothing is left when it is ended.
func TestReaderByPhone(t *testing.T) {
	eachPhone(t, func(t *testing.T, k *phoneKit) {
		ctx := t.Context()
		if price, can, err := k.s.PhoneOffer(ctx); err != nil || !can || price != 200 {
			t.Fatalf("%d %v %v", price, can, err)
		}
		k.publish("before", "Tin từ trước")
		token := k.join(subscription.Now, 0)
		k.publish("mot", "Lịch tiếp công dân")
		k.publish("hai", "Lịch tiêm chủng")
		k.Idle(t)
		if n := len(k.notices(1)); n != 1 {
			t.Fatalf("told at once: %d", n)
		}
		k.clock.Set(start.Add(13 * time.Hour)) // 22:00
		k.hourly()
		if n := len(k.notices(1)); n != 1 {
			t.Fatalf("told at night: %d", n)
		}
		k.clock.Set(start.Add(23 * time.Hour)) // 08:00 the next day
		k.hourly()
		k.hourly()
		got := k.notices(2)
		if len(got) != 2 {
			t.Fatalf("%d messages: %+v", len(got), got)
		}
		m := got[1]
		if m.Phone != "84912000678" || !strings.Contains(m.Data["what"], "2 tin mới") || m.Data["link"] != "https://mttq.example/bao-tin/"+token || m.Data["stop"] != m.Data["link"]+"/thoi" {
			t.Errorf("%+v", m)
		}
		k.Await(t, 20*time.Second, "it is known to have gone", func() bool {
			told, err := k.s.Told(ctx, k.board.Kind(), "mot")
			return err == nil && len(told) == 1 && told[0].Door == subscription.Zalo && told[0].Sent == 1
		})
		if list, err := k.s.Latest(ctx, token, nil); err != nil || len(list) != 2 {
			t.Errorf("what stands at the address: %+v %v", list, err)
		}
		sheet, err := k.s.Sheet(ctx, identitytest.Official("ld", identity.RoleLeader, orgunittest.VinhHung), orgunittest.VinhHung)
		if err != nil || sheet.Zalo != 1 || sheet.Price != 200 || len(sheet.Topics) != 1 || sheet.Topics[0].Zalo != 1 {
			t.Errorf("%+v %v", sheet, err)
		}
		if again := k.join(subscription.Weekly, 2); again != token {
			t.Error("the same number got another page: the addresses in its messages are dead")
		}
		if err := k.s.SetPace(ctx, token, subscription.Now); !fault.Is(err, fault.Invalid) {
			t.Errorf("at once by Zalo: %v", err)
		}
		good(t, k.s.Stop(ctx, token))
		for _, table := range []string{"subscription_reader", "subscription_topic", "subscription_letter", "subscription_item"} {
			if n, err := k.DB.Read().NewSelect().TableExpr(table).Count(ctx); err != nil || n != 0 {
				t.Errorf("%s keeps %d rows: %v", table, n, err)
			}
		}
	})
}

// What is refused before a code goes out costs nothing; a number without Zalo is given up after three days.
func TestPhoneIsRefused(t *testing.T) {
	d := dbtest.SQLite(t, append([]db.Migrations{subscription.Migrations, notice.Migrations, identity.Migrations, audit.Migrations}, channeltest.Migrations...)...)
	k := openPhones(t, d)
	for what, change := range map[string]func(*subscription.PhoneWish){
		"no number":     func(w *subscription.PhoneWish) { w.Phone = "024 3825" },
		"no topics":     func(w *subscription.PhoneWish) { w.Topics = nil },
		"an odd pace":   func(w *subscription.PhoneWish) { w.Pace = "hourly" },
		"an odd unit":   func(w *subscription.PhoneWish) { w.Topics[0].UnitID = "x" },
		"an odd source": func(w *subscription.PhoneWish) { w.Topics[0].Kind = "x" },
	} {
		w := k.wish(subscription.Daily)
		change(&w)
		if _, err := k.s.AskPhone(t.Context(), w, "203.0.113.7"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := len(k.sim.Notices(provinceOA)); n != 0 {
		t.Fatalf("%d codes went out", n)
	}
	token := k.join(subscription.Daily, 0)
	for day := range subscription.MaxRefused {
		if _, err := k.s.ByToken(t.Context(), token); err != nil {
			t.Fatalf("given up on day %d: %v", day, err)
		}
		k.publish(string(rune('a'+day)), "Tin trong ngày")
		_, err := k.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultError, System: "zalo", Path: "/message/template", Code: -118, Message: "no account", Count: 1})
		good(t, err)
		k.clock.Set(start.Add(time.Duration(24*(day+1)) * time.Hour))
		k.hourly()
	}
	k.Await(t, 20*time.Second, "the number is given up", func() bool {
		_, err := k.s.ByToken(t.Context(), token)
		return fault.Is(err, fault.NotFound)
	})
}
