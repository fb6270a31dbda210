package app

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// manifestName is the last file of an archive: it lists every other with its hash, so a cut-off archive is recognised.
const manifestName = "manifest.json"

// Manifest describes a backup archive.
type Manifest struct {
	Made    time.Time         `json:"made"`
	Version string            `json:"version"`
	Engine  db.Engine         `json:"engine"`
	Files   map[string]string `json:"files"` // name → SHA-256 in hexadecimal
}

// Backup writes one consistent archive (tar, gzip) of the database, the files and the public log to w while the house runs.
// The database is one snapshot; files and log tiles are only ever added, so those copied after it hold all it speaks of.
// Keys are not in it unless withKeys: a stolen archive must not open itself.
func Backup(ctx context.Context, c Config, withKeys bool, w io.Writer) (*Manifest, error) {
	d, err := db.Open(ctx, c.databaseDSN())
	if err != nil {
		return nil, err
	}
	defer d.Close()
	tmp, err := os.MkdirTemp("", "nhipcau-backup-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	snapshot := filepath.Join(tmp, "database")
	if err := snapshotDatabase(ctx, d, c, snapshot); err != nil {
		return nil, err
	}
	gz := gzip.NewWriter(w)
	a := &archive{tar: tar.NewWriter(gz), m: &Manifest{Made: clock.System{}.Now(), Version: Version, Engine: d.Engine(), Files: map[string]string{}}}
	if err := a.file("database."+string(d.Engine()), snapshot); err != nil {
		return nil, err
	}
	blobs, err := blob.Open(ctx, c.blobsDSN())
	if err != nil {
		return nil, err
	}
	if err := a.blobs(ctx, blobs); err != nil {
		return nil, err
	}
	if err := a.tree("log", c.logFolder()); err != nil {
		return nil, err
	}
	if withKeys {
		if err := a.tree("keys", filepath.Dir(c.keyFile())); err != nil {
			return nil, err
		}
	}
	text, err := json.MarshalIndent(a.m, "", " ")
	if err != nil {
		return nil, err
	}
	if err := a.bytes(manifestName, text); err != nil {
		return nil, err
	}
	return a.m, errors.Join(a.tar.Close(), gz.Close())
}

func snapshotDatabase(ctx context.Context, d *db.DB, c Config, to string) error {
	if d.Engine() == db.SQLite {
		if _, err := d.SQLWriter().ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
			return fmt.Errorf("the database cannot be copied: %w", err)
		}
		return nil
	}
	return runTool(ctx, "pg_dump", "--format=custom", "--no-owner", "--file="+to, "--dbname="+c.Database)
}

// runTool runs a PostgreSQL client program; a missing one is named with the package that brings it.
func runTool(ctx context.Context, name string, args ...string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		return fmt.Errorf("%s is not installed (Debian: apt-get install postgresql-client)", name)
	}
	if out, err := exec.CommandContext(ctx, path, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

type archive struct {
	tar *tar.Writer
	m   *Manifest
}

func (a *archive) add(name string, size int64, r io.Reader) error {
	if err := a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: a.m.Made}); err != nil {
		return err
	}
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(a.tar, h), io.LimitReader(r, size)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if name != manifestName {
		a.m.Files[name] = hex.EncodeToString(h.Sum(nil))
	}
	return nil
}

func (a *archive) bytes(name string, b []byte) error {
	return a.add(name, int64(len(b)), strings.NewReader(string(b)))
}

func (a *archive) file(name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	return a.add(name, st.Size(), f)
}

func (a *archive) tree(prefix, root string) error {
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return a.file(prefix+"/"+filepath.ToSlash(rel), path)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing there yet
	}
	return err
}

func (a *archive) blobs(ctx context.Context, s blob.Store) error {
	return s.Walk(ctx, "", func(i blob.Info) error {
		r, info, err := s.Get(ctx, i.Key)
		if errors.Is(err, blob.ErrNotFound) {
			return nil // taken down meanwhile
		}
		if err != nil {
			return err
		}
		defer r.Close()
		return a.add("blobs/"+i.Key, info.Size, r)
	})
}

