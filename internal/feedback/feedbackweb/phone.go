package feedbackweb

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/byphone"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// phoneOffered tells whether a form of a unit offers a message to the telephone when the answer is there.
func (p *Pages) phoneOffered(ctx context.Context, in feedback.Intake) (bool, error) {
	if p.rooms.Phone == nil || in.Kind.Secret() {
		return false, nil
	}
	return p.rooms.Phone.S.Offered(ctx, in.UnitID)
}

// checkPhone finds what is wrong with the number of somebody who ticked the box; a number is needed then, and a mobile one.
func checkPhone(fs *fault.Fields, ticked bool, number string) {
	if ticked {
		fs.Check(byphone.Check(number) == nil, "phone", "byphone.number_bad")
	}
}

// keepPhone keeps the number of a case that was just taken in. What stands against it is no reason to refuse the question:
// the page of the case says that no message will come, and offers it again.
func (p *Pages) keepPhone(ctx context.Context, c feedback.Case, ticked bool, number string) error {
	if !ticked || p.rooms.Phone == nil || c.Kind.Secret() {
		return nil
	}
	err := p.rooms.Phone.S.Wish(ctx, c.Code, number)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// phoneLine is what the page of one's own case says of messages.
func (p *Pages) phoneLine(ctx context.Context, code string, k feedback.Kind, waits bool, unitID string) (l byphoneweb.Line, err error) {
	if p.rooms.Phone == nil || k.Secret() {
		return l, nil
	}
	if l, err = p.rooms.Phone.Line(ctx, code, unitID); !waits {
		l.Offered, l.Over = false, true
	}
	return l, err
}

// gatherPhone adds what became of messages to telephones.
func (p *Pages) gatherPhone(ctx context.Context, actor identity.Actor, v *dossierView) (err error) {
	if p.rooms.Phone == nil || v.Case.Kind.Secret() {
		return nil
	}
	v.Phones, err = p.rooms.Phone.Office(ctx, actor, v.Case.ID)
	return err
}
