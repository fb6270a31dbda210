// Package i18n turns catalogue keys into words: Vietnamese first, English second. Each feature brings its own
// catalogue.vi.toml and catalogue.en.toml; the roof loads them all at start.
package i18n

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
)

// Bundle is every catalogue of the house.
type Bundle struct{ vi, en *Words }

// Words speaks one language.
type Words struct {
	Lang string // "vi" or "en"
	loc  *i18n.Localizer
}

// Load reads catalogue.vi.toml and catalogue.en.toml from the root of each file system. A key that two catalogues claim
// is an error: one text would silently win.
func Load(catalogues ...fs.FS) (*Bundle, error) {
	b := i18n.NewBundle(language.Vietnamese)
	for _, lang := range []language.Tag{language.Vietnamese, language.English} {
		seen := map[string]bool{}
		for _, c := range catalogues {
			ms, err := messages(c, "catalogue."+lang.String()+".toml")
			if err != nil {
				return nil, err
			}
			for _, m := range ms {
				if seen[m.ID] {
					return nil, fmt.Errorf("i18n: the key %q stands in two %s catalogues", m.ID, lang)
				}
				seen[m.ID] = true
			}
			if err := b.AddMessages(lang, ms...); err != nil {
				return nil, fmt.Errorf("i18n: %w", err)
			}
		}
	}
	return &Bundle{
		vi: &Words{Lang: "vi", loc: i18n.NewLocalizer(b, "vi")},
		en: &Words{Lang: "en", loc: i18n.NewLocalizer(b, "en", "vi")},
	}, nil
}

// messages reads one catalogue file.
func messages(c fs.FS, name string) ([]*i18n.Message, error) {
	data, err := fs.ReadFile(c, name)
	if err != nil {
		return nil, fmt.Errorf("i18n: %w", err)
	}
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return nil, fmt.Errorf("i18n: %s: %w", name, err)
	}
	var out []*i18n.Message
	if err := flatten("", tree, &out); err != nil {
		return nil, fmt.Errorf("i18n: %s: %w", name, err)
	}
	return out, nil
}

// flatten joins the tables of a catalogue to dotted keys. A table that holds only "other", or "one" and "other", is the
// plural forms of one text; in any other table such names (and "description", "id", …) are ordinary keys.
func flatten(prefix string, tree map[string]any, out *[]*i18n.Message) error {
	for k, v := range tree {
		id := prefix + k
		switch v := v.(type) {
		case string:
			*out = append(*out, &i18n.Message{ID: id, Other: v})
		case map[string]any:
			one, okOne := v["one"].(string)
			other, okOther := v["other"].(string)
			if okOther && (len(v) == 1 || len(v) == 2 && okOne) {
				*out = append(*out, &i18n.Message{ID: id, One: one, Other: other})
			} else if err := flatten(id+".", v, out); err != nil {
				return err
			}
		default:
			return fmt.Errorf("the key %q is no text", id)
		}
	}
	return nil
}

// In gives the words of a language: "en", otherwise Vietnamese.
func (b *Bundle) In(lang string) *Words {
	if strings.HasPrefix(lang, "en") {
		return b.en
	}
	return b.vi
}

type key struct{}

// With puts the language of a request into its context.
func With(ctx context.Context, w *Words) context.Context { return context.WithValue(ctx, key{}, w) }

// From gives the language in the context; nil when none was put there.
func From(ctx context.Context) *Words {
	w, _ := ctx.Value(key{}).(*Words)
	return w
}

// Lang is "vi" or "en".
func Lang(ctx context.Context) string {
	if w := From(ctx); w != nil {
		return w.Lang
	}
	return "vi"
}

// T gives the text of a key in the language of ctx. Arguments are name, value pairs for the text's {{.Name}} places; the
// name "Count" also chooses the plural form. A missing key is shown as itself and logged.
func T(ctx context.Context, id string, args ...any) string {
	w := From(ctx)
	if w == nil {
		return id
	}
	return w.T(id, args...)
}

// T is the method behind the function T.
func (w *Words) T(id string, args ...any) string {
	cfg := i18n.LocalizeConfig{MessageID: id}
	if len(args) > 0 {
		data := make(map[string]any, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			name := fmt.Sprint(args[i])
			data[name] = args[i+1]
			if name == "Count" {
				cfg.PluralCount = args[i+1]
			}
		}
		cfg.TemplateData = data
	}
	s, err := w.loc.Localize(&cfg)
	if err != nil && s == "" {
		slog.Warn("i18n: no text", "key", id, "lang", w.Lang, "err", err)
		return id
	}
	return s
}

// Has tells whether the catalogue knows a key.
func (w *Words) Has(id string) bool {
	s, err := w.loc.Localize(&i18n.LocalizeConfig{MessageID: id}) // a text found only in Vietnamese comes with an error
	return s != "" || err == nil
}

// Fault gives the text of a fault.
func Fault(ctx context.Context, e *fault.Error) string {
	args := make([]any, 0, 2*len(e.Args))
	for _, a := range e.Args {
		args = append(args, a.Name, a.Value)
	}
	return T(ctx, e.Key, args...)
}

// Date writes the Vietnam day of a moment as 21/11/2026.
func Date(t time.Time) string { return t.In(clock.Vietnam).Format("02/01/2006") }

// DateTime writes a moment as "21/11/2026 10:32" in Vietnam time.
func DateTime(t time.Time) string { return t.In(clock.Vietnam).Format("02/01/2006 15:04") }

// Middleware chooses the language: ?lang= (kept in a cookie), the cookie, then Vietnamese. Browsers' Accept-Language is
// not used: most phones here say English, and their owners read Vietnamese.
func (b *Bundle) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lang := "vi"
		if q := r.URL.Query().Get("lang"); q == "vi" || q == "en" {
			lang = q
			http.SetCookie(w, &http.Cookie{Name: "lang", Value: q, Path: "/", MaxAge: 365 * 86400, SameSite: http.SameSiteLaxMode, HttpOnly: true})
		} else if c, err := r.Cookie("lang"); err == nil && c.Value == "en" {
			lang = "en"
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), b.In(lang))))
	})
}
