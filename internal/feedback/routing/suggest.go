package routing

import (
	"context"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// PlaceBy says how the commune of a case was found.
type PlaceBy string

// The ways, the surest first.
const (
	ByPoint  PlaceBy = "point"  // the point on the map lies there
	ByWords  PlaceBy = "words"  // the words name it
	ByFormer PlaceBy = "former" // the words name a former unit that lives on there
	ByOrigin PlaceBy = "origin" // the unit that took the case in
)

// Suggestion is who should answer, and why.
type Suggestion struct {
	Category string // decided, or guessed from the words
	Guessed  bool
	Words    []string // that spoke for a guessed category

	PlaceID string  // the commune
	PlaceBy PlaceBy // how it was found
	Named   string  // the name that the words gave, of ByWords and ByFormer

	UnitID string // who should answer, when it is a unit of the house
	Body   *Body  // when it is a body outside
	Rule   Rule   // by which rule; zero when no rule speaks of the category
}

// Suggest says who should answer for a case: the category decided or guessed, the commune of the point, of the words or of
// the unit that took it in, and the rule of the table that holds today. ok is false when there is nothing to say. The actor
// must be able to read the case; complaints and denunciations are routed by their receiver alone, without suggestion.
func (s *Service) Suggest(ctx context.Context, actor identity.Actor, c feedback.Case) (out Suggestion, ok bool, err error) {
	if c.Kind.Secret() || !s.Cases.Can(actor, feedback.ActionRead, c) {
		return Suggestion{}, false, nil
	}
	cats, rules, err := s.read(ctx)
	if err != nil {
		return Suggestion{}, false, err
	}
	out.Category = c.Category
	if out.Category == "" {
		out.Category, out.Words = Guess(cats, c.Text)
		out.Guessed = true
	}
	place := s.place(c, &out)
	rule, found := s.bestRule(rules, out.Category, place.ID)
	if !found {
		return out, out.Category != "", nil
	}
	out.Rule = rule
	switch rule.ToKind {
	case ToUnit:
		out.UnitID = rule.ToValue
	case ToOutside:
		b, err := s.store.body(ctx, s.db().Read(), rule.ToValue)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return out, false, err
		}
		if err == nil && b.Active {
			out.Body = &b
		}
	case ToAgency:
		out.UnitID = s.agency(place, rule.ToValue)
	}
	return out, true, nil
}

// Guess finds the category whose words speak loudest in the text; "" when none does. Longer words count more.
func Guess(cats []Category, text string) (code string, words []string) {
	folded := " " + strings.Join(vntext.Tokens(text), " ") + " "
	best := 0
	for _, c := range cats {
		if !c.Active || c.Words == "" {
			continue
		}
		score := 0
		var found []string
		for w := range strings.SplitSeq(c.Words, ", ") {
			if strings.Contains(folded, " "+w+" ") {
				score += 1 + 2*strings.Count(w, " ")
				found = append(found, w)
			}
		}
		if score > best {
			best, code, words = score, c.Code, found
		}
	}
	return code, words
}

// place finds the commune of a case. A former commune's name leads to the one that carries it on; when several do, the unit
// that took the case in decides among them.
func (s *Service) place(c feedback.Case, out *Suggestion) orgunit.Unit {
	forest, today := s.Cases.Forest(), s.today()
	if c.Place.HasPoint() {
		if code := s.Places.Commune(c.Place.Lat, c.Place.Lon); code != "" {
			if u, err := forest.ByCode(orgunit.LevelCommune, code, today); err == nil {
				out.PlaceID, out.PlaceBy = u.ID, ByPoint
				return u
			}
		}
	}
	origin := s.commune(c.OriginUnitID)
	for _, text := range []string{c.Place.Text, c.Text} {
		if u, named, former := s.named(text, origin); u.ID != "" {
			out.PlaceID, out.Named, out.PlaceBy = u.ID, named, ByWords
			if former {
				out.PlaceBy = ByFormer
			}
			return u
		}
	}
	if origin.ID != "" {
		out.PlaceID, out.PlaceBy = origin.ID, ByOrigin
	}
	return origin
}

// commune is the unit itself or the first one above it that is a commune of the Front.
func (s *Service) commune(unitID string) orgunit.Unit {
	u := s.Cases.Unit(unitID)
	for range 8 {
		if u.Level == orgunit.LevelCommune && u.Kind == orgunit.KindFront {
			return u
		}
		if u.ParentID == "" {
			return orgunit.Unit{}
		}
		u = s.Cases.Unit(u.ParentID)
	}
	return orgunit.Unit{}
}

