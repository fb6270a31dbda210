package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/nhipcau/nhipcau/"

// source is one Go file of the repository.
type source struct {
	path      string // from the root of the repository, with slashes
	dir       string
	text      []byte
	ast       *ast.File
	test      bool // *_test.go
	generated bool // made by a tool
}

// tree is everything the tests read, parsed once.
type tree struct {
	fset  *token.FileSet
	files []*source
	other map[string][]byte // *.templ, *.sql, *.toml, *.ts, *.css by path
	err   error
}

var house = sync.OnceValue(func() *tree { return readTree("../..") })

func load(t *testing.T) *tree {
	t.Helper()
	h := house()
	if h.err != nil {
		t.Fatal(h.err)
	}
	if len(h.files) < 20 {
		t.Fatalf("only %d Go files were found: the test looks in the wrong place", len(h.files))
	}
	return h
}

func readTree(root string) *tree {
	h := &tree{fset: token.NewFileSet(), other: map[string][]byte{}}
	h.err = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) { // a file that went while the tree was read
				return nil
			}
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if e.IsDir() {
			if rel != "." && skipDir(rel) {
				return filepath.SkipDir
			}
			return nil
		}
		return h.add(p, rel)
	})
	return h
}

func skipDir(rel string) bool {
	name := path.Base(rel)
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "node_modules" || name == "testdata" ||
		rel == "var" || rel == "bin" || rel == "internal/platform/ui/assets/dist"
}

func (h *tree) add(p, rel string) error {
	switch path.Ext(rel) {
	case ".templ", ".sql", ".toml", ".ts", ".css":
		if strings.HasPrefix(rel, "data/") {
			return nil
		}
		b, err := os.ReadFile(p)
		h.other[rel] = b
		return err
	case ".go":
	default:
		return nil
	}
	b, err := os.ReadFile(p)
	if err != nil {
		return err
	}
	f, err := parser.ParseFile(h.fset, rel, b, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	h.files = append(h.files, &source{
		path: rel, dir: path.Dir(rel), text: b, ast: f,
		test: strings.HasSuffix(rel, "_test.go"), generated: strings.HasSuffix(rel, "_templ.go") || ast.IsGenerated(f),
	})
	return nil
}

// where gives "file:line" of a node.
func (h *tree) where(p token.Pos) string {
	at := h.fset.Position(p)
	return at.Filename + ":" + strconv.Itoa(at.Line)
}

// packages groups the files that go into the program by folder.
func (h *tree) packages() map[string][]*source {
	m := map[string][]*source{}
	for _, f := range h.files {
		if !f.test {
			m[f.dir] = append(m[f.dir], f)
		}
	}
	return m
}

// imports gives the import paths of a file.
func (f *source) imports() []string {
	var out []string
	for _, s := range f.ast.Imports {
		if p, err := strconv.Unquote(s.Path.Value); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func lines(b []byte) int { return strings.Count(string(b), "\n") }

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
