package opinion_test

import (
	"context"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/opinion"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/workday"
)

type keys struct{}

func (keys) T(key string, args ...any) string {
	var b strings.Builder
	b.WriteString(key)
	for _, a := range args {
		if s, ok := a.(string); ok {
			b.WriteString(" " + s)
		}
	}
	return b.String()
}

// Two bodies are asked, each by itself: one answers here, the other by letter; both are quoted by name. Each sees the
// question without the person.
func TestOpinionsOfTwoBodies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		k := feedbacktest.New(t, d, nil)
		s := opinion.New(opinion.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Authz: k.Authz, Calendar: workday.New(), Cases: k.Service, Audit: k.Audit, Words: keys{}})
		c := k.Ask(func(in *feedback.Intake) {
			in.Text = "Đèn đường hỏng, tôi tên là Nguyễn Thị Mẫu, số 0912 000 678, xin sửa."
		})
		bodies := []string{orgunittest.TruongVinh, orgunittest.WardOffice}
		for name, err := range map[string]error{
			"nobody":       s.Ask(ctx, feedbacktest.Officer, c.ID, nil, "Xin ý kiến", 0),
			"no question":  s.Ask(ctx, feedbacktest.Officer, c.ID, bodies, " ", 0),
			"itself":       s.Ask(ctx, feedbacktest.Officer, c.ID, []string{orgunittest.VinhHung}, "Xin ý kiến", 0),
			"unknown":      s.Ask(ctx, feedbacktest.Officer, c.ID, []string{"nowhere"}, "Xin ý kiến", 0),
			"a year":       s.Ask(ctx, feedbacktest.Officer, c.ID, bodies, "Xin ý kiến", 365),
			"a long story": s.Ask(ctx, feedbacktest.Officer, c.ID, bodies, strings.Repeat("a ", opinion.MaxQuestion), 0),
		} {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := s.Ask(ctx, feedbacktest.OtherOfficer, c.ID, bodies, "Xin ý kiến", 0); !fault.Is(err, fault.NotFound) {
			t.Errorf("another desk asks: %v", err)
		}
		for range 2 { // asked once
			if err := s.Ask(ctx, feedbacktest.Officer, c.ID, bodies, "Cột điện này do ai quản lý?", 3); err != nil {
				t.Fatal(err)
			}
		}
		list, err := s.OfCase(ctx, feedbacktest.Leader, c.ID)
		if err != nil || len(list) != 2 || list[0].Due != "2026-11-26" || strings.Contains(list[0].Excerpt, "Mẫu") || strings.Contains(list[0].Excerpt, "0912") {
			t.Fatalf("asked: %+v, %v", list, err)
		}
		if _, err := s.OfCase(ctx, feedbacktest.Stranger, c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger lists: %v", err)
		}
		mine, err := s.Waiting(ctx, feedbacktest.OtherOfficer)
		if err != nil || len(mine) != 1 || mine[0].UnitID != orgunittest.TruongVinh {
			t.Fatalf("waits at the other ward: %+v, %v", mine, err)
		}
		if _, err := s.Get(ctx, feedbacktest.Stranger, mine[0].ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger reads: %v", err)
		}
		if _, err := s.Give(ctx, feedbacktest.OtherOfficer, mine[0].ID, "", ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("an empty opinion: %v", err)
		}
		first, err := s.Give(ctx, feedbacktest.OtherOfficer, mine[0].ID, "Cột số 12 thuộc phường tôi.\r\n\nTôi nhất trí thay.", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Give(ctx, feedbacktest.OtherOfficer, mine[0].ID, "Khác", ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("given twice: %v", err)
		}
		q := s.Quote(first)
		if !strings.Contains(q, "> Cột số 12 thuộc phường tôi.\n> Tôi nhất trí thay.") || !strings.Contains(strings.ToLower(q), "trường vinh") {
			t.Errorf("quote: %q", q)
		}
		office := list[0]
		if office.UnitID != orgunittest.WardOffice {
			office = list[1]
		}
		// The ward's office has no desk of its own: its desk is the ward's, which asked; either way the opinion is kept once.
		if _, err := s.Give(ctx, feedbacktest.Officer, office.ID, "Nhất trí.", "Công văn 12/UBND"); err != nil {
			t.Fatal(err)
		}
		if waits, err := s.Waiting(ctx, feedbacktest.Officer); err != nil || len(waits) != 0 {
			t.Errorf("still waits: %+v, %v", waits, err)
		}
		// From a letter: who asked types it, and must name the letter.
		other := k.Ask()
		if err := s.Ask(ctx, feedbacktest.Officer, other.ID, bodies[:1], "Xin ý kiến", 0); err != nil {
			t.Fatal(err)
		}
		asked, _ := s.OfCase(ctx, feedbacktest.Officer, other.ID)
		if _, err := s.Give(ctx, feedbacktest.Officer, asked[0].ID, "Nhất trí.", ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("a letter without number: %v", err)
		}
		if err := s.End(ctx, feedbacktest.Officer, asked[0].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Give(ctx, feedbacktest.OtherOfficer, asked[0].ID, "Muộn", ""); !fault.Is(err, fault.Conflict) {
			t.Errorf("given after it ended: %v", err)
		}
		if _, err := k.Service.Classify(ctx, feedbacktest.Officer, c.ID, feedback.Denunciation, "Tố cáo"); err != nil {
			t.Fatal(err)
		}
		k.Drain()
		if _, err := s.Get(ctx, feedbacktest.OtherOfficer, first.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("of a denunciation: %v", err)
		}
	}, append(feedbacktest.Migrations, opinion.Migrations)...)
}
