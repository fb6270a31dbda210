package fund

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/memocode"
	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/fund/vietqr"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// ImportRequest is a bank statement to take in.
type ImportRequest struct {
	Appeal  string // its code
	Layout  statement.Layout
	Account string             // number; needed only when the appeal has several accounts that fit the layout
	Name    string             // of the file, for the record
	Mapping *statement.Mapping // with statement.Mapped: how its columns are to be read
	File    io.ReaderAt
	Size    int64

	// What the bank's paper says, when the accountant has it: rows and sum of money in. Zero is not said.
	Rows int
	Sum  money.VND
}

// ImportState is how an import ended.
type ImportState string

// The ends of an import.
const (
	ImportPosted  ImportState = "posted"  // everything new in the file is in the books
	ImportKnown   ImportState = "known"   // this very file was taken in before; nothing changed
	ImportRefused ImportState = "refused" // nothing was taken in
	importStaging ImportState = "staging" // rows are being laid aside
	importProved  ImportState = "proved"  // every check is passed; the rows are entering the books, where they do not count yet
)

// QueuedRow is a row of the file that waits for a person.
type QueuedRow struct {
	Row    int
	Reason Reason
}

// ImportResult is what became of a file. RowsRead is Posted + Known + Queued + Refused.
type ImportResult struct {
	ID         string
	State      ImportState
	Hash       string // SHA-256 of the file, hexadecimal
	Account    BankAccount
	RowsRead   int
	Posted     int // gifts and refunds entered
	Known      int // in the books already, from this or another file
	Queued     int
	QueuedRows []QueuedRow // the first of them
	Totals     statement.Totals
}

const shownQueued = 100

// Import takes a bank statement in: whole, or not at all. Its rows are first laid aside in batches, where nobody counts them.
// When everything the file says of itself has been proved they enter the books in batches too, so that nobody else waits
// long, and begin to count all at the same moment. After a kill the same call, or the next import of that account, goes on
// where it stopped. Two people may do it at once: the movements enter once.
//
// A refused file gives a result with State ImportRefused and the problems in Totals, and no error.
func (s *Service) Import(ctx context.Context, actor identity.Actor, in ImportRequest) (ImportResult, error) {
	run, err := s.newRun(ctx, actor, in)
	if err != nil {
		return ImportResult{}, err
	}
	totals, res, err := run.check(ctx)
	if err != nil || res.State != "" {
		return res, err
	}
	return run.post(ctx, totals)
}

// newRun prepares an import: who may, which account, what the file is.
func (s *Service) newRun(ctx context.Context, actor identity.Actor, in ImportRequest) (*importRun, error) {
	a, err := s.store.appealByCode(ctx, s.DB.Read(), in.Appeal)
	if err != nil {
		return nil, err
	}
	if err := s.may(actor, ActionImport, a); err != nil {
		return nil, err
	}
	acct, err := pickAccount(a, in.Layout, in.Account)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	if in.Mapping != nil { // the same bytes read otherwise are another statement
		h.Write([]byte(in.Mapping.JSON()))
	}
	if _, err := io.Copy(h, io.NewSectionReader(in.File, 0, in.Size)); err != nil {
		return nil, fmt.Errorf("fund: the file cannot be read: %w", err)
	}
	return &importRun{s: s, in: in, actor: actor, appeal: a, account: acct, hash: hex.EncodeToString(h.Sum(nil))}, nil
}

// check lays the rows of the file aside and compares everything the file says of itself. A result with a state is the end:
// the file is refused, known, or in the books already.
func (r *importRun) check(ctx context.Context) (statement.Totals, ImportResult, error) {
	if err := r.begin(ctx); err != nil {
		return statement.Totals{}, ImportResult{}, err
	}
	if r.session.State == string(ImportPosted) {
		res, err := r.known()
		return res.Totals, res, err
	}
	if err := r.s.finishPending(ctx, r.actor, r.account.ID); err != nil {
		return statement.Totals{}, ImportResult{}, err
	}
	if r.session.State == string(importProved) {
		res, err := r.result(ctx)
		return res.Totals, res, err
	}
	take := func(row statement.Row) error { return r.take(ctx, row) }
	latest := statement.Latest(r.s.today().AddDays(1)) // what is booked after the close of business may bear the next day
	var totals statement.Totals
	var err error
	if r.in.Mapping != nil {
		totals, err = statement.ParseMapped(r.in.File, r.in.Size, *r.in.Mapping, take, latest)
	} else {
		totals, err = statement.Parse(r.in.File, r.in.Size, r.in.Layout, take, latest)
	}
	if err != nil {
		var f *fault.Error
		var fs fault.Fields
		if errors.As(err, &f) || errors.As(err, &fs) {
			err = errors.Join(err, r.drop(ctx))
		}
		return totals, ImportResult{}, err
	}
	r.seen = staging.Counter{} // it is large, and done with
	r.checkStated(&totals)
	if totals.Refused > 0 {
		res := ImportResult{State: ImportRefused, Hash: r.hash, Account: r.account, RowsRead: totals.Rows + refusedRows(totals), Totals: totals}
		return totals, res, r.drop(ctx)
	}
	return totals, ImportResult{}, r.stage(ctx)
}

