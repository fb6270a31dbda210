// Package phrase keeps saved texts for answers: what a desk writes again and again, once and well. A unit uses its own texts
// and those of the units above it; an official fits the text to the case before anybody approves it.
package phrase

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "phrase", FS: migrationFS}

// Text is one saved text.
type Text struct {
	ID        string
	UnitID    string // the unit that keeps it
	Title     string
	Body      string
	ChangedAt time.Time
	ChangedBy string // name of the official
}

// The lengths of a text, in characters.
const (
	MaxTitle = 100
	MaxBody  = 5000
)

// Service is the use cases of saved texts. Who takes questions in for a unit keeps its texts.
type Service struct{ Cases *feedback.Service }

// Of lists the texts that a unit uses: its own first, then those of the units above. The actor must have a desk somewhere.
func (s *Service) Of(ctx context.Context, actor identity.Actor, unitID string) ([]Text, error) {
	if !s.Cases.Authz.CanSomewhere(actor, feedback.ActionTake) {
		return nil, s.Cases.Authz.Check(actor, feedback.ActionTake, identity.InUnit(unitID))
	}
	return read(ctx, s.Cases.DB.Read(), append([]string{unitID}, s.Cases.Forest().AncestorIDs(unitID, s.Cases.Today())...), unitID)
}

// Kept lists the texts of the units whose desk the actor has.
func (s *Service) Kept(ctx context.Context, actor identity.Actor) ([]Text, error) {
	units := s.Cases.Authz.Scope(actor, feedback.ActionTake)
	if len(units) == 0 {
		return nil, s.Cases.Authz.Check(actor, feedback.ActionTake, identity.InUnit(""))
	}
	return read(ctx, s.Cases.DB.Read(), units, "")
}

// Save adds a text (ID "") or changes one.
func (s *Service) Save(ctx context.Context, actor identity.Actor, t Text) (Text, error) {
	t.Title = strings.Join(strings.Fields(vntext.NFC(t.Title)), " ")
	t.Body = strings.TrimSpace(vntext.NFC(strings.ReplaceAll(t.Body, "\r\n", "\n")))
	var fs fault.Fields
	fs.Check(t.Title != "", "title", "phrase.title_required")
	fs.Check(vntext.Length(t.Title) <= MaxTitle, "title", "phrase.too_long")
	fs.Check(t.Body != "", "body", "phrase.body_required")
	fs.Check(vntext.Length(t.Body) <= MaxBody, "body", "phrase.too_long")
	if err := fs.OrNil(); err != nil {
		return Text{}, err
	}
	t.ChangedAt, t.ChangedBy = s.Cases.Clock.Now(), actor.Name
	return t, s.Cases.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if t.ID == "" {
			t.ID = id.New()
		} else {
			before, err := find(ctx, tx, t.ID)
			if err != nil {
				return err
			}
			t.UnitID = before.UnitID
		}
		if err := s.Cases.Authz.Check(actor, feedback.ActionTake, identity.InUnit(t.UnitID)); err != nil {
			return err
		}
		r := row{ID: t.ID, UnitID: t.UnitID, Title: t.Title, Body: t.Body, ChangedAt: t.ChangedAt, ChangedBy: t.ChangedBy}
		_, err := tx.NewInsert().Model(&r).On("CONFLICT (id) DO UPDATE").Set("title = EXCLUDED.title").Set("body = EXCLUDED.body").
			Set("changed_at = EXCLUDED.changed_at").Set("changed_by = EXCLUDED.changed_by").Exec(ctx)
		return err
	})
}

// Drop takes a text away; answers that were written with it stay.
func (s *Service) Drop(ctx context.Context, actor identity.Actor, textID string) error {
	return s.Cases.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		t, err := find(ctx, tx, textID)
		if err != nil {
			return err
		}
		if err := s.Cases.Authz.Check(actor, feedback.ActionTake, identity.InUnit(t.UnitID)); err != nil {
			return err
		}
		_, err = tx.NewDelete().Model((*row)(nil)).Where("id = ?", textID).Exec(ctx)
		return err
	})
}

type row struct {
	bun.BaseModel `bun:"table:phrase_text"`
	ID            string `bun:",pk"`
	UnitID        string
	Title         string
	Body          string
	ChangedAt     time.Time
	ChangedBy     string
}

func (r row) domain() Text {
	return Text{ID: r.ID, UnitID: r.UnitID, Title: r.Title, Body: r.Body, ChangedAt: r.ChangedAt.UTC(), ChangedBy: r.ChangedBy}
}

func read(ctx context.Context, q bun.IDB, units []string, first string) ([]Text, error) {
	var rows []row
	err := q.NewSelect().Model(&rows).Where("unit_id IN (?)", bun.In(units)).OrderExpr("CASE WHEN unit_id = ? THEN 0 ELSE 1 END", first).Order("title", "id").Limit(500).Scan(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Text, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}

func find(ctx context.Context, q bun.IDB, textID string) (Text, error) {
	var r row
	err := q.NewSelect().Model(&r).Where("id = ?", textID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Text{}, fault.New(fault.NotFound, "phrase.not_found")
	}
	return r.domain(), err
}
