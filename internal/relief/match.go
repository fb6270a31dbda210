package relief

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// MatchState is what became of a part of an offer that was set aside for a need.
type MatchState string

// The life of a match: reserved until it runs out, agreed with the giver, arrived; or released with a reason, or expired.
const (
	MatchReserved MatchState = "reserved"
	MatchAgreed   MatchState = "agreed"
	MatchArrived  MatchState = "arrived"
	MatchReleased MatchState = "released"
	MatchExpired  MatchState = "expired"
)

// holds tells whether goods are set aside or have arrived.
func (m MatchState) holds() bool { return m == MatchReserved || m == MatchAgreed || m == MatchArrived }

// Pending tells whether something is still to be done.
func (m MatchState) Pending() bool { return m == MatchReserved || m == MatchAgreed }

// Match is a part of an offer meant for one need.
type Match struct {
	bun.BaseModel `bun:"table:relief_match,alias:ma"`

	ID        string `bun:",pk"`
	OfferID   string
	NeedID    string
	Qty       int64
	State     MatchState
	Transport Transport
	Carrier   string // who drives, as agreed: "Xe của Huyện đoàn cũ"; no telephone
	Reason    string
	ExpiresAt time.Time
	CreatedAt time.Time
	CreatedBy string
	ClosedAt  time.Time `bun:",nullzero"`

	Need  Need  `bun:"-"`
	Offer Offer `bun:"-"`
}

// HoldHours is how long a reservation stands before it is agreed with the giver.
const HoldHours = 24

// Reserve sets a part of an offer aside for a need of the actor's units, for HoldHours. Two who reach for the same goods get
// what is left, never more than was offered.
func (s *Service) Reserve(ctx context.Context, a identity.Actor, offerID, needID string, qty int64) (Match, error) {
	if _, err := s.roots(a, ActionMatch); err != nil {
		return Match{}, err
	}
	var m Match
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		o, err := s.store.offer(ctx, tx, "id", offerID)
		if err != nil {
			return err
		}
		n, err := s.store.need(ctx, tx, needID)
		if err != nil {
			return err
		}
		if err := s.Authz.Check(a, ActionMatch, identity.InUnit(n.UnitID)); err != nil {
			return err
		}
		switch {
		case o.State == OfferRejected || o.State == OfferDone:
			return conflict("relief.offer.taken")
		case o.Until != "" && o.Until < s.Today():
			return conflict("relief.offer.over")
		case !n.State.Open():
			return conflict("relief.need.finished")
		case o.ItemID != n.ItemID:
			return fault.Field("need", "relief.match.other_item")
		case qty <= 0:
			return fault.Field("qty", "relief.line.bad_qty")
		case qty > o.Left():
			return fault.Field("qty", "relief.match.more_than_left").With("Qty", o.Left()).With("Measure", n.Item.Measure)
		case qty > n.Missing():
			return fault.Field("qty", "relief.match.more_than_missing").With("Qty", n.Missing()).With("Measure", n.Item.Measure)
		}
		now := s.Clock.Now()
		m = Match{ID: id.New(), OfferID: o.ID, NeedID: n.ID, Qty: qty, State: MatchReserved, Transport: o.Transport, ExpiresAt: now.Add(HoldHours * time.Hour),
			CreatedAt: now, CreatedBy: a.ID}
		o.Reserved += qty
		o.State, o.DecidedBy = OfferMatched, a.ID
		if err := s.store.saveOffer(ctx, tx, o); err != nil {
			return err
		}
		if err := s.bump(ctx, tx, n.ID, qty, 0); err != nil {
			return err
		}
		if err := s.store.insert(ctx, tx, &m); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, n.UnitID, "relief.match_reserved", "Match", m.ID, "offer", o.ID, "need", n.ID)
	})
	return m, err
}

// MatchForm is what is done to a match.
type MatchForm struct {
	To      MatchState // MatchAgreed, MatchArrived or MatchReleased
	Carrier string     // who drives, when a vehicle was wanted
	Reason  string     // why it is released
	Qty     int64      // what arrived; 0 is all of it
}

