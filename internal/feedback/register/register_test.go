package register_test

import (
	"context"
	"slices"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/register"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// The books hold every case once, numbered; a denunciation stands in them for its receiver alone; names are opened with a
// reason and each opening is logged.
func TestBooks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		k := feedbacktest.New(t, d, nil)
		s := &register.Service{Cases: k.Service}
		first := k.Ask()
		counter, err := k.Service.Take(ctx, feedbacktest.Officer, func() feedback.Intake {
			in := feedbacktest.Question()
			in.Door, in.Text = feedback.DoorCounter, "Cống đầu ngõ bị tắc, nước tràn vào nhà mỗi khi mưa."
			return in
		}())
		if err != nil {
			t.Fatal(err)
		}
		k.Ask(func(in *feedback.Intake) {
			in.Kind, in.Text = feedback.Denunciation, "Tôi tố cáo một cán bộ nhận tiền của dân."
		})
		k.Answer(first.ID, "Đã sửa xong đèn đường ngày 24/11/2026.", false)

		year := feedbacktest.Now.Year()
		page := register.Page{Book: register.Received, UnitID: orgunittest.VinhHung, Year: year}
		numbers := func(a identity.Actor, p register.Page) (out []string) {
			t.Helper()
			lines, err := s.Lines(ctx, a, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				out = append(out, l.Number)
			}
			return out
		}
		if got := numbers(feedbacktest.Officer, page); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("officer: %v", got)
		}
		if got := numbers(feedbacktest.Leader, page); !slices.Equal(got, []string{"1", "2", "KT-1"}) {
			t.Errorf("leader: %v", got)
		}
		if got := numbers(feedbacktest.ProvinceLeader, page); slices.Contains(got, "KT-1") {
			t.Errorf("who is above sees a denunciation: %v", got)
		}
		for _, p := range []register.Page{{Book: register.Received, UnitID: orgunittest.VinhHung, Year: year - 1},
			{Book: register.Received, UnitID: orgunittest.VinhHung, Year: year, Month: int(feedbacktest.Now.Month())%12 + 1}} {
			if got := numbers(feedbacktest.Leader, p); len(got) != 0 {
				t.Errorf("%+v: %v", p, got)
			}
		}
		for _, p := range []register.Page{{Book: "x", UnitID: orgunittest.VinhHung, Year: year}, {Book: register.Received, UnitID: orgunittest.VinhHung, Year: year, Month: 13}} {
			if _, err := s.Lines(ctx, feedbacktest.Officer, p); !fault.Is(err, fault.NotFound) {
				t.Errorf("%+v: %v", p, err)
			}
		}

		lines, err := s.Lines(ctx, feedbacktest.Officer, register.Page{Book: register.Reception, UnitID: orgunittest.VinhHung, Year: year})
		if err != nil || len(lines) != 1 || lines[0].Case.ID != counter.ID {
			t.Fatalf("reception: %+v %v", lines, err)
		}
		lines, err = s.Lines(ctx, feedbacktest.Officer, page)
		if err != nil || lines[0].Answer.Text == "" || lines[1].Answer.Text != "" || lines[0].Person.Name != "" {
			t.Fatalf("%+v %v", lines, err)
		}
		if err := s.Open(ctx, feedbacktest.Officer, lines, " "); !fault.Is(err, fault.Invalid) {
			t.Errorf("without a reason: %v", err)
		}
		if err := s.Open(ctx, feedbacktest.Officer, lines, "In sổ lưu trữ"); err != nil || lines[0].Person.Name != "Nguyễn Thị Mẫu" {
			t.Errorf("%+v %v", lines, err)
		}
		opened := 0
		for _, a := range k.Audit.Actions() {
			if a == "feedback.unmask" {
				opened++
			}
		}
		if opened != 2 {
			t.Errorf("%d openings in the audit log", opened)
		}
		masked, err := s.Lines(ctx, feedbacktest.Approver, page)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Open(ctx, feedbacktest.Approver, masked, "tò mò"); err != nil || masked[0].Opened {
			t.Errorf("who may not open names: %v %v", masked[0].Opened, err)
		}
		if got, err := s.Lines(ctx, feedbacktest.Stranger, page); err == nil && len(got) > 0 {
			t.Errorf("a stranger reads %d lines", len(got))
		}
	}, feedbacktest.Migrations...)
}
