package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// gifts of the rehearsal that is walked: half of those in the one that is shown, enough for what it gives away.
const walkedGifts = 50_000

// TestNothingPrivateIsPublic plays the rehearsal and reads it as somebody without any right: every public page, file, feed,
// receipt, door for programs and entry of the public log that can be reached. It finds no number of an account, a telephone or an
// identity card that the rehearsal holds, and no name of somebody who did not agree.
func TestNothingPrivateIsPublic(t *testing.T) {
	house, secrets := played(t)
	w := &walk{t: t, house: house, leaks: secrets, seen: map[string]bool{}, read: map[string]int{}, asked: map[string]int{}, mux: http.NewServeMux()}
	for _, rt := range house.Routes() {
		if rt.Method() == http.MethodGet && rt.Access.Door == web.DoorPublic {
			w.public = append(w.public, rt.Pattern)
			w.mux.HandleFunc(rt.Pattern, func(http.ResponseWriter, *http.Request) {})
		}
	}
	w.start()
	for len(w.queue) > 0 {
		next := w.queue[0]
		w.queue = w.queue[1:]
		w.visit(next)
	}
	w.log()
	pages := 0
	for _, n := range w.read {
		pages += n
	}
	if pages < 700 || w.bytes < 5<<20 {
		t.Errorf("only %d pages with %d bytes were read: the walk does not find them any more", pages, w.bytes)
	}
	w.nothingLeftOut()
	t.Logf("%d public pages of %d addresses, %d MB", pages, len(w.read), w.bytes>>20)
}

// played is the rehearsal after its third day, and what of it is private.
func played(t *testing.T) (*app.House, *leaks) {
	t.Helper()
	simListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := options{scenario: "nghe-an", addr: "127.0.0.1:8080", simAddr: simListener.Addr().String(), data: t.TempDir(), logLevel: "error"}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, sc := t.Context(), scenarios()[o.scenario]
	clk, err := newHistory(filepath.Join(o.data, "clock-shift"), sc.now)
	must(err)
	world, err := openWorld(o, clk)
	must(err)
	cfg := productConfig(o)
	must(cfg.Check())
	house, err := app.Open(ctx, cfg, os.Stderr, app.WithClock(clk))
	must(err)
	server := serve(simListener, world.handler())
	t.Cleanup(func() { _ = house.Close(); _ = server.Close(); world.close() })
	cast, err := seed(ctx, house, world, clk, sc, o.data, io.Discard)
	must(err)
	must(house.Start(ctx))
	must(world.wake(ctx, house, *cast, sc.now.IsZero()))
	troupe := newTroupe(house)
	troupe.gifts = walkedGifts
	must(playAppeal(ctx, troupe, o.data, io.Discard))
	published(t, house)
	fleetLives(t, house, *cast)
	a, err := house.Rooms().Fund.AppealByCode(ctx, house.Rooms().DB.Read(), appealCode)
	must(err)
	var exact []string
	inMemo := regexp.MustCompile(`\d{9,}`)
	for row := range strings.Lines(string(bankStatement(a.Opens, nil, walkedGifts))) {
		exact = append(exact, inMemo.FindAllString(row[strings.LastIndexByte(row, ',')+1:], -1)...) // amounts stand before the memo
	}
	if len(exact) < 2*walkedGifts {
		t.Fatal("the statement holds only", len(exact), "numbers")
	}
	return house, newLeaks(citizens(), []string{`0900\d{6}`, `0911\d{6}`, `0912000[12]\d{2}`, `040[01]\d{8}`, `84(?:900|911|912)\d{6}`}, exact)
}

// published waits until the public statement holds every gift and its last line is proved by the log.
func published(t *testing.T, house *app.House) {
	t.Helper()
	for began := time.Now(); time.Since(began) < 3*time.Minute; time.Sleep(300 * time.Millisecond) {
		rec := httptest.NewRecorder()
		house.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/api/v1/public/appeals/"+appealCode+"/gifts?limit=1", nil))
		var page struct {
			Lines int
			Gifts []struct{ ID string }
		}
		if json.Unmarshal(rec.Body.Bytes(), &page) != nil || page.Lines < walkedGifts || len(page.Gifts) == 0 {
			continue
		}
		rec = httptest.NewRecorder()
		house.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/api/v1/public/gifts/"+page.Gifts[0].ID+"/receipt.json", nil))
		if strings.Contains(rec.Body.String(), "checkpoint") {
			return
		}
	}
	t.Fatal("the gifts are not public in time")
}

