package disclosureweb

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

func base64of(hexadecimal string) string {
	b, err := hex.DecodeString(hexadecimal)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(b)
}

// The parts of a CSVW description (W3C tabular metadata, 2015) that the statement needs.
type (
	csvw struct {
		Context  []any       `json:"@context"`
		URL      string      `json:"url"`
		Title    string      `json:"dc:title"`
		Creator  string      `json:"dc:creator"`
		Modified string      `json:"dc:modified,omitempty"`
		Lines    int64       `json:"nhipcau:lines"`
		Total    int64       `json:"nhipcau:total"`
		SHA256   string      `json:"nhipcau:sha256,omitempty"`
		Size     int64       `json:"nhipcau:size"`
		Dialect  csvwDialect `json:"dialect"`
		Schema   csvwSchema  `json:"tableSchema"`
	}
	csvwDialect struct {
		Encoding  string `json:"encoding"`
		Delimiter string `json:"delimiter"`
		Header    bool   `json:"header"`
	}
	csvwSchema struct {
		Columns    []csvwColumn `json:"columns"`
		PrimaryKey string       `json:"primaryKey"`
		AboutURL   string       `json:"aboutUrl"`
	}
	csvwColumn struct {
		Name        string            `json:"name"`
		Titles      string            `json:"titles"`
		Description map[string]string `json:"dc:description"`
		Datatype    any               `json:"datatype"`
		Required    bool              `json:"required"`
	}
	csvwFormat struct {
		Base   string `json:"base"`
		Format string `json:"format"`
	}
)

func (p *Pages) apiMetadata(w http.ResponseWriter, r *http.Request) error {
	st, err := p.s.Statement(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	m := csvw{Context: []any{"http://www.w3.org/ns/csvw", map[string]string{"@language": i18n.Lang(r.Context()), "nhipcau": p.BaseURL + "/ns#"}}, URL: "statement.csv",
		Title: st.Name, Creator: p.unit(st.UnitID), Lines: st.Lines, Total: int64(st.Amount), SHA256: st.Hash, Size: st.Size,
		Dialect: csvwDialect{"utf-8", ",", true}, Schema: csvwSchema{PrimaryKey: "id", AboutURL: p.BaseURL + apiBase + "/gifts/{id}/receipt.json"}}
	if !st.Updated.IsZero() {
		m.Modified = st.Updated.Format(time.RFC3339)
	}
	for _, c := range disclosure.Columns() {
		col := csvwColumn{Name: c, Titles: c, Datatype: datatype(c), Required: c == "line" || c == "id" || c == "kind" || c == "date" || c == "amount",
			Description: map[string]string{i18n.Lang(r.Context()): i18n.T(r.Context(), "disclosure.csv."+c)}}
		m.Schema.Columns = append(m.Schema.Columns, col)
	}
	return answer(w, "application/csvm+json", m)
}

// datatype is what stands in a column.
func datatype(column string) any {
	switch column {
	case "line", "amount":
		return "integer"
	case "date":
		return csvwFormat{"date", "yyyy-MM-dd"}
	}
	return "string"
}

// spent gives where the money of an appeal went; a fault NotFound when this house tells nothing of it.
func (p *Pages) spent(r *http.Request) (disclosure.Statement, spending.Public, error) {
	st, err := p.s.Statement(r.Context(), r.PathValue("code"))
	if err != nil || p.Spent == nil {
		return st, spending.Public{Appeal: st.Appeal}, err
	}
	pub, err := p.Spent.PublicView(r.Context(), st.Code)
	if fault.Is(err, fault.NotFound) {
		return st, spending.Public{Appeal: st.Appeal}, nil
	}
	return st, pub, err
}

// The parts of an OCDS-like document (Open Contracting Data Standard 1.1, used for grants): one release for each decision.
type (
	ocds struct {
		URI       string        `json:"uri"`
		Version   string        `json:"version"`
		Published string        `json:"publishedDate"`
		Publisher ocdsParty     `json:"publisher"`
		License   string        `json:"license"`
		Releases  []ocdsRelease `json:"releases"`
	}
	ocdsParty struct {
		ID   string `json:"id,omitempty"`
		Name string `json:"name"`
	}
	ocdsRelease struct {
		OCID     string       `json:"ocid"`
		ID       string       `json:"id"`
		Date     string       `json:"date"`
		Tag      []string     `json:"tag"`
		Began    string       `json:"initiationType"` // the standard knows no other word
		Language string       `json:"language"`
		Buyer    ocdsParty    `json:"buyer"`
		Planning ocdsPlanning `json:"planning"`
		Awards   []ocdsAward  `json:"awards"`
	}
	ocdsPlanning struct {
		Rationale string      `json:"rationale"`
		Documents []ocdsPaper `json:"documents"`
		Budget    ocdsBudget  `json:"budget"`
	}
	ocdsPaper struct {
		ID        string `json:"id"`
		Title     string `json:"title"`
		Published string `json:"datePublished"`
	}
	ocdsBudget struct {
		Description string    `json:"description"`
		Amount      ocdsMoney `json:"amount"`
	}
	ocdsMoney struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	}
	ocdsAward struct {
		ID          string      `json:"id"`
		Title       string      `json:"title"`
		Description string      `json:"description,omitempty"`
		Status      string      `json:"status"`
		Date        string      `json:"date"`
		Value       ocdsMoney   `json:"value"`
		Paid        *ocdsMoney  `json:"x_paid,omitempty"` // missing where so few were helped that they could be known
		Head        string      `json:"x_head"`           // letter of Decree 93/2021/NĐ-CP, article 11(1)
		Suppliers   []ocdsParty `json:"suppliers"`
	}
)

