package cash

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// store is the feature's SQL; it holds nothing.
type store struct{}

type receiptRow struct {
	bun.BaseModel `bun:"table:cash_receipt,alias:r"`

	ID             string `bun:",pk"`
	UnitID         string
	AppealID       string
	Year           int
	No             int
	BookID         string
	State          State
	Day            clock.Date
	DonorKind      DonorKind
	DonorName      string
	Address        string
	TaxCode        string
	Representative string
	DisplayName    string
	Consent        bool
	Purpose        Purpose
	EarmarkID      string
	Amount         money.VND
	Note           string
	GiftID         string
	Reference      string
	TakenBy        string
	TakenName      string
	TakenAt        time.Time
	VoidBy         string
	VoidName       string
	VoidAt         time.Time `bun:",nullzero"`
	Reason         string
	HandoverID     string
	OfflineID      string `bun:",nullzero"`
	Search         string
	Giver          string
}

func (r receiptRow) receipt() Receipt {
	return Receipt{ID: r.ID, UnitID: r.UnitID, AppealID: r.AppealID, Year: r.Year, No: r.No, State: r.State, Day: r.Day, DonorKind: r.DonorKind, DonorName: r.DonorName, Address: r.Address,
		TaxCode: r.TaxCode, Representative: r.Representative, DisplayName: r.DisplayName, Consent: r.Consent, Purpose: r.Purpose, EarmarkID: r.EarmarkID, Amount: r.Amount, Note: r.Note,
		GiftID: r.GiftID, Reference: r.Reference, TakenBy: r.TakenBy, TakenName: r.TakenName, TakenAt: r.TakenAt, VoidBy: r.VoidBy, VoidName: r.VoidName, VoidAt: r.VoidAt,
		Reason: r.Reason, HandoverID: r.HandoverID, OfflineID: r.OfflineID}
}

// nextNo takes the next number of a book. Whoever else writes into it waits, so that no number is left out.
func (store) nextNo(ctx context.Context, tx db.Tx, unitID string, year int) (no int, err error) {
	err = tx.NewRaw(`INSERT INTO cash_book (unit_id, year, last_no) VALUES (?, ?, 1) ON CONFLICT (unit_id, year) DO UPDATE SET last_no = cash_book.last_no + 1 RETURNING last_no`, unitID, year).Scan(ctx, &no)
	return no, err
}

func (store) insert(ctx context.Context, q bun.IDB, r Receipt) error {
	row := receiptRow{ID: r.ID, UnitID: r.UnitID, AppealID: r.AppealID, Year: r.Year, No: r.No, BookID: r.UnitID, State: r.State, Day: r.Day, DonorKind: r.DonorKind, DonorName: r.DonorName,
		Address: r.Address, TaxCode: r.TaxCode, Representative: r.Representative, DisplayName: r.DisplayName, Consent: r.Consent, Purpose: r.Purpose, EarmarkID: r.EarmarkID, Amount: r.Amount,
		Note: r.Note, GiftID: r.GiftID, Reference: r.Reference, TakenBy: r.TakenBy, TakenName: r.TakenName, TakenAt: r.TakenAt, OfflineID: r.OfflineID,
		Giver:  vntext.Fold(r.DonorName),
		Search: vntext.Fold(r.Number() + " " + r.DonorName + " " + r.Note + " " + r.TaxCode + " " + r.Reference)}
	_, err := q.NewInsert().Model(&row).Exec(ctx)
	return err
}

func found(r receiptRow, err error) (Receipt, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return Receipt{}, errNone()
	}
	return r.receipt(), err
}

func (store) byID(ctx context.Context, q bun.IDB, id string) (Receipt, error) {
	var r receiptRow
	err := q.NewSelect().Model(&r).Where("r.id = ?", id).Scan(ctx)
	return found(r, err)
}

func (store) lock(ctx context.Context, tx db.Tx, id string) (Receipt, error) {
	var r receiptRow
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("r.id = ?", id)).Scan(ctx)
	return found(r, err)
}

// byOffline finds what a form sent before has become; another person's is not found.
func (store) byOffline(ctx context.Context, q bun.IDB, offlineID, by string) (Receipt, error) {
	var r receiptRow
	err := q.NewSelect().Model(&r).Where("r.offline_id = ?", offlineID).Where("r.taken_by = ?", by).Scan(ctx)
	return found(r, err)
}

func (store) setVoid(ctx context.Context, q bun.IDB, r Receipt) error {
	_, err := q.NewRaw("UPDATE cash_receipt SET state = ?, reason = ?, void_by = ?, void_name = ?, void_at = ? WHERE id = ?", r.State, r.Reason, r.VoidBy, r.VoidName, r.VoidAt, r.ID).Exec(ctx)
	return err
}