// walk reads everything that can be reached, a number of pages of each kind.
type walk struct {
	t      *testing.T
	house  *app.House
	leaks  *leaks
	mux    *http.ServeMux // of public addresses
	public []string
	queue  []string
	seen   map[string]bool
	asked  map[string]int // by pattern
	read   map[string]int
	bytes  int
}

// perPattern is how many addresses of one kind are read.
const perPattern = 60

// start gives the places from which everything else is found.
func (w *walk) start() {
	code := strings.NewReplacer("{code}", appealCode, "{id}", appealCode+".7", "{line}", "7", "{gift}", appealCode+".7", "{$}", "")
	for _, p := range w.public {
		_, path, _ := strings.Cut(p, " ")
		if strings.Contains(path, "/ung-ho/") || strings.Contains(path, "/api/v1/public/") || !strings.Contains(strings.ReplaceAll(path, "{$}", ""), "{") {
			w.add(code.Replace(path))
		}
	}
	for i := range 40 { // lines and receipts all over the statement
		n := strconv.Itoa(1 + i*walkedGifts/40)
		w.add("/ung-ho/" + appealCode + "/dong/" + n)
		w.add("/api/v1/public/gifts/" + appealCode + "." + n + "/receipt.json")
	}
	for _, q := range []string{"khac+kien", "nguyen", "0900", "bich+ngan"} {
		w.add("/ung-ho/" + appealCode + "?q=" + q)
		w.add("/api/v1/public/appeals/" + appealCode + "/gifts?limit=100&q=" + q)
		w.add("/tim?q=" + q)
	}
	w.add("/sitemap.xml")
	w.add("/open/cases.csv")
	w.add("/open311/v2/services.json")
	w.add("/open311/v2/requests.json")
}

// add puts an address on the list, unless it was there or enough of its kind were read.
func (w *walk) add(address string) {
	u, err := url.Parse(html.UnescapeString(address))
	if err != nil || u.Host != "" && u.Host != "127.0.0.1:8080" || u.Scheme != "" && u.Scheme != "http" || !strings.HasPrefix(u.Path, "/") {
		return
	}
	target := u.EscapedPath()
	if u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	if strings.HasPrefix(target, "/static/") || w.seen[target] {
		return
	}
	_, pattern := w.mux.Handler(httptest.NewRequest(http.MethodGet, (&url.URL{Path: u.Path}).String(), nil))
	if pattern == "" || w.asked[pattern] >= perPattern {
		return
	}
	w.seen[target] = true
	w.asked[pattern]++
	w.queue = append(w.queue, target)
}

var links = regexp.MustCompile(`(?:href|src|action|content)="([^"#]+)|<loc>([^<]+)|<link>([^<]+)|"(https?://[^"]+)"`)

var open311 = regexp.MustCompile(`"service_(request_id|code)": ?"([^"]+)"`)

// visit reads one address, looks for leaks, and follows what it names.
func (w *walk) visit(target string) {
	body, status := w.fetch(target)
	if status != http.StatusOK {
		return
	}
	_, pattern := w.mux.Handler(httptest.NewRequest(http.MethodGet, target, nil))
	w.read[pattern]++
	w.bytes += len(body)
	for _, leak := range w.leaks.find(body) {
		if !strings.Contains(strings.ToLower(target), strings.ReplaceAll(leak, " ", "+")) { // a page may repeat what was asked for
			w.t.Errorf("%s holds %q", target, leak)
		}
	}
	for _, m := range open311.FindAllStringSubmatch(body, -1) {
		w.add("/open311/v2/" + map[string]string{"request_id": "requests", "code": "services"}[m[1]] + "/" + m[2] + ".json")
	}
	for _, m := range links.FindAllStringSubmatch(body, -1) {
		for _, found := range m[1:] {
			if found == "" {
				continue
			}
			if base, err := url.Parse(target); err == nil && !strings.HasPrefix(found, "http") && !strings.HasPrefix(found, "/") {
				if u, err := base.Parse(html.UnescapeString(found)); err == nil {
					found = u.String()
				}
			}
			w.add(found)
		}
	}
}

