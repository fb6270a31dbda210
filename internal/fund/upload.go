package fund

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/fund/vietqr"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// MaxUpload bounds a statement that is uploaded, in bytes.
const MaxUpload = 1 << 30

// UploadState is how far a file has come that a person brought.
type UploadState string

// The states of an upload.
const (
	UploadMapping  UploadState = "mapping"  // a person must tell its columns apart
	UploadWaiting  UploadState = "waiting"  // soon to be checked
	UploadChecking UploadState = "checking" // its rows are read and laid aside
	UploadReady    UploadState = "ready"    // everything is proved; a person must say yes
	UploadPosting  UploadState = "posting"  // it enters the books
	UploadPosted   UploadState = "posted"
	UploadKnown    UploadState = "known"   // this very file is in the books already
	UploadRefused  UploadState = "refused" // nothing was taken
	UploadDropped  UploadState = "dropped" // a person said no
)

// Upload is a statement that a person brought, on its way into the books.
type Upload struct {
	ID        string
	AppealID  string
	Account   string // id of the bank account
	Layout    statement.Layout
	Mapping   *statement.Mapping // for statement.Mapped
	File      string             // its name
	Size      int64
	Rows      int       // that the bank states; 0
	Sum       money.VND // of money in that the bank states; 0
	State     UploadState
	Done      int64 // of Total: bytes read while it is checked, rows while it enters the books
	Total     int64
	Result    UploadResult
	ByName    string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Percent is how much of the present stage is done, 0 to 100.
func (u Upload) Percent() int {
	if u.Total <= 0 {
		return 0
	}
	return int(min(100, u.Done*100/u.Total))
}

// Moving tells whether the house is at work on it.
func (u Upload) Moving() bool {
	return u.State == UploadWaiting || u.State == UploadChecking || u.State == UploadPosting
}

// UploadResult is what was found in a file and what became of it.
type UploadResult struct {
	Hash       string
	Totals     statement.Totals
	RowsRead   int
	Posted     int
	Known      int
	Queued     int
	QueuedRows []QueuedRow
	Problem    *statement.Problem // the file as a whole could not be read; the rows that are wrong stand in Totals
}

// NewUpload is a file that a person brings.
type NewUpload struct {
	Appeal  string // code
	Account string // id of the bank account
	Layout  statement.Layout
	File    string
	Size    int64
	Rows    int
	Sum     money.VND
}

type checkArgs struct {
	UploadID string `json:"upload"`
}

// Kind implements jobs.Args.
func (checkArgs) Kind() string { return "fund.check_statement" }

type postArgs struct {
	UploadID string `json:"upload"`
}

// Kind implements jobs.Args.
func (postArgs) Kind() string { return "fund.post_statement" }

type resumeArgs struct{}

// Kind implements jobs.Args.
func (resumeArgs) Kind() string { return "fund.resume_statements" }

const (
	importLimit  = 4 * time.Hour // of one job: a statement of 20 million rows
	resumeEvery  = 30 * time.Second
	staleAfter   = time.Minute // no step of an import takes so long: whoever did it is gone
	saveProgress = time.Second
)

// Work tells the queue what the books do in the background.
func (s *Service) Work(q *jobs.Queue) {
	jobs.HandleLong(q, importLimit, func(ctx context.Context, j *jobs.Job[checkArgs]) error { return s.checkUpload(ctx, j.Args.UploadID) })
	jobs.HandleLong(q, importLimit, func(ctx context.Context, j *jobs.Job[postArgs]) error { return s.postUpload(ctx, j.Args.UploadID) })
	jobs.Handle(q, func(ctx context.Context, _ *jobs.Job[resumeArgs]) error { return s.resume(ctx) })
	q.Every(resumeEvery, func() jobs.Args { return resumeArgs{} })
	s.workChecks(q)
}

// Upload keeps a file and begins to check it; nothing enters the books before Confirm. A table that is none of the known
// layouts waits for its mapping first, unless one is remembered for the account.
func (s *Service) Upload(ctx context.Context, actor identity.Actor, in NewUpload, file io.Reader) (Upload, error) {
	a, err := s.MayUpload(ctx, actor, in.Appeal)
	if err != nil {
		return Upload{}, err
	}
	acct, err := accountOf(a, in.Layout, in.Account)
	if err != nil {
		return Upload{}, err
	}
	if in.Size <= 0 || in.Size > MaxUpload {
		return Upload{}, fault.Field("file", "fund.upload.size").With("Limit", MaxUpload>>20)
	}
	now := s.Clock.Now()
	u := Upload{ID: id.New(), AppealID: a.ID, Account: acct.ID, Layout: in.Layout, File: clipText(in.File), Size: in.Size, Rows: in.Rows, Sum: in.Sum, State: UploadWaiting,
		ByName: actor.Name, CreatedAt: now, UpdatedAt: now}
	if in.Layout == statement.Mapped {
		u.State = UploadMapping
		if u.Mapping, err = s.store.mapping(ctx, s.DB.Read(), acct.ID); err != nil {
			return Upload{}, err
		}
	}
	if err := s.Blobs.Put(ctx, blobKey(u.ID), file, in.Size, "application/octet-stream"); err != nil {
		return Upload{}, err
	}
	return u, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.insertUpload(ctx, tx, u, actor.ID); err != nil {
			return err
		}
		if err := s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: ActionImport, ResourceType: "Appeal", ResourceID: a.ID,
			Details: map[string]string{"upload": u.ID, "file": u.File}}); err != nil {
			return err
		}
		if u.State == UploadMapping {
			return nil
		}
		return s.Jobs.Enqueue(ctx, tx, checkArgs{u.ID}, nil)
	})
}

