package app

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

type unitsImportCmd struct {
	File string `arg:"" optional:"" help:"CSV file with the columns level, code, name, full_name, type, parent_code; without it the official lists." placeholder:"FILE"`
	On   string `help:"Day from which the units of the file stand (default: today)." placeholder:"DATE"`
}

// Run imports units; the same import twice changes nothing.
func (u unitsImportCmd) Run(s *session) error {
	h, err := Open(s.ctx, s.cfg, s.err)
	if err != nil {
		return err
	}
	defer h.Close()
	var res orgunit.ImportResult
	if u.File == "" {
		res, err = h.units.Import(s.ctx, orgunit.ImportOptions{Agencies: []string{s.cfg.Province}})
	} else {
		res, err = u.fromFile(s, h)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d units were added, %d rows changed; there are %d units now.\n", res.Added, res.Changed, res.Units)
	return nil
}

func (u unitsImportCmd) fromFile(s *session, h *House) (orgunit.ImportResult, error) {
	on := h.units.Today()
	if u.On != "" {
		var err error
		if on, err = clock.ParseDate(u.On); err != nil {
			return orgunit.ImportResult{}, err
		}
	}
	f, err := os.Open(u.File)
	if err != nil {
		return orgunit.ImportResult{}, err
	}
	defer f.Close()
	return h.units.ImportCSV(s.ctx, f, on)
}

type userInviteCmd struct {
	Name  string `arg:"" help:"Full name." placeholder:"NAME"`
	Email string `arg:"" help:"E-mail address, used to sign in." placeholder:"EMAIL"`
	Unit  string `help:"Official code of the unit (default: the province)." placeholder:"CODE"`
}

// Run invites the first administrator; later ones are invited on the pages, where it is seen who may invite whom.
func (u userInviteCmd) Run(s *session) error {
	h, err := Open(s.ctx, s.cfg, s.err)
	if err != nil {
		return err
	}
	defer h.Close()
	unitID := h.provinceID()
	if u.Unit != "" {
		unit, err := h.units.Forest().ByCode(orgunit.LevelCommune, u.Unit, h.units.Today())
		if err != nil {
			return fmt.Errorf("no commune has the code %s today", u.Unit)
		}
		unitID = unit.ID
	}
	in, err := h.people.CreateFirstAdmin(s.ctx, u.Name, u.Email, unitID)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "Give this link to %s; it is valid until %s and for one use:\n%s\n", u.Name, in.ExpiresAt.In(clock.Vietnam).Format("15:04 02/01/2006"), in.Link)
	return nil
}

type auditVerifyCmd struct{}

// Run checks the audit log without opening the rest of the house.
func (auditVerifyCmd) Run(s *session) error {
	d, err := db.Open(s.ctx, s.cfg.databaseDSN())
	if err != nil {
		return err
	}
	defer d.Close()
	r, err := audit.New(d, clock.System{}).Verify(s.ctx)
	if err != nil {
		return err
	}
	printReport(s.out, r)
	if !r.OK() {
		return errors.New("the audit log was altered")
	}
	return nil
}

func printReport(w io.Writer, r audit.Report) {
	if r.Broken != nil {
		fmt.Fprintf(w, "The audit log is broken: %s\n", r.Broken)
		return
	}
	fmt.Fprintf(w, "%d lines were read and the chain is whole; %d checkpoints agree with the public log.\n", r.Lines, r.Checkpoints)
	if r.Lines > 0 {
		fmt.Fprintf(w, "Newest line: %d, fingerprint %s\n", r.HeadSeq, r.HeadHash)
	}
}
