package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// The tests of this package would be worth nothing if their eyes were shut: here they read a source that breaks the rules.
func parse(t *testing.T, text string) *source {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return &source{path: "internal/x/x.go", dir: "internal/x", ast: f, text: []byte(text)}
}

func TestUnexplained(t *testing.T) {
	f := parse(t, `package x

type A struct{}

// B is explained.
type B struct{}

func (B) Run() {}

// Walk is explained.
func (B) Walk() {}

func (B) String() string { return "" }

func (b *Box[T]) Open() {}

func Loose() {}

const C, d = 1, 2

// The days.
const (
	E = 1
	F = 2
)
`)
	var got []string
	for _, d := range f.ast.Decls {
		got = append(got, unexplained(d)...)
	}
	if want := []string{"A", "B.Run", "Box.Open", "Loose", "C"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAssigned(t *testing.T) {
	f := parse(t, `package x

var a, b, c int

func one()      { a = 1 }
func two()      { b := 2; b = 3 }
func three(c int) { c = 4 }
func four()     { c += 5 }
func five()     { x.a = 6 }
`)
	var got []string
	for _, d := range f.ast.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && len(assigned(fn, map[string]bool{"a": true, "b": true, "c": true})) > 0 {
			got = append(got, fn.Name.Name)
		}
	}
	if want := []string{"one", "four"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUses(t *testing.T) {
	f := parse(t, `package x

func f() {
	i18n.T(ctx, "a.title", "Name", name)
	i18n.T(ctx, "a.state."+s)
	i18n.T(ctx, key)
	fault.New(fault.Invalid, "a.bad")
	fault.Field("title", "a.long").With("Limit", 3)
	fs.Check(ok, "title", "a.missing")
	z.Check(actor, "a.write", r)
}
`)
	vi := texts{}
	for _, key := range []string{"a.title", "a.bad", "a.long", "a.missing", "a.state.open"} {
		vi[key] = struct{ text, file string }{"{{.Name}}", ""}
	}
	var got []string
	for _, u := range uses(f) {
		got = append(got, u.key)
		if why := missing(vi, u); why != "" {
			t.Errorf("%s: %s", u.key, why)
		}
	}
	if want := []string{"a.title", "a.state.", "a.bad", "a.long", "a.missing"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, u := range []use{{key: "a.none"}, {key: "b.", prefix: true}, {key: "a.title", known: true, args: []string{"Other"}}} {
		if missing(vi, u) == "" {
			t.Errorf("%+v was let through", u)
		}
	}
}

func TestFlatten(t *testing.T) {
	var doc map[string]any
	err := toml.Unmarshal([]byte(`
[a]
title = "T {{.Name}}"
[a.rows]
one = "{{.Count}} row"
other = "{{.Count}} rows of {{ .Unit }}"
["b.c"]
other = "x"
[a.kind]
one = "x"
other = "y"
id = "z"
`), &doc)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	flatten(got, "", doc)
	if keys := sortedKeys(got); !slices.Equal(keys, []string{"a.kind.id", "a.kind.one", "a.kind.other", "a.rows", "a.title", "b.c"}) {
		t.Errorf("keys %v", keys)
	}
	if p := places(got["a.rows"]); !slices.Equal(p, []string{"Count", "Unit"}) {
		t.Errorf("places %v", p)
	}
}

func TestMigrationPatterns(t *testing.T) {
	for name, ok := range map[string]bool{"0001_x.sql": true, "0002_add_more.sqlite.sql": true, "1_x.sql": false, "0001_X.sql": false, "0001_x.mysql.sql": false} {
		if migrationName.MatchString(name) != ok {
			t.Errorf("%s: matched %v", name, !ok)
		}
	}
	for text, want := range map[string]string{
		"SELECT * FROM publish_post p": "publish_post", `UPDATE "inbox_item" SET`: "inbox_item", "`bun:\"table:feedback_case,alias:c\"`": "feedback_case",
		"from publish_post_old": "publish_post_old", "the from of x": "",
	} {
		m := sqlUse.FindStringSubmatch(text)
		if got := strings.Join(m[min(1, len(m)):], ""); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if m := createTable.FindStringSubmatch("CREATE VIRTUAL TABLE publish_search USING fts5"); m == nil || m[1] != "publish_search" {
		t.Error("virtual tables are tables")
	}
}
