package reliefweb

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/relief"
)

// typedLine is one line of goods as it was typed.
type typedLine struct{ Item, Qty, Expires, Value string }

func (l typedLine) blank() bool { return l == typedLine{} }

// lineTable is the rows of goods in a form.
type lineTable struct {
	Rows   []typedLine
	Items  []relief.Item
	Intake bool // with use-by day and value
	PerBox bool // what every box holds
	Err    error
}

const (
	firstRows = 4
	moreRows  = 4
)

// readLines reads the filled rows; blank ones between are closed up, so that row numbers fit the refusals.
func readLines(r *http.Request) []typedLine {
	var out []typedLine
	for n := 1; n <= 60; n++ {
		i := strconv.Itoa(n)
		l := typedLine{Item: r.PostFormValue("item_" + i), Qty: strings.TrimSpace(r.PostFormValue("qty_" + i)), Expires: strings.TrimSpace(r.PostFormValue("expires_" + i)), Value: strings.TrimSpace(r.PostFormValue("value_" + i))}
		if !l.blank() {
			out = append(out, l)
		}
	}
	return out
}

// parse turns what was typed into lines; what cannot be read becomes a value that the service refuses at its row.
func parse(rows []typedLine) []relief.Line {
	var out []relief.Line
	for _, l := range rows {
		x := relief.Line{ItemID: l.Item, Qty: whole(l.Qty), UnitValue: -1}
		if l.Expires != "" {
			d, err := clock.ParseDate(l.Expires)
			if err != nil {
				d = clock.Date(l.Expires)
			}
			x.Expires = d
		}
		if l.Value != "" {
			v, err := money.Parse(l.Value)
			if err != nil {
				v = money.VND(1) << 60
			}
			x.UnitValue = v
		}
		out = append(out, x)
	}
	return out
}

// padded are the rows with some blank ones to type into.
func (t lineTable) padded(more bool) lineTable {
	n := max(firstRows, len(t.Rows)+1)
	if more {
		n = len(t.Rows) + moreRows
	}
	for len(t.Rows) < min(n, 60) {
		t.Rows = append(t.Rows, typedLine{})
	}
	return t
}

func (t lineTable) field(ctx context.Context, kind string, n int) ui.FieldProps {
	name := kind + "_" + strconv.Itoa(n+1)
	f := ui.FieldProps{Name: name, Required: true, Err: web.FieldError(ctx, t.Err, name)}
	l := t.Rows[n]
	switch kind {
	case "item":
		f.Type, f.Value, f.Options = "select", l.Item, itemOptions(ctx, t.Items, l.Item)
	case "qty":
		f.Type, f.Value = "number", l.Qty
	case "expires":
		f.Type, f.Value = "text", l.Expires
	case "value":
		f.Type, f.Value = "number", l.Value
	}
	return f
}
