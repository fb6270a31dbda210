// Package regulation is the posting regulation of a province as data: under which headings units may post, in which hours
// nothing is posted, which headings somebody above must approve, and who answers for the channels of each unit and until
// when. Posts are checked against it before they are approved, and a report says for each unit what it still lacks, together
// with what the daily probe found at its channels.
package regulation

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "regulation", FS: migrationFS}

// Band is a time of day in which nothing is posted; it may run over midnight.
type Band struct {
	From int    `json:"from"` // minutes since midnight in Vietnam
	To   int    `json:"to"`
	Why  string `json:"why"`
}

// Covers tells whether a moment lies in the band.
func (b Band) Covers(t time.Time) bool {
	v := t.In(clock.Vietnam)
	m := v.Hour()*60 + v.Minute()
	if b.From < b.To {
		return m >= b.From && m < b.To
	}
	return m >= b.From || m < b.To
}

// String writes the band as it is typed: "22:00-06:00 reason".
func (b Band) String() string {
	return strings.TrimSpace(fmt.Sprintf("%02d:%02d-%02d:%02d %s", b.From/60, b.From%60, b.To/60, b.To%60, b.Why))
}

// ParseBands reads bands as they are typed, one to a line; what cannot be read is a fault of the field bands.
func ParseBands(text string) ([]Band, error) {
	var out []Band
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(vntext.NFC(line)); line == "" {
			continue
		}
		span, why, _ := strings.Cut(line, " ")
		from, to, _ := strings.Cut(span, "-")
		a, err1 := minutes(from)
		b, err2 := minutes(to)
		if err1 != nil || err2 != nil || a == b {
			return nil, fault.Field("bands", "regulation.band_bad").With("Line", vntext.Truncate(line, 60))
		}
		out = append(out, Band{From: a, To: b, Why: vntext.Truncate(strings.TrimSpace(why), 200)})
	}
	if len(out) > maxBands {
		return nil, fault.Field("bands", "regulation.bands_many").With("Limit", maxBands)
	}
	return out, nil
}

const maxBands = 20

func minutes(s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err
}

// Rule is the posting regulation of a unit and of those below.
type Rule struct {
	UnitID     string   // who has set it; "": nobody, and nothing is demanded
	Categories []string // headings that may be used; none: any
	Bands      []Band
	Above      []string // headings that only an approver of UnitID approves
}

// Facts are what a post is judged by.
type Facts struct {
	UnitID   string
	Category string
	At       time.Time      // hour of publication; zero: not known
	Approver identity.Actor // nobody before approval
}

// Check finds what of a post breaks the rule, as faults of the fields category, hour and mode.
func (r Rule) Check(f Facts) fault.Fields {
	var fs fault.Fields
	if f.Category != "" && len(r.Categories) > 0 && !slices.Contains(r.Categories, f.Category) {
		fs.Add(fault.Field("category", "regulation.category"))
	}
	if !f.At.IsZero() {
		for _, b := range r.Bands {
			if b.Covers(f.At) {
				fs.Add(fault.Field("hour", "regulation.hour").With("Band", b.String()))
			}
		}
	}
	if f.Approver.SignedIn() && slices.Contains(r.Above, f.Category) && !approves(f.Approver, r.UnitID) {
		fs.Add(fault.Field("mode", "regulation.approver"))
	}
	return fs
}

// approves tells whether somebody is an approver of the very unit.
func approves(a identity.Actor, unitID string) bool {
	return slices.ContainsFunc(a.Grants, func(g identity.Grant) bool { return g.Role == identity.RoleApprover && g.UnitID == unitID })
}

// Body is what somebody sits on.
type Body string

// The bodies that answer for the channels of a unit.
const (
	BodyBoard       Body = "board"       // editorial board
	BodySecretariat Body = "secretariat" // secretariat of the editorial board
	BodyAdmin       Body = "admin"       // administrators of the channels
)

