package channelweb

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/audience"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// wholeRoutes adds the screens of what a platform offers beside posts and conversations.
func (p *Pages) wholeRoutes(r *web.Routes) {
	r.Can("GET "+Base+"/{id}/nguoi-theo-doi", channel.ActionConnect, p.people)
	r.Can("POST "+Base+"/{id}/the", channel.ActionConnect, p.tag)
	r.Can("POST "+Base+"/{id}/doc-lai", channel.ActionConnect, p.readAgain)
	r.Can("POST "+Base+"/{id}/nhom", channel.ActionRetry, p.tellGroups)
	r.Can("POST "+Base+"/{id}/mau-tin", channel.ActionConnect, p.serve)
	r.Can("GET "+Base+"/{id}/bai", channel.ActionConnect, p.shelf)
	r.Can("POST "+Base+"/{id}/bai", channel.ActionConnect, p.hide)
}

// whole fills in what the page of an account shows of its audience, groups and templates.
func (p *Pages) whole(ctx context.Context, actor identity.Actor, v *accountView) error {
	ch := p.Service.Implementation(v.Kind)
	var err error
	if _, v.HasAudience = ch.(channel.Crowd); v.HasAudience {
		if v.Audience, err = p.Audience.Overview(ctx, actor, v.ID); err != nil {
			return err
		}
	}
	_, v.HasGroups = ch.(channel.Grouper)
	if _, v.HasNotices = ch.(channel.Notifier); v.HasNotices {
		if v.Notices, err = p.Notices.Overview(ctx, actor, v.ID); err != nil {
			return err
		}
	}
	v.MayTell = p.Authz.Can(actor, channel.ActionRetry, identity.Resource{Type: "ChannelAccount", ID: v.ID, UnitID: v.UnitID})
	if v.HasGroups && v.MayTell && len(v.Audience.Groups) > 0 {
		v.Standing = p.standing(ctx, v.Deliveries)
	}
	return nil
}

// standing lists the latest posts that stand at an account, by title.
func (p *Pages) standing(ctx context.Context, ds []channel.Delivery) []ui.Option {
	var out []ui.Option
	seen := map[string]bool{}
	for _, d := range ds {
		if seen[d.Source] || len(out) == 10 || (d.Action != channel.ActPublish && d.Action != channel.ActUpdate) || d.State != channel.DeliveryPublished {
			continue
		}
		seen[d.Source] = true
		if c, err := p.Service.ContentOf(ctx, d); err == nil { // a post that cannot be read any more is not offered
			out = append(out, ui.Option{Value: d.Source, Text: c.Title})
		}
	}
	return out
}

const perPeople = 50

type peopleView struct {
	account accountView
	People  []audience.Person
	Tags    []audience.TagCount
	Query   string
	Tag     string
	Paging  ui.Paging
}

func (v peopleView) base() string { return v.account.path("nguoi-theo-doi") }

func (v peopleView) crumbs(ctx context.Context) []ui.Crumb { return v.account.crumbs(ctx) }

func (v accountView) crumbs(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{{Text: i18n.T(ctx, "channel.title"), Href: Base}, {Text: v.Name, Href: Base + "/" + url.PathEscape(v.ID)}}
}

// pageOf reads the number of a page, from 1.
func pageOf(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 1 || n > 100_000 {
		return 1
	}
	return n
}

func paging(r *http.Request, per, total int) ui.Paging {
	q := r.URL.Query()
	return ui.Paging{Page: pageOf(r), Per: per, Total: total, URL: func(n int) string {
		q.Set("page", strconv.Itoa(n))
		return r.URL.Path + "?" + q.Encode()
	}}
}

func (p *Pages) people(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	actor := identity.ActorFrom(ctx)
	a, err := p.Service.Account(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := peopleView{account: accountView{row: row{Account: a}}, Query: q.Get("q"), Tag: q.Get("tag")}
	total := 0
	if v.People, total, err = p.Audience.People(ctx, actor, a.ID, v.Query, v.Tag, perPeople, (pageOf(r)-1)*perPeople); err != nil {
		return err
	}
	o, err := p.Audience.Overview(ctx, actor, a.ID)
	if err != nil {
		return err
	}
	v.Tags, v.Paging = o.Tags, paging(r, perPeople, total)
	return web.Render(w, r, http.StatusOK, peoplePage(v))
}

func (p *Pages) tag(w http.ResponseWriter, r *http.Request) error {
	on := r.PostFormValue("do") != "off"
	err := p.Audience.SetTag(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("person"), r.PostFormValue("tag"), on)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+url.PathEscape(r.PathValue("id"))+"/nguoi-theo-doi", "channel.tag.done"))
}

func (p *Pages) readAgain(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "channel.reading", func() error {
		actor := identity.ActorFrom(r.Context())
		if err := p.Audience.ReadAgain(r.Context(), actor, r.PathValue("id")); err != nil {
			return err
		}
		return plainFault(p.Notices.Refresh(r.Context(), actor, r.PathValue("id")))
	})
}

// plainFault turns a refusal of the platform into the sentence for the official.
func plainFault(err error) error {
	var e *channel.Error
	if errors.As(err, &e) && e.Key != "" {
		return fault.New(fault.Conflict, e.Key).Because(err)
	}
	return err
}

func (p *Pages) tellGroups(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "channel.groups.told", func() error {
		if err := r.ParseForm(); err != nil {
			return err
		}
		_, err := p.Audience.TellGroups(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("source"), r.PostForm["group"])
		return err
	})
}

func (p *Pages) serve(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "channel.templates.served", func() error {
		return p.Notices.Serve(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), notice.Purpose(r.PostFormValue("purpose")), r.PostFormValue("template"))
	})
}

