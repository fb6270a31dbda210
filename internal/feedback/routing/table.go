package routing

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Codes that no category may have: Open311 means by them what has no category, and proposals.
const (
	CodeOther    = "other"
	CodeProposal = "proposal"
)

// Category is what cases may be about.
type Category struct {
	Code           string // stays: cases, clocks and Open311 know it
	NameVI, NameEN string
	Words          string // comma-separated, without diacritics: they speak for the category
	Active         bool   // offered for new cases
	Position       int
}

// Name is the name in a language, "vi" or "en".
func (c Category) Name(lang string) string {
	if lang == "en" {
		return c.NameEN
	}
	return c.NameVI
}

// RuleKind says how a rule names its body.
type RuleKind string

// The kinds of target.
const (
	ToAgency  RuleKind = "agency"  // "commune/ubnd": the agency of that name beside the commune (or province) of the place
	ToUnit    RuleKind = "unit"    // one unit, by id
	ToOutside RuleKind = "outside" // an outside body, by id
)

// Rule says who answers for a category in a place.
type Rule struct {
	ID         string
	Category   string
	PlaceID    string // the unit in which it holds, with those below; "": everywhere
	ToKind     RuleKind
	ToValue    string
	Source     string // legal ground
	From, To   clock.Date
	MadeAt     time.Time // zero: delivered with the program
	MadeByName string
	Reason     string
}

// Holds tells whether the rule is in force on the day.
func (r Rule) Holds(on clock.Date) bool { return r.From <= on && on < r.To }

const (
	forever   clock.Date = "9999-12-31"
	maxName              = 100
	maxWords             = 500
	maxSource            = 300
	freshFor             = time.Minute
)

func line(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }

// Categories lists all categories in their order; it is public knowledge.
func (s *Service) Categories(ctx context.Context) ([]Category, error) {
	cats, _, err := s.read(ctx)
	return cats, err
}

