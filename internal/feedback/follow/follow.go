// Package follow lets a person stand behind a question that somebody else asked already: one case, many followers. A follower
// from the portal has a code of their own, at which they read how the case stands and, later, its masked answer; a follower
// who had sent their own message or letter is a merged case, told by the door it came in by. Each follower is one voice of
// support, and none learns anything about another.
package follow

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "follow", FS: migrationFS}

// Cases is what this package asks the cases; feedback.Service implements it.
type Cases interface {
	Look(ctx context.Context, actor identity.Actor, caseID string) (feedback.Case, error)
	LeadOf(ctx context.Context, actor identity.Actor, caseID string) (feedback.Lead, error)
	MergedUnder(ctx context.Context, actor identity.Actor, caseID string) ([]feedback.Case, error)
}

// Offers tells what anybody may see of a case; similar.Service implements it.
type Offers interface {
	Offered(ctx context.Context, caseID string) (similar.Offer, bool, error)
}

// Deps is what the service stands on.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Cases  Cases
	Offers Offers
}

// Service keeps the followers.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{d} }

var house = identity.System("follow")

type followerRow struct {
	bun.BaseModel `bun:"table:follow_follower,alias:f"`
	ID            string `bun:",pk"`
	CaseID        string
	Code          string
	SourceKey     string
	At            time.Time
	EndedAt       time.Time `bun:",nullzero"`
}

// Follower is one person who follows a case by a code of their own.
type Follower struct {
	ID     string
	CaseID string
	Code   string
	At     time.Time
	Ended  bool
}

func (r followerRow) domain() Follower {
	return Follower{ID: r.ID, CaseID: r.CaseID, Code: r.Code, At: r.At.UTC(), Ended: !r.EndedAt.IsZero()}
}

// Follow makes whoever asks a follower of a case that is offered to everybody; sourceKey names the form: the same one is
// taken in once. It is public.
func (s *Service) Follow(ctx context.Context, caseID, sourceKey string) (Follower, error) {
	o, ok, err := s.Offers.Offered(ctx, caseID)
	if err != nil {
		return Follower{}, err
	}
	if !ok || o.State != similar.StateOpen {
		return Follower{}, fault.New(fault.NotFound, "feedback.follow_gone")
	}
	for range 3 { // a second round only when the new code happens to exist
		r := followerRow{ID: id.New(), CaseID: caseID, Code: id.NewCode(), SourceKey: sourceKey, At: s.Clock.Now()}
		err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.NewInsert().Model(&r).Exec(ctx)
			return err
		})
		if !db.IsUnique(err) {
			return r.domain(), err
		}
		var had followerRow
		err := s.DB.Read().NewSelect().Model(&had).Where("f.source_key = ?", sourceKey).Scan(ctx)
		if err == nil {
			return had.domain(), nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return Follower{}, err
		}
	}
	return Follower{}, err
}

// View is a followed case as its follower sees it.
type View struct {
	Follower Follower
	Summary  string // the public words for the case; "" when it is no longer offered
	Lead     feedback.Lead
}

// ByCode gives the followed case of a code; a NotFound fault when the code is nobody's, or the case became a complaint or
// denunciation. It is public: who has the code may look.
func (s *Service) ByCode(ctx context.Context, code string) (View, error) {
	written, ok := id.ParseCode(code)
	if !ok {
		return View{}, fault.New(fault.NotFound, "feedback.case_not_found")
	}
	var r followerRow
	err := s.DB.Read().NewSelect().Model(&r).Where("f.code = ?", written).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return View{}, fault.New(fault.NotFound, "feedback.case_not_found")
	}
	if err != nil {
		return View{}, err
	}
	v := View{Follower: r.domain()}
	if v.Lead, err = s.Cases.LeadOf(ctx, house, r.CaseID); err != nil {
		return View{}, err
	}
	o, _, err := s.Offers.Offered(ctx, r.CaseID)
	v.Summary = o.Summary
	return v, err
}

// End stops following; the code then still leads to the case, and counts no more. It is public: who has the code may.
func (s *Service) End(ctx context.Context, code string) error {
	v, err := s.ByCode(ctx, code)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*followerRow)(nil)).Set("ended_at = ?", s.Clock.Now()).Where("id = ?", v.Follower.ID).Where("ended_at IS NULL").Exec(ctx)
		return err
	})
}

// Support is how many stand behind a case beside the one who asked first.
type Support struct {
	Followers int             // by a code of their own
	Merged    []feedback.Case // who had sent their own words
}

// Total counts all of them.
func (s Support) Total() int { return s.Followers + len(s.Merged) }

// SupportOf counts who stands behind a case, those of the cases merged into it included, for an official who may read it.
func (s *Service) SupportOf(ctx context.Context, actor identity.Actor, caseID string) (Support, error) {
	merged, err := s.Cases.MergedUnder(ctx, actor, caseID)
	if err != nil {
		return Support{}, err
	}
	ids := []string{caseID}
	for _, c := range merged {
		ids = append(ids, c.ID)
	}
	n, err := s.DB.Read().NewSelect().Model((*followerRow)(nil)).Where("f.case_id IN (?)", bun.In(ids)).Where("f.ended_at IS NULL").Count(ctx)
	return Support{Followers: int(n), Merged: merged}, err
}

// Count gives for each case how many stand behind it. Of a case that is not offered to everybody it says nothing. It is
// public.
func (s *Service) Count(ctx context.Context, caseIDs []string) (map[string]int, error) {
	out := map[string]int{}
	for _, caseID := range caseIDs {
		if _, ok, err := s.Offers.Offered(ctx, caseID); err != nil || !ok {
			if err != nil {
				return nil, err
			}
			continue
		}
		sup, err := s.SupportOf(ctx, house, caseID)
		if err != nil {
			return nil, err
		}
		out[caseID] = sup.Total()
	}
	return out, nil
}
