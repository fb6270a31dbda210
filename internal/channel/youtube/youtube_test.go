package youtube_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/youtube"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simyt "github.com/nhipcau/nhipcau/sim/youtube"
)

var system = identity.System("test")

const vinhHung = "UCvinhhung00000000000000"

// reel is a shelf of films for tests: the id is its length in bytes.
type reel struct{}

func filmOf(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 31 >> 3)
	}
	return b
}

type filmFile struct{ *bytes.Reader }

func (filmFile) Close() error { return nil }

// Film implements channel.Films.
func (reel) Film(_ context.Context, id string) (io.ReadSeekCloser, error) {
	var n int
	if _, err := fmt.Sscanf(id, "film-%d", &n); err != nil {
		return nil, err
	}
	return filmFile{bytes.NewReader(filmOf(n))}, nil
}

func film(n int) *channel.Video {
	return &channel.Video{ID: fmt.Sprintf("film-%d", n), MIME: "video/mp4", Bytes: int64(n), Width: 1280, Height: 720, Duration: time.Minute}
}

var jpeg = []byte("\xff\xd8\xff\xe0 a still \xff\xd9")

// world is a simulated YouTube and our adapter to it.
type world struct {
	sim *simyt.Sim
	*youtube.Adapter
	hook *httptest.Server // where the hub sends news, as channelweb does it
}

func (w *world) fault(t testing.TB, f simkit.Fault) {
	t.Helper()
	f.System = "youtube"
	if _, err := w.sim.Faults().Add(f); err != nil {
		t.Fatal(err)
	}
}

// open starts a world. News of the hub go to hook, its challenges to the adapter.
func open(t testing.TB, h *channeltest.House, hook *channeltest.Hook, change func(*simyt.Config, *youtube.Config)) *world {
	t.Helper()
	w := &world{}
	var mu sync.Mutex
	var inner http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		next := inner
		mu.Unlock()
		next.ServeHTTP(rw, r)
	}))
	sc := simyt.Config{ClientID: "77", ClientSecret: "bi-mat", BaseURL: srv.URL, RetryScale: 0.001, Clock: h.Clock}
	w.hook = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			challenge, ok := w.Challenge(r.Context(), r.URL.Query())
			if !ok {
				http.Error(rw, "", http.StatusNotFound)
				return
			}
			_, _ = io.WriteString(rw, challenge)
			return
		}
		hook.Config.Handler.ServeHTTP(rw, r)
	}))
	yc := youtube.Config{APIURL: srv.URL, TokenURL: srv.URL, ConsentURL: srv.URL, HubURL: srv.URL + "/subscribe", FeedURL: srv.URL + "/xml/feeds/videos.xml",
		HookURL: w.hook.URL, ClientID: "77", ClientSecret: "bi-mat", Chunk: 256 << 10, Settle: 300 * time.Millisecond, Timeout: 5 * time.Second}
	if change != nil {
		change(&sc, &yc)
	}
	sim, err := simyt.New(sc)
	if err != nil {
		t.Fatal(err)
	}
	w.sim = sim
	mu.Lock()
	inner = sim.Handler()
	mu.Unlock()
	t.Cleanup(func() { w.hook.Close(); srv.Close(); _ = sim.Close() })
	w.Adapter, err = youtube.New(yc, youtube.Deps{DB: h.DB, Queue: h.Queue, Clock: h.Clock, Keys: h.Service.Vault(), Sealer: channeltest.Sealer{}, Channels: h.Service, Films: reel{},
		Stills: func(context.Context, string) ([]byte, error) { return jpeg, nil }})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) addChannel(c simyt.Channel) (channel.Account, channel.Tokens) {
	refresh := w.sim.AddChannel(c)
	return channel.Account{Kind: channel.YouTube, ExternalID: c.ID, Name: c.Name}, channel.Tokens{Access: "worn", Refresh: refresh}
}

func titles(list []simyt.Video) (out []string) {
	for _, v := range list {
		out = append(out, v.Title)
	}
	return out
}

