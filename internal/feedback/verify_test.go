package feedback_test

import (
	"context"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/receipt"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// leaves reads the log of a kit as the real one is read, with an entry that is no receipt among the rest.
type leaves struct{ log *feedbacktest.Log }

// Leaves implements feedback.Leaves.
func (l leaves) Leaves(_ context.Context, fn func(uint64, []byte) error) (uint64, error) {
	for i, x := range l.log.Leaves {
		b, err := hex.DecodeString(x)
		if err != nil {
			return 0, err
		}
		if err := fn(uint64(i), b); err != nil {
			return 0, err
		}
	}
	return uint64(len(l.log.Leaves)) + 1, fn(uint64(len(l.log.Leaves)), []byte("nhipcau/audit-checkpoint/1\n12\nabc\n"))
}

func TestCheckLog(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := feedbacktest.New(t, d, nil)
		ctx, house := t.Context(), identity.System("test")
		var cases []feedback.Case
		for range 4 {
			cases = append(cases, k.Ask())
			k.Drain()
		}
		secret := k.Ask(func(in *feedback.Intake) { in.Kind = feedback.Denunciation })
		k.Drain()
		check := func() feedback.LogReport {
			t.Helper()
			r, err := k.Service.CheckLog(ctx, house, leaves{k.Log})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if r := check(); !r.OK() || r.Cases != 5 || r.Logged != 5 || r.Leaves != 6 {
			t.Fatalf("%+v", r)
		}
		if _, err := k.Service.CheckLog(ctx, feedbacktest.ProvinceLeader, leaves{k.Log}); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("an official got the codes of all: %v", err)
		}
		sql := func(q string, args ...any) {
			t.Helper()
			if err := d.InTx(ctx, func(ctx context.Context, tx db.Tx) error { _, err := tx.ExecContext(ctx, q, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		// One word is changed, one case disappears with all that hangs on it, and one is rewritten with a receipt to match.
		sql("UPDATE feedback_case SET body = 'Đèn đường không hỏng.' WHERE id = ?", cases[1].ID)
		for _, table := range []string{"feedback_event", "feedback_person"} {
			sql("DELETE FROM "+table+" WHERE case_id = ?", cases[2].ID)
		}
		sql("DELETE FROM feedback_case WHERE id = ?", cases[2].ID)
		forged := cases[3]
		forged.Text = "Tôi rất hài lòng."
		forged.Receipt.TextHash = receipt.TextHash(forged.Receipt.Salt, forged.Text)
		forged.Receipt.Leaf = feedback.LeafOf(forged, forged.Receipt)
		sql("UPDATE feedback_case SET body = ?, text_hash = ?, leaf = ? WHERE id = ?", forged.Text, forged.Receipt.TextHash, forged.Receipt.Leaf, forged.ID)
		k.Clock.Advance(25 * time.Hour)
		r := check()
		if !slices.Equal(r.Altered, []string{cases[1].Code}) || !slices.Equal(r.Missing, []string{cases[3].Code}) {
			t.Fatalf("%+v", r)
		}
		// The leaves of the deleted and of the rewritten case stand in the log without a case.
		var gone []uint64
		for _, l := range r.Lost {
			gone = append(gone, l.Index)
			if l.After != cases[0].Code || l.Before != secret.Code {
				t.Errorf("neighbours: %+v", l)
			}
		}
		if !slices.Equal(gone, []uint64{2, 3}) || r.OK() {
			t.Fatalf("%+v", r.Lost)
		}
	}, feedbacktest.Migrations...)
}

// The receipt of a file gives the leaf that the house computes.
func TestReceiptFileAgreesWithTheCase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := feedbacktest.New(t, d, nil)
		m, err := k.Service.ByCode(t.Context(), identity.Citizen(), k.Ask().Code)
		if err != nil {
			t.Fatal(err)
		}
		c := m.Case
		f := receipt.File{ID: c.ID, Code: c.Code, ReceivedAt: c.ReceivedAt.Format(time.RFC3339Nano), Salt: c.Receipt.Salt, TextHash: receipt.TextHash(c.Receipt.Salt, c.Text)}
		if f.TextHash != c.Receipt.TextHash || receipt.Leaf(f) != c.Receipt.Leaf {
			t.Fatalf("%+v does not give %+v", f, c.Receipt)
		}
	}, feedbacktest.Migrations...)
}
