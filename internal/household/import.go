package household

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// ImportRow is one row of a table of households, as it was read.
type ImportRow struct {
	Number int    // of the row in the file, from 1
	Code   string // of a household that stands in the register already; "" for a new one
	Area   string // residential area in words; "" keeps that of a known household
	Entry  Entry  // without its unit
	Err    error  // what could not be read in it
}

// RowError is one thing that is wrong in an imported table.
type RowError struct {
	Row int
	Err *fault.Error
}

// Imported says what came of an import.
type Imported struct {
	Added, Updated int
	Errors         []RowError // when there is one, nothing was written
	More           int        // further errors that are not listed
}

// maxErrors is how many errors of one table are listed.
const maxErrors = 100

type importer struct {
	*Service
	actor  identity.Actor
	within orgunit.Unit
	areas  map[string]string // folded name → unit
	seen   map[string]int    // identity number or code → row
	out    Imported
}

// Import writes a table of households of a commune (or area) down: all rows, or none when one of them is wrong. A row with the
// code or identity number of a known household brings its standing and what is filled in up to date; nothing is emptied.
func (s *Service) Import(ctx context.Context, actor identity.Actor, unitID string, rows []ImportRow) (Imported, error) {
	if err := s.mayWrite(actor, unitID); err != nil {
		return Imported{}, err
	}
	u, err := s.Forest().Unit(unitID, s.today())
	if err != nil {
		return Imported{}, fault.Field("unit", "household.unit_unfit")
	}
	m := &importer{Service: s, actor: actor, within: u, areas: map[string]string{}, seen: map[string]int{}}
	for _, a := range s.areasOf(u) {
		m.areas[vntext.Fold(a.FullName)], m.areas[vntext.Fold(a.Name)] = a.ID, a.ID
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		m.out, m.seen = Imported{}, map[string]int{} // a transaction may run again
		for _, r := range rows {
			if err := m.row(ctx, tx, r); err != nil {
				return err
			}
		}
		if len(m.out.Errors) > 0 {
			return errRefused
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: unitID, Action: "household.import", ResourceType: "Unit", ResourceID: unitID,
			Details: map[string]string{"added": strconv.Itoa(m.out.Added), "updated": strconv.Itoa(m.out.Updated)}})
	})
	if errors.Is(err, errRefused) {
		m.out.Added, m.out.Updated = 0, 0
		return m.out, nil
	}
	return m.out, err
}

// errRefused rolls an import back whose errors are told row by row.
var errRefused = fault.New(fault.Invalid, "household.import.refused")

// areasOf lists the residential areas of a unit: itself when it is one.
func (s *Service) areasOf(u orgunit.Unit) []orgunit.Unit {
	if u.Level == orgunit.LevelArea {
		return []orgunit.Unit{u}
	}
	var out []orgunit.Unit
	for _, x := range s.Forest().Children(u.ID, s.today()) {
		if x.Kind == orgunit.KindFront && x.Level == orgunit.LevelArea {
			out = append(out, x)
		}
	}
	return out
}

// Areas lists the residential areas of a unit, for pages; a unit that is an area itself is the only one.
func (s *Service) Areas(unitID string) []orgunit.Unit {
	u, err := s.Forest().Unit(unitID, s.today())
	if err != nil {
		return nil
	}
	return s.areasOf(u)
}

// Places lists the units in which the actor may do the action: areas of a commune (with the commune), communes of a province.
func (s *Service) Places(actor identity.Actor, action string) []orgunit.Unit {
	var out []orgunit.Unit
	for _, root := range s.Authz.Scope(actor, action) {
		u, err := s.Forest().Unit(root, s.today())
		if err != nil || u.Kind != orgunit.KindFront {
			continue
		}
		if u.Level.Rank() < orgunit.LevelCommune.Rank() {
			out = append(out, s.Forest().AtLevel(orgunit.LevelCommune, orgunit.KindFront, u.ID, s.today())...)
			continue
		}
		out = append(out, u)
		if u.Level == orgunit.LevelCommune {
			out = append(out, s.areasOf(u)...)
		}
	}
	return out
}

