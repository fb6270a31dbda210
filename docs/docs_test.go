package docs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/arch"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	tableRE   = regexp.MustCompile(`(?s)CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?(\w+)(?: USING \w+)? ?\((.*?)\n?\)(?: WITHOUT ROWID)?;`)
	columnRE  = regexp.MustCompile(`^\s*([a-z_]+)\s+(?:text|bigint|integer|timestamptz|boolean|double precision|bytea|blob|tsvector)\b`)
	alteredRE = regexp.MustCompile(`ALTER TABLE (\w+) (ADD|DROP) (?:COLUMN )?([a-z_]+)\b`)
	tellingRE = regexp.MustCompile(`(^|_)(name|phone|email|mail|address|person|people|text|body|memo|donor|sender|payer|other_side|ip|device|lat|lon|place|initials|search|words|folded|question|answer|details|sealed|link|host|hotline|intro|comment|pictures|actor|author|approver|official|by|author|reason|note|returned|subject|handle|data|plan|moves|title|birth|gender|card)(_|$)`)
)

// columns reads every column of every table out of the migrations of the house, as "table.column"; one that a later migration
// took away is left out.
func columns(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir("../internal", func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".sql" || filepath.Base(filepath.Dir(path)) != "migrations" {
			return err
		}
		sql := read(t, path)
		for _, m := range tableRE.FindAllStringSubmatch(sql, -1) {
			for _, line := range strings.Split(m[2], "\n") {
				if c := columnRE.FindStringSubmatch(line); c != nil {
					out = append(out, m[1]+"."+c[1])
				}
			}
		}
		for _, m := range alteredRE.FindAllStringSubmatch(sql, -1) { // files come in the order in which they are applied
			column := m[1] + "." + m[3]
			if out = append(out, column); m[2] == "DROP" {
				out = slices.DeleteFunc(out, func(c string) bool { return c == column })
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(out)
	return slices.Compact(out)
}

var columnInDocRE = regexp.MustCompile("`([a-z0-9]+_[a-z_]+)\\.([a-z_]+)`")

// TestPersonalDataIsListed fails when a column whose name tells of a person, or of what a person wrote, is missing from
// personal-data.md, and when the document speaks of a column that does not exist.
func TestPersonalDataIsListed(t *testing.T) {
	have := columns(t)
	if len(have) < 200 {
		t.Fatalf("only %d columns were found in the migrations: the search for them is broken", len(have))
	}
	text := read(t, "personal-data.md")
	listed := map[string]bool{}
	for _, m := range columnInDocRE.FindAllStringSubmatch(text, -1) {
		column := m[1] + "." + m[2]
		listed[column] = true
		if !slices.Contains(have, column) {
			t.Errorf("personal-data.md speaks of %s, which no migration makes", column)
		}
	}
	for _, column := range have {
		_, name, _ := strings.Cut(column, ".")
		if tellingRE.MatchString(name) && !listed[column] {
			t.Errorf("%s may hold personal data: list it in personal-data.md with its purpose and how long it is kept, or under what is not personal", column)
		}
	}
}

var requiredRE = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)

// TestDependenciesAreExplained fails when a direct dependency has no line in dependencies.md.
func TestDependenciesAreExplained(t *testing.T) {
	text := read(t, "dependencies.md")
	var names []string
	for _, m := range requiredRE.FindAllStringSubmatch(read(t, "../go.mod"), -1) {
		names = append(names, m[1])
	}
	var npm struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(read(t, "../web/package.json")), &npm); err != nil {
		t.Fatal(err)
	}
	for _, m := range []map[string]string{npm.Dependencies, npm.DevDependencies} {
		for name := range m {
			names = append(names, name)
		}
	}
	if len(names) < 40 {
		t.Fatalf("only %d dependencies were found", len(names))
	}
	for _, name := range names {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("dependencies.md says nothing of %s: need, why this one, licence, what it costs", name)
		}
	}
}

var (
	keyRE     = regexp.MustCompile("koanf:\"([a-z_]+)\"")
	fileRefRE = regexp.MustCompile(`\]\(([^)#:]+?)(?:#[^)]*)?\)`)
)

// TestSettingsAreExplained fails when a setting of the program is missing from operate.md.
func TestSettingsAreExplained(t *testing.T) {
	text := read(t, "operate.md")
	section, n := "", 0
	for _, line := range strings.Split(read(t, "../internal/app/config.go"), "\n") {
		switch m := keyRE.FindStringSubmatch(line); {
		case strings.HasSuffix(line, " struct {") && strings.HasPrefix(line, "\t"):
			section = strings.ToLower(strings.Fields(line)[0]) + "."
		case m != nil && strings.HasPrefix(line, "\t}"):
			section = ""
		case m != nil:
			n++
			key := section + m[1]
			env := "NHIPCAU_" + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
			if !strings.Contains(text, "`"+key+"`") || !strings.Contains(text, "`"+env+"`") {
				t.Errorf("operate.md does not explain the setting %s (%s)", key, env)
			}
		}
	}
	if n < 20 {
		t.Fatalf("only %d settings were found", n)
	}
}

// TestLinksLeadSomewhere checks the links between the documents: each leads to a file of the repository.
func TestLinksLeadSomewhere(t *testing.T) {
	paths, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"adr/*.md", "../*.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, more...)
	}
	if len(paths) < 15 {
		t.Fatalf("only %d documents were found", len(paths))
	}
	_, err = os.Stat("img")
	noPictures := err != nil // pictures are made by the browser test; where there are any, all must be there
	for _, path := range paths {
		for _, m := range fileRefRE.FindAllStringSubmatch(read(t, path), -1) {
			if noPictures && strings.HasPrefix(m[1], "docs/img/") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", path, m[1])
			}
		}
	}
}

var rowRE = regexp.MustCompile(`(?m)^\| ([a-z]+) \| ([a-z]+) \| .+ \|$`)

// TestArrowsHaveTheirReasons compares the table of decision record 007 with the one that the code obeys.
func TestArrowsHaveTheirReasons(t *testing.T) {
	told := map[string]bool{}
	for _, m := range rowRE.FindAllStringSubmatch(read(t, "adr/007-features-and-arrows.md"), -1) {
		told[m[1]+" → "+m[2]] = true
		if !slices.Contains(arch.Arrows()[m[1]], m[2]) {
			t.Errorf("007 speaks of the arrow %s → %s, which does not exist", m[1], m[2])
		}
	}
	for from, all := range arch.Arrows() {
		for _, to := range all {
			if !told[from+" → "+to] {
				t.Errorf("007 gives no reason for the arrow %s → %s", from, to)
			}
		}
	}
}

// TestRecordsAreListed keeps the index of the decision records whole.
func TestRecordsAreListed(t *testing.T) {
	index := read(t, "adr/README.md")
	records, err := filepath.Glob("adr/[0-9]*.md")
	if err != nil || len(records) < 10 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, path := range records {
		if !strings.Contains(index, "("+filepath.Base(path)+")") {
			t.Errorf("adr/README.md does not list %s", filepath.Base(path))
		}
	}
}
