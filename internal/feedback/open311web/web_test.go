package open311web_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/feedback/open311web"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

var tables = append(append([]db.Migrations{}, feedbacktest.Migrations...), open311.Migrations, routing.Migrations)

// desk is the doors on a real server with a key of the ward.
type desk struct {
	*feedbacktest.Kit
	t    testing.TB
	url  string
	keys *open311.Keys
	key  string
	book *routing.Service
}

func newDesk(t testing.TB, d *db.DB, perMinute int) *desk {
	t.Helper()
	words, err := i18n.Load(ui.Catalogue, feedbackweb.Catalogue, open311web.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	k := &desk{t: t, Kit: feedbacktest.New(t, d, words.In("vi"), identitytest.File("routing", routing.Policies))}
	k.book = routing.New(routing.Deps{Cases: k.Service, Root: orgunittest.Province})
	k.keys = open311.NewKeys(d, k.Clock, k.Audit)
	_, k.key, err = k.keys.Create(t.Context(), identity.System("test"), orgunittest.VinhHung, "Ứng dụng Vinh của tôi", perMinute)
	if err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	open311web.New(k.Service, k.keys, k.book.Categories, slog.New(slog.DiscardHandler), 0).Routes(&rt)
	s := &web.Server{Guard: func(*http.Request, web.Access) error { return nil }, Logger: slog.New(slog.DiscardHandler),
		ErrorPage: func(_ *http.Request, kind fault.Kind, err error) templ.Component { return ui.ErrorPage(kind, err) }}
	mux := s.Mux(&rt)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(i18n.With(r.Context(), words.In("vi"))))
	}))
	t.Cleanup(server.Close)
	k.url = server.URL
	return k
}

