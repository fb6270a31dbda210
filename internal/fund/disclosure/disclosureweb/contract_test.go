package disclosureweb_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure/disclosureweb"
	"github.com/nhipcau/nhipcau/internal/fund/spending/spendingtest"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/money"
)

// asDescribed holds a value against its description; it says everything that does not fit. What the description does not name
// does not fit either: outsiders would rely on it.
func asDescribed(s *disclosureweb.Schema, v any, at string) (wrong []string) {
	say := func(format string, args ...any) {
		wrong = append(wrong, at+": "+fmt.Sprintf(format, args...))
	}
	kind := map[bool]string{true: "null"}[v == nil]
	switch x := v.(type) {
	case bool:
		kind = "boolean"
	case string:
		kind = "string"
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, x) {
			say("%q is none of %q", x, s.Enum)
		}
		if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(x) {
			say("%q is not of the form %s", x, s.Pattern)
		}
		if !ofFormat(s.Format, x) {
			say("%q is no %s", x, s.Format)
		}
	case json.Number:
		kind = "integer"
		n, err := x.Int64()
		if err != nil || s.Minimum != nil && n < *s.Minimum || s.Maximum != nil && n > *s.Maximum {
			say("%s is no whole number within its bounds", x)
		}
	case []any:
		kind = "array"
		for i, e := range x {
			if s.Items != nil {
				wrong = append(wrong, asDescribed(s.Items, e, fmt.Sprintf("%s[%d]", at, i))...)
			}
		}
	case map[string]any:
		kind = "object"
		for _, name := range s.Required {
			if _, ok := x[name]; !ok {
				say("%s is missing", name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(x)) {
			switch of := s.Properties[name]; {
			case of != nil:
				wrong = append(wrong, asDescribed(of, x[name], at+"."+name)...)
			case s.Properties != nil:
				say("%s is not described", name)
			}
		}
	}
	if kinds, ok := s.Type.([]string); s.Type != kind && (!ok || !slices.Contains(kinds, kind)) {
		say("a %s where a %v is described", kind, s.Type)
	}
	return wrong
}

func ofFormat(format, text string) bool {
	switch format {
	case "":
		return true
	case "date":
		_, err := time.Parse("2006-01-02", text)
		return err == nil
	case "date-time":
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	case "uri":
		u, err := url.Parse(text)
		return err == nil && u.IsAbs()
	case "byte":
		return regexp.MustCompile(`^[A-Za-z0-9+/]+=*$`).MatchString(text)
	}
	return false // an unknown word in the description
}

func decode(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The checker of descriptions finds what does not fit.
func TestAsDescribed(t *testing.T) {
	problem := disclosureweb.Addresses()[0].Problem
	if wrong := asDescribed(problem, decode(t, `{"title":"x","status":422,"errors":[{"field":"q","code":"a","detail":"b"}]}`), ""); len(wrong) > 0 {
		t.Error(wrong)
	}
	for _, bad := range []string{`{"title":"x","status":422}`, `{"title":1,"status":422,"errors":null}`, `{"title":"x","status":200,"errors":null}`, `{"title":"x","status":422.5,"errors":null}`,
		`{"title":"x","status":422,"errors":[{"code":"a"}]}`, `{"title":"x","status":422,"errors":null,"more":1}`, `[]`, `null`} {
		if len(asDescribed(problem, decode(t, bad), "")) != 1 {
			t.Errorf("%s: %v", bad, asDescribed(problem, decode(t, bad), ""))
		}
	}
	gift := disclosureweb.Addresses()[1].Answer.Properties["gifts"].Items
	for part, bad := range map[string]string{"id": "YAGI", "date": "31/02/2026", "kind": "present", "receipt": "/x", "time": "9h"} {
		if len(asDescribed(gift.Properties[part], bad, "")) != 1 {
			t.Errorf("%s: %q passes", part, bad)
		}
	}
}

// contract asks a door and holds the answer against what the description of the API says of it.
func (s *site) contract(path, query string, want int) any {
	s.t.Helper()
	target := strings.NewReplacer("{code}", spendingtest.Appeal, "{id}", spendingtest.Appeal+".7").Replace(path)
	var a *disclosureweb.Address
	for _, x := range disclosureweb.Addresses() {
		if x.Path == path {
			a = &x
		}
	}
	if a == nil {
		s.t.Fatal("no such door", path)
	}
	return s.answer(*a, s.do(nobody, "GET", target+query, nil, want))
}

func (s *site) answer(a disclosureweb.Address, w *httptest.ResponseRecorder) any {
	s.t.Helper()
	media, schema := a.Media, a.Answer
	if w.Code != 200 {
		media, schema = "application/problem+json", a.Problem
	}
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, media+";") {
		s.t.Errorf("%s is %s, described as %s", a.Path, got, media)
	}
	if !strings.HasSuffix(media, "json") {
		return w.Body.String()
	}
	v := decode(s.t, w.Body.String())
	for _, wrong := range asDescribed(schema, v, a.Path) {
		s.t.Error(wrong)
	}
	return v
}

// Every door answers what it is described to answer: with lines, without, and when it refuses.
func TestContract(t *testing.T) {
	each(t, names{"5213.10003": "Tập thể lớp 12A1"}, func(t *testing.T, s *site) {
		for _, a := range disclosureweb.Addresses() {
			if !strings.Contains(a.Path, "{id}") {
				s.contract(a.Path, "", 200)
			}
		}
		var rows strings.Builder
		for i := range 60 {
			rows.WriteString(row(18+i%2, fmt.Sprintf("5213.%d", 10000+i), money.VND(10_000*(i+1)), "ung ho dong bao"))
		}
		s.bring(rows.String())
		s.Approved(spendingtest.Draft("15/QĐ-BVĐ", spendingtest.Share(1_000_000)))
		if _, err := s.svc.Correct(t.Context(), publisher, disclosure.Correction{LineID: spendingtest.Appeal + ".2", Reason: "Ngân hàng ghi nhầm nội dung"}); err != nil {
			t.Fatal(err)
		}
		s.publish()
		for _, a := range disclosureweb.Addresses() {
			s.contract(a.Path, "", 200)
			if strings.Contains(a.Path, "{") {
				other := strings.NewReplacer("{code}", "KHONG-CO", "{id}", spendingtest.Appeal+".9999").Replace(a.Path)
				s.answer(a, s.do(nobody, "GET", other, nil, 404))
			}
		}
		s.parameters()
		s.allocated()
	})
}

// parameters tries each argument of the search alone, with others, in another form, and wrong.
func (s *site) parameters() {
	s.t.Helper()
	const door = "/api/v1/public/appeals/{code}/gifts"
	tried := map[string]bool{}
	for query, want := range map[string]int{"": 50, "q=dong+bao": 50, "q=%C4%91%E1%BB%93ng+b%C3%A0o": 50, "q=khong+ai+co": 0, "q=lop+12a1": 1, "q=Tap+the&amount=40000": 1, "q=Tap+the&amount=50000": 0, "amount=40000": 1,
		"amount=40.000": 1, "amount=40%2C000": 1, "amount=40000%C4%91": 1, "amount=41000": 0, "date=2026-11-18": 30, "date=18/11/2026": 30, "date=2026-11-17": 0, "date=2026-11-18&amount=10000": 1, "ref=5213.10009": 1,
		"ref=5213.10009&amount=1": 0, "ref=5213.10009&date=2026-11-19": 1, "ref=0000": 0, "limit=7": 7, "limit=100": 61, "cursor=11": 10, "cursor=11&limit=3": 3, "cursor=1": 0, "cursor=9999": 50} {
		v := s.contract(door, "?"+query, 200)
		gifts := v.(map[string]any)["gifts"].([]any)
		if len(gifts) != want {
			s.t.Errorf("?%s finds %d, want %d", query, len(gifts), want)
		}
		asked, err := url.ParseQuery(query)
		if err != nil {
			s.t.Fatal(err)
		}
		for name := range asked {
			tried[name] = true
		}
	}
	for query, field := range map[string]string{"amount=1e5": "amount", "amount=-5": "amount", "amount=nam+tram": "amount", "date=31/02/2026": "date", "date=hom+qua": "date", "cursor=x": "cursor", "cursor=-1": "cursor", "limit=0": "limit",
		"limit=101": "limit", "limit=x": "limit", "q=" + strings.Repeat("x", 300): "q"} {
		v := s.contract(door, "?"+query, 422)
		list, _ := v.(map[string]any)["errors"].([]any)
		if len(list) != 1 || list[0].(map[string]any)["field"] != field {
			s.t.Errorf("?%s: %v", query, v)
		}
	}
	for _, a := range disclosureweb.Addresses() {
		for _, p := range a.Params {
			if !strings.Contains(a.Path, "{"+p.Name+"}") && !tried[p.Name] {
				s.t.Errorf("%s: the argument %s is never tried", a.Path, p.Name)
			}
			if p.Schema.Description == "" {
				s.t.Errorf("%s: the argument %s is not explained", a.Path, p.Name)
			}
		}
	}
}

// allocated looks at what the release schema of OCDS asks for beyond forms: names that are unique, and sums that agree.
func (s *site) allocated() {
	s.t.Helper()
	v := s.contract("/api/v1/public/appeals/{code}/allocations.json", "", 200).(map[string]any)
	seen := map[any]bool{}
	for _, r := range v["releases"].([]any) {
		release := r.(map[string]any)
		awards := release["awards"].([]any)
		if seen[release["ocid"]] || len(awards) == 0 {
			s.t.Error("the release is not alone under its name, or awards nothing", release["ocid"])
		}
		seen[release["ocid"]] = true
		var sum int64
		for _, a := range awards {
			award := a.(map[string]any)
			n, err := award["value"].(map[string]any)["amount"].(json.Number).Int64()
			if err != nil || seen[award["id"]] {
				s.t.Error(err, award["id"])
			}
			seen[award["id"]] = true
			sum += n
		}
		if total, err := release["planning"].(map[string]any)["budget"].(map[string]any)["amount"].(map[string]any)["amount"].(json.Number).Int64(); err != nil || total != sum {
			s.t.Errorf("the decision gives %d, its awards are %d (%v)", total, sum, err)
		}
	}
	if len(seen) != 2 {
		s.t.Error(seen)
	}
}

// Page by page every line comes once and none is missing, however large the pages are, whatever is asked for, and when new
// lines are published in between.
func TestCursor(t *testing.T) {
	each(t, nil, func(t *testing.T, s *site) {
		const lines = 130
		bring := func(from, n int) {
			var rows strings.Builder
			for i := range n {
				rows.WriteString(row(18+i%2, fmt.Sprintf("5213.%d", 10000+from+i), money.VND(10_000*(1+i%3)), "ung ho dong bao"))
			}
			s.bring(rows.String())
		}
		bring(0, lines)
		for query, want := range map[string]int{"limit=1": lines, "limit=7": lines, "limit=50": lines, "limit=100": lines, "": lines, "limit=13&q=dong+bao": lines, "limit=9&date=2026-11-18": 65, "limit=4&amount=20000": 43,
			"limit=5&amount=10000&date=2026-11-19": 22, "limit=65&date=2026-11-18&q=ung": 65} {
			if got := s.pages(query, nil); len(got) != want || !slices.IsSortedFunc(got, func(a, b int64) int { return int(b - a) }) || len(slices.Compact(slices.Clone(got))) != want {
				t.Errorf("?%s: %d lines, want %d: %v", query, len(got), want, got)
			}
		}
		grown := 0
		if got := s.pages("limit=20", func() {
			if grown < 3 {
				bring(1000+100*grown, 11)
				grown++
			}
		}); len(got) != lines || got[0] != lines || got[lines-1] != 1 {
			t.Errorf("while the statement grows %d lines come: %v", len(got), got)
		}
	})
}

// pages goes from page to page until the end, and lists the numbers of the lines; between two pages something may happen.
func (s *site) pages(query string, between func()) (lines []int64) {
	s.t.Helper()
	next := ""
	for range 1000 {
		v := s.contract("/api/v1/public/appeals/{code}/gifts", "?"+query+next, 200).(map[string]any)
		for _, g := range v["gifts"].([]any) {
			n, err := g.(map[string]any)["line"].(json.Number).Int64()
			if err != nil {
				s.t.Fatal(err)
			}
			lines = append(lines, n)
		}
		cursor, more := v["next_cursor"].(string)
		if !more {
			return lines
		}
		next = "&cursor=" + cursor
		if between != nil {
			between()
		}
	}
	s.t.Fatal("the pages do not end")
	return nil
}

// The description of the columns agrees with the file: the same names in the same order, and every cell is of its type.
func TestColumnsAreAsDescribed(t *testing.T) {
	each(t, names{"5213.10001": `Bà "Tư", bán bún`}, func(t *testing.T, s *site) {
		s.bring(row(18, "5213.10001", 60_000_000, "ung ho") + row(19, "5213.10002", 40_000, "ung ho, \nmien bac"))
		if _, err := s.svc.Correct(t.Context(), publisher, disclosure.Correction{LineID: spendingtest.Appeal + ".2", Reason: "Ngân hàng ghi nhầm nội dung"}); err != nil {
			t.Fatal(err)
		}
		s.publish()
		w := s.do(nobody, "GET", apiHere+"/statement.csv", nil, 200)
		size := w.Body.Len()
		if link := w.Header().Get("Link"); !strings.Contains(link, apiHere+"/statement.csv-metadata.json") || !strings.Contains(link, "describedby") {
			t.Error("the file does not name its description", link)
		}
		rows, err := csv.NewReader(w.Body).ReadAll()
		if err != nil || len(rows) != 4 {
			t.Fatal(len(rows), err)
		}
		var meta struct {
			Size   int `json:"nhipcau:size"`
			Lines  int `json:"nhipcau:lines"`
			Schema struct {
				Columns []struct {
					Name, Titles string
					Datatype     any
					Required     bool
					Doc          map[string]string `json:"dc:description"`
				}
				PrimaryKey string
			} `json:"tableSchema"`
		}
		if err := json.Unmarshal(s.do(nobody, "GET", apiHere+"/statement.csv-metadata.json", nil, 200).Body.Bytes(), &meta); err != nil {
			t.Fatal(err)
		}
		columns := meta.Schema.Columns
		if meta.Size != size || meta.Lines != len(rows)-1 || len(columns) != len(rows[0]) || !slices.Contains(rows[0], meta.Schema.PrimaryKey) {
			t.Fatalf("%+v", meta)
		}
		for i, c := range columns {
			if c.Name != rows[0][i] || c.Titles != rows[0][i] || c.Doc["vi"] == "" {
				t.Errorf("column %d is %s, described as %+v", i, rows[0][i], c)
			}
			for _, r := range rows[1:] {
				if !ofDatatype(c.Datatype, r[i], c.Required) {
					t.Errorf("%q in %s is no %v", r[i], c.Name, c.Datatype)
				}
			}
		}
	})
}

// ofDatatype tells whether a cell is of a type of CSVW.
func ofDatatype(kind any, cell string, required bool) bool {
	if cell == "" {
		return !required
	}
	switch x := kind.(type) {
	case string:
		return x == "string" || x == "integer" && regexp.MustCompile(`^-?[0-9]+$`).MatchString(cell)
	case map[string]any:
		return x["base"] == "date" && x["format"] == "yyyy-MM-dd" && ofFormat("date", cell)
	}
	return false
}

// element is one element of an XML document.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// part says where an element of IATI 2.03 may stand in its parent, how often, and what it must carry.
type part struct {
	name        string
	least, most int               // most 0: any number
	attrs       map[string]string // pattern of each attribute; one that is not here is a mistake
	children    []part            // in this order
	text        string            // pattern of its text; "" is none
}

const (
	aDay     = `^[0-9]{4}-[01][0-9]-[0-3][0-9]$`
	aMoment  = `^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](Z|[+-][0-9]{2}:[0-9]{2})$`
	anyWords = `\S`
)

// iati is the part of the activity standard that is used here: order and number of elements, attributes that must be there, and
// code lists (OrganisationType, OrganisationRole, ActivityStatus, ActivityDateType, TransactionType, DocumentCategory).
func iati() part {
	code := func(name, pattern string, least, most int) part {
		return part{name: name, least: least, most: most, attrs: map[string]string{"code": pattern}}
	}
	narrative := part{name: "narrative", least: 1, text: anyWords}
	words := func(name string) part { return part{name: name, least: 1, most: 1, children: []part{narrative}} }
	org := func(name string, least, most int, attrs map[string]string) part {
		return part{name: name, least: least, most: most, attrs: attrs, children: []part{narrative}}
	}
	const orgType = `^(10|11|15|2[1-4]|30|40|60|70|71|72|73|80|90)$`
	return part{name: "iati-activities", attrs: map[string]string{"version": `^2\.03$`, "generated-datetime": aMoment}, children: []part{
		{name: "iati-activity", least: 1, attrs: map[string]string{"last-updated-datetime": aMoment, "lang": `^vi$`, "default-currency": `^VND$`, "humanitarian": `^(1)$`}, children: []part{
			{name: "iati-identifier", least: 1, most: 1, text: `^[^/&|? ]+$`},
			org("reporting-org", 1, 1, map[string]string{"ref": anyWords, "type": orgType}), words("title"), words("description"),
			org("participating-org", 1, 0, map[string]string{"role": `^[1-4]$`, "type": orgType}),
			code("activity-status", `^[1-6]$`, 1, 1), {name: "activity-date", least: 1, attrs: map[string]string{"iso-date": aDay, "type": `^[1-4]$`}},
			code("recipient-country", `^VN$`, 1, 1), code("sector", `^[0-9]{5}$`, 1, 1),
			{name: "transaction", children: []part{
				code("transaction-type", `^([1-9]|1[0-3])$`, 1, 1), {name: "transaction-date", least: 1, most: 1, attrs: map[string]string{"iso-date": aDay}},
				{name: "value", least: 1, most: 1, attrs: map[string]string{"currency": `^VND$`, "value-date": aDay}, text: `^-?[0-9]+$`}, {name: "description", most: 1, children: []part{narrative}},
				org("receiver-org", 0, 1, map[string]string{"type": orgType})}},
			{name: "document-link", attrs: map[string]string{"format": `^[a-z]+/[a-z+.-]+$`, "url": `^https?://`}, children: []part{
				words("title"), code("category", `^[AB][0-9]{2}$`, 1, 0), code("language", `^[a-z]{2}$`, 0, 0)}}}}}}
}

// fits holds an element against its description.
func (p part) fits(e element, at string) (wrong []string) {
	at += "/" + p.name
	for _, a := range e.Attrs {
		if pattern, ok := p.attrs[a.Name.Local]; !ok || !regexp.MustCompile(pattern).MatchString(a.Value) {
			wrong = append(wrong, at+"/@"+a.Name.Local+"="+a.Value)
		}
	}
	for name := range p.attrs {
		if e.attr(name) == "" && name != "humanitarian" {
			wrong = append(wrong, at+"/@"+name+" is missing")
		}
	}
	if p.text != "" && !regexp.MustCompile(p.text).MatchString(e.Text) || p.text == "" && strings.TrimSpace(e.Text) != "" {
		wrong = append(wrong, at+": "+e.Text)
	}
	rest := e.Children
	for _, c := range p.children {
		n := 0
		for ; len(rest) > 0 && rest[0].XMLName.Local == c.name; rest = rest[1:] {
			wrong = append(wrong, c.fits(rest[0], at)...)
			n++
		}
		if n < c.least || c.most > 0 && n > c.most {
			wrong = append(wrong, fmt.Sprintf("%s/%s comes %d times", at, c.name, n))
		}
	}
	if len(rest) > 0 {
		wrong = append(wrong, at+"/"+rest[0].XMLName.Local+" is out of place")
	}
	return wrong
}

// The activity is what the International Aid Transparency Initiative asks for, before the appeal, while it runs, and after.
func TestActivity(t *testing.T) {
	each(t, nil, func(t *testing.T, s *site) {
		read := func() element {
			t.Helper()
			var e element
			if err := xml.Unmarshal(s.do(nobody, "GET", apiHere+"/iati.xml", nil, 200).Body.Bytes(), &e); err != nil {
				t.Fatal(err)
			}
			for _, wrong := range iati().fits(e, "") {
				t.Error(wrong)
			}
			today := s.Clock.Now().Format("2006-01-02")
			for _, x := range e.Children[0].Children {
				if x.XMLName.Local == "activity-date" && (x.attr("type") == "2" || x.attr("type") == "4") && x.attr("iso-date") > today {
					t.Error("something really happened on a day to come", x.Attrs)
				}
			}
			return e
		}
		status := func(e element) string {
			for _, x := range e.Children[0].Children {
				if x.XMLName.Local == "activity-status" {
					return x.attr("code")
				}
			}
			return ""
		}
		now := s.Clock.Now()
		s.Clock.Set(time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC))
		if e := read(); status(e) != "1" {
			t.Error("before it began its status is", status(e))
		}
		s.Clock.Set(now)
		s.bring(row(18, "5213.10001", 60_000_000, "ung ho") + row(19, "5213.10002", 40_000_000, "ung ho"))
		a := s.Approved(spendingtest.Draft("15/QĐ-BVĐ & phụ lục <1>", spendingtest.Share(80_000_000)))
		if _, err := s.Spending.Pay(t.Context(), spendingtest.WardPurse, s.Plan(a.Shares[0].ID, household.Household{}, 5_000_000).ID, spendingtest.Payout()); err != nil {
			t.Fatal(err)
		}
		whole := read()
		if status(whole) != "2" {
			t.Error("while it runs its status is", status(whole))
		}
		s.Clock.Set(time.Date(2028, 1, 1, 2, 0, 0, 0, time.UTC))
		if e := read(); status(e) != "3" {
			t.Error("after its end its status is", status(e))
		}
		// The description finds what is wrong.
		for name, spoil := range map[string]func(*element){
			"order":    func(e *element) { e.Children[0], e.Children[1] = e.Children[1], e.Children[0] },
			"missing":  func(e *element) { e.Children = e.Children[1:] },
			"twice":    func(e *element) { e.Children = append([]element{e.Children[0]}, e.Children...) },
			"unknown":  func(e *element) { e.Children = append(e.Children, element{XMLName: xml.Name{Local: "gift"}}) },
			"no attr":  func(e *element) { e.Attrs = e.Attrs[1:] },
			"bad attr": func(e *element) { e.Attrs[0].Value = "hôm nay" },
		} {
			bad := whole.Children[0]
			bad.Children, bad.Attrs = slices.Clone(bad.Children), slices.Clone(bad.Attrs)
			spoil(&bad)
			if len(iati().children[0].fits(bad, "")) == 0 {
				t.Error("nothing is said of", name)
			}
		}
	})
}