// read gives categories and rules, at most a minute old.
func (s *Service) read(ctx context.Context) ([]Category, []Rule, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if left := s.until.Sub(now); left > 0 && left <= freshFor {
		return s.cats, s.rules, nil
	}
	cats, err := s.store.categories(ctx, s.db().Read())
	if err != nil {
		return nil, nil, err
	}
	rules, err := s.store.rules(ctx, s.db().Read())
	if err != nil {
		return nil, nil, err
	}
	s.cats, s.rules, s.until = cats, rules, now.Add(freshFor)
	return cats, rules, nil
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{1,29}$`)

// SaveCategory adds a category or changes the names, words and use of one. Codes never change and nothing is deleted: cases
// point at them.
func (s *Service) SaveCategory(ctx context.Context, actor identity.Actor, c Category) error {
	if err := s.Cases.Authz.Check(actor, ActionEdit, s.scope("")); err != nil {
		return err
	}
	c.Code, c.NameVI, c.NameEN, c.Words = line(c.Code), line(c.NameVI), line(c.NameEN), foldWords(c.Words)
	var fs fault.Fields
	fs.Check(codeForm.MatchString(c.Code) && c.Code != CodeOther && c.Code != CodeProposal, "code", "routing.code_bad")
	for _, f := range []struct{ field, text string }{{"name_vi", c.NameVI}, {"name_en", c.NameEN}} {
		fs.Check(f.text != "", f.field, "routing.name_required")
		fs.Check(vntext.Length(f.text) <= maxName, f.field, "routing.too_long")
	}
	fs.Check(vntext.Length(c.Words) <= maxWords, "words", "routing.too_long")
	if err := fs.OrNil(); err != nil {
		return err
	}
	defer s.forget()
	return s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.saveCategory(ctx, tx, c); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, s.Root, "routing.category", "Category", c.Code, map[string]string{"name": c.NameVI})
	})
}

// foldWords brings a list of words into the form in which texts are compared.
func foldWords(s string) string {
	var out []string
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.Join(vntext.Tokens(w), " "); w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, ", ")
}

// Rules lists the table with its history, for those who keep a part of it.
func (s *Service) Rules(ctx context.Context, actor identity.Actor) ([]Rule, error) {
	if !s.Cases.Authz.CanSomewhere(actor, ActionEdit) {
		return nil, s.Cases.Authz.Check(actor, ActionEdit, s.scope(""))
	}
	rules, err := s.store.rules(ctx, s.db().Read())
	return slices.DeleteFunc(rules, func(r Rule) bool {
		return r.PlaceID != "" && s.Cases.Authz.Check(actor, ActionEdit, s.scope(r.PlaceID)) != nil
	}), err
}

var agencyForm = regexp.MustCompile(`^(commune|province)/[a-z][a-z-]*$`)

// SetRule puts a rule into the table; the one of the same category and place that holds on its first day ends there.
func (s *Service) SetRule(ctx context.Context, actor identity.Actor, r Rule) (Rule, error) {
	if err := s.Cases.Authz.Check(actor, ActionEdit, s.scope(r.PlaceID)); err != nil {
		return Rule{}, err
	}
	r.Source, r.Reason, r.ToValue = line(r.Source), line(r.Reason), line(r.ToValue)
	if r.From == "" {
		r.From = s.today()
	}
	if err := s.checkRule(ctx, r); err != nil {
		return Rule{}, err
	}
	r.ID, r.To, r.MadeAt, r.MadeByName = id.New(), forever, s.now(), actor.Name
	defer s.forget()
	return r, s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		next, err := s.store.endBefore(ctx, tx, r)
		if err != nil {
			return err
		}
		if next != "" {
			r.To = next
		}
		if err := s.store.insertRule(ctx, tx, r); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, s.scope(r.PlaceID).UnitID, "routing.set", "Rule", r.ID, map[string]string{"category": r.Category, "to": r.ToValue, "source": r.Source})
	})
}

func (s *Service) checkRule(ctx context.Context, r Rule) error {
	cats, err := s.store.categories(ctx, s.db().Read())
	if err != nil {
		return err
	}
	var fs fault.Fields
	fs.Check(slices.ContainsFunc(cats, func(c Category) bool { return c.Code == r.Category }), "category", "routing.category_unknown")
	fs.Check(r.Source != "" && vntext.Length(r.Source) <= maxSource, "source", "deadline.source_required")
	fs.Check(r.Reason != "" && vntext.Length(r.Reason) <= maxSource, "reason", "feedback.reason_required")
	_, err = clock.ParseDate(string(r.From))
	fs.Check(err == nil, "from", "deadline.date_bad")
	fs.Check(err != nil || r.From >= s.today(), "from", "routing.from_past")
	ok := false
	switch r.ToKind {
	case ToAgency:
		ok = agencyForm.MatchString(r.ToValue)
	case ToUnit:
		u := s.Cases.Unit(r.ToValue)
		ok = u.FullName != "" && u.Stands(s.today())
	case ToOutside:
		b, err := s.store.body(ctx, s.db().Read(), r.ToValue)
		ok = err == nil && b.Active
	}
	fs.Check(ok, "to", "routing.to_bad")
	if r.PlaceID != "" {
		u := s.Cases.Unit(r.PlaceID)
		fs.Check(u.FullName != "" && u.Stands(s.today()), "place", "feedback.unit_unknown")
	}
	return fs.OrNil()
}

// EndRule ends a rule from tomorrow on.
func (s *Service) EndRule(ctx context.Context, actor identity.Actor, ruleID, why string) error {
	why = line(why)
	if why == "" {
		return fault.Field("reason", "feedback.reason_required")
	}
	defer s.forget()
	return s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, err := s.store.rule(ctx, tx, ruleID)
		if err != nil {
			return err
		}
		if err := s.Cases.Authz.Check(actor, ActionEdit, s.scope(r.PlaceID)); err != nil {
			return err
		}
		tomorrow := s.today().AddDays(1)
		if r.To <= tomorrow {
			return fault.New(fault.Conflict, "deadline.ended")
		}
		if err := s.store.endRule(ctx, tx, r.ID, max(tomorrow, r.From)); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, s.scope(r.PlaceID).UnitID, "routing.end", "Rule", r.ID, map[string]string{"reason": why})
	})
}

// Body is a body outside the house.
type Body struct {
	ID     string
	UnitID string // the unit of the Front that keeps the entry
	Name   string
	Email  string // "": asked by link alone
	Active bool
}

var emailForm = regexp.MustCompile(`^[^@\s<>,;"]+@[^@\s<>,;"]+\.[^@\s<>,;"]+$`)

// Bodies lists the outside bodies that a unit may ask: its own and those of the units above.
func (s *Service) Bodies(ctx context.Context, unitID string) ([]Body, error) {
	return s.store.bodies(ctx, s.db().Read(), append(s.Cases.Forest().AncestorIDs(unitID, s.today()), unitID))
}

// AllBodies lists the outside bodies whose entries the actor keeps.
func (s *Service) AllBodies(ctx context.Context, actor identity.Actor) ([]Body, error) {
	if !s.Cases.Authz.CanSomewhere(actor, ActionEdit) {
		return nil, s.Cases.Authz.Check(actor, ActionEdit, s.scope(""))
	}
	list, err := s.store.bodies(ctx, s.db().Read(), nil)
	return slices.DeleteFunc(list, func(b Body) bool { return s.Cases.Authz.Check(actor, ActionEdit, s.scope(b.UnitID)) != nil }), err
}

// SaveBody adds an outside body (ID "") or changes one.
func (s *Service) SaveBody(ctx context.Context, actor identity.Actor, b Body) (Body, error) {
	b.Name, b.Email = line(b.Name), line(b.Email)
	var fs fault.Fields
	fs.Check(b.Name != "", "name", "routing.name_required")
	fs.Check(vntext.Length(b.Name) <= 200, "name", "routing.too_long")
	fs.Check(b.Email == "" || emailForm.MatchString(b.Email), "email", "routing.email_bad")
	if b.ID == "" {
		u := s.Cases.Unit(b.UnitID)
		fs.Check(u.FullName != "" && u.Stands(s.today()), "unit", "feedback.unit_unknown")
	}
	if err := fs.OrNil(); err != nil {
		return Body{}, err
	}
	return b, s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if b.ID != "" {
			before, err := s.store.body(ctx, tx, b.ID)
			if err != nil {
				return err
			}
			b.UnitID = before.UnitID
		} else {
			b.ID = id.New()
		}
		if err := s.Cases.Authz.Check(actor, ActionEdit, s.scope(b.UnitID)); err != nil {
			return err
		}
		if err := s.store.saveBody(ctx, tx, b); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, b.UnitID, "routing.body", "Body", b.ID, map[string]string{"name": b.Name})
	})
}

func (s *Service) record(ctx context.Context, tx db.Tx, actor identity.Actor, unitID, action, kind, resourceID string, details map[string]string) error {
	return s.Cases.Audit.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: unitID, Action: action, ResourceType: kind, ResourceID: resourceID, Details: details})
}
