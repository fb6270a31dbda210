package deadline

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Punctual is how a body kept its time in a year: raw counts, of ordinary cases.
type Punctual struct {
	UnitID   string
	Answered int // answered in the year
	InTime   int // of these, on or before the last day
	Open     int // waiting now
	Overdue  int // of these, past the last day now
}

// Late is how many answers came after the last day.
func (p Punctual) Late() int { return p.Answered - p.InTime }

// Record is the public record of all bodies of a year.
type Record struct {
	Year   int
	Years  []int // for which there is something to see, newest first
	Bodies []Punctual
	At     time.Time // as of when; zero before the first reckoning
}

// Punctuality gives the public record of a year, of the bodies in a unit and below ("" means everywhere), the busiest first;
// year 0 is this year.
func (s *Service) Punctuality(ctx context.Context, unitID string, year int) (Record, error) {
	if year == 0 {
		year = s.now().In(clock.Vietnam).Year()
	}
	r := Record{Year: year}
	q := s.db().Read()
	if err := q.NewSelect().TableExpr("deadline_tally").ColumnExpr("DISTINCT year").OrderExpr("year DESC").Scan(ctx, &r.Years); err != nil {
		return r, err
	}
	var rows []tallyRow
	sel := q.NewSelect().Model(&rows).Where("year = ?", year)
	if unitID != "" {
		sel = orgunit.Within(sel, "y.unit_id", []string{unitID}, s.today())
	}
	if err := sel.OrderExpr("answered + open DESC, unit_id").Scan(ctx); err != nil {
		return r, err
	}
	for _, t := range rows {
		r.Bodies = append(r.Bodies, Punctual{UnitID: t.UnitID, Answered: t.Answered, InTime: t.InTime, Open: t.Open, Overdue: t.Overdue})
		r.At = t.At.UTC()
	}
	return r, nil
}

type tallyRow struct {
	bun.BaseModel `bun:"table:deadline_tally,alias:y"`
	UnitID        string
	Year          int
	Answered      int
	InTime        int
	Open          int
	Overdue       int
	At            time.Time
}

// Tally reckons the record anew from the cases.
func (s *Service) Tally(ctx context.Context) error {
	now, today := s.now(), s.today()
	day := "to_char(c.answered_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM-DD')"
	if s.db().Engine() == db.SQLite {
		day = "date(c.answered_at, '+7 hours')"
	}
	var answered []struct {
		UnitID           string
		Year             string
		Answered, InTime int
	}
	q := s.db().Read()
	err := q.NewSelect().TableExpr("feedback_case AS c").ColumnExpr("c.holder_unit_id AS unit_id").ColumnExpr("substr("+day+", 1, 4) AS year").
		ColumnExpr("count(*) AS answered").ColumnExpr("sum(CASE WHEN "+day+" <= c.deadline THEN 1 ELSE 0 END) AS in_time").
		Where("c.answered_at IS NOT NULL").Where("c.kind IN ('report', 'petition')").GroupExpr("1, 2").Scan(ctx, &answered)
	if err != nil {
		return err
	}
	var open []struct {
		UnitID        string
		Open, Overdue int
	}
	err = q.NewSelect().TableExpr("feedback_case AS c").ColumnExpr("c.holder_unit_id AS unit_id").ColumnExpr("count(*) AS open").
		ColumnExpr("sum(CASE WHEN c.deadline < ? AND c.paused_at IS NULL THEN 1 ELSE 0 END) AS overdue", today).
		Where("c.state IN ('received', 'working', 'review')").Where("c.kind IN ('report', 'petition')").GroupExpr("1").Scan(ctx, &open)
	if err != nil {
		return err
	}
	rows := map[[2]string]*tallyRow{}
	at := func(unit, year string) *tallyRow {
		k := [2]string{unit, year}
		if rows[k] == nil {
			n, _ := strconv.Atoi(year) // made by the query above
			rows[k] = &tallyRow{UnitID: unit, Year: n, At: now}
		}
		return rows[k]
	}
	for _, a := range answered {
		r := at(a.UnitID, a.Year)
		r.Answered, r.InTime = a.Answered, a.InTime
	}
	for _, o := range open {
		r := at(o.UnitID, string(today)[:4])
		r.Open, r.Overdue = o.Open, o.Overdue
	}
	list := make([]*tallyRow, 0, len(rows))
	for _, r := range rows {
		list = append(list, r)
	}
	return s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewDelete().Model((*tallyRow)(nil)).Where("year > 0").Exec(ctx); err != nil {
			return err
		}
		for part := range slices.Chunk(list, 200) {
			if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// Body is how the open cases of a body stand now, for its leaders.
type Body struct {
	UnitID  string
	Waiting int
	Overdue int
	Soon    int        // due within three working days
	Paused  int        // waiting for a citizen
	Oldest  clock.Date // the earliest last day that has passed; "" when none has
}

// Board lists the bodies that the actor watches, the most overdue first. Complaints and denunciations are not counted.
func (s *Service) Board(ctx context.Context, actor identity.Actor) ([]Body, error) {
	units := s.Cases.Authz.Scope(actor, ActionWatch)
	if len(units) == 0 {
		return nil, s.Cases.Authz.Check(actor, ActionWatch, identity.InUnit(""))
	}
	today := s.today()
	var rows []struct {
		UnitID                         string
		Waiting, Overdue, Soon, Paused int
		Oldest                         clock.Date
	}
	sel := s.db().Read().NewSelect().TableExpr("feedback_case AS c").ColumnExpr("c.holder_unit_id AS unit_id").ColumnExpr("count(*) AS waiting").
		ColumnExpr("sum(CASE WHEN c.deadline < ? AND c.paused_at IS NULL THEN 1 ELSE 0 END) AS overdue", today).
		ColumnExpr("sum(CASE WHEN c.deadline >= ? AND c.deadline <= ? AND c.paused_at IS NULL THEN 1 ELSE 0 END) AS soon", today, s.Cases.Calendar.Add(today, 3)).
		ColumnExpr("sum(CASE WHEN c.paused_at IS NOT NULL THEN 1 ELSE 0 END) AS paused").
		ColumnExpr("coalesce(min(CASE WHEN c.deadline < ? AND c.paused_at IS NULL THEN c.deadline END), '') AS oldest", today).
		Where("c.state IN ('received', 'working', 'review')").Where("c.kind IN ('report', 'petition')")
	sel = orgunit.Within(sel, "c.holder_unit_id", units, today)
	if err := sel.GroupExpr("c.holder_unit_id").OrderExpr("overdue DESC, waiting DESC, unit_id").Scan(ctx, &rows); err != nil {
		return nil, err
	}
	out := make([]Body, len(rows))
	for i, r := range rows {
		out[i] = Body(r)
	}
	return out, nil
}
