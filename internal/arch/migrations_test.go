package arch

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	migrationName = regexp.MustCompile(`^(\d{4})_([a-z0-9_]+?)(\.sqlite|\.postgres)?\.sql$`)
	createTable   = regexp.MustCompile(`(?i)\bcreate\s+(?:virtual\s+)?table\s+(?:if\s+not\s+exists\s+)?"?([a-z0-9_]+)`)
	sqlUse        = regexp.MustCompile(`(?i)\b(?:from|join|into|update|table|table:)\s*"?([a-z][a-z0-9]*_[a-z0-9_]+)\b`)
)

// migration is one file of a package's migrations.
type migration struct{ file, dir, number, name, engine, text string }

func migrations(t *testing.T, h *tree) []migration {
	var out []migration
	for _, name := range sortedKeys(h.other) {
		if path.Ext(name) != ".sql" || path.Base(path.Dir(name)) != "migrations" {
			continue
		}
		m := migrationName.FindStringSubmatch(path.Base(name))
		if m == nil {
			t.Errorf("%s: name it NNNN_what.sql, or NNNN_what.sqlite.sql and NNNN_what.postgres.sql where the engines differ", name)
			continue
		}
		out = append(out, migration{file: name, dir: path.Dir(path.Dir(name)), number: m[1], name: m[2], engine: strings.TrimPrefix(m[3], "."), text: string(h.other[name])})
	}
	return out
}

// Migrations go forward only: what was released is corrected by the next one.
func TestMigrationsGoForward(t *testing.T) {
	h := load(t)
	seen := map[string]string{}
	for _, m := range migrations(t, h) {
		if !strings.Contains(m.text, "-- +goose Up") {
			t.Errorf("%s: begin with -- +goose Up", m.file)
		}
		if strings.Contains(m.text, "-- +goose Down") {
			t.Errorf("%s: no way down: take -- +goose Down out; a mistake is corrected by a new migration", m.file)
		}
		engines := []string{m.engine}
		if m.engine == "" {
			engines = []string{"sqlite", "postgres"}
		} else {
			other := map[string]string{"sqlite": "postgres", "postgres": "sqlite"}[m.engine]
			if _, ok := h.other[strings.Replace(m.file, "."+m.engine+".sql", "."+other+".sql", 1)]; !ok {
				t.Errorf("%s has no counterpart for %s", m.file, other)
			}
		}
		for _, e := range engines {
			key := m.dir + " " + m.number + " " + e
			if before, twice := seen[key]; twice {
				t.Errorf("%s and %s have one number: give the newer the next", before, m.file)
			}
			seen[key] = m.file
		}
	}
}

// A table carries the name of its package, and only that package (with its tests) names it in SQL.
func TestTablesBelongToTheirPackage(t *testing.T) {
	h := load(t)
	owner := map[string]string{}
	for _, m := range migrations(t, h) {
		prefix := path.Base(m.dir) + "_"
		for _, c := range createTable.FindAllStringSubmatch(m.text, -1) {
			table := strings.ToLower(c[1])
			if !strings.HasPrefix(table, prefix) {
				t.Errorf("%s: the table %s must be named %s…", m.file, table, prefix)
			}
			owner[table] = m.dir
		}
	}
	for _, f := range h.files {
		if f.test || f.generated || !strings.HasPrefix(f.path, "internal/") || f.dir == "internal/arch" {
			continue
		}
		for _, use := range sqlUse.FindAllStringSubmatch(string(f.text), -1) {
			dir, ok := owner[strings.ToLower(use[1])]
			if ok && f.dir != dir && !strings.HasPrefix(f.dir, dir+"/") {
				t.Errorf("%s names the table %s of %s: ask its exported queries", f.path, use[1], dir)
			}
		}
	}
}
