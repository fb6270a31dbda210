package voterweb

import (
	"net/http"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// printing tells whether a page is asked for as a sheet to print.
func printing(r *http.Request) bool { return r.URL.Query().Get("in") == "1" }

func sheetOf(r *http.Request, name string, cols ...string) xlsx.Sheet {
	s := xlsx.Sheet{Name: i18n.T(r.Context(), name)}
	for _, k := range cols {
		s.Head = append(s.Head, i18n.T(r.Context(), "voter.col."+k))
	}
	return s
}

func (p *Pages) roundsExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, err := p.Service.Rounds(ctx, identity.ActorFrom(ctx))
	if err != nil {
		return err
	}
	s := sheetOf(r, "voter.tab.rounds", "round", "unit", "level", "session_on", "lock")
	for _, x := range list {
		s.Rows = append(s.Rows, []any{roundText(ctx, x), p.unitName(x.UnitID), levelText(ctx, x.Level), x.SessionOn, x.LockOn})
	}
	return xlsx.Send(w, "dot-tiep-xuc.xlsx", s)
}

func (p *Pages) lettersExcel(w http.ResponseWriter, r *http.Request) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	to := p.lettersTo(r, actor)
	list, err := p.Service.Letters(ctx, actor, "", to)
	if err != nil {
		return err
	}
	s := sheetOf(r, "voter.tab.letters", "number", letterWho(to), "round", "sent_on", "due_on", "answered", "items")
	for _, l := range list {
		s.Rows = append(s.Rows, []any{letterName(ctx, l.Letter), p.unitName(letterSide(l.Letter, to)), roundText(ctx, l.Round), l.SentOn, l.DueOn, l.Answered, l.Items})
	}
	return xlsx.Send(w, "van-ban-chuyen.xlsx", s)
}

func (p *Pages) reviewExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, err := p.Service.Waiting(ctx, identity.ActorFrom(ctx))
	if err != nil {
		return err
	}
	s := sheetOf(r, "voter.tab.review", "code", "text", "body", "kind", "answer", "author", "when")
	for _, v := range list {
		if v.Wait != nil {
			s.Rows = append(s.Rows, []any{v.Code, v.Text, p.unitName(v.Competent()), kindText(ctx, v.Wait), v.Wait.Text, v.Wait.AuthorName, v.Wait.CreatedAt})
		}
	}
	return xlsx.Send(w, "tra-loi-cho-duyet.xlsx", s)
}
