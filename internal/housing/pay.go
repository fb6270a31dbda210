package housing

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Pay records money that was handed to the family, with the people of its minutes. What was paid, by these minutes and by funds,
// never exceeds what was decided.
func (s *Service) Pay(ctx context.Context, actor identity.Actor, caseID string, p Payment) (Payment, error) {
	p.DecisionNo, p.Parties = tidy(p.DecisionNo), p.Parties.Clean()
	_, err := s.step(ctx, actor, ActionPay, caseID, 0, StepPay, Act{Reason: p.Amount.String()}, func(ctx context.Context, tx db.Tx, _ *row, c *Case) error {
		left, err := s.left(ctx, tx, *c)
		if err != nil {
			return err
		}
		if err := p.check(*c, left, s.Today()); err != nil {
			return err
		}
		p.ID, p.CaseID, p.PaidBy, p.PaidName = id.New(), c.ID, actor.ID, actor.Name
		sealed, err := s.seal(paymentPlace(p.ID), p.Parties)
		if err != nil {
			return err
		}
		c.Paid += p.Amount
		return s.store.insertPayment(ctx, tx, p, sealed, s.Clock.Now())
	})
	return p, err
}

// left is what may still be paid.
func (s *Service) left(ctx context.Context, q bun.IDB, c Case) (money.VND, error) {
	parts, err := s.Households.PartsOf(ctx, q, c.Matter())
	left := c.Amount - c.Paid
	for _, p := range parts {
		left -= p.Value
	}
	return max(0, left), err
}

// Reverse takes a payment back, with a reason. It stays visible.
func (s *Service) Reverse(ctx context.Context, actor identity.Actor, caseID, paymentID, why string) error {
	_, err := s.step(ctx, actor, ActionPay, caseID, 0, StepReverse, Act{Reason: why}, func(ctx context.Context, tx db.Tx, _ *row, c *Case) error {
		p, err := s.store.payment(ctx, tx, c.ID, paymentID)
		if err != nil {
			return err
		}
		if !p.ReversedAt.IsZero() {
			return fault.New(fault.Conflict, "housing.reversed_already")
		}
		c.Paid -= p.Amount
		return s.store.reverse(ctx, tx, paymentID, tidy(why), s.Clock.Now())
	})
	return err
}

// BindPayment says that money which a fund paid the family was for this house. It then counts as a part of it, once. Source and
// sourceID name the help in the register.
func (s *Service) BindPayment(ctx context.Context, actor identity.Actor, caseID, source, sourceID string) error {
	_, err := s.step(ctx, actor, ActionPay, caseID, 0, StepBind, Act{}, s.binding(source, sourceID))
	return err
}

func (s *Service) binding(source, sourceID string) func(ctx context.Context, tx db.Tx, _ *row, c *Case) error {
	return func(ctx context.Context, tx db.Tx, _ *row, c *Case) error {
		if source == HelpSource {
			return fault.New(fault.Conflict, "household.help_bound")
		}
		if err := s.Households.Bind(ctx, tx, c.HouseholdID, source, sourceID, c.Matter()); err != nil {
			return err
		}
		parts, err := s.Households.PartsOf(ctx, tx, c.Matter())
		if err != nil {
			return err
		}
		return s.notTooMuch(*c, parts)
	}
}

// Payable is the house of a household for which money may be given now, and how much is still missing. A zero Case: there is
// none. It is asked by the room that pays, which has checked its actor.
func (s *Service) Payable(ctx context.Context, householdID string) (Case, money.VND, error) {
	r, err := s.store.openOf(ctx, s.DB.Read(), householdID)
	if fault.Is(err, fault.NotFound) {
		return Case{}, 0, nil
	}
	if err != nil {
		return Case{}, 0, err
	}
	c := r.domain()
	if c.State != Approved && c.State != UnderWay {
		return Case{}, 0, nil
	}
	left, err := s.left(ctx, s.DB.Read(), c)
	if err != nil || left == 0 {
		return Case{}, 0, err
	}
	return c, left, nil
}

// BindWithin is BindPayment inside the transaction in which the fund pays: who may pay from the fund says what for. The help must
// be written down already.
func (s *Service) BindWithin(ctx context.Context, tx db.Tx, actor identity.Actor, caseID, source, sourceID string) error {
	r, err := s.store.lock(ctx, tx, caseID)
	if err != nil {
		return err
	}
	_, err = s.stepIn(ctx, tx, actor, r, StepBind, Act{}, s.binding(source, sourceID))
	return err
}

