package householdweb

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// columns are those of the template, of the export with names, and of what is read back.
func columns(ctx context.Context) []xlsx.Column {
	var out []xlsx.Column
	for _, k := range []string{"code", "area", "name", "sex", "birth_year", "id_number", "phone", "address", "spouse", "people", "category", "category_year"} {
		out = append(out, xlsx.Column{Key: k, Title: i18n.T(ctx, "household.sheet."+k), Required: k == "name" || k == "category" || k == "category_year"})
	}
	return out
}

func (p *Pages) template(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	example := []any{"", i18n.T(ctx, "household.example.area"), i18n.T(ctx, "household.example.name"), i18n.T(ctx, "household.sex.female"), 1960, "040160000001", "0912000345",
		i18n.T(ctx, "household.example.address"), "", 3, i18n.T(ctx, "household.category.poor"), p.year()}
	return xlsx.Send(w, "mau-nhap-ho-dan.xlsx", xlsx.Template(i18n.T(ctx, "household.title"), columns(ctx), example))
}

// readTable reads a table of households; what cannot be read in a row stands in the row.
func readTable(ctx context.Context, f io.ReaderAt, size int64) ([]household.ImportRow, error) {
	rows, err := xlsx.Read(f, size, columns(ctx))
	if err != nil {
		return nil, err
	}
	words := wordsOf(ctx)
	out := make([]household.ImportRow, len(rows))
	for i, r := range rows {
		out[i] = words.row(r)
	}
	return out, nil
}

// cellWords understands what people write in the columns of choices.
type cellWords struct {
	category map[string]household.Category
	sex      map[string]household.Sex
}

func wordsOf(ctx context.Context) cellWords {
	w := cellWords{category: map[string]household.Category{}, sex: map[string]household.Sex{}}
	for _, c := range household.Categories {
		full := vntext.Fold(i18n.T(ctx, "household.category."+string(c)))
		w.category[full], w.category[vntext.Fold(i18n.T(ctx, "household.category_short."+string(c)))] = c, c
	}
	for _, s := range []household.Sex{household.Male, household.Female} {
		w.sex[vntext.Fold(i18n.T(ctx, "household.sex."+string(s)))] = s
	}
	return w
}

func (c cellWords) row(r xlsx.Row) household.ImportRow {
	out := household.ImportRow{Number: r.Number, Code: r.Text("code"), Area: r.Text("area")}
	var bad fault.Fields
	number := func(key string) int {
		n, err := r.Int(key)
		var f *fault.Error
		if errors.As(err, &f) {
			bad.Add(f)
		}
		if n < 0 || n > 10_000 {
			bad.Add(r.Fault(key, "xlsx.number"))
			return 0
		}
		return int(n)
	}
	p := household.Person{Name: r.Text("name"), BirthYear: number("birth_year"), IDNumber: digitsOf(r.Text("id_number"), 12), Phone: phoneOf(r.Text("phone")), Address: r.Text("address"), Spouse: r.Text("spouse")}
	if s := r.Text("sex"); s != "" {
		var ok bool
		if p.Sex, ok = c.sex[vntext.Fold(s)]; !ok {
			bad.Add(r.Fault("sex", "household.import.sex"))
		}
	}
	out.Entry = household.Entry{Person: p, People: number("people"), CategoryYear: number("category_year")}
	var ok bool
	if out.Entry.Category, ok = c.category[vntext.Fold(r.Text("category"))]; !ok {
		bad.Add(r.Fault("category", "household.import.category"))
	}
	out.Err = bad.OrNil()
	return out
}

// digitsOf gives an identity number back the zero at its front that a spreadsheet takes away from figures: 40160000001 is
// 040160000001.
func digitsOf(s string, length int) string {
	if n := len(s); n > 9 && n < length {
		if _, err := strconv.ParseUint(s, 10, 64); err == nil {
			for len(s) < length {
				s = "0" + s
			}
		}
	}
	return s
}

// phoneOf does the same for a telephone number: 912000345 is 0912000345.
func phoneOf(s string) string {
	if _, err := strconv.ParseUint(s, 10, 64); err == nil && len(s) == 9 && s[0] != '0' {
		return "0" + s
	}
	return s
}

// importView is the form of the import, with what came of it.
type importView struct {
	Unit   string
	Places []ui.Option
	Err    error
	Out    *household.Imported
	Rows   int
}

func (p *Pages) importForm(w http.ResponseWriter, r *http.Request) error {
	return p.showImport(w, r, http.StatusOK, importView{Unit: r.URL.Query().Get("khu")})
}

func (p *Pages) showImport(w http.ResponseWriter, r *http.Request, status int, v importView) error {
	v.Places = p.places(r.Context(), household.ActionWrite, v.Unit, "")
	return web.Render(w, r, status, importPage(v))
}

// maxUpload bounds the whole form of an import, in bytes.
const maxUpload = 20 << 20

func (p *Pages) importTable(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	if err := r.ParseMultipartForm(4 << 20); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return fault.New(fault.TooLarge, "xlsx.large").With("Limit", maxUpload>>20)
		}
		return fault.Field("file", "household.import.no_file").Because(err)
	}
	v := importView{Unit: r.PostFormValue("unit")}
	rows, err := p.uploaded(ctx, r)
	if err == nil {
		var out household.Imported
		if out, err = p.Service.Import(ctx, identity.ActorFrom(ctx), v.Unit, rows); err == nil {
			v.Out, v.Rows = &out, len(rows)
		}
	}
	switch {
	case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict), fault.Is(err, fault.TooLarge):
		v.Err = err
		return p.showImport(w, r, web.Status(fault.KindOf(err)), v)
	case err != nil:
		return err
	case len(v.Out.Errors) > 0:
		return p.showImport(w, r, http.StatusUnprocessableEntity, v)
	}
	return p.showImport(w, r, http.StatusOK, v)
}

func (p *Pages) uploaded(ctx context.Context, r *http.Request) ([]household.ImportRow, error) {
	f, _, err := r.FormFile("file")
	if err != nil {
		return nil, fault.Field("file", "household.import.no_file").Because(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return readTable(ctx, bytes.NewReader(b), int64(len(b)))
}
