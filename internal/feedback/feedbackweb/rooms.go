package feedbackweb

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/attach"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/feedback/follow"
	"github.com/nhipcau/nhipcau/internal/feedback/opinion"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/feedback/plain"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/feedback/survey"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Rooms are the parts of feedback whose forms stand on its pages.
type Rooms struct {
	Similar *similar.Service
	Follow  *follow.Service
	Survey  *survey.Service
	Promise *promise.Service
	Opinion *opinion.Service
	Files   *attach.Service
	Routing *routing.Service
	Phrases *phrase.Service
	Phone   *byphoneweb.Pages // messages to telephones; nil: none

	// Shapes are the communes for the map of public questions, by official code; none leaves the list alone.
	Shapes  []ui.Shape
	ViewBox string
	// Place gives the commune under which a unit is shown; nil shows each unit for itself.
	Place func(unitID string) (id, name, code string)

	// Brand puts the name of a unit on top of a page; nil leaves the house's own.
	Brand func(ctx context.Context, unitID string) context.Context
}

// moreRoutes adds the pages of the rooms.
func (p *Pages) moreRoutes(rt *web.Routes) {
	rt.Public("POST /hoi/goi-y", p.suggestions)
	rt.Public("GET "+quickPath, p.quick)
	rt.Public("POST "+quickPath, p.quickSend)
	rt.Public("GET "+mapPath, p.caseMap)
	rt.Public("GET /dang-giai-quyet", p.openList)
	rt.Public("POST /dang-giai-quyet/{id}/theo-doi", p.followOpen)
	rt.Public("POST /vu-viec/{code}/khao-sat", p.surveySay)
	rt.Public("POST /vu-viec/{code}/thoi-theo-doi", p.followEnd)
	rt.Public("GET /vu-viec/{code}/tep/{file}", p.fileGiven)

	rt.SignedIn("POST /lam-viec/vu-viec/{id}/gop", p.merge)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/tach-khoi", p.unmerge)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/tom-tat", p.summary)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/xin-y-kien", p.askOpinions)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/tep", p.addFile)
	rt.SignedIn("POST /lam-viec/vu-viec/{id}/tep/{file}/xoa", p.dropFile)
	rt.Can("GET /lam-viec/vu-viec/{id}/tep/{file}", feedback.ActionRead, p.fileOffice)
	rt.Can("GET /lam-viec/y-kien", feedback.ActionTake, p.opinions)
	rt.SignedIn("GET /lam-viec/y-kien/{opinion}", p.opinion)
	rt.SignedIn("POST /lam-viec/y-kien/{opinion}", p.giveOpinion)
	rt.SignedIn("POST /lam-viec/y-kien/{opinion}/thoi", p.endOpinion)
	rt.SignedIn("POST /lam-viec/y-kien/{opinion}/trich", p.quoteOpinion)
}

// extra is what the rooms know of a case, for its page.
type extra struct {
	Merged     []mergedRow
	Into       string // address of the case that answers this one
	IntoTitle  string
	Followers  int
	Support    int
	Duplicates []duplicateRow
	Offer      similar.Offer
	Offered    bool
	Opinions   []opinionRow
	Bodies     []ui.Option // who can be asked
	Files      []attach.File
	Pendings   []promise.Pending
	Reading    plain.Reading
	Promises   []promiseRow
	Survey     survey.Answer
	Reply      feedback.Reply // what stands in the form
}

type mergedRow struct{ Href, Title, Door string }

type duplicateRow struct {
	Href, Title, Meta, ID string
	Percent               int
	Mine                  bool // the actor works on it
}

type opinionRow struct {
	opinion.Opinion
	Body string
	Late bool
	Own  bool // the reader's desk speaks for the body
}

type promiseRow struct {
	promise.Promise
	Tone, Standing, Href string
}

// gather asks the rooms what belongs to the case.
func (p *Pages) gather(ctx context.Context, actor identity.Actor, v *dossierView) error {
	if p.rooms.Similar == nil {
		return nil
	}
	c := v.Case
	if c.Kind.Secret() {
		return nil
	}
	x := &v.Extra
	for _, part := range []func(context.Context, identity.Actor, *dossierView) error{p.gatherSame, p.gatherAnswer, p.gatherOpinions} {
		if err := part(ctx, actor, v); err != nil {
			return err
		}
	}
	var err error
	if x.Survey, err = p.rooms.Survey.Result(ctx, actor, c.ID); err != nil {
		return err
	}
	if x.Files, err = p.rooms.Files.OfCase(ctx, actor, c.ID); err != nil {
		return err
	}
	list, _, err := p.rooms.Promise.OfCase(ctx, actor, c.ID)
	for _, pr := range list {
		x.Promises = append(x.Promises, p.promiseRow(ctx, pr))
	}
	return err
}

