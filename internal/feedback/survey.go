package feedback

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// The steps of the question "has it been done?" that goes out four weeks after an answer.
const (
	StepSurvey   Step = "survey"   // the citizen was asked
	StepSurveyed Step = "surveyed" // the citizen said
)

// AnsweredBetween lists the ordinary cases answered in the time whose answer stands, oldest first, for the house itself.
func (s *Service) AnsweredBetween(ctx context.Context, actor identity.Actor, from, to time.Time, limit int) ([]Case, error) {
	if actor.Kind != identity.ActorSystem {
		return nil, errNoCase()
	}
	var rows []caseRow
	err := s.DB.Read().NewSelect().Model(&rows).Where("c.state IN (?)", bun.In([]string{string(StateAnswered), string(StateClosed)})).
		Where("c.answered_at >= ?", from).Where("c.answered_at < ?", to).Where("c.kind NOT IN (?)", bun.In(secretKinds)).
		Order("c.answered_at", "c.id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, err
	}
	return s.store.casesOf(rows)
}

// AskSurvey asks whoever asked the case, by their own door, whether it has been done; once in the life of an answer however
// often it is called. answered is the moment of that answer. It is the house's own act.
func (s *Service) AskSurvey(ctx context.Context, actor identity.Actor, caseID string, answered time.Time) error {
	if actor.Kind != identity.ActorSystem {
		return errNoCase()
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		c, err := s.store.lockCase(ctx, tx, caseID)
		if err != nil || !c.State.Allows(StepSurvey) || c.Kind.Secret() {
			return err
		}
		eventID := pairID(c.ID, "survey "+answered.UTC().Format(time.RFC3339))
		had, err := tx.NewSelect().Model((*eventRow)(nil)).Where("id = ?", eventID).Count(ctx)
		if err != nil || had > 0 {
			return err
		}
		e, err := c.Take(StepSurvey, Act{At: s.Clock.Now()})
		if err != nil {
			return err
		}
		e.ID = eventID
		if err := s.store.updateCase(ctx, tx, c); err != nil {
			return err
		}
		if err := s.store.insertEvent(ctx, tx, e, false); err != nil {
			return err
		}
		return s.tell(ctx, tx, c, e, "")
	})
}

// Surveyed writes into the case's history that the citizen who holds its code said how it stands.
func (s *Service) Surveyed(ctx context.Context, actor identity.Actor, code string) (Case, error) {
	return s.byCitizen(ctx, actor, code, StepSurveyed, Act{}, nil)
}
