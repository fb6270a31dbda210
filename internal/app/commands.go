package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/channel/youtube"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/byphone"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/relief"
	"github.com/nhipcau/nhipcau/internal/subscription"
	"github.com/nhipcau/nhipcau/internal/voter"
)

type serveCmd struct{}

// Run serves until the process is asked to stop.
func (serveCmd) Run(s *session) error { return Serve(s.ctx, s.cfg, s.err) }

type migrateCmd struct{}

// Run brings the tables up to date.
func (migrateCmd) Run(s *session) error {
	h, err := Open(s.ctx, s.cfg, s.err)
	if err != nil {
		return err
	}
	defer h.Close()
	fmt.Fprintln(s.out, "The database is up to date.")
	return nil
}

type keysRotateCmd struct{}

// Run adds a key.
func (keysRotateCmd) Run(s *session) error {
	if _, err := secret.Rotate(s.cfg.keyFile()); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "A fresh key was added. Restart every process of the house, copy the key file to its safe place, then run: nhipcau keys reseal")
	return nil
}

type keysResealCmd struct{}

// Run seals every sealed text anew, so that an old key can be taken out of the key file (all but its first line, from which
// other keys are derived).
func (keysResealCmd) Run(s *session) error {
	d, err := db.Open(s.ctx, s.cfg.databaseDSN())
	if err != nil {
		return err
	}
	defer d.Close()
	box, err := secret.Load(s.cfg.keyFile())
	if err != nil {
		return err
	}
	total := 0
	for _, columns := range [][]secret.Column{identity.Sealed(), channel.Sealed(), notice.Sealed(), youtube.Sealed(), feedback.Sealed(), byphone.Sealed(), subscription.Sealed(), voter.Sealed(), household.Sealed(), housing.Sealed(), relief.Sealed()} {
		for _, c := range columns {
			n, err := box.Reseal(s.ctx, d, c)
			total += n
			if err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(s.out, "%d texts were sealed anew with the newest key.\n", total)
	return nil
}

type backupCmd struct {
	To       string `arg:"" help:"Archive to write, for example nhipcau-2026-11-21.tar.gz." placeholder:"FILE"`
	WithKeys bool   `help:"Put the keys into the archive too: then keep it like a key."`
}

// Run writes the archive under a temporary name first, so that a name that exists is a backup that is whole.
func (b backupCmd) Run(s *session) error {
	if _, err := os.Stat(b.To); err == nil {
		return errNotEmptyOutput
	}
	tmp := b.To + ".part"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	m, err := Backup(s.ctx, s.cfg, b.WithKeys, f)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(tmp, b.To)
	}
	if err != nil {
		_ = os.Remove(tmp)
		return err
	}
	fmt.Fprintf(s.out, "%d files are in %s.\n", len(m.Files), b.To)
	if !b.WithKeys {
		fmt.Fprintf(s.out, "The keys are not: keep a copy of %s in another place.\n", s.cfg.keyFile())
	}
	return nil
}

type restoreCmd struct {
	From string `arg:"" help:"Archive to unpack." placeholder:"FILE"`
}

// Run unpacks the archive.
func (r restoreCmd) Run(s *session) error {
	f, err := os.Open(r.From)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %s", r.From)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	m, err := Restore(s.ctx, s.cfg, f)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d files of the backup of %s are in place.\n", len(m.Files), m.Made.Format("2006-01-02 15:04 UTC"))
	if _, err := os.Stat(s.cfg.keyFile()); err != nil {
		fmt.Fprintf(s.out, "Put the key file back at %s before you start the house.\n", s.cfg.keyFile())
	}
	return nil
}

type versionCmd struct{}

// Run prints the version, the commit it was built from and Go's version.
func (versionCmd) Run(s *session) error { return printVersion(s.out) }

func printVersion(w io.Writer) error {
	commit := "unknown"
	if bi, ok := debug.ReadBuildInfo(); ok {
		for _, kv := range bi.Settings {
			if kv.Key == "vcs.revision" && len(kv.Value) >= 12 {
				commit = kv.Value[:12]
			}
		}
	}
	_, err := fmt.Fprintf(w, "nhipcau %s (commit %s, %s)\n", Version, commit, runtime.Version())
	return err
}
