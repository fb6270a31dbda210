package relief

import (
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// SlipKind says what a paper of a warehouse does.
type SlipKind string

// The kinds of slip. A handover is an out slip that names a household or a group.
const (
	SlipIn       SlipKind = "in"
	SlipOut      SlipKind = "out"
	SlipTransfer SlipKind = "transfer"
	SlipCount    SlipKind = "count"
	SlipReverse  SlipKind = "reverse"
)

// prefix is the kind in the number of the slip, as warehouses write it: phiếu nhập kho, xuất kho, chuyển kho, kiểm kê, hủy.
func (k SlipKind) prefix() string {
	switch k {
	case SlipIn:
		return "PNK"
	case SlipOut:
		return "PXK"
	case SlipTransfer:
		return "PCK"
	case SlipCount:
		return "KK"
	}
	return "PH"
}

// SlipState is what became of a slip.
type SlipState string

// The states of a slip. Only a transfer is under way.
const (
	SlipDone     SlipState = "done"
	SlipUnderWay SlipState = "under_way"
	SlipReversed SlipState = "reversed"
)

// Slip is one paper of a warehouse with its number in the year.
type Slip struct {
	bun.BaseModel `bun:"table:relief_slip,alias:s"`

	ID          string `bun:",pk"`
	WarehouseID string
	UnitID      string
	Kind        SlipKind
	Year        int
	Number      int64
	OnDate      clock.Date
	Party       string // from whom, to whom
	Folded      string
	Reason      string
	ToID        string // transfer: the warehouse it goes to
	State       SlipState
	Value       money.VND // the one value: the sum of its movements
	NeedID      string
	HouseholdID string
	Programme   string
	Witness     string
	Reverses    string // slip that this one takes back
	Source      string
	CreatedAt   time.Time
	CreatedBy   string
	CreatedName string

	WarehouseCode string `bun:"-"`
}

// FullNumber is how the slip is called: "PNK 12/2026 · VH1".
func (s Slip) FullNumber() string {
	return fmt.Sprintf("%s %d/%d · %s", s.Kind.prefix(), s.Number, s.Year, s.WarehouseCode)
}

// Handover tells whether the slip gave goods to a household or a group.
func (s Slip) Handover() bool { return s.Kind == SlipOut && (s.HouseholdID != "" || s.Witness != "") }

// Line is one line of a slip as it is typed.
type Line struct {
	ItemID    string
	Qty       int64
	Expires   clock.Date // goods that come in
	UnitValue money.VND  // goods that come in; the usual value when below zero
}

// SlipForm is what is typed of a slip.
type SlipForm struct {
	WarehouseID string
	Kind        SlipKind
	OnDate      clock.Date
	Party       string
	Reason      string
	ToID        string // transfer
	NeedID      string // goods that meet a need: what comes in or is handed out counts as received there
	Programme   string
	Witness     string
	Spoiled     bool // goods past their day may go out (to be destroyed); they never reach people
	Lines       []Line
	Source      string // what it is made from; the same source gives the first slip again
}

func (f *SlipForm) check(today clock.Date) error {
	var bad fault.Fields
	f.Party, f.Reason, f.Programme, f.Witness = tidy(f.Party), tidy(f.Reason), tidy(f.Programme), tidy(f.Witness)
	bad.Check(f.Kind == SlipIn || f.Kind == SlipOut || f.Kind == SlipTransfer, "kind", "relief.slip.bad_kind")
	bad.Check(f.OnDate.Valid() && f.OnDate <= today && f.OnDate >= today.AddDays(-60), "on", "relief.slip.bad_date")
	bad.Check(f.Kind == SlipTransfer || f.Party != "", "party", "relief.slip.no_party_"+partySide(f.Kind))
	for _, t := range []struct{ field, text string }{{"party", f.Party}, {"programme", f.Programme}, {"witness", f.Witness}} {
		bad.Check(vntext.Length(t.text) <= maxName, t.field, "relief.too_long")
	}
	bad.Check(vntext.Length(f.Reason) <= maxNote, "reason", "relief.too_long")
	bad.Check(f.Kind != SlipOut || f.Reason != "" || f.Programme != "", "reason", "relief.slip.no_reason")
	bad.Check(f.Kind != SlipTransfer || f.ToID != "" && f.ToID != f.WarehouseID, "to", "relief.slip.no_to")
	if len(f.Lines) == 0 {
		bad.Add(fault.Field("item_1", "relief.slip.no_lines"))
	}
	if len(f.Lines) > maxLines*20 {
		bad.Add(fault.Field("item_1", "relief.slip.too_many"))
	}
	for i, l := range f.Lines {
		n := i + 1
		bad.Check(l.ItemID != "", fmt.Sprintf("item_%d", n), "relief.line.no_item")
		bad.Check(l.Qty > 0 && l.Qty <= maxQty, fmt.Sprintf("qty_%d", n), "relief.line.bad_qty")
		if f.Kind == SlipIn {
			bad.Check(l.Expires == "" || l.Expires.Valid(), fmt.Sprintf("expires_%d", n), "relief.line.bad_date")
			bad.Check(l.Expires == "" || !l.Expires.Valid() || l.Expires >= f.OnDate, fmt.Sprintf("expires_%d", n), "relief.line.spoiled")
			bad.Check(l.UnitValue <= maxValue, fmt.Sprintf("value_%d", n), "relief.item.bad_value")
			bad.Check(l.UnitValue <= 0 || l.Qty <= 0 || l.Qty <= int64(9e15)/int64(l.UnitValue), fmt.Sprintf("value_%d", n), "relief.item.bad_value")
		}
	}
	return bad.OrNil()
}

func partySide(k SlipKind) string {
	if k == SlipIn {
		return "in"
	}
	return "out"
}

// folded is what the list of slips is searched by.
func (s Slip) folded() string {
	return vntext.Fold(strings.Join([]string{s.Party, s.Reason, s.Programme}, " "))
}
