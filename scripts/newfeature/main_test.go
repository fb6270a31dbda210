package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The slice compiles and passes its own tests under a new name. The new files are laid over the tree, not written into it.
func TestNewFeaturePassesItsTests(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles a feature")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	made := t.TempDir()
	if err := run([]string{"quagmire"}, made); err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	err = filepath.WalkDir(made, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(made, p)
		overlay.Replace[filepath.Join(root, "internal", rel)] = p
		b, readErr := os.ReadFile(p)
		if readErr == nil && strings.Contains(strings.ToLower(string(b)), "sample") {
			t.Errorf("%s still speaks of the sample", rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(list, b, 0o644); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir() // compiled here and run beside their files: an overlaid folder cannot be stepped into
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-o", bin, "-overlay", list, "./internal/quagmire/quagmireweb", "./internal/quagmire")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, dir := range map[string]string{"quagmire": "quagmire", "quagmireweb": "quagmire/quagmireweb"} {
		cmd := exec.Command(filepath.Join(bin, name+".test"))
		cmd.Dir = filepath.Join(made, dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestNamesRefused(t *testing.T) {
	for _, args := range [][]string{nil, {""}, {"a"}, {"Meeting"}, {"my-feature"}, {"meetingweb"}, {"../x"}, {"a b"}, {"meeting", "two"}} {
		dir := t.TempDir()
		if err := run(args, dir); err == nil {
			t.Errorf("%q was taken", args)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%q left %v", args, left)
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "meeting"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"meeting"}, dir); err == nil {
		t.Error("an existing feature was overwritten")
	}
}
