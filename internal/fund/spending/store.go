package spending

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// store is the feature's SQL; it holds nothing.
type store struct{}

type allocationRow struct {
	bun.BaseModel `bun:"table:spending_allocation,alias:a"`

	ID           string `bun:",pk"`
	AppealID     string
	UnitID       string
	DocNo        string
	DocDay       clock.Date
	Meeting      string
	About        string
	Amount       money.VND
	State        State
	ProposedBy   string
	ProposedName string
	ProposedAt   time.Time
	DecidedBy    string
	DecidedName  string
	DecidedAt    time.Time `bun:",nullzero"`
	Reason       string
	Search       string
}

func (r allocationRow) allocation() Allocation {
	return Allocation{ID: r.ID, AppealID: r.AppealID, UnitID: r.UnitID, DocNo: r.DocNo, DocDay: r.DocDay, Meeting: r.Meeting, About: r.About, Amount: r.Amount, State: r.State,
		ProposedBy: r.ProposedBy, ProposedName: r.ProposedName, ProposedAt: r.ProposedAt, DecidedBy: r.DecidedBy, DecidedName: r.DecidedName, DecidedAt: r.DecidedAt, Reason: r.Reason}
}

type shareRow struct {
	bun.BaseModel `bun:"table:spending_share,alias:s"`

	ID           string `bun:",pk"`
	AllocationID string
	Seq          int
	Head         fund.Head
	UnitID       string
	Purpose      string
	EarmarkID    string
	Amount       money.VND
	Withdrawn    money.VND
	Target       int
	TargetKind   TargetKind
}

func (r shareRow) share() Share {
	return Share{ID: r.ID, AllocationID: r.AllocationID, Seq: r.Seq, Head: r.Head, UnitID: r.UnitID, Purpose: r.Purpose, EarmarkID: r.EarmarkID,
		Amount: r.Amount, Withdrawn: r.Withdrawn, Target: r.Target, TargetKind: r.TargetKind}
}

type paymentRow struct {
	bun.BaseModel `bun:"table:spending_payment,alias:p"`

	ID           string `bun:",pk"`
	ShareID      string
	UnitID       string
	HouseholdID  string
	Work         string
	Amount       money.VND
	State        PaymentState
	PlannedBy    string
	PlannedName  string
	PlannedAt    time.Time
	PaidBy       string
	PaidName     string
	PaidDay      clock.Date
	PaidAt       time.Time `bun:",nullzero"`
	Way          Way
	MinutesNo    string
	Witness      string
	Photo        string
	PhotoConsent string
	Note         string
	EntryID      string
	BackEntryID  string
	BackBy       string
	BackName     string
	BackAt       time.Time `bun:",nullzero"`
	Reason       string
}

func (r paymentRow) payment() Payment {
	return Payment{ID: r.ID, ShareID: r.ShareID, UnitID: r.UnitID, HouseholdID: r.HouseholdID, Work: r.Work, Name: r.Work, Amount: r.Amount, State: r.State,
		PlannedBy: r.PlannedBy, PlannedName: r.PlannedName, PlannedAt: r.PlannedAt, PaidBy: r.PaidBy, PaidName: r.PaidName, PaidDay: r.PaidDay, PaidAt: r.PaidAt,
		Way: r.Way, MinutesNo: r.MinutesNo, Witness: r.Witness, Photo: r.Photo, PhotoConsent: r.PhotoConsent, Note: r.Note,
		EntryID: r.EntryID, BackEntryID: r.BackEntryID, BackBy: r.BackBy, BackName: r.BackName, BackAt: r.BackAt, Reason: r.Reason}
}

type eventRow struct {
	bun.BaseModel `bun:"table:spending_event,alias:e"`

	ID           string `bun:",pk"`
	AllocationID string
	Kind         string
	Amount       money.VND
	Reason       string
	ByID         string
	ByName       string
	CreatedAt    time.Time
}

// lockPool makes decisions on one appeal wait for one another.
func (store) lockPool(ctx context.Context, tx db.Tx, appealID string) error {
	if _, err := tx.NewRaw("INSERT INTO spending_pool (appeal_id) VALUES (?) ON CONFLICT (appeal_id) DO NOTHING", appealID).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewRaw("UPDATE spending_pool SET appeal_id = appeal_id WHERE appeal_id = ?", appealID).Exec(ctx)
	return err
}