func (k *desk) do(method, path string, form url.Values) (int, http.Header, string) {
	k.t.Helper()
	req, err := http.NewRequest(method, k.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		k.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		req.Header.Set("Idempotency-Key", form.Get("description"))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

// get reads one address as JSON and as XML into the same shape, and checks that both say the same.
func get[J, X any](k *desk, path, query string) (j J, x X) {
	k.t.Helper()
	status, h, body := k.do("GET", path+".json"+query, nil)
	if status != 200 || !strings.HasPrefix(h.Get("Content-Type"), "application/json") || json.Unmarshal([]byte(body), &j) != nil {
		k.t.Fatalf("%s.json%s: %d %s", path, query, status, body)
	}
	status, h, body = k.do("GET", path+".xml"+query, nil)
	if status != 200 || !strings.HasPrefix(h.Get("Content-Type"), "text/xml; charset=utf-8") || !strings.HasPrefix(body, `<?xml version="1.0" encoding="UTF-8"?>`) || xml.Unmarshal([]byte(body), &x) != nil {
		k.t.Fatalf("%s.xml%s: %d %s", path, query, status, body)
	}
	return j, x
}

// What a client written after the standard knows of an answer.
type request struct {
	ID          string  `json:"service_request_id" xml:"service_request_id"`
	Notice      string  `json:"service_notice" xml:"service_notice"`
	Status      string  `json:"status" xml:"status"`
	Notes       string  `json:"status_notes" xml:"status_notes"`
	Code        string  `json:"service_code" xml:"service_code"`
	Description string  `json:"description" xml:"description"`
	Requested   string  `json:"requested_datetime" xml:"requested_datetime"`
	Lat         float64 `json:"lat" xml:"lat"`
	Long        float64 `json:"long" xml:"long"`
}

type requestsXML struct {
	XMLName xml.Name  `xml:"service_requests"`
	List    []request `xml:"request"`
}

func (k *desk) form() url.Values {
	return url.Values{"api_key": {k.key}, "service_code": {"lighting"}, "description": {"=Đèn đường khối Kim Tân hỏng, gọi 0912 000 678 để biết thêm."},
		"lat": {"18.673412"}, "long": {"105.692345"}, "first_name": {"Mẫu"}, "last_name": {"Nguyễn Thị"}, "phone": {"0912000678"}, "email": {"mau@example.org"}, "media_url": {"http://127.0.0.1/x.jpg"}}
}

func (k *desk) with(field, value string) url.Values {
	v := k.form()
	v.Set(field, value)
	v.Set("description", v.Get("description")+" "+value)
	return v
}

// The way of a request from another program: sent, unseen by others, answered, published masked, read in every form.
func TestRequestFromSendingToOpenData(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, 1000)
		var sent []request
		status, _, body := k.do("POST", "/open311/v2/requests.json", k.form())
		if status != http.StatusCreated || json.Unmarshal([]byte(body), &sent) != nil || len(sent) != 1 || sent[0].ID == "" || !strings.Contains(sent[0].Notice, "media_url") || !strings.Contains(sent[0].Notice, "email") {
			t.Fatal(status, body)
		}
		var again requestsXML
		status, _, body = k.do("POST", "/open311/v2/requests.xml", k.form()) // the same sending: taken in once
		if status != http.StatusCreated || xml.Unmarshal([]byte(body), &again) != nil || again.List[0].ID != sent[0].ID {
			t.Fatal(status, body)
		}
		id := sent[0].ID
		dossier, err := k.Service.Dossier(t.Context(), feedbacktest.Officer, id)
		if err != nil || dossier.Case.Door != feedback.DoorOpen311 || dossier.Case.Category != "lighting" || !dossier.Case.HasPerson || dossier.Case.Place.Lat != 18.673412 {
			t.Fatalf("%v %+v", err, dossier.Case)
		}
		// Not published: nobody reads it; the sender learns how it stands, not what it says.
		if status, _, body := k.do("GET", "/open311/v2/requests/"+id+".json", nil); status != 404 || !strings.Contains(body, `"code":404`) {
			t.Fatal(status, body)
		}
		if j, x := get[[]request, requestsXML](k, "/open311/v2/requests/"+id, "?api_key="+k.key); len(j) != 1 || j[0] != x.List[0] || j[0].Status != "open" || j[0].Description != "" {
			t.Fatalf("%+v %+v", j, x)
		}
		_, foreign, err := k.keys.Create(t.Context(), identity.System("test"), orgunittest.TruongVinh, "Chương trình khác", 10)
		if err != nil {
			t.Fatal(err)
		}
		if status, _, _ := k.do("GET", "/open311/v2/requests/"+id+".json?api_key="+foreign, nil); status != 404 {
			t.Errorf("another key saw it: %d", status)
		}
		secret := k.Ask(func(in *feedback.Intake) { in.Kind = feedback.Denunciation })
		k.Answer(id, "Điện lực đã thay bóng ngày 20/11.", true)
		if _, err := k.Service.Publish(t.Context(), feedbacktest.Approver, id, feedback.Copy{Question: "=Đèn đường hỏng, gọi [số điện thoại].", Answer: "Điện lực đã thay bóng."}); err != nil {
			t.Fatal(err)
		}
		k.published(id)
		for _, path := range []string{"/open311/v2/requests.json", "/open311/v2/requests.xml", "/open311/v2/servicerequestupdates.json", "/open/cases.geojson", "/open/cases.csv", "/open/cases.rss"} {
			_, _, body := k.do("GET", path, nil)
			for _, never := range []string{"0912", "Nguyễn Thị", dossier.Case.Code, secret.ID, secret.Code, "18.673412"} {
				if strings.Contains(body, never) {
					t.Errorf("%s tells %q: %s", path, never, body)
				}
			}
		}
	}, tables...)
}

