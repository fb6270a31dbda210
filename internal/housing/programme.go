package housing

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

type programmeRow struct {
	bun.BaseModel `bun:"table:housing_programme,alias:g"`

	ID        string `bun:",pk"`
	Name      string
	UnitID    string
	YearFrom  int
	YearTo    int
	LegalBase string
	NormNew   money.VND
	NormFix   money.VND
	Closed    bool
	CreatedAt time.Time
	CreatedBy string
}

func (r programmeRow) domain() Programme {
	return Programme{ID: r.ID, Name: r.Name, UnitID: r.UnitID, From: r.YearFrom, To: r.YearTo, LegalBase: r.LegalBase, NormNew: r.NormNew, NormFix: r.NormFix, Closed: r.Closed}
}

type targetRow struct {
	bun.BaseModel `bun:"table:housing_target,alias:t"`

	ProgrammeID string `bun:",pk"`
	UnitID      string `bun:",pk"`
	Houses      int
}

func (store) programme(ctx context.Context, q bun.IDB, programmeID string) (Programme, error) {
	var r programmeRow
	err := q.NewSelect().Model(&r).Where("g.id = ?", programmeID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Programme{}, fault.New(fault.NotFound, "housing.programme_not_found")
	}
	return r.domain(), err
}

// programmes lists all programmes, the latest first.
func (store) programmes(ctx context.Context, q bun.IDB) ([]Programme, error) {
	var rows []programmeRow
	if err := q.NewSelect().Model(&rows).Order("g.closed", "g.year_from DESC", "g.id DESC").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Programme, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}

func (store) putProgramme(ctx context.Context, q bun.IDB, p Programme, by string, at time.Time) error {
	r := &programmeRow{ID: p.ID, Name: p.Name, UnitID: p.UnitID, YearFrom: p.From, YearTo: p.To, LegalBase: p.LegalBase, NormNew: p.NormNew, NormFix: p.NormFix, Closed: p.Closed, CreatedAt: at, CreatedBy: by}
	_, err := q.NewInsert().Model(r).On("CONFLICT (id) DO UPDATE").Set("name = EXCLUDED.name").Set("year_from = EXCLUDED.year_from").Set("year_to = EXCLUDED.year_to").
		Set("legal_base = EXCLUDED.legal_base").Set("norm_new = EXCLUDED.norm_new").Set("norm_fix = EXCLUDED.norm_fix").Set("closed = EXCLUDED.closed").Exec(ctx)
	return err
}

func (store) targets(ctx context.Context, q bun.IDB, programmeID string) (map[string]int, error) {
	var rows []targetRow
	if err := q.NewSelect().Model(&rows).Where("t.programme_id = ?", programmeID).Scan(ctx); err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, r := range rows {
		out[r.UnitID] = r.Houses
	}
	return out, nil
}

func (store) putTarget(ctx context.Context, q bun.IDB, programmeID, unitID string, houses int) error {
	_, err := q.NewInsert().Model(&targetRow{ProgrammeID: programmeID, UnitID: unitID, Houses: houses}).On("CONFLICT (programme_id, unit_id) DO UPDATE").Set("houses = EXCLUDED.houses").Exec(ctx)
	return err
}

// Programmes lists the programmes that hold where the actor works: those of its units and of the units above; a programme
// names nobody, and every official of housing may read it.
func (s *Service) Programmes(ctx context.Context, actor identity.Actor) ([]Programme, error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return nil, err
	}
	all, err := s.store.programmes(ctx, s.DB.Read())
	if err != nil {
		return nil, err
	}
	var out []Programme
	for _, p := range all {
		for _, r := range roots {
			if s.Forest().Under(r, p.UnitID, s.Today()) || s.Forest().Under(p.UnitID, r, s.Today()) {
				out = append(out, p)
				break
			}
		}
	}
	return out, nil
}

// SaveProgramme sets a programme up, or changes its figures when it has an ID.
func (s *Service) SaveProgramme(ctx context.Context, actor identity.Actor, p Programme) (Programme, error) {
	p = p.Clean()
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if p.ID != "" {
			old, err := s.store.programme(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			p.UnitID = old.UnitID
		}
		if err := s.mayLead(actor, p.UnitID); err != nil {
			return err
		}
		if err := p.Check(); err != nil {
			return err
		}
		if p.ID == "" {
			p.ID = id.New()
		}
		if err := s.store.putProgramme(ctx, tx, p, actor.ID, s.Clock.Now()); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: p.UnitID, Action: "housing.programme", ResourceType: "HousingProgramme", ResourceID: p.ID})
	})
	return p, err
}

func (s *Service) mayLead(actor identity.Actor, unitID string) error {
	if err := s.Authz.Check(actor, ActionProgramme, identity.InUnit(unitID)); err != nil {
		return err
	}
	u := s.Unit(unitID)
	if u.Kind != orgunit.KindFront || u.Level.Rank() > orgunit.LevelCommune.Rank() || !u.Stands(s.Today()) {
		return fault.Field("unit", "housing.unit_unfit")
	}
	return nil
}

// Target is how many houses a programme plans in a commune.
type Target struct {
	UnitID string
	Name   string
	Houses int
}

// Targets lists the plan of a programme, commune by commune.
func (s *Service) Targets(ctx context.Context, actor identity.Actor, programmeID string) (Programme, []Target, error) {
	if _, err := s.roots(actor, ActionRead); err != nil {
		return Programme{}, nil, err
	}
	p, err := s.store.programme(ctx, s.DB.Read(), programmeID)
	if err != nil {
		return p, nil, err
	}
	plan, err := s.store.targets(ctx, s.DB.Read(), programmeID)
	if err != nil {
		return p, nil, err
	}
	var out []Target
	for _, u := range s.communes(p.UnitID) {
		out = append(out, Target{UnitID: u.ID, Name: u.FullName, Houses: plan[u.ID]})
	}
	return p, out, nil
}

// communes lists the communes of a unit, itself when it is one.
func (s *Service) communes(unitID string) []orgunit.Unit {
	if u := s.Unit(unitID); u.Level == orgunit.LevelCommune {
		return []orgunit.Unit{u}
	}
	return s.Forest().AtLevel(orgunit.LevelCommune, orgunit.KindFront, unitID, s.Today())
}

// MaxTarget is the most houses that one commune may plan.
const MaxTarget = 10_000

// SetTargets writes the plan of a programme.
func (s *Service) SetTargets(ctx context.Context, actor identity.Actor, programmeID string, plan map[string]int) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		p, err := s.store.programme(ctx, tx, programmeID)
		if err != nil {
			return err
		}
		if err := s.mayLead(actor, p.UnitID); err != nil {
			return err
		}
		for _, u := range s.communes(p.UnitID) {
			n, given := plan[u.ID]
			if !given {
				continue
			}
			if n < 0 || n > MaxTarget {
				return fault.Field("t-"+u.ID, "housing.target_odd").With("Limit", MaxTarget)
			}
			if err := s.store.putTarget(ctx, tx, p.ID, u.ID, n); err != nil {
				return err
			}
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: p.UnitID, Action: "housing.targets", ResourceType: "HousingProgramme", ResourceID: p.ID})
	})
}