func (m *importer) fail(row int, err error) error {
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	var list fault.Fields
	var single *fault.Error
	if !errors.As(err, &list) && errors.As(err, &single) {
		list = fault.Fields{single}
	}
	for _, e := range list {
		if len(m.out.Errors) == maxErrors {
			m.out.More++
			continue
		}
		m.out.Errors = append(m.out.Errors, RowError{Row: row, Err: e})
	}
	return nil
}

// row writes one row down; what is wrong in it is noted and the next row is looked at.
func (m *importer) row(ctx context.Context, tx db.Tx, r ImportRow) error {
	if r.Err != nil {
		return m.fail(r.Number, r.Err)
	}
	if err := m.place(&r); err != nil {
		return m.fail(r.Number, err)
	}
	e := r.Entry.Clean()
	for _, key := range []string{e.Person.IDNumber, r.Code, nameKey(e, r.Code)} {
		if first := m.seen[key]; key != "" && first > 0 {
			return m.fail(r.Number, fault.Field("id_number", "household.import.twice").With("First", first))
		}
		m.seen[key] = r.Number
	}
	known, err := m.find(ctx, tx, r.Code, e)
	switch {
	case fault.Is(err, fault.NotFound) && r.Code == "":
		return m.addRow(ctx, tx, r.Number, e)
	case fault.Is(err, fault.NotFound):
		return m.fail(r.Number, fault.Field("code", "household.import.no_code").With("Code", r.Code))
	case err != nil:
		return err
	}
	return m.update(ctx, tx, r, known, e)
}

// place finds the residential area of a row.
func (m *importer) place(r *ImportRow) error {
	if m.within.Level == orgunit.LevelArea || len(m.areas) == 0 {
		r.Entry.UnitID, r.Entry.Hamlet = m.within.ID, strings.TrimSpace(r.Area)
		if m.within.Level == orgunit.LevelArea {
			r.Entry.Hamlet = ""
		}
		return nil
	}
	if r.Area == "" && r.Code != "" {
		return nil
	}
	unit := m.areas[vntext.Fold(strings.Join(strings.Fields(r.Area), " "))]
	if unit == "" {
		return fault.Field("area", "household.import.no_area").With("Area", vntext.Truncate(r.Area, 60)).With("Unit", m.within.FullName)
	}
	r.Entry.UnitID = unit
	return nil
}

// find looks for a household that is in the register already.
func (m *importer) find(ctx context.Context, tx db.Tx, code string, e Entry) (row, error) {
	if code != "" {
		c, ok := id.ParseCode(code)
		if !ok {
			return row{}, errNoHousehold()
		}
		return m.store.byCode(ctx, tx, c)
	}
	if token := m.Service.find.number("id", e.Person.IDNumber); token != "" {
		return m.store.byIDToken(ctx, tx, token)
	}
	return m.byName(ctx, tx, e)
}

// nameKey tells rows without any number apart: by name, year of birth and area; "" when the row has a number.
func nameKey(e Entry, code string) string {
	if e.Person.IDNumber != "" || code != "" {
		return ""
	}
	return strings.Join([]string{vntext.Fold(e.Person.Name), strconv.Itoa(e.Person.BirthYear), e.UnitID, vntext.Fold(e.Hamlet)}, "|")
}

// byName finds the household of a row without numbers, so that a table that is sent twice writes nobody down twice: one in the
// same area whose head has the same name and year of birth, and no identity number either.
func (m *importer) byName(ctx context.Context, tx db.Tx, e Entry) (row, error) {
	list, err := m.store.withoutNumber(ctx, tx, e.UnitID, m.Service.find.words(e.Person.Name))
	if err != nil {
		return row{}, err
	}
	for _, r := range list {
		p, err := m.open(r.ID, r.Sealed)
		if err != nil {
			return row{}, err
		}
		if nameKey(Entry{UnitID: r.UnitID, Hamlet: r.Hamlet, Person: Person{Name: p.Name, BirthYear: p.BirthYear}}, "") == nameKey(e, "") {
			return r, nil
		}
	}
	return row{}, errNoHousehold()
}

