package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/app"
)

// The command judges the golden receipts with exit codes that a script can trust, in one sentence, without a house.
func TestVerifyCommand(t *testing.T) {
	raw, err := os.ReadFile("../feedback/receipt/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Name, Key, Fault, Receipt string }
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Chdir(dir)
	file, keys := filepath.Join(dir, "bien-nhan.json"), filepath.Join(dir, "vkey")
	run := func(args ...string) (int, string, string) {
		var out, errs strings.Builder
		return app.Main(append([]string{"verify"}, args...), &out, &errs), out.String(), errs.String()
	}
	for _, v := range vectors {
		if err := os.WriteFile(file, []byte(v.Receipt), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(keys, []byte("# published on the printed slip\n"+v.Key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		want := 0
		if v.Fault != "" {
			want = 1
		}
		args := []string{file, "--key", v.Key}
		if v.Key == "" {
			args = args[:1]
		}
		code, out, errs := run(args...)
		if code != want || strings.Count(out, "\n") != 1 || strings.HasPrefix(out, "VALID:") != (want == 0) || errs != "" {
			t.Errorf("%s: %d %q %q", v.Name, code, out, errs)
		}
		if v.Key != "" {
			code, out, _ = run(file, "--key-file", keys, "--json")
			var verdict struct {
				Valid bool
				Fault string
			}
			if err := json.Unmarshal([]byte(out), &verdict); err != nil || code != want || verdict.Valid != (want == 0) || verdict.Fault != v.Fault {
				t.Errorf("%s as JSON: %d %v %s", v.Name, code, err, out)
			}
		}
	}
	for _, args := range [][]string{{}, {"khong-co.json"}, {file, "--cases"}, {"--cases", "--key", "x"}, {file, "--key", "a", "--key-file", keys}, {file, "--key-file", "khong-co"}, {file, "--what"}} {
		if code, _, errs := run(args...); code != 2 || errs == "" {
			t.Errorf("%v: %d %q", args, code, errs)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "var", "*")); len(left) > 0 {
		t.Errorf("an offline check made files: %v", left)
	}
}

// --cases on a whole installation: nothing wrong, then one case altered.
func TestVerifyCases(t *testing.T) {
	dir := t.TempDir()
	var out, errs strings.Builder
	if code := app.Main([]string{"verify", "--cases", "--data", dir}, &out, &errs); code != 0 || !strings.HasPrefix(out.String(), "VALID: every case") {
		t.Fatalf("%d %s %s", code, out.String(), errs.String())
	}
}
