package notice

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Codes sends the codes that prove a telephone number; it implements identity.PhoneSender.
type Codes struct {
	Notices *Service
	UnitID  string // in whose name
	Unit    string // and how that is written
}

var _ identity.PhoneSender = Codes{}

// SendCode implements identity.PhoneSender.
func (c Codes) SendCode(ctx context.Context, tx db.Tx, phone, code string) error {
	_, err := c.Notices.Notify(ctx, tx, Notice{UnitID: c.UnitID, Phone: phone, Purpose: ConfirmPhone, Key: "phone.code:" + id.New(),
		Params: map[string]string{"code": code, "unit": c.Unit}, NotAfter: c.Notices.Clock.Now().Add(identity.PhoneCodeLife)})
	return err
}

// Price is what one notice by telephone for a purpose costs in the name of a unit, in đồng; can is false when no account
// serves it now.
func (s *Service) Price(ctx context.Context, unitID string, p Purpose) (price int64, can bool, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, t, err := s.choose(ctx, tx, Notice{UnitID: unitID, Purpose: p})
		price, can = t.Price, err == nil
		if fault.Is(err, fault.Conflict) {
			return nil
		}
		return err
	})
	return price, can, err
}
