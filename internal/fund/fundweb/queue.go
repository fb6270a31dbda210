package fundweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// chip is one filter that is switched on or off by its link.
type chip struct {
	Text, Href string
	Count      int
	On         bool
}

// queueView is the queue of rows that a person must decide on.
type queueView struct {
	frame
	Query    url.Values
	Asked    fund.QueueQuery
	Rows     []fund.Waiting
	Total    int
	Counts   map[fund.Reason]int
	Paging   ui.Paging
	Earmarks []ui.Option
	Appeals  []ui.Option
	Rules    []fund.Rule
	Targets  map[string]string // codes of appeals by id
	Chosen   []string
	Typed    url.Values
	Refused  []fund.Refusal
	Done     int
	Err      error
}

func queueQuery(q url.Values) fund.QueueQuery {
	return fund.QueueQuery{Reason: fund.Reason(q.Get("ly_do")), Text: q.Get("q"), Sorted: q.Get("xem") == "xong", Page: pageOf(q), PerPage: perPage}
}

func (p *Pages) showQueue(w http.ResponseWriter, r *http.Request, v queueView) (err error) {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	if v.frame, err = p.frame(r, "cho"); err != nil {
		return err
	}
	v.Asked = queueQuery(v.Query)
	if v.Rows, v.Total, err = p.Service.QueuePage(ctx, actor, v.Code, v.Asked); err != nil {
		return err
	}
	if v.Counts, err = p.Service.QueueCounts(ctx, actor, v.Code); err != nil {
		return err
	}
	kept := known(v.Query, "ly_do", "q", "xem")
	v.Paging = ui.Paging{Page: v.Asked.Page, Per: perPage, Total: v.Total, URL: func(n int) string { return with(v.path("cho"), kept, "trang", strconv.Itoa(n)) }}
	if v.Earmarks, err = p.earmarkOptions(ctx, v.ID, v.Typed.Get("earmark")); err != nil {
		return err
	}
	if v.Appeals, err = p.appealOptions(r, v.ID, v.Typed.Get("appeal")); err != nil {
		return err
	}
	if v.Rules, err = p.Service.Rules(ctx, actor, v.Code); err != nil {
		return err
	}
	all, err := p.Service.AllAppeals(ctx, p.Service.DB.Read())
	if err != nil {
		return err
	}
	v.Targets = map[string]string{}
	for _, a := range all {
		v.Targets[a.ID] = a.Code
	}
	return web.Render(w, r, status(v.Err), queuePage(v))
}

func (p *Pages) queue(w http.ResponseWriter, r *http.Request) error {
	return p.showQueue(w, r, queueView{Query: known(r.URL.Query(), "ly_do", "q", "xem", "trang")})
}

func (p *Pages) queueExport(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := queueQuery(r.URL.Query())
	q.Page, q.PerPage = 1, 5000
	list, _, err := p.Service.QueuePage(ctx, identity.ActorFrom(ctx), r.PathValue("code"), q)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "fund.tab.queue")}
	for _, c := range []string{"day", "document", "memo", "in", "out", "reason", "file", "row"} {
		s.Head = append(s.Head, i18n.T(ctx, "fund.col."+c))
	}
	for _, x := range list {
		s.Rows = append(s.Rows, []any{x.Day.Vietnamese(), x.DocNo, x.Memo, int64(x.Credit), int64(x.Debit), i18n.T(ctx, "fund.reason."+string(x.Reason)), x.File, x.Row})
	}
	return xlsx.Send(w, "hang-cho.xlsx", s)
}

