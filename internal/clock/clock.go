// Package clock gives the time to whoever needs it, so that a test or a rehearsal of November 2024 can set it. Times are
// UTC inside the house and Vietnam time (UTC+7, no daylight saving) on the page.
package clock

import (
	"database/sql/driver"
	"fmt"
	"sync"
	"time"
)

// Vietnam is Asia/Ho_Chi_Minh, fixed at UTC+7 since 1975; a fixed zone needs no tz database on the machine.
var Vietnam = time.FixedZone("Asia/Ho_Chi_Minh", 7*3600)

// Clock tells the present time in UTC.
type Clock interface{ Now() time.Time }

// System is the machine's clock.
type System struct{}

// Now is time.Now in UTC, cut to microseconds, the precision that both database engines keep.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Shifted is the machine's clock moved by a fixed amount: the rehearsal of 2024 runs on one.
type Shifted struct{ By time.Duration }

// Now is the moved time in UTC.
func (s Shifted) Now() time.Time { return System{}.Now().Add(s.By) }

// Stub is a clock that a test moves by hand; it is safe for concurrent use.
type Stub struct {
	mu sync.Mutex
	t  time.Time
}

// NewStub starts a stub at t.
func NewStub(t time.Time) *Stub { return &Stub{t: t.UTC()} }

// Now is the time last set.
func (s *Stub) Now() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.t }

// Set moves the stub to t.
func (s *Stub) Set(t time.Time) { s.mu.Lock(); defer s.mu.Unlock(); s.t = t.UTC() }

// Advance moves the stub forward by d.
func (s *Stub) Advance(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.t = s.t.Add(d) }

// Machine turns a moment of the clock, which a rehearsal may have moved, into the machine's time, by which jobs are started.
func Machine(c Clock, at time.Time) time.Time { return time.Now().Add(at.Sub(c.Now())) }

// Date is a calendar day in Vietnam as "2006-01-02": it sorts, compares and stores as text. The empty Date means "no end".
type Date string

// Forever is the end of validity of what still stands.
const Forever Date = "9999-12-31"

// DateOf gives the Vietnamese calendar day in which the moment t falls.
func DateOf(t time.Time) Date { return Date(t.In(Vietnam).Format("2006-01-02")) }

// NewDate builds a Date; out-of-range values roll over as in time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format("2006-01-02"))
}

// ParseDate reads "2006-01-02" or the Vietnamese "02/01/2006" (also with one-digit day or month). 31/02 is an error.
func ParseDate(s string) (Date, error) {
	for _, layout := range []string{"2006-01-02", "2/1/2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return Date(t.Format("2006-01-02")), nil
		}
	}
	return "", fmt.Errorf("%q is not a date: write day/month/year, for example 21/11/2026", s)
}

// Time is midnight in Vietnam at the start of the day, in UTC.
func (d Date) Time() time.Time {
	t, err := time.ParseInLocation("2006-01-02", string(d), Vietnam)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Valid tells whether d is a real calendar day.
func (d Date) Valid() bool { _, err := time.Parse("2006-01-02", string(d)); return err == nil }

// AddDays moves by n calendar days.
func (d Date) AddDays(n int) Date {
	t, _ := time.Parse("2006-01-02", string(d))
	return Date(t.AddDate(0, 0, n).Format("2006-01-02"))
}

// Weekday of the day.
func (d Date) Weekday() time.Weekday { t, _ := time.Parse("2006-01-02", string(d)); return t.Weekday() }

// Vietnamese writes the day as 21/11/2026.
func (d Date) Vietnamese() string {
	if len(d) != 10 {
		return string(d)
	}
	return string(d[8:10] + "/" + d[5:7] + "/" + d[0:4])
}

// Value stores the day as text on both engines.
func (d Date) Value() (driver.Value, error) { return string(d), nil }

// Scan reads the day from text or from a driver's time.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case string:
		*d = Date(v)
	case []byte:
		*d = Date(v)
	case time.Time:
		*d = Date(v.Format("2006-01-02"))
	case nil:
		*d = ""
	default:
		return fmt.Errorf("clock: cannot read a date from %T", src)
	}
	return nil
}
