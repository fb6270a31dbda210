package localise_test

import (
	"context"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/publish/localise"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

// A ward goes up into another: what it was writing for an open window is the successor's, with a line of history; where the
// successor has begun itself, its own words stand. Moving twice changes nothing.
func TestPartsFollowTheirUnit(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		from, to := orgunittest.VinhHung, orgunittest.TruongVinh
		first, second := h.master(t, time.Hour, false), h.master(t, time.Hour, false)
		write := func(post, unit, words string) {
			t.Helper()
			actor := pt.Cuc
			if _, err := h.s.Save(ctx, actor, post, unit, 0, localise.Typed{Words: words}, nil, false); err != nil {
				t.Fatal(err)
			}
		}
		write(first.ID, from, "Của phường cũ.")
		lines, err := h.s.Mover().Preview(ctx, []string{from, to})
		if err != nil || len(lines) != 1 || lines[0] != (orgunit.MoveLine{UnitID: from, Key: "localise.move.parts", Count: 1}) {
			t.Fatalf("%+v %v", lines, err)
		}
		for range 2 {
			if err := h.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				return h.s.Mover().Move(ctx, tx, from, to, clock.DateOf(h.Clock.Now()))
			}); err != nil {
				t.Fatal(err)
			}
		}
		d, err := h.s.Desk(ctx, pt.An, first.ID, to)
		if err != nil {
			t.Fatal(err)
		}
		if d.Part.Words != "Của phường cũ." || len(d.History) != 1 || d.History[0].What != "inherit" {
			t.Errorf("the successor has %+v with %+v", d.Part, d.History)
		}
		if lines, err := h.s.Mover().Preview(ctx, []string{from}); err != nil || len(lines) != 0 {
			t.Errorf("left behind: %+v %v", lines, err)
		}
		write(second.ID, from, "Lại viết nhầm ở phường cũ.")
		if err := h.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return h.s.Mover().Move(ctx, tx, to, orgunittest.KimLien, clock.DateOf(h.Clock.Now()))
		}); err != nil {
			t.Fatal(err)
		}
		if d, err := h.s.Desk(ctx, pt.An, first.ID, orgunittest.KimLien); err != nil || d.Part.Words != "Của phường cũ." {
			t.Errorf("moved on: %+v %v", d.Part, err)
		}
		if d, err := h.s.Desk(ctx, pt.An, second.ID, from); err != nil || d.Part.Words == "" {
			t.Errorf("what belongs to another unit was moved: %+v %v", d.Part, err)
		}
	})
}
