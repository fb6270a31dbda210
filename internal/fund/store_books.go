package fund

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

type earmarkRow struct {
	bun.BaseModel `bun:"table:fund_earmark,alias:m"`

	ID        string `bun:",pk"`
	AppealID  string
	Code      string
	Kind      string
	Title     string
	Heads     string
	CreatedAt time.Time
}

func (r earmarkRow) earmark() Earmark {
	e := Earmark{ID: r.ID, AppealID: r.AppealID, Code: r.Code, Sort: EarmarkSort(r.Kind), Name: r.Title}
	for _, h := range strings.Fields(r.Heads) {
		e.Heads = append(e.Heads, Head(h))
	}
	return e
}

func (store) insertEarmark(ctx context.Context, q bun.IDB, e Earmark, now time.Time) error {
	var heads []string
	for _, h := range e.Heads {
		heads = append(heads, string(h))
	}
	row := &earmarkRow{ID: e.ID, AppealID: e.AppealID, Code: e.Code, Kind: string(e.Sort), Title: e.Name, Heads: strings.Join(heads, " "), CreatedAt: now}
	_, err := q.NewInsert().Model(row).Exec(ctx)
	if db.IsUnique(err) {
		return fault.Field("code", "fund.earmark.taken").Because(err)
	}
	return err
}

func (store) earmark(ctx context.Context, q bun.IDB, appealID, earmarkID string) (Earmark, error) {
	var row earmarkRow
	err := q.NewSelect().Model(&row).Where("m.id = ?", earmarkID).Where("m.appeal_id = ?", appealID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Earmark{}, fault.Field("earmark", "fund.earmark.none")
	}
	return row.earmark(), err
}

func (store) earmarks(ctx context.Context, q bun.IDB, appealID string) (out []Earmark, err error) {
	var rows []earmarkRow
	err = q.NewSelect().Model(&rows).Where("m.appeal_id = ?", appealID).Order("m.code").Scan(ctx)
	for _, r := range rows {
		out = append(out, r.earmark())
	}
	return out, err
}

// account finds the account of the ledger for a role, head and earmark, or makes it. Whoever makes one holds the appeal's
// lock, or finds another's.
func (s store) account(ctx context.Context, q bun.IDB, appealID string, role Role, head Head, earmarkID string) (accountID string, err error) {
	find := func() error {
		return q.NewRaw("SELECT id FROM fund_account WHERE appeal_id = ? AND role = ? AND head = ? AND earmark_id = ?", appealID, string(role), string(head), earmarkID).Scan(ctx, &accountID)
	}
	if err = find(); !errors.Is(err, sql.ErrNoRows) {
		return accountID, err
	}
	row := &accountRow{ID: id.New(), AppealID: appealID, Role: string(role), Head: string(head), EarmarkID: earmarkID}
	if _, err := q.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return "", err
	}
	return accountID, find()
}

func (store) accountByID(ctx context.Context, q bun.IDB, accountID string) (row accountRow, err error) {
	err = q.NewSelect().Model(&row).Where("c.id = ?", accountID).Scan(ctx)
	return row, err
}

// net is debits less credits of all accounts of a role.
func (store) net(ctx context.Context, q bun.IDB, appealID string, role Role) (v money.VND, err error) {
	err = q.NewRaw(`SELECT CAST(coalesce(sum(t.debit - t.credit), 0) AS bigint) FROM fund_total t JOIN fund_account c ON c.id = t.account_id
		WHERE c.appeal_id = ? AND c.role = ?`, appealID, string(role)).Scan(ctx, &v)
	return v, err
}

// entry finds an entry that counts, with its lines.
func (store) entry(ctx context.Context, q bun.IDB, entryID string) (e entry, lines []Line, err error) {
	var rows []struct {
		AppealID, Kind, Note, Reverses, ImportID string
		Day                                      clock.Date
		DebitID, CreditID                        string
		Amount                                   money.VND
	}
	err = q.NewRaw(`SELECT e.appeal_id, e.kind, e.note, e.reverses, e.import_id, e.day, l.debit_id, l.credit_id, l.amount
		FROM fund_entry e JOIN fund_line l ON l.entry_id = e.id WHERE e.id = ?`+counts+` ORDER BY l.line_no`, entryID).Scan(ctx, &rows)
	if err == nil && len(rows) == 0 {
		return entry{}, nil, fault.New(fault.NotFound, "fund.entry.none")
	}
	for _, r := range rows {
		e = entry{ID: entryID, AppealID: r.AppealID, Day: r.Day, Kind: Kind(r.Kind), Note: r.Note, Reverses: r.Reverses, ImportID: r.ImportID}
		lines = append(lines, Line{DebitID: r.DebitID, CreditID: r.CreditID, Amount: r.Amount})
	}
	return e, lines, err
}

// giftChanged is one change of a posting.
type giftChanged struct {
	giftID string
	what   GiftChange
}

// post numbers a posting. The caller holds the lock of the appeal, so that no number is given twice.
func (store) post(ctx context.Context, tx db.Tx, appealID, importID string, changes []giftChanged, now time.Time) (no int64, err error) {
	if err = tx.NewRaw("SELECT coalesce(max(no), 0) + 1 FROM fund_posting WHERE appeal_id = ?", appealID).Scan(ctx, &no); err != nil {
		return 0, err
	}
	if _, err = tx.NewRaw("INSERT INTO fund_posting (appeal_id, no, import_id, at) VALUES (?, ?, ?, ?)", appealID, no, importID, now).Exec(ctx); err != nil {
		return 0, err
	}
	for i, c := range changes {
		if _, err := tx.NewRaw("INSERT INTO fund_posted (appeal_id, no, seq, gift_id, what) VALUES (?, ?, ?, ?, ?)", appealID, no, i+1, c.giftID, string(c.what)).Exec(ctx); err != nil {
			return 0, err
		}
	}
	return no, nil
}

// factRow is a gift with all that is told of it.
type factRow struct {
	No, Seq                                                int64
	What, ID, ClockTime, Bank, Memo, DocNo, Ref, Reference string
	EarmarkID, State, GiftMemo, Document                   string
	Day                                                    clock.Date
	Amount                                                 money.VND
	At                                                     time.Time
}

const factColumns = `g.id, g.day, g.amount, g.reference, g.earmark_id, g.state, g.memo AS gift_memo, g.document,
	coalesce(r.clock_time, '') AS clock_time, coalesce(r.memo, '') AS memo, coalesce(r.doc_no, '') AS doc_no, coalesce(r.ref, '') AS ref, coalesce(c.bank, '') AS bank`

func (r factRow) fact() GiftFact {
	f := GiftFact{At: Position{r.No, r.Seq}, What: GiftChange(r.What), ID: r.ID, Day: r.Day, Time: r.ClockTime, Amount: r.Amount, Channel: "cash", Memo: r.GiftMemo,
		Document: r.Document, Reference: r.Reference, EarmarkID: r.EarmarkID, State: GiftState(r.State), PostedAt: r.At}
	if r.Bank != "" {
		f.Channel, f.Memo, f.Document = bankCode(r.Bank), r.Memo, documentOf(bankRow{DocNo: r.DocNo, Ref: r.Ref})
	}
	return f
}

// facts goes from posting to posting: those that are a file are read from its rows, the others from what was written down.
func (s store) facts(ctx context.Context, q bun.IDB, appealID string, after Position, limit int) ([]GiftFact, error) {
	var postings []struct {
		No       int64
		ImportID string
		At       time.Time
	}
	if err := q.NewRaw("SELECT no, import_id, at FROM fund_posting WHERE appeal_id = ? AND no >= ? ORDER BY no LIMIT ?", appealID, after.No, limit+1).Scan(ctx, &postings); err != nil {
		return nil, err
	}
	var out []GiftFact
	for _, p := range postings {
		from := int64(0)
		if p.No == after.No {
			from = after.Seq
		}
		var rows, packed []factRow
		var err error
		if p.ImportID != "" {
			if packed, err = packedFacts(ctx, q, staging.Filter{ImportID: p.ImportID, After: int(from)}, limit-len(out)); err != nil {
				return nil, err
			}
			err = q.NewRaw(`SELECT r.seq, 'taken' AS what, `+factColumns+` FROM fund_row r JOIN fund_gift g ON g.id = r.id LEFT JOIN fund_account c ON c.id = r.account_id
				WHERE r.import_id = ? AND r.seq > ? AND r.state = 'gift' ORDER BY r.seq LIMIT ?`, p.ImportID, from, limit-len(out)).Scan(ctx, &rows)
		} else {
			err = q.NewRaw(`SELECT x.seq, x.what, `+factColumns+` FROM fund_posted x JOIN fund_gift g ON g.id = x.gift_id LEFT JOIN fund_row r ON r.id = g.row_id
				LEFT JOIN fund_account c ON c.id = r.account_id WHERE x.appeal_id = ? AND x.no = ? AND x.seq > ? ORDER BY x.seq LIMIT ?`, appealID, p.No, from, limit-len(out)).Scan(ctx, &rows)
		}
		if err != nil {
			return nil, err
		}
		rows = merged(packed, rows)
		for _, r := range rows[:min(len(rows), limit-len(out))] {
			r.No, r.At = p.No, p.At
			out = append(out, r.fact())
		}
		if len(out) >= limit {
			break
		}
	}
	return out, nil
}

// packedFacts gives plain gifts, at most so many.
func packedFacts(ctx context.Context, q bun.IDB, f staging.Filter, limit int) (out []factRow, err error) {
	err = staging.Gifts(ctx, q, f, func(g *staging.Gift) error {
		if out = append(out, packedFact(g)); len(out) >= limit {
			return staging.Enough
		}
		return nil
	})
	return out, errors.Join(err, withBanks(ctx, q, out))
}

// packedFact has the id of the account where the bank goes, until withBanks.
func packedFact(g *staging.Gift) factRow {
	return factRow{Seq: int64(g.Seq), What: giftTaken, ID: g.ID, ClockTime: g.Time, Bank: g.AccountID, Memo: g.Memo, DocNo: g.DocNo, Ref: g.Ref, State: giftTaken, Day: g.Day, Amount: g.Credit, At: g.PostedAt}
}

func withBanks(ctx context.Context, q bun.IDB, rows []factRow) error {
	banks := map[string]string{}
	for i, r := range rows {
		if banks[r.Bank] == "" {
			var bank string
			if err := q.NewRaw("SELECT bank FROM fund_account WHERE id = ?", r.Bank).Scan(ctx, &bank); err != nil {
				return err
			}
			banks[r.Bank] = bank
		}
		rows[i].Bank = banks[r.Bank]
	}
	return nil
}

// merged puts plain gifts and those with rows of their own in the order of their file; what got rows of its own meanwhile is
// taken once.
func merged(packed, own []factRow) []factRow {
	if len(packed) == 0 {
		return own
	}
	all := append(own, packed...)
	slices.SortStableFunc(all, func(x, y factRow) int { return cmp.Compare(x.Seq, y.Seq) })
	return slices.CompactFunc(all, func(x, y factRow) bool { return x.ID == y.ID })
}

func (s store) giftByID(ctx context.Context, q bun.IDB, giftID string) (GiftFact, error) {
	f, err := s.ownFact(ctx, q, giftID)
	if !fault.Is(err, fault.NotFound) {
		return f, err
	}
	g, err := staging.Find(ctx, q, giftID)
	if err != nil {
		return GiftFact{}, err
	}
	if g == nil { // it may have got rows of its own meanwhile
		return s.ownFact(ctx, q, giftID)
	}
	rows := []factRow{packedFact(g)}
	rows[0].Seq = 0
	err = withBanks(ctx, q, rows)
	return rows[0].fact(), err
}

func (store) ownFact(ctx context.Context, q bun.IDB, giftID string) (GiftFact, error) {
	var r factRow
	err := q.NewRaw(`SELECT 'taken' AS what, e.created_at AS at, `+factColumns+` FROM fund_gift g JOIN fund_entry e ON e.id = g.id LEFT JOIN fund_row r ON r.id = g.row_id
		LEFT JOIN fund_account c ON c.id = r.account_id WHERE g.id = ?`+counts, giftID).Scan(ctx, &r)
	if errors.Is(err, sql.ErrNoRows) {
		return GiftFact{}, fault.New(fault.NotFound, "fund.gift.none")
	}
	return r.fact(), err
}

// bankCode is the short code of a BIN.
func bankCode(bin string) string {
	if b, ok := FindBank(bin); ok {
		return b.Code
	}
	return bin
}

// addTotals adds what an entry moves to what stands on its accounts: at once, or with the file it came with.
func (store) addTotals(ctx context.Context, q bun.IDB, e entry, l Line) error {
	for _, side := range []struct {
		account       string
		debit, credit money.VND
		n             int
	}{{l.DebitID, l.Amount, 0, 0}, {l.CreditID, 0, l.Amount, 1}} {
		var err error
		if e.ImportID == "" {
			_, err = q.NewRaw(`INSERT INTO fund_total (account_id, day, debit, credit, gifts) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (account_id, day) DO UPDATE SET debit = fund_total.debit + excluded.debit, credit = fund_total.credit + excluded.credit, gifts = fund_total.gifts + excluded.gifts`,
				side.account, e.Day, side.debit, side.credit, side.n).Exec(ctx)
		} else {
			err = staging.AddPending(ctx, q, e.ImportID, side.account, e.Day, side.debit, side.credit, side.n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// countPending makes the totals of a file count.
func (store) countPending(ctx context.Context, q bun.IDB, importID string) error {
	_, err := q.NewRaw(`INSERT INTO fund_total (account_id, day, debit, credit, gifts)
		SELECT account_id, day, debit, credit, gifts FROM fund_pending WHERE import_id = ?
		ON CONFLICT (account_id, day) DO UPDATE SET debit = fund_total.debit + excluded.debit, credit = fund_total.credit + excluded.credit, gifts = fund_total.gifts + excluded.gifts`, importID).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = q.NewRaw("DELETE FROM fund_pending WHERE import_id = ?", importID).Exec(ctx)
	return err
}

type changeRow struct {
	bun.BaseModel `bun:"table:fund_change,alias:h"`

	ID       string `bun:",pk"`
	AppealID string
	What     string
	Day      clock.Date
	Basis    string
	ByID     string
	ByName   string
	At       time.Time
}

func (store) insertChange(ctx context.Context, q bun.IDB, row *changeRow) error {
	_, err := q.NewInsert().Model(row).Exec(ctx)
	return err
}

func (store) changes(ctx context.Context, q bun.IDB, appealID string) (out []Changed, err error) {
	var rows []changeRow
	err = q.NewSelect().Model(&rows).Where("h.appeal_id = ?", appealID).Order("h.id DESC").Limit(500).Scan(ctx)
	for _, r := range rows {
		out = append(out, Changed{What: Change(r.What), Day: r.Day, Basis: r.Basis, ByName: r.ByName, At: r.At})
	}
	return out, err
}

// saveAppeal keeps what a decision may change.
func (store) saveAppeal(ctx context.Context, q bun.IDB, a Appeal) error {
	_, err := q.NewRaw("UPDATE fund_appeal SET closes = ?, spends_until = ?, running_basis = ? WHERE id = ?", a.Closes, a.SpendsUntil, a.RunningBasis, a.ID).Exec(ctx)
	return err
}
