package feedback

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// store is the SQL of the package; nobody else names these tables. It seals the words of complaints and denunciations.
type store struct{ sealer Sealer }

type caseRow struct {
	bun.BaseModel `bun:"table:feedback_case,alias:c"`

	ID            string `bun:",pk"`
	Code          string
	SourceKey     string
	Kind          string
	State         string
	Category      string
	Body          string
	Search        string
	Door          string
	AccountID     string
	PersonID      string
	CommentPost   string
	CommentParent string
	Place         string
	PlaceLink     string
	Lat, Lon      float64
	OriginUnitID  string
	HolderUnitID  string
	HolderSince   time.Time
	ClaimedBy     string
	ClaimedByName string
	ReceivedAt    time.Time
	Deadline      clock.Date
	Days          int
	Source        string
	AnsweredAt    time.Time `bun:",nullzero"`
	ClosedAt      time.Time `bun:",nullzero"`
	OverdueAt     time.Time `bun:",nullzero"`
	RemindedAt    time.Time `bun:",nullzero"`
	Reopened      int
	MayPublish    bool
	Published     bool
	HasPerson     bool
	Initials      string
	PhoneTail     string
	Pictures      int
	Rating        int
	Salt          string
	TextHash      string
	Leaf          string
	LogIndex      int64
	LogProof      string
	Version       int
	Sealed        string    // hiddenWords of a secret kind; "": the columns are plain
	PausedAt      time.Time `bun:",nullzero"`
	PausedUntil   clock.Date
	MergedInto    string
}

func rowOf(c Case, sourceKey string) *caseRow {
	r := &caseRow{
		ID: c.ID, Code: c.Code, SourceKey: sourceKey, Kind: string(c.Kind), State: string(c.State), Category: c.Category,
		Body: c.Text, Search: searchText(c), Door: string(c.Door), AccountID: c.Return.AccountID, PersonID: c.Return.PersonID,
		Place: c.Place.Text, PlaceLink: c.Place.Link, Lat: c.Place.Lat, Lon: c.Place.Lon,
		OriginUnitID: c.OriginUnitID, HolderUnitID: c.HolderUnitID, HolderSince: c.HolderSince, ClaimedBy: c.ClaimedBy, ClaimedByName: c.ClaimedByName,
		ReceivedAt: c.ReceivedAt, Deadline: c.Deadline, Days: c.Days, Source: c.Source, AnsweredAt: c.AnsweredAt, ClosedAt: c.ClosedAt,
		OverdueAt: c.OverdueAt, RemindedAt: c.RemindedAt, Reopened: c.Reopened, MayPublish: c.MayPublish, Published: c.Published,
		HasPerson: c.HasPerson, Initials: c.Initials, PhoneTail: c.PhoneTail, Pictures: c.Pictures, Rating: c.Rating,
		Salt: c.Receipt.Salt, TextHash: c.Receipt.TextHash, Leaf: c.Receipt.Leaf, LogIndex: c.Receipt.LogIndex, LogProof: c.Receipt.LogProof,
		Version: c.Version, PausedAt: c.PausedAt, PausedUntil: c.PausedUntil, MergedInto: c.MergedInto,
	}
	r.CommentPost, r.CommentParent = commentColumns(c.Return)
	return r
}

// searchText is what officials find an ordinary case by. A complaint or denunciation is found by its code alone.
func searchText(c Case) string {
	if c.Kind.Secret() {
		return vntext.Fold(c.Code)
	}
	return vntext.Fold(c.Code + " " + c.Text + " " + c.Place.Text)
}

func commentColumns(r Return) (post, parent string) {
	if r.Comment == nil {
		return "", ""
	}
	return r.Comment.PostExternalID, r.Comment.ParentID
}

func returnOf(account, person, post, parent string) Return {
	r := Return{AccountID: account, PersonID: person}
	if post != "" || parent != "" {
		r.Comment = &channel.CommentRef{PostExternalID: post, ParentID: parent}
	}
	return r
}

func (r *caseRow) domain() Case {
	return Case{
		ID: r.ID, Code: r.Code, Kind: Kind(r.Kind), State: State(r.State), Category: r.Category, Text: r.Body, Door: Door(r.Door),
		Return:       returnOf(r.AccountID, r.PersonID, r.CommentPost, r.CommentParent),
		Place:        Place{Text: r.Place, Link: r.PlaceLink, Lat: r.Lat, Lon: r.Lon},
		OriginUnitID: r.OriginUnitID, HolderUnitID: r.HolderUnitID, HolderSince: r.HolderSince.UTC(), ClaimedBy: r.ClaimedBy, ClaimedByName: r.ClaimedByName,
		ReceivedAt: r.ReceivedAt.UTC(), Deadline: r.Deadline, Days: r.Days, Source: r.Source, AnsweredAt: r.AnsweredAt.UTC(), ClosedAt: r.ClosedAt.UTC(),
		OverdueAt: r.OverdueAt.UTC(), RemindedAt: r.RemindedAt.UTC(), Reopened: r.Reopened, MayPublish: r.MayPublish, Published: r.Published,
		HasPerson: r.HasPerson, Initials: r.Initials, PhoneTail: r.PhoneTail, Pictures: r.Pictures, Rating: r.Rating,
		Receipt: Receipt{Salt: r.Salt, TextHash: r.TextHash, Leaf: r.Leaf, LogIndex: r.LogIndex, LogProof: r.LogProof}, Version: r.Version,
		PausedAt: r.PausedAt.UTC(), PausedUntil: r.PausedUntil, MergedInto: r.MergedInto,
	}
}

