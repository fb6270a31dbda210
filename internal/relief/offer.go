package relief

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Transport says who drives.
type Transport string

// The ways of transport. Found stands only in a match: a vehicle was wanted, and somebody drives.
const (
	TransportOwn    Transport = "own"
	TransportWanted Transport = "wanted"
	TransportFound  Transport = "found"
)

// OfferState is what became of an offer.
type OfferState string

// The states of an offer. It is matched while any of it is set aside or has arrived, and done when all of it has.
const (
	OfferNew      OfferState = "new"
	OfferMatched  OfferState = "matched"
	OfferDone     OfferState = "done"
	OfferRejected OfferState = "rejected"
)

// OfferStates lists them in order.
var OfferStates = [...]OfferState{OfferNew, OfferMatched, OfferDone, OfferRejected}

// Offer is goods that somebody would give.
type Offer struct {
	bun.BaseModel `bun:"table:relief_offer,alias:o"`

	ID        string `bun:",pk"`
	Code      string // the giver follows the offer by it
	ItemID    string
	Qty       int64
	Reserved  int64  // set aside for needs, arrived ones included
	UnitID    string // commune where the goods are
	Place     string
	Transport Transport
	Until     clock.Date // last day it stands; "" open
	GroupName string     // shown name of a group; "" unnamed
	Note      string
	Sealed    string
	State     OfferState
	Reason    string
	CreatedAt time.Time
	DecidedBy string

	Item Item `bun:"-"`
}

// Left is what is not set aside yet.
func (o Offer) Left() int64 { return o.Qty - o.Reserved }

// OfferForm is an offer as somebody fills it in.
type OfferForm struct {
	ItemID    string
	Qty       int64
	UnitID    string
	Place     string
	Transport Transport
	Until     clock.Date
	GroupName string
	ShowName  bool // the group agrees to be named
	Note      string
	Contact   Contact
	Consent   bool // the house may keep the contact to arrange the giving
}

var phoneShape = regexp.MustCompile(`^(\+84|0)\d{8,10}$`)

func validPhone(s string) bool {
	return phoneShape.MatchString(strings.NewReplacer(" ", "", ".", "", "-", "").Replace(s))
}

func (f *OfferForm) check(today clock.Date) error {
	var bad fault.Fields
	f.Place, f.GroupName, f.Note = tidy(f.Place), tidy(f.GroupName), tidy(f.Note)
	f.Contact = Contact{Name: tidy(f.Contact.Name), Phone: tidy(f.Contact.Phone)}
	bad.Check(f.ItemID != "", "item", "relief.line.no_item")
	bad.Check(f.Qty > 0 && f.Qty <= maxQty, "qty", "relief.line.bad_qty")
	bad.Check(f.UnitID != "", "unit", "relief.offer.no_unit")
	bad.Check(f.Transport == TransportOwn || f.Transport == TransportWanted, "transport", "relief.offer.no_transport")
	bad.Check(f.Until == "" || f.Until.Valid() && f.Until >= today, "until", "relief.offer.bad_until")
	bad.Check(f.Contact.Name != "" && vntext.Length(f.Contact.Name) <= maxName, "name", "relief.offer.no_name")
	bad.Check(validPhone(f.Contact.Phone), "phone", "relief.bad_phone")
	bad.Check(f.Consent, "consent", "relief.offer.no_consent")
	bad.Check(vntext.Length(f.Place) <= maxName, "place", "relief.too_long")
	bad.Check(vntext.Length(f.GroupName) <= maxName, "group", "relief.too_long")
	bad.Check(vntext.Length(f.Note) <= maxNote, "note", "relief.too_long")
	return bad.OrNil()
}

// SendOffer takes an offer from anybody. Name and telephone are sealed; the code comes back to follow it by.
func (s *Service) SendOffer(ctx context.Context, a identity.Actor, f OfferForm) (Offer, error) {
	if err := f.check(s.Today()); err != nil {
		return Offer{}, err
	}
	u, err := s.Forest().Unit(f.UnitID, s.Today())
	if err != nil || u.Kind != orgunit.KindFront {
		return Offer{}, fault.Field("unit", "relief.offer.no_unit").Because(err)
	}
	o := Offer{ID: id.New(), Code: id.NewCode(), ItemID: f.ItemID, Qty: f.Qty, UnitID: u.ID, Place: f.Place, Transport: f.Transport, Until: f.Until, Note: f.Note,
		State: OfferNew, CreatedAt: s.Clock.Now()}
	if f.ShowName {
		o.GroupName = f.GroupName
	}
	if o.Sealed, err = s.seal(f.Contact, offerPlace(o.ID)); err != nil {
		return o, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		item, err := s.store.item(ctx, tx, f.ItemID)
		if err != nil || !item.Active {
			return fault.Field("item", "relief.line.no_item").Because(err)
		}
		o.Item = item
		if err := s.store.insert(ctx, tx, &o); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, o.UnitID, "relief.offer_sent", "Offer", o.ID)
	})
	return o, err
}

// OfferByCode follows an offer: the code is the key, and no contact comes back.
func (s *Service) OfferByCode(ctx context.Context, code string) (Offer, []Match, error) {
	code, ok := id.ParseCode(code)
	if !ok {
		return Offer{}, nil, fault.Field("ma", "relief.box.bad_code")
	}
	o, err := s.store.offer(ctx, s.DB.Read(), "code", code)
	if err != nil {
		return o, nil, err
	}
	o.Sealed = ""
	list, err := s.store.matches(ctx, s.DB.Read(), "offer_id", o.ID)
	for i := range list {
		list[i].Carrier = ""
	}
	return o, list, err
}

// OfferQuery narrows the list of offers.
type OfferQuery struct {
	Text      string // item or name of group, without marks
	State     OfferState
	Page, Per int
}

