// Package relief looks after goods in an emergency: what each commune needs and what nobody should bring, what people offer
// and which need it fits, what lies in which warehouse, which box is on which truck, and which household got what. Goods are
// kept in a double-entry book: every movement leaves one place and reaches another, no place ever holds less than nothing, and
// the value of goods stands in one column only, so that nothing is counted twice.
package relief

import (
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// ItemKind sorts the catalogue.
type ItemKind string

// ItemKinds lists the kinds in the order pages show them, after the spending heads of Decree 93/2021/NĐ-CP article 11.
var ItemKinds = [...]ItemKind{"food", "water", "medicine", "clothing", "shelter", "tool", "livestock", "seed", "school", "other"}

func (k ItemKind) known() bool {
	for _, x := range ItemKinds {
		if x == k {
			return true
		}
	}
	return false
}

// Item is one sort of goods. Quantities everywhere are whole numbers of its measure (rice in kg, not in tonnes).
type Item struct {
	bun.BaseModel `bun:"table:relief_item,alias:i"`

	ID        string `bun:",pk"`
	Code      string // short, for Excel sheets: GAO
	Name      string
	Folded    string // name without marks, for searching
	Measure   string // kg, con, thùng
	Kind      ItemKind
	UnitValue money.VND // usual value of one, offered when goods come in
	ShelfDays int       // how long it keeps; 0: does not spoil
	Active    bool
	UpdatedAt time.Time
	UpdatedBy string
}

const (
	maxName    = 150
	maxNote    = 500
	maxQty     = 100_000_000
	maxValue   = money.VND(10_000_000_000)
	maxLines   = 60
	maxMeasure = 20
)

func (i *Item) check() error {
	var bad fault.Fields
	i.Name, i.Measure = tidy(i.Name), tidy(i.Measure)
	i.Code = strings.ToUpper(vntext.Fold(tidy(i.Code)))
	i.Folded = vntext.Fold(i.Name)
	bad.Check(i.Name != "" && vntext.Length(i.Name) <= maxName, "name", "relief.item.bad_name")
	bad.Check(codeShape.MatchString(i.Code), "code", "relief.item.bad_code")
	bad.Check(i.Measure != "" && vntext.Length(i.Measure) <= maxMeasure, "measure", "relief.item.bad_measure")
	bad.Check(i.Kind.known(), "kind", "relief.item.bad_kind")
	bad.Check(i.UnitValue >= 0 && i.UnitValue <= maxValue, "value", "relief.item.bad_value")
	bad.Check(i.ShelfDays >= 0 && i.ShelfDays <= 3650, "shelf", "relief.item.bad_shelf")
	return bad.OrNil()
}

// NeedState is where a need is in its life.
type NeedState string

// The life of a need: draft → open → partial → covered → closed, or withdrawn with a reason.
const (
	NeedDraft     NeedState = "draft"
	NeedOpen      NeedState = "open"
	NeedPartial   NeedState = "partial"
	NeedCovered   NeedState = "covered"
	NeedClosed    NeedState = "closed"
	NeedWithdrawn NeedState = "withdrawn"
)

// NeedStates lists them in order.
var NeedStates = [...]NeedState{NeedDraft, NeedOpen, NeedPartial, NeedCovered, NeedClosed, NeedWithdrawn}

// Open tells whether help is still looked for or on its way.
func (s NeedState) Open() bool { return s == NeedOpen || s == NeedPartial || s == NeedCovered }

// Urgency says how long people can wait.
type Urgency string

// The urgencies, the most urgent first.
const (
	UrgentNow  Urgency = "now"  // lives depend on it, within the day
	UrgentSoon Urgency = "soon" // within three days
	UrgentCalm Urgency = "calm" // for the time after
)

// Urgencies lists them in order.
var Urgencies = [...]Urgency{UrgentNow, UrgentSoon, UrgentCalm}

func (u Urgency) rank() int {
	for i, x := range Urgencies {
		if x == u {
			return i
		}
	}
	return -1
}

// Fresh is how long a need is believed without anybody confirming it.
const Fresh = 48 * time.Hour

// Need is what one unit needs of one item.
type Need struct {
	bun.BaseModel `bun:"table:relief_need,alias:n"`

	ID          string `bun:",pk"`
	UnitID      string
	ItemID      string
	Qty         int64
	Promised    int64 // set aside by offers and boxes, not yet there
	Received    int64 // arrived
	Urgency     Urgency
	Place       string // where in the unit: "Bản Khe Nạp, nhà văn hóa"
	Note        string // for officials only
	State       NeedState
	Reason      string
	CreatedAt   time.Time
	CreatedBy   string
	OpenedAt    time.Time `bun:",nullzero"`
	ConfirmedAt time.Time `bun:",nullzero"`
	ClosedAt    time.Time `bun:",nullzero"`
	NudgedAt    time.Time `bun:",nullzero"`
	OfflineID   string

	Item Item `bun:"-"`
}

// Missing is how much nobody has promised or brought yet, never below zero.
func (n Need) Missing() int64 { return max(0, n.Qty-n.Promised-n.Received) }

// Stale tells whether the need is open and nobody has confirmed it for 48 hours.
func (n Need) Stale(now time.Time) bool {
	return n.State.Open() && now.Sub(n.ConfirmedAt) > Fresh
}

// Waits tells whether the need has been open and not fully covered for 48 hours.
func (n Need) Waits(now time.Time) bool {
	return (n.State == NeedOpen || n.State == NeedPartial) && now.Sub(n.OpenedAt) > Fresh
}

// settle gives an open need the state that its figures say.
func (n *Need) settle() {
	if !n.State.Open() {
		return
	}
	switch got := n.Promised + n.Received; {
	case got == 0:
		n.State = NeedOpen
	case got < n.Qty:
		n.State = NeedPartial
	default:
		n.State = NeedCovered
	}
}

// NeedForm is what is typed of a need.
type NeedForm struct {
	UnitID    string
	ItemID    string
	Qty       int64
	Urgency   Urgency
	Place     string
	Note      string
	Draft     bool // keep it to ourselves for now
	OfflineID string
}

func (f *NeedForm) check() error {
	var bad fault.Fields
	f.Place, f.Note = tidy(f.Place), strings.TrimSpace(vntext.NFC(f.Note))
	bad.Check(f.UnitID != "", "unit", "relief.need.no_unit")
	bad.Check(f.ItemID != "", "item", "relief.line.no_item")
	bad.Check(f.Qty > 0 && f.Qty <= maxQty, "qty", "relief.line.bad_qty")
	bad.Check(f.Urgency.rank() >= 0, "urgency", "relief.need.no_urgency")
	bad.Check(vntext.Length(f.Place) <= maxName, "place", "relief.too_long")
	bad.Check(vntext.Length(f.Note) <= maxNote, "note", "relief.too_long")
	bad.Check(len(f.OfflineID) <= 64, "offline_id", "relief.too_long")
	return bad.OrNil()
}

// Avoid is one thing that a unit asks people not to bring.
type Avoid struct {
	bun.BaseModel `bun:"table:relief_avoid,alias:a"`

	ID        string `bun:",pk"`
	UnitID    string
	What      string
	CreatedAt time.Time
	CreatedBy string
}

// ExpiryTone says how near a use-by day is: "late" when it has passed, "wait" within two weeks, "" otherwise.
func ExpiryTone(expires, today clock.Date) string {
	switch {
	case expires == "":
		return ""
	case expires < today:
		return "late"
	case expires <= today.AddDays(expirySoon):
		return "wait"
	}
	return ""
}

const expirySoon = 14 // days

// tidy makes one line of a text with single spaces.
func tidy(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }
