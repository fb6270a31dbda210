package fund

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/memocode"
	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

const queueFrom = ` FROM fund_queue w JOIN fund_row r ON r.id = w.id JOIN fund_import i ON i.id = r.import_id AND i.state = 'posted' `

func (store) queue(ctx context.Context, q bun.IDB, appealID string, in QueueQuery) ([]Waiting, int, error) {
	where, args := []string{"w.appeal_id = ?"}, []any{appealID}
	if in.Sorted {
		where = append(where, "w.sorted_as <> ''")
	} else {
		where = append(where, "w.sorted_as = ''")
	}
	if in.Reason != "" {
		where, args = append(where, "w.reason = ?"), append(args, string(in.Reason))
	}
	if text := vntext.Fold(strings.TrimSpace(in.Text)); text != "" {
		amount, err := money.Parse(in.Text)
		if err != nil {
			amount = -1
		}
		where = append(where, `(w.folded LIKE ? ESCAPE '\' OR lower(r.doc_no) LIKE ? ESCAPE '\' OR r.credit + r.debit = ?)`)
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
		args = append(args, like, like, amount)
	}
	cond := " WHERE " + strings.Join(where, " AND ")
	var n int
	if err := q.NewRaw("SELECT count(*)"+queueFrom+cond, args...).Scan(ctx, &n); err != nil {
		return nil, 0, err
	}
	order := " ORDER BY r.day, w.id"
	if in.Sorted {
		order = " ORDER BY w.decided_at DESC, w.id"
	}
	var out []Waiting
	err := q.NewRaw(`SELECT w.id, r.row_no AS row, i.file, r.day, CASE r.doc_no WHEN '' THEN r.ref ELSE r.doc_no END AS doc_no, r.memo, r.reference, r.credit, r.debit, w.reason, w.decision, w.note, w.by_name,
		coalesce((SELECT a.code FROM fund_reference x JOIN fund_appeal a ON a.id = x.appeal_id WHERE x.code = r.reference AND r.reference <> ''),
			(SELECT a.code FROM fund_rule u JOIN fund_appeal a ON a.id = u.target_id WHERE u.id = r.rule_id AND r.rule_id <> ''), '') AS target`+
		queueFrom+cond+order+" LIMIT ? OFFSET ?", append(args, in.PerPage, (in.Page-1)*in.PerPage)...).Scan(ctx, &out)
	return out, n, err
}

func (store) queueCounts(ctx context.Context, q bun.IDB, appealID string) (map[Reason]int, error) {
	var rows []struct {
		Reason string
		N      int
	}
	err := q.NewRaw("SELECT w.reason, count(*) AS n"+queueFrom+" WHERE w.appeal_id = ? AND w.sorted_as = '' GROUP BY w.reason", appealID).Scan(ctx, &rows)
	out := map[Reason]int{}
	for _, r := range rows {
		out[Reason(r.Reason)] = r.N
	}
	return out, err
}

// unfolded lists rows of a file that came into the queue and whose memo is not searchable yet.
func (store) unfolded(ctx context.Context, q bun.IDB, part span) (rows []bankRow, err error) {
	err = q.NewRaw(`SELECT r.id, r.memo FROM fund_row r JOIN fund_queue w ON w.id = r.id WHERE r.import_id = ? AND r.seq BETWEEN ? AND ?`, part.importID, part.from, part.to).Scan(ctx, &rows)
	return rows, err
}