// sort is the act on the chosen rows, or on all that the filter shows.
func (p *Pages) sort(w http.ResponseWriter, r *http.Request) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	if err := r.ParseForm(); err != nil {
		return err
	}
	q, err := url.ParseQuery(r.PostFormValue("loc"))
	if err != nil {
		q = url.Values{}
	}
	v := queueView{Query: known(q, "ly_do", "q", "xem", "trang"), Chosen: r.PostForm["id"], Typed: r.PostForm}
	in := fund.SortRequest{Rows: v.Chosen, As: fund.Sorting(r.PostFormValue("as")), Note: r.PostFormValue("note"), Appeal: r.PostFormValue("appeal"), GiftID: r.PostFormValue("gift"),
		EarmarkID: r.PostFormValue("earmark")}
	if r.PostFormValue("tat_ca") != "" {
		all := queueQuery(v.Query)
		all.Page, all.PerPage, all.Sorted = 1, 5000, false
		list, _, err := p.Service.QueuePage(ctx, actor, r.PathValue("code"), all)
		if err != nil {
			return err
		}
		in.Rows = in.Rows[:0:0]
		for _, x := range list {
			in.Rows = append(in.Rows, x.ID)
		}
	}
	done, bad, err := p.Service.Sort(ctx, actor, r.PathValue("code"), in)
	if err != nil && !refused(err) {
		return err
	}
	if err == nil && len(bad) == 0 {
		return web.SeeOther(w, r, ui.WithFlash(with(AppealPath(r.PathValue("code"))+"/cho", v.Query, "trang", ""), "fund.flash.sorted"))
	}
	v.Done, v.Refused, v.Err = done, bad, err
	if err == nil {
		v.Err = bad[0].Fault
	}
	return p.showQueue(w, r, v)
}

func (p *Pages) unsort(w http.ResponseWriter, r *http.Request) error {
	err := p.Service.Unsort(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), r.PostFormValue("id"), r.PostFormValue("note"))
	if refused(err) {
		return p.showQueue(w, r, queueView{Query: url.Values{"xem": {"xong"}}, Typed: r.PostForm, Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(AppealPath(r.PathValue("code"))+"/cho", "fund.flash.unsorted"))
}

func (v queueView) chips(ctx context.Context) []chip {
	var out []chip
	for _, x := range fund.Reasons() {
		if n := v.Counts[x]; n > 0 || v.Asked.Reason == x {
			c := chip{Text: i18n.T(ctx, "fund.reason."+string(x)), Count: n, On: v.Asked.Reason == x, Href: with(v.path("cho"), known(v.Query, "q", "xem"), "ly_do", string(x))}
			if c.On {
				c.Href = with(v.path("cho"), known(v.Query, "q", "xem"))
			}
			out = append(out, c)
		}
	}
	return out
}

// ways are the ways out of the queue that fit what is shown.
func (v queueView) ways(ctx context.Context) []ui.Option {
	in, out := false, false
	for _, x := range v.Rows {
		in, out = in || x.Credit > 0, out || x.Debit > 0
	}
	var list []fund.Sorting
	if in {
		list = append(list, fund.Sortings(true)...)
	}
	if out {
		for _, x := range fund.Sortings(false) {
			if !slices.Contains(list, x) {
				list = append(list, x)
			}
		}
	}
	var opts []ui.Option
	for _, x := range list {
		opts = append(opts, ui.Option{Value: string(x), Text: i18n.T(ctx, "fund.sort."+string(x)), Selected: v.Typed.Get("as") == string(x)})
	}
	return opts
}

func (v queueView) chosen(rowID string) bool { return slices.Contains(v.Chosen, rowID) }

// refusalOf says why a row was not sorted; "".
func (v queueView) refusalOf(ctx context.Context, rowID string) string {
	for _, x := range v.Refused {
		if x.RowID == rowID {
			return i18n.Fault(ctx, x.Fault)
		}
	}
	return ""
}

func (p *Pages) earmarkOptions(ctx context.Context, appealID, selected string) ([]ui.Option, error) {
	purses, err := p.Service.Purses(ctx, p.Service.DB.Read(), appealID)
	if err != nil {
		return nil, err
	}
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "fund.earmark.whole")}}
	for _, x := range purses[1:] {
		out = append(out, ui.Option{Value: x.Earmark.ID, Text: x.Earmark.Name, Selected: x.Earmark.ID == selected})
	}
	return out, nil
}

