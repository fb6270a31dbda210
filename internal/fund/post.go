package fund

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// post proves that nothing stands against the rows laid aside, and brings them into the books.
func (r *importRun) post(ctx context.Context, totals statement.Totals) (ImportResult, error) {
	if err := r.s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return r.prove(ctx, tx, totals) }); err != nil {
		return ImportResult{}, err
	}
	if r.session.State == string(ImportPosted) {
		return r.known()
	}
	if err := r.s.finishWatched(ctx, r.actor, r.account.ID, r.progress); err != nil {
		return ImportResult{}, err
	}
	res, err := r.result(ctx)
	res.Totals = totals
	return res, err
}

// prove is the point of no return: from here on the file enters the books, now or after a kill.
func (r *importRun) prove(ctx context.Context, tx db.Tx, totals statement.Totals) (err error) {
	st := r.s.store
	if err := st.lockAccount(ctx, tx, r.account.ID); err != nil {
		return err
	}
	if err := st.lockAppeal(ctx, tx, r.appeal.ID); err != nil {
		return err
	}
	if r.session, err = st.lockSession(ctx, tx, r.session.ID); err != nil || r.session.State != string(importStaging) {
		return err
	}
	appeal, _, err := st.books(ctx, tx, r.appeal.ID)
	if err != nil {
		return err
	}
	if row, day, err := staging.FirstClosed(ctx, tx, r.account.ID, r.session.ID, appeal.ClosedUntil); err != nil {
		return err
	} else if row > 0 {
		return fault.New(fault.Conflict, "fund.import.closed").With("Row", row).With("Day", day.Vietnamese()).With("Until", appeal.ClosedUntil.Vietnamese())
	}
	days, err := json.Marshal(totals.Days)
	if err != nil {
		return err
	}
	r.session.State, r.session.RowsRead, r.session.Credit, r.session.Debit, r.session.Days = string(importProved), totals.Rows, totals.Credit, totals.Debit, string(days)
	return st.saveSession(ctx, tx, r.session)
}

// finishPending brings every proved file of an account wholly into the books.
func (s *Service) finishPending(ctx context.Context, actor identity.Actor, accountID string) error {
	return s.finishWatched(ctx, actor, accountID, nil)
}

func (s *Service) finishWatched(ctx context.Context, actor identity.Actor, accountID string, progress func(context.Context) error) error {
	pending, err := s.store.provedImports(ctx, s.DB.Read(), accountID)
	if err != nil {
		return err
	}
	for _, importID := range pending {
		known := staging.NewKnown(accountID, importID)
		for done := false; !done; {
			err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
				done, err = s.postSome(ctx, tx, actor, known, accountID, importID)
				return err
			})
			if err == nil && progress != nil {
				err = progress(ctx)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// postSome enters the next batch of a file; when none is left the file is posted and all its entries count. The lock on the
// account puts whoever does this at the same time in a row.
func (s *Service) postSome(ctx context.Context, tx db.Tx, actor identity.Actor, known *staging.Known, accountID, importID string) (done bool, err error) {
	if err := s.store.lockAccount(ctx, tx, accountID); err != nil {
		return false, err
	}
	session, err := s.store.lockSession(ctx, tx, importID)
	if err != nil || session.State == string(ImportPosted) {
		return true, err
	}
	pack, err := staging.Waiting(ctx, tx, importID)
	if err != nil {
		return false, err
	}
	if pack == nil {
		return true, s.posted(ctx, tx, actor, session)
	}
	rows, err := pack.Rows()
	if err != nil {
		return false, err
	}
	appeal, books, err := s.store.books(ctx, tx, session.AppealID)
	if err != nil {
		return false, err
	}
	if err := staging.Classify(ctx, tx, appeal.ID, appeal.Opens, appeal.Closes, rows); err != nil {
		return false, err
	}
	fresh, err := known.Fresh(ctx, tx, rows)
	if err != nil {
		return false, err
	}
	var own []staging.Row
	for i := range fresh {
		if !fresh[i].Plain {
			own = append(own, fresh[i])
		}
	}
	if own, err = staging.Enter(ctx, tx, importID, accountID, own); err != nil {
		return false, err
	}
	accounts := staging.Books{ImportID: importID, AppealID: appeal.ID, Bank: accountID, Gifts: books[RoleGifts], Unsorted: books[RoleUnsorted]}
	if err := errors.Join(staging.Settle(ctx, tx, accounts, pack, rows, fresh), staging.Credits(ctx, tx, accounts, own, s.Clock.Now())); err != nil {
		return false, err
	}
	part := span{importID: importID}
	part.from, part.to = pack.Span()
	if err := s.enterDebits(ctx, tx, part, appeal.ID, accountID, books); err != nil {
		return false, err
	}
	waiting, err := s.store.unfolded(ctx, tx, part)
	if err != nil {
		return false, err
	}
	return false, s.store.fold(ctx, tx, waiting)
}

// posted makes the entries of a file count.
func (s *Service) posted(ctx context.Context, tx db.Tx, actor identity.Actor, session importRow) (err error) {
	if session.Posted, session.Queued, err = s.store.outcome(ctx, tx, session.ID); err != nil {
		return err
	}
	session.State, session.Known, session.PostedAt = string(ImportPosted), session.RowsRead-session.Posted-session.Queued, s.Clock.Now()
	if err := s.store.saveSession(ctx, tx, session); err != nil {
		return err
	}
	if err := s.count(ctx, tx, session); err != nil {
		return err
	}
	a, _, err := s.store.books(ctx, tx, session.AppealID)
	if err != nil {
		return err
	}
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: ActionImport, ResourceType: "Appeal", ResourceID: a.ID,
		Details: map[string]string{"hash": session.Hash, "rows": strconv.Itoa(session.RowsRead), "posted": strconv.Itoa(session.Posted),
			"known": strconv.Itoa(session.Known), "queued": strconv.Itoa(session.Queued), "sum": strconv.FormatInt(int64(session.Credit), 10)}})
}

