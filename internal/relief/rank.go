package relief

import (
	"slices"
	"time"
)

// Fit is one need that an offer could meet, with how well and why. Grounds are catalogue keys below "relief.fit." with their
// arguments; pages turn them into sentences.
type Fit struct {
	Need    Need
	Score   int // 0 to 100
	Qty     int64
	Grounds []Ground
}

// Ground is one reason for or against a fit.
type Ground struct {
	Key  string // "relief.fit.<Key>"
	Args []any
	Good bool
}

// OfferSide is what ranking knows of an offer.
type OfferSide struct {
	Left      int64 // not yet set aside
	UnitID    string
	Transport Transport
}

// far is the distance beyond which nearness counts nothing, in kilometres.
const far = 150.0

// Rank orders the needs that an offer of the same item could meet, the best first, and says why. A hundred points: urgency
// 35, quantity 25, nearness 25, freshness 15. What cannot use anything is left out.
func Rank(o OfferSide, needs []Need, now time.Time, distance func(unitA, unitB string) (float64, bool)) []Fit {
	var out []Fit
	for _, n := range needs {
		qty := min(n.Missing(), o.Left)
		if qty <= 0 {
			continue
		}
		f := Fit{Need: n, Qty: qty}
		add := func(points int, good bool, key string, args ...any) {
			f.Score += points
			f.Grounds = append(f.Grounds, Ground{Key: key, Args: args, Good: good})
		}
		switch n.Urgency {
		case UrgentNow:
			add(35, true, "urgent_now")
		case UrgentSoon:
			add(22, true, "urgent_soon")
		default:
			add(8, true, "urgent_calm")
		}
		switch {
		case o.Left >= n.Missing():
			add(25, true, "covers_all", "Qty", n.Missing(), "Measure", n.Item.Measure)
		default:
			add(int(25*float64(o.Left)/float64(n.Missing())), true, "covers_part", "Qty", qty, "Missing", n.Missing(), "Measure", n.Item.Measure)
		}
		f.near(o, distance, add)
		if n.Stale(now) {
			add(0, false, "stale", "Days", int(now.Sub(n.ConfirmedAt).Hours()/24))
		} else {
			add(15, true, "fresh")
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b Fit) int { return b.Score - a.Score })
	return out
}

// near adds what the way and the transport say.
func (f *Fit) near(o OfferSide, distance func(unitA, unitB string) (float64, bool), add func(int, bool, string, ...any)) {
	if f.Need.UnitID == o.UnitID {
		add(25, true, "same_place")
		return
	}
	km, known := 0.0, false
	if distance != nil {
		km, known = distance(o.UnitID, f.Need.UnitID)
	}
	points := 5
	if known {
		points = int(20 * max(0, 1-km/far))
		add(points, km < far/2, "km", "Km", int(km+0.5))
	} else {
		add(points, true, "other_place")
	}
	if o.Transport == TransportOwn {
		add(5, true, "own_transport")
	} else {
		add(0, false, "wants_transport")
	}
}
