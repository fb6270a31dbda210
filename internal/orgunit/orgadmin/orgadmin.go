// Package orgadmin changes the tree of units: it keeps the residential areas and clusters below a commune, and it carries
// out reorganisations (merge, split, rename, close a level) with a preview of what moves along: people's roles, channels and
// open work. Everything is checked against the policies, written into the audit log and kept for good.
package orgadmin

import (
	"context"
	"embed"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations is the table of reorganisations.
var Migrations = db.Migrations{Name: "orgadmin", FS: migrationFiles}

// Policies says who may change the tree.
//
//go:embed policies.cedar
var Policies string

// The actions of the policies.
const (
	ActionAdmin      = "orgunit.admin"
	ActionAreas      = "orgunit.manage_areas"
	ActionPlan       = "orgunit.plan"
	ActionReorganise = "orgunit.reorganise"
	ActionCloseLevel = "orgunit.close_level"
)

// Service holds the use cases.
type Service struct {
	db     *db.DB
	units  *orgunit.Service
	auth   *identity.Authorizer
	audit  identity.Recorder
	queue  *jobs.Queue
	clock  clock.Clock
	movers []Mover
	store  store
}

// New makes the service and registers its background work. Movers are the rooms whose things follow a unit into its
// successor; they are asked in the given order.
func New(d *db.DB, units *orgunit.Service, auth *identity.Authorizer, audit identity.Recorder, q *jobs.Queue, c clock.Clock, movers ...Mover) *Service {
	s := &Service{db: d, units: units, auth: auth, audit: audit, queue: q, clock: c, movers: movers}
	jobs.Handle(q, func(ctx context.Context, j *jobs.Job[MoveArgs]) error {
		return s.CarryOver(ctx, j.Args.ReorganisationID)
	})
	return s
}

// Today is the Vietnamese calendar day by the service's clock.
func (s *Service) Today() clock.Date { return clock.DateOf(s.clock.Now()) }

// May tells whether the actor may do the action in some unit, for pages that show or hide a door.
func (s *Service) May(a identity.Actor, action string) bool { return s.auth.CanSomewhere(a, action) }

// areaTypes are what units below a commune are called.
var areaTypes = map[orgunit.Level][]string{
	orgunit.LevelArea:    {"Xóm", "Khối", "Bản", "Thôn", "Tổ dân phố", "Khu phố", "Ấp", "Làng", "Buôn"},
	orgunit.LevelCluster: {"Tổ liên gia", "Cụm dân cư"},
}

// AreaTypes lists what units of the level may be called; nil for levels above the residential area.
func AreaTypes(l orgunit.Level) []string { return slices.Clone(areaTypes[l]) }

// Below gives the level of what stands directly below a commune or area; "" for others.
func Below(l orgunit.Level) orgunit.Level {
	switch l {
	case orgunit.LevelCommune:
		return orgunit.LevelArea
	case orgunit.LevelArea:
		return orgunit.LevelCluster
	}
	return ""
}

// AreaForm is what is typed for a residential area or a cluster. On is the day from which it holds.
type AreaForm struct {
	Name, Type, Code string
	On               clock.Date
	Basis            string
}

// Areas lists what stands below a commune or an area on the day: the areas, or the clusters.
func (s *Service) Areas(_ context.Context, a identity.Actor, unitID string, on clock.Date) (orgunit.Unit, []orgunit.Unit, error) {
	if err := s.auth.Check(a, ActionAreas, identity.InUnit(unitID)); err != nil {
		return orgunit.Unit{}, nil, err
	}
	f := s.units.Forest()
	u, err := f.Unit(unitID, on)
	if err != nil {
		return orgunit.Unit{}, nil, err
	}
	var out []orgunit.Unit
	for _, k := range f.Children(unitID, on) {
		if k.Kind == orgunit.KindFront {
			out = append(out, k)
		}
	}
	return u, out, nil
}

// AddArea makes a residential area below a commune, or a cluster below an area, and gives its id.
func (s *Service) AddArea(ctx context.Context, a identity.Actor, parentID string, form AreaForm) (string, error) {
	if err := s.auth.Check(a, ActionAreas, identity.InUnit(parentID)); err != nil {
		return "", err
	}
	parent, err := s.units.Forest().Unit(parentID, form.On)
	if err != nil {
		return "", err
	}
	level := Below(parent.Level)
	if level == "" {
		return "", fault.New(fault.Conflict, "orgadmin.not_a_parent").With("Name", parent.FullName)
	}
	if err := s.checkArea(form, level, parentID, ""); err != nil {
		return "", err
	}
	d := orgunit.Draft{ID: id.New(), Level: level, Code: form.Code, Name: form.Name, FullName: areaName(form), Type: form.Type, ParentID: parentID}
	c := orgunit.Change{On: form.On, Basis: form.Basis, Create: []orgunit.Draft{d}}
	return d.ID, s.apply(ctx, a, c, trace(a, parentID, "orgunit.area_added", d.ID, form.On))
}

// RenameArea gives an area or cluster another name or type from a day on; it stays the same unit.
func (s *Service) RenameArea(ctx context.Context, a identity.Actor, unitID string, form AreaForm) error {
	u, err := s.area(a, unitID, form.On)
	if err != nil {
		return err
	}
	if err := s.checkArea(form, u.Level, u.ParentID, unitID); err != nil {
		return err
	}
	c := orgunit.Change{On: form.On, Basis: form.Basis,
		Rename: []orgunit.Renaming{{UnitID: unitID, Name: form.Name, FullName: areaName(form), Type: form.Type}}}
	return s.apply(ctx, a, c, trace(a, u.ParentID, "orgunit.area_renamed", unitID, form.On))
}

// CloseArea ends an area or cluster. With into it passes whole into that sister; what stood below goes along. Without, what
// stood below goes to the unit above.
func (s *Service) CloseArea(ctx context.Context, a identity.Actor, unitID, into string, on clock.Date, basis string) error {
	u, err := s.area(a, unitID, on)
	if err != nil {
		return err
	}
	c := orgunit.Change{On: on, Basis: basis}
	if into == "" {
		c.Close = []string{unitID}
	} else {
		to, err := s.area(a, into, on)
		if err != nil {
			return err
		}
		if to.Level != u.Level {
			return fault.Fields{fault.Field("into", "orgadmin.other_level").With("Name", to.FullName)}
		}
		c.Pass = []orgunit.Passage{{From: unitID, To: into, Kind: orgunit.EdgeWhole}}
	}
	return s.apply(ctx, a, c, trace(a, u.ParentID, "orgunit.area_closed", unitID, on))
}

// area checks the right and that the unit stands below a commune.
func (s *Service) area(a identity.Actor, unitID string, on clock.Date) (orgunit.Unit, error) {
	if err := s.auth.Check(a, ActionAreas, identity.InUnit(unitID)); err != nil {
		return orgunit.Unit{}, err
	}
	u, err := s.units.Forest().Unit(unitID, on)
	if err != nil {
		return u, err
	}
	if len(areaTypes[u.Level]) == 0 || u.Kind != orgunit.KindFront {
		return u, fault.New(fault.Conflict, "orgadmin.not_an_area").With("Name", u.FullName)
	}
	return u, nil
}

// areaName writes the full name: a name that already begins with its type keeps it ("Xóm 3").
func areaName(f AreaForm) string {
	if strings.HasPrefix(vntext.Fold(f.Name)+" ", vntext.Fold(f.Type)+" ") {
		return f.Name
	}
	return f.Type + " " + f.Name
}

func (s *Service) checkArea(f AreaForm, l orgunit.Level, parentID, self string) error {
	var faults fault.Fields
	faults.Check(strings.TrimSpace(f.Name) != "", "name", "orgunit.name_required")
	faults.Check(vntext.Length(f.Name) <= 100, "name", "orgadmin.name_too_long")
	faults.Check(slices.Contains(areaTypes[l], f.Type), "type", "orgadmin.unknown_type")
	faults.Check(vntext.Length(f.Code) <= 20, "code", "orgadmin.code_too_long")
	if !f.On.Valid() {
		faults.Add(fault.Field("on", "orgunit.bad_date").With("Date", string(f.On)))
		return faults
	}
	for _, k := range s.units.Forest().Children(parentID, f.On) {
		if k.ID != self && k.Kind == orgunit.KindFront && vntext.Fold(k.FullName) == vntext.Fold(areaName(f)) {
			faults.Add(fault.Field("name", "orgadmin.name_taken").With("Name", k.FullName))
		}
	}
	return faults.OrNil()
}

// apply changes the tree and writes it into the audit log in one transaction.
func (s *Service) apply(ctx context.Context, _ identity.Actor, c orgunit.Change, t identity.Trace) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.units.Apply(ctx, tx, c); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, t)
	})
}

func trace(a identity.Actor, unitID, action, resource string, on clock.Date) identity.Trace {
	return identity.Trace{Actor: a, UnitID: unitID, Action: action, ResourceType: "Unit", ResourceID: resource,
		Details: map[string]string{"on": string(on)}}
}
