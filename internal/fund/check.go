package fund

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/reckon"
	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// PublicDay is what the public reads of one day: gifts that stand, by the day on which the bank booked them.
type PublicDay struct {
	Day    clock.Date
	Gifts  int
	Amount money.VND
}

// PublicLog tells what has been made public of an appeal, in order of days; the public statement gives it. It reads what
// readers get, and not the books.
type PublicLog interface {
	PublicDays(ctx context.Context, appealID string) ([]PublicDay, error)
}

// ComparePublic tells the books where the public statement is; the roof does so once, before the house serves.
func (s *Service) ComparePublic(p PublicLog) { s.public = p }

// Check is one comparison of what the bank said, what stands in the books and what the public reads. Everything is added up
// anew from the single rows and lines, not from totals that are kept.
type Check struct {
	ID    string
	Done  bool
	Good  bool // every day is equal everywhere
	Days  []CheckDay
	Flaws []reckon.Flaw // what in the books of the house refers to nothing
	Open  bool          // the public side was not looked at: nothing is published yet
	At    time.Time
}

// CheckDay is one day of a comparison.
type CheckDay = reckon.Day

// Lags tells whether nothing is wrong but that some gifts are not public yet.
func (c Check) Lags() bool {
	if len(c.Flaws) > 0 {
		return false
	}
	for _, d := range c.Days {
		if !d.BankIsLedger() || !c.Open && !d.LedgerIsPublic() && !d.PublicLags() {
			return false
		}
	}
	return !c.Good
}

type compareArgs struct {
	CheckID string `json:"check"`
}

// Kind implements jobs.Args.
func (compareArgs) Kind() string { return "fund.compare" }

func (s *Service) workChecks(q *jobs.Queue) {
	jobs.HandleLong(q, importLimit, func(ctx context.Context, j *jobs.Job[compareArgs]) error { return s.compare(ctx, j.Args.CheckID) })
}

// WantCheck asks for a comparison of an appeal; it is done in the background.
func (s *Service) WantCheck(ctx context.Context, actor identity.Actor, code string) error {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.wantCheck(ctx, tx, a.ID) })
}

func (s *Service) wantCheck(ctx context.Context, tx db.Tx, appealID string) error {
	if s.Jobs == nil {
		return nil
	}
	checkID := id.New()
	if err := s.store.insertCheck(ctx, tx, checkID, appealID, s.Clock.Now()); err != nil {
		return err
	}
	return s.Jobs.Enqueue(ctx, tx, compareArgs{checkID}, nil)
}

// LastCheck gives the last comparison that is done, and whether another is under way. A zero Check: none was made yet.
func (s *Service) LastCheck(ctx context.Context, actor identity.Actor, code string) (last Check, underWay bool, err error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return Check{}, false, err
	}
	return s.store.lastCheck(ctx, s.DB.Read(), a.ID)
}

// CompareNow compares at once and gives the result without keeping it.
func (s *Service) CompareNow(ctx context.Context, actor identity.Actor, code string) (Check, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return Check{}, err
	}
	return s.comparison(ctx, a.ID)
}

func (s *Service) compare(ctx context.Context, checkID string) error {
	appealID, err := s.store.wantedCheck(ctx, s.DB.Read(), checkID)
	if err != nil || appealID == "" {
		return err
	}
	c, err := s.comparison(ctx, appealID)
	if err != nil {
		return err
	}
	c.ID, c.At = checkID, s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.saveCheck(ctx, tx, c) })
}

func (s *Service) comparison(ctx context.Context, appealID string) (Check, error) {
	days := map[clock.Date]*CheckDay{}
	day := func(d clock.Date) *CheckDay {
		if days[d] == nil {
			days[d] = &CheckDay{Day: d}
		}
		return days[d]
	}
	c := Check{Done: true, Open: s.public == nil}
	if err := staging.Snapshot(ctx, s.DB, func(q bun.IDB) (err error) {
		if c.Flaws, err = reckon.Flaws(ctx, q); err == nil {
			err = reckon.Compare(ctx, q, appealID, day)
		}
		return err
	}); err != nil {
		return Check{}, err
	}
	c.Good = len(c.Flaws) == 0
	if s.public != nil {
		list, err := s.public.PublicDays(ctx, appealID)
		if err != nil {
			return Check{}, err
		}
		for _, p := range list {
			d := day(p.Day)
			d.PublicGifts += p.Gifts
			d.PublicSum += p.Amount
		}
	}
	for _, d := range slices.Sorted(maps.Keys(days)) {
		x := *days[d]
		c.Good = c.Good && x.BankIsLedger() && (c.Open || x.LedgerIsPublic())
		c.Days = append(c.Days, x)
	}
	return c, nil
}

