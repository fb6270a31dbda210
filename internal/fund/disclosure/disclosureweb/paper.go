package disclosureweb

import (
	"net/http"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
)

// receiptPDF is the receipt of a line on paper, half a sheet: what it says, and how it is proved.
func (p *Pages) receiptPDF(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := p.lineView(r)
	if err != nil {
		return err
	}
	f, err := p.s.Receipt(ctx, v.Line.ID())
	if err != nil {
		return err
	}
	blocks := []paper.Block{paper.Field{Label: i18n.T(ctx, "disclosure.paper.appeal"), Value: v.Name}}
	for _, x := range lineFacts(ctx, v) {
		blocks = append(blocks, paper.Field{Label: x.Term, Value: x.Text})
	}
	blocks = append(blocks, paper.Field{Label: i18n.T(ctx, "disclosure.col.amount"), Value: v.Line.Amount.String()})
	if v.Line.Amount > 0 {
		blocks = append(blocks, paper.Field{Label: i18n.T(ctx, "disclosure.paper.words"), Value: v.Line.Amount.Words()})
	}
	proof := i18n.T(ctx, "disclosure.line.writing")
	if f.Proof != nil {
		proof = i18n.T(ctx, "disclosure.line.logged", "Index", f.Proof.Index)
	}
	blocks = append(blocks,
		paper.Field{Label: i18n.T(ctx, "disclosure.paper.proof"), Value: proof},
		paper.Field{Label: i18n.T(ctx, "disclosure.paper.leaf"), Value: f.Leaf[:32] + " " + f.Leaf[32:]},
		paper.Paragraph{Text: i18n.T(ctx, "disclosure.paper.check", "URL", v.URL), Italic: true})
	d := paper.Document{Issuer: v.Unit, Number: f.ID, Date: clock.DateOf(p.Now()), Bare: true, Open: true, A5: true, Kind: i18n.T(ctx, "disclosure.paper.kind"),
		Subject: i18n.T(ctx, "disclosure.line.title", "ID", f.ID), Blocks: blocks}
	b, err := d.PDF()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `inline; filename="bien-nhan-`+f.ID+`.pdf"`)
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(b)
	return err
}