// MayUpload finds an appeal and tells whether the actor may take statements in: asked before a large body is read.
func (s *Service) MayUpload(ctx context.Context, actor identity.Actor, code string) (Appeal, error) {
	a, err := s.store.appealByCode(ctx, s.DB.Read(), code)
	if err != nil {
		return Appeal{}, err
	}
	return a, s.may(actor, ActionImport, a)
}

func blobKey(uploadID string) string { return "statement/" + uploadID }

// accountOf is the account of the appeal that was chosen; it must be one of the bank whose layout the file has.
func accountOf(a Appeal, l statement.Layout, accountID string) (BankAccount, error) {
	for _, acct := range a.Accounts {
		if acct.ID != accountID {
			continue
		}
		if bin := vietqr.BINOf(l); bin != "" && bin != acct.Bank.BIN {
			return BankAccount{}, fault.Field("layout", "fund.upload.other_bank").With("Bank", acct.Bank.Name)
		}
		return acct, nil
	}
	return BankAccount{}, fault.Field("account", "fund.import.no_account").With("Appeal", a.Code)
}

// UploadByID finds an upload that the actor may see.
func (s *Service) UploadByID(ctx context.Context, actor identity.Actor, uploadID string) (Upload, Appeal, error) {
	u, err := s.store.upload(ctx, s.DB.Read(), uploadID)
	if err != nil {
		return Upload{}, Appeal{}, err
	}
	a, err := s.AppealByID(ctx, s.DB.Read(), u.AppealID)
	if err != nil {
		return Upload{}, Appeal{}, err
	}
	return u, a, s.may(actor, ActionRead, a)
}

// Uploads lists the files of an appeal, newest first, at most 200.
func (s *Service) Uploads(ctx context.Context, actor identity.Actor, code string) ([]Upload, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return nil, err
	}
	return s.store.uploads(ctx, s.DB.Read(), a.ID)
}

// Preview shows the first rows of an uploaded table.
func (s *Service) Preview(ctx context.Context, actor identity.Actor, uploadID string) ([]statement.PreviewRow, error) {
	u, _, err := s.UploadByID(ctx, actor, uploadID)
	if err != nil {
		return nil, err
	}
	f, err := s.openUpload(ctx, u)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return statement.Preview(f, u.Size, previewRows)
}

const previewRows = 15

// SetMapping tells the columns of an uploaded table apart, remembers them for the account, and begins to check it.
func (s *Service) SetMapping(ctx context.Context, actor identity.Actor, uploadID string, m statement.Mapping) error {
	u, a, err := s.UploadByID(ctx, actor, uploadID)
	if err != nil {
		return err
	}
	if err := s.may(actor, ActionImport, a); err != nil {
		return err
	}
	if err := m.Check(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		u, err = s.store.lockUpload(ctx, tx, uploadID)
		if err != nil {
			return err
		}
		if u.Layout != statement.Mapped || u.State != UploadMapping && u.State != UploadRefused {
			return fault.New(fault.Conflict, "fund.upload.late")
		}
		u.Mapping, u.State, u.Result = &m, UploadWaiting, UploadResult{}
		if err := s.store.saveMapping(ctx, tx, u.Account, m, actor.Name, s.Clock.Now()); err != nil {
			return err
		}
		if err := s.store.saveUpload(ctx, tx, u, s.Clock.Now()); err != nil {
			return err
		}
		return s.Jobs.Enqueue(ctx, tx, checkArgs{u.ID}, nil)
	})
}