type checkRow struct {
	bun.BaseModel `bun:"table:fund_check,alias:k"`

	ID       string `bun:",pk"`
	AppealID string
	State    string
	Days     string
	Good     bool
	At       time.Time
}

// checkText is the part of a comparison that is stored as text.
type checkText struct {
	Open  bool          `json:"open"`
	Days  []CheckDay    `json:"days"`
	Flaws []reckon.Flaw `json:"flaws,omitempty"`
}

func (store) insertCheck(ctx context.Context, q bun.IDB, checkID, appealID string, now time.Time) error {
	_, err := q.NewInsert().Model(&checkRow{ID: checkID, AppealID: appealID, State: "wanted", Days: "{}", At: now}).Exec(ctx)
	return err
}

func (store) wantedCheck(ctx context.Context, q bun.IDB, checkID string) (appealID string, err error) {
	err = q.NewRaw("SELECT appeal_id FROM fund_check WHERE id = ? AND state = 'wanted'", checkID).Scan(ctx, &appealID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return appealID, err
}

func (store) saveCheck(ctx context.Context, q bun.IDB, c Check) error {
	b, err := json.Marshal(checkText{Open: c.Open, Days: c.Days, Flaws: c.Flaws})
	if err != nil {
		return err
	}
	_, err = q.NewRaw("UPDATE fund_check SET state = 'done', days = ?, good = ?, at = ? WHERE id = ?", string(b), c.Good, c.At, c.ID).Exec(ctx)
	return err
}

func (store) lastCheck(ctx context.Context, q bun.IDB, appealID string) (Check, bool, error) {
	var rows []checkRow
	if err := q.NewSelect().Model(&rows).Where("k.appeal_id = ?", appealID).Order("k.id DESC").Limit(20).Scan(ctx); err != nil {
		return Check{}, false, err
	}
	under := len(rows) > 0 && rows[0].State == "wanted"
	for _, r := range rows {
		if r.State != "done" {
			continue
		}
		var t checkText
		if err := json.Unmarshal([]byte(r.Days), &t); err != nil {
			return Check{}, false, err
		}
		return Check{ID: r.ID, Done: true, Good: r.Good, Days: t.Days, Flaws: t.Flaws, Open: t.Open, At: r.At}, under, nil
	}
	return Check{}, under, nil
}

// Report is what moved on the accounts of an appeal between two days, both included.
type Report struct {
	From, Until clock.Date
	Rows        []ReportRow
}

// ReportRow is one account: what stood on it before, what moved, what stood on it after. Net is debits less credits.
type ReportRow struct {
	Balance
	Before money.VND
}

// After is what stood on the account at the end.
func (r ReportRow) After() money.VND { return r.Before + r.Net() }

// PeriodReport adds up a period of an appeal; an empty from is its beginning.
func (s *Service) PeriodReport(ctx context.Context, actor identity.Actor, code string, from, until clock.Date) (Report, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return Report{}, err
	}
	if !until.Valid() || from != "" && (!from.Valid() || from > until) {
		return Report{}, fault.Field("until", "fund.appeal.dates")
	}
	r := Report{From: from, Until: until}
	before, err := s.store.balancesBetween(ctx, s.DB.Read(), a.ID, "", from.AddDays(-1))
	if err != nil {
		return Report{}, err
	}
	was := map[string]money.VND{}
	if from != "" {
		for _, b := range before {
			was[b.AccountID] = b.Net()
		}
	}
	list, err := s.store.balancesBetween(ctx, s.DB.Read(), a.ID, from, until)
	for _, b := range list {
		r.Rows = append(r.Rows, ReportRow{Balance: b, Before: was[b.AccountID]})
	}
	return r, err
}

// Flaws finds what in the books of the house refers to nothing, or does not add up, and should. For whoever keeps the house.
func (s *Service) Flaws(ctx context.Context, q bun.IDB) ([]reckon.Flaw, error) {
	return reckon.Flaws(ctx, q)
}