// named finds a commune that the words name with its type: "xã Nghi Kim", "phường Trường Vinh".
func (s *Service) named(text string, origin orgunit.Unit) (u orgunit.Unit, name string, former bool) {
	forest, today := s.Cases.Forest(), s.today()
	words := strings.Fields(vntext.NFC(vntext.Truncate(text, 2000)))
	for i, w := range words {
		typ := strings.Trim(vntext.Fold(w), ".,;:()")
		if typ != "xa" && typ != "phuong" && typ != "p" && typ != "x" {
			continue
		}
		for n := min(3, len(words)-i-1); n >= 1; n-- {
			query := strings.Trim(strings.Join(words[i:i+n+1], " "), ".,;:()")
			hits := forest.SearchUnder(query, s.Root, today, 3)
			if len(hits) == 0 || !sameName(hits[0].Matched, query) {
				continue
			}
			now := slices.DeleteFunc(slices.Clone(hits[0].Now), func(x orgunit.Unit) bool { return x.Level != orgunit.LevelCommune || x.Kind != orgunit.KindFront })
			if len(now) == 0 {
				continue
			}
			for _, x := range now {
				if x.ID == origin.ID {
					return x, hits[0].Matched, hits[0].Former
				}
			}
			if len(now) == 1 {
				return now[0], hits[0].Matched, hits[0].Former
			}
		}
	}
	return orgunit.Unit{}, "", false
}

// sameName tells whether the query is the whole name with its type, so that a common word is not taken for a place.
func sameName(matched, query string) bool {
	q := strings.Join(vntext.Tokens(query), " ")
	q = strings.TrimPrefix(strings.TrimPrefix(q, "p "), "x ")
	m := strings.Join(vntext.Tokens(matched), " ")
	return m == q || strings.TrimPrefix(strings.TrimPrefix(m, "phuong "), "xa ") == q
}

// bestRule picks the rule of the category that holds today for the narrowest place around the commune.
func (s *Service) bestRule(rules []Rule, category, placeID string) (Rule, bool) {
	today := s.today()
	around := append([]string{placeID}, s.Cases.Forest().AncestorIDs(placeID, today)...)
	best, at := Rule{}, len(around)+1
	for _, r := range rules {
		if r.Category != category || !r.Holds(today) {
			continue
		}
		rank := len(around)
		if r.PlaceID != "" {
			if rank = slices.Index(around, r.PlaceID); rank < 0 {
				continue
			}
		}
		if rank < at {
			best, at = r, rank
		}
	}
	return best, best.ID != ""
}

// agency finds the agency of a name beside the commune, or beside the unit of that level above it; "" when there is none.
func (s *Service) agency(place orgunit.Unit, value string) string {
	level, name, _ := strings.Cut(value, "/")
	forest, today := s.Cases.Forest(), s.today()
	hosts := append([]orgunit.Unit{place}, forest.Ancestors(place.ID, today)...)
	for _, h := range hosts {
		if string(h.Level) != level || h.Kind != orgunit.KindFront {
			continue
		}
		for _, kid := range forest.Children(h.ID, today) {
			if kid.Kind == orgunit.KindAgency && strings.HasSuffix(kid.Code, "-"+name) {
				return kid.ID
			}
		}
	}
	return ""
}

// AgencyNames lists the agencies that rules can name, as "commune/ubnd", with the name of one of them as an example.
func (s *Service) AgencyNames() map[string]string {
	out := map[string]string{}
	forest, today := s.Cases.Forest(), s.today()
	hosts := []string{s.Root}
	if communes := forest.AtLevel(orgunit.LevelCommune, orgunit.KindFront, s.Root, today); len(communes) > 0 {
		hosts = append(hosts, communes[0].ID)
	}
	for _, h := range hosts {
		u := s.Cases.Unit(h)
		for _, kid := range forest.Children(h, today) {
			if name, ok := strings.CutPrefix(kid.Code, u.Code+"-"); ok && kid.Kind == orgunit.KindAgency {
				out[string(u.Level)+"/"+name] = kid.FullName
			}
		}
	}
	return out
}

// Bulk is the outcome of routing many cases at once.
type Bulk struct {
	Done    int
	Refused []string // codes of cases that could not be routed now
}

// MaxBulk is how many cases are routed at once.
const MaxBulk = 200

// RouteMany passes several cases to one unit with one reason. Cases that cannot be routed now are named; the others go.
func (s *Service) RouteMany(ctx context.Context, actor identity.Actor, caseIDs []string, toUnit, why string) (Bulk, error) {
	var out Bulk
	var fs fault.Fields
	fs.Check(len(caseIDs) > 0, "cases", "routing.none_chosen")
	fs.Check(len(caseIDs) <= MaxBulk, "cases", "routing.too_many")
	fs.Check(toUnit != "", "unit", "feedback.unit_required")
	fs.Check(line(why) != "", "reason", "feedback.reason_required")
	if err := fs.OrNil(); err != nil {
		return out, err
	}
	for _, caseID := range caseIDs {
		d, err := s.Cases.Dossier(ctx, actor, caseID)
		if err != nil {
			return out, err
		}
		_, err = s.Cases.Route(ctx, actor, caseID, toUnit, why)
		switch {
		case err == nil:
			out.Done++
		case fault.Is(err, fault.Conflict), fault.Is(err, fault.Invalid), fault.Is(err, fault.Forbidden):
			out.Refused = append(out.Refused, d.Case.Code)
		default:
			return out, err
		}
	}
	return out, nil
}
