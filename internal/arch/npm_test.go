package arch

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// The lock file names versions and hashes but no registry, so that npm fetches from wherever the machine is told to.
func TestNpmNamesNoRegistry(t *testing.T) {
	for _, name := range []string{"../../web/package-lock.json", "../../web/package.json", "../../web/.npmrc"} {
		b, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{`"resolved"`, "registry.npmjs", "registry="} {
			if strings.Contains(string(b), word) {
				t.Errorf("%s contains %s: keep omit-lockfile-registry-resolved=true in web/.npmrc and make the lock file anew", strings.TrimPrefix(name, "../../"), word)
			}
		}
	}
}
