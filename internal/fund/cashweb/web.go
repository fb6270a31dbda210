// Package cashweb is the screens of gifts in cash and of QR codes: receipts and their books, cash brought to the bank, codes and
// posters for units, and the page on which anybody who wants to give gets a code to find the gift by.
package cashweb

import (
	"context"
	"embed"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/cash"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the words of the screens and of the faults of cash.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Where the screens stand.
const (
	Base     = "/lam-viec/phieu-thu"
	handBase = "/lam-viec/nop-tien"
	codeBase = "/lam-viec/ma-qr"
	perPage  = 50
)

// Pages serves the screens.
type Pages struct {
	s    *cash.Service
	asks *httprate.RateLimiter
}

// AsksInTenMinutes is how many codes one address may ask for in ten minutes: a commune behind one mobile gateway is served, a
// machine is stopped.
const AsksInTenMinutes = 60

// New makes the screens.
func New(s *cash.Service) *Pages {
	return &Pages{s: s, asks: httprate.NewRateLimiter(AsksInTenMinutes, 10*time.Minute)}
}

// GivePath is the public page on which one gets a QR code to give to an appeal.
func GivePath(code string) string { return "/ung-ho/" + url.PathEscape(code) + "/ma-qr" }

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, cash.ActionRead, p.list)
	r.Can("GET "+Base+"/xuat.xlsx", cash.ActionRead, p.export)
	r.Can("GET "+Base+"/moi", cash.ActionTake, p.form)
	r.Can("POST "+Base+"/moi", cash.ActionTake, p.take)
	r.Can("GET "+Base+"/{id}", cash.ActionRead, p.receipt)
	r.Can("POST "+Base+"/{id}/huy", cash.ActionVoid, p.void)
	r.Can("POST "+Base+"/{id}/rut-ten", cash.ActionRead, p.forget)
	r.Can("GET "+Base+"/{id}/in/{form}", cash.ActionRead, p.slip)
	r.Can("GET "+Base+"/{id}/xac-nhan/{form}", cash.ActionRead, p.confirmation)
	r.Can("GET "+handBase, cash.ActionRead, p.handovers)
	r.Can("GET "+handBase+"/xuat.xlsx", cash.ActionRead, p.handoversExcel)
	r.Can("POST "+handBase, cash.ActionHand, p.bring)
	r.Can("GET "+handBase+"/{id}", cash.ActionPair, p.candidates)
	r.Can("POST "+handBase+"/{id}", cash.ActionPair, p.pair)
	r.Can("GET "+codeBase, cash.ActionCode, p.codes)
	r.Can("GET "+codeBase+"/xuat.xlsx", cash.ActionCode, p.codesExcel)
	r.Can("POST "+codeBase, cash.ActionCode, p.makeCode)
	r.Can("GET "+codeBase+"/{code}", cash.ActionCode, p.code)
	r.Can("POST "+codeBase+"/{code}/rut-ten", cash.ActionCode, p.forgetCode)
	r.Can("GET "+codeBase+"/{code}/ap-phich.pdf", cash.ActionCode, p.poster)
	r.Public("GET /ung-ho/{code}/ma-qr", p.give)
	r.Public("POST /ung-ho/{code}/ma-qr", p.ask)
	r.Public("GET /ung-ho/{code}/ma-qr/{ref}", p.mine)
	r.Public("GET /ung-ho/{code}/ma-qr/{ref}/anh.png", p.picture)
}

func actor(r *http.Request) identity.Actor { return identity.ActorFrom(r.Context()) }

func pageOf(q url.Values) int {
	n, _ := strconv.Atoi(q.Get("trang")) // what is no number is the first page
	return max(1, n)
}

// pagingOf tells which part of a list is asked for: the whole of it for a print sheet.
func pagingOf(r *http.Request, path string) (v ui.Paging, print bool) {
	if r.Method == http.MethodGet && r.URL.Query().Get("in") == "1" {
		return ui.Paging{Page: 1}, true
	}
	return ui.Paging{Page: pageOf(r.URL.Query()), Per: perPage, URL: func(n int) string { return with(path, nil, "trang", strconv.Itoa(n)) }}, false
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

func known(q url.Values, names ...string) url.Values {
	out := url.Values{}
	for _, n := range names {
		if v := q.Get(n); v != "" {
			out.Set(n, v)
		}
	}
	return out
}

func vnd(ctx context.Context, v money.VND) string { return ui.Number(ctx, int(v)) + " đ" }

func statusOf(refused error) int {
	if refused == nil {
		return http.StatusOK
	}
	return web.Status(fault.KindOf(refused))
}

// retry tells whether a refusal is shown in the form again.
func retry(err error) bool {
	return err != nil && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict))
}

func amountOf(s string) (money.VND, error) {
	if s == "" {
		return 0, nil
	}
	return money.Parse(s)
}

// sendFile answers with a file to save or print.
func sendFile(w http.ResponseWriter, kind, name string, b []byte, cache string) error {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": name}))
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, err := w.Write(b)
	return err
}