var migrations = append([]db.Migrations{youtube.Migrations}, channeltest.Migrations...)

func TestConformance(t *testing.T) {
	for name, cover := range map[string]string{"without a still": "", "with a still": "https://mattran.example/anh/hop-dan.jpg"} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				channeltest.Conformance(t, d, channel.YouTube, cover, outside)
			}, migrations...)
		})
	}
}

func outside(t *testing.T, h *channeltest.House, hook *channeltest.Hook) channeltest.Outside {
	w := open(t, h, hook, nil)
	forge, twice := false, false
	return channeltest.Outside{
		Channel: w.Adapter,
		Video:   film(700_000),
		Account: func(testing.TB) (channel.Account, channel.Tokens) {
			return w.addChannel(simyt.Channel{ID: vinhHung, Name: "MTTQ phường Vinh Hưng"})
		},
		Standing: func(id string) []string { return titles(w.sim.Visible(id)) },
		Say: func(t testing.TB, id, text string) string {
			a, err := h.Service.Accounts(t.Context(), system, channel.Filter{Kind: channel.YouTube})
			if err != nil || len(a) != 1 {
				t.Fatalf("accounts: %v %v", a, err)
			}
			if forge { // YouTube sends no comments: what it does send is news of films
				forge = false
				subscribe(t, w, a[0])
				if _, err := w.sim.PutUp(id, text); err != nil {
					t.Fatal(err)
				}
				return ""
			}
			vs := w.sim.Visible(id)
			c, err := w.sim.Comment(simyt.Said{Video: vs[len(vs)-1].ID, Name: "Nguyễn Văn An", Text: text})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := w.Poll(t.Context(), a[0]); err != nil {
					t.Fatal(err)
				}
				if !twice {
					break
				}
			}
			return c.Author
		},
		Under: func(id, person string) *channel.CommentRef {
			for _, v := range w.sim.Visible(id) {
				for _, c := range w.sim.Comments(v.ID) {
					if c.Author == person {
						return &channel.CommentRef{PostExternalID: v.ID, ParentID: c.ID}
					}
				}
			}
			return nil
		},
		Heard: func(id, person string) (out []string) {
			for _, v := range w.sim.Visible(id) {
				for _, c := range w.sim.Comments(v.ID) {
					if c.FromHere {
						out = append(out, c.Text)
					}
				}
			}
			return out
		},
		LoseAnswer: func(t testing.TB) {
			w.sim.Faults().Remove("")
			w.fault(t, simkit.Fault{Kind: simkit.FaultDropAfter, Path: "/upload/youtube/v3/videos", Count: 4})
			w.fault(t, simkit.Fault{Kind: simkit.FaultDropAfter, Path: "/v3/comments", Count: 1})
		},
		Refuse: func(t testing.TB) {
			w.sim.Faults().Remove("")
			w.fault(t, simkit.Fault{Kind: simkit.FaultHTTP, Status: 503, Path: "/upload/youtube/v3/videos", Count: 1})
		},
		KillToken: func(t testing.TB, id string) { w.sim.Revoke(id) },
		Twice:     func(testing.TB) { w.sim.Faults().Remove(""); twice = true },
		Forge: func(t testing.TB) {
			forge = true
			w.fault(t, simkit.Fault{Kind: simkit.FaultBadSign, Count: 1})
		},
	}
}

// subscribe has the hub's news come and waits until the hub knows.
func subscribe(t testing.TB, w *world, a channel.Account) {
	t.Helper()
	if err := w.Subscribe(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	over := time.Now().Add(5 * time.Second)
	for {
		if s, _ := w.sim.Get(a.ExternalID); !s.HubUntil.IsZero() {
			return
		}
		if time.Now().After(over) {
			t.Fatal("the hub did not take the subscription")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func advice(err error) channel.Advice {
	var e *channel.Error
	if errors.As(err, &e) {
		return e.Advice
	}
	return ""
}
