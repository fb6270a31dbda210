package receiptweb_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/receipt"
	"github.com/nhipcau/nhipcau/internal/feedback/receiptweb"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// page answers one request to the page of a house whose log has the key.
func page(t *testing.T, key string, checks int) func(r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	words, err := i18n.Load(ui.Catalogue, receiptweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	receiptweb.New(key, checks).Routes(&rt)
	s := &web.Server{Guard: func(*http.Request, web.Access) error { return nil }, Logger: slog.New(slog.DiscardHandler),
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) }}
	mux := s.Mux(&rt)
	return func(r *http.Request) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, r.WithContext(ui.WithShell(i18n.With(r.Context(), words.In("vi")), ui.Shell{})))
		return rec
	}
}

func upload(file, pasted, key string) *http.Request {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if file != "" {
		w, _ := m.CreateFormFile("receipt", "bien-nhan.json")
		_, _ = w.Write([]byte(file))
	} else {
		_, _ = m.CreateFormFile("receipt", "") // what a browser sends for an empty choice
	}
	_ = m.WriteField("text", pasted)
	_ = m.WriteField("key", key)
	_ = m.Close()
	r := httptest.NewRequest("POST", "/kiem-chung", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return r
}

// Without script the house gives the same verdict as the command and the browser, for every golden receipt, sent as a file
// and pasted.
func TestVerdictsWithoutScript(t *testing.T) {
	raw, err := os.ReadFile("../receipt/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name, Key, Receipt string
		Fault              receipt.Fault
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	words, _ := i18n.Load(receiptweb.Catalogue)
	ask := page(t, vectors[0].Key, 0)
	for _, v := range vectors {
		want := words.In("vi").T("receipt.valid_text", "Code", "X", "At", "X", "Index", 0)[:20]
		if v.Fault != "" {
			want = words.In("vi").T("receipt.fault." + string(v.Fault))
		}
		for how, r := range map[string]*http.Request{"file": upload(v.Receipt, "", v.Key), "pasted": upload("", v.Receipt, v.Key)} {
			rec := ask(r)
			if v.Receipt == "" {
				if rec.Code != http.StatusUnprocessableEntity {
					t.Errorf("nothing sent: %d", rec.Code)
				}
				continue
			}
			// The words of every verdict stand in attributes for the script: only what stands in a notice counts.
			_, notice, _ := strings.Cut(rec.Body.String(), "notice")
			notice, _, _ = strings.Cut(notice, "data-verify")
			if rec.Code != http.StatusOK || !strings.Contains(notice, want) {
				t.Errorf("%s as %s: %d, want %q in %q", v.Name, how, rec.Code, want, notice)
			}
		}
	}
}

func TestPageAndBadInput(t *testing.T) {
	ask := page(t, "mttq.example/log+00000000+AQ==", 3)
	rec := ask(httptest.NewRequest("GET", "/kiem-chung", nil))
	if body := rec.Body.String(); rec.Code != 200 || !strings.Contains(body, "mttq.example/log+00000000+AQ==") || strings.Contains(body, "style=") || len(body) > 30_000 {
		t.Fatalf("%d, %d bytes", rec.Code, len(body))
	}
	if rec := ask(upload(strings.Repeat("x", 4*receipt.MaxSize), "", "")); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("a huge file: %d", rec.Code)
	}
	r := httptest.NewRequest("POST", "/kiem-chung", strings.NewReader("not multipart at all"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	if rec := ask(r); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("a broken form: %d", rec.Code)
	}
	ask(upload("x", "", ""))
	if rec := ask(upload("x", "", "")); rec.Code != http.StatusTooManyRequests {
		t.Errorf("the fourth check: %d", rec.Code)
	}
}
