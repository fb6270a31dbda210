package spending

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

func (store) insertPayments(ctx context.Context, q bun.IDB, rows []paymentRow) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := q.NewInsert().Model(&rows).Exec(ctx)
	if db.IsUnique(err) {
		return fault.New(fault.Conflict, "spending.payment.twice").Because(err)
	}
	return err
}

func (store) payment(ctx context.Context, q bun.IDB, id string) (Payment, error) {
	var r paymentRow
	err := q.NewSelect().Model(&r).Where("p.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Payment{}, fault.New(fault.NotFound, "spending.payment.none")
	}
	return r.payment(), err
}

// payments of a share, the waiting ones first.
func (store) payments(ctx context.Context, q bun.IDB, shareID string) ([]Payment, error) {
	var rows []paymentRow
	err := q.NewSelect().Model(&rows).Where("p.share_id = ?", shareID).OrderExpr("CASE p.state WHEN 'planned' THEN 0 WHEN 'paid' THEN 1 ELSE 2 END, p.id").Scan(ctx)
	out := make([]Payment, len(rows))
	for i, r := range rows {
		out[i] = r.payment()
	}
	return out, err
}

// setPayment writes what may change of a payment, when it is still in the state from.
func (store) setPayment(ctx context.Context, q bun.IDB, p Payment, from PaymentState) error {
	r := paymentRow{ID: p.ID, State: p.State, PaidBy: p.PaidBy, PaidName: p.PaidName, PaidDay: p.PaidDay, PaidAt: p.PaidAt, Way: p.Way, MinutesNo: p.MinutesNo, Witness: p.Witness,
		Photo: p.Photo, PhotoConsent: p.PhotoConsent, Note: p.Note, EntryID: p.EntryID, BackEntryID: p.BackEntryID, BackBy: p.BackBy, BackName: p.BackName, BackAt: p.BackAt, Reason: p.Reason}
	res, err := q.NewUpdate().Model(&r).Column("state", "paid_by", "paid_name", "paid_day", "paid_at", "way", "minutes_no", "witness", "photo", "photo_consent", "note", "entry_id",
		"back_entry_id", "back_by", "back_name", "back_at", "reason").Where("p.id = ?", p.ID).Where("p.state = ?", from).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		if err != nil {
			return err
		}
		return fault.New(fault.Conflict, "spending.payment.changed")
	}
	return nil
}

// usedPhotos tells which of the pictures a payment refers to.
func (store) usedPhotos(ctx context.Context, q bun.IDB, ids []string) (out []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = q.NewSelect().Model((*paymentRow)(nil)).ColumnExpr("DISTINCT p.photo").Where("p.photo IN (?)", bun.In(ids)).Scan(ctx, &out)
	return out, err
}

// waiting counts, under the roots, decisions that wait for who decides and payments that wait for the treasurer.
func (store) waitingDecisions(ctx context.Context, q bun.IDB, roots []string, on clock.Date) (int, error) {
	n, err := orgunit.Within(q.NewSelect().Model((*allocationRow)(nil)), "a.unit_id", roots, on).Where("a.state = ?", Proposed).Count(ctx)
	return int(n), err
}

func (store) waitingPayments(ctx context.Context, q bun.IDB, roots []string, on clock.Date) (int, error) {
	n, err := orgunit.Within(q.NewSelect().Model((*paymentRow)(nil)), "p.unit_id", roots, on).Where("p.state = ?", PayPlanned).Count(ctx)
	return int(n), err
}

// unitSum is what one unit received of an appeal by one decision and head.
type unitSum struct {
	AllocationID string
	UnitID       string
	Head         string
	EarmarkID    string
	Allotted     money.VND
	Paid         money.VND
	Households   int // that were paid
	Works        int
	Target       int
	TargetKind   TargetKind
}

// unitSums gives what each share of the approved decisions of an appeal came to, by its newest payments.
func (store) unitSums(ctx context.Context, q bun.IDB, appealID string) (out []unitSum, err error) {
	err = q.NewRaw(`SELECT s.allocation_id, s.unit_id, s.head, s.earmark_id, s.amount - s.withdrawn AS allotted, s.target, s.target_kind,
		coalesce(sum(CASE WHEN p.state = 'paid' THEN p.amount END), 0) AS paid,
		count(CASE WHEN p.state = 'paid' AND p.household_id <> '' THEN 1 END) AS households,
		count(CASE WHEN p.state = 'paid' AND p.household_id = '' THEN 1 END) AS works
		FROM spending_share s JOIN spending_allocation a ON a.id = s.allocation_id LEFT JOIN spending_payment p ON p.share_id = s.id
		WHERE a.appeal_id = ? AND a.state = 'approved' GROUP BY s.id, s.allocation_id, s.unit_id, s.head, s.earmark_id, s.amount, s.withdrawn, s.target, s.target_kind, s.seq, a.decided_at
		ORDER BY a.decided_at, s.allocation_id, s.seq`, appealID).Scan(ctx, &out)
	return out, err
}
