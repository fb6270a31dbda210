package facebook_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/facebook"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	simfb "github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

const page = "100000000000001"

// world is a simulated Facebook and our adapter to it.
type world struct {
	sim *simfb.Sim
	*facebook.Adapter
	hook string
}

func (w *world) fault(t testing.TB, f simkit.Fault) {
	t.Helper()
	f.System = "facebook"
	if _, err := w.sim.Faults().Add(f); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, h *channeltest.House, webhook string) *world {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	sim, err := simfb.New(simfb.Config{BaseURL: "http://" + srv.Listener.Addr().String(), AppID: "77", AppSecret: "bi-mat", WebhookURL: webhook, RetryScale: 0.001, RequireProof: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Config.Handler = sim.Handler()
	srv.Start()
	t.Cleanup(func() { srv.Close(); _ = sim.Close() })
	cfg := facebook.Config{GraphURL: srv.URL, DialogURL: srv.URL, AppID: "77", AppSecret: "bi-mat", VerifyToken: "loi-hen", Settle: 300 * time.Millisecond, Timeout: 3 * time.Second, Films: shelf{theFilm}}
	return &world{sim: sim, hook: webhook, Adapter: facebook.New(cfg, h.Service.Vault(), h.Service.Budget(channel.Facebook))}
}

func (w *world) addPage(p simfb.Page) (channel.Account, channel.Tokens) {
	token := w.sim.AddPage(p)
	return channel.Account{Kind: channel.Facebook, ExternalID: p.ID, Name: p.Name}, channel.Tokens{Access: token}
}

func titles(posts []simfb.Post) (out []string) {
	for _, p := range posts {
		first, _, _ := strings.Cut(p.Message, "\n")
		out = append(out, first)
	}
	return out
}

func TestConformance(t *testing.T) {
	for name, cover := range map[string]string{"with a link": "", "with a picture": "https://mattran.example/anh/hop-dan.jpg"} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				channeltest.Conformance(t, d, channel.Facebook, cover, outside)
			}, channeltest.Migrations...)
		})
	}
}

func outside(t *testing.T, h *channeltest.House, hook *channeltest.Hook) channeltest.Outside {
	w := open(t, h, hook.URL)
	return channeltest.Outside{
		Channel: w.Adapter,
		Account: func(testing.TB) (channel.Account, channel.Tokens) {
			return w.addPage(simfb.Page{ID: page, Name: "Mặt trận phường Vinh Hưng", Subscribed: []string{"feed", "messages", "message_echoes"}})
		},
		Standing: func(id string) []string { return titles(w.sim.Posts(id)) },
		Say: func(t testing.TB, id, text string) string {
			person := w.sim.AddPerson(id, simfb.Person{Key: "an", Name: "Nguyễn Văn An"})
			if _, err := w.sim.Say(id, simfb.Utterance{Person: person, Text: text}); err != nil {
				t.Fatal(err)
			}
			return person
		},
		Heard: func(id, person string) (out []string) {
			for _, m := range w.sim.Messages(id, person) {
				if m.FromPage {
					out = append(out, m.Text)
				}
			}
			return out
		},
		LoseAnswer: func(t testing.TB) {
			w.sim.Faults().Remove("")
			for _, p := range []string{"/feed", "/messages"} {
				w.fault(t, simkit.Fault{Kind: simkit.FaultDropAfter, Path: p, Count: 1})
			}
		},
		Refuse: func(t testing.TB) {
			w.sim.Faults().Remove("")
			w.fault(t, simkit.Fault{Kind: simkit.FaultError, Path: "/feed", Code: 2, Message: "Service temporarily unavailable", Count: 1})
		},
		KillToken: func(t testing.TB, id string) {
			if err := w.sim.KillToken(id, 460); err != nil {
				t.Fatal(err)
			}
		},
		Twice: func(t testing.TB) {
			w.sim.Faults().Remove("")
			w.fault(t, simkit.Fault{Kind: simkit.FaultDuplicate, Count: 1})
		},
		Forge: func(t testing.TB) { w.fault(t, simkit.Fault{Kind: simkit.FaultBadSign, Count: 1}) },
	}
}