func (p *Pages) promiseRow(ctx context.Context, pr promise.Promise) promiseRow {
	st := pr.Stands(p.s.Today())
	return promiseRow{Promise: pr, Tone: standingTone(st), Standing: i18n.T(ctx, "promise.standing."+string(st)), Href: "/lam-viec/loi-hua/" + pr.ID}
}

func standingTone(st promise.Standing) string {
	return map[promise.Standing]string{promise.Kept: "ok", promise.Late: "late", promise.Changed: "wait", promise.Waiting: "info"}[st]
}

// gatherSame looks for the cases that say the same, and who follows.
func (p *Pages) gatherSame(ctx context.Context, actor identity.Actor, v *dossierView) error {
	x, c := &v.Extra, v.Case
	sup, err := p.rooms.Follow.SupportOf(ctx, actor, c.ID)
	if err != nil {
		return err
	}
	x.Followers, x.Support = sup.Followers, sup.Total()
	for _, m := range sup.Merged {
		x.Merged = append(x.Merged, mergedRow{Href: caseHref(m.ID), Title: m.Code + " – " + short(m.Text), Door: doorText(ctx, m.Door)})
	}
	if c.MergedInto != "" {
		main, err := p.s.Look(ctx, actor, c.MergedInto)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err == nil {
			x.Into, x.IntoTitle = caseHref(main.ID), main.Code+" – "+short(main.Text)
		}
	}
	if x.Offer, x.Offered, err = p.rooms.Similar.Offered(ctx, c.ID); err != nil {
		return err
	}
	if !v.CanWork || !c.State.Open() {
		return nil
	}
	dup, err := p.rooms.Similar.Duplicates(ctx, actor, c.ID, 5)
	for _, d := range dup {
		x.Duplicates = append(x.Duplicates, duplicateRow{ID: d.Case.ID, Href: caseHref(d.Case.ID), Title: short(d.Case.Text), Percent: int(d.Score*100 + 0.5),
			Meta: d.Case.Code + " · " + i18n.Date(d.Case.ReceivedAt) + " · " + stateText(ctx, d.Case.State), Mine: p.s.Can(actor, feedback.ActionWork, d.Case)})
	}
	return err
}

// gatherAnswer fills the form of the answer: what was typed or kept, the promises in it, the advice on its words.
func (p *Pages) gatherAnswer(ctx context.Context, actor identity.Actor, v *dossierView) error {
	x := &v.Extra
	if a, ok := v.Pending(); ok {
		x.Reply = feedback.Reply{Text: a.Text, Kind: a.Kind, Due: a.Due, Detail: a.Detail}
	}
	if v.Act == "tra-loi" {
		x.Reply = replyOf(v.Typed)
	}
	if x.Reply.Text == "" {
		return nil
	}
	x.Reading = plain.Read(x.Reply.Text)
	var err error
	x.Pendings, err = p.rooms.Promise.Pendings(ctx, actor, v.Case.ID, x.Reply.Text)
	return err
}

func (p *Pages) gatherOpinions(ctx context.Context, actor identity.Actor, v *dossierView) error {
	list, err := p.rooms.Opinion.OfCase(ctx, actor, v.Case.ID)
	if err != nil {
		return err
	}
	asked := map[string]bool{}
	for _, o := range list {
		asked[o.UnitID] = true
		v.Extra.Opinions = append(v.Extra.Opinions, opinionRow{Opinion: o, Body: p.unitName(ctx, o.UnitID), Late: !o.Given() && !o.Ended && o.Due < p.s.Today(), Own: p.rooms.Opinion.CanGive(actor, o)})
	}
	if v.CanWork {
		for _, t := range p.targets(ctx, v.Case, v.Query) {
			if !asked[t.Value] {
				v.Extra.Bodies = append(v.Extra.Bodies, t)
			}
		}
	}
	return nil
}

func short(text string) string {
	return truncateLine(text, 110)
}

// replyOf reads the answer form.
func replyOf(v url.Values) feedback.Reply {
	r := feedback.Reply{Text: strings.ReplaceAll(v.Get("answer"), "\r\n", "\n"), Kind: feedback.AnswerKind(v.Get("answer_kind")), Detail: v.Get("detail")}
	if d, ok := promise.ReadDate(v.Get("due")); ok {
		r.Due = d
	} else if s := strings.TrimSpace(v.Get("due")); s != "" {
		r.Due = "0000" // a day that does not exist: refused as such, and what was typed is kept
	}
	return r
}

