package app_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// A backup taken while the house runs is restored into an empty place, and the official in it can still be found.
func TestBackupAndRestore(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			from, to := app.Defaults(), app.Defaults()
			from.Data, to.Data = t.TempDir(), filepath.Join(t.TempDir(), "fresh")
			from.Log.Level, to.Log.Level = "error", "error"
			if engine == "postgres" {
				from.Database, to.Database = dbtest.PostgresURL(t), dbtest.PostgresURL(t)
			}
			for _, c := range []*app.Config{&from, &to} {
				if err := c.Check(); err != nil {
					t.Fatal(err)
				}
			}
			h, err := app.Open(t.Context(), from, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			name := "Nguyễn Thị Sao Lưu"
			err = h.Rooms().DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				_, err := h.Rooms().People.SeedOfficial(ctx, tx, identity.SeedOfficial{Name: name, Email: "sao-luu@nghean.example", Password: "giu-mot-ban-o-noi-khac"})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			var archive bytes.Buffer
			m, err := app.Backup(t.Context(), from, true, &archive)
			if err != nil || len(m.Files) < 3 {
				t.Fatal(m, err)
			}
			refuseBroken(t, to, archive.Bytes())
			if _, err := app.Restore(t.Context(), to, bytes.NewReader(archive.Bytes())); err != nil {
				t.Fatal(err)
			}
			if _, err := app.Restore(t.Context(), to, bytes.NewReader(archive.Bytes())); err == nil {
				t.Fatal("a second restore into the same place was not refused")
			}
			again, err := app.Open(t.Context(), to, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			var n int
			if err := again.Rooms().DB.Read().NewRaw("SELECT count(*) FROM identity_official WHERE name = ?", name).Scan(t.Context(), &n); err != nil || n != 1 {
				t.Fatal(n, err)
			}
		})
	}
}

// refuseBroken tries archives that are cut off or altered: each is refused and leaves nothing behind that looks like a house.
func refuseBroken(t *testing.T, c app.Config, whole []byte) {
	t.Helper()
	altered := bytes.Clone(whole)
	altered[len(altered)/2] ^= 0xff
	for name, b := range map[string][]byte{"empty": nil, "no archive": []byte("không phải bản sao lưu"), "cut off": whole[:len(whole)/2], "altered": altered} {
		if _, err := app.Restore(t.Context(), c, bytes.NewReader(b)); err == nil {
			t.Fatalf("%s: accepted", name)
		}
		entries, err := os.ReadDir(c.Data)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for _, e := range entries {
			t.Fatalf("%s: left %s behind", name, e.Name())
		}
	}
}

func run(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = app.Main(args, &o, &e)
	return code, o.String(), e.String()
}

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	data := "--data=" + filepath.Join(dir, "var")
	backup := filepath.Join(dir, "b.tar.gz")
	for _, c := range []struct {
		args []string
		code int
		want string // in what is printed
	}{
		{[]string{"version"}, 0, "nhipcau dev"},
		{[]string{"fly"}, 2, "fly"},
		{[]string{"serve", "--listen=nowhere"}, 2, `listen: "nowhere" is not HOST:PORT`},
		{[]string{"--config=/does/not/exist.toml", "version"}, 2, "cannot be read"},
		{[]string{data, "migrate"}, 0, "up to date"},
		{[]string{data, "units", "import"}, 0, "0 units were added"},
		{[]string{data, "units", "import", "/does/not/exist.csv"}, 1, "no such file"},
		{[]string{data, "user", "invite", "Nguyễn Thị Quản", "quan@nghean.example"}, 0, "/loi-moi/"},
		{[]string{data, "user", "invite", "--unit=99999", "Ai", "ai@nghean.example"}, 1, "99999"},
		{[]string{data, "user", "invite", "--role=king", "Ai", "ai@nghean.example"}, 1, `no role "king"`},
		{[]string{data, "user", "invite", "--role=editor", "--unit=16681", "Lê Thị Viết", "viet@nghean.example"}, 0, "/loi-moi/"},
		{[]string{data, "user", "invite", "Ai", "not-an-address"}, 1, "e-mail"},
		{[]string{data, "audit", "verify"}, 0, "the chain is whole"},
		{[]string{data, "keys", "rotate"}, 0, "fresh key"},
		{[]string{data, "keys", "reseal"}, 0, "texts were sealed anew"},
		{[]string{data, "backup", backup}, 0, "The keys are not"},
		{[]string{data, "backup", backup}, 1, "exists already"},
		{[]string{data, "restore", backup}, 1, "not empty"},
		{[]string{"--data=" + filepath.Join(dir, "new"), "restore", backup}, 0, "Put the key file back"},
		{[]string{"--data=" + filepath.Join(dir, "newer"), "restore", "/no/archive"}, 1, "there is no file"},
		{[]string{data, "--database=postgres://127.0.0.1:1/x?connect_timeout=1", "migrate"}, 1, "PostgreSQL does not answer"},
	} {
		code, out, errs := run(t, c.args...)
		if code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("nhipcau %s: exit %d (want %d)\n%s%s", strings.Join(c.args, " "), code, c.code, out, errs)
		}
		if code == 1 && strings.Count(strings.TrimSpace(errs), "\n") > 0 {
			t.Errorf("nhipcau %s: the error is not one sentence:\n%s", strings.Join(c.args, " "), errs)
		}
	}
}

func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nhipcau.toml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("listen = \"127.0.0.1:9000\"\nbudget = 100\n[zalo]\napp_id = \"1\"\n")
	c, err := app.LoadConfig(file, []string{"NHIPCAU_ZALO__APP_ID=2", "NHIPCAU_LOG__LEVEL=debug", "HOME=/root"})
	if err != nil || c.Listen != "127.0.0.1:9000" || c.Budget != 100 || c.Zalo.AppID != "2" || c.Log.Level != "debug" || c.Data != "var" {
		t.Fatalf("%+v %v", c, err)
	}
	write("lisen = \"x\"\n")
	if _, err := app.LoadConfig(file, nil); err == nil || !strings.Contains(err.Error(), `no setting "lisen"`) {
		t.Fatal(err)
	}
	open := app.Defaults()
	open.Listen, open.Rehearsal.SignIn = "0.0.0.0:8080", true
	if err := open.Check(); err == nil {
		t.Fatal("one-click sign-in was allowed on every address")
	}
}
