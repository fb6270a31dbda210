package publishweb

import (
	"context"
	"html"
	"io"
	"strings"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
)

func refusal(ctx context.Context, err error, field string) string {
	return web.FieldError(ctx, err, field)
}

func (v listView) filtered() bool {
	return v.Filter.Text != "" || v.State != "" || v.Filter.Category != "" || v.Filter.Unit != ""
}

func (v listView) states(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "publish.all_states")}}
	for _, st := range publish.States {
		out = append(out, ui.Option{Value: string(st), Text: stateText(ctx, st), Selected: string(st) == v.State})
	}
	return out
}

func (v listView) subjects(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "publish.all_categories")}}
	for _, o := range v.Categories {
		o.Selected = o.Value == v.Filter.Category
		out = append(out, o)
	}
	return out
}

func (v listView) head(ctx context.Context) []ui.Col {
	var out []ui.Col
	for _, k := range []string{"title", "state", "category", "unit", "author", "updated"} {
		out = append(out, ui.Col{Text: i18n.T(ctx, "publish.col."+k)})
	}
	return out
}

func (v editView) subjects(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "publish.choose")}}
	for _, o := range v.Categories {
		o.Selected = o.Value == v.Draft.Category
		out = append(out, o)
	}
	return out
}

// kinds are the channels beside the portal, those chosen ticked; a new post goes to all.
func (v editView) kinds(ctx context.Context) []ui.Option {
	var out []ui.Option
	ver := publish.Version{Kinds: v.Draft.Kinds, VideoID: "any"} // YouTube counts once there is a film
	for _, k := range []channel.Kind{channel.Zalo, channel.Facebook, channel.YouTube} {
		out = append(out, ui.Option{Value: string(k), Text: kindText(ctx, k), Selected: ver.Goes(k)})
	}
	return out
}

func (v editView) uploadURL() string {
	if v.Post.ID == "" {
		return ""
	}
	return href(v.Post.ID, "/anh")
}

// places lists the places with what is typed for each.
func places(ctx context.Context) string {
	names := make([]string, len(publish.Places))
	for i, p := range publish.Places {
		names[i] = "((" + placeText(ctx, p) + "))"
	}
	return strings.Join(names, ", ")
}

func editionTitle(ctx context.Context, k channel.Kind) string {
	return i18n.T(ctx, "publish.edition_for", "Kind", kindText(ctx, k))
}

// modes are the choices of when a post goes out.
func (v postView) modes(ctx context.Context) []ui.Option {
	chosen := v.Typed["mode"]
	if chosen == "" {
		chosen = string(publish.ModeNow)
		if v.Day != "" {
			chosen = string(publish.ModeAt)
		}
	}
	modes := []publish.Mode{publish.ModeNow, publish.ModeAt, publish.ModeHold}
	if v.State == publish.StateApproved || v.Live > 0 {
		modes = modes[:2]
	}
	if v.Live > 0 {
		modes = modes[:1]
	}
	var out []ui.Option
	for _, m := range modes {
		out = append(out, ui.Option{Value: string(m), Text: i18n.T(ctx, "publish.mode."+string(m)), Selected: string(m) == chosen})
	}
	return out
}

func (v postView) typed(name, otherwise string) string {
	if x, ok := v.Typed[name]; ok {
		return x
	}
	return otherwise
}

// taken writes how many accounts a kind of channel has in the plan.
func taken(ctx context.Context, c publish.KindCount) string {
	text := i18n.T(ctx, "publish.plan.take", "N", ui.Number(ctx, c.Take))
	if c.Minutes > 0 {
		text += ", " + i18n.T(ctx, "publish.plan.minutes", "N", c.Minutes)
	}
	if c.Left > 0 {
		text += "; " + i18n.T(ctx, "publish.plan.left", "N", ui.Number(ctx, c.Left))
	}
	return text
}

// open tells that the post waits for a decision about going out.
func (v postView) decide() bool {
	return v.MayApprove && (v.State == publish.StateReview || v.State == publish.StateApproved)
}

func (v postView) approveAction() string {
	if v.State == publish.StateApproved {
		return href(v.ID, "/dang")
	}
	return href(v.ID, "/duyet")
}

func (v editView) heading(ctx context.Context) string {
	switch {
	case v.Post.ID == "":
		return i18n.T(ctx, "publish.new")
	case v.Post.Live > 0:
		return i18n.T(ctx, "publish.correct_heading")
	}
	return i18n.T(ctx, "publish.edit_heading")
}

