package arch

import (
	"bytes"
	"go/format"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/a-h/templ/generator"
	parser "github.com/a-h/templ/parser/v2"
)

// fileName is the name of the page file in error messages; it depends on the folder that generate was called in.
var fileName = regexp.MustCompile("FileName: `[^`]*/")

// The Go code of every page is committed and is what `make generate` would make of it now.
func TestGeneratedPagesAreFresh(t *testing.T) {
	h := load(t)
	committed := map[string][]byte{}
	for _, f := range h.files {
		if strings.HasSuffix(f.path, "_templ.go") {
			committed[f.path] = f.text
		}
	}
	for _, name := range sortedKeys(h.other) {
		if path.Ext(name) != ".templ" {
			continue
		}
		target := strings.TrimSuffix(name, ".templ") + "_templ.go"
		want, err := generate(filepath.Join("../..", filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, ok := committed[target]
		delete(committed, target)
		switch {
		case !ok:
			t.Errorf("%s is missing: run make generate and commit it", target)
		case !bytes.Equal(fileName.ReplaceAll(got, []byte("FileName: `")), fileName.ReplaceAll(want, []byte("FileName: `"))):
			t.Errorf("%s is not what %s gives: run make generate and commit it", target, name)
		}
	}
	for name := range committed {
		t.Errorf("%s has no page beside it: delete it", name)
	}
}

// generate does what `templ generate` does to one file.
func generate(file string) ([]byte, error) {
	t, err := parser.Parse(file)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := generator.Generate(t, &b, generator.WithVersion(templ.Version()), generator.WithFileName(filepath.Base(file))); err != nil {
		return nil, err
	}
	return format.Source(b.Bytes())
}

// A package with pages has tests that draw them.
func TestPagesAreDrawn(t *testing.T) {
	h := load(t)
	pages, drawn := map[string]bool{}, map[string]bool{}
	for _, f := range h.files {
		if strings.HasSuffix(f.path, "_templ.go") {
			pages[f.dir] = true
		}
		if f.test && (bytes.Contains(f.text, []byte("golden.")) || bytes.Contains(f.text, []byte("Render(")) || bytes.Contains(f.text, []byte("httptest."))) {
			drawn[f.dir] = true
		}
	}
	for dir := range pages {
		if !drawn[dir] {
			t.Errorf("%s has pages and no test that draws them: add golden tests of the normal, empty, refused and forbidden page", dir)
		}
	}
}
