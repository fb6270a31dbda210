package alert_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/alert"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/open311web"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/mail/mailtest"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/subscription"
	"github.com/nhipcau/nhipcau/internal/subscription/subscriptionweb"
)

// A reader hears of the public answer to a question of the place and matter they chose, in masked words, once.
func TestAnswersAreTold(t *testing.T) {
	words, err := i18n.Load(subscriptionweb.Catalogue, feedbackweb.Catalogue, open311web.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	box, err := secret.Parse("k1 " + strings.Repeat("cd", 32))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := feedbacktest.New(t, d, words.In("vi"))
		srv := mailtest.Serve(t)
		s := subscription.New(subscription.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Authz: k.Authz, Trail: k.Audit, Forest: k.Units.Forest, Sealer: box, Key: []byte("key"),
			Post:  mail.SMTP{Addr: srv.Addr, From: "nhipcau@mttq.example", Clock: k.Clock},
			Words: func(lang string) subscription.Words { return words.In(lang) }, Name: func(w subscription.Words, u orgunit.Unit) string { return feedback.BodyName(w, u) }, BaseURL: "https://mttq.example"})
		src := alert.New(alert.Deps{Queue: k.Queue, Clock: k.Clock, Forest: k.Units.Forest, Cases: published.Of(k.Service), Matters: routing.New(routing.Deps{Cases: k.Service, Root: orgunittest.Province}).Categories, Readers: s, BaseURL: "https://mttq.example"})
		cats, err := src.Categories(t.Context(), words.In("vi"), "vi")
		if err != nil || len(cats) < 5 {
			t.Fatalf("%+v %v", cats, err)
		}
		if err := s.Subscribe(t.Context(), subscription.Wish{Email: "ba.con@thu.example", Pace: subscription.Now, Lang: "vi",
			Topics: []subscription.Topic{{Kind: alert.Kind, UnitID: orgunittest.Province, Below: true, Category: "lighting"}}}); err != nil {
			t.Fatal(err)
		}
		k.Drain()
		l := srv.Letters(t)
		if len(l) != 1 {
			t.Fatalf("%+v", l)
		}
		if err := s.Confirm(t.Context(), regexp.MustCompile(`/bao-tin/([^\s/]+)`).FindStringSubmatch(l[0].Text)[1]); err != nil {
			t.Fatal(err)
		}
		publish := func(category, text string) feedback.Case {
			c := k.Ask(func(in *feedback.Intake) { in.Category = category; in.Text = text })
			k.Answer(c.ID, "Đã sửa xong trong tuần qua.", true)
			k.Drain()
			return c
		}
		publish("waste", "Rác ở cổng chợ chất đống đã một tuần không ai dọn.")
		if got := srv.Letters(t); len(got) != 0 {
			t.Fatalf("another matter was told: %+v", got)
		}
		c := publish("lighting", "Đèn đường khối Kim Tân hỏng hơn hai tháng nay chưa ai sửa.")
		got := srv.Letters(t)
		if len(got) != 1 {
			t.Fatalf("%d letters", len(got))
		}
		for _, want := range []string{"https://mttq.example/hoi-dap/" + c.ID, "Đèn đường", "trả lời, ngày"} {
			if !strings.Contains(got[0].Text, want) {
				t.Errorf("the letter lacks %q:\n%s", want, got[0].Text)
			}
		}
		if strings.Contains(got[0].Text, "subscription.") || strings.Contains(got[0].Text, "0912") || strings.Contains(got[0].Text, "Nguyễn Thị Mẫu") {
			t.Errorf("the letter says too much or too little:\n%s", got[0].Text)
		}
		err = k.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			return k.Queue.Publish(ctx, tx, feedback.AnswerPublished{CaseID: c.ID, UnitID: orgunittest.VinhHung})
		})
		if err != nil {
			t.Fatal(err)
		}
		k.Drain()
		if got := srv.Letters(t); len(got) != 0 {
			t.Errorf("told twice: %+v", got)
		}
	}, append(append([]db.Migrations{}, feedbacktest.Migrations...), alert.Migrations, routing.Migrations, subscription.Migrations)...)
}
