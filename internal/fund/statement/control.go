package statement

import (
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
)

// control counts what is read and follows the balance that the file states.
type control struct {
	totals  Totals
	days    map[clock.Date]*Day
	running money.VND // balance now, when known
	known   bool
	moved   money.VND  // sum of movements since the beginning, or since the balance was lost
	day     clock.Date // the last that is one
	latest  clock.Date // a row may have; "" is any
	lost    bool       // a refused row makes the next balance unprovable
}

func newControl() *control { return &control{days: map[clock.Date]*Day{}} }

func (c *control) refuse(p Problem) {
	c.totals.Refused++
	if len(c.totals.Problems) < MaxProblems {
		c.totals.Problems = append(c.totals.Problems, p)
	}
}

// lose forgets the balance after a row that could not be read.
func (c *control) lose() { c.known, c.lost, c.moved = false, true, 0 }

// take counts one item and checks the balance it states.
func (c *control) take(it item) *Problem {
	if !it.anchor {
		if f := c.check(&it.Row); f != nil {
			c.lose()
			return problem(it.No, f)
		}
		if !c.add(it.Row) {
			return problem(it.No, fault.New(fault.Invalid, "fund.statement.sum_too_large"))
		}
	}
	if !it.HasBalance {
		c.totals.Unproved++
		return nil
	}
	before := c.running
	wasKnown := c.known
	c.known, c.running = true, it.Balance
	if !c.totals.HasBalance && !c.lost {
		c.totals.HasBalance, c.totals.Opening = true, it.Balance-c.moved
	}
	c.moved, c.totals.Closing, c.totals.Unproved = 0, it.Balance, 0
	if wasKnown && before != it.Balance {
		return problem(it.No, fault.New(fault.Invalid, "fund.statement.balance").With("Expected", before.String()).With("Found", it.Balance.String()))
	}
	return nil
}

func (c *control) add(r Row) bool {
	t := &c.totals
	if t.Credit > math.MaxInt64/4 || t.Debit > math.MaxInt64/4 || r.Credit > math.MaxInt64/4 || r.Debit > math.MaxInt64/4 {
		return false
	}
	d := c.days[r.Day]
	if d == nil {
		d = &Day{Date: r.Day}
		c.days[r.Day] = d
	}
	d.Rows++
	d.Credit += r.Credit
	d.Debit += r.Debit
	t.Rows++
	t.Credit += r.Credit
	t.Debit += r.Debit
	if r.Credit > 0 {
		t.Credits++
	} else {
		t.Debits++
	}
	c.running += r.Credit - r.Debit
	c.moved += r.Credit - r.Debit
	return true
}

func (c *control) end(account string) (Totals, error) {
	if c.totals.Rows == 0 && c.totals.Refused == 0 {
		return c.totals, fault.New(fault.Invalid, "fund.statement.empty")
	}
	c.totals.Account = account
	for _, d := range slices.Sorted(maps.Keys(c.days)) {
		c.totals.Days = append(c.totals.Days, *c.days[d])
	}
	return c.totals, nil
}

// check refuses what no layout may give.
func (c *control) check(r *Row) *fault.Error {
	if r.Day != c.day { // most rows are of the day of the row before
		if !r.Day.Valid() {
			return fault.New(fault.Invalid, "fund.statement.date").With("Value", string(r.Day))
		}
		if c.latest != "" && r.Day > c.latest {
			return fault.New(fault.Invalid, "fund.statement.future").With("Day", r.Day.Vietnamese()).With("Latest", c.latest.Vietnamese())
		}
		c.day = r.Day
	}
	switch {
	case r.Debit < 0 || r.Credit < 0:
		return fault.New(fault.Invalid, "money.negative")
	case r.Debit > 0 && r.Credit > 0:
		return fault.New(fault.Invalid, "fund.statement.both_sides")
	case r.Debit == 0 && r.Credit == 0:
		return fault.New(fault.Invalid, "fund.statement.no_amount")
	case r.Day < "2000-01-01" || r.Day > "2099-12-31":
		return fault.New(fault.Invalid, "fund.statement.date").With("Value", string(r.Day))
	case len(r.Memo) > maxMemo || len(r.DocNo) > maxNumber || len(r.Ref) > maxNumber || len(r.Offset) > maxNumber:
		return fault.New(fault.Invalid, "fund.statement.long")
	}
	for _, s := range [...]string{r.Memo, r.DocNo, r.Ref, r.Offset, r.Time} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return fault.New(fault.Invalid, "fund.statement.encoding")
		}
	}
	return nil
}