func (store) insertAllocation(ctx context.Context, q bun.IDB, a allocationRow, shares []shareRow) error {
	if _, err := q.NewInsert().Model(&a).Exec(ctx); err != nil {
		if db.IsUnique(err) {
			return fault.Field("doc_no", "spending.allocation.taken").With("Number", a.DocNo).Because(err)
		}
		return err
	}
	for part := shares; len(part) > 0; {
		n := min(len(part), 100)
		some := part[:n]
		if _, err := q.NewInsert().Model(&some).Exec(ctx); err != nil {
			return err
		}
		part = part[n:]
	}
	return nil
}

// allocation gives one decision without its shares; lock holds it until the transaction ends.
func (store) allocation(ctx context.Context, q bun.IDB, id string) (Allocation, error) {
	var r allocationRow
	err := q.NewSelect().Model(&r).Where("a.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Allocation{}, errNoAllocation()
	}
	return r.allocation(), err
}

func (store) lockAllocation(ctx context.Context, tx db.Tx, id string) (Allocation, error) {
	var r allocationRow
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("a.id = ?", id)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Allocation{}, errNoAllocation()
	}
	return r.allocation(), err
}

// sums of the payments of one share.
type sums struct {
	ShareID       string
	Paid, Planned money.VND
	Helped        int
}

// shares gives the shares of decisions with what was paid of them, in order.
func (store) shares(ctx context.Context, q bun.IDB, allocations ...string) ([]Share, error) {
	if len(allocations) == 0 {
		return nil, nil
	}
	var rows []shareRow
	if err := q.NewSelect().Model(&rows).Where("s.allocation_id IN (?)", bun.In(allocations)).Order("s.allocation_id", "s.seq").Scan(ctx); err != nil {
		return nil, err
	}
	var paid []sums
	if err := q.NewRaw(`SELECT p.share_id, sum(CASE WHEN p.state = 'paid' THEN p.amount ELSE 0 END) AS paid, sum(CASE WHEN p.state = 'planned' THEN p.amount ELSE 0 END) AS planned,
		sum(CASE WHEN p.state = 'paid' THEN 1 ELSE 0 END) AS helped FROM spending_payment p JOIN spending_share s ON s.id = p.share_id
		WHERE s.allocation_id IN (?) AND p.state IN ('paid', 'planned') GROUP BY p.share_id`, bun.In(allocations)).Scan(ctx, &paid); err != nil {
		return nil, err
	}
	by := map[string]sums{}
	for _, p := range paid {
		by[p.ShareID] = p
	}
	out := make([]Share, len(rows))
	for i, r := range rows {
		out[i] = r.share()
		p := by[r.ID]
		out[i].Paid, out[i].Planned, out[i].Helped = p.Paid, p.Planned, p.Helped
	}
	return out, nil
}

// share gives one share with what was paid of it.
func (s store) share(ctx context.Context, q bun.IDB, id string) (Share, error) {
	var r shareRow
	err := q.NewSelect().Model(&r).Where("s.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Share{}, fault.New(fault.NotFound, "spending.share.none")
	}
	if err != nil {
		return Share{}, err
	}
	all, err := s.shares(ctx, q, r.AllocationID)
	if err != nil {
		return Share{}, err
	}
	for _, x := range all {
		if x.ID == id {
			return x, nil
		}
	}
	return Share{}, fault.New(fault.NotFound, "spending.share.none")
}

// promised is money that decisions hold and that is not paid yet, by earmark ("" is money that nobody bound).
func (store) promised(ctx context.Context, q bun.IDB, appealID string) (map[string]money.VND, error) {
	var rows []struct {
		EarmarkID string
		Amount    money.VND
	}
	err := q.NewRaw(`SELECT s.earmark_id, sum(s.amount - s.withdrawn - coalesce((SELECT sum(p.amount) FROM spending_payment p WHERE p.share_id = s.id AND p.state = 'paid'), 0)) AS amount
		FROM spending_share s JOIN spending_allocation a ON a.id = s.allocation_id WHERE a.appeal_id = ? AND a.state = 'approved' GROUP BY s.earmark_id`, appealID).Scan(ctx, &rows)
	out := map[string]money.VND{}
	for _, r := range rows {
		out[r.EarmarkID] = r.Amount
	}
	return out, err
}