// published reads a published request in every form and with every argument.
func (k *desk) published(id string) {
	k.t.Helper()
	j, x := get[[]request, requestsXML](k, "/open311/v2/requests", "?jurisdiction_id="+"phuong-vinh-hung"+"&service_code=lighting,road&status=closed")
	if len(j) != 1 || len(x.List) != 1 || j[0] != x.List[0] || j[0].ID != id || j[0].Status != "closed" || j[0].Code != "lighting" || j[0].Lat != 18.673 || j[0].Long != 105.692 || j[0].Notes == "" {
		k.t.Fatalf("%+v %+v", j, x)
	}
	for _, q := range []string{"?status=open", "?service_code=waste", "?service_code=other,proposal", "?start_date=2026-01-01T00:00:00Z&end_date=2026-02-01T00:00:00Z", "?page=2", "?jurisdiction_id=phuong-truong-vinh", "?service_request_id=khac"} {
		if j, x := get[[]request, requestsXML](k, "/open311/v2/requests", q); len(j) != 0 || len(x.List) != 0 {
			k.t.Errorf("%s: %+v", q, j)
		}
	}
	if j, _ := get[[]request, requestsXML](k, "/open311/v2/requests", "?service_request_id="+id+"&status=open"); len(j) != 1 { // the id overrides the rest
		k.t.Errorf("by id: %+v", j)
	}
	type update struct {
		RequestID string `json:"service_request_id" xml:"service_request_id"`
		Status    string `json:"status" xml:"status"`
		Text      string `json:"description" xml:"description"`
	}
	ju, xu := get[[]update, struct {
		XMLName xml.Name `xml:"service_request_updates"`
		List    []update `xml:"request_update"`
	}](k, "/open311/v2/servicerequestupdates", "")
	if len(ju) != 2 || len(xu.List) != 2 || ju[0].Status != "open" || ju[1].Status != "closed" || ju[1] != xu.List[1] || !strings.Contains(ju[1].Text, "thay bóng") {
		k.t.Errorf("%+v", ju)
	}
	var geo struct {
		Type     string
		Features []struct {
			Geometry struct{ Coordinates []float64 }
		}
	}
	if _, h, body := k.do("GET", "/open/cases.geojson?unit=phuong-vinh-hung&category=lighting", nil); h.Get("Content-Type") != "application/geo+json" || json.Unmarshal([]byte(body), &geo) != nil || geo.Type != "FeatureCollection" || len(geo.Features) != 1 || geo.Features[0].Geometry.Coordinates[0] != 105.692 {
		k.t.Errorf("geojson: %s", body)
	}
	_, _, body := k.do("GET", "/open/cases.csv", nil)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != id || !strings.HasPrefix(rows[1][10], "'=Đèn") {
		k.t.Fatalf("csv: %v %q", err, body)
	}
	for _, cell := range rows[1] {
		if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
			k.t.Errorf("a cell would run as a formula: %q", cell)
		}
	}
	var feed struct {
		Items []struct {
			Link string `xml:"link"`
		} `xml:"channel>item"`
	}
	if _, _, body := k.do("GET", "/open/cases.rss", nil); xml.Unmarshal([]byte(body), &feed) != nil || len(feed.Items) != 1 || !strings.HasSuffix(feed.Items[0].Link, "/hoi-dap/"+id) {
		k.t.Errorf("rss: %s", body)
	}
}

func TestDiscoveryAndServices(t *testing.T) {
	k := newDesk(t, dbtest.SQLite(t, tables...), 1000)
	type found struct {
		Endpoints []struct {
			URL     string   `json:"url" xml:"url"`
			Formats []string `json:"formats" xml:"formats>format"`
		} `json:"endpoints" xml:"endpoints>endpoint"`
	}
	if j, x := get[found, found](k, "/open311/v2/discovery", ""); len(j.Endpoints) != 1 || len(x.Endpoints) != 1 || x.Endpoints[0].URL != "https://mttq.example/open311/v2" || len(x.Endpoints[0].Formats) != 2 {
		t.Errorf("%+v %+v", j, x)
	}
	type service struct {
		Code string `json:"service_code" xml:"service_code"`
		Name string `json:"service_name" xml:"service_name"`
		Type string `json:"type" xml:"type"`
	}
	j, x := get[[]service, struct {
		List []service `xml:"service"`
	}](k, "/open311/v2/services", "")
	if len(j) != 14 || len(x.List) != len(j) {
		t.Fatalf("%+v", j)
	}
	for i, s := range j {
		if s != x.List[i] || s.Type != "realtime" || strings.Contains(s.Name, "open311.") {
			t.Errorf("%+v", s)
		}
		type attributes struct {
			Code string `json:"service_code" xml:"service_code"`
		}
		if d, e := get[attributes, attributes](k, "/open311/v2/services/"+s.Code, ""); d.Code != s.Code || e.Code != s.Code {
			t.Errorf("%+v", d)
		}
	}
	var doc struct {
		OpenAPI string                                         `json:"openapi"`
		Paths   map[string]map[string]struct{ Summary string } `json:"paths"`
	}
	if _, _, body := k.do("GET", "/api/v1/openapi.json", nil); json.Unmarshal([]byte(body), &doc) != nil || doc.OpenAPI != "3.1.0" || doc.Paths["/open311/v2/requests.json"]["post"].Summary == "" || doc.Paths["/open/cases.csv"]["get"].Summary == "" {
		t.Errorf("%+v", doc)
	}
}