func (store) list(ctx context.Context, q bun.IDB, roots []string, on clock.Date, f Filter, fold string) ([]Receipt, int, money.VND, error) {
	narrow := func(sel *bun.SelectQuery) *bun.SelectQuery {
		sel = orgunit.Within(sel, "r.unit_id", roots, on)
		if f.State != "" {
			sel = sel.Where("r.state = ?", f.State)
		}
		if f.UnitID != "" {
			sel = sel.Where("r.unit_id = ?", f.UnitID)
		}
		if f.Waiting {
			sel = sel.Where("r.state = ?", Valid).Where("r.handover_id = ''")
		}
		if fold != "" {
			sel = sel.Where("r.search LIKE ?", "%"+fold+"%")
		}
		return sel
	}
	var rows []receiptRow
	n, err := part(narrow(q.NewSelect().Model(&rows)).Order("r.day DESC", "r.id DESC"), f.Page, f.Per).ScanAndCount(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	var sum money.VND
	err = narrow(q.NewSelect().Model((*receiptRow)(nil))).Where("r.state = ?", Valid).ColumnExpr("coalesce(sum(r.amount), 0)").Scan(ctx, &sum)
	out := make([]Receipt, len(rows))
	for i, r := range rows {
		out[i] = r.receipt()
	}
	return out, int(n), sum, err
}

func (store) displayNames(ctx context.Context, q bun.IDB, gifts []fund.GiftFact) (map[string]string, error) {
	out := map[string]string{}
	ids, refs := make([]string, 0, len(gifts)), make([]string, 0)
	of := map[string][]string{}
	for _, g := range gifts {
		if g.Channel == "cash" {
			ids = append(ids, g.ID)
		} else if g.Reference != "" {
			refs = append(refs, g.Reference)
			of[g.Reference] = append(of[g.Reference], g.ID)
		}
	}
	var rows []struct{ Key, Name string }
	if len(ids) > 0 {
		if err := q.NewRaw("SELECT gift_id AS key, display_name AS name FROM cash_receipt WHERE consent AND display_name <> '' AND gift_id IN (?)", bun.In(ids)).Scan(ctx, &rows); err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.Key] = r.Name
		}
	}
	rows = nil
	if len(refs) > 0 {
		if err := q.NewRaw("SELECT code AS key, display_name AS name FROM cash_code WHERE consent AND display_name <> '' AND code IN (?)", bun.In(refs)).Scan(ctx, &rows); err != nil {
			return nil, err
		}
	}
	for _, r := range rows {
		for _, g := range of[r.Key] {
			out[g] = r.Name
		}
	}
	return out, nil
}

