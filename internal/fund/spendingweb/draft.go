package spendingweb

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// draftRows is how many empty lines the button adds.
const draftRows = 3

// maxRows is the greatest number of lines of one form.
const maxRows = 500

// rowForm is one line of a decision as it was typed.
type rowForm struct {
	No                                                 int
	Head, Unit, Purpose, Amount, Target, Kind, Earmark string
	Err                                                error
}

func (f rowForm) empty() bool {
	return f.Unit == "" && f.Purpose == "" && f.Amount == ""
}

// id is the name of a field of the line.
func (f rowForm) id(name string) string { return name + "_" + strconv.Itoa(f.No) }

// draftView is the form of a new decision.
type draftView struct {
	Appeals                          []ui.Option
	Appeal                           string
	DocNo, DocDay, Meeting, About    string
	Rows                             []rowForm
	Paste                            string
	Units                            []string // names to choose from
	Free                             []spending.Free
	Err                              error
	FreeName                         string
	AppealName                       string
	AppealLedger, AppealUnit, Chosen string
}

func (p *Pages) draft(w http.ResponseWriter, r *http.Request) error {
	v := draftView{Appeal: r.URL.Query().Get("dot"), DocDay: string(clock.DateOf(p.Service.Clock.Now()))}
	v.add(rowForm{Kind: string(spending.TargetHousehold)})
	return p.showDraft(w, r, v, http.StatusOK)
}

func (p *Pages) showDraft(w http.ResponseWriter, r *http.Request, v draftView, status int) error {
	ctx := r.Context()
	list, err := p.Service.Books.AllAppeals(ctx, p.Service.DB.Read())
	if err != nil {
		return err
	}
	for _, a := range list {
		if !p.may(r, spending.ActionPropose, a.UnitID) {
			continue
		}
		if v.Appeal == "" {
			v.Appeal = a.Code
		}
		v.Appeals = append(v.Appeals, ui.Option{Value: a.Code, Text: a.Name + " (" + a.Code + ")", Selected: a.Code == v.Appeal})
		if a.Code != v.Appeal {
			continue
		}
		v.AppealName = a.Name
		if v.Free, err = p.Service.FreeMoney(ctx, actor(r), a.ID); err != nil {
			return err
		}
		for _, u := range p.communes(a.UnitID) {
			v.Units = append(v.Units, u.FullName)
		}
	}
	return web.Render(w, r, status, draftPage(v))
}

// communes lists the units that may receive: the leading unit and the communes below it.
func (p *Pages) communes(unitID string) []orgunit.Unit {
	forest, today := p.Service.Forest(), clock.DateOf(p.Service.Clock.Now())
	var out []orgunit.Unit
	if u, err := forest.Unit(unitID, today); err == nil {
		out = append(out, u)
	}
	return append(out, forest.AtLevel(orgunit.LevelCommune, orgunit.KindFront, unitID, today)...)
}

// unitOf finds a unit by its typed name among those that may receive: the whole name, with or without marks, or the short one
// when only one unit bears it.
func (p *Pages) unitOf(name string, list []orgunit.Unit) string {
	want := vntext.Fold(strings.TrimSpace(name))
	if want == "" {
		return ""
	}
	found := ""
	for _, u := range list {
		switch {
		case vntext.Fold(u.FullName) == want || u.ID == name:
			return u.ID
		case vntext.Fold(u.Name) == want && found != "":
			found = "?"
		case vntext.Fold(u.Name) == want:
			found = u.ID
		}
	}
	if found == "?" {
		return ""
	}
	return found
}