// Every refusal is a list of code and description, in both forms, with the status of the standard.
func TestRefusals(t *testing.T) {
	k := newDesk(t, dbtest.SQLite(t, tables...), 20)
	change := func(pairs ...string) url.Values {
		f := k.form()
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	for _, c := range []struct {
		method, path string
		form         url.Values
		want         int
	}{
		{"GET", "/open311/v2/requests.json?jurisdiction_id=khong-co", nil, 404}, {"GET", "/open311/v2/requests.xml?status=done", nil, 400},
		{"GET", "/open311/v2/requests.json?start_date=31/02/2026", nil, 400}, {"GET", "/open311/v2/requests.json?start_date=2026-02-31T00:00:00Z", nil, 400},
		{"GET", "/open311/v2/requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-12-01T00:00:00Z", nil, 400},
		{"GET", "/open311/v2/requests.json?page_size=100000", nil, 400}, {"GET", "/open311/v2/requests.xml?service_code=denunciation", nil, 404},
		{"GET", "/open311/v2/services/denunciation.xml", nil, 404}, {"GET", "/open311/v2/requests/khac.xml", nil, 404}, {"GET", "/open311/v2/requests/khac", nil, 404},
		{"GET", "/open311/v2/tokens/khac.json", nil, 404}, {"GET", "/open/cases.csv?unit=khong-co", nil, 404},
		{"POST", "/open311/v2/requests.json", change("api_key", ""), 403}, {"POST", "/open311/v2/requests.xml", change("api_key", "nhipcau_sai"), 403},
		{"POST", "/open311/v2/requests.json", change("service_code", ""), 400}, {"POST", "/open311/v2/requests.json", change("service_code", "complaint"), 404},
		{"POST", "/open311/v2/requests.json", change("description", "ngắn"), 400}, {"POST", "/open311/v2/requests.json", change("description", strings.Repeat("dài ", 6000)), 400},
		{"POST", "/open311/v2/requests.json", change("description", strings.Repeat("dài ", 100_000)), 413},
		{"POST", "/open311/v2/requests.json", change("lat", "", "long", ""), 400}, {"POST", "/open311/v2/requests.json", change("lat", "48.85"), 400},
		{"POST", "/open311/v2/requests.json", change("lat", "NaN"), 400}, {"POST", "/open311/v2/requests.json", change("phone", "không nhớ"), 400},
		{"POST", "/open311/v2/requests.json", change("jurisdiction_id", "phuong-truong-vinh"), 403},
	} {
		status, _, body := k.do(c.method, c.path, c.form)
		var j []struct {
			Code        int
			Description string
		}
		var x struct {
			XMLName xml.Name `xml:"errors"`
			List    []struct {
				Code        int    `xml:"code"`
				Description string `xml:"description"`
			} `xml:"error"`
		}
		good := json.Unmarshal([]byte(body), &j) == nil && len(j) > 0 && j[0].Code == c.want && len(j[0].Description) > 5
		if strings.Contains(c.path, ".xml") {
			good = xml.Unmarshal([]byte(body), &x) == nil && len(x.List) > 0 && x.List[0].Code == c.want && len(x.List[0].Description) > 5
		}
		if status != c.want || !good || strings.Contains(body, "open311.") {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, status, c.want, body)
		}
	}
	busy := 0
	for range 25 {
		if status, _, _ := k.do("POST", "/open311/v2/requests.json", change("description", "ngắn")); status == http.StatusTooManyRequests {
			busy++
		}
	}
	if busy == 0 {
		t.Error("a key may send without end")
	}
}

func TestKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d, 60)
		ctx, house := t.Context(), identity.System("test")
		list, err := k.keys.List(ctx, house)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		for _, who := range []identity.Actor{identity.Citizen(), feedbacktest.ProvinceLeader} {
			if _, _, err := k.keys.Create(ctx, who, orgunittest.VinhHung, "x", 1); !fault.Is(err, fault.Forbidden) {
				t.Errorf("%+v made a key: %v", who, err)
			}
			if _, err := k.keys.List(ctx, who); !fault.Is(err, fault.Forbidden) {
				t.Error(err)
			}
			if err := k.keys.Revoke(ctx, who, list[0].ID); !fault.Is(err, fault.Forbidden) {
				t.Error(err)
			}
		}
		if _, _, err := k.keys.Create(ctx, house, orgunittest.VinhHung, " ", 0); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if got, err := k.keys.Find(ctx, k.key); err != nil || got.ID != list[0].ID {
			t.Error(got, err)
		}
		if err := k.keys.Revoke(ctx, house, list[0].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := k.keys.Find(ctx, k.key); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a revoked key still holds: %v", err)
		}
		if err := k.keys.Revoke(ctx, house, list[0].ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if got := k.Audit.Actions(); len(got) != 2 {
			t.Errorf("%v", got)
		}
	}, tables...)
}