// notTooMuch refuses parts that, with what was handed over here, exceed what was decided.
func (s *Service) notTooMuch(c Case, parts []household.Help) error {
	sum := c.Paid
	for _, p := range parts {
		sum += p.Value
	}
	if sum > c.Amount {
		return fault.New(fault.Conflict, "housing.bound_too_much").With("Paid", sum.String()).With("Amount", c.Amount.String())
	}
	return nil
}

// UnbindPayment undoes BindPayment.
func (s *Service) UnbindPayment(ctx context.Context, actor identity.Actor, caseID, source, sourceID string) error {
	_, err := s.step(ctx, actor, ActionPay, caseID, 0, StepUnbind, Act{}, func(ctx context.Context, tx db.Tx, _ *row, c *Case) error {
		return s.Households.Unbind(ctx, tx, c.HouseholdID, source, sourceID, c.Matter())
	})
	return err
}

// checkPhotos refuses photos without consent, and too many.
func checkPhotos(bad *fault.Fields, list []NewPhoto) {
	if len(list) > MaxPhotos {
		bad.Add(fault.Field("photo", "housing.photos_many").With("Limit", MaxPhotos))
	}
	for _, p := range list {
		if tidy(p.Consent) == "" {
			bad.Add(fault.Field("consent", "housing.consent_missing"))
			return
		}
		long(bad, "consent", p.Consent, MaxShort)
	}
}

func (s *Service) keepPhotos(ctx context.Context, tx db.Tx, actor identity.Actor, caseID string, list []NewPhoto) error {
	for _, p := range list {
		if err := s.store.insertPhoto(ctx, tx, Photo{ID: p.PictureID, CaseID: caseID, Moment: p.Moment, Consent: tidy(p.Consent), At: s.Clock.Now(), ByName: actor.Name}, actor.ID); err != nil {
			return err
		}
	}
	return nil
}

// AddPhotos keeps photos of a house with the family's consent.
func (s *Service) AddPhotos(ctx context.Context, actor identity.Actor, caseID string, list []NewPhoto) error {
	var bad fault.Fields
	checkPhotos(&bad, list)
	bad.Check(len(list) > 0, "photo", "housing.photo_missing")
	for _, p := range list {
		bad.Check(p.Moment == Before || p.Moment == After, "moment", "housing.moment_missing")
	}
	_, err := s.step(ctx, actor, ActionRecord, caseID, 0, StepPhoto, Act{}, func(ctx context.Context, tx db.Tx, _ *row, c *Case) error {
		if err := bad.OrNil(); err != nil {
			return err
		}
		have, err := s.store.photos(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		if len(have)+len(list) > MaxPhotos {
			return fault.Field("photo", "housing.photos_many").With("Limit", MaxPhotos)
		}
		return s.keepPhotos(ctx, tx, actor, c.ID, list)
	})
	return err
}

// DropPhoto removes a photo, because the family no longer consents or it shows the wrong thing. The picture itself goes with the
// next sweep.
func (s *Service) DropPhoto(ctx context.Context, actor identity.Actor, caseID, photoID string) error {
	_, err := s.step(ctx, actor, ActionRecord, caseID, 0, StepUnphoto, Act{}, func(ctx context.Context, tx db.Tx, _ *row, c *Case) error {
		return s.store.dropPhoto(ctx, tx, c.ID, photoID)
	})
	return err
}

// Photo gives a photo as JPEG to somebody who may read the house.
func (s *Service) Photo(ctx context.Context, actor identity.Actor, caseID, photoID string) ([]byte, error) {
	c, err := s.Get(ctx, actor, caseID)
	if err != nil {
		return nil, err
	}
	list, err := s.store.photos(ctx, s.DB.Read(), c.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.ID == photoID {
			return s.Pictures.JPEG(ctx, p.ID)
		}
	}
	return nil, errNoCase()
}

// UsedPictures implements picture.Owner.
func (s *Service) UsedPictures(ctx context.Context, ids []string) ([]string, error) {
	return s.store.usedPhotos(ctx, s.DB.Read(), ids)
}
