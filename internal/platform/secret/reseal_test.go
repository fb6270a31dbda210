package secret_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

func TestReseal(t *testing.T) {
	tokens := db.Migrations{Name: "safe", FS: fstest.MapFS{"0001_safe.sql": {Data: []byte("-- +goose Up\nCREATE TABLE safe (id text PRIMARY KEY, token text NOT NULL);\n")}}}
	col := secret.Column{Table: "safe", Key: "id", Column: "token", Place: func(id string) string { return "safe/" + id }}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		path := filepath.Join(t.TempDir(), "house.key")
		old, err := secret.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		put := func(box *secret.Box, id, place string) {
			t.Helper()
			sealed, err := box.Seal([]byte("mật "+id), place)
			if err != nil {
				t.Fatal(err)
			}
			err = d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				_, err := tx.NewRaw("INSERT INTO safe (id, token) VALUES (?, ?)", id, sealed).Exec(ctx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for i := range 450 { // more than two batches
			id := fmt.Sprintf("%04d", i)
			put(old, id, "safe/"+id)
		}
		fresh, err := secret.Rotate(path)
		if err != nil {
			t.Fatal(err)
		}
		put(fresh, "new", "safe/new")
		for _, want := range []int{450, 0} {
			if n, err := fresh.Reseal(t.Context(), d, col); err != nil || n != want {
				t.Fatal(n, err)
			}
		}
		var rows []struct{ ID, Token string }
		if err := d.Read().NewRaw("SELECT id, token FROM safe").Scan(t.Context(), &rows); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if plain, err := fresh.Open(r.Token, "safe/"+r.ID); err != nil || string(plain) != "mật "+r.ID || fresh.Stale(r.Token) {
				t.Fatal(r.ID, string(plain), err)
			}
		}
		put(old, "zz", "another place")
		if _, err := fresh.Reseal(t.Context(), d, col); err == nil {
			t.Fatal("a text that cannot be opened was passed over in silence")
		}
	}, tokens)
}