func (p *Pages) appealOptions(r *http.Request, without, selected string) ([]ui.Option, error) {
	all, err := p.Service.Appeals(r.Context(), identity.ActorFrom(r.Context()))
	if err != nil {
		return nil, err
	}
	out := []ui.Option{{Value: "", Text: i18n.T(r.Context(), "fund.sort.by_memo")}}
	for _, a := range all {
		if a.ID != without {
			out = append(out, ui.Option{Value: a.Code, Text: a.Code + " – " + a.Name, Selected: a.Code == selected})
		}
	}
	return out, nil
}

// giftsView finds single gifts.
type giftsView struct {
	frame
	Query    url.Values
	Rows     []fund.GiftFact
	Asked    bool
	Earmarks []ui.Option
	Names    map[string]string // of earmarks
	Typed    url.Values
	Err      error
}

func (p *Pages) showGifts(w http.ResponseWriter, r *http.Request, v giftsView) (err error) {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	if v.frame, err = p.frame(r, "khoan"); err != nil {
		return err
	}
	q := fund.GiftQuery{Day: clock.Date(v.Query.Get("ngay")), Reference: v.Query.Get("ma")}
	var bad error
	if q.Amount, bad = amountOf(v.Query.Get("so_tien")); bad != nil {
		v.Err = bad
	}
	if v.Asked = q.Amount > 0 || q.Reference != ""; v.Asked && bad == nil {
		if v.Rows, err = p.Service.FindGifts(ctx, actor, v.Code, q); err != nil {
			return err
		}
	}
	if v.Earmarks, err = p.earmarkOptions(ctx, v.ID, ""); err != nil {
		return err
	}
	v.Names = map[string]string{}
	for _, o := range v.Earmarks {
		v.Names[o.Value] = o.Text
	}
	return web.Render(w, r, status(v.Err), giftsPage(v))
}

func (p *Pages) gifts(w http.ResponseWriter, r *http.Request) error {
	return p.showGifts(w, r, giftsView{Query: known(r.URL.Query(), "so_tien", "ngay", "ma")})
}

func (p *Pages) onGift(w http.ResponseWriter, r *http.Request, flash string, err error) error {
	q, bad := url.ParseQuery(r.PostFormValue("loc"))
	if bad != nil {
		q = url.Values{}
	}
	if refused(err) {
		return p.showGifts(w, r, giftsView{Query: known(q, "so_tien", "ngay", "ma"), Typed: r.PostForm, Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(with(AppealPath(r.PathValue("code"))+"/khoan", known(q, "so_tien", "ngay", "ma")), flash))
}

func (p *Pages) earmarkGift(w http.ResponseWriter, r *http.Request) error {
	return p.onGift(w, r, "fund.flash.earmarked", p.Service.EarmarkGift(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), r.PostFormValue("id"), r.PostFormValue("earmark"), r.PostFormValue("note")))
}

func (p *Pages) withdraw(w http.ResponseWriter, r *http.Request) error {
	return p.onGift(w, r, "fund.flash.withdrawn", p.Service.WithdrawGift(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), r.PostFormValue("id"), r.PostFormValue("note")))
}

// earmarksView is what was given for one place, person or purpose.
type earmarksView struct {
	frame
	Purses []fund.Purse
	Typed  url.Values
	Err    error
}

func (p *Pages) showEarmarks(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	f, err := p.frame(r, "dia-chi")
	if err != nil {
		return err
	}
	v := earmarksView{frame: f, Typed: typed, Err: refusal}
	if v.Purses, err = p.Service.Purses(r.Context(), p.Service.DB.Read(), f.ID); err != nil {
		return err
	}
	return web.Render(w, r, status(refusal), earmarksPage(v))
}

func (p *Pages) earmarks(w http.ResponseWriter, r *http.Request) error {
	return p.showEarmarks(w, r, nil, nil)
}

func (p *Pages) addEarmark(w http.ResponseWriter, r *http.Request) error {
	in := fund.Earmark{Code: r.PostFormValue("code"), Sort: fund.EarmarkSort(r.PostFormValue("sort")), Name: r.PostFormValue("name")}
	for _, h := range r.PostForm["heads"] {
		in.Heads = append(in.Heads, fund.Head(h))
	}
	_, err := p.Service.AddEarmark(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), in)
	if refused(err) {
		return p.showEarmarks(w, r, r.PostForm, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(AppealPath(r.PathValue("code"))+"/dia-chi", "fund.flash.earmark"))
}

