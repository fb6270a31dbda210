package spendingweb

import (
	"context"
	"net/http"
	"net/url"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// candidate is a household that may be put on the list, with what speaks against it.
type candidate struct {
	household.Household
	Warnings []household.Warning
	Chosen   bool
}

// shareView is one share with who receives.
type shareView struct {
	spending.ShareView
	Typed       url.Values
	Search      string
	Candidates  []candidate
	Found       int
	MayWithdraw bool
	Err         error
	Print       bool
}

// manyCandidates is how many households of a search are shown.
const manyCandidates = 30

func (p *Pages) showShare(w http.ResponseWriter, r *http.Request, typed url.Values, refused error) error {
	ctx := r.Context()
	sv, err := p.Service.OpenShare(ctx, actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := shareView{ShareView: sv, Typed: typed, Search: r.FormValue("tim"), Err: refused, Print: r.URL.Query().Get("in") == "1",
		MayWithdraw: sv.Decision.State == spending.Approved && sv.Left() > 0 && p.may(r, spending.ActionDecide, sv.Decision.UnitID)}
	if v.MayPlan && sv.TargetKind == spending.TargetHousehold && (v.Search != "" || len(typed["household"]) > 0) {
		list, n, err := p.Service.Households.Search(ctx, actor(r), household.Query{Text: v.Search, UnitID: sv.UnitID, Page: 1, Per: manyCandidates})
		if err != nil && !fault.Is(err, fault.Forbidden) {
			return err
		}
		v.Found = n
		for _, h := range list {
			c := candidate{Household: h}
			for _, id := range typed["household"] {
				c.Chosen = c.Chosen || id == h.ID
			}
			if c.Warnings, err = p.Service.Households.WarningsFor(ctx, actor(r), h.ID, household.Cash, sv.Appeal.Name); err != nil {
				return err
			}
			v.Candidates = append(v.Candidates, c)
		}
	}
	return web.Render(w, r, statusOf(refused), sharePage(v))
}

func (p *Pages) share(w http.ResponseWriter, r *http.Request) error {
	return p.showShare(w, r, url.Values{}, nil)
}

func (p *Pages) plan(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	amount, err := amountOf(r.PostForm.Get("amount"))
	if err != nil {
		return p.showShare(w, r, r.PostForm, fault.Field("amount", "spending.payment.amount"))
	}
	var in []spending.NewPayment
	for _, id := range r.PostForm["household"] {
		in = append(in, spending.NewPayment{HouseholdID: id, Amount: amount})
	}
	if work := r.PostForm.Get("work"); work != "" {
		in = append(in, spending.NewPayment{Work: work, Amount: amount})
	}
	if _, err = p.Service.Plan(r.Context(), actor(r), r.PathValue("id"), in); retry(err) {
		return p.showShare(w, r, r.PostForm, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(shareBase+"/"+url.PathEscape(r.PathValue("id")), "spending.done.planned"))
}

func (p *Pages) withdraw(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	amount, err := amountOf(r.PostForm.Get("amount"))
	if err != nil {
		return p.showShare(w, r, r.PostForm, fault.Field("amount", "spending.payment.amount"))
	}
	err = p.Service.Withdraw(r.Context(), actor(r), r.PathValue("id"), amount, r.PostForm.Get("reason"))
	if retry(err) {
		return p.showShare(w, r, r.PostForm, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(shareBase+"/"+url.PathEscape(r.PathValue("id")), "spending.done.withdrawn"))
}

func (p *Pages) shareExport(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := p.Service.OpenShare(ctx, actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "spending.share.list")}
	for _, k := range []string{"receiver", "amount", "state", "paid_day", "way", "minutes_no", "witness", "by", "reason"} {
		s.Head = append(s.Head, i18n.T(ctx, "spending.col."+k))
	}
	for _, x := range v.Payments {
		s.Rows = append(s.Rows, []any{x.Name, int(x.Amount), payText(ctx, x.State), x.PaidDay, wayText(ctx, x.Way), x.MinutesNo, x.Witness, x.PaidName, x.Reason})
	}
	return xlsx.Send(w, "danh-sach-chi.xlsx", s)
}

func wayText(ctx context.Context, w spending.Way) string {
	if w == "" {
		return ""
	}
	return i18n.T(ctx, "spending.way."+string(w))
}

// paymentView is one payment with the form of the treasurer.
type paymentView struct {
	spending.PaymentView
	Typed url.Values
	Err   error
}

func (p *Pages) showPayment(w http.ResponseWriter, r *http.Request, typed url.Values, refused error) error {
	v, err := p.Service.OpenPayment(r.Context(), actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if typed.Get("day") == "" {
		typed = url.Values{"day": {string(clock.DateOf(p.Service.Clock.Now()))}, "way": {string(spending.WayCash)}, "reason": typed["reason"]}
	}
	return web.Render(w, r, statusOf(refused), paymentPage(paymentView{PaymentView: v, Typed: typed, Err: refused}))
}

func (p *Pages) payment(w http.ResponseWriter, r *http.Request) error {
	return p.showPayment(w, r, url.Values{}, nil)
}

func photoHref(paymentID string) string { return payBase + "/" + url.PathEscape(paymentID) + "/anh" }

// photo is for those who may read the payment, and is kept nowhere on the way.
func (p *Pages) photo(w http.ResponseWriter, r *http.Request) error {
	b, err := p.Service.Photo(r.Context(), actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "private, no-store")
	_, err = w.Write(b)
	return err
}

// maxUpload is the greatest size of the form with its photo, in bytes.
const maxUpload = 12 << 20

func (p *Pages) pay(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		return fault.New(fault.TooLarge, "spending.pay.too_large").Because(err)
	}
	f := r.PostForm
	in := spending.Payout{Day: clock.Date(f.Get("day")), Way: spending.Way(f.Get("way")), MinutesNo: f.Get("minutes_no"), Witness: f.Get("witness"), Note: f.Get("note"),
		House: f.Get("house"), PhotoConsent: f.Get("photo_consent")}
	if file, head, err := r.FormFile("photo"); err == nil {
		defer file.Close()
		if head.Size > 0 {
			in.Photo = file
		}
	}
	_, err := p.Service.Pay(r.Context(), actor(r), r.PathValue("id"), in)
	if retry(err) {
		return p.showPayment(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return p.backToPayment(w, r, "spending.done.paid")
}

func (p *Pages) backToPayment(w http.ResponseWriter, r *http.Request, key string) error {
	return web.SeeOther(w, r, ui.WithFlash(payBase+"/"+url.PathEscape(r.PathValue("id")), key))
}

func (p *Pages) unplan(w http.ResponseWriter, r *http.Request) error {
	reason := r.PostFormValue("reason")
	if err := p.Service.Unplan(r.Context(), actor(r), r.PathValue("id"), reason); retry(err) {
		return p.showPayment(w, r, r.PostForm, err)
	} else if err != nil {
		return err
	}
	return p.backToPayment(w, r, "spending.done.unplanned")
}

func (p *Pages) takeBack(w http.ResponseWriter, r *http.Request) error {
	reason := r.PostFormValue("reason")
	if err := p.Service.TakeBack(r.Context(), actor(r), r.PathValue("id"), reason); retry(err) {
		return p.showPayment(w, r, r.PostForm, err)
	} else if err != nil {
		return err
	}
	return p.backToPayment(w, r, "spending.done.taken_back")
}

// paymentFacts is what was written down when the money was handed over.
func paymentFacts(ctx context.Context, v paymentView) []ui.DefinitionItem {
	line := func(key, text string) ui.DefinitionItem { return ui.DefinitionItem{Term: i18n.T(ctx, key), Text: text} }
	out := []ui.DefinitionItem{line("spending.col.receiver", v.Name), line("spending.col.amount", vnd(ctx, v.Amount)+" ("+v.Amount.Words()+")"),
		line("spending.col.purpose", v.Share.Purpose), line("spending.col.head", headText(ctx, v.Share.Head)), line("spending.col.unit", v.Share.UnitName),
		line("spending.col.planned_by", v.PlannedName)}
	if v.PaidName != "" {
		out = append(out, line("spending.col.paid_day", v.PaidDay.Vietnamese()), line("spending.col.way", wayText(ctx, v.Way)), line("spending.col.minutes_no", v.MinutesNo),
			line("spending.col.witness", v.Witness), line("spending.col.by", v.PaidName))
	}
	if v.Note != "" {
		out = append(out, line("spending.col.note", v.Note))
	}
	if v.PhotoConsent != "" {
		out = append(out, line("spending.col.photo_consent", v.PhotoConsent))
	}
	if v.Reason != "" {
		out = append(out, line("spending.col.reason", v.Reason))
	}
	if v.BackName != "" {
		out = append(out, line("spending.col.back_by", v.BackName))
	}
	return out
}

// warningText says in one line what a household was given before.
func warningText(ctx context.Context, w household.Warning) string {
	return i18n.T(ctx, "spending.warn."+string(w.Kind), "What", w.Help.What, "Day", w.Help.On.Vietnamese(), "Value", vnd(ctx, money.VND(w.Help.Value)))
}
