package directiveweb

import (
	"net/http"

	"github.com/nhipcau/nhipcau/internal/directive"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// taskView is a task as the unit that was asked sees it.
type taskView struct {
	directive.Answering
	Late      bool
	MayAnswer bool
	MayReturn bool
	MayPass   bool
	Link      string // address of the page behind a link; "" for officials
	Note      string
	Err       error
}

func (v taskView) action(step string) string {
	if v.Link != "" {
		return v.Link + step
	}
	return taskPath + v.Task.ID + step
}

func pictureURL(pid string) string { return picture.URL(pid, 640) }

func (p *Pages) task(w http.ResponseWriter, r *http.Request) error {
	if p.Service.See(r.Context(), actor(r), r.PathValue("task")) != nil {
		// who only looks on, such as the level above, leaves no trace
		return p.showTask(w, r, http.StatusOK, "", nil)
	}
	return p.showTask(w, r, http.StatusOK, "", nil)
}

func (p *Pages) showTask(w http.ResponseWriter, r *http.Request, status int, note string, refused error) error {
	a, err := p.Service.Task(r.Context(), actor(r), r.PathValue("task"))
	if err != nil {
		return err
	}
	v := taskView{Answering: a, Late: a.Late(a.Directive, p.Service.Today()), Note: note, Err: refused,
		MayAnswer: p.Service.CanAnswer(actor(r), a.UnitID), MayReturn: p.Service.CanSend(actor(r), a.Directive.UnitID),
		MayPass: p.Service.CanSend(actor(r), a.UnitID) && len(p.Service.Levels(a.UnitID)) > 0}
	return web.Render(w, r, status, taskPage(v))
}

func (p *Pages) acknowledge(w http.ResponseWriter, r *http.Request) error {
	if err := p.Service.Acknowledge(r.Context(), actor(r), r.PathValue("task")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(taskPath+r.PathValue("task"), "directive.acknowledged_ok"))
}

// reportOf reads the form of a report.
func reportOf(w http.ResponseWriter, r *http.Request) (directive.Report, func(), error) {
	file, err := upload(w, r, "photo", 32<<20)
	if err != nil {
		return directive.Report{}, nil, err
	}
	out := directive.Report{Note: r.PostForm.Get("note"), PictureAlt: r.PostForm.Get("alt")}
	if file == nil {
		return out, func() {}, nil
	}
	out.Picture = file
	return out, func() { _ = file.Close() }, nil
}

func refusedForm(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) || fault.Is(err, fault.Conflict)
}

func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	rep, done, err := reportOf(w, r)
	if err != nil {
		return err
	}
	defer done()
	err = p.Service.Report(r.Context(), actor(r), r.PathValue("task"), rep)
	if refusedForm(err) {
		return p.showTask(w, r, web.Status(fault.KindOf(err)), rep.Note, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(taskPath+r.PathValue("task"), "directive.reported_ok"))
}

func (p *Pages) sendBack(w http.ResponseWriter, r *http.Request) error {
	err := p.Service.SendBack(r.Context(), actor(r), r.PathValue("task"), r.PostFormValue("reason"))
	if refusedForm(err) {
		return p.showTask(w, r, web.Status(fault.KindOf(err)), "", err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(taskPath+r.PathValue("task"), "directive.returned_ok"))
}

// link shows the page behind a link. Opening it in a browser counts as seen; a program that only looks at the address, as
// messengers do for a preview, does not.
func (p *Pages) link(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Sec-Fetch-Dest") == "document" {
		if err := p.Service.AnswerByLink(r.Context(), r.PathValue("token"), directive.Seen, directive.Report{}); err != nil {
			return err
		}
	}
	return p.showLink(w, r, http.StatusOK, "", nil)
}

func (p *Pages) showLink(w http.ResponseWriter, r *http.Request, status int, note string, refused error) error {
	token := r.PathValue("token")
	a, err := p.Service.ByLink(r.Context(), token)
	if err != nil {
		return err
	}
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is the key
	v := taskView{Answering: a, Late: a.Late(a.Directive, p.Service.Today()), MayAnswer: true, Link: LinkBase + token, Note: note, Err: refused}
	return web.Render(w, r, status, linkPage(v))
}

func (p *Pages) linkFile(w http.ResponseWriter, r *http.Request) error {
	f, body, err := p.Service.FileByLink(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	return sendFile(w, f, body)
}

func (p *Pages) linkAcknowledge(w http.ResponseWriter, r *http.Request) error {
	if err := p.Service.AnswerByLink(r.Context(), r.PathValue("token"), directive.Acknowledged, directive.Report{}); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(LinkBase+r.PathValue("token"), "directive.acknowledged_ok"))
}

func (p *Pages) linkReport(w http.ResponseWriter, r *http.Request) error {
	rep, done, err := reportOf(w, r)
	if err != nil {
		return err
	}
	defer done()
	err = p.Service.AnswerByLink(r.Context(), r.PathValue("token"), directive.Done, rep)
	if refusedForm(err) {
		return p.showLink(w, r, web.Status(fault.KindOf(err)), rep.Note, err)
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, thanksPage())
}
