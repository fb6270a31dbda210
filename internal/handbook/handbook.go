// Package handbook shows the user's handbook: one short page for each thing one does, opened by the "?" of the screen that
// does it. It belongs to everybody and needs no account.
package handbook

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"sort"
	"strings"

	"github.com/a-h/templ"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Catalogue holds the texts around the pages.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Entry is one page of the handbook.
type Entry struct {
	Name  string // file name without .md, also its address: "viet-tin-bai"
	Title string
	HTML  string
	plain string // folded text, for search
}

// Book is the handbook, rendered once at start.
type Book struct {
	entries []Entry
	byName  map[string]int
	shots   map[string]picture // by file name
}

// Load renders the Markdown pages at the root of fsys, with the pictures of img/ that they name. A page without a title is an
// error, and a picture that is missing or has no words.
func Load(fsys fs.FS) (*Book, error) {
	md := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	names, err := fs.Glob(fsys, "*.md")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	b := &Book{byName: map[string]int{}, shots: map[string]picture{}}
	for _, file := range names {
		raw, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		first, rest, _ := strings.Cut(string(raw), "\n")
		title, ok := strings.CutPrefix(first, "# ")
		if !ok {
			return nil, fmt.Errorf("handbook: %s does not begin with a title", file)
		}
		var out bytes.Buffer
		if err := md.Convert([]byte(rest), &out); err != nil {
			return nil, fmt.Errorf("handbook: %s: %w", file, err)
		}
		name := strings.TrimSuffix(file, ".md")
		b.byName[name] = len(b.entries)
		html := strings.ReplaceAll(out.String(), `.md">`, `">`) // links lead from file to file in the repository, from page to page here
		if html, err = b.pictures(fsys, html); err != nil {
			return nil, fmt.Errorf("handbook: %s: %w", file, err)
		}
		b.entries = append(b.entries, Entry{Name: name, Title: title, HTML: html, plain: vntext.Fold(string(raw))})
	}
	if _, ok := b.byName["index"]; !ok {
		return nil, errors.New("handbook: index.md is missing")
	}
	return b, nil
}

// Has tells whether there is a page of the name: a test checks every "?" with it.
func (b *Book) Has(name string) bool { _, ok := b.byName[name]; return ok }

// Search lists the pages that hold every word of q, without regard to diacritics; all pages but the first for "".
func (b *Book) Search(q string) []Entry {
	words := strings.Fields(vntext.Fold(q))
	var out []Entry
	for _, e := range b.entries {
		hit := e.Name != "index"
		for _, w := range words {
			hit = hit && strings.Contains(e.plain, w)
		}
		if hit {
			out = append(out, e)
		}
	}
	return out
}

// Routes adds the handbook's pages.
func (b *Book) Routes(rt *web.Routes) {
	rt.Public("GET "+ui.HelpPath+"{$}", b.index)
	rt.Public("GET "+ui.HelpPath+"{name}", b.page)
}

func (b *Book) index(w http.ResponseWriter, r *http.Request) error {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	return web.Render(w, r, http.StatusOK, indexPage(b.entries[b.byName["index"]], q, b.Search(q)))
}

func (b *Book) page(w http.ResponseWriter, r *http.Request) error {
	if name := r.PathValue("name"); strings.HasSuffix(name, ".png") {
		return b.serve(w, r, name)
	}
	i, ok := b.byName[r.PathValue("name")]
	if !ok {
		return fault.New(fault.NotFound, "handbook.not_found")
	}
	return web.Render(w, r, http.StatusOK, entryPage(b.entries[i]))
}

// raw places rendered Markdown of our own files into a page.
func raw(html string) templ.Component { return templ.Raw(html) }
