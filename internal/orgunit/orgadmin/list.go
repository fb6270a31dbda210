package orgadmin

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// ImportList takes a list of residential areas and clusters (see orgunit.ParseCSV) from somebody who keeps them: every row
// must stand below a unit in which they may do so. All mistakes are given at once, each with its row; then nothing is taken.
func (s *Service) ImportList(ctx context.Context, a identity.Actor, in io.Reader) (orgunit.ImportResult, error) {
	if !s.auth.CanSomewhere(a, ActionAreas) {
		return orgunit.ImportResult{}, s.auth.Check(a, ActionAreas, identity.InUnit(""))
	}
	rows, err := orgunit.ParseCSV(in)
	if err != nil {
		return orgunit.ImportResult{}, err
	}
	if err := s.mayList(a, rows); err != nil {
		return orgunit.ImportResult{}, err
	}
	var res orgunit.ImportResult
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if res, err = s.units.AddRows(ctx, tx, rows, s.Today()); err != nil {
			return err
		}
		t := trace(a, a.Units()[0], "orgunit.list_imported", "", s.Today())
		t.Details["added"], t.Details["changed"] = strconv.Itoa(res.Added), strconv.Itoa(res.Changed)
		return s.audit.Record(ctx, tx, t)
	})
	return res, err
}

// mayList checks the level and the place of every row. A parent that is neither known nor in the list is left to AddRows,
// which names the row.
func (s *Service) mayList(a identity.Actor, rows []orgunit.CSVRow) error {
	f := s.units.Forest()
	allowed := map[string]error{} // a list has few places and many rows
	check := func(unitID string) error {
		err, known := allowed[unitID]
		if !known {
			err = s.auth.Check(a, ActionAreas, identity.InUnit(unitID))
			allowed[unitID] = err
		}
		return err
	}
	var faults fault.Fields
	for _, r := range rows {
		bad := func(key, value string) { faults.Add(fault.Field("file", key).With("Row", r.Row).With("Value", value)) }
		if len(areaTypes[r.Level]) == 0 {
			bad("orgadmin.list_level", string(r.Level))
			continue
		}
		err := errors.Join(s.checkCode(f, check, r.Level, r.Code, r), s.checkParent(f, check, r))
		if err != nil {
			bad("orgadmin.list_not_yours", r.ParentCode)
		}
	}
	return faults.OrNil()
}

// checkCode asks for the unit a row would rename.
func (s *Service) checkCode(f *orgunit.Forest, check func(string) error, l orgunit.Level, code string, r orgunit.CSVRow) error {
	on := r.From
	if on == "" {
		on = s.Today()
	}
	if u, err := f.ByCode(l, code, on); err == nil {
		return check(u.ID)
	}
	return nil
}

// checkParent asks for the unit a row would stand under.
func (s *Service) checkParent(f *orgunit.Forest, check func(string) error, r orgunit.CSVRow) error {
	for _, l := range []orgunit.Level{orgunit.LevelArea, orgunit.LevelCommune, orgunit.LevelDistrict, orgunit.LevelProvince} {
		if l.Rank() >= r.Level.Rank() || r.ParentLevel != "" && r.ParentLevel != l {
			continue
		}
		if err := s.checkCode(f, check, l, r.ParentCode, r); err != nil {
			return err
		}
	}
	return nil
}