// Restore unpacks an archive into an empty installation and checks every hash. A target that already holds something is
// refused, and so is an archive that is cut off or altered: then nothing of it is kept.
func Restore(ctx context.Context, c Config, r io.Reader) (*Manifest, error) {
	if err := refuseNonEmpty(ctx, c); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Data, 0o750); err != nil {
		return nil, err
	}
	stage, err := os.MkdirTemp(c.Data, ".restore-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(stage)
	m, err := unpack(r, stage)
	if err != nil {
		return nil, err
	}
	blobs, err := blob.Open(ctx, c.blobsDSN())
	if err != nil {
		return nil, err
	}
	for _, name := range sortedNames(m) {
		if err := place(ctx, c, blobs, stage, name); err != nil {
			return nil, err
		}
	}
	// The database comes last: a house without its database does not open, so a restore that failed is not mistaken for one.
	return m, restoreDatabase(ctx, c, m, stage)
}

func refuseNonEmpty(ctx context.Context, c Config) error {
	entries, err := os.ReadDir(c.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.Name() != "keys" {
			return fmt.Errorf("the folder %s is not empty (%s): restore only into an empty one", c.Data, e.Name())
		}
	}
	if c.Database == "" {
		return nil
	}
	d, err := db.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer d.Close()
	var n int
	err = d.Read().NewRaw("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'").Scan(ctx, &n)
	if err == nil && n > 0 {
		err = fmt.Errorf("the PostgreSQL database is not empty (%d tables): restore only into an empty one", n)
	}
	return err
}

func unpack(r io.Reader, stage string) (*Manifest, error) {
	gz, err := gzip.NewReader(bufio.NewReader(r))
	if err != nil {
		return nil, fmt.Errorf("this is not a backup of the house: %w", err)
	}
	tr := tar.NewReader(gz)
	sums := map[string]string{}
	var m *Manifest
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the archive is cut off or damaged: %w", err)
		}
		if !filepath.IsLocal(h.Name) || h.Typeflag != tar.TypeReg {
			return nil, fmt.Errorf("the archive holds a file with a strange name: %q", h.Name)
		}
		if h.Name == manifestName {
			m = &Manifest{}
			if err := json.NewDecoder(tr).Decode(m); err != nil {
				return nil, fmt.Errorf("the list of files in the archive cannot be read: %w", err)
			}
			continue
		}
		if sums[h.Name], err = unpackFile(tr, filepath.Join(stage, filepath.FromSlash(h.Name))); err != nil {
			return nil, fmt.Errorf("the archive is cut off or damaged: %w", err)
		}
	}
	if m == nil {
		return nil, errors.New("the archive is cut off: its list of files is missing")
	}
	for name, sum := range m.Files {
		if sums[name] != sum {
			return nil, fmt.Errorf("the archive is damaged: %s is missing or altered", name)
		}
	}
	return m, nil
}

func unpackFile(r io.Reader, path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, h), r)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Sync(), f.Close())
}

func restoreDatabase(ctx context.Context, c Config, m *Manifest, stage string) error {
	file := filepath.Join(stage, "database."+string(m.Engine))
	want := db.SQLite
	if c.Database != "" {
		want = db.Postgres
	}
	if want != m.Engine {
		return fmt.Errorf("the archive holds a %s database, but %s is configured", m.Engine, want)
	}
	if want == db.Postgres {
		return runTool(ctx, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", "--dbname="+c.Database, file)
	}
	return os.Rename(file, c.databaseDSN())
}

func sortedNames(m *Manifest) []string {
	names := make([]string, 0, len(m.Files))
	for n := range m.Files {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// place moves one unpacked file to where it belongs.
func place(ctx context.Context, c Config, blobs blob.Store, stage, name string) error {
	from := filepath.Join(stage, filepath.FromSlash(name))
	section, rest, _ := strings.Cut(name, "/")
	switch section {
	case "blobs":
		f, err := os.Open(from)
		if err != nil {
			return err
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil {
			return err
		}
		return blobs.Put(ctx, rest, f, st.Size(), "")
	case "log":
		return move(from, filepath.Join(c.logFolder(), filepath.FromSlash(rest)))
	case "keys":
		return move(from, filepath.Join(filepath.Dir(c.keyFile()), filepath.FromSlash(rest)))
	}
	return nil
}

func move(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		return err
	}
	return os.Rename(from, to)
}