// Bodies lists them in order.
func Bodies() []Body { return []Body{BodyBoard, BodySecretariat, BodyAdmin} }

// Member is somebody who answers for the channels of a unit.
type Member struct {
	bun.BaseModel `bun:"table:regulation_member,alias:m"`

	ID        string     `bun:"id,pk"`
	UnitID    string     `bun:"unit_id"`
	Body      Body       `bun:"body"`
	Name      string     `bun:"name"`
	Title     string     `bun:"title"` // in the body: "Trưởng ban"
	From      clock.Date `bun:"since"`
	Until     clock.Date `bun:"until"` // last day of the term; "" without an end
	CreatedBy string     `bun:"created_by"`
}

// Sits tells whether the term holds on a day.
func (m Member) Sits(on clock.Date) bool { return m.From <= on && (m.Until == "" || on <= m.Until) }

func (m Member) check() error {
	var fs fault.Fields
	fs.Check(slices.Contains(Bodies(), m.Body), "body", "regulation.body_unknown")
	fs.Check(m.Name != "" && vntext.Length(m.Name) <= 100, "name", "regulation.name_missing")
	fs.Check(vntext.Length(m.Title) <= 100, "title", "regulation.title_long")
	fs.Check(m.From.Valid(), "from", "regulation.day_bad")
	fs.Check(m.Until == "" || m.Until.Valid() && m.Until >= m.From, "until", "regulation.until_bad")
	return fs.OrNil()
}

// Deps are what the service stands on.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Authz  *identity.Authorizer
	Trail  identity.Recorder
	Forest func() *orgunit.Forest
	Fleet  *fleet.Service
}

// Service is the use cases of the regulation.
type Service struct {
	Deps
	store store
}

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// Of gives the rule that holds for a unit: that of the highest unit above it (or itself) that has set one.
func (s *Service) Of(ctx context.Context, unitID string) (Rule, error) {
	return s.store.highest(ctx, s.DB.Read(), append([]string{unitID}, s.Forest().AncestorIDs(unitID, s.today())...))
}

// CheckPost finds what of a post breaks the rule that holds for its unit.
func (s *Service) CheckPost(ctx context.Context, f Facts) (fault.Fields, error) {
	r, err := s.Of(ctx, f.UnitID)
	if err != nil {
		return nil, err
	}
	return r.Check(f), nil
}

// Rule gives the rule that holds for a unit to an actor who may set rules there.
func (s *Service) Rule(ctx context.Context, a identity.Actor, unitID string) (Rule, error) {
	if err := s.Authz.Check(a, fleet.ActionRule, identity.InUnit(unitID)); err != nil {
		return Rule{}, err
	}
	return s.Of(ctx, unitID)
}

// Set sets what a unit demands of posts of itself and of those below.
func (s *Service) Set(ctx context.Context, a identity.Actor, r Rule) error {
	if err := s.Authz.Check(a, fleet.ActionRule, identity.InUnit(r.UnitID)); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.put(ctx, tx, r, a.ID, s.Clock.Now()); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: a, UnitID: r.UnitID, Action: "fleet.regulation", ResourceType: "ChannelRule", ResourceID: r.UnitID})
	})
}

// Members lists who answers for the channels of a unit, those whose term is over last.
func (s *Service) Members(ctx context.Context, a identity.Actor, unitID string) ([]Member, error) {
	if err := s.Authz.Check(a, fleet.ActionSee, identity.InUnit(unitID)); err != nil {
		return nil, err
	}
	return s.store.members(ctx, s.DB.Read(), unitID)
}

// AddMember writes down who sits on a body of a unit, and for how long.
func (s *Service) AddMember(ctx context.Context, a identity.Actor, m Member) (Member, error) {
	if err := s.Authz.Check(a, fleet.ActionRule, identity.InUnit(m.UnitID)); err != nil {
		return m, err
	}
	m.ID, m.CreatedBy = id.New(), a.ID
	m.Name, m.Title = oneLine(m.Name), oneLine(m.Title)
	if err := m.check(); err != nil {
		return m, err
	}
	return m, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&m).Exec(ctx); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: a, UnitID: m.UnitID, Action: "fleet.member", ResourceType: "ChannelRule", ResourceID: m.ID})
	})
}