func (v earmarksView) heads(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, h := range fund.Heads() {
		out = append(out, ui.Option{Value: string(h), Text: headText(ctx, h), Selected: slices.Contains(v.Typed["heads"], string(h))})
	}
	return out
}

func (v earmarksView) sorts(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, x := range fund.EarmarkSorts() {
		out = append(out, ui.Option{Value: string(x), Text: i18n.T(ctx, "fund.earmark_sort."+string(x))})
	}
	return out
}

// transfersView is the transfers from and to an appeal.
type transfersView struct {
	frame
	List    []fund.Transfer
	Appeals []ui.Option
	Purses  []fund.Purse
	To      []ui.Option // earmarks of the appeal that gets it
	Typed   url.Values
	Err     error
}

func (p *Pages) showTransfers(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	ctx := r.Context()
	f, err := p.frame(r, "chuyen")
	if err != nil {
		return err
	}
	v := transfersView{frame: f, Typed: typed, Err: refusal}
	if v.List, err = p.Service.Transfers(ctx, identity.ActorFrom(ctx), f.Code); err != nil {
		return err
	}
	all, err := p.Service.AllAppeals(ctx, p.Service.DB.Read())
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.ID == f.ID {
			continue
		}
		v.Appeals = append(v.Appeals, ui.Option{Value: a.Code, Text: a.Code + " – " + a.Name, Selected: a.Code == typed.Get("to")})
		if a.Code == typed.Get("to") {
			if v.To, err = p.earmarkOptions(ctx, a.ID, typed.Get("to_earmark")); err != nil {
				return err
			}
		}
	}
	if v.Purses, err = p.Service.Purses(ctx, p.Service.DB.Read(), f.ID); err != nil {
		return err
	}
	return web.Render(w, r, status(refusal), transfersPage(v))
}

func (p *Pages) transfers(w http.ResponseWriter, r *http.Request) error {
	return p.showTransfers(w, r, known(r.URL.Query(), "to"), nil)
}

func (p *Pages) transfer(w http.ResponseWriter, r *http.Request) error {
	f := r.PostFormValue
	in := fund.NewTransfer{From: r.PathValue("code"), To: f("to"), FromEarmark: f("from_earmark"), ToEarmark: f("to_earmark"), Document: f("document")}
	var err error
	if in.Amount, err = amountOf(f("amount")); err == nil {
		_, err = p.Service.Transfer(r.Context(), identity.ActorFrom(r.Context()), in)
	}
	if refused(err) {
		return p.showTransfers(w, r, r.PostForm, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(AppealPath(r.PathValue("code"))+"/chuyen", "fund.flash.transferred"))
}

func (p *Pages) undoTransfer(w http.ResponseWriter, r *http.Request) error {
	err := p.Service.UndoTransfer(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("note"))
	if refused(err) {
		return p.showTransfers(w, r, r.PostForm, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(AppealPath(r.PathValue("code"))+"/chuyen", "fund.flash.untransferred"))
}

func (v transfersView) purseOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, x := range v.Purses {
		name := x.Earmark.Name
		if x.Earmark.ID == "" {
			name = i18n.T(ctx, "fund.earmark.whole")
		}
		out = append(out, ui.Option{Value: x.Earmark.ID, Text: i18n.T(ctx, "fund.transfer.left", "Name", name, "Left", x.Left().String()), Selected: x.Earmark.ID == v.Typed.Get("from_earmark")})
	}
	return out
}

// transferState is how far a transfer has come: its key and tone.
func transferState(t fund.Transfer) (key, tone string) {
	switch {
	case t.Undone:
		return "undone", "mute"
	case t.SeenIn && t.SeenOut:
		return "done", "ok"
	case t.SeenOut:
		return "out", "wait"
	case t.SeenIn:
		return "in", "wait"
	}
	return "decided", "info"
}

func vnd(v money.VND) string { return v.String() }
