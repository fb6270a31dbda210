package award

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Occasion is why the Front visits somebody.
type Occasion string

// The occasions that the decision sets a norm for.
const (
	Holiday Occasion = "holiday" // Tết and other feasts
	Illness Occasion = "illness"
	Funeral Occasion = "funeral"
)

// Norm is the most that may be given on an occasion. Zero is no limit of that kind.
type Norm struct {
	Occasion Occasion
	Once     money.VND // at one visit
	Year     money.VND // to the same receiver in a calendar year
	Basis    string    // legal source
}

// Norms are the limits of Decision 04/2024/QĐ-TTg: feasts at most 1,000,000 đồng a time and 3,000,000 a year, illness
// 5,000,000 a year, a funeral 4,000,000.
func Norms() []Norm {
	const basis = "Quyết định 04/2024/QĐ-TTg"
	return []Norm{{Holiday, 1_000_000, 3_000_000, basis}, {Illness, 0, 5_000_000, basis}, {Funeral, 4_000_000, 0, basis}}
}

// NormOf finds the norm of an occasion.
func NormOf(o Occasion) (Norm, bool) {
	for _, n := range Norms() {
		if n.Occasion == o {
			return n, true
		}
	}
	return Norm{}, false
}

// Check says whether a gift stays within the norm, when so much was given in the year already.
func (n Norm) Check(value, givenThisYear money.VND) error {
	if n.Once > 0 && value > n.Once {
		return fault.Field("value", "award.norm_once").With("Limit", n.Once.String()).With("Basis", n.Basis)
	}
	if n.Year > 0 && value+givenThisYear > n.Year {
		return fault.Field("value", "award.norm_year").With("Limit", n.Year.String()).With("Given", givenThisYear.String()).With("Basis", n.Basis)
	}
	return nil
}

// Visit is one visit with a gift.
type Visit struct {
	ID       string
	UnitID   string
	UnitName string // filled in when it is shown
	Occasion Occasion
	Day      clock.Date
	Receiver string
	What     string
	Value    money.VND
	ByName   string
}

type visitRow struct {
	bun.BaseModel `bun:"table:award_visit,alias:v"`

	ID        string `bun:",pk"`
	UnitID    string
	Occasion  Occasion
	Day       clock.Date
	Receiver  string
	Folded    string
	What      string
	Value     money.VND
	ByID      string
	ByName    string
	CreatedAt time.Time
}

// AddVisit writes a visit down, when its gift stays within the norm. All visits of a unit to the same receiver on the same
// occasion in a calendar year count together, whatever the spelling of the name's marks.
func (s *Service) AddVisit(ctx context.Context, actor identity.Actor, v Visit) (Visit, error) {
	if err := s.Authz.Check(actor, ActionVisit, identity.InUnit(v.UnitID)); err != nil {
		return Visit{}, err
	}
	v.ID, v.Receiver, v.What, v.ByName = id.New(), strings.Join(strings.Fields(v.Receiver), " "), strings.TrimSpace(v.What), actor.Name
	norm, known := NormOf(v.Occasion)
	var fs fault.Fields
	fs.Check(known, "occasion", "award.occasion")
	fs.Check(v.Day.Valid() && v.Day <= s.today(), "day", "award.day")
	fs.Check(within(v.Receiver, 2, maxName), "receiver", "award.receiver")
	fs.Check(within(v.What, 1, maxText), "what", "award.what")
	fs.Check(v.Value > 0 && v.Value <= maxSum, "value", "award.value")
	if err := fs.OrNil(); err != nil {
		return v, err
	}
	row := visitRow{ID: v.ID, UnitID: v.UnitID, Occasion: v.Occasion, Day: v.Day, Receiver: v.Receiver, Folded: vntext.Fold(v.Receiver), What: v.What, Value: v.Value, ByID: actor.ID, ByName: actor.Name, CreatedAt: s.Clock.Now()}
	return v, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		given, err := s.store.givenInYear(ctx, tx, row)
		if err != nil {
			return err
		}
		if err := norm.Check(v.Value, given); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: v.UnitID, Action: ActionVisit, ResourceType: "Visit", ResourceID: v.ID, Details: map[string]string{"value": v.Value.String()}})
	})
}

