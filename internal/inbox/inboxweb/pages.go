// Package inboxweb draws the inbox: on a wide screen the list of conversations on the left and the opened one on the right
// with its messages, the quick reply and the button that makes a case of it; on a telephone each on its own page. Everything
// works without script; with it the list and the messages keep themselves fresh.
package inboxweb

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/inbox/correction"
	"github.com/nhipcau/nhipcau/internal/platform/glimpse"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the texts of the inbox.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Rooms are what other rooms lend to the page of a conversation; each may be missing.
type Rooms struct {
	Phrases     *phrase.Service     // saved texts
	Corrections *correction.Service // what goes round and is not so

	// PictureHosts are "host:port" from which pictures of people are fetched though they lie in a private network: the
	// simulators of a rehearsal.
	PictureHosts []string
}

// Pages serves the pages of the inbox.
type Pages struct {
	s       *inbox.Service
	rooms   Rooms
	glimpse *glimpse.Fetcher
}

// New makes the pages of the service.
func New(s *inbox.Service, rooms Rooms) *Pages {
	return &Pages{s: s, rooms: rooms, glimpse: glimpse.New(rooms.PictureHosts)}
}

const path = "/lam-viec/hop-thu"

// Routes adds the pages.
func (p *Pages) Routes(rt *web.Routes) {
	rt.Can("GET "+path, inbox.ActionRead, p.list)
	rt.Can("GET "+path+".xlsx", inbox.ActionRead, p.excel)
	rt.Can("GET "+path+"/{id}", inbox.ActionRead, p.open)
	rt.Can("GET "+path+"/{id}/tep/{file}", inbox.ActionReply, p.keptFile)
	rt.Can("GET "+path+"/{id}/tin/{message}/tep/{n}", inbox.ActionRead, p.sentFile)
	rt.Can("GET "+path+"/{id}/tin/{message}/anh/{n}", inbox.ActionRead, p.picture)
	rt.Can("POST "+path+"/{id}/tra-loi", inbox.ActionReply, p.reply)
	rt.Can("POST "+path+"/{id}/an", inbox.ActionHide, p.hide)
	rt.Can("POST "+path+"/{id}/hien", inbox.ActionHide, p.show)
	rt.Can("POST "+path+"/{id}/gui-lai", inbox.ActionReply, p.retry)
	rt.Can("POST "+path+"/{id}/nhan", inbox.ActionReply, p.claim)
	rt.Can("POST "+path+"/{id}/tra-ban", inbox.ActionReply, p.release)
	rt.Can("POST "+path+"/{id}/giao", inbox.ActionAssign, p.assign)
	rt.Can("POST "+path+"/{id}/dong", inbox.ActionReply, p.close)
	rt.Can("POST "+path+"/{id}/mo-lai", inbox.ActionReply, p.reopen)
	rt.Can("POST "+path+"/{id}/vu-viec", inbox.ActionReply, p.becomeCase)
	rt.Can("POST "+path+"/{id}/linh-vuc", inbox.ActionReply, p.setLabels)
	rt.Can("POST "+path+"/{id}/ma-noi", inbox.ActionReply, p.offerBridge)
	rt.Can("POST "+path+"/{id}/tach", inbox.ActionReply, p.unbridge)
	rt.Can("POST "+path+"/{id}/tin-sai", correction.ActionNote, p.noteClaim)
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
	inbox.Thread
	List     listView
	Row      row
	Messages []message // the newest few
	Earlier  []message // folded away
	CanReply bool
	CanCase  bool
	Mine     bool
	Window   badge // until when the channel lets us answer
	Topics   []ui.Option
	Others   []row // of the same person by other doors
	Phrases  []phrase.Text
	Saved    string             // the saved text that was chosen
	Claims   []correction.Claim // noted in this conversation
	AllOpen  []ui.Option        // claims one may note
	CanNote  bool
	CanHide  bool
	Takes    channel.Limits // what an answer may carry; the zero value: nothing
	Files    []string       // ids of what lies beside the answer
	Kept     []inbox.File   // the same, as they are
	Key      string         // names the reply form, so that a double click sends once
	Act      string         // which form was refused: "tra-loi", "vu-viec", …
	Typed    url.Values     // what was typed in it
	Err      error
}

