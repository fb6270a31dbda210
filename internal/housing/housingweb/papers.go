package housingweb

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Words speaks Vietnamese on papers, whatever language the official reads; i18n.Words implements it.
type Words interface {
	T(id string, args ...any) string
}

// send answers with a document in the form that the name asks for.
func send(w http.ResponseWriter, d paper.Document, name, form string) error {
	var b []byte
	var err error
	kind, how := "application/pdf", "inline"
	if form == "docx" {
		kind, how = "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "attachment"
		b, err = d.DOCX()
	} else {
		b, err = d.PDF()
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": name + "." + form}))
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(b)
	return err
}

// paper makes a paper of a house: "phieu.pdf", "hoan-thanh.docx", "tien-ID.pdf".
func (p *Pages) paper(w http.ResponseWriter, r *http.Request) error {
	name, form, ok := strings.Cut(r.PathValue("paper"), ".")
	if !ok || form != "pdf" && form != "docx" {
		return fault.New(fault.NotFound, "housing.not_found")
	}
	payment, isMoney := strings.CutPrefix(name, "tien-")
	t := p.Words.T
	x, err := p.Service.Papers(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), payment0(payment, isMoney), t("housing.paper.reason"))
	if err != nil {
		return err
	}
	switch {
	case isMoney:
		return send(w, p.moneyMinutes(x), "bien-ban-ban-giao-tien-"+x.Code, form)
	case name == "phieu":
		return send(w, p.surveyPaper(x), "phieu-khao-sat-"+x.Code, form)
	case name == "hoan-thanh" && x.CompletedOn != "":
		return send(w, p.completionMinutes(x), "bien-ban-hoan-thanh-"+x.Code, form)
	}
	return fault.New(fault.NotFound, "housing.not_found")
}

func payment0(id string, isMoney bool) string {
	if isMoney {
		return id
	}
	return ""
}

// front is the Front's committee of a commune, with the one above it.
func (p *Pages) front(unitID string) (issuer, superior, place string) {
	c := p.Service.Commune(unitID)
	up := p.Service.Unit(c.ParentID)
	if up.Level == orgunit.LevelProvince {
		superior = p.Words.T("housing.paper.front", "Unit", vntext.LowerFirst(up.FullName))
	}
	return p.Words.T("housing.paper.front", "Unit", vntext.LowerFirst(c.FullName)), superior, c.FullName
}

func (p *Pages) document(unitID string, on clock.Date, kind, subject string) paper.Document {
	issuer, superior, place := p.front(unitID)
	return paper.Document{Superior: superior, Issuer: issuer, Place: place, Date: on, Kind: p.Words.T(kind), Subject: subject, Open: true}
}

func (p *Pages) emptyForm(w http.ResponseWriter, r *http.Request) error {
	units := p.Service.Authz.Scope(identity.ActorFrom(r.Context()), housing.ActionRead)
	if len(units) == 0 {
		return fault.New(fault.Forbidden, "identity.not_allowed")
	}
	return send(w, p.form(units[0], "", nil), "phieu-khao-sat-nha-o", "pdf")
}

func (p *Pages) surveyPaper(x housing.Papers) paper.Document {
	return p.form(x.UnitID, x.SurveyedOn, &x)
}

// form is the survey form of twenty items; x nil leaves every item to be filled in by hand.
func (p *Pages) form(unitID string, on clock.Date, x *housing.Papers) paper.Document {
	t := p.Words.T
	d := p.document(unitID, on, "housing.paper.survey", t("housing.paper.survey_of"))
	d.Number = ""
	vals := make([]string, 20)
	if x != nil {
		vals = p.answers(*x)
		d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("housing.paper.code", "Code", x.Code, "Programme", x.Programme.Name), Italic: true, Center: true})
	}
	for i, v := range vals {
		d.Blocks = append(d.Blocks, paper.Field{Label: colon(strconv.Itoa(i+1)+". "+t("housing.item."+strconv.Itoa(i+1)), v), Value: v})
	}
	if x == nil {
		d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("housing.paper.choices"), Italic: true})
	}
	d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("housing.paper.consent")})
	for _, s := range []string{"party", "hamlet", "front", "family"} {
		d.Signers = append(d.Signers, paper.Signer{Title: t("housing.paper.sign_" + s), Note: t("housing.paper.sign_note")})
	}
	return d
}

// answers are the twenty answers in the order of the form.
func (p *Pages) answers(x housing.Papers) []string {
	t := p.Words.T
	opt := func(prefix, v string) string {
		if v == "" {
			return ""
		}
		return t(prefix + v)
	}
	year := ""
	if x.Person.BirthYear > 0 {
		year = strconv.Itoa(x.Person.BirthYear)
	}
	s := x.Survey
	return []string{x.Person.Name, opt("household.sex.", string(x.Person.Sex)), year, x.Person.IDNumber, x.Person.Spouse, p.people(x.Person.Members, x.Household.People), x.Person.Phone,
		strings.TrimPrefix(x.Person.Address+", "+x.Area, ", "), s.Job, s.Education, s.Employment, opt("household.category.", string(x.Category)), s.Ethnicity, s.Religion, s.Priority,
		opt("housing.land.", string(s.Land)), s.Condition, s.Circumstances, opt("housing.need.", string(x.Need)), s.Note}
}

