package fund

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// store is the SQL of the package; nobody else names these tables.
type store struct{}

type appealRow struct {
	bun.BaseModel `bun:"table:fund_appeal,alias:a"`

	ID           string `bun:",pk"`
	Code         string
	Title        string
	Kind         string
	Level        string
	UnitID       string
	Basis        string
	Opens        clock.Date
	Closes       clock.Date
	SpendsUntil  clock.Date
	ClosedUntil  clock.Date
	RunningBasis string
	CreatedAt    time.Time
}

type accountRow struct {
	bun.BaseModel `bun:"table:fund_account,alias:c"`

	ID        string `bun:",pk"`
	AppealID  string
	Role      string
	Bank      string
	Number    string
	Head      string
	EarmarkID string
}

type importRow struct {
	bun.BaseModel `bun:"table:fund_import,alias:i"`

	ID        string `bun:",pk"`
	AppealID  string
	AccountID string
	Layout    string
	Hash      string
	File      string
	State     string
	RowsRead  int
	Posted    int
	Queued    int
	Known     int
	Credit    money.VND
	Debit     money.VND
	Days      string
	StartedAt time.Time
	PostedAt  time.Time `bun:",nullzero"`
}

func (r importRow) totals() (statement.Totals, error) {
	t := statement.Totals{Rows: r.RowsRead, Credit: r.Credit, Debit: r.Debit}
	return t, json.Unmarshal([]byte(r.Days), &t.Days)
}

// The states of a row that are no reason to wait.
const (
	rowGift   = staging.StateGift
	rowRefund = "refund"
	rowDebit  = staging.StateDebit // within the posting transaction only
)

type bankRow struct {
	bun.BaseModel `bun:"table:fund_row,alias:r"`

	ID          string `bun:",pk"`
	ImportID    string
	Seq         int
	AccountID   string
	RowNo       int
	Day         clock.Date
	ClockTime   string
	DocNo       string
	Ref         string
	Debit       money.VND
	Credit      money.VND
	Memo        string
	OtherSide   string
	Fingerprint string
	Ordinal     int
	Reference   string
	RuleID      string
	EarmarkID   string
	State       string
}

func (store) insertAppeal(ctx context.Context, q bun.IDB, a Appeal, now time.Time) error {
	row := &appealRow{ID: a.ID, Code: a.Code, Title: a.Name, Kind: string(a.FundKind), Level: string(a.Level), UnitID: a.UnitID, Basis: a.Basis, Opens: a.Opens,
		Closes: a.Closes, SpendsUntil: a.SpendsUntil, CreatedAt: now}
	if _, err := q.NewInsert().Model(row).Exec(ctx); err != nil {
		if db.IsUnique(err) {
			return fault.New(fault.Conflict, "fund.appeal.taken").With("Code", a.Code).Because(err)
		}
		return err
	}
	accounts := []*accountRow{{ID: id.New(), AppealID: a.ID, Role: string(RoleGifts)}, {ID: id.New(), AppealID: a.ID, Role: string(RoleUnsorted)}}
	for _, b := range a.Accounts {
		accounts = append(accounts, &accountRow{ID: b.ID, AppealID: a.ID, Role: string(RoleBank), Bank: b.Bank.BIN, Number: b.Number})
	}
	_, err := q.NewInsert().Model(&accounts).Exec(ctx)
	if db.IsUnique(err) {
		return fault.New(fault.Conflict, "fund.appeal.account_taken").Because(err)
	}
	return err
}

func (s store) appealByCode(ctx context.Context, q bun.IDB, code string) (Appeal, error) {
	a, _, err := s.appeal(ctx, q, "a.code = upper(?)", code)
	return a, err
}

// books gives an appeal with the accounts of its ledger that are no bank's.
func (s store) books(ctx context.Context, q bun.IDB, appealID string) (Appeal, map[Role]string, error) {
	return s.appeal(ctx, q, "a.id = ?", appealID)
}

func (store) appeal(ctx context.Context, q bun.IDB, where, value string) (Appeal, map[Role]string, error) {
	var row appealRow
	err := q.NewSelect().Model(&row).Where(where, value).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Appeal{}, nil, errNoAppeal(value)
	}
	if err != nil {
		return Appeal{}, nil, err
	}
	var accounts []accountRow
	if err := q.NewSelect().Model(&accounts).Where("c.appeal_id = ?", row.ID).Order("c.bank", "c.number", "c.id").Scan(ctx); err != nil {
		return Appeal{}, nil, err
	}
	a, books := row.appeal(), map[Role]string{}
	for _, c := range accounts {
		if Role(c.Role) == RoleBank {
			a.Accounts = append(a.Accounts, c.bankAccount())
		} else if c.Head == "" && c.EarmarkID == "" {
			books[Role(c.Role)] = c.ID
		}
	}
	return a, books, nil
}

func (r appealRow) appeal() Appeal {
	return Appeal{ID: r.ID, Code: r.Code, Name: r.Title, FundKind: FundKind(r.Kind), Level: Level(r.Level), UnitID: r.UnitID, Basis: r.Basis, Opens: r.Opens, Closes: r.Closes,
		SpendsUntil: r.SpendsUntil, ClosedUntil: r.ClosedUntil, RunningBasis: r.RunningBasis, CreatedAt: r.CreatedAt}
}