func (m *importer) addRow(ctx context.Context, tx db.Tx, number int, e Entry) error {
	if _, err := m.add(ctx, tx, m.actor, e); err != nil {
		return m.fail(number, err)
	}
	m.out.Added++
	return nil
}

// update fills a known household with what the row says.
func (m *importer) update(ctx context.Context, tx db.Tx, r ImportRow, known row, e Entry) error {
	if err := m.may(m.actor, ActionWrite, known.domain()); err != nil || !known.ClosedAt.IsZero() {
		if r.Code != "" {
			return m.fail(r.Number, fault.Field("code", "household.import.no_code").With("Code", r.Code))
		}
		return m.fail(r.Number, fault.Field("id_number", "household.known_already").With("Code", known.Code).With("Area", m.Area(known.domain())))
	}
	p, err := m.open(known.ID, known.Sealed)
	if err != nil {
		return err
	}
	e = over(known, p, e)
	if err := e.Check(m.year()); err != nil {
		return m.fail(r.Number, err)
	}
	if err := m.known(ctx, tx, e, known.ID); err != nil {
		return m.fail(r.Number, err)
	}
	if err := m.fill(&known, e); err != nil {
		return err
	}
	known.Version++
	if err := m.store.update(ctx, tx, &known); err != nil {
		return err
	}
	m.out.Updated++
	return m.store.putStanding(ctx, tx, known.ID, e.CategoryYear, e.Category)
}

// over lays what a row says over what is known: empty cells change nothing.
func over(known row, p Person, e Entry) Entry {
	n := e.Person
	for _, f := range []struct{ to, from *string }{{&p.Name, &n.Name}, {&p.IDNumber, &n.IDNumber}, {&p.Phone, &n.Phone}, {&p.Address, &n.Address}, {&p.Spouse, &n.Spouse}} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	if n.Sex != "" {
		p.Sex = n.Sex
	}
	if n.BirthYear != 0 {
		p.BirthYear = n.BirthYear
	}
	e.Person = p
	if e.UnitID == "" {
		e.UnitID, e.Hamlet = known.UnitID, known.Hamlet
	}
	if e.People <= 1 {
		e.People = known.People
	}
	return e.Clean()
}

// Opened is a household with what is sealed about it.
type Opened struct {
	Household
	Person Person
}

// maxOpened is how many households one export with names holds.
const maxOpened = 20_000

// Export opens every household that the query finds, for a list with names. It asks for a reason; the audit log says who took
// how many. Households whose names the actor may not open are left out.
func (s *Service) Export(ctx context.Context, actor identity.Actor, q Query, why string) ([]Opened, error) {
	if _, err := s.roots(actor, ActionUnmask); err != nil {
		return nil, err
	}
	if why = tidy(why); vntext.Length(why) < 3 || vntext.Length(why) > MaxWhat {
		return nil, fault.Field("reason", "household.reason_missing").With("Limit", MaxWhat)
	}
	q.Page, q.Per = 1, maxOpened
	list, _, err := s.Search(ctx, actor, q)
	if err != nil {
		return nil, err
	}
	var out []Opened
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		out = nil
		for _, h := range list {
			if s.may(actor, ActionUnmask, h) != nil {
				continue
			}
			r, err := s.store.byID(ctx, tx, h.ID)
			if err != nil {
				return err
			}
			p, err := s.open(r.ID, r.Sealed)
			if err != nil {
				return err
			}
			out = append(out, Opened{h, p})
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: q.UnitID, Action: "household.export", ResourceType: "Household",
			Details: map[string]string{"reason": why, "count": strconv.Itoa(len(out))}})
	})
	return out, err
}
