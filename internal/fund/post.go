package fund

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// post brings the rows laid aside into the books, all in one transaction.
func (r *importRun) post(ctx context.Context, totals statement.Totals) (ImportResult, error) {
	res := ImportResult{ID: r.session.ID, State: ImportPosted, Hash: r.hash, Account: r.account, RowsRead: totals.Rows, Totals: totals}
	err := r.s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		res.State, res.Posted, res.Known, res.Queued, res.QueuedRows = ImportPosted, 0, 0, 0, nil
		return r.postIn(ctx, tx, totals, &res)
	})
	return res, err
}

func (r *importRun) postIn(ctx context.Context, tx db.Tx, totals statement.Totals, res *ImportResult) (err error) {
	st := r.s.store
	// The lock on the account puts two files of one account in a row; the one on the session two people with one file.
	if err := st.lockAccount(ctx, tx, r.account.ID); err != nil {
		return err
	}
	if r.session, err = st.lockSession(ctx, tx, r.session.ID); err != nil {
		return err
	}
	if r.session.State == string(ImportPosted) {
		*res, err = r.known()
		return err
	}
	if res.Known, err = st.dropKnown(ctx, tx, r.session.ID); err != nil {
		return err
	}
	appeal, books, err := st.books(ctx, tx, r.appeal.ID)
	if err != nil {
		return err
	}
	if row, day, err := st.firstClosed(ctx, tx, r.session.ID, appeal.ClosedUntil); err != nil {
		return err
	} else if row > 0 {
		return fault.New(fault.Conflict, "fund.import.closed").With("Row", row).With("Day", day.Vietnamese()).With("Until", appeal.ClosedUntil.Vietnamese())
	}
	if err := st.classify(ctx, tx, r.session.ID, appeal); err != nil {
		return err
	}
	if err := st.enterCredits(ctx, tx, r.session.ID, appeal.ID, r.account.ID, books, r.s.Clock.Now()); err != nil {
		return err
	}
	if err := r.enterDebits(ctx, tx, books); err != nil {
		return err
	}
	if res.Posted, res.Queued, res.QueuedRows, err = st.outcome(ctx, tx, r.session.ID); err != nil {
		return err
	}
	if err := r.finish(ctx, tx, totals, *res); err != nil {
		return err
	}
	return r.s.Trail.Record(ctx, tx, identity.Trace{Actor: r.actor, UnitID: appeal.UnitID, Action: ActionImport, ResourceType: "Appeal", ResourceID: appeal.ID,
		Details: map[string]string{"hash": r.hash, "rows": strconv.Itoa(res.RowsRead), "posted": strconv.Itoa(res.Posted),
			"known": strconv.Itoa(res.Known), "queued": strconv.Itoa(res.Queued), "sum": strconv.FormatInt(int64(totals.Credit), 10)}})
}

func (r *importRun) finish(ctx context.Context, tx db.Tx, totals statement.Totals, res ImportResult) error {
	days, err := json.Marshal(totals.Days)
	if err != nil {
		return err
	}
	s := r.session
	s.State, s.RowsRead, s.Posted, s.Queued, s.Known = string(ImportPosted), totals.Rows, res.Posted, res.Queued, res.Known
	s.Credit, s.Debit, s.Days, s.PostedAt = totals.Credit, totals.Debit, string(days), r.s.Clock.Now()
	return r.s.store.saveSession(ctx, tx, s)
}

// enterDebits pairs money that went out with the gift it gives back; what is no refund of exactly one known gift waits.
func (r *importRun) enterDebits(ctx context.Context, tx db.Tx, books map[Role]string) error {
	st := r.s.store
	rows, err := st.debits(ctx, tx, r.session.ID)
	if err != nil {
		return err
	}
	for _, d := range rows {
		gift, err := st.refunded(ctx, tx, r.appeal.ID, d)
		if err != nil {
			return err
		}
		e := entry{ID: d.ID, AppealID: r.appeal.ID, Day: d.Day, Kind: KindUnsorted, Note: documentOf(d), CreatedAt: r.s.Clock.Now()}
		line := Line{DebitID: books[RoleUnsorted], CreditID: r.account.ID, Amount: d.Debit}
		state := string(MoneyOut)
		if gift != "" {
			e.Kind, e.Reverses, state = KindRefund, gift, rowRefund
			line.DebitID = books[RoleGifts]
		}
		if err := st.enter(ctx, tx, e, []Line{line}); err != nil {
			return err
		}
		if err := st.setDebit(ctx, tx, d, r.appeal.ID, state, gift); err != nil {
			return err
		}
	}
	return nil
}

// documentOf is what an entry says of the row it comes from: the bank's document, never the memo.
func documentOf(r bankRow) string {
	if r.DocNo != "" {
		return r.DocNo
	}
	return r.Ref
}

// givesBack tells whether a debit names the credit it returns: by one document number, or with the credit's number in its
// memo. A number shorter than six signs is no name.
func givesBack(d bankRow, doc, ref string) bool {
	if doc != "" && doc == d.DocNo {
		return true
	}
	return len(doc) >= 6 && strings.Contains(d.Memo, doc) || len(ref) >= 6 && strings.Contains(d.Memo, ref)
}