const dong = "VND"

func (p *Pages) apiAllocations(w http.ResponseWriter, r *http.Request) error {
	st, pub, err := p.spent(r)
	if err != nil {
		return err
	}
	at := st.CreatedAt
	if !st.Updated.IsZero() {
		at = st.Updated
	}
	out := ocds{URI: p.BaseURL + apiBase + "/appeals/" + st.Code + "/allocations.json", Version: "1.1", Published: at.UTC().Format(time.RFC3339),
		Publisher: ocdsParty{Name: p.unit(st.UnitID)}, License: "https://creativecommons.org/publicdomain/zero/1.0/", Releases: make([]ocdsRelease, 0, len(pub.Decisions))}
	for _, d := range pub.Decisions {
		rel := ocdsRelease{OCID: "nhipcau-" + st.Code + "-" + d.ID, ID: d.ID, Date: stamp(d.DocDay), Tag: []string{"award"}, Began: "tender", Language: "vi", Buyer: ocdsParty{Name: p.unit(st.UnitID)},
			Planning: ocdsPlanning{Rationale: d.About, Documents: []ocdsPaper{{ID: d.DocNo, Title: d.DocNo, Published: stamp(d.DocDay)}},
				Budget: ocdsBudget{Description: st.Name, Amount: ocdsMoney{int64(d.Allotted), dong}}}}
		for _, s := range d.Shares {
			a := ocdsAward{ID: d.ID + "-" + strconv.Itoa(s.Seq), Title: s.Purpose, Status: "active", Date: stamp(d.DocDay), Value: ocdsMoney{int64(s.Allotted), dong}, Head: s.Head.Letter(),
				Suppliers: []ocdsParty{{Name: s.UnitName}}}
			if a.Head == "" {
				a.Head = string(s.Head)
			}
			if !s.Few {
				a.Paid = &ocdsMoney{int64(s.Paid), dong}
			}
			rel.Awards = append(rel.Awards, a)
		}
		out.Releases = append(out.Releases, rel)
	}
	return answer(w, "application/json", out)
}

// stamp is a day as a moment: midnight in Vietnam.
func stamp(d clock.Date) string { return d.Time().Format(time.RFC3339) }

