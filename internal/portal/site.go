// Package portal is the public site of the province and of each of its units: home, news, answered questions, who is in
// charge. It owns only what a unit says of itself; articles come from publish, answered questions from feedback, names and
// history of units from orgunit. A unit that ended lives on in its successor, and so does the address of its page.
package portal

import (
	"net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Person is somebody a unit shows on its page, with what belongs to the office, nothing private.
type Person struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Phone string `json:"phone"` // of the office
}

// Empty tells whether nothing is filled in.
func (p Person) Empty() bool { return p == Person{} }

// Site is what a unit says of itself; the zero value of everything but UnitID is a unit that has said nothing yet.
type Site struct {
	UnitID    string
	Host      string // "vinhhung.mattran.example"; "" when the page has no name of its own
	Intro     string // one or two sentences on top of the home page; "" uses the usual one
	Hotline   string
	Address   string
	Email     string
	People    []Person // the first is the head of the unit
	Rev       int      // grows with every change: who saves over a newer one is refused
	UpdatedAt time.Time
}

// The largest sizes, in characters.
const (
	MaxIntro   = 300
	MaxLine    = 200
	MaxPhone   = 40
	MaxPeople  = 12
	maxHost    = 253
	minPhoneNo = 3 // digits: 113, 1022
)

var (
	hostRE  = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
	phoneRE = regexp.MustCompile(`^[0-9+().\- ]+$`)
)

// tidy makes the stored form: NFC, single spaces, no empty people.
func (s *Site) tidy() {
	s.Host = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s.Host)), ".")
	for _, f := range []*string{&s.Intro, &s.Hotline, &s.Address, &s.Email} {
		*f = oneLine(*f)
	}
	kept := make([]Person, 0, len(s.People))
	for _, p := range s.People {
		if p = (Person{oneLine(p.Name), oneLine(p.Title), oneLine(p.Phone)}); !p.Empty() {
			kept = append(kept, p)
		}
	}
	s.People = kept
}

// check finds everything that cannot be shown as it was typed.
func (s Site) check() error {
	var fs fault.Fields
	long := func(field, text string, limit int) {
		if vntext.Length(text) > limit {
			fs.Add(fault.Field(field, "form.too_long").With("Limit", limit))
		}
	}
	long("intro", s.Intro, MaxIntro)
	long("address", s.Address, MaxLine)
	long("email", s.Email, MaxLine)
	if s.Host != "" && (len(s.Host) > maxHost || !hostRE.MatchString(s.Host)) {
		fs.Add(fault.Field("host", "portal.bad_host"))
	}
	if s.Email != "" {
		if a, err := mail.ParseAddress(s.Email); err != nil || a.Address != s.Email {
			fs.Add(fault.Field("email", "form.bad_email"))
		}
	}
	fs.Check(goodPhone(s.Hotline), "hotline", "portal.bad_phone")
	if len(s.People) > MaxPeople {
		fs.Add(fault.Field(PersonField("name", MaxPeople), "portal.too_many_people").With("Limit", MaxPeople))
	}
	for i, p := range s.People {
		long(PersonField("name", i), p.Name, MaxLine)
		long(PersonField("title", i), p.Title, MaxLine)
		fs.Check(p.Name != "", PersonField("name", i), "form.required")
		fs.Check(goodPhone(p.Phone), PersonField("phone", i), "portal.bad_phone")
	}
	return fs.OrNil()
}

// PersonField names the form field of a part ("name", "title", "phone") of the person at a place counted from 0.
func PersonField(part string, place int) string {
	return "p" + string(rune('a'+place)) + "_" + part
}

func goodPhone(s string) bool {
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return s == "" || len(s) <= MaxPhone && digits >= minPhoneNo && phoneRE.MatchString(s)
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(vntext.NFC(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), ""))), " ")
}