// givenInYear locks the receiver's year, so that two visits written down at once are added up.
func (store) givenInYear(ctx context.Context, tx db.Tx, r visitRow) (sum money.VND, err error) {
	year := string(r.Day)[:4]
	if _, err := tx.NewRaw("INSERT INTO award_norm (unit_id, receiver, year) VALUES (?, ?, ?) ON CONFLICT (unit_id, receiver, year) DO UPDATE SET year = excluded.year", r.UnitID, r.Folded, year).Exec(ctx); err != nil {
		return 0, err
	}
	err = tx.NewRaw("SELECT coalesce(sum(value), 0) FROM award_visit WHERE unit_id = ? AND folded = ? AND occasion = ? AND day >= ? AND day <= ?", r.UnitID, r.Folded, r.Occasion, year+"-01-01", year+"-12-31").Scan(ctx, &sum)
	return sum, err
}

// VisitFilter narrows a list of visits. Per 0 gives all.
type VisitFilter struct {
	Text      string // words of the receiver's name, without marks
	Occasion  Occasion
	Year      int // of the day; 0 is any
	Page, Per int
}

// Visits lists the visits that the actor may read, newest first, and tells how many there are.
func (s *Service) Visits(ctx context.Context, actor identity.Actor, f VisitFilter) ([]Visit, int, error) {
	roots := s.Authz.Scope(actor, ActionRead)
	if len(roots) == 0 {
		return nil, 0, s.Authz.Check(actor, ActionRead, identity.Resource{Type: "Unit"})
	}
	var rows []visitRow
	q := orgunit.Within(s.DB.Read().NewSelect().Model(&rows), "v.unit_id", roots, s.today()).Order("v.day DESC", "v.id DESC")
	for _, word := range strings.Fields(vntext.Fold(f.Text)) {
		q = q.Where("v.folded LIKE ? ESCAPE '!'", "%"+strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(word)+"%")
	}
	if f.Occasion != "" {
		q = q.Where("v.occasion = ?", f.Occasion)
	}
	if f.Year > 0 {
		year := strconv.Itoa(f.Year)
		q = q.Where("v.day >= ?", year+"-01-01").Where("v.day <= ?", year+"-12-31")
	}
	if f.Per > 0 {
		q = q.Limit(int64(f.Per)).Offset(int64((max(1, f.Page) - 1) * f.Per))
	}
	n, err := q.ScanAndCount(ctx)
	out := make([]Visit, len(rows))
	for i, r := range rows {
		out[i] = Visit{ID: r.ID, UnitID: r.UnitID, UnitName: s.UnitName(r.UnitID), Occasion: r.Occasion, Day: r.Day, Receiver: r.Receiver, What: r.What, Value: r.Value, ByName: r.ByName}
	}
	return out, int(n), err
}

// Mover lets awards and visits follow a unit into its successor; it implements orgunit.Mover.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about awards.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the awards of each of the units.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	if len(from) == 0 {
		return nil, nil
	}
	var rows []struct {
		UnitID string
		N      int
	}
	err := m.s.DB.Read().NewSelect().Model((*awardRow)(nil)).ColumnExpr("a.unit_id").ColumnExpr("count(*) AS n").Where("a.unit_id IN (?)", bun.In(from)).GroupExpr("a.unit_id").Order("a.unit_id").Scan(ctx, &rows)
	var out []orgunit.MoveLine
	for _, r := range rows {
		out = append(out, orgunit.MoveLine{UnitID: r.UnitID, Key: "award.move", Count: r.N})
	}
	return out, err
}

// Move gives everything of a unit to its successor.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	for _, model := range []any{(*awardRow)(nil), (*visitRow)(nil)} {
		if _, err := tx.NewUpdate().Model(model).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
