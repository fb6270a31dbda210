// Package spendingweb is the screens of spending: officials draw up, decide and pay out; everybody reads where the money of an
// appeal went, what was promised and done, which communes are in need, and what became of the gifts of one day.
package spendingweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the words of the screens and of the faults of spending.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Where the screens stand.
const (
	Base      = "/lam-viec/phan-bo"
	shareBase = "/lam-viec/phan-bo-don-vi"
	payBase   = "/lam-viec/chi-tien"
	needPath  = "/lam-viec/nhu-cau-ho-tro"
	perPage   = 50
)

// Public addresses of an appeal.
func publicPath(code string) string { return "/ung-ho/" + url.PathEscape(code) }

// WherePath is the public page of where the money of an appeal went.
func WherePath(code string) string { return publicPath(code) + "/di-dau" }

// MapPath is the public page of which communes need and received.
func MapPath(code string) string { return publicPath(code) + "/ban-do" }

// JourneyPath is the public page of what became of the gifts that came in with one gift.
func JourneyPath(code, giftID string) string {
	return publicPath(code) + "/hanh-trinh/" + url.PathEscape(giftID)
}

// Pages serves the screens.
type Pages struct {
	Service *spending.Service
	// Shapes are the communes of the province for the map, by official code; none hides the map and leaves the table.
	Shapes  []ui.Shape
	ViewBox string
}

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, spending.ActionRead, p.list)
	r.Can("GET "+Base+"/xuat.xlsx", spending.ActionRead, p.export)
	r.Can("GET "+Base+"/moi", spending.ActionPropose, p.draft)
	r.Can("POST "+Base+"/moi", spending.ActionPropose, p.propose)
	r.Can("GET "+Base+"/{id}", spending.ActionRead, p.decision)
	r.Can("POST "+Base+"/{id}/quyet-dinh", spending.ActionDecide, p.decide)
	r.Can("POST "+Base+"/{id}/rut", spending.ActionPropose, p.drop)
	r.Can("GET "+Base+"/{id}/van-ban/{form}", spending.ActionRead, p.decisionPaper)
	r.Can("GET "+shareBase+"/{id}", spending.ActionRead, p.share)
	r.Can("GET "+shareBase+"/{id}/xuat.xlsx", spending.ActionRead, p.shareExport)
	r.Can("POST "+shareBase+"/{id}/nguoi-nhan", spending.ActionPlan, p.plan)
	r.Can("POST "+shareBase+"/{id}/thu-hoi", spending.ActionDecide, p.withdraw)
	r.Can("GET "+payBase+"/{id}", spending.ActionRead, p.payment)
	r.Can("GET "+payBase+"/{id}/anh", spending.ActionRead, p.photo)
	r.Can("POST "+payBase+"/{id}/chi", spending.ActionPay, p.pay)
	r.Can("POST "+payBase+"/{id}/bo", spending.ActionPlan, p.unplan)
	r.Can("POST "+payBase+"/{id}/thu-hoi", spending.ActionTakeBack, p.takeBack)
	r.Can("GET "+payBase+"/{id}/bien-ban/{form}", spending.ActionRead, p.minutes)
	r.Can("GET "+needPath, spending.ActionNeed, p.need)
	r.Can("POST "+needPath, spending.ActionNeed, p.sayNeed)
	r.Public("GET /ung-ho/{code}/di-dau", p.where)
	r.Public("GET /ung-ho/{code}/ban-do", p.coverage)
	r.Public("GET /ung-ho/{code}/hanh-trinh/{gift}", p.journey)
}

func actor(r *http.Request) identity.Actor { return identity.ActorFrom(r.Context()) }

func pageOf(q url.Values) int {
	n, _ := strconv.Atoi(q.Get("trang")) // what is no number is the first page
	return max(1, n)
}

// with is an address with some of the query changed; an empty value takes the parameter away.
func with(path string, q url.Values, pairs ...string) string {
	out := url.Values{}
	for k, v := range q {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if out.Del(pairs[i]); pairs[i+1] != "" {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}

// known keeps the parameters that a list understands.
func known(q url.Values, names ...string) url.Values {
	out := url.Values{}
	for _, n := range names {
		if v := q.Get(n); v != "" {
			out.Set(n, v)
		}
	}
	return out
}

// vnd writes an amount the way the language of the page does.
func vnd(ctx context.Context, v money.VND) string { return ui.Number(ctx, int(v)) + " đ" }

// headText is a head of the law with its letter: "b) Lương thực, nước uống, thuốc men".
func headText(ctx context.Context, h fund.Head) string {
	text := i18n.T(ctx, "spending.head."+string(h))
	if l := h.Letter(); l != "" {
		return l + ") " + text
	}
	return text
}

func stateText(ctx context.Context, s spending.State) string {
	return i18n.T(ctx, "spending.state."+string(s))
}

func stateTone(s spending.State) string {
	switch s {
	case spending.Proposed:
		return "wait"
	case spending.Approved:
		return "ok"
	case spending.Refused:
		return "late"
	}
	return "mute"
}

func payText(ctx context.Context, s spending.PaymentState) string {
	return i18n.T(ctx, "spending.pay_state."+string(s))
}

func payTone(s spending.PaymentState) string {
	switch s {
	case spending.PayPlanned:
		return "wait"
	case spending.PayPaid:
		return "ok"
	case spending.PayTakenBack:
		return "late"
	}
	return "mute"
}

// percent is part of whole in whole percent, rounded down so that nothing looks done before it is.
func percent(part, whole money.VND) int {
	if whole <= 0 {
		return 0
	}
	return int(part * 100 / whole)
}

// amountOf reads an amount as people type it; what is no amount is an error for the field.
func amountOf(s string) (money.VND, error) {
	if s == "" {
		return 0, nil
	}
	return money.Parse(s)
}
