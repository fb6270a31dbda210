package handbook_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	pages "github.com/nhipcau/nhipcau/docs/handbook"
	"github.com/nhipcau/nhipcau/internal/handbook"
)

// under calls fn with every file below internal/ whose name ends with suffix.
func under(t *testing.T, suffix string, fn func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		b, err := os.ReadFile(path)
		fn(path, string(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var helpRE = regexp.MustCompile(`\bHelp:\s+"([^"]+)"`)

// Every "?" of every screen opens a page.
func TestEveryHelpHasItsPage(t *testing.T) {
	b, err := handbook.Load(pages.Pages)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	under(t, ".templ", func(path, text string) {
		for _, m := range helpRE.FindAllStringSubmatch(text, -1) {
			asked++
			if !b.Has(m[1]) {
				t.Errorf("%s opens the handbook at %q: write docs/handbook/%s.md", path, m[1], m[1])
			}
		}
	})
	if asked < 20 {
		t.Fatalf("only %d screens with a \"?\" were found: the search for them is broken", asked)
	}
}

var (
	boldRE  = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	linkRE  = regexp.MustCompile(`\]\(([^)]+)\)`)
	wordsOf = func(t *testing.T) []string {
		var out []string
		var collect func(v any)
		collect = func(v any) {
			switch v := v.(type) {
			case string:
				out = append(out, v)
			case map[string]any:
				for _, x := range v {
					collect(x)
				}
			}
		}
		under(t, "catalogue.vi.toml", func(path, text string) {
			m := map[string]any{}
			if err := toml.Unmarshal([]byte(text), &m); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			collect(m)
		})
		return out
	}
)

// What a page prints in bold is a word of the screen, letter for letter: who renames a button finds the pages that name it.
// What a page links to is another page of the handbook. And a page stays short.
func TestPagesSpeakTheWordsOfTheScreens(t *testing.T) {
	b, err := handbook.Load(pages.Pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range b.Search("") {
		if strings.Contains(e.HTML, `.md"`) {
			t.Errorf("%s leads from page to file", e.Name)
		}
	}
	words := wordsOf(t)
	names, err := fs.Glob(pages.Pages, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(pages.Pages, name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		for _, m := range boldRE.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(words, m[1]) {
				t.Errorf("%s: no screen says %q; bold is for words of the screen, italics for weight", name, m[1])
			}
		}
		for _, m := range linkRE.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(m[1], "img/") {
				continue // TestPicturesAndPagesAgree
			}
			if page, ok := strings.CutSuffix(m[1], ".md"); !ok || !b.Has(page) {
				t.Errorf("%s links to %q; link to the file of another page", name, m[1])
			}
		}
		if n := strings.Count(text, "\n"); n > 60 {
			t.Errorf("%s has %d lines: one task to a page", name, n)
		}
	}
}

// Every picture that a page names is there, small and with words for those who do not see it; every picture that is there is
// named by a page. The five tasks that somebody new begins with are shown, not only told.
func TestPicturesAndPagesAgree(t *testing.T) {
	b, err := handbook.Load(pages.Pages) // refuses what is missing or has no words
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]int{} // by file, and by page
	for _, e := range b.Search("") {
		for _, m := range regexp.MustCompile(`<img class="shot" src="/huong-dan/([^"]+)" alt="[^"]{12,}" width="[1-9]\d+" height="[1-9]\d+" loading="lazy"`).FindAllStringSubmatch(e.HTML, -1) {
			named["img/"+m[1]]++
			named[e.Name]++
		}
		if n := strings.Count(e.HTML, "<img"); n != named[e.Name] {
			t.Errorf("%s shows %d pictures, %d of them as they should be", e.Name, n, named[e.Name])
		}
	}
	files, err := fs.Glob(pages.Pages, "img/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if named[f] == 0 {
			t.Errorf("no page shows %s", f)
		}
		if i, err := fs.Stat(pages.Pages, f); err != nil || i.Size() > 60_000 {
			t.Errorf("%s is too heavy for a slow line: %v", f, err)
		}
	}
	for _, page := range []string{"ket-noi-kenh", "soan-tin-bai", "hop-thu", "thong-ke", "ban-giao"} {
		if n := named[page]; n < 2 || n > 4 {
			t.Errorf("%s shows %d pictures, want 2 to 4", page, n)
		}
	}
}