// fetch gives what an address answers; packed tables are unpacked.
func (w *walk) fetch(target string) (string, int) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(identity.WithActor(ctx, identity.Citizen()), http.MethodGet, target, nil)
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:4000", len(w.seen)>>16&255, len(w.seen)>>8&255, len(w.queue)&255) // no single reader: limits are another test
	rec := httptest.NewRecorder()
	w.house.Handler().ServeHTTP(rec, r)
	if rec.Code >= 500 {
		w.t.Errorf("%s: %d", target, rec.Code)
	}
	for rec.Code >= 300 && rec.Code < 400 && rec.Header().Get("Location") != "" {
		w.add(rec.Header().Get("Location"))
		return "", rec.Code
	}
	body := rec.Body.Bytes()
	if !bytes.HasPrefix(body, []byte("PK\x03\x04")) {
		return string(body), rec.Code
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return string(body), rec.Code
	}
	var b strings.Builder
	for _, f := range z.File {
		if part, err := f.Open(); err == nil {
			_, _ = io.Copy(&b, part)
			_ = part.Close()
		}
	}
	return b.String(), rec.Code
}

// log reads every entry of the public log.
func (w *walk) log() {
	note, status := w.fetch("/log/checkpoint")
	lines := strings.Split(note, "\n")
	if status != http.StatusOK || len(lines) < 3 {
		w.t.Fatal("no checkpoint", status, note)
	}
	size, err := strconv.Atoi(lines[1])
	if err != nil || size < 100 {
		w.t.Fatal("the log holds little", lines[1], err)
	}
	for tile := 0; tile*256 < size; tile++ {
		path := fmt.Sprintf("/log/tile/entries/%03d", tile)
		if tile >= 1000 {
			path = fmt.Sprintf("/log/tile/entries/x%03d/%03d", tile/1000, tile%1000)
		}
		if rest := size - tile*256; rest < 256 {
			path += ".p/" + strconv.Itoa(rest)
		}
		body, status := w.fetch(path)
		if status != http.StatusOK || body == "" {
			w.t.Fatal(path, status)
		}
		for _, leak := range w.leaks.find(body) {
			w.t.Errorf("%s holds %q", path, leak)
		}
	}
}

// notPages are public addresses that the walk does not read, and why.
func notPages() map[string]string {
	secret, code, empty := "opened by a secret in a letter only", "opened by a code on a slip or box only", "nothing of the kind in the rehearsal before somebody does it"
	out := map[string]string{"GET /static/": "files of the program", "GET /webhook/facebook": "answers a challenge only", "GET /webhook/youtube": "answers a challenge only",
		"GET /dang-nhap/ma": "asks for a code that was sent", "GET /dang-nhap/oidc": "leads to another house", "GET /dang-nhap/oidc/ve": "comes back from another house",
		"GET /dang-xuat": "leads on", "GET /don-vi/{unit}": "leads to the site of the unit"}
	for _, p := range []string{"GET /chi-dao/{token}", "GET /chi-dao/{token}/tep", "GET /bao-tin/{token}", "GET /bao-tin/{token}/thoi", "GET /co-quan/{token}", "GET /loi-moi/{secret}"} {
		out[p] = secret
	}
	for _, p := range []string{"GET /t/{code}", "GET /cuu-tro/gop/{code}", "GET /cuu-tro/thung/{code}", "GET /ung-ho/{code}/ma-qr/{ref}", "GET /ung-ho/{code}/ma-qr/{ref}/anh.png", "GET /vu-viec/{code}",
		"GET /vu-viec/{code}/tep/{file}", "GET /vu-viec/{code}/bien-nhan.json", "GET /vu-viec/{code}/zalo", "GET /open311/v2/tokens/{name}"} {
		out[p] = code
	}
	for _, p := range []string{"GET /tin", "GET /tin/{slug}", "GET /cu-tri/don-vi/{unit}"} {
		out[p] = empty
	}
	return out
}

// nothingLeftOut fails for a public address of which no page was read: what is new has to be walked too.
func (w *walk) nothingLeftOut() {
	for _, p := range w.public {
		if _, ok := notPages()[p]; w.read[p] == 0 && !ok {
			w.t.Errorf("no page of %q was read", p)
		}
	}
	for p, why := range notPages() {
		if !slices.Contains(w.public, p) || w.read[p] > 0 {
			w.t.Errorf("%q is not left out any more (%s)", p, why)
		}
	}
	var photos []string
	err := w.house.Rooms().DB.Read().NewSelect().Table("spending_payment").Column("photo").Where("photo <> ''").Scan(w.t.Context(), &photos)
	if err != nil || len(photos) == 0 {
		w.t.Fatal("no photo of a payment", err)
	}
	for _, p := range photos {
		if _, status := w.fetch("/anh/" + p + "/channel.jpg"); status != http.StatusNotFound {
			w.t.Errorf("the photo of a payment is public: %d", status)
		}
	}
}