// refusedRows counts the problems that are a row which was not counted among those in order.
func refusedRows(t statement.Totals) int {
	n := 0
	for _, p := range t.Problems {
		if p.Row > 0 && p.Fault.Key != "fund.statement.balance" {
			n++
		}
	}
	return n + t.Refused - len(t.Problems)
}

// pickAccount finds the account of the appeal that the statement is of.
func pickAccount(a Appeal, l statement.Layout, number string) (BankAccount, error) {
	bin, number := vietqr.BINOf(l), cleanNumber(number)
	var fit []BankAccount
	for _, acct := range a.Accounts {
		if (bin == "" || acct.Bank.BIN == bin) && (number == "" || acct.Number == number) {
			fit = append(fit, acct)
		}
	}
	switch len(fit) {
	case 0:
		return BankAccount{}, fault.New(fault.Invalid, "fund.import.no_account").With("Appeal", a.Code)
	case 1:
		return fit[0], nil
	}
	return BankAccount{}, fault.New(fault.Invalid, "fund.import.which_account").With("Appeal", a.Code)
}

// importRun is one file on its way in.
type importRun struct {
	s       *Service
	in      ImportRequest
	actor   identity.Actor
	appeal  Appeal
	account BankAccount
	hash    string

	session importRow
	seq     int // rows read
	skip    int // rows laid aside by an earlier run that was cut short
	pack    staging.Pack
	prints  *staging.Printer
	seen    staging.Counter // how often each came
	rules   []Rule

	progress func(ctx context.Context) error // called after each batch; nil: nobody watches
}

// begin finds the session of this file or makes one.
func (r *importRun) begin(ctx context.Context) error {
	r.seen, r.prints = staging.Counter{}, staging.NewPrinter(r.account.ID)
	err := r.s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		r.session, err = r.s.store.begin(ctx, tx, importRow{ID: id.New(), AppealID: r.appeal.ID, AccountID: r.account.ID, Layout: string(r.in.Layout),
			Hash: r.hash, File: r.in.Name, State: string(importStaging), Days: "[]", StartedAt: r.s.Clock.Now()})
		return err
	})
	if err != nil {
		return err
	}
	if r.rules, err = r.s.store.rules(ctx, r.s.DB.Read(), r.appeal.ID); err != nil {
		return err
	}
	r.skip, err = staging.Staged(ctx, r.s.DB.Read(), r.session.ID)
	return err
}

// known answers for a file that is in the books.
func (r *importRun) known() (ImportResult, error) {
	t, err := r.session.totals()
	n := r.session.RowsRead
	return ImportResult{ID: r.session.ID, State: ImportKnown, Hash: r.hash, Account: r.account, RowsRead: n, Known: n, Totals: t}, err
}

func (r *importRun) take(ctx context.Context, row statement.Row) error {
	r.seq++
	fp := r.prints.Of(&row)
	ordinal := r.seen.Add(fp)
	if r.seq <= r.skip {
		return nil
	}
	r.pack.Add(&staging.Row{Seq: r.seq, No: row.No, Ordinal: ordinal, Debit: row.Debit, Credit: row.Credit, Day: row.Day, Time: row.Time, DocNo: row.DocNo, Ref: row.Ref,
		Memo: row.Memo, OtherSide: row.Offset, Fingerprint: fp, Reference: memocode.Find(row.Memo), RuleID: ruleFor(r.rules, row.Memo)})
	if !r.pack.Full() {
		return nil
	}
	return r.stage(ctx)
}

func (r *importRun) stage(ctx context.Context) error {
	if r.pack.Empty() {
		return nil
	}
	err := r.s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return r.s.store.stage(ctx, tx, r.session.ID, &r.pack) })
	r.pack.Reset()
	if err == nil && r.progress != nil {
		err = r.progress(ctx)
	}
	return err
}

// drop takes away what was laid aside of a file that is refused.
func (r *importRun) drop(ctx context.Context) error {
	return r.s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return r.s.store.dropSession(ctx, tx, r.session.ID) })
}

// checkStated compares with the account and with what the bank's paper says.
func (r *importRun) checkStated(t *statement.Totals) {
	refuse := func(f *fault.Error) {
		t.Refused++
		t.Problems = append(t.Problems, statement.Problem{Fault: f})
	}
	if got := t.Account; got != "" {
		if i := strings.LastIndexByte(got, '/'); i >= 0 { // MT940 may put the bank before it
			got = got[i+1:]
		}
		if cleanNumber(got) != r.account.Number {
			refuse(fault.New(fault.Invalid, "fund.import.other_account").With("Found", t.Account).With("Want", r.account.Number))
		}
	}
	if r.in.Rows > 0 && r.in.Rows != t.Rows {
		refuse(fault.New(fault.Invalid, "fund.statement.count").With("Stated", strconv.Itoa(r.in.Rows)).With("Found", t.Rows))
	}
	if r.in.Sum > 0 && r.in.Sum != t.Credit {
		refuse(fault.New(fault.Invalid, "fund.statement.sum").With("Stated", r.in.Sum.String()).With("Found", t.Credit.String()))
	}
}
