package disclosureweb

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

const apiBase = "/api/v1/public"

// Address is one door for programs, as the description of the API names it.
type Address struct {
	Path, Doc string
	Params    []Param
	Media     string
	Answer    *Schema // of the body
	Problem   *Schema // of the body when something was wrong (application/problem+json)

	serve func(*Pages, http.ResponseWriter, *http.Request) error
}

// Param is what may stand in the address of a door; what is named in the path is required.
type Param struct {
	Name   string
	Schema *Schema
}

// Addresses lists the doors for programs: what is served and what is described come from this table.
func Addresses() []Address {
	code := Param{"code", shaped("^[A-Za-z0-9-]+$", "Code of the appeal, for example YAGI-2026")}
	const json = "application/json"
	ask := []Param{code, {"q", text("Words of the chosen name or of the masked memo; tones and one wrong letter do not matter")},
		{"amount", text("Amount in đồng, exactly: 200000, 200.000 or 200,000")}, {"date", text("Day on which the bank booked it: 2026-09-08 or 8/9/2026")},
		{"ref", text("Reference code that the giver put into the memo, or the bank's document number")},
		{"limit", between(1, maxLines, "How many lines; 50 when nothing is said")}, {"cursor", shaped("^[1-9][0-9]*$", "next_cursor of the answer before")}}
	out := []Address{
		{Path: apiBase + "/appeals", Doc: "Appeals with the sums of their public statements, newest first", Media: json, Answer: appealsSchema(), serve: (*Pages).apiAppeals},
		{Path: apiBase + "/appeals/{code}/gifts", Doc: "Lines of a statement, newest first; everything that is given must fit", Params: ask, Media: json, Answer: giftsSchema(), serve: (*Pages).apiGifts},
		{Path: apiBase + "/appeals/{code}/statement.csv", Doc: "The whole statement (RFC 4180, UTF-8); Repr-Digest holds its SHA-256", Params: []Param{code}, Media: "text/csv", Answer: text("Columns as statement.csv-metadata.json says"), serve: (*Pages).apiCSV},
		{Path: apiBase + "/appeals/{code}/statement.csv-metadata.json", Doc: "What the columns of the statement are (CSVW), with control totals and hash", Params: []Param{code}, Media: "application/csvm+json", Answer: metadataSchema(), serve: (*Pages).apiMetadata},
		{Path: apiBase + "/appeals/{code}/allocations.json", Doc: "Where the money went, in the manner of the Open Contracting Data Standard", Params: []Param{code}, Media: json, Answer: allocationsSchema(), serve: (*Pages).apiAllocations},
		{Path: apiBase + "/appeals/{code}/iati.xml", Doc: "The appeal as an activity of the International Aid Transparency Initiative, version 2.03", Params: []Param{code}, Media: "application/xml", Answer: text("iati-activities with one iati-activity"), serve: (*Pages).apiIATI},
		{Path: apiBase + "/gifts/{id}/receipt.json", Doc: "Receipt of a line with its proof in the public log", Params: []Param{{"id", shaped("^[A-Za-z0-9-]+[.][0-9]+$", "Name of the line, for example YAGI-2026.15")}}, Media: json, Answer: receiptSchema(), serve: (*Pages).apiReceipt},
	}
	for i := range out {
		out[i].Problem = problemSchema()
	}
	return out
}

func (p *Pages) apiRoutes(rt *web.Routes) {
	for _, a := range Addresses() {
		serve := a.serve
		rt.Public("GET "+a.Path, func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			var err error
			if p.reads != nil && p.reads.OnLimit(w, r, web.ClientIP(r)) {
				err = fault.New(fault.TooMany, "disclosure.too_many")
			} else {
				err = serve(p, w, r)
			}
			if err == nil || fault.KindOf(err) == fault.Internal {
				return err
			}
			return refuse(w, r, err)
		})
	}
}