// count makes the totals of a file count, and tells whoever listens.
func (s *Service) count(ctx context.Context, tx db.Tx, session importRow) error {
	if err := s.store.lockAppeal(ctx, tx, session.AppealID); err != nil {
		return err
	}
	if err := s.store.countPending(ctx, tx, session.ID); err != nil {
		return err
	}
	if err := s.announce(ctx, tx, session.AppealID, session.ID); err != nil {
		return err
	}
	if err := s.wantCheck(ctx, tx, session.AppealID); err != nil {
		return err
	}
	back, err := s.store.refundsOf(ctx, tx, session.ID)
	if err != nil || len(back) == 0 {
		return err
	}
	return s.announce(ctx, tx, session.AppealID, "", back...)
}

// result tells what became of a file that has just been posted.
func (r *importRun) result(ctx context.Context) (ImportResult, error) {
	session, err := r.s.store.session(ctx, r.s.DB.Read(), r.account.ID, r.hash)
	if err != nil {
		return ImportResult{}, err
	}
	waiting, err := r.s.store.queuedRows(ctx, r.s.DB.Read(), session.ID)
	if err != nil {
		return ImportResult{}, err
	}
	t, err := session.totals()
	return ImportResult{ID: session.ID, State: ImportPosted, Hash: r.hash, Account: r.account, RowsRead: session.RowsRead, Posted: session.Posted,
		Known: session.Known, Queued: session.Queued, QueuedRows: waiting, Totals: t}, err
}

// enterDebits pairs money that went out with the gift it gives back; what is no refund of exactly one known gift waits.
func (s *Service) enterDebits(ctx context.Context, tx db.Tx, part span, appealID, bankID string, books map[Role]string) error {
	st := s.store
	rows, err := st.debits(ctx, tx, part)
	if err != nil || len(rows) == 0 {
		return err
	}
	if err := st.lockAppeal(ctx, tx, appealID); err != nil { // a person may be changing the gift
		return err
	}
	packed, err := st.packedRefunds(ctx, tx, rows)
	if err != nil {
		return err
	}
	for _, d := range rows {
		gift, err := st.refunded(ctx, tx, appealID, d, packed[d.ID])
		if err != nil {
			return err
		}
		if gift.ID != "" { // what was sent back after it had been spent is for a person to put right
			left, err := st.left(ctx, tx, appealID, gift.EarmarkID, part.importID)
			if err != nil {
				return err
			}
			if left < d.Debit {
				gift = giftRow{}
			}
		}
		e := entry{ID: d.ID, AppealID: appealID, Day: d.Day, Kind: KindUnsorted, Note: documentOf(d), ImportID: part.importID, CreatedAt: s.Clock.Now()}
		line := Line{DebitID: books[RoleUnsorted], CreditID: bankID, Amount: d.Debit}
		state := string(MoneyOut)
		if gift.ID != "" {
			e.Kind, e.Reverses, state = KindRefund, gift.ID, rowRefund
			if line.DebitID, err = s.giftAccount(ctx, tx, appealID, gift.EarmarkID); err != nil {
				return err
			}
		}
		if err := st.enter(ctx, tx, e, []Line{line}); err != nil {
			return err
		}
		if err := st.setDebit(ctx, tx, d, appealID, state, gift.ID, s.Clock.Now()); err != nil {
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