func (p *Pages) propose(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	v := draftOf(r.PostForm)
	switch r.PostForm.Get("viec") {
	case "them":
		for range draftRows {
			v.add(rowForm{Kind: string(spending.TargetHousehold)})
		}
		return p.showDraft(w, r, v, http.StatusOK)
	case "dan":
		v.paste()
		return p.showDraft(w, r, v, http.StatusOK)
	}
	in, err := p.allocationOf(r, &v)
	if err == nil {
		a, refused := p.Service.Propose(r.Context(), actor(r), in)
		if refused == nil {
			return web.SeeOther(w, r, ui.WithFlash(Base+"/"+a.ID, "spending.done.proposed"))
		}
		err = refused
	}
	if !retry(err) && !fault.Is(err, fault.NotFound) {
		return err
	}
	v.Err = err
	return p.showDraft(w, r, v, http.StatusUnprocessableEntity)
}

// draftOf reads what was typed.
func draftOf(f url.Values) draftView {
	v := draftView{Appeal: f.Get("appeal"), DocNo: f.Get("doc_no"), DocDay: f.Get("doc_day"), Meeting: f.Get("meeting"), About: f.Get("about"), Paste: f.Get("paste")}
	n, _ := strconv.Atoi(f.Get("rows")) // what is no number has no rows
	for i := range min(max(n, 0), maxRows) {
		row := rowForm{No: i + 1}
		get := func(name string) string { return strings.TrimSpace(f.Get(row.id(name))) }
		row.Head, row.Unit, row.Purpose, row.Amount, row.Target, row.Kind, row.Earmark = get("head"), get("unit"), get("purpose"), get("amount"), get("target"), get("kind"), get("earmark")
		v.Rows = append(v.Rows, row)
	}
	return v
}

func (v *draftView) add(row rowForm) {
	if len(v.Rows) < maxRows {
		row.No = len(v.Rows) + 1
		v.Rows = append(v.Rows, row)
	}
}

// paste puts lines copied from a spreadsheet into the form: head, unit, purpose, amount, number of households.
func (v *draftView) paste() {
	kept := v.Rows[:0]
	for _, row := range v.Rows {
		if !row.empty() {
			row.No = len(kept) + 1
			kept = append(kept, row)
		}
	}
	v.Rows = kept
	for line := range strings.Lines(v.Paste) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		cells := append(strings.Split(strings.TrimRight(line, "\r\n"), "\t"), "", "", "", "", "")
		head := strings.ToLower(strings.Trim(cells[0], " )."))
		if head == "đ" {
			head = string(fund.HeadShelter)
		}
		v.add(rowForm{Head: head, Unit: strings.TrimSpace(cells[1]), Purpose: strings.TrimSpace(cells[2]), Amount: strings.TrimSpace(cells[3]), Target: strings.TrimSpace(cells[4]),
			Kind: string(spending.TargetHousehold)})
	}
	v.Paste = ""
}

// allocationOf turns what was typed into a decision; lines that are empty are left out.
func (p *Pages) allocationOf(r *http.Request, v *draftView) (spending.NewAllocation, error) {
	in := spending.NewAllocation{Appeal: v.Appeal, DocNo: v.DocNo, DocDay: clock.Date(v.DocDay), Meeting: v.Meeting, About: v.About}
	appeal, err := p.Service.Books.AppealByCode(r.Context(), p.Service.DB.Read(), v.Appeal)
	if err != nil {
		return in, err
	}
	units := p.communes(appeal.UnitID)
	var fs fault.Fields
	for _, row := range v.Rows {
		if row.empty() {
			continue
		}
		x := spending.NewShare{Head: fund.Head(row.Head), UnitID: p.unitOf(row.Unit, units), Purpose: row.Purpose, EarmarkID: row.Earmark, TargetKind: spending.TargetKind(row.Kind)}
		bad := func(ok bool, key string) {
			if !ok {
				fs.Add(fault.Field("shares", key).With("Row", row.No))
			}
		}
		bad(x.UnitID != "", "spending.share.unit")
		var wrong error
		x.Amount, wrong = amountOf(row.Amount)
		bad(wrong == nil && x.Amount > 0, "spending.share.amount")
		if row.Target != "" {
			x.Target, wrong = strconv.Atoi(row.Target)
			bad(wrong == nil, "spending.share.target")
		}
		in.Shares = append(in.Shares, x)
	}
	return in, fs.OrNil()
}
