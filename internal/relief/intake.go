package relief

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// The columns of a table of goods that come in.
var intakeColumns = []xlsx.Column{
	{Key: "item", Title: "Mã hoặc tên mặt hàng", Also: []string{"Mặt hàng", "Tên hàng", "Mã hàng"}, Required: true},
	{Key: "qty", Title: "Số lượng", Also: []string{"SL"}, Required: true},
	{Key: "measure", Title: "Đơn vị tính", Also: []string{"ĐVT"}},
	{Key: "expires", Title: "Hạn dùng", Also: []string{"HSD", "Hạn sử dụng"}},
	{Key: "value", Title: "Đơn giá (đồng)", Also: []string{"Đơn giá"}},
}

// IntakeTemplate is the table to fill in, and beside it the list of goods with their codes.
func IntakeTemplate(items []Item) []xlsx.Sheet {
	var examples [][]any
	if len(items) > 0 {
		examples = append(examples, []any{items[0].Code, 100, items[0].Measure, "", ""})
	}
	list := xlsx.Sheet{Name: "Danh mục", Head: []string{"Mã", "Mặt hàng", "Đơn vị tính", "Đơn giá thường dùng"}}
	for _, i := range items {
		list.Rows = append(list.Rows, []any{i.Code, i.Name, i.Measure, int64(i.UnitValue)})
	}
	return []xlsx.Sheet{xlsx.Template("Hàng nhập", intakeColumns, examples...), list}
}

// Intake is a table of goods that came in.
type Intake struct {
	WarehouseID string
	OnDate      clock.Date
	Party       string
	File        interface {
		io.ReaderAt
		io.Reader
	}
	Size int64
}

// IntakeTable books a whole table as one slip. Every row that is wrong is named with its number, and nothing is booked until
// all are right. The same file again is refused and names the slip that it became.
func (s *Service) IntakeTable(ctx context.Context, a identity.Actor, f Intake) (Slip, error) {
	if _, err := s.roots(a, ActionStore); err != nil {
		return Slip{}, err
	}
	w, err := s.store.warehouse(ctx, s.DB.Read(), f.WarehouseID)
	if err != nil {
		return Slip{}, err
	}
	if err := s.Authz.Check(a, ActionStore, identity.InUnit(w.UnitID)); err != nil {
		return Slip{}, err
	}
	if f.File == nil {
		return Slip{}, fault.Field("file", "relief.intake.no_file")
	}
	items, err := s.PublicItems(ctx)
	if err != nil {
		return Slip{}, err
	}
	lines, err := ReadIntake(f.File, f.Size, items, f.OnDate)
	if err != nil {
		return Slip{}, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f.File, 0, f.Size)); err != nil {
		return Slip{}, fmt.Errorf("relief: read the file: %w", err)
	}
	form := SlipForm{WarehouseID: w.ID, Kind: SlipIn, OnDate: f.OnDate, Party: f.Party, Lines: lines, Source: "file:" + w.ID + ":" + hex.EncodeToString(sum.Sum(nil))}
	old, err := s.store.slipBySource(ctx, s.DB.Read(), form.Source)
	if err == nil && old.State != SlipReversed {
		return Slip{}, fault.Field("file", "relief.intake.again").With("Number", old.FullNumber())
	}
	if err == nil { // it was taken back: the corrected entry may be made from the same file
		form.Source += ":" + old.ID
	} else if !fault.Is(err, fault.NotFound) {
		return Slip{}, err
	}
	return s.PostSlip(ctx, a, form)
}

// ReadIntake reads the lines of a table of goods. Items are known by code or by name, marks or not; a measure that is not
// the item's refuses the row: ten cartons are not ten packets.
func ReadIntake(f io.ReaderAt, size int64, items []Item, on clock.Date) ([]Line, error) {
	rows, err := xlsx.Read(f, size, intakeColumns)
	if err != nil {
		return nil, err
	}
	byName := map[string]Item{}
	for _, i := range items {
		byName[vntext.Fold(i.Name)] = i
	}
	for _, i := range items { // a code goes before a name
		byName[vntext.Fold(i.Code)] = i
	}
	var out []Line
	var bad fault.Fields
	for _, r := range rows {
		l, err := intakeLine(r, byName, on)
		if err != nil {
			bad = append(bad, err)
			if len(bad) >= 100 {
				break
			}
			continue
		}
		out = append(out, l)
	}
	if len(bad) == 0 && len(out) > maxLines*20 {
		bad.Add(fault.Field("file", "relief.slip.too_many"))
	}
	return out, bad.OrNil()
}

func intakeLine(r xlsx.Row, byName map[string]Item, on clock.Date) (Line, *fault.Error) {
	item, ok := byName[vntext.Fold(r.Text("item"))]
	if !ok {
		return Line{}, r.Fault("item", "relief.intake.no_item")
	}
	if m := r.Text("measure"); m != "" && !strings.EqualFold(vntext.Fold(m), vntext.Fold(item.Measure)) {
		return Line{}, r.Fault("measure", "relief.intake.measure").With("Measure", item.Measure)
	}
	qty, err := r.Int("qty")
	if err != nil || qty <= 0 || qty > maxQty {
		return Line{}, r.Fault("qty", "relief.intake.qty")
	}
	l := Line{ItemID: item.ID, Qty: qty, UnitValue: -1}
	if l.Expires, err = r.Date("expires"); err != nil || l.Expires != "" && l.Expires < on {
		return Line{}, r.Fault("expires", "relief.intake.expires")
	}
	if r.Text("value") != "" {
		var v money.VND
		if v, err = r.Money("value"); err != nil || v < 0 || v > maxValue {
			return Line{}, r.Fault("value", "relief.intake.value")
		}
		l.UnitValue = v
	}
	return l, nil
}
