package similar_test

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

func each(t *testing.T, fn func(t *testing.T, k *feedbacktest.Kit, s *similar.Service)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := feedbacktest.New(t, d, nil)
		fn(t, k, similar.New(similar.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Cases: k.Service, Audit: k.Audit}))
	}, append(feedbacktest.Migrations, similar.Migrations)...)
}

func say(text string) func(*feedback.Intake) {
	return func(in *feedback.Intake) { in.Text = text }
}

const (
	lamp      = "Đèn đường khối Kim Tân hỏng hơn hai tháng nay chưa ai sửa, các cháu đi học thêm buổi tối rất nguy hiểm."
	lampAgain = "Đèn đường ở khối Kim Tân bị hỏng hai tháng nay không thấy ai sửa, buổi tối các cháu đi học rất nguy hiểm"
	lampShort = "den duong khoi kim tan hong"
	rubbish   = "Bãi rác sau chợ bốc mùi hôi thối, đề nghị thu gom thường xuyên hơn"
)

// An open case is offered only after an official wrote its summary, an answered one only while it is published, a
// denunciation never; the desk sees what may be the same matter.
func TestWhatIsOffered(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit, s *similar.Service) {
		ctx := context.Background()
		near := similar.Near{UnitID: orgunittest.VinhHung}
		offers := func(text string) []similar.Offer {
			t.Helper()
			k.Drain()
			out, err := s.Suggest(ctx, text, near, 5)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		first, second := k.Ask(say(lamp)), k.Ask(say(lampAgain))
		other := k.Ask(say(rubbish))
		bad := k.Ask(func(in *feedback.Intake) { in.Text, in.Kind = lamp, feedback.Denunciation })
		if got := offers(lampAgain); len(got) != 0 {
			t.Fatalf("offered before anybody looked at it: %+v", got)
		}
		dup, err := s.Duplicates(ctx, feedbacktest.Officer, second.ID, 5)
		if err != nil || len(dup) != 1 || dup[0].Case.ID != first.ID || dup[0].Score < 0.6 {
			t.Fatalf("duplicates: %+v, %v", dup, err)
		}
		if _, err := s.Duplicates(ctx, feedbacktest.Stranger, second.ID, 5); !fault.Is(err, fault.NotFound) {
			t.Fatalf("a stranger asks for duplicates: %v", err)
		}
		summary := "Đèn đường khối Kim Tân hỏng hơn hai tháng"
		for name, tc := range map[string]struct {
			actor   identity.Actor
			caseID  string
			summary string
			want    fault.Kind
		}{
			"another desk":   {feedbacktest.OtherOfficer, first.ID, summary, fault.NotFound},
			"a citizen":      {identity.Citizen(), first.ID, summary, fault.Unauthenticated},
			"a telephone":    {feedbacktest.Officer, first.ID, summary + ", gọi 0912 345 678", fault.Invalid},
			"too short":      {feedbacktest.Officer, first.ID, "Đèn", fault.Invalid},
			"a denunciation": {feedbacktest.Leader, bad.ID, summary, fault.Conflict},
			"an editor":      {feedbacktest.Editor, first.ID, summary, fault.NotFound},
		} {
			if err := s.Open(ctx, tc.actor, tc.caseID, tc.summary); fault.KindOf(err) != tc.want || err == nil {
				t.Errorf("%s: %v, want %v", name, err, tc.want)
			}
		}
		if err := s.Open(ctx, feedbacktest.Officer, first.ID, summary); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{lampAgain, lampShort} {
			if got := offers(text); len(got) != 1 || got[0].CaseID != first.ID || got[0].State != similar.StateOpen || got[0].Summary != summary {
				t.Fatalf("%q: %+v", text, got)
			}
		}
		if got, err := s.Suggest(ctx, lampAgain, similar.Near{UnitID: orgunittest.TruongVinh}, 5); err != nil || len(got) != 0 {
			t.Fatalf("an open case of another ward: %+v, %v", got, err)
		}
		if list, n, err := s.OpenList(ctx, similar.OpenFilter{UnitID: orgunittest.Province, Per: 10}); err != nil || n != 1 || list[0].CaseID != first.ID {
			t.Fatalf("open list: %+v, %d, %v", list, n, err)
		}
		// Turned into a denunciation, it is gone everywhere at once.
		if _, err := k.Service.Classify(ctx, feedbacktest.Officer, first.ID, feedback.Denunciation, "Tố cáo đích danh"); err != nil {
			t.Fatal(err)
		}
		if got := offers(lampAgain); len(got) != 0 {
			t.Fatalf("a denunciation is offered: %+v", got)
		}
		if dup, err := s.Duplicates(ctx, feedbacktest.Officer, second.ID, 5); err != nil || len(dup) != 0 {
			t.Fatalf("a denunciation is a duplicate: %+v, %v", dup, err)
		}
		// Answered and published: everybody may read it, in every unit.
		k.Answer(other.ID, "Xe thu gom đã tăng lên ba chuyến mỗi tuần từ ngày 20/11/2026.", true)
		got := offers("bãi rác sau chợ bốc mùi")
		if len(got) != 1 || got[0].State != similar.StateAnswered || got[0].CaseID != other.ID {
			t.Fatalf("answered: %+v", got)
		}
		if _, err := k.Service.Withdraw(ctx, feedbacktest.Approver, other.ID, "Sai số liệu"); err != nil {
			t.Fatal(err)
		}
		if got := offers("bãi rác sau chợ bốc mùi"); len(got) != 0 {
			t.Fatalf("withdrawn, still offered: %+v", got)
		}
	})
}

