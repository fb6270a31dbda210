package open311web

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// listing reads the published cases that ?unit=, ?category= (a service code), ?page= and ?page_size= ask for.
func (p *Pages) listing(w http.ResponseWriter, r *http.Request) ([]published.Case, open311.Book, error) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	if p.reads != nil && p.reads.OnLimit(w, r, web.ClientIP(r)) {
		return nil, open311.Book{}, refuse(http.StatusTooManyRequests, "open311.too_many")
	}
	q := r.URL.Query()
	size := q.Get("page_size")
	if size == "" {
		size = strconv.Itoa(maxPageSize)
	}
	f, err := p.filter(r.Context(), url.Values{"jurisdiction_id": {q.Get("unit")}, "service_code": q["category"], "status": q["status"], "page": {q.Get("page")}, "page_size": {size}})
	if err != nil {
		return nil, open311.Book{}, err
	}
	f.From = time.Time{} // everything, not the last 90 days
	book, err := p.matters.Book(r.Context())
	if err != nil {
		return nil, book, err
	}
	list, _, err := p.public.Cases(r.Context(), f)
	if err == nil {
		h.Set("Cache-Control", "public, max-age=60")
	}
	return list, book, err
}

// refused answers what cannot be given as open data with the errors of Open311, as JSON.
func (p *Pages) refused(w http.ResponseWriter, r *http.Request, err error) error {
	list := p.explain(r, err)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(list[0].Code)
	return json.NewEncoder(w).Encode(list)
}

type featureList struct {
	Type     string    `json:"type"`
	Features []feature `json:"features"`
}

type feature struct {
	Type       string  `json:"type"`
	ID         string  `json:"id"`
	Geometry   *point  `json:"geometry"` // null when no point is known (RFC 7946, 3.2)
	Properties request `json:"properties"`
}

type point struct {
	Type        string     `json:"type"`
	Coordinates [2]float64 `json:"coordinates"` // longitude, latitude
}

func (p *Pages) geojson(w http.ResponseWriter, r *http.Request) error {
	cases, book, err := p.listing(w, r)
	if err != nil {
		return p.refused(w, r, err)
	}
	out := featureList{Type: "FeatureCollection", Features: []feature{}}
	for _, c := range cases {
		f := feature{Type: "Feature", ID: c.ID, Properties: p.open(r.Context(), book, c)}
		if c.HasPoint() {
			f.Geometry = &point{"Point", [2]float64{c.Lon, c.Lat}}
		}
		out.Features = append(out.Features, f)
	}
	w.Header().Set("Content-Type", "application/geo+json")
	return json.NewEncoder(w).Encode(out)
}

// csv writes a table that a spreadsheet opens as it is: UTF-8 with a mark, and no cell that would run as a formula.
func (p *Pages) csv(w http.ResponseWriter, r *http.Request) error {
	cases, book, err := p.listing(w, r)
	if err != nil {
		return p.refused(w, r, err)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="cases.csv"`)
	if _, err := w.Write([]byte("\ufeff")); err != nil {
		return nil // the reader is gone
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	_ = c.Write([]string{"id", "status", "service_code", "service_name", "unit", "agency_responsible", "requested", "answered", "lat", "long", "question", "answer"})
	for _, x := range cases {
		o := p.open(r.Context(), book, x)
		row := []string{o.ID, o.Status, o.ServiceCode, o.ServiceName, o.Address, o.Agency, o.Requested, w3c(x.AnsweredAt), degrees(o.Lat), degrees(o.Long), o.Description, o.StatusNotes}
		for i := range row {
			row[i] = xlsx.Harmless(row[i])
		}
		_ = c.Write(row)
	}
	c.Flush()
	return nil
}

func degrees(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', 3, 64)
}

type rss struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Title   string     `xml:"channel>title"`
	Link    string     `xml:"channel>link"`
	Text    string     `xml:"channel>description"`
	Lang    string     `xml:"channel>language"`
	Items   []rssEntry `xml:"channel>item"`
}

type rssEntry struct {
	Title    string `xml:"title"`
	Link     string `xml:"link"`
	GUID     string `xml:"guid"`
	Date     string `xml:"pubDate"`
	Category string `xml:"category"`
	Text     string `xml:"description"`
}

func (p *Pages) rss(w http.ResponseWriter, r *http.Request) error {
	cases, book, err := p.listing(w, r)
	if err != nil {
		return p.refused(w, r, err)
	}
	ctx := r.Context()
	out := rss{Version: "2.0", Title: i18n.T(ctx, "open311.feed"), Link: p.s.BaseURL + "/hoi-dap", Text: i18n.T(ctx, "open311.feed_text"), Lang: i18n.Lang(ctx)}
	for _, c := range cases[:min(len(cases), 100)] {
		s := book.For(c.Kind, c.Category)
		link := p.s.BaseURL + "/hoi-dap/" + c.ID
		out.Items = append(out.Items, rssEntry{Title: c.Title, Link: link, GUID: link, Date: c.AnsweredAt.In(clock.Vietnam).Format(time.RFC1123Z), Category: serviceName(ctx, s), Text: c.Answer})
	}
	w.Header().Set("Content-Type", "application/rss+xml; charset=utf-8")
	if _, err := w.Write([]byte(xml.Header)); err != nil {
		return nil
	}
	return xml.NewEncoder(w).Encode(out)
}