func (store) fold(ctx context.Context, q bun.IDB, rows []bankRow) error {
	for _, r := range rows {
		if _, err := q.NewRaw("UPDATE fund_queue SET folded = ? WHERE id = ?", vntext.Fold(r.Memo), r.ID).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// knownReference keeps a code from a memo only when it is one of the appeal's own.
func (store) knownReference(ctx context.Context, q bun.IDB, code, appealID string) (string, error) {
	if code == "" {
		return "", nil
	}
	var n int
	err := q.NewRaw("SELECT count(*) FROM fund_reference WHERE code = ? AND appeal_id = ?", code, appealID).Scan(ctx, &n)
	if n == 0 {
		code = ""
	}
	return code, err
}

// targetOf is the appeal that the code in the memo names, or a rule.
func (s store) targetOf(ctx context.Context, q bun.IDB, row bankRow) (Appeal, error) {
	var appealID string
	err := q.NewRaw(`SELECT coalesce((SELECT x.appeal_id FROM fund_reference x WHERE x.code = ? AND x.code <> ''), (SELECT u.target_id FROM fund_rule u WHERE u.id = ? AND u.id <> ''), '')`,
		row.Reference, row.RuleID).Scan(ctx, &appealID)
	if err != nil {
		return Appeal{}, err
	}
	if appealID == "" {
		return Appeal{}, fault.Field("appeal", "fund.queue.which_appeal")
	}
	a, _, err := s.books(ctx, q, appealID)
	return a, err
}

// pairOf finds the row that, with this one, is nothing: the same amount the other way, in the queue too. Among those that
// were chosen together it looks first; otherwise there must be exactly one.
func (store) pairOf(ctx context.Context, q bun.IDB, appealID string, row bankRow, chosen []string) (string, error) {
	var found []struct{ ID string }
	err := q.NewRaw(`SELECT w.id`+queueFrom+`WHERE w.appeal_id = ? AND w.sorted_as = '' AND r.account_id = ? AND r.debit = ? AND r.credit = ? ORDER BY r.day, w.id LIMIT 100`,
		appealID, row.AccountID, row.Credit, row.Debit).Scan(ctx, &found)
	if err != nil {
		return "", err
	}
	for _, f := range found {
		for _, c := range chosen {
			if f.ID == c {
				return f.ID, nil
			}
		}
	}
	if len(found) != 1 {
		return "", fault.New(fault.Conflict, "fund.queue.no_pair").With("Count", strconv.Itoa(len(found)))
	}
	return found[0].ID, nil
}

// wait puts a row back into the queue.
func (store) wait(ctx context.Context, q bun.IDB, rowID, appealID string) error {
	_, err := q.NewRaw("UPDATE fund_queue SET sorted_as = '', decision = '', decided_at = NULL WHERE id = ? AND appeal_id = ?", rowID, appealID).Exec(ctx)
	return err
}

type transferRow struct {
	bun.BaseModel `bun:"table:fund_transfer,alias:t"`

	ID          string `bun:",pk"`
	Code        string
	FromID      string
	ToID        string
	Amount      money.VND
	FromEarmark string
	ToEarmark   string
	Document    string
	Day         clock.Date
	OutEntry    string
	InEntry     string
	OutRow      string
	InRow       string
	Undone      bool
	ByName      string
	CreatedAt   time.Time
}

func (r transferRow) transfer() Transfer {
	return Transfer{ID: r.ID, Code: r.Code, Amount: r.Amount, FromEarmark: r.FromEarmark, ToEarmark: r.ToEarmark, Document: r.Document, Day: r.Day, SeenOut: r.OutRow != "",
		SeenIn: r.InRow != "", Undone: r.Undone, ByName: r.ByName, CreatedAt: r.CreatedAt, outEnt: r.OutEntry, inEnt: r.InEntry, fromID: r.FromID, toID: r.ToID}
}

func (store) insertTransfer(ctx context.Context, q bun.IDB, t Transfer) error {
	row := &transferRow{ID: t.ID, Code: t.Code, FromID: t.fromID, ToID: t.toID, Amount: t.Amount, FromEarmark: t.FromEarmark, ToEarmark: t.ToEarmark, Document: t.Document,
		Day: t.Day, OutEntry: t.outEnt, InEntry: t.inEnt, ByName: t.ByName, CreatedAt: t.CreatedAt}
	_, err := q.NewInsert().Model(row).Exec(ctx)
	return err
}

func (store) transfer(ctx context.Context, q bun.IDB, transferID string) (Transfer, error) {
	var row transferRow
	err := q.NewSelect().Model(&row).Where("t.id = ?", transferID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Transfer{}, fault.New(fault.NotFound, "fund.transfer.none")
	}
	return row.transfer(), err
}

func (store) transfers(ctx context.Context, q bun.IDB, appealID string) (out []Transfer, err error) {
	var rows []transferRow
	err = q.NewSelect().Model(&rows).Where("t.from_id = ? OR t.to_id = ?", appealID, appealID).Order("t.id DESC").Limit(500).Scan(ctx)
	for _, r := range rows {
		out = append(out, r.transfer())
	}
	return out, err
}

func (store) undoTransfer(ctx context.Context, q bun.IDB, transferID string) error {
	_, err := q.NewRaw("UPDATE fund_transfer SET undone = ? WHERE id = ?", true, transferID).Exec(ctx)
	return err
}

// transferSeen notes that a row of the bank is one end of the transfer whose code stands in its memo. Another amount, or an
// end that has been seen, is refused.
func (store) transferSeen(ctx context.Context, tx db.Tx, row bankRow, appealID string) error {
	if row.Reference == "" {
		return nil
	}
	var t transferRow
	err := tx.NewSelect().Model(&t).Where("t.code = ?", row.Reference).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	column, seen := "out_row", t.OutRow
	if row.Credit > 0 {
		column, seen = "in_row", t.InRow
	}
	if t.Undone || seen != "" || t.Amount != row.Credit+row.Debit || (row.Credit > 0) != (t.ToID == appealID) {
		return fault.New(fault.Conflict, "fund.transfer.other").With("Amount", t.Amount.String())
	}
	_, err = tx.NewRaw("UPDATE fund_transfer SET ? = ? WHERE id = ?", bun.Ident(column), row.ID, t.ID).Exec(ctx)
	return err
}

func (store) transferUnseen(ctx context.Context, q bun.IDB, rowID string) error {
	for _, column := range []string{"out_row", "in_row"} {
		if _, err := q.NewRaw("UPDATE fund_transfer SET ? = '' WHERE ? = ?", bun.Ident(column), bun.Ident(column), rowID).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

type ruleRow struct {
	bun.BaseModel `bun:"table:fund_rule,alias:u"`

	ID        string `bun:",pk"`
	AppealID  string
	Contains  string
	Does      string
	TargetID  string
	EarmarkID string
	ByName    string
	Ended     bool
	CreatedAt time.Time
}

func (store) insertRule(ctx context.Context, q bun.IDB, appealID string, r Rule) error {
	row := &ruleRow{ID: r.ID, AppealID: appealID, Contains: r.Contains, Does: string(r.Does), TargetID: r.TargetID, EarmarkID: r.EarmarkID, ByName: r.ByName, CreatedAt: r.CreatedAt}
	_, err := q.NewInsert().Model(row).Exec(ctx)
	return err
}

func (store) endRule(ctx context.Context, q bun.IDB, appealID, ruleID string) error {
	res, err := q.NewRaw("UPDATE fund_rule SET ended = ? WHERE id = ? AND appeal_id = ? AND ended = ?", true, ruleID, appealID, false).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fault.New(fault.NotFound, "fund.rules.none"))
	}
	return nil
}

func (store) rules(ctx context.Context, q bun.IDB, appealID string) (out []Rule, err error) {
	var rows []ruleRow
	err = q.NewSelect().Model(&rows).Where("u.appeal_id = ?", appealID).Where("u.ended = ?", false).Order("u.id").Scan(ctx)
	for _, r := range rows {
		out = append(out, Rule{ID: r.ID, Contains: r.Contains, Does: RuleDoes(r.Does), TargetID: r.TargetID, EarmarkID: r.EarmarkID, ByName: r.ByName, CreatedAt: r.CreatedAt})
	}
	return out, err
}

const maxFound = 200

func (store) findGifts(ctx context.Context, q bun.IDB, appealID string, in GiftQuery) (out []GiftFact, err error) {
	where, args := "g.appeal_id = ?", []any{appealID}
	if in.Amount > 0 {
		where, args = where+" AND g.amount = ?", append(args, in.Amount)
	}
	if in.Day != "" {
		where, args = where+" AND g.day = ?", append(args, in.Day)
	}
	if in.Reference != "" {
		where, args = where+" AND g.reference <> '' AND g.reference = ?", append(args, memocode.Read(in.Reference))
	}
	var rows, packed []factRow
	if in.Reference == "" { // what bears a code has rows of its own
		f := staging.Filter{AppealID: appealID, From: in.Day, To: in.Day}
		if in.Amount > 0 {
			f.Amounts = []money.VND{in.Amount}
		}
		gifts, err := staging.Oldest(ctx, q, f, maxFound)
		for i := range gifts {
			packed = append(packed, packedFact(&gifts[i]))
		}
		if err = errors.Join(err, withBanks(ctx, q, packed)); err != nil {
			return nil, err
		}
	}
	err = q.NewRaw(`SELECT 'taken' AS what, e.created_at AS at, `+factColumns+` FROM fund_gift g JOIN fund_entry e ON e.id = g.id LEFT JOIN fund_row r ON r.id = g.row_id
		LEFT JOIN fund_account c ON c.id = r.account_id WHERE `+where+counts+` ORDER BY g.day, g.id LIMIT 200`, args...).Scan(ctx, &rows)
	rows = append(rows, packed...)
	slices.SortStableFunc(rows, func(x, y factRow) int { return cmp.Or(cmp.Compare(x.Day, y.Day), cmp.Compare(x.ID, y.ID)) })
	rows = slices.CompactFunc(rows, func(x, y factRow) bool { return x.ID == y.ID })
	for _, r := range rows[:min(len(rows), maxFound)] {
		r.Seq = 0
		out = append(out, r.fact())
	}
	return out, err
}