func (v editView) crumbs(ctx context.Context) []ui.Crumb {
	out := []ui.Crumb{{Text: i18n.T(ctx, "publish.posts"), Href: base}}
	if v.Post.ID != "" {
		title := v.Post.Title
		if title == "" {
			title = i18n.T(ctx, "publish.untitled")
		}
		out = append(out, ui.Crumb{Text: title, Href: href(v.Post.ID, "")})
	}
	return out
}

// autosave lets the browser store a draft three seconds after the last key; pictures wait for the button.
func (v editView) autosave() templ.Attributes {
	if v.Post.ID == "" || v.Err != nil {
		return nil
	}
	return templ.Attributes{"hx-post": href(v.Post.ID, "/tu-luu"), "hx-trigger": "input delay:3s", "hx-target": "#saved", "hx-swap": "outerHTML",
		"hx-params": "not photo,photo_alt", "hx-sync": "this:queue last"}
}

func errorTexts(ctx context.Context, err error) []string {
	var out []string
	for _, e := range web.Faults(err) {
		out = append(out, i18n.Fault(ctx, e))
	}
	return out
}

func (v previewView) tabs(ctx context.Context) []ui.Tab {
	var out []ui.Tab
	for _, k := range publish.Kinds {
		out = append(out, ui.Tab{Text: kindText(ctx, k), Href: href(v.PostID, "/xem-thu?kenh="+string(k)), Active: k == v.Kind})
	}
	return out
}

func paragraphs(text string) []string { return strings.Split(text, "\n\n") }

func (v postView) heading(ctx context.Context) string {
	if v.Now.Title == "" {
		return i18n.T(ctx, "publish.untitled")
	}
	return v.Now.Title
}

func (v postView) facts(ctx context.Context) []ui.DefinitionItem {
	t := func(key string) string { return i18n.T(ctx, "publish.field."+key) }
	out := []ui.DefinitionItem{{Term: t("category"), Text: v.Category}, {Term: t("targets"), Text: strings.Join(v.Targets, "; ")}}
	if v.Now.MediaURL != "" {
		out = append(out, ui.DefinitionItem{Term: t("media"), Text: v.Now.MediaURL})
	}
	if v.Now.Erratum != "" && v.Now.Kind == publish.VersionText {
		out = append(out, ui.DefinitionItem{Term: t("erratum"), Text: v.Now.Erratum})
	}
	return out
}

func (v postView) counts(ctx context.Context) []ui.DefinitionItem {
	var out []ui.DefinitionItem
	for _, c := range v.Plan.Counts {
		out = append(out, ui.DefinitionItem{Term: kindText(ctx, c.Kind), Text: taken(ctx, c)})
	}
	return out
}

func (v wallView) head(ctx context.Context) []ui.Col {
	var out []ui.Col
	for _, k := range []string{"unit", "account", "state", "result", "attempts", "finished"} {
		out = append(out, ui.Col{Text: i18n.T(ctx, "publish.col."+k), Num: k == "attempts"})
	}
	return out
}

// failedHref opens the failed rows of the tab on which there are some.
func (v wallView) failedHref() string {
	for _, k := range append([]channel.Kind{v.Kind}, publish.Kinds[:]...) {
		if v.Done(k, channel.DeliveryFailed) > 0 {
			return with(href(v.ID, "/luot-dang"), nil, "kenh", string(k), "trang_thai", string(channel.DeliveryFailed))
		}
	}
	return ""
}

// diff writes a comparison as one paragraph: what was taken out struck through, what was put in underlined. It is written by
// hand because every space counts.
func diff(pieces []publish.Piece) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		b.WriteString(`<p class="diff">`)
		for i, x := range pieces {
			text := strings.ReplaceAll(html.EscapeString(x.Text), "\n", "<br>")
			switch {
			case x.Op < 0:
				b.WriteString("<del>" + text + "</del>")
			case x.Op > 0:
				if i > 0 && pieces[i-1].Op < 0 {
					b.WriteByte(' ')
				}
				b.WriteString("<ins>" + text + "</ins>")
			default:
				b.WriteString(text)
			}
		}
		b.WriteString("</p>")
		_, err := io.WriteString(w, b.String())
		return err
	})
}
