package household

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// store is the SQL of the package; nobody else names these tables.
type store struct{}

type row struct {
	bun.BaseModel `bun:"table:household_household,alias:h"`

	ID           string `bun:",pk"`
	Code         string
	UnitID       string
	Hamlet       string
	Sealed       string
	Initials     string
	IDTail       string `bun:"id_tail"`
	PhoneTail    string
	IDToken      string `bun:"id_token"`
	PhoneToken   string
	Words        string
	People       int
	Category     string
	CategoryYear int
	Version      int
	CreatedAt    time.Time
	UpdatedAt    time.Time
	CreatedBy    string
	ClosedAt     time.Time `bun:",nullzero"`
	ClosedWhy    string
}

func (r row) domain() Household {
	return Household{ID: r.ID, Code: r.Code, UnitID: r.UnitID, Hamlet: r.Hamlet, Initials: r.Initials, IDTail: r.IDTail, PhoneTail: r.PhoneTail, People: r.People,
		Category: Category(r.Category), CategoryYear: r.CategoryYear, Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), ClosedAt: r.ClosedAt.UTC(), ClosedWhy: r.ClosedWhy}
}

type helpRow struct {
	bun.BaseModel `bun:"table:household_help,alias:g"`

	Source      string `bun:",pk"`
	SourceID    string `bun:",pk"`
	HouseholdID string
	Kind        string
	Value       money.VND
	What        string
	Programme   string
	GivenOn     clock.Date
	UnitID      string
	Matter      string
	Whole       bool
	RecordedAt  time.Time
}

func (r helpRow) domain() Help {
	return Help{HouseholdID: r.HouseholdID, Source: r.Source, SourceID: r.SourceID, Kind: HelpKind(r.Kind), Value: r.Value, What: r.What, Programme: r.Programme, On: r.GivenOn, UnitID: r.UnitID, Matter: r.Matter, Whole: r.Whole}
}

type standingRow struct {
	bun.BaseModel `bun:"table:household_standing"`

	HouseholdID string `bun:",pk"`
	Year        int    `bun:",pk"`
	Category    string
}

func (store) insert(ctx context.Context, q bun.IDB, r *row) error {
	_, err := q.NewInsert().Model(r).Exec(ctx)
	return err
}

func (store) update(ctx context.Context, q bun.IDB, r *row) error {
	_, err := q.NewUpdate().Model(r).WherePK().ExcludeColumn("code", "created_at", "created_by").Exec(ctx)
	return err
}

func one(r row, err error) (row, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, errNoHousehold()
	}
	return r, err
}

func (store) byID(ctx context.Context, q bun.IDB, householdID string) (row, error) {
	var r row
	err := q.NewSelect().Model(&r).Where("h.id = ?", householdID).Scan(ctx)
	return one(r, err)
}

// lock reads a household and keeps others from changing it until the transaction ends.
func (store) lock(ctx context.Context, tx db.Tx, householdID string) (row, error) {
	var r row
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("h.id = ?", householdID)).Scan(ctx)
	return one(r, err)
}

// byIDToken finds the household in the register that has the identity number behind the token.
func (store) byIDToken(ctx context.Context, q bun.IDB, token string) (row, error) {
	var r row
	err := q.NewSelect().Model(&r).Where("h.id_token = ?", token).Where("h.id_token <> ''").Where("h.closed_at IS NULL").Scan(ctx)
	return one(r, err)
}

func (store) byCode(ctx context.Context, q bun.IDB, code string) (row, error) {
	var r row
	err := q.NewSelect().Model(&r).Where("h.code = ?", code).Scan(ctx)
	return one(r, err)
}

// withoutNumber lists the households of a unit whose heads have no identity number and names in the same drawers.
func (store) withoutNumber(ctx context.Context, q bun.IDB, unitID, words string) ([]row, error) {
	var rows []row
	err := q.NewSelect().Model(&rows).Where("h.unit_id = ?", unitID).Where("h.words = ?", words).Where("h.id_token = ''").Where("h.closed_at IS NULL").Order("h.id").Scan(ctx)
	return rows, err
}