// Offers lists the offers for those who match. Offers belong to no unit: whoever has needs may look at all of them, without
// their contacts.
func (s *Service) Offers(ctx context.Context, a identity.Actor, q OfferQuery) ([]Offer, int, error) {
	if _, err := s.roots(a, ActionMatch); err != nil {
		return nil, 0, err
	}
	return s.store.offers(ctx, s.DB.Read(), q, s.Today())
}

// Offer gives one offer, without its contact.
func (s *Service) Offer(ctx context.Context, a identity.Actor, offerID string) (Offer, []Match, error) {
	if _, err := s.roots(a, ActionMatch); err != nil {
		return Offer{}, nil, err
	}
	o, err := s.store.offer(ctx, s.DB.Read(), "id", offerID)
	if err != nil {
		return o, nil, err
	}
	o.Sealed = ""
	list, err := s.store.matches(ctx, s.DB.Read(), "offer_id", o.ID)
	return o, list, err
}

// Fits ranks the needs of the actor's units that the offer could meet, the best first, with the grounds.
func (s *Service) Fits(ctx context.Context, a identity.Actor, o Offer) ([]Fit, error) {
	roots, err := s.roots(a, ActionMatch)
	if err != nil {
		return nil, err
	}
	all, err := s.store.openNeeds(ctx, s.DB.Read(), o.ItemID)
	if err != nil {
		return nil, err
	}
	var mine []Need
	f, on := s.Forest(), s.Today()
	for _, n := range all {
		if slices.ContainsFunc(roots, func(r string) bool { return f.Under(n.UnitID, r, on) }) {
			mine = append(mine, n)
		}
	}
	return Rank(OfferSide{Left: o.Left(), UnitID: o.UnitID, Transport: o.Transport}, mine, s.Clock.Now(), s.Distance), nil
}

// Contact opens name and telephone of a giver. Each opening is written down.
func (s *Service) Contact(ctx context.Context, a identity.Actor, offerID string) (Contact, error) {
	roots, err := s.roots(a, ActionContact)
	if err != nil {
		return Contact{}, err
	}
	var c Contact
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		o, err := s.store.offer(ctx, tx, "id", offerID)
		if err != nil {
			return err
		}
		// Only who has set some of it aside, or works where the goods are, needs to call.
		if !s.Authz.Can(a, ActionContact, identity.InUnit(o.UnitID)) {
			list, err := s.store.matches(ctx, tx, "offer_id", o.ID)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(list, func(m Match) bool {
				return m.State.holds() && s.Authz.Can(a, ActionContact, identity.InUnit(m.Need.UnitID))
			}) {
				return fault.New(fault.Forbidden, "relief.offer.match_first")
			}
		}
		if c, err = s.unseal(o.Sealed, offerPlace(o.ID)); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, roots[0], "relief.contact_opened", "Offer", o.ID)
	})
	return c, err
}

// RejectOffer says no, with a reason that the giver reads. It is the say of those who answer for where the goods are.
func (s *Service) RejectOffer(ctx context.Context, a identity.Actor, offerID, reason string) error {
	if _, err := s.roots(a, ActionMatch); err != nil {
		return err
	}
	reason = tidy(reason)
	if reason == "" || vntext.Length(reason) > maxNote {
		return fault.Field("reason", "relief.offer.no_reason")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		o, err := s.store.offer(ctx, tx, "id", offerID)
		if err != nil {
			return err
		}
		if err := s.Authz.Check(a, ActionMatch, identity.InUnit(o.UnitID)); err != nil {
			return err
		}
		if o.State != OfferNew || o.Reserved > 0 {
			return conflict("relief.offer.taken")
		}
		o.State, o.Reason, o.DecidedBy = OfferRejected, reason, a.ID
		if err := s.store.saveOffer(ctx, tx, o); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, o.UnitID, "relief.offer_rejected", "Offer", o.ID)
	})
}

func (st store) offer(ctx context.Context, q bun.IDB, by, value string) (Offer, error) {
	var o Offer
	sel := q.NewSelect().Model(&o).Where("o.? = ?", bun.Ident(by), value)
	if tx, ok := q.(db.Tx); ok {
		sel = tx.ForUpdate(sel)
	}
	if err := one(ctx, sel, &o, "relief.offer.not_found"); err != nil {
		return o, err
	}
	var err error
	o.Item, err = st.item(ctx, q, o.ItemID)
	return o, err
}

func (st store) saveOffer(ctx context.Context, q bun.IDB, o Offer) error {
	return st.update(ctx, q, &o, "reserved", "state", "reason", "decided_by")
}

func (st store) offers(ctx context.Context, q bun.IDB, f OfferQuery, on clock.Date) ([]Offer, int, error) {
	var list []Offer
	sel := q.NewSelect().Model(&list).ExcludeColumn("sealed").Join("JOIN relief_item AS i ON i.id = o.item_id")
	if f.State != "" {
		sel = sel.Where("o.state = ?", f.State)
	} else {
		sel = sel.Where("o.state IN (?)", bun.In([]OfferState{OfferNew, OfferMatched})).Where("o.until = '' OR o.until >= ?", on)
	}
	if f.Text != "" {
		sel = sel.Where("i.folded LIKE ?", like(f.Text))
	}
	n, err := page(sel.OrderExpr("CASE o.state WHEN 'new' THEN 0 ELSE 1 END").Order("o.created_at", "o.id"), f.Page, f.Per).ScanAndCount(ctx)
	if err != nil {
		return nil, 0, err
	}
	items, err := st.itemsByID(ctx, q, nil)
	for i := range list {
		list[i].Item = items[list[i].ItemID]
	}
	return list, int(n), err
}