// Step carries a match on: agreed with the giver, arrived, or released with a reason.
func (s *Service) Step(ctx context.Context, a identity.Actor, matchID string, f MatchForm) error {
	if _, err := s.roots(a, ActionMatch); err != nil {
		return err
	}
	f.Carrier, f.Reason = tidy(f.Carrier), tidy(f.Reason)
	if vntext.Length(f.Carrier) > maxName || vntext.Length(f.Reason) > maxNote {
		return fault.Field("reason", "relief.too_long")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		m, err := s.store.match(ctx, tx, matchID)
		if err != nil {
			return err
		}
		if _, err := s.store.offer(ctx, tx, "id", m.OfferID); err != nil { // locked before the need, as everywhere
			return err
		}
		n, err := s.store.need(ctx, tx, m.NeedID)
		if err != nil {
			return err
		}
		if err := s.Authz.Check(a, ActionMatch, identity.InUnit(n.UnitID)); err != nil {
			return err
		}
		if !m.State.Pending() {
			return conflict("relief.match.over")
		}
		switch f.To {
		case MatchAgreed:
			if m.Transport == TransportWanted {
				if f.Carrier == "" {
					return fault.Field("carrier", "relief.match.no_carrier")
				}
				m.Transport, m.Carrier = TransportFound, f.Carrier
			}
			m.State = MatchAgreed
			err = s.store.saveMatch(ctx, tx, m)
		case MatchArrived:
			err = s.arrive(ctx, tx, &m, f.Qty)
		case MatchReleased:
			if f.Reason == "" {
				return fault.Field("reason", "relief.offer.no_reason")
			}
			err = s.endMatch(ctx, tx, &m, MatchReleased, f.Reason)
		default:
			return fault.Field("to", "relief.scan.no_act")
		}
		if err != nil {
			return err
		}
		return s.trace(ctx, tx, a, n.UnitID, "relief.match_"+string(f.To), "Match", m.ID)
	})
}

// arrive counts what came; what did not come is free again.
func (s *Service) arrive(ctx context.Context, tx db.Tx, m *Match, qty int64) error {
	if qty == 0 {
		qty = m.Qty
	}
	if qty < 0 || qty > m.Qty {
		return fault.Field("qty", "relief.match.more_than_reserved").With("Qty", m.Qty)
	}
	o, err := s.store.offer(ctx, tx, "id", m.OfferID)
	if err != nil {
		return err
	}
	o.Reserved -= m.Qty - qty
	if err := s.bump(ctx, tx, m.NeedID, -m.Qty, qty); err != nil {
		return err
	}
	m.Qty, m.State, m.ClosedAt = qty, MatchArrived, s.Clock.Now()
	if err := s.store.saveMatch(ctx, tx, *m); err != nil {
		return err
	}
	pending, err := s.store.pendingOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	if o.Left() == 0 && pending == 0 {
		o.State = OfferDone
	}
	return s.store.saveOffer(ctx, tx, o)
}

// endMatch frees what was set aside.
func (s *Service) endMatch(ctx context.Context, tx db.Tx, m *Match, to MatchState, reason string) error {
	o, err := s.store.offer(ctx, tx, "id", m.OfferID)
	if err != nil {
		return err
	}
	if o.Reserved -= m.Qty; o.Reserved == 0 {
		o.State = OfferNew
	}
	if err := s.store.saveOffer(ctx, tx, o); err != nil {
		return err
	}
	if err := s.bump(ctx, tx, m.NeedID, -m.Qty, 0); err != nil {
		return err
	}
	m.State, m.Reason, m.ClosedAt = to, reason, s.Clock.Now()
	return s.store.saveMatch(ctx, tx, *m)
}