// Confirm says yes to a file whose control totals were shown: it enters the books.
func (s *Service) Confirm(ctx context.Context, actor identity.Actor, uploadID string) error {
	return s.decide(ctx, actor, uploadID, func(ctx context.Context, tx db.Tx, u Upload) error {
		u.State, u.Done, u.Total = UploadPosting, 0, int64(u.Result.Totals.Rows)
		if err := s.store.saveUpload(ctx, tx, u, s.Clock.Now()); err != nil {
			return err
		}
		return s.Jobs.Enqueue(ctx, tx, postArgs{u.ID}, nil)
	})
}

// Discard says no: nothing of the file is kept. Another upload of the same file is not touched.
func (s *Service) Discard(ctx context.Context, actor identity.Actor, uploadID string) error {
	err := s.decide(ctx, actor, uploadID, func(ctx context.Context, tx db.Tx, u Upload) error {
		u.State = UploadDropped
		if err := s.store.saveUpload(ctx, tx, u, s.Clock.Now()); err != nil {
			return err
		}
		return s.store.dropAbandoned(ctx, tx, u)
	})
	if err != nil {
		return err
	}
	return s.Blobs.Delete(ctx, blobKey(uploadID))
}

func (s *Service) decide(ctx context.Context, actor identity.Actor, uploadID string, do func(context.Context, db.Tx, Upload) error) error {
	_, a, err := s.UploadByID(ctx, actor, uploadID)
	if err != nil {
		return err
	}
	if err := s.may(actor, ActionImport, a); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		u, err := s.store.lockUpload(ctx, tx, uploadID)
		if err != nil {
			return err
		}
		if u.State != UploadReady {
			return fault.New(fault.Conflict, "fund.upload.late")
		}
		if err := do(ctx, tx, u); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: ActionImport, ResourceType: "Appeal", ResourceID: a.ID,
			Details: map[string]string{"upload": u.ID, "hash": u.Result.Hash}})
	})
}

// openUpload gives the file as something that can be read at any place: as it is kept, or from a copy.
func (s *Service) openUpload(ctx context.Context, u Upload) (*os.File, error) {
	r, _, err := s.Blobs.Get(ctx, blobKey(u.ID))
	if err != nil {
		return nil, err
	}
	if f, ok := r.(*os.File); ok {
		return f, nil
	}
	defer r.Close()
	tmp, err := os.CreateTemp("", "statement-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(tmp.Name()); err != nil { // it is gone when it is closed
		return nil, errors.Join(err, tmp.Close())
	}
	if _, err := io.Copy(tmp, r); err != nil {
		return nil, errors.Join(fmt.Errorf("fund: the statement cannot be fetched: %w", err), tmp.Close())
	}
	return tmp, nil
}

// counted tells how much of a file has been read.
type counted struct {
	io.ReaderAt
	n atomic.Int64
}

// ReadAt implements io.ReaderAt.
func (c *counted) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(b, off)
	c.n.Add(int64(n))
	return n, err
}

// runOf prepares the import of an upload. The file is read twice: once for its hash, once for its rows.
func (s *Service) runOf(ctx context.Context, u Upload, f io.ReaderAt) (*importRun, error) {
	a, err := s.AppealByID(ctx, s.DB.Read(), u.AppealID)
	if err != nil {
		return nil, err
	}
	number := ""
	for _, acct := range a.Accounts {
		if acct.ID == u.Account {
			number = acct.Number
		}
	}
	by := identity.System("import")
	by.Name = u.ByName
	return s.newRun(ctx, by, ImportRequest{Appeal: a.Code, Layout: u.Layout, Mapping: u.Mapping, Account: number, Name: u.File, File: f, Size: u.Size, Rows: u.Rows, Sum: u.Sum})
}