type shelfView struct {
	account accountView
	Pieces  []channel.Piece
	Video   bool
	Paging  ui.Paging
}

func (v shelfView) base() string { return v.account.path("bai") }

func (v shelfView) crumbs(ctx context.Context) []ui.Crumb { return v.account.crumbs(ctx) }

func (v shelfView) tabs(ctx context.Context) []ui.Tab {
	return []ui.Tab{{Text: i18n.T(ctx, "channel.shelf.articles"), Href: v.base(), Active: !v.Video},
		{Text: i18n.T(ctx, "channel.shelf.films"), Href: v.base() + "?loai=phim", Active: v.Video}}
}

const perShelf = 10

// onShelf gives the account and its list of pieces to somebody who looks after it.
func (p *Pages) onShelf(r *http.Request) (channel.Account, channel.Shelf, error) {
	a, err := p.Service.MayConnect(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return a, nil, err
	}
	s, ok := p.Service.Implementation(a.Kind).(channel.Shelf)
	if !ok {
		return a, nil, fault.New(fault.NotFound, "channel.account.not_found")
	}
	return a, s, nil
}

func (p *Pages) shelf(w http.ResponseWriter, r *http.Request) error {
	a, s, err := p.onShelf(r)
	if err != nil {
		return err
	}
	v := shelfView{account: accountView{row: row{Account: a}}, Video: r.URL.Query().Get("loai") == "phim"}
	total := 0
	if v.Pieces, total, err = s.Pieces(r.Context(), a, v.Video, (pageOf(r)-1)*perShelf); err != nil {
		return plainFault(err)
	}
	v.Paging = paging(r, perShelf, total)
	return web.Render(w, r, http.StatusOK, shelfPage(v))
}

func (p *Pages) hide(w http.ResponseWriter, r *http.Request) error {
	a, s, err := p.onShelf(r)
	if err != nil {
		return err
	}
	hidden := r.PostFormValue("do") == "hide"
	if _, err := s.SetHidden(r.Context(), a, r.PostFormValue("piece"), hidden); err != nil {
		return plainFault(err)
	}
	flash := "channel.shelf.shown"
	if hidden {
		flash = "channel.shelf.hid"
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+url.PathEscape(a.ID)+"/bai", flash))
}

func audienceFacts(ctx context.Context, v accountView) []ui.DefinitionItem {
	o := v.Audience
	line := func(key, text string) ui.DefinitionItem { return ui.DefinitionItem{Term: i18n.T(ctx, key), Text: text} }
	out := []ui.DefinitionItem{line("channel.audience.known", ui.Number(ctx, o.Known))}
	if !o.PeopleAt.IsZero() {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "channel.audience.read"), Body: ui.Time(o.PeopleAt)})
	}
	out = append(out, line("channel.audience.history", ui.Number(ctx, o.History)))
	for _, t := range o.Tags {
		out = append(out, line("channel.tag", i18n.T(ctx, "channel.tag.count", "Tag", t.Tag, "Count", t.N)))
	}
	if free := freeAssets(o.Assets); len(o.Assets) > 0 {
		out = append(out, line("channel.groups.assets", i18n.T(ctx, "channel.groups.free", "Free", free, "Total", len(o.Assets))))
	}
	return out
}

func freeAssets(all []channel.GroupAsset) int {
	n := 0
	for _, x := range all {
		if x.GroupID == "" {
			n++
		}
	}
	return n
}

func openTone(open bool) string {
	if open {
		return "ok"
	}
	return "mute"
}

func openKey(open bool) string {
	if open {
		return "channel.groups.open"
	}
	return "channel.groups.closed"
}

func hiddenKey(hidden bool) string {
	if hidden {
		return "channel.shelf.hidden"
	}
	return "channel.shelf.visible"
}

func templateKey(t channel.Template) string {
	switch t.Status {
	case "ENABLE":
		return "channel.template.enable"
	case "PENDING_REVIEW":
		return "channel.template.pending"
	case "REJECT":
		return "channel.template.reject"
	}
	return "channel.template.disable"
}

func noticeTone(s notice.State) string {
	switch s {
	case notice.Arrived, notice.Sent:
		return "ok"
	case notice.Failed:
		return "late"
	}
	return "wait"
}

func tail(n notice.Receipt) string {
	if n.Tail == "" {
		return ""
	}
	return "••• " + n.Tail
}

func paramNames(t channel.Template) []string {
	var out []string
	for _, p := range t.Params {
		out = append(out, p.Name)
	}
	return out
}

func shownName(ctx context.Context, p audience.Person) string {
	if p.Name == "" {
		return i18n.T(ctx, "channel.people.unnamed")
	}
	return p.Name
}

func tagOptions(ctx context.Context, v peopleView) []ui.Option {
	out := []ui.Option{anything(ctx)}
	for _, t := range v.Tags {
		out = append(out, ui.Option{Value: t.Tag, Text: i18n.T(ctx, "channel.tag.count", "Tag", t.Tag, "Count", t.N), Selected: t.Tag == v.Tag})
	}
	return out
}

func purposeOptions(ctx context.Context, v accountView) []ui.Option {
	var out []ui.Option
	for _, p := range notice.Purposes() {
		text := i18n.T(ctx, "channel.purpose."+string(p))
		for _, t := range v.Notices.Templates {
			if t.ID == v.Notices.Serving[p] {
				text += " – " + t.Name
			}
		}
		out = append(out, ui.Option{Value: string(p), Text: text})
	}
	return out
}

func templateOptions(ctx context.Context, v accountView) []ui.Option {
	out := []ui.Option{{Text: i18n.T(ctx, "channel.templates.none")}}
	for _, t := range v.Notices.Templates {
		if t.Usable() {
			out = append(out, ui.Option{Value: t.ID, Text: t.Name})
		}
	}
	return out
}
