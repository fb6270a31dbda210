package reliefweb

import (
	"context"
	"net/http"
	"strings"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/relief"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

func storeFormTitle(ctx context.Context, v storeFormView) string {
	if v.W.ID == "" {
		return i18n.T(ctx, "relief.warehouse.add")
	}
	return i18n.T(ctx, "relief.warehouse.edit")
}

func storeFormAction(v storeFormView) string {
	if v.W.ID == "" {
		return storesPath + "/moi"
	}
	return storeHref(v.W.ID, "sua")
}

// lineField is one field of a row of goods with its label; the first row's label is seen, those below are read aloud.
func lineField(ctx context.Context, t lineTable, kind string, n int) ui.FieldProps {
	f := t.field(ctx, kind, n)
	f.Label = i18n.T(ctx, "relief.line."+kind)
	f.Required = kind == "item" || kind == "qty"
	if kind == "expires" {
		f.Placeholder = i18n.T(ctx, "relief.line.date_like")
	}
	return f
}

// offlineName keeps the intake of goods for use without network; what goes out needs to know what is there.
func offlineName(v slipFormView) string {
	if v.Kind == relief.SlipIn {
		return "phieu-nhap"
	}
	return ""
}

func slipKinds(ctx context.Context, chosen string) []ui.Option {
	out := []ui.Option{opt(ctx, "", "relief.any", "-")}
	for _, k := range []relief.SlipKind{relief.SlipIn, relief.SlipOut, relief.SlipTransfer, relief.SlipCount, relief.SlipReverse} {
		out = append(out, opt(ctx, string(k), "relief.slip.kind."+string(k), chosen))
	}
	return out
}

func slipFacts(ctx context.Context, v slipView) []ui.DefinitionItem {
	line := func(key, text string) ui.DefinitionItem {
		return ui.DefinitionItem{Term: i18n.T(ctx, "relief.col."+key), Text: text}
	}
	out := []ui.DefinitionItem{{Term: i18n.T(ctx, "relief.col.state"), Body: ui.Badge(slipTone(v.State), i18n.T(ctx, "relief.slip.state."+string(v.State)))},
		line("on", v.OnDate.Vietnamese()), line("warehouse", v.Store.Name)}
	if v.To.ID != "" {
		out = append(out, line("to", v.To.Name))
	}
	for _, x := range [][2]string{{"party", v.Party}, {"programme", v.Programme}, {"witness", v.Witness}, {"reason", v.Slip.Reason}} {
		if x[1] != "" {
			out = append(out, line(x[0], x[1]))
		}
	}
	return append(out, line("value", v.Value.String()), line("by", v.CreatedName))
}

// slipLineNote says which way a line of a count or of a received transfer went.
func slipLineNote(ctx context.Context, v slipView, l relief.SlipLine) string {
	way := ""
	switch {
	case l.Lost():
		way = i18n.T(ctx, "relief.slip.lost")
	case l.Found():
		way = i18n.T(ctx, "relief.slip.found")
	}
	return strings.TrimSpace(way + " " + l.Note)
}

// slipPaper sends the paper for signing: A5 for a short slip, A4 for a long one, minutes for goods that reached people.
func (p *Pages) slipPaper(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := p.readSlip(r)
	if err != nil {
		return err
	}
	pdf, err := slipDocument(ctx, v).PDF()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `inline; filename="`+vntext.Slug(v.FullNumber())+`.pdf"`)
	h.Set("Cache-Control", "no-store")
	_, err = w.Write(pdf)
	return err
}

func slipDocument(ctx context.Context, v slipView) paper.Document {
	t := func(key string, args ...any) string { return i18n.T(ctx, "relief.paper."+key, args...) }
	kind := string(v.Kind)
	if v.Handover() {
		kind = "hand"
	}
	d := paper.Document{Superior: t("superior"), Issuer: t("issuer", "Unit", strings.ToUpper(v.UnitName)), Number: v.FullNumber(), Place: v.UnitName, Date: v.OnDate, Kind: t("kind_" + kind), Open: true, A5: len(v.Lines) <= 6 && !v.Handover()}
	field := func(key, value string) {
		if value != "" {
			d.Blocks = append(d.Blocks, paper.Paragraph{Text: i18n.T(ctx, "relief.col."+key) + ": " + value})
		}
	}
	field("warehouse", v.Store.Name)
	field("to", v.To.Name)
	field("party", v.Party)
	field("programme", v.Programme)
	field("reason", v.Slip.Reason)
	table := paper.Table{Head: []string{t("no"), i18n.T(ctx, "relief.col.item"), i18n.T(ctx, "relief.col.qty"), i18n.T(ctx, "relief.col.unit_value"), i18n.T(ctx, "relief.col.value")}, Widths: []int{8, 40, 20, 14, 18},
		Right: []bool{false, false, true, true, true}, Center: []bool{true}, Total: true}
	for i, l := range v.Lines {
		name := l.Item.Name
		if n := slipLineNote(ctx, v, l); n != "" {
			name += " (" + n + ")"
		}
		table.Rows = append(table.Rows, []string{itoa(i + 1), name, amount(ctx, l.Qty, l.Item), ui.Number(ctx, int(l.Lot.UnitValue)), ui.Number(ctx, int(l.Value))})
	}
	table.Rows = append(table.Rows, []string{"", i18n.T(ctx, "relief.stock.total"), "", "", ui.Number(ctx, int(v.Value))})
	d.Blocks = append(d.Blocks, table)
	if v.Value > 0 {
		d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("in_words", "Words", v.Value.Words()), Italic: true})
	}
	d.Signers = []paper.Signer{{Title: t("giver")}, {Title: t("keeper"), Name: v.CreatedName}, {Title: t("leader")}}
	if v.Handover() {
		d.Signers = []paper.Signer{{Title: t("receiver")}, {Title: t("witness"), Name: v.Witness}, {Title: t("keeper"), Name: v.CreatedName}}
	}
	return d
}