// refuse tells a program what was wrong (RFC 9457).
func refuse(w http.ResponseWriter, r *http.Request, err error) error {
	type field struct {
		Field  string `json:"field,omitempty"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	out := struct {
		Title  string  `json:"title"`
		Status int     `json:"status"`
		Errors []field `json:"errors"`
	}{Status: web.Status(fault.KindOf(err))}
	out.Title = http.StatusText(out.Status)
	for _, f := range web.Faults(err) {
		out.Errors = append(out.Errors, field{f.Field, f.Key, i18n.Fault(r.Context(), f)})
	}
	w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(out.Status)
	return json.NewEncoder(w).Encode(out)
}

func answer(w http.ResponseWriter, media string, v any) error {
	w.Header().Set("Content-Type", media+"; charset=utf-8")
	public(w)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

type apiAppeal struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Unit      string `json:"unit"`
	Basis     string `json:"basis"`
	Opens     string `json:"opens"`
	Closes    string `json:"closes"`
	State     string `json:"state"` // soon, open, closed
	Lines     int64  `json:"lines"`
	Total     int64  `json:"total"`            // đồng
	SHA256    string `json:"sha256,omitempty"` // of statement.csv; missing while it is computed anew
	Size      int64  `json:"size"`             // bytes of statement.csv
	UpdatedAt string `json:"updated_at,omitempty"`
	Page      string `json:"page"`
	Gifts     string `json:"gifts"`
	Statement string `json:"statement"`
}

func (p *Pages) apiAppeal(st disclosure.Statement) apiAppeal {
	v := p.view(st)
	out := apiAppeal{Code: st.Code, Name: st.Name, Kind: string(st.FundKind), Unit: v.Unit, Basis: st.Basis, Opens: string(st.Opens), Closes: string(st.Closes), State: v.State,
		Lines: st.Lines, Total: int64(st.Amount), SHA256: st.Hash, Size: st.Size, Page: p.BaseURL + Base + "/" + st.Code,
		Gifts: p.BaseURL + apiBase + "/appeals/" + st.Code + "/gifts", Statement: p.BaseURL + csvHref(st.Code)}
	if !st.Updated.IsZero() {
		out.UpdatedAt = st.Updated.Format(time.RFC3339)
	}
	return out
}

func (p *Pages) apiAppeals(w http.ResponseWriter, r *http.Request) error {
	all, err := p.s.Statements(r.Context())
	if err != nil {
		return err
	}
	out := struct {
		Appeals []apiAppeal `json:"appeals"`
	}{make([]apiAppeal, 0, len(all))}
	for _, st := range all {
		out.Appeals = append(out.Appeals, p.apiAppeal(st))
	}
	return answer(w, "application/json", out)
}

type apiGift struct {
	ID      string `json:"id"`
	Line    int64  `json:"line"`
	Kind    string `json:"kind"`
	Date    string `json:"date"`
	Time    string `json:"time,omitempty"`
	Amount  int64  `json:"amount"`
	Channel string `json:"channel"`
	Purpose string `json:"purpose,omitempty"`
	About   string `json:"about,omitempty"`
	Name    string `json:"name,omitempty"`
	Memo    string `json:"memo"`
	Receipt string `json:"receipt"`
	Page    string `json:"page"`
}

func (p *Pages) apiGift(l disclosure.Line) apiGift {
	g := apiGift{ID: l.ID(), Line: l.Seq, Kind: string(l.Kind), Date: string(l.Day), Time: l.Time, Amount: int64(l.Amount), Channel: l.Channel, Purpose: l.Purpose,
		Name: l.Name, Memo: l.Memo, Receipt: p.BaseURL + apiBase + "/gifts/" + l.ID() + "/receipt.json", Page: p.BaseURL + lineHref(l)}
	if l.About > 0 {
		g.About = disclosure.LineID(l.Code, l.About)
	}
	return g
}

// apiLines is how many lines a program gets when it does not say.
const apiLines = 50

// maxLines is how many lines one answer holds at most.
const maxLines = 100

func (p *Pages) apiGifts(w http.ResponseWriter, r *http.Request) error {
	ctx, form := r.Context(), r.URL.Query()
	st, err := p.s.Statement(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	ask := question{Text: trim(form, "q"), Amount: trim(form, "amount"), Day: trim(form, "date"), Ref: trim(form, "ref"), Before: trim(form, "cursor")}
	q, err := ask.parse(func(s string) string { return s })
	if err != nil {
		return err
	}
	q.Limit = apiLines
	if s := trim(form, "limit"); s != "" {
		if q.Limit, err = strconv.Atoi(s); err != nil || q.Limit < 1 || q.Limit > maxLines {
			return fault.Field("limit", "disclosure.search.limit")
		}
	}
	hits, err := p.s.Search(ctx, st, q)
	if err != nil {
		return err
	}
	out := struct {
		Appeal string    `json:"appeal"`
		Lines  int64     `json:"lines"` // of the whole statement
		Total  int64     `json:"total"`
		Gifts  []apiGift `json:"gifts"`
		Next   *string   `json:"next_cursor"`
	}{st.Code, st.Lines, int64(st.Amount), make([]apiGift, 0, len(hits.Lines)), nil}
	for _, l := range hits.Lines {
		out.Gifts = append(out.Gifts, p.apiGift(l))
	}
	if hits.Next > 0 {
		next := strconv.FormatInt(hits.Next, 10)
		out.Next = &next
	}
	return answer(w, "application/json", out)
}

func (p *Pages) apiReceipt(w http.ResponseWriter, r *http.Request) error {
	f, err := p.s.Receipt(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if f.Batch.Hashes == nil { // it stands alone: a program wants a list all the same
		f.Batch.Hashes = []string{}
	}
	if f.Proof != nil && f.Proof.Hashes == nil {
		f.Proof.Hashes = []string{}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="bien-nhan-`+f.ID+`.json"`)
	w.Header().Set("Cache-Control", "no-cache")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(f)
}

// apiCSV streams the file; control totals and hash stand in its headers.
func (p *Pages) apiCSV(w http.ResponseWriter, r *http.Request) error {
	st, err := p.s.Statement(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="sao-ke-`+st.Code+`.csv"`)
	h.Set("Cache-Control", "no-cache")
	h.Set("Statement-Lines", strconv.FormatInt(st.Lines, 10))
	h.Set("Statement-Total", strconv.FormatInt(int64(st.Amount), 10))
	h.Set("Link", `<`+csvHref(st.Code)+`-metadata.json>; rel="describedby"; type="application/csvm+json"`)
	if st.Hash != "" {
		h.Set("Repr-Digest", "sha-256=:"+base64of(st.Hash)+":") // RFC 9530
		h.Set("ETag", `"`+st.Hash[:32]+`"`)
		if r.Header.Get("If-None-Match") == h.Get("ETag") {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	if r.Method == http.MethodHead {
		return nil
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a large file on a slow line takes its time; not every server can say so
	return p.s.WriteCSV(r.Context(), st, w)
}
