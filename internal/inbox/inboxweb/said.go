package inboxweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// part is one line of what was said: words, an address that can be opened, or a place on the map.
type part struct {
	Text string
	Href string // "" for words
	Key  string // catalogue key of what the address is: the reader sees where it leads before it is opened
}

// parts takes apart what a person said. Only whole lines that are an address become one: the kernel writes what was sent along
// that way. Everything is escaped by the page, and nothing is fetched before somebody opens it.
func parts(text string) []part {
	var out []part
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case strings.HasPrefix(line, "geo:"):
			if lat, lon, ok := place(strings.TrimPrefix(line, "geo:")); ok {
				out = append(out, part{Text: lat + ", " + lon, Key: "inbox.place",
					Href: "https://www.openstreetmap.org/?mlat=" + url.QueryEscape(lat) + "&mlon=" + url.QueryEscape(lon) + "#map=17/" + lat + "/" + lon})
				continue
			}
			out = append(out, part{Text: line})
		case strings.HasPrefix(line, "https://") && !strings.ContainsAny(line, " \t"):
			u, err := url.Parse(line)
			if err != nil || u.Host == "" || u.User != nil {
				out = append(out, part{Text: line})
				continue
			}
			out = append(out, part{Text: u.Host, Href: u.String(), Key: "inbox.sent_along"})
		default:
			out = append(out, part{Text: line})
		}
	}
	return out
}

// place reads "18.67,105.69"; false for what is no place on earth.
func place(s string) (lat, lon string, ok bool) {
	lat, lon, _ = strings.Cut(s, ",")
	a, err1 := strconv.ParseFloat(lat, 64)
	b, err2 := strconv.ParseFloat(lon, 64)
	ok = err1 == nil && err2 == nil && a >= -90 && a <= 90 && b >= -180 && b <= 180
	return strconv.FormatFloat(a, 'f', 5, 64), strconv.FormatFloat(b, 'f', 5, 64), ok
}

// shared is what a person handed over about themselves, as terms and texts.
func shared(ctx context.Context, s *channel.Shared) []ui.DefinitionItem {
	var out []ui.DefinitionItem
	add := func(key, text string) {
		if text = strings.TrimSpace(text); text != "" {
			out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, key), Text: text})
		}
	}
	add("inbox.shared.name", s.Name)
	add("inbox.shared.phone", s.Phone)
	var where []string
	for _, w := range []string{s.Address, s.Ward, s.District, s.City} {
		if w = strings.TrimSpace(w); w != "" {
			where = append(where, w)
		}
	}
	add("inbox.shared.address", strings.Join(where, ", "))
	return out
}

// hideLine tells of one act of hiding or showing.
func hideLine(ctx context.Context, h inbox.Hiding) string {
	if h.Hide {
		return i18n.T(ctx, "inbox.hide.line", "Name", h.ByName, "Why", i18n.T(ctx, "inbox.hide.why."+string(h.Why)))
	}
	return i18n.T(ctx, "inbox.hide.line_shown", "Name", h.ByName)
}

// hideBadge tells whether the channel has followed; without words it has.
func hideBadge(ctx context.Context, h inbox.Hiding) badge {
	switch h.State {
	case inbox.HideAsked:
		return badge{"wait", i18n.T(ctx, "inbox.hide.asked")}
	case inbox.HideFailed:
		return badge{"late", i18n.T(ctx, "inbox.hide.failed")}
	}
	return badge{}
}

func hideReasons(ctx context.Context, chosen string) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "inbox.hide.choose")}}
	for _, r := range inbox.HideReasons() {
		out = append(out, ui.Option{Value: string(r), Text: i18n.T(ctx, "inbox.hide.why."+string(r)), Selected: string(r) == chosen})
	}
	return out
}

// hideErr is the refusal of hiding this very message.
func (v oneView) hideErr(ctx context.Context, m message) string {
	if v.typed("an", "message") != m.ID {
		return ""
	}
	return fieldErr(ctx, v.on("an"), "why")
}

func (p *Pages) hide(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "an", "inbox.done.hidden", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		return p.s.Hide(ctx, a, conversationID, v.Get("message"), true, inbox.HideReason(v.Get("why")))
	})
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "hien", "inbox.done.shown", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		return p.s.Hide(ctx, a, conversationID, v.Get("message"), false, "")
	})
}
