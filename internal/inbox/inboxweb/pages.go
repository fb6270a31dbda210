// Package inboxweb draws the inbox: the list of conversations on the left, the opened one on the right with its messages,
// the quick reply and the button that makes a case of it.
package inboxweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Catalogue holds the texts of the inbox.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Pages serves the inbox.
type Pages struct {
	s    *inbox.Service
	unit func(unitID string) orgunit.Unit
}

// New makes the pages; unit gives a unit as it stands today.
func New(s *inbox.Service, unit func(unitID string) orgunit.Unit) *Pages {
	return &Pages{s: s, unit: unit}
}

// Routes adds the pages.
func (p *Pages) Routes(rt *web.Routes) {
	rt.Can("GET /lam-viec/hop-thu", inbox.ActionRead, p.list)
	rt.Can("GET /lam-viec/hop-thu/{id}", inbox.ActionRead, p.one)
	rt.Can("POST /lam-viec/hop-thu/{id}/nhan", inbox.ActionWork, p.claim)
	rt.Can("POST /lam-viec/hop-thu/{id}/xong", inbox.ActionWork, p.done)
	rt.Can("POST /lam-viec/hop-thu/{id}/tra-loi", inbox.ActionWork, p.reply)
	rt.Can("POST /lam-viec/hop-thu/{id}/vu-viec", inbox.ActionWork, p.makeCase)
}

const per = 50

const path = "/lam-viec/hop-thu"

// listView is the left side: tabs, search and conversations.
type listView struct {
	View inbox.View
	Q    url.Values
	Rows []row
	Page ui.Paging
	Open string // id of the opened conversation
}

// row is one conversation of the list.
type row struct {
	inbox.Conversation
	Name, Unit, Href, Where string
}

func (p *Pages) readList(ctx context.Context, q url.Values, open string) (listView, error) {
	v := listView{View: inbox.View(q.Get("xem")), Q: q, Open: open}
	switch v.View {
	case inbox.ViewUnread, inbox.ViewUnclaimed, inbox.ViewMine, inbox.ViewDone, inbox.ViewAll:
	default:
		v.View = inbox.ViewOpen
	}
	page, err := strconv.Atoi(q.Get("trang"))
	if err != nil || page < 1 || page > 100_000 {
		page = 1
	}
	f := inbox.Filter{View: v.View, Kind: channel.Kind(q.Get("kenh")), UnderUnitID: q.Get("don_vi"), Text: strings.TrimSpace(vntext.Truncate(q.Get("q"), 200)), Page: page, Per: per}
	list, total, err := p.s.List(ctx, identity.ActorFrom(ctx), f)
	if err != nil {
		return v, err
	}
	for _, c := range list {
		v.Rows = append(v.Rows, p.row(ctx, c, q))
	}
	v.Page = ui.Paging{Page: page, Per: per, Total: total, URL: func(n int) string { return v.address(path, "trang", strconv.Itoa(n)) }}
	return v, nil
}

func (p *Pages) row(ctx context.Context, c inbox.Conversation, q url.Values) row {
	v := listView{Q: q}
	r := row{Conversation: c, Name: c.PersonName, Unit: p.unit(c.UnitID).FullName, Href: v.address(path+"/"+c.ID, "", ""), Where: where(ctx, c)}
	if r.Name == "" {
		r.Name = i18n.T(ctx, "inbox.nameless")
	}
	return r
}

// where says on which channel, and whether in private.
func where(ctx context.Context, c inbox.Conversation) string {
	if c.Public() {
		return i18n.T(ctx, "inbox.comment_on", "Channel", i18n.T(ctx, "inbox.channel."+string(c.Kind)))
	}
	return i18n.T(ctx, "inbox.message_on", "Channel", i18n.T(ctx, "inbox.channel."+string(c.Kind)))
}

// address is another page with the same filter; key "" changes nothing.
func (v listView) address(to, key, value string) string {
	q := url.Values{}
	for _, k := range []string{"xem", "kenh", "don_vi", "q"} {
		if s := v.Q.Get(k); s != "" {
			q.Set(k, s)
		}
	}
	if key != "" {
		q.Set(key, value)
	}
	if len(q) == 0 {
		return to
	}
	return to + "?" + q.Encode()
}

func (v listView) tabs(ctx context.Context) []ui.Tab {
	var out []ui.Tab
	for _, t := range []inbox.View{inbox.ViewOpen, inbox.ViewUnread, inbox.ViewUnclaimed, inbox.ViewMine, inbox.ViewDone, inbox.ViewAll} {
		out = append(out, ui.Tab{Text: i18n.T(ctx, "inbox.view."+string(t)), Href: v.address(path, "xem", string(t)), Active: t == v.View})
	}
	return out
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	v, err := p.readList(r.Context(), r.URL.Query(), "")
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

// oneView is the page with an opened conversation.
type oneView struct {
	List    listView
	Row     row
	Lines   []inbox.Line
	CanWork bool
	Mine    bool
	Fresh   int // messages of the person that are not part of a case
	Key     string
	Typed   string
	Act     string // "tra-loi" or "vu-viec": which form was refused
	Err     error
}

func (v oneView) on(act string) error {
	if v.Act == act {
		return v.Err
	}
	return nil
}

func (p *Pages) one(w http.ResponseWriter, r *http.Request) error {
	return p.render(w, r, http.StatusOK, oneView{})
}

func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, v oneView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	c, lines, err := p.s.Conversation(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	v.CanWork = p.s.Can(actor, inbox.ActionWork, c)
	if v.CanWork && c.Unread > 0 && r.Method == http.MethodGet {
		if err := p.s.Read(ctx, actor, c.ID); err != nil {
			return err
		}
	}
	if v.List, err = p.readList(ctx, r.URL.Query(), c.ID); err != nil {
		return err
	}
	v.Row, v.Lines, v.Mine, v.Key = p.row(ctx, c, r.URL.Query()), lines, c.ClaimedBy == actor.ID, id.NewSecret()[:32]
	for _, l := range lines {
		if !l.Outgoing && l.CaseID == "" {
			v.Fresh++
		}
	}
	return web.Render(w, r, status, onePage(v))
}

// act runs one act and goes back to the conversation; a refused one shows it again with what was typed.
func (p *Pages) act(w http.ResponseWriter, r *http.Request, name, done string, do func(ctx context.Context, actor identity.Actor, conversationID string, v url.Values) error) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "inbox.form_broken").Because(err)
	}
	ctx := r.Context()
	err := do(ctx, identity.ActorFrom(ctx), r.PathValue("id"), r.PostForm)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.render(w, r, web.Status(fault.KindOf(err)), oneView{Act: name, Typed: r.PostForm.Get("text"), Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(path+"/"+r.PathValue("id"), done))
}

func (p *Pages) claim(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "nhan", "inbox.done.claimed", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		return p.s.Claim(ctx, a, conversationID, v.Get("release") != "")
	})
}

func (p *Pages) done(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "xong", "inbox.done.closed", func(ctx context.Context, a identity.Actor, conversationID string, _ url.Values) error {
		return p.s.Done(ctx, a, conversationID)
	})
}

func (p *Pages) reply(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "tra-loi", "inbox.done.replied", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		return p.s.Reply(ctx, a, conversationID, v.Get("text"), v.Get("key"))
	})
}

func (p *Pages) makeCase(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "vu-viec", "inbox.done.case_made", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		_, err := p.s.MakeCase(ctx, a, conversationID, feedback.Kind(v.Get("kind")), v["message"])
		return err
	})
}

func lineTone(s channel.MessageState) string {
	switch s {
	case channel.MessageSent:
		return "ok"
	case channel.MessageFailed:
		return "late"
	}
	return "wait"
}

func kinds(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, k := range feedback.Kinds {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "feedback.kind."+string(k))})
	}
	return out
}

func channels(ctx context.Context, chosen string) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "inbox.any_channel")}}
	for _, k := range []channel.Kind{channel.Zalo, channel.Facebook} {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "inbox.channel."+string(k)), Selected: string(k) == chosen})
	}
	return out
}

// speaker names who wrote a message: the person, an official, or the house itself.
func speaker(ctx context.Context, v oneView, l inbox.Line) string {
	switch {
	case !l.Outgoing:
		return v.Row.Name
	case l.Author != "":
		return i18n.T(ctx, "inbox.by_official", "Name", l.Author, "Unit", v.Row.Unit)
	}
	return i18n.T(ctx, "inbox.by_house", "Unit", v.Row.Unit)
}

func replyErr(ctx context.Context, v oneView) string {
	return web.FieldError(ctx, v.on("tra-loi"), "text")
}
