package identity

import (
	"embed"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of people, roles and sessions.
var Migrations = db.Migrations{Name: "identity", FS: migrations}

// Policies says who may invite people, see them and give them roles.
//
//go:embed policies.cedar
var Policies string

// Official is a person with an account.
type Official struct {
	bun.BaseModel `bun:"table:identity_official,alias:o"`

	ID            string `bun:",pk"`
	Name          string // as shown: "Nguyễn Thị Hà"
	Email         string // lower case, unique; what one signs in with
	Folded        string // name and address without marks, for search
	PasswordHash  string // argon2id; "" when the person uses a passkey or the province's sign-in only
	TOTPSealed    string `bun:"totp_sealed"` // sealed second-factor seed; "" for none
	TOTPStep      int64  `bun:"totp_step"`   // the last 30-second step used: a code works once
	PasskeyHandle string // 64 hexadecimal characters; what an authenticator knows the person by
	OIDCSubject   string `bun:"oidc_subject"` // "<issuer> <subject>" at the province's sign-in; "" until linked
	Lang          string // "vi" or "en"
	Rehearsal     bool   // an invented person of the rehearsal province
	CreatedAt     time.Time
	JoinedAt      *time.Time // when the invitation was accepted; nil: not yet
	DisabledAt    *time.Time
}

// Membership is a role in a unit for a term.
type Membership struct {
	bun.BaseModel `bun:"table:identity_membership,alias:m"`

	ID         string `bun:",pk"`
	OfficialID string
	UnitID     string
	Role       Role
	ValidFrom  clock.Date
	ValidTo    clock.Date // the first day on which it no longer holds; clock.Forever: no end known
	GivenBy    string
	CreatedAt  time.Time
	EndedBy    string
	TakenAt    *time.Time // when the holder confirmed having taken over from the predecessor
}

// Holds tells whether the role may be used on the day.
func (m Membership) Holds(on clock.Date) bool { return m.ValidFrom <= on && on < m.ValidTo }

// LastDay is the last day of the term; "" when no end is known.
func (m Membership) LastDay() clock.Date {
	if m.ValidTo == clock.Forever {
		return ""
	}
	return m.ValidTo.AddDays(-1)
}

// Known tells whether the role is one of the house's.
func (r Role) Known() bool { return slices.Contains(Roles[:], r) }

// Key is the catalogue key of the role's name.
func (r Role) Key() string { return "identity.role." + string(r) }

// nameLimit and emailLimit bound what people type, in characters.
const (
	nameLimit  = 120
	emailLimit = 200
)

// NormalEmail reads an e-mail address as people type it; ok is false when it is none.
func NormalEmail(s string) (email string, ok bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > emailLimit || !strings.Contains(s[strings.LastIndex(s, "@"):], ".") {
		return "", false
	}
	return s, true
}

// checkTerm checks a role and its days as a form gives them. An empty until means: no end known; until is the last day.
func checkTerm(fs *fault.Fields, role Role, from, until clock.Date) (to clock.Date) {
	fs.Check(role.Known(), "role", "identity.role.unknown")
	fs.Check(from.Valid(), "from", "identity.term.from_invalid")
	if until == "" {
		return clock.Forever
	}
	fs.Check(until.Valid(), "until", "identity.term.until_invalid")
	fs.Check(!from.Valid() || !until.Valid() || from <= until, "until", "identity.term.backwards")
	if !until.Valid() {
		return clock.Forever
	}
	return until.AddDays(1)
}

func checkName(fs *fault.Fields, name string) string {
	name = strings.Join(strings.Fields(name), " ")
	fs.Check(name != "", "name", "identity.name.missing")
	if utf8.RuneCountInString(name) > nameLimit {
		fs.Add(fault.Field("name", "identity.name.too_long").With("Limit", nameLimit))
	}
	return name
}