// decisionsOf reads what the form says of the promises in the answer; a sentence without a choice is left undecided.
func decisionsOf(v url.Values) []promise.Decision {
	var out []promise.Decision
	for _, mark := range v["mark"] {
		keep := v.Get("keep_" + mark)
		if keep == "" || len(out) > 50 {
			continue
		}
		out = append(out, promise.Decision{Mark: mark, Keep: keep == "1", What: v.Get("what_" + mark), Who: v.Get("who_" + mark), Place: v.Get("place_" + mark), Due: v.Get("due_" + mark), Reason: v.Get("why_" + mark)})
	}
	return out
}

// reply keeps or puts forward an answer with the decisions about its promises.
func (p *Pages) reply(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
	r := replyOf(v)
	if p.rooms.Promise != nil {
		if list := decisionsOf(v); len(list) > 0 {
			if err := p.rooms.Promise.Decide(ctx, a, caseID, r.Text, list); err != nil {
				return feedback.Case{}, err
			}
		}
	}
	if v.Get("go") != "draft" {
		return p.s.SubmitReply(ctx, a, caseID, r)
	}
	if _, err := p.s.DraftReply(ctx, a, caseID, r); err != nil {
		return feedback.Case{}, err
	}
	d, err := p.s.Dossier(ctx, a, caseID)
	return d.Case, err
}

func (p *Pages) merge(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "gop", "feedback.done.merged", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		return p.s.Merge(ctx, a, caseID, v.Get("into"), v.Get("reason"))
	})
}

func (p *Pages) unmerge(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "tach-khoi", "feedback.done.unmerged", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		return p.s.Unmerge(ctx, a, caseID, v.Get("reason"))
	})
}

func (p *Pages) summary(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "tom-tat", "feedback.done.offered", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		if v.Get("go") == "close" {
			if err := p.rooms.Similar.Close(ctx, a, caseID); err != nil {
				return feedback.Case{}, err
			}
		} else if err := p.rooms.Similar.Open(ctx, a, caseID, v.Get("summary")); err != nil {
			return feedback.Case{}, err
		}
		return p.s.Look(ctx, a, caseID)
	})
}

func (p *Pages) askOpinions(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "xin-y-kien", "feedback.done.asked", func(ctx context.Context, a identity.Actor, caseID string, v url.Values) (feedback.Case, error) {
		days, err := strconv.Atoi(v.Get("days"))
		if err != nil {
			days = -1
		}
		if err := p.rooms.Opinion.Ask(ctx, a, caseID, v["bodies"], v.Get("question"), days); err != nil {
			return feedback.Case{}, err
		}
		return p.s.Look(ctx, a, caseID)
	})
}

// addFile takes one file of an answer; a refused one shows the case again and says why.
func (p *Pages) addFile(w http.ResponseWriter, r *http.Request) error {
	ctx, actor, caseID := r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")
	r.Body = http.MaxBytesReader(w, r.Body, attach.MaxBytes+(1<<20))
	parts, err := r.MultipartReader()
	if err != nil {
		return unreadable(err)
	}
	err = p.readFile(ctx, actor, caseID, parts)
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		err = fault.Field("file", "feedback.attach_heavy").With("Limit", attach.MaxBytes>>20)
	}
	if refusedForm(err) {
		return p.renderDossier(w, r, web.Status(fault.KindOf(err)), dossierView{Act: "tep", Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(caseHref(caseID), "feedback.done.attached"))
}

func (p *Pages) readFile(ctx context.Context, actor identity.Actor, caseID string, parts *multipart.Reader) error {
	for range 20 {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return unreadable(err)
		}
		if part.FormName() == "file" && part.FileName() != "" {
			_, err := p.rooms.Files.Add(ctx, actor, caseID, part.FileName(), part)
			return err
		}
	}
	return fault.Field("file", "feedback.attach_empty")
}

func (p *Pages) dropFile(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := p.rooms.Files.Remove(ctx, identity.ActorFrom(ctx), r.PathValue("id"), r.PathValue("file")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(caseHref(r.PathValue("id")), "feedback.done.detached"))
}

func (p *Pages) fileOffice(w http.ResponseWriter, r *http.Request) error {
	f, body, err := p.rooms.Files.Open(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PathValue("file"))
	return sendFile(w, f, body, err)
}

func (p *Pages) fileGiven(w http.ResponseWriter, r *http.Request) error {
	if err := p.mayLook(r); err != nil {
		return err
	}
	f, body, err := p.rooms.Files.OpenGiven(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), r.PathValue("file"))
	return sendFile(w, f, body, p.missed(w, r, err))
}

// sendFile sends a file to be kept, never to be shown inside the site.
func sendFile(w http.ResponseWriter, f attach.File, body io.ReadCloser, err error) error {
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	w.Header().Set("Content-Type", f.Media)
	w.Header().Set("Content-Length", strconv.FormatInt(f.Size, 10))
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	w.Header().Set("Cache-Control", "private, no-store")
	_, err = io.Copy(w, body)
	return err
}
