package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/web"
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
	Name  string        `arg:"" help:"Full name." placeholder:"NAME"`
	Email string        `arg:"" help:"E-mail address, used to sign in." placeholder:"EMAIL"`
	Role  identity.Role `help:"Role, for example unit_admin or editor." default:"system_admin"`
	Unit  string        `help:"Official code of the unit (default: the province)." placeholder:"CODE"`
}

// Run invites an official. Whoever may run this program on the server may name anybody: it is written in the audit log.
func (u userInviteCmd) Run(s *session) error {
	if !slices.Contains(identity.Roles[:], u.Role) {
		return fmt.Errorf("there is no role %q: choose one of %v", u.Role, identity.Roles)
	}
	h, err := Open(s.ctx, s.cfg, s.err)
	if err != nil {
		return err
	}
	defer h.Close()
	unitID := h.provinceID()
	if u.Unit != "" {
		if unitID, err = h.unitByCode(u.Unit); err != nil {
			return err
		}
	}
	in, err := h.people.Invite(s.ctx, identity.System("command-line"), identity.Invitee{
		Name: u.Name, Email: u.Email, Term: identity.Term{UnitID: unitID, Role: u.Role, From: h.units.Today()},
	})
	if err != nil {
		return h.sentence(err)
	}
	if in.Link == "" {
		fmt.Fprintf(s.out, "%s has an account already; the role is theirs now.\n", u.Name)
		return nil
	}
	fmt.Fprintf(s.out, "Give this link to %s; it is valid until %s and for one use:\n%s\n", u.Name, in.ExpiresAt.In(clock.Vietnam).Format("15:04 02/01/2006"), in.Link)
	return nil
}

// unitByCode finds a unit of today by its official code: provinces have two digits, communes five.
func (h *House) unitByCode(code string) (string, error) {
	level := orgunit.LevelCommune
	if len(code) == 2 {
		level = orgunit.LevelProvince
	}
	u, err := h.units.Forest().ByCode(level, code, h.units.Today())
	if err != nil {
		return "", fmt.Errorf("no unit has the code %s on %s", code, h.units.Today().Vietnamese())
	}
	return u.ID, nil
}

// sentence turns a fault into the text of the catalogue, for the command line.
func (h *House) sentence(err error) error {
	ctx := i18n.With(context.Background(), h.words.In("en"))
	var lines []string
	for _, e := range web.Faults(err) {
		lines = append(lines, i18n.Fault(ctx, e))
	}
	if len(lines) == 0 {
		return err
	}
	return errors.New(strings.Join(lines, " "))
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
