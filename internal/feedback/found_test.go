package feedback_test

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// A search gives each desk what it holds or took in, follows a case that is passed on, and keeps out what is not theirs and
// what became a denunciation; what people type means nothing to the engines.
func TestSearchKnowsWordsAndUnits(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		ctx := context.Background()
		lamp := k.Ask()
		drain := k.Ask(func(in *feedback.Intake) {
			in.Text = "Cống thoát nước khối Kim Tân tắc, nước ngập vào nhà mỗi khi mưa to."
		})
		find := func(actor identity.Actor, f feedback.Filter) string {
			t.Helper()
			list, n, err := k.Service.Cases(ctx, actor, f)
			if err != nil || n != len(list) {
				t.Fatal(n, len(list), err)
			}
			var out []string
			for _, c := range list {
				switch c.ID {
				case lamp.ID:
					out = append(out, "lamp")
				case drain.ID:
					out = append(out, "drain")
				}
			}
			return strings.Join(out, " ")
		}
		want := func(what, want string, actor identity.Actor, f feedback.Filter) {
			t.Helper()
			if got := find(actor, f); got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		for _, c := range []struct{ text, want string }{
			{"den duong", "lamp"}, {"ĐÈN ĐƯỜ", "lamp"}, {"kim tan", "lamp drain"}, {"nuoc mua den", ""}, {"cong", "drain"}, {lamp.Code, "lamp"}, {strings.ToLower(drain.Code), "drain"},
			{`kim" OR "x`, ""}, {"kim' | 'tan", "lamp drain"}, {"kim* (tan)", "lamp drain"}, {"units : x", ""}, {"-", "lamp drain"}, {"kim & ! tan :*", "lamp drain"},
			{strings.ReplaceAll(orgunittest.VinhHung, "-", ""), ""}, {orgunittest.VinhHung[:8], ""},
		} {
			want(c.text, c.want, feedbacktest.Officer, feedback.Filter{Text: c.text})
			want(c.text+", province", c.want, feedbacktest.Leader, feedback.Filter{Text: c.text})
		}
		want("of a commune", "lamp drain", feedbacktest.Leader, feedback.Filter{Text: "kim tan", UnderUnitID: orgunittest.VinhHung})
		want("of another commune", "", feedbacktest.Leader, feedback.Filter{Text: "kim tan", UnderUnitID: orgunittest.TruongVinh})
		want("another desk", "", feedbacktest.OtherOfficer, feedback.Filter{Text: "kim tan"})
		if _, err := k.Service.Route(ctx, feedbacktest.Officer, lamp.ID, orgunittest.TruongVinh, "đèn ở địa bàn phường Trường Vinh"); err != nil {
			t.Fatal(err)
		}
		want("passed on to it", "lamp", feedbacktest.OtherOfficer, feedback.Filter{Text: "den duong"})
		want("taken in by it", "lamp", feedbacktest.Officer, feedback.Filter{Text: "den duong"})
		want("held by it", "lamp", feedbacktest.Leader, feedback.Filter{Text: "den duong", UnderUnitID: orgunittest.TruongVinh})
		if _, err := k.Service.Classify(ctx, feedbacktest.Officer, drain.ID, feedback.Denunciation, "tố cáo người quản lý cống"); err != nil {
			t.Fatal(err)
		}
		want("a denunciation", "", feedbacktest.Officer, feedback.Filter{Text: "cong thoat nuoc"})
		if k.DB.Engine() == db.SQLite {
			var n int
			if err := k.DB.Read().NewRaw("SELECT count(*) FROM feedback_case_fts WHERE feedback_case_fts MATCH 'cong'").Scan(ctx, &n); err != nil || n != 0 {
				t.Errorf("the index still knows the words of a denunciation: %d %v", n, err)
			}
		}
	})
}

// What was asked and published before words and units stood in one index is found afterwards.
func TestMigrateToWordsAndUnits(t *testing.T) {
	old := fstest.MapFS{}
	names, err := fs.Glob(feedback.Migrations.FS, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if path.Base(name)[:4] < "0012" {
			b, err := fs.ReadFile(feedback.Migrations.FS, name)
			if err != nil {
				t.Fatal(err)
			}
			old[path.Base(name)] = &fstest.MapFile{Data: b}
		}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		if err := d.Migrate(ctx, db.Migrations{Name: feedback.Migrations.Name, FS: old}); err != nil {
			t.Fatal(err)
		}
		err := d.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			for i, words := range []string{"den duong hong", "cong thoat nuoc tac"} {
				id := fmt.Sprintf("0199aaaa-0000-7000-8000-00000000000%d", i)
				if _, err := tx.NewRaw(`INSERT INTO feedback_case (id, code, source_key, kind, state, body, search, door, origin_unit_id, holder_unit_id, holder_since, received_at, deadline, days, source,
					answered_at, may_publish, published, has_person, salt, text_hash, leaf, version) VALUES (?, ?, ?, 'report', 'answered', ?, ?, 'portal', ?, ?, '2026-11-01 00:00:00+00:00', '2026-11-01 00:00:00+00:00',
					'2026-11-15', 10, 'x', '2026-11-02 00:00:00+00:00', true, true, false, 's', 'h', 'l', 1)`, id, "CODE-"+fmt.Sprint(i), id, words, words, orgunittest.VinhHung, orgunittest.VinhHung).Exec(ctx); err != nil {
					return err
				}
				if _, err := tx.NewRaw(`INSERT INTO feedback_public (id, unit_id, origin_id, title, question, answer, asked_on, answered_at, days, published_at, confirmed_by)
					VALUES (?, ?, ?, ?, ?, 'da sua xong', '2026-11-01', '2026-11-02 00:00:00+00:00', 1, '2026-11-02 00:00:00+00:00', 'x')`, id, orgunittest.VinhHung, orgunittest.VinhHung, words, words).Exec(ctx); err != nil {
					return err
				}
				for _, w := range strings.Fields(words + " da sua xong") {
					if _, err := tx.NewRaw("INSERT INTO feedback_public_word (word, public_id) VALUES (?, ?)", w, id).Exec(ctx); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(ctx, feedbacktest.Migrations...); err != nil {
			t.Fatal(err)
		}
		k := feedbacktest.New(t, d, nil)
		for text, want := range map[string]int{"den": 1, "cong thoat": 1, "den cong": 0, "": 2} {
			if _, n, err := k.Service.Cases(ctx, feedbacktest.Officer, feedback.Filter{Text: text}); err != nil || n != want {
				t.Errorf("cases with %q: %d %v", text, n, err)
			}
			for _, unit := range []string{"", orgunittest.VinhHung, orgunittest.Province} {
				if _, n, err := published.Of(k.Service).Search(ctx, unit, text, 1, 20); err != nil || n != want {
					t.Errorf("published in %q with %q: %d %v", unit, text, n, err)
				}
			}
			if _, n, err := published.Of(k.Service).Search(ctx, orgunittest.TruongVinh, text, 1, 20); err != nil || n != 0 {
				t.Errorf("published elsewhere with %q: %d %v", text, n, err)
			}
		}
		if _, n, err := published.Of(k.Service).Search(ctx, "", "sua xong", 1, 20); err != nil || n != 2 {
			t.Errorf("words of answers: %d %v", n, err)
		}
	}, db.Migrations{Name: "none", FS: fstest.MapFS{}})
}
