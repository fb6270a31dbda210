package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// texts is what the catalogues of one language say: the text of every key with all its plural forms, and its file.
type texts map[string]struct{ text, file string }

// readCatalogues reads every catalogue.LANG.toml under internal/ and reports keys that two of them hold.
func readCatalogues(t *testing.T, h *tree, lang string) texts {
	all := texts{}
	for _, name := range sortedKeys(h.other) {
		if path.Base(name) != "catalogue."+lang+".toml" || !strings.HasPrefix(name, "internal/") {
			continue
		}
		var doc map[string]any
		if err := toml.Unmarshal(h.other[name], &doc); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		one := map[string]string{}
		flatten(one, "", doc)
		for key, text := range one {
			if before, twice := all[key]; twice {
				t.Errorf("the text %s stands in %s and in %s: a key begins with the name of its feature and stands once", key, before.file, name)
			}
			all[key] = struct{ text, file string }{text, name}
		}
	}
	if len(all) == 0 {
		t.Fatalf("no catalogue.%s.toml was found", lang)
	}
	return all
}

// flatten joins tables to dotted keys as i18n does: a table of only "other", or of "one" and "other", is one text.
func flatten(into map[string]string, key string, v any) {
	switch v := v.(type) {
	case string:
		into[key] = v
	case map[string]any:
		one, hasOne := v["one"].(string)
		other, hasOther := v["other"].(string)
		if key != "" && hasOther && (len(v) == 1 || len(v) == 2 && hasOne) {
			into[key] = one + "\n" + other
			return
		}
		for name, inner := range v {
			flatten(into, strings.TrimPrefix(key+"."+name, "."), inner)
		}
	}
}

var placeRE = regexp.MustCompile(`\{\{-?\s*(?:[a-z]+\s+)*\.([A-Za-z]+)`)

func places(text string) []string {
	var out []string
	for _, m := range placeRE.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return out
}

// Both languages have the same keys, each with a text, and the same places to fill in.
func TestCataloguesAgree(t *testing.T) {
	h := load(t)
	vi, en := readCatalogues(t, h, "vi"), readCatalogues(t, h, "en")
	for _, key := range sortedKeys(vi) {
		v := vi[key]
		e, ok := en[key]
		switch {
		case !ok:
			t.Errorf("%s: %s has no English text: add it to %s", v.file, key, strings.Replace(v.file, ".vi.", ".en.", 1))
		case strings.TrimSpace(v.text) == "" || strings.TrimSpace(e.text) == "":
			t.Errorf("%s: %s is empty", v.file, key)
		case !slices.Equal(places(v.text), places(e.text)):
			t.Errorf("%s: %s has the places %v in Vietnamese and %v in English", v.file, key, places(v.text), places(e.text))
		}
	}
	for _, key := range sortedKeys(en) {
		if _, ok := vi[key]; !ok {
			t.Errorf("%s: %s has no Vietnamese text: add it to %s", en[key].file, key, strings.Replace(en[key].file, ".en.", ".vi.", 1))
		}
	}
}

// use is one place in the program that asks for a text.
type use struct {
	key    string
	prefix bool // the key is built: only its beginning is known
	args   []string
	known  bool // args are all known
	at     token.Pos
}

// Every text that the program asks for exists: in i18n.T of pages and handlers, and in the faults of use cases.
func TestTextsExist(t *testing.T) {
	h := load(t)
	vi, en := readCatalogues(t, h, "vi"), readCatalogues(t, h, "en")
	total := 0
	for _, f := range h.files {
		if f.test || !strings.HasPrefix(f.path, "internal/") || f.dir == "internal/platform/i18n" || f.dir == "internal/fault" {
			continue
		}
		for _, u := range uses(f) {
			total++
			if why := missing(vi, u); why != "" {
				t.Errorf("%s: %s to the room's catalogue.vi.toml and catalogue.en.toml", h.where(u.at), why)
			} else if why := missing(en, u); why != "" {
				t.Errorf("%s: %s to the room's catalogue.en.toml", h.where(u.at), why)
			}
		}
	}
	if total == 0 {
		t.Fatal("no use of a text was found: the test reads the source wrongly")
	}
}

func missing(all texts, u use) string {
	if u.prefix {
		for key := range all {
			if strings.HasPrefix(key, u.key) {
				return ""
			}
		}
		return fmt.Sprintf("no text begins with %q: add one", u.key)
	}
	m, ok := all[u.key]
	if !ok {
		return fmt.Sprintf("the text %q does not exist: add it", u.key)
	}
	if u.known {
		for _, p := range places(m.text) {
			if !slices.Contains(u.args, p) {
				return fmt.Sprintf("the text %q has the place {{.%s}}, which this call does not fill; give it as an argument, or take the place out and add the text anew", u.key, p)
			}
		}
	}
	return ""
}

// uses finds the calls that name a text: i18n.T(ctx, key, …), words.T(key, …), fault.New(kind, key), fault.Field(field, key)
// and Fields.Check(ok, field, key).
func uses(f *source) []use {
	var out []use
	ast.Inspect(f.ast, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		s, ok := c.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		at := -1
		switch {
		case s.Sel.Name == "T" && isIdent(s.X, "i18n") && len(c.Args) >= 2:
			at = 1
		case isIdent(s.X, "fault") && (s.Sel.Name == "New" || s.Sel.Name == "Field") && len(c.Args) == 2:
			at = 1
		case s.Sel.Name == "Check" && len(c.Args) == 3:
			at = 2
		}
		if at < 0 {
			return true
		}
		u := use{at: c.Pos()}
		if u.key, u.prefix = literal(c.Args[at]); u.key == "" || !strings.Contains(u.key, ".") {
			return true
		}
		if isIdent(s.X, "i18n") && !u.prefix && c.Ellipsis == token.NoPos {
			u.args, u.known = argNames(c.Args[2:])
		}
		out = append(out, u)
		return true
	})
	return out
}

// literal gives the text of a string literal, or of the literal that a concatenation begins with.
func literal(e ast.Expr) (text string, prefix bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, _ = strconv.Unquote(e.Value)
		}
	case *ast.BinaryExpr:
		text, _ = literal(e.X)
		return text, true
	case *ast.ParenExpr:
		return literal(e.X)
	}
	return text, false
}

// argNames gives the names of "Name", value pairs; known is false when one is not a literal.
func argNames(args []ast.Expr) (names []string, known bool) {
	for i := 0; i < len(args); i += 2 {
		name, prefix := literal(args[i])
		if name == "" || prefix {
			return nil, false
		}
		names = append(names, name)
		if name == "Count" {
			names = append(names, "PluralCount")
		}
	}
	return names, true
}
