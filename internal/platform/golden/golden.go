// Package golden compares what a page looks like now with what it looked like when somebody last read it: the HTML is laid
// out line by line and kept in testdata, so that a change of a page is seen in the review. Run a test with -update to write
// the files anew.
package golden

import (
	"bytes"
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Words gives a context that speaks Vietnamese from the catalogues, for rendering pages in tests.
func Words(t testing.TB, catalogues ...fs.FS) context.Context {
	t.Helper()
	b, err := i18n.Load(catalogues...)
	if err != nil {
		t.Fatal(err)
	}
	return i18n.With(context.Background(), b.In("vi"))
}

// Option changes how a page is compared.
type Option func(string) string

// Replace puts a fixed word in the place of what changes on every run, such as a nonce.
func Replace(pattern, with string) Option {
	re := regexp.MustCompile(pattern)
	return func(s string) string { return re.ReplaceAllString(s, with) }
}

// HTML renders c with ctx (see Words) and compares it with testdata/<name>.html.
func HTML(t testing.TB, ctx context.Context, name string, c templ.Component, opts ...Option) {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	Body(t, name, b.Bytes(), opts...)
}

// Body compares HTML already rendered, such as the body of an answer, with testdata/<name>.html.
func Body(t testing.TB, name string, body []byte, opts ...Option) {
	t.Helper()
	got, err := Format(body)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range opts {
		got = o(got)
	}
	Text(t, name+".html", got)
}

// Text compares any text with testdata/<file>.
func Text(t testing.TB, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(file))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update to write it)", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s has changed (-before +now); run the test with -update when that is right:\n%s", path, d)
	}
}

// hashed is the part of an asset's address that changes with every edit of a style sheet.
var hashed = regexp.MustCompile(`/static/[0-9a-f]{12}/`)

// Format lays HTML out one element or text per line. Scripts and the font sheet of our own bundle are left out, since they
// are there only when a bundle was made; the hash in addresses of assets becomes "HASH".
func Format(body []byte) (string, error) {
	var nodes []*html.Node
	if head := bytes.ToLower(bytes.TrimSpace(body)); bytes.HasPrefix(head, []byte("<!doctype")) || bytes.HasPrefix(head, []byte("<html")) {
		doc, err := html.Parse(bytes.NewReader(body))
		if err != nil {
			return "", err
		}
		nodes = append(nodes, doc)
	} else {
		where := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
		if bytes.HasPrefix(head, []byte("<tr")) {
			where = &html.Node{Type: html.ElementNode, Data: "tbody", DataAtom: atom.Tbody}
		}
		var err error
		if nodes, err = html.ParseFragment(bytes.NewReader(body), where); err != nil {
			return "", err
		}
	}
	var out strings.Builder
	for _, n := range nodes {
		write(&out, n, 0)
	}
	return hashed.ReplaceAllString(out.String(), "/static/HASH/"), nil
}

var void = map[string]bool{"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true, "meta": true, "source": true, "track": true, "wbr": true}

func write(out *strings.Builder, n *html.Node, depth int) {
	indent := strings.Repeat("  ", depth)
	switch n.Type {
	case html.DocumentNode:
		children(out, n, depth)
	case html.DoctypeNode:
		out.WriteString("<!DOCTYPE " + n.Data + ">\n")
	case html.CommentNode:
		out.WriteString(indent + "<!--" + n.Data + "-->\n")
	case html.TextNode:
		if s := squeeze(n.Data); s != "" {
			out.WriteString(indent + html.EscapeString(s) + "\n")
		}
	case html.ElementNode:
		if fromBundle(n) {
			return
		}
		out.WriteString(indent + openTag(n))
		switch {
		case void[n.Data]:
			out.WriteString("\n")
		case n.FirstChild == nil:
			out.WriteString("</" + n.Data + ">\n")
		case n.Data == "textarea" || n.Data == "pre":
			out.WriteString(html.EscapeString(n.FirstChild.Data) + "</" + n.Data + ">\n")
		case n.FirstChild == n.LastChild && n.FirstChild.Type == html.TextNode:
			out.WriteString(html.EscapeString(squeeze(n.FirstChild.Data)) + "</" + n.Data + ">\n")
		default:
			out.WriteString("\n")
			children(out, n, depth+1)
			out.WriteString(indent + "</" + n.Data + ">\n")
		}
	}
}

func children(out *strings.Builder, n *html.Node, depth int) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		write(out, c, depth)
	}
}

func openTag(n *html.Node) string {
	var b strings.Builder
	b.WriteString("<" + n.Data)
	for _, a := range n.Attr {
		b.WriteString(" " + a.Key)
		if a.Val != "" {
			b.WriteString(`="` + html.EscapeString(a.Val) + `"`)
		}
	}
	b.WriteString(">")
	return b.String()
}

// fromBundle tells whether an element loads a file that exists only after bundling.
func fromBundle(n *html.Node) bool {
	for _, a := range n.Attr {
		if n.Data == "script" && a.Key == "src" && strings.HasPrefix(a.Val, "/static/") {
			return true
		}
		if n.Data == "link" && a.Key == "href" && strings.HasSuffix(a.Val, "/fonts.css") {
			return true
		}
	}
	return false
}

// squeeze turns runs of white space into one space; space at the ends stays as one space only where text touches text.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