// MatchesOf lists what was set aside for a need.
func (s *Service) MatchesOf(ctx context.Context, a identity.Actor, needID string) ([]Match, error) {
	n, err := s.Need(ctx, a, needID)
	if err != nil {
		return nil, err
	}
	return s.store.matches(ctx, s.DB.Read(), "need_id", n.ID)
}

// Ride is goods that wait for a vehicle, as the public page shows it: no names.
type Ride struct {
	Item     Item
	Qty      int64
	From, To string // names of communes
	Since    time.Time
}

// Rides lists what waits for a vehicle.
func (s *Service) Rides(ctx context.Context) ([]Ride, error) {
	var list []Match
	q := s.DB.Read()
	if err := q.NewSelect().Model(&list).Where("ma.transport = ?", TransportWanted).Where("ma.state IN (?)", bun.In([]MatchState{MatchReserved, MatchAgreed})).
		Order("ma.created_at").Limit(50).Scan(ctx); err != nil {
		return nil, err
	}
	if err := s.store.fillMatches(ctx, q, list); err != nil {
		return nil, err
	}
	out := make([]Ride, len(list))
	for i, m := range list {
		out[i] = Ride{Item: m.Need.Item, Qty: m.Qty, From: s.UnitName(m.Offer.UnitID), To: s.UnitName(m.Need.UnitID), Since: m.CreatedAt}
	}
	return out, nil
}

func (store) match(ctx context.Context, tx db.Tx, id string) (Match, error) {
	var m Match
	return m, one(ctx, tx.ForUpdate(tx.NewSelect().Model(&m).Where("ma.id = ?", id)), &m, "relief.match.not_found")
}

func (st store) saveMatch(ctx context.Context, q bun.IDB, m Match) error {
	return st.update(ctx, q, &m, "qty", "state", "transport", "carrier", "reason", "closed_at")
}

func (store) pendingOf(ctx context.Context, q bun.IDB, offerID string) (int, error) {
	n, err := q.NewSelect().Model((*Match)(nil)).Where("ma.offer_id = ?", offerID).Where("ma.state IN (?)", bun.In([]MatchState{MatchReserved, MatchAgreed})).Count(ctx)
	return int(n), err
}

func (store) expiredMatches(ctx context.Context, q bun.IDB, now time.Time) ([]string, error) {
	var ids []string
	return ids, q.NewSelect().Model((*Match)(nil)).Column("id").Where("ma.state = ?", MatchReserved).Where("ma.expires_at <= ?", now).Order("ma.id").Limit(500).Scan(ctx, &ids)
}

// matches reads the matches of an offer or a need, with both sides filled in.
func (st store) matches(ctx context.Context, q bun.IDB, by, value string) ([]Match, error) {
	var list []Match
	if err := q.NewSelect().Model(&list).Where("ma.? = ?", bun.Ident(by), value).Order("ma.created_at", "ma.id").Scan(ctx); err != nil {
		return nil, err
	}
	return list, st.fillMatches(ctx, q, list)
}

func (st store) fillMatches(ctx context.Context, q bun.IDB, list []Match) error {
	if len(list) == 0 {
		return nil
	}
	var needIDs, offerIDs []string
	for _, m := range list {
		needIDs, offerIDs = append(needIDs, m.NeedID), append(offerIDs, m.OfferID)
	}
	var needs []Need
	if err := q.NewSelect().Model(&needs).Where("n.id IN (?)", bun.In(needIDs)).Scan(ctx); err != nil {
		return err
	}
	if err := st.withItems(ctx, q, needs); err != nil {
		return err
	}
	var offers []Offer
	if err := q.NewSelect().Model(&offers).ExcludeColumn("sealed").Where("o.id IN (?)", bun.In(offerIDs)).Scan(ctx); err != nil {
		return err
	}
	for i := range list {
		for _, n := range needs {
			if n.ID == list[i].NeedID {
				list[i].Need = n
			}
		}
		for _, o := range offers {
			if o.ID == list[i].OfferID {
				list[i].Offer = o
			}
		}
	}
	return nil
}
