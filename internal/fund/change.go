package fund

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Change is what was decided about an appeal.
type Change string

// The changes of an appeal.
const (
	AppealOpened   Change = "opened"
	AppealExtended Change = "extended"      // Day is the new last day
	AppealEnded    Change = "closed"        // Day is the new last day
	RunningAgreed  Change = "running_costs" // donors agreed
	PeriodClosed   Change = "period"        // nothing more is entered up to Day
)

// Changed is one decision about an appeal, for its history.
type Changed struct {
	What   Change
	Day    clock.Date // the day that it set; ""
	Basis  string     // document or reason
	ByName string
	At     time.Time
}

// ExtendAppeal sets a later last day. The basis is the decision that does so.
func (s *Service) ExtendAppeal(ctx context.Context, actor identity.Actor, code string, closes clock.Date, basis string) error {
	return s.change(ctx, actor, code, ActionOpen, Changed{What: AppealExtended, Day: closes, Basis: basis}, func(ctx context.Context, tx db.Tx, a *Appeal) error {
		if !closes.Valid() || closes <= a.Closes || closes < s.today() {
			return fault.Field("closes", "fund.appeal.extend").With("Closes", a.Closes.Vietnamese())
		}
		a.Closes = closes
		if a.FundKind == FundRelief {
			a.SpendsUntil = closes.AddDays(GiveOutDays)
		}
		return nil
	})
}

// EndAppeal ends an appeal before its last day: what the bank books after today is queued and not taken.
func (s *Service) EndAppeal(ctx context.Context, actor identity.Actor, code, basis string) error {
	today := s.today()
	return s.change(ctx, actor, code, ActionOpen, Changed{What: AppealEnded, Day: today, Basis: basis}, func(ctx context.Context, tx db.Tx, a *Appeal) error {
		if a.Closes <= today || today < a.Opens {
			return fault.New(fault.Conflict, "fund.appeal.not_open").With("Opens", a.Opens.Vietnamese()).With("Closes", a.Closes.Vietnamese())
		}
		a.Closes = today
		if a.FundKind == FundRelief {
			a.SpendsUntil = today.AddDays(GiveOutDays)
		}
		return nil
	})
}

// AgreeRunningCosts records how donors agreed that running costs are paid from gifts (Decree 93/2021/NĐ-CP, article 12(3)).
func (s *Service) AgreeRunningCosts(ctx context.Context, actor identity.Actor, code, basis string) error {
	return s.change(ctx, actor, code, ActionOpen, Changed{What: RunningAgreed, Basis: basis}, func(_ context.Context, _ db.Tx, a *Appeal) error {
		a.RunningBasis = strings.TrimSpace(basis)
		return nil
	})
}

// Changes lists what was decided about an appeal, newest first.
func (s *Service) Changes(ctx context.Context, actor identity.Actor, code string) ([]Changed, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return nil, err
	}
	return s.store.changes(ctx, s.DB.Read(), a.ID)
}

// change is the frame of a decision about an appeal: right, reason, lock, history, trace, event.
func (s *Service) change(ctx context.Context, actor identity.Actor, code, action string, c Changed, do func(context.Context, db.Tx, *Appeal) error) error {
	a, err := s.store.appealByCode(ctx, s.DB.Read(), code)
	if err != nil {
		return err
	}
	if err := s.may(actor, action, a); err != nil {
		return err
	}
	if c.Basis = strings.TrimSpace(c.Basis); c.Basis == "" || utf8.RuneCountInString(c.Basis) > maxText {
		return fault.Field("basis", "fund.appeal.basis")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.lockAppeal(ctx, tx, a.ID); err != nil {
			return err
		}
		now, _, err := s.store.books(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if err := do(ctx, tx, &now); err != nil {
			return err
		}
		if err := s.store.saveAppeal(ctx, tx, now); err != nil {
			return err
		}
		return s.decided(ctx, tx, actor, now, c)
	})
}

// decided writes a decision about an appeal into its history and the audit log, and tells whoever listens.
func (s *Service) decided(ctx context.Context, tx db.Tx, actor identity.Actor, a Appeal, c Changed) error {
	row := &changeRow{ID: id.New(), AppealID: a.ID, What: string(c.What), Day: c.Day, Basis: c.Basis, ByID: actor.ID, ByName: actor.Name, At: s.Clock.Now()}
	if err := s.store.insertChange(ctx, tx, row); err != nil {
		return err
	}
	action := ActionOpen
	if c.What == PeriodClosed {
		action = ActionBook
	}
	if err := s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: action, ResourceType: "Appeal", ResourceID: a.ID,
		Details: map[string]string{"code": a.Code, "what": string(c.What), "day": string(c.Day), "opens": string(a.Opens), "closes": string(a.Closes)}}); err != nil {
		return err
	}
	return s.changed(ctx, tx, a.ID, c.What)
}