// Cases that were there before the package are found after one filling, and a second filling changes nothing.
func TestFill(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := feedbacktest.New(t, d, nil)
		first, second := k.Ask(say(lamp)), k.Ask(say(lampAgain))
		s := similar.New(similar.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Cases: k.Service, Audit: k.Audit})
		if err := s.Fill(t.Context(), feedbacktest.Officer); !fault.Is(err, fault.NotFound) {
			t.Fatalf("an official fills: %v", err)
		}
		for range 2 {
			if err := s.Fill(t.Context(), identity.System("test")); err != nil {
				t.Fatal(err)
			}
			dup, err := s.Duplicates(t.Context(), feedbacktest.Officer, second.ID, 5)
			if err != nil || len(dup) != 1 || dup[0].Case.ID != first.ID {
				t.Fatalf("after filling: %+v, %v", dup, err)
			}
		}
		if err := s.Close(t.Context(), feedbacktest.Officer, first.ID); err != nil {
			t.Fatal("closing what is not offered is no error:", err)
		}
	}, append(feedbacktest.Migrations, similar.Migrations)...)
}

// Many at once are found like those taken in one by one.
func TestBulk(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit, s *similar.Service) {
		ctx := context.Background()
		list := []similar.Entry{{CaseID: "a", UnitID: orgunittest.VinhHung, Summary: lamp, At: k.Clock.Now()}, {CaseID: "b", UnitID: orgunittest.VinhHung, Summary: rubbish, At: k.Clock.Now()}}
		if err := s.Bulk(ctx, feedbacktest.Leader, list); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("an official: %v", err)
		}
		if err := s.Bulk(ctx, identity.System("test"), list); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]string{lampShort: "a", "bãi rác sau chợ bốc mùi hôi": "b"} {
			if got, err := s.Suggest(ctx, text, similar.Near{}, 3); err != nil || len(got) != 1 || got[0].CaseID != want {
				t.Errorf("%q: %+v, %v", text, got, err)
			}
		}
	})
}

// What was taken in before cases kept their own pairs is replaced like any other after the migration.
func TestOldPairsAreKnown(t *testing.T) {
	first := fstest.MapFS{}
	files, err := fs.Glob(similar.Migrations.FS, "migrations/0001_*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		b, err := fs.ReadFile(similar.Migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		first[name] = &fstest.MapFile{Data: b}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		err := d.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			for _, q := range []string{"INSERT INTO similar_case (n, case_id, unit_id, at) VALUES (7, 'a', 'u', '2026-11-01'), (8, 'b', 'u', '2026-11-01')", "INSERT INTO similar_gram (gram, n) VALUES (-5, 7), (12, 7), (12, 8)"} {
				if _, err := tx.ExecContext(ctx, q); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(ctx, similar.Migrations); err != nil {
			t.Fatal(err)
		}
		var grams []string
		if err := d.Read().NewRaw("SELECT grams FROM similar_case ORDER BY n").Scan(ctx, &grams); err != nil || len(grams) != 2 || grams[0] != "-5,12" && grams[0] != "12,-5" || grams[1] != "12" {
			t.Fatal(grams, err)
		}
	}, db.Migrations{Name: similar.Migrations.Name, FS: first})
}
