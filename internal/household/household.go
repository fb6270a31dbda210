// Package household is the register of households that the Front helps, and the ledger of what each was given, whoever gave
// it: money from a fund, goods from a warehouse, a house. A household stands in a residential area (or in a commune, where
// areas are not kept as units). Who lives there is sealed: lists show initials and last digits, the rest is opened by a
// separate act that is logged. Every help has one value, in đồng, in one column: money and goods are never counted twice.
package household

import (
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
)

// Category is the standing of a household in a year, as the commune's yearly review found it.
type Category string

// The categories.
const (
	Poor     Category = "poor"      // hộ nghèo
	NearPoor Category = "near_poor" // hộ cận nghèo
	Hardship Category = "hardship"  // hộ có hoàn cảnh khó khăn
	NoNeed   Category = "none"      // none of them: registered for one occasion, such as a flood
)

// Categories lists the categories in the order pages show them.
var Categories = [...]Category{Poor, NearPoor, Hardship, NoNeed}

// Valid tells whether c is one of the four.
func (c Category) Valid() bool {
	for _, x := range Categories {
		if x == c {
			return true
		}
	}
	return false
}

// Sex is what the identity card says; "" is not asked.
type Sex string

// The sexes of an identity card.
const (
	Male   Sex = "male"
	Female Sex = "female"
)

// Member is one person of a household besides its head.
type Member struct {
	Name      string
	Relation  string // to the head, in words: "con", "mẹ"
	BirthYear int    // 0: not known
}

// Person is what is sealed about a household: its head and who lives there.
type Person struct {
	Name      string // of the head
	Sex       Sex
	BirthYear int    // 0: not known
	IDNumber  string // digits of the identity card; "" when there is none
	Phone     string
	Address   string // house number, lane; the area stands in the register itself
	Spouse    string
	Members   []Member
}

// Household is one household as lists show it: masked.
type Household struct {
	ID           string
	Code         string // XXXX-XXXX-XXX, on forms and in Excel files
	UnitID       string // the residential area, or the commune where areas are no units
	Hamlet       string // the area in words
	Initials     string // "N.T.H."
	IDTail       string // last three digits of the identity card
	PhoneTail    string // last three digits
	People       int    // who lives there, the head included
	Category     Category
	CategoryYear int
	Version      int // counts changes; an edit of an older one is refused
	CreatedAt    time.Time
	UpdatedAt    time.Time
	ClosedAt     time.Time // zero while it stands in the register
	ClosedWhy    string
}

// Closed tells whether the household was taken out of the register.
func (h Household) Closed() bool { return !h.ClosedAt.IsZero() }

// Standing is the category of one year.
type Standing struct {
	Year     int
	Category Category
}

// HelpKind is the form of a help.
type HelpKind string

// The forms of help.
const (
	Cash  HelpKind = "cash"
	Goods HelpKind = "goods"
	House HelpKind = "house"
)

// HelpKinds lists the forms in the order pages show them.
var HelpKinds = [...]HelpKind{Cash, Goods, House}

// Valid tells whether k is one of the three.
func (k HelpKind) Valid() bool { return k == Cash || k == Goods || k == House }

// Help is one thing that a household was given.
type Help struct {
	HouseholdID string
	Source      string // the room that gave it: "fund", "relief", "housing"
	SourceID    string // that room's id of the giving: the same id is counted once
	Kind        HelpKind
	Value       money.VND // what it is worth, whatever its form; 0 when nobody valued it
	What        string    // in words, without names: "10 kg gạo, 1 thùng mì"
	Programme   string    // "Tết vì người nghèo 2026"; "" for none
	On          clock.Date
	UnitID      string // who gave it
	// Matter is what the help is a part of, "housing:ID" for one that pays for a house; "" when it stands alone. Helps of one
	// matter do not warn of each other.
	Matter string
	// Whole says that Value is that of the whole matter: what others have written down as parts of it is taken off when help is
	// listed, so that the parts and this one together are the whole and nothing is counted twice.
	Whole bool
}

// WarnKind says why somebody should look before giving.
type WarnKind string

// The grounds of a warning.
const (
	WarnHouse     WarnKind = "house"     // a house was given already
	WarnProgramme WarnKind = "programme" // the same programme gave in the same year
	WarnRecent    WarnKind = "recent"    // help of the same form not long ago
)

// Warning is an earlier help that speaks against, or should be thought of before, another.
type Warning struct {
	Kind WarnKind
	Help Help
}