func (p *Pages) people(list []household.Member, all int) string {
	out := []string{p.Words.T("housing.paper.people", "Count", all)}
	for _, m := range list {
		text := m.Name
		if m.Relation != "" {
			text += " (" + m.Relation + ")"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// field is one line of a paper: what, and what it is; dotted when it is to be filled in by hand.
func (p *Pages) field(key, value string) paper.Field {
	return paper.Field{Label: colon(p.Words.T(key), value), Value: value}
}

// colon parts a label from its value; before a dotted line there is none.
func colon(label, value string) string {
	if value == "" {
		return label
	}
	return label + ":"
}

// sum writes an amount in figures and in words, as minutes do.
func (p *Pages) sum(v money.VND) string {
	return p.Words.T("housing.paper.sum", "Figures", vntext.FormatInt(int64(v)), "Words", v.Words())
}

func (p *Pages) yes(b bool) string {
	if b {
		return p.Words.T("housing.paper.yes")
	}
	return p.Words.T("housing.paper.no")
}

// completionMinutes are the minutes of a finished house.
func (p *Pages) completionMinutes(x housing.Papers) paper.Document {
	t, c := p.Words.T, x.Completion
	d := p.document(x.UnitID, c.On, "housing.paper.minutes", t("housing.paper.completion", "Kind", t("housing.paper.kind_"+string(x.Kind))))
	d.Basis = []string{t("housing.paper.basis_programme", "Programme", x.Programme.Name, "Legal", x.Programme.LegalBase), t("housing.paper.basis_decision", "Number", x.DecisionNo, "Day", x.DecisionOn.Vietnamese())}
	d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("housing.paper.today", "Day", vntext.DateWords(c.On), "Area", x.Area)}, paper.Heading{Text: t("housing.paper.present")})
	for _, m := range c.Members {
		d.Blocks = append(d.Blocks, paper.Bullet{Text: t("housing.paper.person", "Name", m.Name, "Title", m.Title)})
	}
	d.Blocks = append(d.Blocks, paper.Bullet{Text: t("housing.paper.owner", "Name", x.Person.Name)}, paper.Heading{Text: t("housing.paper.checked")},
		p.field("housing.paper.area", c.Area+" m²"), p.field("housing.paper.hard", t("housing.paper.parts", "Floor", p.yes(c.Floor), "Roof", p.yes(c.Roof), "Frame", p.yes(c.Frame))))
	d.Blocks = append(d.Blocks, paper.Heading{Text: t("housing.paper.cost")}, p.costs(x))
	d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("housing.paper.total_words", "Sum", p.sum(c.Total()))})
	if c.Note != "" {
		d.Blocks = append(d.Blocks, p.field("housing.item.20", c.Note))
	}
	d.Blocks = append(d.Blocks, paper.Heading{Text: t("housing.paper.conclusion")}, paper.Paragraph{Text: t("housing.paper.conclusion_text", "Total", vntext.FormatInt(int64(c.Total())), "Amount", vntext.FormatInt(int64(x.Amount)))},
		paper.Paragraph{Text: t("housing.paper.copies")})
	d.Signers = []paper.Signer{{Title: t("housing.paper.sign_family"), Name: x.Person.Name}, {Title: t("housing.paper.sign_hamlet"), Note: t("housing.paper.sign_note")}, {Title: t("housing.paper.sign_commune"), Note: t("housing.paper.sign_note")}, {Title: t("housing.paper.sign_mttq"), Note: t("housing.paper.sign_note")}}
	return d
}

func (p *Pages) costs(x housing.Papers) paper.Table {
	t, c := p.Words.T, x.Completion
	tab := paper.Table{Head: []string{t("housing.paper.no_"), t("housing.paper.from_whom"), t("housing.paper.dong")}, Widths: []int{10, 60, 30}, Center: []bool{true}, Right: []bool{false, false, true}, Total: true}
	rows := append([]housing.OtherSource{{Name: t("housing.paper.programme_money", "Source", t("housing.source."+string(x.Source))), Amount: c.Programme}}, c.Others...)
	for i, o := range rows {
		tab.Rows = append(tab.Rows, []string{strconv.Itoa(i + 1), o.Name, vntext.FormatInt(int64(o.Amount))})
	}
	tab.Rows = append(tab.Rows, []string{"", t("housing.report.total"), vntext.FormatInt(int64(c.Total()))})
	return tab
}