// EndMember ends a term today.
func (s *Service) EndMember(ctx context.Context, a identity.Actor, memberID string) error {
	m, err := s.store.member(ctx, s.DB.Read(), memberID)
	if err != nil {
		return err
	}
	if s.Authz.Check(a, fleet.ActionRule, identity.InUnit(m.UnitID)) != nil {
		return errNoMember
	}
	m.Until = max(s.today().AddDays(-1), m.From)
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewUpdate().Model(&m).Column("until").WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: a, UnitID: m.UnitID, Action: "fleet.member_end", ResourceType: "ChannelRule", ResourceID: m.ID})
	})
}

func oneLine(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }

// store is the SQL of this package; it holds nothing.
type store struct{}

type ruleRow struct {
	bun.BaseModel `bun:"table:regulation_rule,alias:r"`

	UnitID     string    `bun:"unit_id,pk"`
	Categories string    `bun:"categories"`
	Bands      string    `bun:"bands"`
	Above      string    `bun:"above"`
	UpdatedAt  time.Time `bun:"updated_at"`
	UpdatedBy  string    `bun:"updated_by"`
}

// highest gives the rule of the last of the units (nearest first) that has one.
func (store) highest(ctx context.Context, q bun.IDB, units []string) (Rule, error) {
	var rows []ruleRow
	if err := q.NewSelect().Model(&rows).Where("unit_id IN (?)", bun.In(units)).Scan(ctx); err != nil {
		return Rule{}, err
	}
	for i := len(units) - 1; i >= 0; i-- {
		for _, r := range rows {
			if r.UnitID == units[i] {
				out := Rule{UnitID: r.UnitID}
				err := errors.Join(json.Unmarshal([]byte(r.Categories), &out.Categories), json.Unmarshal([]byte(r.Bands), &out.Bands), json.Unmarshal([]byte(r.Above), &out.Above))
				return out, err
			}
		}
	}
	return Rule{}, nil
}

func (store) put(ctx context.Context, q bun.IDB, r Rule, by string, now time.Time) error {
	row := ruleRow{UnitID: r.UnitID, UpdatedAt: now, UpdatedBy: by}
	for _, x := range []struct {
		to *string
		of any
	}{{&row.Categories, r.Categories}, {&row.Bands, r.Bands}, {&row.Above, r.Above}} {
		b, err := json.Marshal(x.of)
		if err != nil {
			return err
		}
		*x.to = string(b)
	}
	_, err := q.NewInsert().Model(&row).On("CONFLICT (unit_id) DO UPDATE").Set("categories = EXCLUDED.categories").Set("bands = EXCLUDED.bands").
		Set("above = EXCLUDED.above").Set("updated_at = EXCLUDED.updated_at").Set("updated_by = EXCLUDED.updated_by").Exec(ctx)
	return err
}

var errNoMember = fault.New(fault.NotFound, "regulation.member_not_found")

func (store) member(ctx context.Context, q bun.IDB, memberID string) (Member, error) {
	var m Member
	err := q.NewSelect().Model(&m).Where("id = ?", memberID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return m, errNoMember
	}
	return m, err
}

func (store) members(ctx context.Context, q bun.IDB, unitID string) ([]Member, error) {
	var out []Member
	err := q.NewSelect().Model(&out).Where("unit_id = ?", unitID).OrderExpr("CASE WHEN until = '' THEN '9999' ELSE until END DESC, body, since, id").Scan(ctx)
	return out, err
}

func (store) membersWithin(ctx context.Context, q bun.IDB, roots []string, on clock.Date) ([]Member, error) {
	var out []Member
	err := orgunit.Within(q.NewSelect().Model(&out), "m.unit_id", roots, on).Scan(ctx)
	return out, err
}