func (store) decide(ctx context.Context, q bun.IDB, a Allocation) error {
	_, err := q.NewRaw("UPDATE spending_allocation SET state = ?, decided_by = ?, decided_name = ?, decided_at = ?, reason = ? WHERE id = ?",
		a.State, a.DecidedBy, a.DecidedName, a.DecidedAt, a.Reason, a.ID).Exec(ctx)
	return err
}

func (store) withdraw(ctx context.Context, q bun.IDB, shareID string, amount money.VND) error {
	_, err := q.NewRaw("UPDATE spending_share SET withdrawn = withdrawn + ? WHERE id = ?", amount, shareID).Exec(ctx)
	return err
}

func (store) insertEvent(ctx context.Context, q bun.IDB, e Event) error {
	row := eventRow{ID: e.ID, AllocationID: e.AllocationID, Kind: e.Kind, Amount: e.Amount, Reason: e.Reason, ByID: e.ByID, ByName: e.ByName, CreatedAt: e.CreatedAt}
	_, err := q.NewInsert().Model(&row).Exec(ctx)
	return err
}

func (store) events(ctx context.Context, q bun.IDB, allocationID string) ([]Event, error) {
	var rows []eventRow
	err := q.NewSelect().Model(&rows).Where("e.allocation_id = ?", allocationID).Order("e.id DESC").Limit(200).Scan(ctx)
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = Event{ID: r.ID, AllocationID: r.AllocationID, Kind: r.Kind, Amount: r.Amount, Reason: r.Reason, ByID: r.ByID, ByName: r.ByName, CreatedAt: r.CreatedAt}
	}
	return out, err
}

// Filter narrows the list of decisions.
type Filter struct {
	Text     string // number, meeting, subject, without diacritics too
	State    State  // "" is all
	AppealID string
	Page     int // from 1
	Per      int // 0 gives all
}

// list gives decisions of the roots, and those that give something to a unit under the roots; newest first.
func (store) list(ctx context.Context, q bun.IDB, roots []string, on clock.Date, f Filter, fold string) ([]Allocation, int, error) {
	var rows []allocationRow
	sel := q.NewSelect().Model(&rows).WhereGroup(" AND ", func(g *bun.SelectQuery) *bun.SelectQuery {
		own := orgunit.Within(q.NewSelect().Model((*allocationRow)(nil)).Column("a.id"), "a.unit_id", roots, on)
		got := orgunit.Within(q.NewSelect().Model((*shareRow)(nil)).Column("s.allocation_id"), "s.unit_id", roots, on)
		return g.Where("a.id IN (?)", own).WhereOr("a.id IN (?)", got)
	})
	if f.State != "" {
		sel = sel.Where("a.state = ?", f.State)
	}
	if f.AppealID != "" {
		sel = sel.Where("a.appeal_id = ?", f.AppealID)
	}
	if fold != "" {
		sel = sel.Where("a.search LIKE ?", "%"+fold+"%")
	}
	sel = sel.Order("a.doc_day DESC", "a.id DESC")
	if f.Per > 0 {
		sel = sel.Limit(int64(f.Per)).Offset(int64(max(f.Page, 1)-1) * int64(f.Per))
	}
	n, err := sel.ScanAndCount(ctx)
	out := make([]Allocation, len(rows))
	for i, r := range rows {
		out[i] = r.allocation()
	}
	return out, int(n), err
}

func (store) ofAppeal(ctx context.Context, q bun.IDB, appealID string, states ...State) ([]Allocation, error) {
	var rows []allocationRow
	err := q.NewSelect().Model(&rows).Where("a.appeal_id = ?", appealID).Where("a.state IN (?)", bun.In(states)).Order("a.decided_at", "a.id").Scan(ctx)
	out := make([]Allocation, len(rows))
	for i, r := range rows {
		out[i] = r.allocation()
	}
	return out, err
}