func (store) putStanding(ctx context.Context, q bun.IDB, householdID string, year int, c Category) error {
	_, err := q.NewInsert().Model(&standingRow{HouseholdID: householdID, Year: year, Category: string(c)}).
		On("CONFLICT (household_id, year) DO UPDATE").Set("category = EXCLUDED.category").Exec(ctx)
	return err
}

func (store) standings(ctx context.Context, q bun.IDB, householdID string) ([]Standing, error) {
	var rows []standingRow
	if err := q.NewSelect().Model(&rows).Where("household_id = ?", householdID).Order("year DESC").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Standing, len(rows))
	for i, r := range rows {
		out[i] = Standing{Year: r.Year, Category: Category(r.Category)}
	}
	return out, nil
}

// narrow limits a query to what may be seen and is asked for, but for the words.
func narrow(sel *bun.SelectQuery, roots []string, on clock.Date, q Query) *bun.SelectQuery {
	sel = orgunit.Within(sel, "h.unit_id", roots, on)
	if q.UnitID != "" {
		sel = orgunit.Within(sel, "h.unit_id", []string{q.UnitID}, on)
	}
	if q.Category != "" {
		sel = sel.Where("h.category = ?", string(q.Category))
	}
	if q.Closed {
		return sel.Where("h.closed_at IS NOT NULL")
	}
	return sel.Where("h.closed_at IS NULL")
}

func paged(sel *bun.SelectQuery, page, per int) *bun.SelectQuery {
	if per <= 0 {
		return sel
	}
	return sel.Limit(int64(per)).Offset(int64(max(page, 1)-1) * int64(per))
}

// putHelp writes a help down; the same source and id again replaces what was said.
func (store) putHelp(ctx context.Context, q bun.IDB, h Help, at time.Time) error {
	r := &helpRow{Source: h.Source, SourceID: h.SourceID, HouseholdID: h.HouseholdID, Kind: string(h.Kind), Value: h.Value, What: h.What, Programme: h.Programme,
		GivenOn: h.On, UnitID: h.UnitID, Matter: h.Matter, Whole: h.Whole, RecordedAt: at}
	_, err := q.NewInsert().Model(r).On("CONFLICT (source, source_id) DO UPDATE").Set("household_id = EXCLUDED.household_id").Set("kind = EXCLUDED.kind").
		Set("value = EXCLUDED.value").Set("what = EXCLUDED.what").Set("programme = EXCLUDED.programme").Set("given_on = EXCLUDED.given_on").
		Set("unit_id = EXCLUDED.unit_id").Set("matter = CASE WHEN EXCLUDED.matter = '' THEN g.matter ELSE EXCLUDED.matter END").Set("whole = EXCLUDED.whole").Set("recorded_at = EXCLUDED.recorded_at").Exec(ctx)
	return err
}

// setMatter makes a help of a household a part of a matter; false when the household has no such help.
func (store) setMatter(ctx context.Context, q bun.IDB, householdID, source, sourceID, from, to string) (bool, error) {
	res, err := q.NewUpdate().Model((*helpRow)(nil)).Set("matter = ?", to).Where("g.household_id = ?", householdID).Where("g.source = ?", source).
		Where("g.source_id = ?", sourceID).Where("g.matter = ?", from).Where("g.whole = ?", false).Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

func (store) dropHelp(ctx context.Context, q bun.IDB, source, sourceID string) error {
	_, err := q.NewDelete().Model((*helpRow)(nil)).Where("source = ?", source).Where("source_id = ?", sourceID).Exec(ctx)
	return err
}

// helps lists what households were given, the latest first.
func (store) helps(ctx context.Context, q bun.IDB, where func(*bun.SelectQuery) *bun.SelectQuery) ([]Help, error) {
	var rows []helpRow
	if err := where(q.NewSelect().Model(&rows)).Order("g.given_on DESC", "g.source", "g.source_id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Help, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}