func (c accountRow) bankAccount() BankAccount {
	bank, known := FindBank(c.Bank)
	if !known {
		bank = Bank{BIN: c.Bank, Code: c.Bank}
	}
	return BankAccount{ID: c.ID, Bank: bank, Number: c.Number}
}

// appeals lists appeals with their bank accounts, newest first: those with the ids, or all when there are none.
func (store) appeals(ctx context.Context, q bun.IDB, ids []string) ([]Appeal, error) {
	var rows []appealRow
	var accounts []accountRow
	find := q.NewSelect().Model(&rows).Order("a.opens DESC", "a.id DESC")
	its := q.NewSelect().Model(&accounts).Where("c.role = ?", RoleBank).Order("c.bank", "c.number", "c.id")
	if ids != nil {
		find, its = find.Where("a.id IN (?)", bun.In(ids)), its.Where("c.appeal_id IN (?)", bun.In(ids))
	}
	if err := errors.Join(find.Scan(ctx), its.Scan(ctx)); err != nil {
		return nil, err
	}
	of := map[string][]BankAccount{}
	for _, c := range accounts {
		of[c.AppealID] = append(of[c.AppealID], c.bankAccount())
	}
	var out []Appeal
	for _, r := range rows {
		a := r.appeal()
		a.Accounts = of[a.ID]
		out = append(out, a)
	}
	return out, nil
}

func (store) insertReference(ctx context.Context, q bun.IDB, r reference) error {
	_, err := q.NewRaw("INSERT INTO fund_reference (code, appeal_id, earmark_id, transfer_id, created_at) VALUES (?, ?, ?, ?, ?)",
		r.Code, r.AppealID, r.EarmarkID, r.TransferID, r.CreatedAt).Exec(ctx)
	return err
}

// begin gives the import of this file on this account, or makes it from want.
func (s store) begin(ctx context.Context, q bun.IDB, want importRow) (importRow, error) {
	if _, err := q.NewInsert().Model(&want).On("CONFLICT (account_id, hash) DO NOTHING").Exec(ctx); err != nil {
		return importRow{}, err
	}
	return s.session(ctx, q, want.AccountID, want.Hash)
}

func (store) session(ctx context.Context, q bun.IDB, accountID, hash string) (importRow, error) {
	var row importRow
	err := q.NewSelect().Model(&row).Where("i.account_id = ?", accountID).Where("i.hash = ?", hash).Scan(ctx)
	return row, err
}

// provedImports lists the files of an account that are on their way into the books, oldest first.
func (store) provedImports(ctx context.Context, q bun.IDB, accountID string) (ids []string, err error) {
	err = q.NewSelect().Model((*importRow)(nil)).Column("id").Where("i.account_id = ?", accountID).Where("i.state = ?", importProved).Order("i.id").Scan(ctx, &ids)
	return ids, err
}

func (store) pendingImports(ctx context.Context, q bun.IDB, appealID string) (int, error) {
	n, err := q.NewSelect().Model((*importRow)(nil)).Where("i.appeal_id = ?", appealID).Where("i.state = ?", importProved).Count(ctx)
	return int(n), err
}

// stage lays rows aside. Another process with the same file may be doing the same: each row stays once. A session that was
// posted or dropped meanwhile takes nothing more.
func (store) stage(ctx context.Context, tx db.Tx, importID string, pack *staging.Pack) error {
	var row importRow
	err := tx.ForUpdate(tx.NewSelect().Model(&row).Where("i.id = ?", importID)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.Conflict, "fund.import.dropped").Because(err)
	}
	if err != nil || row.State != string(importStaging) {
		return err
	}
	return staging.Keep(ctx, tx, importID, pack)
}

// dropSession forgets a file that was refused. What is in the books stays.
func (store) dropSession(ctx context.Context, tx db.Tx, importID string) error {
	var row importRow
	err := tx.ForUpdate(tx.NewSelect().Model(&row).Where("i.id = ?", importID)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && row.State != string(importStaging) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := staging.Drop(ctx, tx, importID); err != nil {
		return err
	}
	if _, err = tx.NewRaw("DELETE FROM fund_pending WHERE import_id = ?", importID).Exec(ctx); err != nil {
		return err
	}
	_, err = tx.NewRaw("DELETE FROM fund_import WHERE id = ?", importID).Exec(ctx)
	return err
}

func (store) lockAccount(ctx context.Context, tx db.Tx, accountID string) error {
	var row accountRow
	return tx.ForUpdate(tx.NewSelect().Model(&row).Where("c.id = ?", accountID)).Scan(ctx)
}

func (store) lockSession(ctx context.Context, tx db.Tx, importID string) (importRow, error) {
	var row importRow
	err := tx.ForUpdate(tx.NewSelect().Model(&row).Where("i.id = ?", importID)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, fault.New(fault.Conflict, "fund.import.dropped").Because(err)
	}
	return row, err
}

func (store) saveSession(ctx context.Context, q bun.IDB, row importRow) error {
	_, err := q.NewUpdate().Model(&row).WherePK().Exec(ctx)
	return err
}
