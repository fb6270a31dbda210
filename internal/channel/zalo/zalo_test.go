package zalo_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/zalo"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

const oa = "4000000000000000001"

// world is a simulated Zalo and our adapter to it.
type world struct {
	sim *simzalo.Sim
	url string
	*zalo.Adapter
}

func (w *world) fault(t testing.TB, f simkit.Fault) {
	t.Helper()
	f.System = "zalo"
	if _, err := w.sim.Faults().Add(f); err != nil {
		t.Fatal(err)
	}
}

// open starts a simulated Zalo; change may alter its settings.
func open(t testing.TB, h *channeltest.House, webhook string, change func(*simzalo.Config, *zalo.Config)) *world {
	t.Helper()
	sc := simzalo.Config{AppID: "1234", AppSecret: "bi-mat", OASecretKey: "khoa-webhook", WebhookURL: webhook, RetryScale: 0.001, ArticleDelay: 60 * time.Millisecond, NoNight: true}
	ac := zalo.Config{AppID: "1234", AppSecret: "bi-mat", WebhookKey: "khoa-webhook", Settle: 300 * time.Millisecond, Timeout: 3 * time.Second, Proof: true, AnyHour: true}
	if change != nil {
		change(&sc, &ac)
	}
	sim, err := simzalo.New(sc)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { srv.Close(); _ = sim.Close() })
	ac.OAuthURL, ac.OpenAPIURL = srv.URL, srv.URL
	return &world{sim: sim, url: srv.URL, Adapter: zalo.New(ac, h.Service.Vault(), h.Service.Budget(channel.Zalo))}
}

// addOA makes an OA and gives it as an account with tokens.
func (w *world) addOA(o simzalo.OA) (channel.Account, channel.Tokens) {
	t := w.sim.AddOA(o)
	return channel.Account{Kind: channel.Zalo, ExternalID: o.ID, Name: o.Name},
		channel.Tokens{Access: t.Access, Refresh: t.Refresh, Expires: time.Now().UTC().Add(20 * time.Hour)}
}

const photo = "https://mattran.example/anh/hop-dan.jpg"

func TestConformance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		channeltest.Conformance(t, d, channel.Zalo, photo, func(t *testing.T, h *channeltest.House, hook *channeltest.Hook) channeltest.Outside {
			w := open(t, h, hook.URL, nil)
			acts := []string{"/article/create", "/oa/message"}
			return channeltest.Outside{
				Channel: w.Adapter,
				Account: func(testing.TB) (channel.Account, channel.Tokens) {
					return w.addOA(simzalo.OA{ID: oa, Name: "MTTQ phường Vinh Hưng"})
				},
				Standing: func(id string) (out []string) {
					for _, a := range w.sim.Articles(id) {
						out = append(out, a.Title)
					}
					return out
				},
				Say: func(t testing.TB, id, text string) string {
					user := w.sim.AddFollower(id, simzalo.Person{Key: "an", Name: "Nguyễn Văn An"})
					if _, err := w.sim.Say(id, user, simzalo.Utterance{Text: text}); err != nil {
						t.Fatal(err)
					}
					return user
				},
				Heard: func(id, person string) (out []string) {
					for _, m := range w.sim.Messages(id, person) {
						if m.FromOA {
							out = append(out, m.Text)
						}
					}
					return out
				},
				LoseAnswer: func(t testing.TB) {
					w.sim.Faults().Remove("")
					for _, p := range acts {
						w.fault(t, simkit.Fault{Kind: simkit.FaultDropAfter, Path: p, Count: 1})
					}
				},
				Refuse: func(t testing.TB) {
					w.sim.Faults().Remove("")
					w.fault(t, simkit.Fault{Kind: simkit.FaultError, Path: "/article/create", Code: -200, Message: "Send failed", Count: 1})
				},
				KillToken: func(t testing.TB, id string) {
					for _, k := range []string{simkit.FaultAccessDead, simkit.FaultRefreshDead} {
						w.sim.Obey(simkit.Fault{Kind: k, System: "zalo", Target: id})
					}
				},
				Twice: func(t testing.TB) {
					w.sim.Faults().Remove("")
					w.fault(t, simkit.Fault{Kind: simkit.FaultDuplicate, Count: 1})
				},
				Forge: func(t testing.TB) { w.fault(t, simkit.Fault{Kind: simkit.FaultBadSign, Count: 1}) },
			}
		})
	}, channeltest.Migrations...)
}