// checkUpload reads a file and proves it. It may be cut off anywhere and begun again.
func (s *Service) checkUpload(ctx context.Context, uploadID string) error {
	u, err := s.store.upload(ctx, s.DB.Read(), uploadID)
	if err != nil || u.State != UploadWaiting && u.State != UploadChecking {
		return err
	}
	kept, err := s.openUpload(ctx, u)
	if err != nil {
		return err
	}
	defer kept.Close()
	u.State, u.Done, u.Total = UploadChecking, 0, 2*u.Size
	if err := s.keep(ctx, u); err != nil {
		return err
	}
	file := &counted{ReaderAt: kept}
	saved := time.Time{}
	progress := func(ctx context.Context) error {
		if now := s.Clock.Now(); now.Sub(saved) > saveProgress {
			u.Done, saved = min(file.n.Load(), u.Total-1), now
			return s.keep(ctx, u)
		}
		return nil
	}
	run, err := s.runOf(ctx, u, file)
	if err != nil {
		return s.refuseUpload(ctx, u, err)
	}
	run.progress = progress
	totals, res, err := run.check(ctx)
	if err != nil {
		return s.refuseUpload(ctx, u, err)
	}
	u.Result = UploadResult{Hash: run.hash, Totals: totals, RowsRead: totals.Rows}
	u.Done = u.Total
	switch res.State {
	case "":
		u.State = UploadReady
	case ImportRefused:
		u.State, u.Result.RowsRead = UploadRefused, res.RowsRead
	default: // it was posted before, or at the same time by somebody else
		u.State, u.Result.Known, u.Result.RowsRead = UploadKnown, res.RowsRead, res.RowsRead
	}
	return s.keep(ctx, u)
}

// refuseUpload ends an upload by what was wrong; what is no fault of the file is tried again.
func (s *Service) refuseUpload(ctx context.Context, u Upload, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		return err
	}
	u.State, u.Result = UploadRefused, UploadResult{Problem: &statement.Problem{Fault: f}}
	return s.keep(ctx, u)
}

// postUpload brings a confirmed file into the books.
func (s *Service) postUpload(ctx context.Context, uploadID string) error {
	u, err := s.store.upload(ctx, s.DB.Read(), uploadID)
	if err != nil || u.State != UploadPosting {
		return err
	}
	kept, err := s.openUpload(ctx, u)
	if err != nil {
		return err
	}
	defer kept.Close()
	run, err := s.runOf(ctx, u, kept)
	if err != nil {
		return s.refuseUpload(ctx, u, err)
	}
	if err := run.begin(ctx); err != nil {
		return err
	}
	if run.skip < u.Result.Totals.Rows && run.session.State == string(importStaging) { // somebody threw the rows away meanwhile
		u.State = UploadWaiting
		if err := s.keep(ctx, u); err != nil {
			return err
		}
		return s.checkUpload(ctx, uploadID)
	}
	u.Total = int64(u.Result.Totals.Rows)
	saved := time.Time{}
	run.progress = func(ctx context.Context) error {
		now := s.Clock.Now()
		if now.Sub(saved) <= saveProgress {
			return nil
		}
		saved = now
		from, err := staging.First(ctx, s.DB.Read(), run.session.ID)
		if err != nil {
			return err
		}
		u.Done = u.Total
		if from > 0 {
			u.Done = int64(from - 1)
		}
		return s.keep(ctx, u)
	}
	res, err := run.post(ctx, u.Result.Totals)
	if err != nil {
		return s.refuseUpload(ctx, u, err)
	}
	u.State, u.Done, u.Total = UploadPosted, int64(res.RowsRead), int64(res.RowsRead)
	if res.State == ImportKnown {
		u.State = UploadKnown
	}
	u.Result.RowsRead, u.Result.Posted, u.Result.Known, u.Result.Queued, u.Result.QueuedRows = res.RowsRead, res.Posted, res.Known, res.Queued, res.QueuedRows
	return s.keep(ctx, u)
}

func (s *Service) keep(ctx context.Context, u Upload) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.saveUpload(ctx, tx, u, s.Clock.Now()) })
}

// resume takes up what stands still because whoever did it was killed.
func (s *Service) resume(ctx context.Context) error {
	list, err := s.store.stalled(ctx, s.DB.Read(), s.Clock.Now().Add(-staleAfter))
	if err != nil {
		return err
	}
	for _, u := range list {
		err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			if err := s.store.saveUpload(ctx, tx, u, s.Clock.Now()); err != nil { // nobody else takes it up now
				return err
			}
			var args jobs.Args = checkArgs{u.ID}
			if u.State == UploadPosting {
				args = postArgs{u.ID}
			}
			return s.Jobs.Enqueue(ctx, tx, args, nil)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// text is a result as it is stored.
func (r UploadResult) text() string {
	b, _ := json.Marshal(r) // numbers and strings
	return string(b)
}

func parseResult(text string) (r UploadResult, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &r)
	}
	return r, err
}
