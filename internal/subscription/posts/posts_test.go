package posts_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/mail/mailtest"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/publish/publishtest"
	"github.com/nhipcau/nhipcau/internal/publish/publishweb"
	"github.com/nhipcau/nhipcau/internal/subscription"
	"github.com/nhipcau/nhipcau/internal/subscription/posts"
	"github.com/nhipcau/nhipcau/internal/subscription/subscriptionweb"
)

// From the editor's desk to the reader's mailbox: a post for two wards is told once, with the page of the ward that the reader
// follows; what was taken down before the letter of the week is not told at all.
func TestFromTheDeskToTheReader(t *testing.T) {
	words, err := i18n.Load(subscriptionweb.Catalogue, publishweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	box, err := secret.Parse("k1 " + strings.Repeat("cd", 32))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := publishtest.New(t, d)
		srv := mailtest.Serve(t)
		s := subscription.New(subscription.Deps{DB: d, Queue: w.Queue, Clock: w.Clock, Authz: w.Authz, Trail: w.Trail, Forest: w.Units.Forest, Sealer: box, Key: []byte("key"),
			Post:  mail.SMTP{Addr: srv.Addr, From: "nhipcau@mttq.example", Clock: w.Clock},
			Words: func(lang string) subscription.Words { return words.In(lang) }, Name: func(_ subscription.Words, u orgunit.Unit) string { return u.FullName }, BaseURL: "https://mttq.example"})
		src := posts.New(posts.Deps{Queue: w.Queue, Clock: w.Clock, Forest: w.Units.Forest, Posts: w.Publish, Links: publishtest.Links{}, Readers: s})
		join := func(email string, p subscription.Pace, topics ...subscription.Topic) {
			t.Helper()
			if err := s.Subscribe(t.Context(), subscription.Wish{Email: email, Topics: topics, Pace: p, Lang: "vi"}); err != nil {
				t.Fatal(err)
			}
			w.Drain(t)
			for _, l := range srv.Letters(t) {
				if err := s.Confirm(t.Context(), regexp.MustCompile(`/bao-tin/([^\s/]+)`).FindStringSubmatch(l.Text)[1]); err != nil {
					t.Fatal(err)
				}
			}
		}
		join("phuong@thu.example", subscription.Now, subscription.Topic{Kind: posts.Kind, UnitID: orgunittest.VinhHung, Category: "notice"})
		join("tuan@thu.example", subscription.Weekly, subscription.Topic{Kind: posts.Kind, UnitID: orgunittest.Province, Below: true})
		cats, err := src.Categories(t.Context(), words.In("vi"), "vi")
		if err != nil || len(cats) == 0 || strings.HasPrefix(cats[0].Name, "publish.") {
			t.Errorf("%+v %v", cats, err)
		}
		p := w.Live(t, publishtest.Draft("Lịch tiếp công dân", orgunittest.VinhHung, orgunittest.TruongVinh))
		w.Drain(t)
		got := srv.Letters(t)
		if len(got) != 1 || got[0].To != "phuong@thu.example" || got[0].Subject() != "Lịch tiếp công dân" {
			t.Fatalf("%d letters: %+v", len(got), got)
		}
		for _, want := range []string{"Lời dẫn của bài.", w.Publish.Unit(orgunittest.VinhHung).FullName, "https://nhipcau.example/" + w.Publish.Unit(orgunittest.VinhHung).Slug} {
			if !strings.Contains(got[0].Text, want) {
				t.Errorf("the letter lacks %q:\n%s", want, got[0].Text)
			}
		}
		told, err := s.Told(t.Context(), posts.Kind, p.ID)
		if err != nil || len(told) != 1 || told[0].Readers != 2 || told[0].Sent != 1 || told[0].Waiting != 1 {
			t.Errorf("%+v %v", told, err)
		}
		st, err := w.Publish.Standing(t.Context(), p.ID)
		if err != nil || len(st.Units) != 2 || st.Category != "notice" {
			t.Errorf("%+v %v", st, err)
		}
		p, err = w.Publish.Retract(t.Context(), publishtest.Binh, p.ID, p.Rev, "Nhầm ngày.")
		if err != nil {
			t.Fatal(err)
		}
		w.Drain(t)
		if items, err := src.Items(t.Context(), words.In("vi"), []subscription.Ref{{ID: p.ID}, {ID: p.ID, UnitID: orgunittest.VinhHung}, {ID: "no such post"}}); err != nil || len(items) != 0 {
			t.Errorf("taken down, and told: %+v %v", items, err)
		}
		if st, err := w.Publish.Standing(t.Context(), p.ID); err != nil || len(st.Units) != 0 {
			t.Errorf("%+v %v", st, err)
		}
		if got := srv.Letters(t); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	}, append(append([]db.Migrations{}, publishtest.Migrations...), subscription.Migrations)...)
}
