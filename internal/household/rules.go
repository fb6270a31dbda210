package household

import (
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// The bounds of what is kept.
const (
	MaxName    = 100
	MaxAddress = 300
	MaxMembers = 30
	MaxWhat    = 300
	minYear    = 1900
)

// RecentDays is how many days back help of the same form is worth a warning.
const RecentDays = 90

// HouseYears is how many years after a house another one is worth a warning.
const HouseYears = 20

// Entry is a household as it is typed in or imported.
type Entry struct {
	UnitID       string // area or commune
	Hamlet       string
	Person       Person
	Category     Category
	CategoryYear int
	People       int // who lives there; 0 counts the head, the spouse and the members
}

var (
	notDigit = regexp.MustCompile(`[ .\-]`)
	idShape  = regexp.MustCompile(`^(\d{9}|\d{12})$`)
	telShape = regexp.MustCompile(`^(\+84|0)\d{8,10}$`)
)

// Clean gives the entry with spaces, forms of letters and numbers put in order.
func (e Entry) Clean() Entry {
	p := &e.Person
	p.Name, p.Spouse, p.Address, e.Hamlet = tidy(p.Name), tidy(p.Spouse), tidy(p.Address), tidy(e.Hamlet)
	p.IDNumber = notDigit.ReplaceAllString(strings.TrimSpace(p.IDNumber), "")
	p.Phone = notDigit.ReplaceAllString(strings.TrimSpace(p.Phone), "")
	var ms []Member
	for _, m := range p.Members {
		if m.Name = tidy(m.Name); m.Name != "" {
			m.Relation = tidy(m.Relation)
			ms = append(ms, m)
		}
	}
	p.Members = ms
	if known := 1 + len(ms) + spouses(p.Spouse); e.People < known {
		e.People = known
	}
	return e
}

func spouses(name string) int {
	if name == "" {
		return 0
	}
	return 1
}

func tidy(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }

// Check says what of a cleaned entry cannot be taken, field by field; year is the present one.
func (e Entry) Check(year int) error {
	var bad fault.Fields
	p := e.Person
	bad.Check(e.UnitID != "", "unit", "household.unit_missing")
	bad.Check(p.Name != "", "name", "household.name_missing")
	bad.Check(p.Name == "" || nameLike(p.Name), "name", "household.name_odd")
	for field, s := range map[string]string{"name": p.Name, "spouse": p.Spouse, "hamlet": e.Hamlet} {
		if vntext.Length(s) > MaxName {
			bad.Add(fault.Field(field, "household.too_long").With("Limit", MaxName))
		}
	}
	if vntext.Length(p.Address) > MaxAddress {
		bad.Add(fault.Field("address", "household.too_long").With("Limit", MaxAddress))
	}
	bad.Check(p.IDNumber == "" || idShape.MatchString(p.IDNumber), "id_number", "household.id_number_odd")
	bad.Check(p.Phone == "" || telShape.MatchString(p.Phone), "phone", "household.phone_odd")
	bad.Check(p.Sex == "" || p.Sex == Male || p.Sex == Female, "sex", "household.sex_unknown")
	bad.Check(p.BirthYear == 0 || p.BirthYear >= minYear && p.BirthYear <= year, "birth_year", "household.year_odd")
	bad.Check(e.Category.Valid(), "category", "household.category_missing")
	bad.Check(e.CategoryYear >= 2015 && e.CategoryYear <= year+1, "category_year", "household.category_year_odd")
	if len(p.Members) > MaxMembers || e.People > MaxMembers+2 {
		bad.Add(fault.Field("members", "household.too_many_members").With("Limit", MaxMembers))
	}
	for _, m := range p.Members {
		if vntext.Length(m.Name) > MaxName || vntext.Length(m.Relation) > MaxName || m.BirthYear != 0 && (m.BirthYear < minYear || m.BirthYear > year) {
			bad.Add(fault.Field("members", "household.member_odd").With("Name", vntext.Truncate(m.Name, 40)))
		}
	}
	return inOrder(bad).OrNil()
}

func inOrder(f fault.Fields) fault.Fields {
	sort.SliceStable(f, func(i, j int) bool { return f[i].Field < f[j].Field })
	return f
}

// nameLike tells whether a text can be a person's name: letters, and at least two of them.
func nameLike(s string) bool {
	n := 0
	for _, r := range s {
		switch {
		case unicode.IsLetter(r):
			n++
		case r != ' ' && r != '\'' && r != '.' && r != '-' && !unicode.IsMark(r):
			return false
		}
	}
	return n >= 2
}

// Initials masks a name: "Nguyễn Thị Hà" is "N.T.H.".
func Initials(name string) string {
	var b strings.Builder
	for _, w := range strings.Fields(vntext.NFC(name)) {
		if r, _ := utf8.DecodeRuneInString(w); unicode.IsLetter(r) {
			b.WriteRune(unicode.ToUpper(r))
			b.WriteByte('.')
		}
	}
	return b.String()
}

// Tail gives the last three digits of a number of at least eight; "" for a shorter one.
func Tail(number string) string {
	if len(number) < 8 {
		return ""
	}
	return number[len(number)-3:]
}

// Check says what of a help cannot be written down: these are mistakes of the giving room, not of a person.
func (h Help) Check() error {
	ok := h.HouseholdID != "" && h.Source != "" && h.SourceID != "" && h.Kind.Valid() && h.Value >= 0 && h.On.Valid() && h.UnitID != ""
	if !ok || (h.Kind == Cash && h.Value == 0) {
		return fault.New(fault.Invalid, "household.help_incomplete")
	}
	if vntext.Length(h.What) > MaxWhat || vntext.Length(h.Programme) > MaxWhat {
		return fault.New(fault.Invalid, "household.help_long").With("Limit", MaxWhat)
	}
	return nil
}

// Warn lists what of the earlier helps should be looked at before a help of the kind is given on the day; programme may be
// "". The latest comes first, and each help once, with its gravest ground.
func Warn(helps []Help, kind HelpKind, programme string, on clock.Date) []Warning {
	return warn(helps, Help{Kind: kind, Programme: programme, On: on})
}

func warn(helps []Help, next Help) []Warning {
	var out []Warning
	recent := next.On.AddDays(-RecentDays)
	house := clock.Date(next.On.Time().AddDate(-HouseYears, 0, 0).Format("2006-01-02"))
	for _, h := range helps {
		switch {
		case next.Matter != "" && h.Matter == next.Matter: // another part of the same
		case next.Kind == House && h.Kind == House && h.On >= house:
			out = append(out, Warning{WarnHouse, h})
		case next.Programme != "" && vntext.Fold(h.Programme) == vntext.Fold(next.Programme) && h.On[:4] == next.On[:4]:
			out = append(out, Warning{WarnProgramme, h})
		case h.Kind == next.Kind && h.On >= recent:
			out = append(out, Warning{WarnRecent, h})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Help.On > out[j].Help.On })
	return out
}

// Twice lists, of what a household was given, each help that was given although an earlier one spoke against it: another house,
// the same programme once more in the same year.
func Twice(helps []Help) []Warning {
	var out []Warning
	for i, h := range helps { // the latest first
		for _, w := range warn(helps[i+1:], h) {
			if w.Kind == WarnHouse || w.Kind == WarnProgramme {
				out = append(out, Warning{w.Kind, h})
				break
			}
		}
	}
	return out
}