// on is the error of the form that was refused, nil for the others.
func (v oneView) on(act string) error {
	if v.Act == act {
		return v.Err
	}
	return nil
}

// typed is what was typed into a field of the refused form.
func (v oneView) typed(act, field string) string {
	if v.Act == act {
		return v.Typed.Get(field)
	}
	return ""
}

func (p *Pages) open(w http.ResponseWriter, r *http.Request) error {
	read := p.s.Open
	if web.IsEnhanced(r) { // the page keeping itself fresh: nobody may be looking
		read = p.s.Look
	}
	return p.render(w, r, http.StatusOK, oneView{}, read)
}

type reader func(ctx context.Context, actor identity.Actor, conversationID string) (inbox.Thread, error)

func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, v oneView, read reader) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	t, err := read(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	q := r.URL.Query()
	if v.List, err = p.readList(ctx, q, t.ID); err != nil {
		return err
	}
	v.Thread, v.Row, v.Mine = t, p.row(ctx, t.Conversation, q), t.ClaimedBy != "" && t.ClaimedBy == actor.ID
	v.CanReply, v.CanCase = p.s.Can(actor, inbox.ActionReply, t.Conversation), p.s.CanMakeCase(actor, t.Conversation)
	v.Window = windowBadge(ctx, t.Conversation, p.s.Now())
	v.CanHide = p.s.CanHide(actor, t.Conversation)
	if err := errors.Join(p.lend(ctx, actor, &v, q), p.lendFiles(ctx, actor, &v)); err != nil {
		return err
	}
	v.split(v.messages(ctx))
	if v.Key = v.typed("tra-loi", "key"); v.Key == "" {
		v.Key = id.New()
	}
	return web.Render(w, r, status, onePage(v))
}

// do is one act on a conversation with what was typed.
type do func(ctx context.Context, actor identity.Actor, conversationID string, v url.Values) error

// act runs one act and goes back to the conversation; a refused one shows it again with what was typed.
func (p *Pages) act(w http.ResponseWriter, r *http.Request, name, done string, fn do) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "inbox.form_broken").Because(err)
	}
	ctx := r.Context()
	err := fn(ctx, identity.ActorFrom(ctx), r.PathValue("id"), r.PostForm)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.render(w, r, web.Status(fault.KindOf(err)), oneView{Act: name, Typed: r.PostForm, Err: err}, p.s.Look)
	}
	if err != nil {
		return err
	}
	back := listView{Q: r.URL.Query()}.address(inbox.Href(r.PathValue("id")), "ok", done)
	return web.SeeOther(w, r, back)
}

func (p *Pages) retry(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "gui-lai", "inbox.done.retried", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		return p.s.Retry(ctx, a, conversationID, v.Get("message"))
	})
}

func (p *Pages) claim(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "nhan", "inbox.done.claimed", func(ctx context.Context, a identity.Actor, conversationID string, _ url.Values) error {
		return p.s.Claim(ctx, a, conversationID)
	})
}

func (p *Pages) release(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "tra-ban", "inbox.done.released", func(ctx context.Context, a identity.Actor, conversationID string, _ url.Values) error {
		return p.s.Release(ctx, a, conversationID)
	})
}

func (p *Pages) assign(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "giao", "inbox.done.assigned", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		return p.s.Assign(ctx, a, conversationID, v.Get("official"))
	})
}

func (p *Pages) close(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "dong", "inbox.done.closed", func(ctx context.Context, a identity.Actor, conversationID string, _ url.Values) error {
		return p.s.Close(ctx, a, conversationID)
	})
}

func (p *Pages) reopen(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "mo-lai", "inbox.done.reopened", func(ctx context.Context, a identity.Actor, conversationID string, _ url.Values) error {
		return p.s.Reopen(ctx, a, conversationID)
	})
}

func (p *Pages) becomeCase(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "vu-viec", "inbox.done.case_made", func(ctx context.Context, a identity.Actor, conversationID string, v url.Values) error {
		_, err := p.s.BecomeCase(ctx, a, conversationID, feedback.Kind(v.Get("kind")), v["message"])
		return err
	})
}
