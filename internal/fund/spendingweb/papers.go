package spendingweb

import (
	"mime"
	"net/http"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
)

const docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// sendPaper answers with a document as PDF or Word.
func sendPaper(w http.ResponseWriter, form, name string, d paper.Document) error {
	var b []byte
	var err error
	kind := "application/pdf"
	switch form {
	case "pdf":
		b, err = d.PDF()
	case "docx":
		kind = docxType
		b, err = d.DOCX()
	default:
		return fault.New(fault.NotFound, "web.not_found")
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name + "." + form}))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, err = w.Write(b)
	return err
}

// decisionPaper writes a decision out with its list of shares, to be signed.
func (p *Pages) decisionPaper(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := p.Service.Open(ctx, actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	t := func(key string, args ...any) string { return i18n.T(ctx, key, args...) }
	table := paper.Table{Widths: []int{6, 17, 21, 22, 12, 22}, Right: []bool{false, false, false, false, true, true}, Center: []bool{true}, Total: true,
		Head: []string{t("spending.paper.no"), t("spending.col.unit"), t("spending.col.head"), t("spending.col.purpose"), t("spending.col.target"), t("spending.paper.amount")}}
	for _, x := range d.Shares {
		target := ""
		if x.Target > 0 {
			target = strconv.Itoa(x.Target)
		}
		table.Rows = append(table.Rows, []string{strconv.Itoa(x.Seq), x.UnitName, headText(ctx, x.Head), x.Purpose, target, x.Amount.String()})
	}
	table.Rows = append(table.Rows, []string{"", t("spending.paper.total"), "", "", "", d.Amount.String()})
	doc := paper.Document{Superior: t("spending.paper.front"), Issuer: t("spending.paper.board"), Number: d.DocNo, Place: p.place(d.UnitID), Date: d.DocDay, Kind: t("spending.paper.decision"),
		Subject: d.About, Basis: []string{t("spending.paper.basis_decree"), d.Appeal.Basis, d.Meeting},
		Blocks: []paper.Block{
			paper.Paragraph{Text: t("spending.paper.article1", "Appeal", d.Appeal.Name, "Amount", d.Amount.String(), "Words", d.Amount.Words())},
			table,
			paper.Paragraph{Text: t("spending.paper.article2")},
			paper.Paragraph{Text: t("spending.paper.article3")},
		},
		Signers:    []paper.Signer{{Authority: t("spending.paper.tm"), Title: t("spending.paper.head_of_board"), Name: d.DecidedName}},
		Recipients: []string{t("spending.paper.receivers"), t("spending.paper.archive")}}
	return sendPaper(w, r.PathValue("form"), "quyet-dinh-phan-bo", doc)
}

// place is the unit's official name as it stands before a date.
func (p *Pages) place(unitID string) string {
	u, err := p.Service.Forest().Unit(unitID, clock.DateOf(p.Service.Clock.Now()))
	if err != nil {
		return ""
	}
	return u.Name
}

// minutes is the record of the handing over of money: filled in as far as it is known, the rest by hand.
func (p *Pages) minutes(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := p.Service.OpenPayment(ctx, actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	t := func(key string, args ...any) string { return i18n.T(ctx, key, args...) }
	doc := paper.Document{Superior: t("spending.paper.front"), Issuer: v.Share.UnitName, Number: v.MinutesNo, Place: p.place(v.UnitID), Date: v.PaidDay, Kind: t("spending.paper.minutes"),
		Subject: t("spending.paper.minutes_subject", "Appeal", v.Appeal.Name), Basis: []string{t("spending.paper.basis_decree"), t("spending.paper.basis_decision", "Number", v.Decision.DocNo, "Day", v.Decision.DocDay.Vietnamese())},
		Blocks: []paper.Block{
			paper.Field{Label: t("spending.paper.receiver") + ":", Value: v.Work},
			paper.Field{Label: t("spending.col.unit") + ":", Value: v.Share.UnitName},
			paper.Field{Label: t("spending.col.purpose") + ":", Value: v.Share.Purpose},
			paper.Field{Label: t("spending.col.head") + ":", Value: headText(ctx, v.Share.Head)},
			paper.Field{Label: t("spending.paper.amount") + ":", Value: v.Amount.String()},
			paper.Field{Label: t("spending.paper.words") + ":", Value: v.Amount.Words()},
			paper.Field{Label: t("spending.col.way") + ":", Value: wayText(ctx, v.Way)},
			paper.Field{Label: t("spending.col.witness") + ":", Value: v.Witness},
			paper.Field{Label: t("spending.col.note") + ":", Value: v.Note},
		},
		Signers: []paper.Signer{{Title: t("spending.paper.sign_receiver"), Note: t("spending.paper.sign_note")}, {Title: t("spending.paper.sign_witness"), Note: t("spending.paper.sign_note")},
			{Title: t("spending.paper.sign_treasurer"), Note: t("spending.paper.sign_note"), Name: v.PaidName}}, Open: true}
	if v.HouseholdID != "" {
		doc.Blocks[0] = paper.Field{Label: t("spending.paper.receiver") + ":", Value: t("spending.paper.household", "Name", v.Name)}
	}
	if v.State == spending.PayTakenBack {
		doc.Blocks = append(doc.Blocks, paper.Paragraph{Text: t("spending.paper.taken_back", "Reason", v.Reason), Bold: true})
	}
	return sendPaper(w, r.PathValue("form"), "bien-ban-trao-tien", doc)
}