// The parts of an IATI activity (2.03), in the order of its schema.
type (
	iatiActivities struct {
		XMLName   xml.Name     `xml:"iati-activities"`
		Version   string       `xml:"version,attr"`
		Generated string       `xml:"generated-datetime,attr"`
		Activity  iatiActivity `xml:"iati-activity"`
	}
	iatiActivity struct {
		Updated      string            `xml:"last-updated-datetime,attr"`
		Language     string            `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
		Currency     string            `xml:"default-currency,attr"`
		Humanitarian string            `xml:"humanitarian,attr,omitempty"`
		Identifier   string            `xml:"iati-identifier"`
		Reporting    iatiReporting     `xml:"reporting-org"`
		Title        iatiText          `xml:"title"`
		Description  iatiText          `xml:"description"`
		Orgs         []iatiOrg         `xml:"participating-org"`
		Status       iatiCode          `xml:"activity-status"`
		Dates        []iatiDate        `xml:"activity-date"`
		Country      iatiCode          `xml:"recipient-country"`
		Sectors      []iatiCode        `xml:"sector"`
		Transactions []iatiTransaction `xml:"transaction"`
		Documents    []iatiDocument    `xml:"document-link"`
	}
	iatiReporting struct {
		Ref  string `xml:"ref,attr"`
		Type string `xml:"type,attr"`
		Text string `xml:"narrative"`
	}
	iatiText struct {
		Text string `xml:"narrative"`
	}
	iatiOrg struct {
		Role string `xml:"role,attr"`
		Type string `xml:"type,attr"`
		Text string `xml:"narrative"`
	}
	iatiCode struct {
		Code string `xml:"code,attr"`
	}
	iatiDate struct {
		Day  string `xml:"iso-date,attr"`
		Type string `xml:"type,attr"`
	}
	iatiTransaction struct {
		Type     iatiCode      `xml:"transaction-type"`
		Date     iatiDay       `xml:"transaction-date"`
		Value    iatiValue     `xml:"value"`
		Text     iatiText      `xml:"description"`
		Receiver *iatiReceiver `xml:"receiver-org"`
	}
	iatiDay struct {
		Day string `xml:"iso-date,attr"`
	}
	iatiValue struct {
		Currency string `xml:"currency,attr"`
		Day      string `xml:"value-date,attr"`
		Amount   int64  `xml:",chardata"`
	}
	iatiReceiver struct {
		Type string `xml:"type,attr"`
		Text string `xml:"narrative"`
	}
	iatiDocument struct {
		Format   string   `xml:"format,attr"`
		URL      string   `xml:"url,attr"`
		Title    iatiText `xml:"title"`
		Category iatiCode `xml:"category"`
		Language iatiCode `xml:"language"`
	}
)

// Codes of the lists of IATI.
const (
	iatiNGO          = "22" // OrganisationType: national non-governmental organisation
	iatiFunding      = "1"  // OrganisationRole
	iatiAccountable  = "2"
	iatiImplementing = "4"
	iatiPlannedStart = "1" // ActivityDateType
	iatiActualStart  = "2"
	iatiPlannedEnd   = "3"
	iatiIncoming     = "1" // TransactionType: incoming funds
	iatiCommitment   = "2"
	iatiDisbursement = "3"
	iatiRelief       = "72010" // Sector: material relief assistance and services
	iatiOrgOther     = "90"    // OrganisationType: other
)

func (p *Pages) apiIATI(w http.ResponseWriter, r *http.Request) error {
	st, pub, err := p.spent(r)
	if err != nil {
		return err
	}
	totals, err := p.s.Totals(r.Context(), st)
	if err != nil {
		return err
	}
	at := st.CreatedAt
	if !st.Updated.IsZero() {
		at = st.Updated
	}
	v := p.view(st)
	stamp := at.UTC().Format(time.RFC3339)
	ref, end := "VN-NHIPCAU", st.Closes
	if st.SpendsUntil != "" {
		end = st.SpendsUntil
	}
	a := iatiActivity{Updated: stamp, Language: "vi", Currency: dong, Identifier: ref + "-" + st.Code, Reporting: iatiReporting{ref, iatiNGO, v.Unit}, Title: iatiText{st.Name}, Description: iatiText{st.Basis},
		Orgs:   []iatiOrg{{iatiFunding, iatiOrgOther, i18n.T(r.Context(), "disclosure.iati.givers")}, {iatiAccountable, iatiNGO, v.Unit}, {iatiImplementing, iatiNGO, v.Unit}},
		Status: iatiCode{map[string]string{"soon": "1", "open": "2", "closed": "3"}[v.State]}, Dates: []iatiDate{{string(st.Opens), iatiPlannedStart}, {string(end), iatiPlannedEnd}},
		Country: iatiCode{"VN"}, Sectors: []iatiCode{{iatiRelief}}}
	if st.Opens <= clock.DateOf(p.Now()) { // an actual day is never to come
		a.Dates = slices.Insert(a.Dates, 1, iatiDate{string(st.Opens), iatiActualStart})
	}
	if v.State != "closed" || st.SpendsUntil != "" && clock.DateOf(p.Now()) <= st.SpendsUntil {
		a.Status.Code = map[string]string{"soon": "1", "open": "2", "closed": "2"}[v.State]
	}
	for _, d := range totals.Days {
		if d.Amount != 0 {
			a.Transactions = append(a.Transactions, iatiTransaction{Type: iatiCode{iatiIncoming}, Date: iatiDay{d.Key}, Value: iatiValue{dong, d.Key, int64(d.Amount)},
				Text: iatiText{i18n.T(r.Context(), "disclosure.iati.day", "Lines", d.Lines)}})
		}
	}
	for _, d := range pub.Decisions {
		for _, s := range d.Shares {
			t := iatiTransaction{Type: iatiCode{iatiCommitment}, Date: iatiDay{string(d.DocDay)}, Value: iatiValue{dong, string(d.DocDay), int64(s.Allotted)}, Text: iatiText{d.DocNo + ": " + s.Purpose},
				Receiver: &iatiReceiver{iatiNGO, s.UnitName}}
			a.Transactions = append(a.Transactions, t)
			if s.Paid > 0 && !s.Few {
				t.Type.Code, t.Value.Amount = iatiDisbursement, int64(s.Paid)
				a.Transactions = append(a.Transactions, t)
			}
		}
	}
	a.Documents = []iatiDocument{{"text/csv", p.BaseURL + csvHref(st.Code), iatiText{i18n.T(r.Context(), "disclosure.file.title")}, iatiCode{"A11"}, iatiCode{"vi"}}}
	if st.FundKind == "relief" {
		a.Humanitarian = "1"
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	public(w)
	if _, err := w.Write([]byte(xml.Header)); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	return enc.Encode(iatiActivities{Version: "2.03", Generated: stamp, Activity: a})
}