// moneyMinutes are the minutes of money handed over.
func (p *Pages) moneyMinutes(x housing.Papers) paper.Document {
	t, m, who := p.Words.T, x.Payment, x.Payment.Parties
	d := p.document(x.UnitID, m.On, "housing.paper.minutes", t("housing.paper.handing_money", "Kind", t("housing.paper.kind_"+string(x.Kind))))
	d.Basis = []string{t("housing.paper.basis_decision_only", "Number", m.DecisionNo)}
	d.Blocks = []paper.Block{
		paper.Paragraph{Text: t("housing.paper.today", "Day", vntext.DateWords(m.On), "Area", x.Area)},
		paper.Heading{Text: t("housing.paper.giver")}, paper.Bullet{Text: t("housing.paper.person", "Name", who.Giver, "Title", who.GiverTitle)},
		paper.Heading{Text: t("housing.paper.receiver")}, p.field("housing.paper.name", who.Receiver), p.field("housing.item.4", who.IDNumber),
		p.field("housing.paper.id_date", who.IDDate), p.field("housing.paper.id_place", who.IDPlace), p.field("housing.paper.lives", x.Area),
		paper.Heading{Text: t("housing.paper.witness")}, paper.Bullet{Text: t("housing.paper.person", "Name", who.Witness, "Title", who.WitnessTitle)},
		paper.Heading{Text: t("housing.paper.content")},
		paper.Paragraph{Text: t("housing.paper.content_text", "Sum", p.sum(m.Amount), "Source", t("housing.source."+string(x.Source)), "Programme", x.Programme.Name)},
		p.field("housing.paper.purpose", who.Purpose),
		paper.Paragraph{Text: t("housing.paper.copies")},
	}
	if x.Donor != "" {
		d.Blocks = append(d.Blocks, p.field("housing.paper.donor", x.Donor))
	}
	d.Signers = []paper.Signer{{Title: t("housing.paper.sign_receiver"), Name: who.Receiver}, {Title: t("housing.paper.sign_witness"), Name: who.Witness}, {Title: t("housing.paper.sign_giver"), Name: who.Giver}}
	return d
}

// reportPDF is the status report on A4.
func (p *Pages) reportPDF(w http.ResponseWriter, r *http.Request) error {
	v, err := p.reportOf(r)
	if err != nil {
		return err
	}
	units := p.Service.Authz.Scope(identity.ActorFrom(r.Context()), housing.ActionRead)
	t := p.Words.T
	subject := t("housing.report.title")
	if v.Programme.Name != "" {
		subject = v.Programme.Name
	}
	d := p.document(units[0], v.On, "housing.paper.report", subject)
	d.Landscape = true
	head := []string{t("housing.col.unit"), t("housing.col.source"), t("housing.col.kind")}
	for _, s := range housing.States {
		head = append(head, t("housing.state."+string(s)))
	}
	status := paper.Table{Head: append(head, t("housing.col.approved"), t("housing.col.paid")), Widths: []int{20, 12, 9, 8, 8, 8, 8, 7, 10, 10}, Right: []bool{false, false, false, true, true, true, true, true, true, true}, Total: true}
	for _, l := range v.Lines {
		status.Rows = append(status.Rows, p.lineTexts(l, l.Unit, p.source(l.Source), t("housing.kind."+string(l.Kind))))
	}
	status.Rows = append(status.Rows, p.lineTexts(v.Total, t("housing.report.total"), "", ""))
	d.Blocks = []paper.Block{paper.Heading{Text: "1. " + t("housing.report.status")}, status}
	plan := paper.Table{Head: []string{t("housing.col.unit"), t("housing.col.target"), t("housing.col.all"), t("housing.col.done"), t("housing.col.percent")}, Widths: []int{40, 15, 15, 15, 15}, Right: []bool{false, true, true, true, true}, Total: true}
	total := v.PlanTotal
	total.Unit = t("housing.report.total")
	for _, x := range append(v.Plans, total) {
		plan.Rows = append(plan.Rows, []string{x.Unit, strconv.Itoa(x.Target), strconv.Itoa(x.All), strconv.Itoa(x.Done), percent(x)})
	}
	d.Blocks = append(d.Blocks, paper.Heading{Text: "2. " + t("housing.report.plan")}, plan)
	if len(v.Paused) > 0 {
		paused := paper.Table{Head: []string{t("housing.col.code"), t("housing.col.head"), t("housing.col.unit"), t("housing.col.since"), t("housing.col.why")}, Widths: []int{16, 12, 27, 12, 33}}
		for _, c := range v.Paused {
			paused.Rows = append(paused.Rows, []string{c.Code, c.Initials, c.Unit, c.StateOn.Vietnamese(), c.Why})
		}
		d.Blocks = append(d.Blocks, paper.Heading{Text: "3. " + t("housing.report.paused")}, paused)
	}
	d.Signers = []paper.Signer{{Title: t("housing.paper.sign_writer"), Note: t("housing.paper.sign_note")}, {Title: t("housing.paper.sign_chair"), Note: t("housing.paper.sign_note")}}
	return send(w, d, "bao-cao-nha-o", "pdf")
}

func (p *Pages) source(s housing.Source) string {
	if s == "" {
		s = housing.NoSource
	}
	return p.Words.T("housing.source." + string(s))
}

func (p *Pages) lineTexts(l housing.Line, first ...string) []string {
	out := append([]string{}, first...)
	for _, s := range housing.States {
		out = append(out, strconv.Itoa(l.Count[s]))
	}
	return append(out, vntext.FormatInt(int64(l.Approved)), vntext.FormatInt(int64(l.Paid)))
}