// FuzzRequests: whatever is sent, the answer is well formed, of a known status, and never our own failure.
func FuzzRequests(f *testing.F) {
	k := newDesk(f, dbtest.SQLite(f, tables...), 6000)
	f.Add("lat=18.6&long=105.6&description=abcdefghijkl&service_code=road", "page=1&status=open")
	f.Add("lat=1e400&long=-0&description=%00%ff&service_code[]=x&attribute[publish]=no", "start_date=9999-12-31T23:59:59Z&service_request_id=,,,'")
	f.Add("%zz", "jurisdiction_id=%27%3B--&page=-1&page_size=1000")
	f.Fuzz(func(t *testing.T, body, query string) {
		req, err := http.NewRequest("POST", k.url+"/open311/v2/requests.json?api_key="+k.key, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		get, err := http.NewRequest("GET", k.url+"/open311/v2/requests.xml?"+url.PathEscape(query), nil)
		if err != nil {
			return
		}
		get.URL.RawQuery = query
		for _, r := range []*http.Request{req, get} {
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				return // an address that no client can send
			}
			b, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode >= 500 {
				t.Fatalf("%d %s", res.StatusCode, b)
			}
			var x any
			if r.Method == "POST" && json.Unmarshal(b, &x) != nil {
				t.Fatalf("not JSON: %q", b)
			}
			if r.Method == "GET" && res.Header.Get("Content-Type") == "text/xml; charset=utf-8" && xml.Unmarshal(b, new(struct{ XMLName xml.Name })) != nil {
				t.Fatalf("not XML: %q", b)
			}
		}
	})
}

// What can be asked for is what the administrators keep in the table: a category they add is a service at once, one they
// take out of use is offered to nobody but still finds its older cases.
func TestServicesAreTheTableOfCategories(t *testing.T) {
	k := newDesk(t, dbtest.SQLite(t, tables...), 600)
	admin := identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.Province)
	if _, _, body := k.do("GET", "/open311/v2/services.json", nil); !strings.Contains(body, `"education"`) || strings.Contains(body, `"pets"`) {
		t.Fatal(body)
	}
	if code, _, body := k.do("POST", "/open311/v2/requests.json", k.with("service_code", "pets")); code != 404 {
		t.Fatalf("%d %s", code, body)
	}
	pets := routing.Category{Code: "pets", NameVI: "Chó mèo thả rông", NameEN: "Stray animals", Words: "cho, meo", Active: true, Position: 50}
	if err := k.book.SaveCategory(t.Context(), admin, pets); err != nil {
		t.Fatal(err)
	}
	if _, _, body := k.do("GET", "/open311/v2/services.json", nil); !strings.Contains(body, "Chó mèo thả rông") {
		t.Fatal(body)
	}
	code, _, body := k.do("POST", "/open311/v2/requests.json", k.with("service_code", "pets"))
	var sent []request
	if err := json.Unmarshal([]byte(body), &sent); code != 201 || err != nil || len(sent) != 1 {
		t.Fatalf("%d %s", code, body)
	}
	if d, err := k.Service.Dossier(t.Context(), feedbacktest.Officer, sent[0].ID); err != nil || d.Case.Category != "pets" {
		t.Fatalf("%+v %v", d.Case, err)
	}
	pets.Active = false
	if err := k.book.SaveCategory(t.Context(), admin, pets); err != nil {
		t.Fatal(err)
	}
	if _, _, body := k.do("GET", "/open311/v2/services.json", nil); strings.Contains(body, "pets") {
		t.Error("offered still")
	}
	if code, _, _ := k.do("POST", "/open311/v2/requests.json", k.with("service_code", "pets")); code != 404 {
		t.Error("taken in still", code)
	}
	if code, _, _ := k.do("GET", "/open311/v2/requests.json?service_code=pets", nil); code != 200 {
		t.Error("older cases are not found", code)
	}
	for _, reserved := range []string{open311.CodeOther, open311.CodeProposal} {
		pets.Code = reserved
		if err := k.book.SaveCategory(t.Context(), admin, pets); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", reserved, err)
		}
	}
}