type personRow struct {
	bun.BaseModel `bun:"table:feedback_person"`
	CaseID        string `bun:",pk"`
	Sealed        string
}

type eventRow struct {
	bun.BaseModel `bun:"table:feedback_event"`
	ID            string `bun:",pk"`
	CaseID        string
	Step          string
	At            time.Time
	ActorID       string
	ActorName     string
	UnitID        string
	ToUnitID      string
	Reason        string
	Public        bool
	Sealed        string // the reason, of a case of a secret kind
}

func (r eventRow) domain() Event {
	return Event{ID: r.ID, CaseID: r.CaseID, Step: Step(r.Step), At: r.At.UTC(), ActorID: r.ActorID, ActorName: r.ActorName,
		UnitID: r.UnitID, ToUnitID: r.ToUnitID, Reason: r.Reason, Public: r.Public}
}

// errNoCase is what every read of a case that is not there, or not the reader's, gives.
func errNoCase() error { return fault.New(fault.NotFound, "feedback.case_not_found") }

// updateCase writes what steps change; the receipt of the log is written by setLogged alone, the words by reseal.
func (store) updateCase(ctx context.Context, q bun.IDB, c Case) error {
	_, err := q.NewUpdate().Model(rowOf(c, "")).WherePK().
		Column("kind", "category", "state", "paused_at", "paused_until", "search", "holder_unit_id", "holder_since", "claimed_by", "claimed_by_name", "deadline", "days", "source",
			"answered_at", "closed_at", "overdue_at", "reminded_at", "reopened", "published", "rating", "version", "merged_into").Exec(ctx)
	return err
}

func (s store) caseBy(ctx context.Context, q bun.IDB, column, value string) (Case, error) {
	var r caseRow
	err := q.NewSelect().Model(&r).Where("? = ?", bun.Ident(column), value).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Case{}, errNoCase()
	}
	if err != nil {
		return Case{}, err
	}
	return s.caseOf(&r)
}

// lockCase reads the case and keeps others from changing it until the transaction ends.
func (s store) lockCase(ctx context.Context, tx db.Tx, caseID string) (Case, error) {
	var r caseRow
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("c.id = ?", caseID)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Case{}, errNoCase()
	}
	if err != nil {
		return Case{}, err
	}
	return s.caseOf(&r)
}

func (s store) insertEvent(ctx context.Context, q bun.IDB, e Event, secret bool) error {
	r, err := s.eventRowOf(e, secret)
	if err != nil {
		return err
	}
	_, err = q.NewInsert().Model(r).Exec(ctx)
	return err
}

func (s store) eventRowOf(e Event, secret bool) (*eventRow, error) {
	plain, sealed, err := s.keep(e.Reason, eventPlace(e.ID), secret)
	return &eventRow{ID: e.ID, CaseID: e.CaseID, Step: string(e.Step), At: e.At, ActorID: e.ActorID,
		ActorName: e.ActorName, UnitID: e.UnitID, ToUnitID: e.ToUnitID, Reason: plain, Public: e.Public, Sealed: sealed}, err
}

func (s store) events(ctx context.Context, q bun.IDB, caseID string) ([]Event, error) {
	var rows []eventRow
	if err := q.NewSelect().Model(&rows).Where("case_id = ?", caseID).Order("at", "id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
		var err error
		if out[i].Reason, err = s.read(r.Reason, r.Sealed, eventPlace(r.ID)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (store) person(ctx context.Context, q bun.IDB, caseID string) (string, error) {
	var r personRow
	err := q.NewSelect().Model(&r).Where("case_id = ?", caseID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return r.Sealed, err
}

// forget takes the person behind a channel account out of their cases: address, name and telephone.
func (store) forget(ctx context.Context, q bun.IDB, accountID, personID string) error {
	if personID == "" {
		return nil
	}
	mine := q.NewSelect().TableExpr("feedback_case AS f").Column("f.id").Where("f.account_id = ?", accountID).Where("f.person_id = ?", personID)
	if _, err := q.NewDelete().Model((*personRow)(nil)).Where("case_id IN (?)", mine).Exec(ctx); err != nil {
		return err
	}
	if _, err := q.NewUpdate().Model((*noticeRow)(nil)).Set("person_id = ''").Where("account_id = ?", accountID).Where("person_id = ?", personID).Exec(ctx); err != nil {
		return err
	}
	_, err := q.NewUpdate().Model((*caseRow)(nil)).Set("person_id = ''").Set("comment_parent = ''").Set("comment_post = ''").
		Set("has_person = ?", false).Set("initials = ''").Set("phone_tail = ''").
		Where("account_id = ?", accountID).Where("person_id = ?", personID).Exec(ctx)
	return err
}

// terms lists the table of deadlines.
func (store) terms(ctx context.Context, q bun.IDB) ([]termRow, error) {
	var rows []termRow
	err := q.NewSelect().Model(&rows).Order("kind", "category", "unit_id", "valid_from").Scan(ctx)
	return rows, err
}

type termRow struct {
	bun.BaseModel `bun:"table:feedback_clock"`
	Kind          string
	Category      string
	UnitID        string
	Days          int
	Source        string
	ValidFrom     clock.Date
	ValidTo       clock.Date
}
