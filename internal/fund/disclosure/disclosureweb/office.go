package disclosureweb

import (
	"context"
	"net/http"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// OfficeBase is where officials see what must be published.
const OfficeBase = "/lam-viec/cong-bo-quy"

type dutiesView struct {
	List  []disclosure.Duty
	May   bool // the actor may say that something is published
	Print bool
	// What was refused: which duty, what was typed, why.
	Code  string
	Kind  disclosure.DutyKind
	Place string
	Note  string
	Err   error
}

func (p *Pages) duties(w http.ResponseWriter, r *http.Request) error {
	return p.showDuties(w, r, http.StatusOK, dutiesView{})
}

func (p *Pages) showDuties(w http.ResponseWriter, r *http.Request, status int, v dutiesView) (err error) {
	actor := identity.ActorFrom(r.Context())
	if v.List, err = p.s.Duties(r.Context(), actor); err != nil {
		return err
	}
	v.Print = r.Method == http.MethodGet && r.URL.Query().Get("in") == "1"
	v.May = !v.Print && p.s.Authz.CanSomewhere(actor, disclosure.ActionPublish)
	return web.Render(w, r, status, dutiesPage(v))
}

func (p *Pages) dutiesExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, err := p.s.Duties(ctx, identity.ActorFrom(ctx))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "disclosure.duty.title")}
	for _, k := range []string{"appeal", "what", "due", "status", "done", "who", "place", "note"} {
		s.Head = append(s.Head, i18n.T(ctx, "disclosure.duty."+k))
	}
	for _, d := range list {
		done := ""
		if !d.DoneAt.IsZero() {
			done = i18n.DateTime(d.DoneAt)
		}
		s.Rows = append(s.Rows, []any{d.Appeal.Name, i18n.T(ctx, "disclosure.duty.kind."+string(d.Kind)), d.Due, i18n.T(ctx, "disclosure.duty.state."+string(d.State), "Day", d.KeepUntil.Vietnamese()), done, d.DoneBy, d.Place, d.Note})
	}
	return xlsx.Send(w, "viec-cong-bo.xlsx", s)
}

func (p *Pages) publish(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	in := disclosure.Published{Code: r.PathValue("code"), Kind: disclosure.DutyKind(r.PathValue("duty")), Place: r.PostFormValue("place"), Note: r.PostFormValue("note")}
	err := p.s.Publish(r.Context(), identity.ActorFrom(r.Context()), in)
	if fault.Is(err, fault.Invalid) {
		return p.showDuties(w, r, http.StatusUnprocessableEntity, dutiesView{Code: in.Code, Kind: in.Kind, Place: in.Place, Note: in.Note, Err: err})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, OfficeBase+"?ok=disclosure.duty.ok", http.StatusSeeOther)
	return nil
}

type correctionView struct {
	LineID, Reason     string
	DropName, DropMemo bool
	Line               *disclosure.Line
	Err                error
}

func (p *Pages) correction(w http.ResponseWriter, r *http.Request) error {
	v := correctionView{LineID: strings.TrimSpace(r.URL.Query().Get("dong"))}
	if v.LineID != "" {
		l, _, err := p.s.Line(r.Context(), v.LineID)
		switch {
		case err == nil:
			v.Line = &l
		case fault.Is(err, fault.NotFound):
			v.Err = fault.Field("line", "disclosure.line_none").With("ID", v.LineID)
		default:
			return err
		}
	}
	return web.Render(w, r, http.StatusOK, correctionPage(v))
}

func (p *Pages) correct(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	v := correctionView{LineID: strings.TrimSpace(r.PostFormValue("line")), Reason: r.PostFormValue("reason"), DropName: r.PostFormValue("name") != "", DropMemo: r.PostFormValue("memo") != ""}
	out, err := p.s.Correct(r.Context(), identity.ActorFrom(r.Context()), disclosure.Correction{LineID: v.LineID, Reason: v.Reason, DropName: v.DropName, DropMemo: v.DropMemo})
	if fault.Is(err, fault.NotFound) {
		err = fault.Field("line", "disclosure.line_none").With("ID", v.LineID)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		if l, _, err := p.s.Line(r.Context(), v.LineID); err == nil {
			v.Line = &l
		}
		v.Err = err
		return web.Render(w, r, http.StatusUnprocessableEntity, correctionPage(v))
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, lineHref(out)+"?ok=disclosure.correct.ok", http.StatusSeeOther)
	return nil
}

func tone(s disclosure.DutyState) string {
	return map[disclosure.DutyState]string{disclosure.DutyLate: "late", disclosure.DutySoon: "wait", disclosure.DutyDue: "info", disclosure.DutyShown: "ok", disclosure.DutyKept: "mute"}[s]
}

// refused tells whether the refused form is that of a duty.
func (v dutiesView) refused(d disclosure.Duty) bool {
	return v.Err != nil && strings.EqualFold(v.Code, d.Appeal.Code) && v.Kind == d.Kind
}

func placeField(ctx context.Context, v dutiesView, d disclosure.Duty) ui.FieldProps {
	f := ui.FieldProps{ID: "place-" + d.Appeal.Code + "-" + string(d.Kind), Name: "place", Label: i18n.T(ctx, "disclosure.duty.place"), Hint: i18n.T(ctx, "disclosure.duty.place_hint"), Required: true}
	if v.refused(d) {
		f.Value, f.Err = v.Place, web.FieldError(ctx, v.Err, "place")
	}
	return f
}

func noteField(ctx context.Context, v dutiesView, d disclosure.Duty) ui.FieldProps {
	f := ui.FieldProps{ID: "note-" + d.Appeal.Code + "-" + string(d.Kind), Name: "note", Label: i18n.T(ctx, "disclosure.duty.note")}
	if v.refused(d) {
		f.Value, f.Err = v.Note, web.FieldError(ctx, v.Err, "note")
	}
	return f
}
