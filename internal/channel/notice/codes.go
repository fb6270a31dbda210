package notice

import (
	"context"

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
