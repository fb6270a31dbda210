package secret_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

func TestSealOpenAndPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "house.key")
	box, err := secret.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v", st.Mode())
	}
	sealed, err := box.Seal([]byte("0912 000 001"), "feedback_person:1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := secret.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed, "feedback_person:1"); err != nil || string(got) != "0912 000 001" {
		t.Fatal(got, err)
	}
	if _, err := again.Open(sealed, "feedback_person:2"); err != secret.ErrSealed {
		t.Fatal("opened in another place:", err)
	}
	altered := []byte(sealed)
	at := strings.LastIndexByte(sealed, ':') + 1
	if altered[at] = 'A'; sealed[at] == 'A' {
		altered[at] = 'B'
	}
	for _, bad := range []string{"", "s1", "s1:x:y", string(altered)} {
		if _, err := again.Open(bad, "feedback_person:1"); err != secret.ErrSealed {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "house.key")
	old, err := secret.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := old.Seal([]byte("mật"), "p")
	fresh, err := secret.Rotate(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := fresh.Open(sealed, "p"); err != nil || string(got) != "mật" {
		t.Fatal(got, err)
	}
	if !fresh.Stale(sealed) {
		t.Fatal("must be stale")
	}
	anew, _ := fresh.Seal([]byte("mật"), "p")
	if fresh.Stale(anew) {
		t.Fatal("must be fresh")
	}
	if !bytes.Equal(old.Derive("links"), fresh.Derive("links")) || bytes.Equal(old.Derive("links"), old.Derive("other")) {
		t.Fatal("derivation")
	}
}

func TestParseRefusesNonsense(t *testing.T) {
	for _, bad := range []string{"", "# only a remark", "id zz", "id 00ff"} {
		if _, err := secret.Parse(bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}