func (store) forgetReceipt(ctx context.Context, q bun.IDB, id string) (int64, error) {
	res, err := q.NewRaw("UPDATE cash_receipt SET consent = ?, display_name = '' WHERE id = ? AND consent", false, id).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (store) forgetCode(ctx context.Context, q bun.IDB, code string) (int64, error) {
	res, err := q.NewRaw("UPDATE cash_code SET consent = ?, display_name = '' WHERE code = ? AND consent", false, code).Exec(ctx)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

type handoverRow struct {
	bun.BaseModel `bun:"table:cash_handover,alias:h"`

	ID        string `bun:",pk"`
	UnitID    string
	AppealID  string
	Day       clock.Date
	Amount    money.VND
	Receipts  int
	AccountID string
	State     string
	RowID     string
	ByID      string
	ByName    string
	PairedBy  string
	CreatedAt time.Time
}

func (r handoverRow) handover() Handover {
	return Handover{ID: r.ID, UnitID: r.UnitID, AppealID: r.AppealID, Day: r.Day, Amount: r.Amount, Receipts: r.Receipts, AccountID: r.AccountID, Paired: r.State == "paired", ByName: r.ByName}
}

// claim marks the receipts that a handover brings and gives how many they are and what they come to.
func (store) claim(ctx context.Context, tx db.Tx, h Handover, until clock.Date) (n int, sum money.VND, err error) {
	if _, err := tx.NewRaw("UPDATE cash_receipt SET handover_id = ? WHERE unit_id = ? AND appeal_id = ? AND state = 'valid' AND handover_id = '' AND day <= ?", h.ID, h.UnitID, h.AppealID, until).Exec(ctx); err != nil {
		return 0, 0, err
	}
	err = tx.NewRaw("SELECT count(*), coalesce(sum(amount), 0) FROM cash_receipt WHERE handover_id = ?", h.ID).Scan(ctx, &n, &sum)
	return n, sum, err
}

func (store) insertHandover(ctx context.Context, q bun.IDB, h Handover, by identity.Actor, now time.Time) error {
	row := handoverRow{ID: h.ID, UnitID: h.UnitID, AppealID: h.AppealID, Day: h.Day, Amount: h.Amount, Receipts: h.Receipts, AccountID: h.AccountID, State: "brought", ByID: by.ID, ByName: by.Name, CreatedAt: now}
	_, err := q.NewInsert().Model(&row).Exec(ctx)
	return err
}

func (store) handover(ctx context.Context, q bun.IDB, id string) (Handover, error) {
	var r handoverRow
	err := q.NewSelect().Model(&r).Where("h.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Handover{}, fault.New(fault.NotFound, "cash.hand.none")
	}
	return r.handover(), err
}

// part narrows a list to a page of per rows, counted from 1; per 0 gives all.
func part(sel *bun.SelectQuery, page, per int) *bun.SelectQuery {
	if per > 0 {
		sel = sel.Limit(int64(per)).Offset(int64(max(page, 1)-1) * int64(per))
	}
	return sel
}

func (store) handovers(ctx context.Context, q bun.IDB, roots []string, on clock.Date, page, per int) ([]Handover, int, error) {
	var rows []handoverRow
	n, err := part(orgunit.Within(q.NewSelect().Model(&rows), "h.unit_id", roots, on).Order("h.id DESC"), page, per).ScanAndCount(ctx)
	out := make([]Handover, len(rows))
	for i, r := range rows {
		out[i] = r.handover()
	}
	return out, int(n), err
}

func (store) pair(ctx context.Context, q bun.IDB, id, rowID, by string) error {
	_, err := q.NewRaw("UPDATE cash_handover SET state = 'paired', row_id = ?, paired_by = ? WHERE id = ?", rowID, by, id).Exec(ctx)
	return err
}

type codeRow struct {
	bun.BaseModel `bun:"table:cash_code,alias:c"`

	Code        string `bun:",pk"`
	AppealID    string
	AccountID   string
	UnitID      string
	Title       string
	DisplayName string
	Consent     bool
	EarmarkID   string
	Amount      money.VND
	Public      bool
	ByID        string
	CreatedAt   time.Time
}

func (store) insertCode(ctx context.Context, q bun.IDB, c Code, consent bool, by string) error {
	row := codeRow{Code: c.Code, AppealID: c.AppealID, AccountID: c.Account.ID, UnitID: c.UnitID, Title: c.Title, DisplayName: c.DisplayName, Consent: consent, EarmarkID: c.EarmarkID,
		Amount: c.Amount, Public: c.Public, ByID: by, CreatedAt: c.CreatedAt}
	_, err := q.NewInsert().Model(&row).Exec(ctx)
	return err
}

func (store) code(ctx context.Context, q bun.IDB, ref string) (codeRow, error) {
	var r codeRow
	err := q.NewSelect().Model(&r).Where("c.code = ?", ref).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "cash.code.none")
	}
	return r, err
}

func (store) codes(ctx context.Context, q bun.IDB, roots []string, on clock.Date, page, per int) ([]codeRow, int, error) {
	var rows []codeRow
	n, err := part(orgunit.Within(q.NewSelect().Model(&rows), "c.unit_id", roots, on).Where("NOT c.public").Order("c.created_at DESC", "c.code"), page, per).ScanAndCount(ctx)
	return rows, int(n), err
}

// givenBy adds up what a giver gave in cash by valid receipts; the folded name must be the same.
func (store) givenBy(ctx context.Context, q bun.IDB, name string, roots []string, on, from, until clock.Date) (sum money.VND, err error) {
	err = orgunit.Within(q.NewSelect().Model((*receiptRow)(nil)), "r.unit_id", roots, on).Where("r.state = ?", Valid).Where("r.giver = ?", vntext.Fold(name)).
		Where("r.day BETWEEN ? AND ?", from, until).ColumnExpr("coalesce(sum(r.amount), 0)").Scan(ctx, &sum)
	return sum, err
}

// namedCodes lists the codes of a named donor.
func (store) namedCodes(ctx context.Context, q bun.IDB, roots []string, on clock.Date) ([]codeRow, error) {
	var rows []codeRow
	err := orgunit.Within(q.NewSelect().Model(&rows), "c.unit_id", roots, on).Where("c.display_name <> ''").Scan(ctx)
	return rows, err
}
