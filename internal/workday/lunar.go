package workday

import (
	"fmt"
	"math"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Lunar is a day of the Vietnamese lunar calendar: Day 1–30, Month 1–12, Leap for the repeated month of a leap year. Year
// is the solar year in which the lunar year begins (the year of its Tết).
type Lunar struct {
	Day, Month, Year int
	Leap             bool
}

// The years for which the lunar calendar is offered. The formulas keep to the minute in this range.
const (
	firstYear = 1900
	lastYear  = 2199
)

// String writes the lunar day as "10/3/2026", a leap month as "10/6 nhuận/2025".
func (l Lunar) String() string {
	leap := ""
	if l.Leap {
		leap = " nhuận"
	}
	return fmt.Sprintf("%d/%d%s/%d", l.Day, l.Month, leap, l.Year)
}

// LunarFromSolar gives the Vietnamese lunar day of a date between 1900 and 2199, reckoned at UTC+7 as Decision 121/CP of
// 8 August 1967 orders; days before 1968 are reckoned by the same rule, although the South kept UTC+8 then. A date that
// is none, or outside the range, gives the zero Lunar.
//
// The method is Hồ Ngọc Đức's (after Meeus): the month begins on the day of the new moon, the eleventh month holds the
// winter solstice, and of thirteen months the first without a principal term repeats the one before.
func LunarFromSolar(d clock.Date) Lunar {
	t, err := time.Parse("2006-01-02", string(d))
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return Lunar{}
	}
	day := julian(t.Year(), t.Month(), t.Day())
	k := int(math.Floor((float64(day) - moonEpoch) / moonMonth))
	start := newMoon(k + 1)
	for start > day { // a true new moon lies up to 14 hours from the mean one: one step back, rarely two
		k--
		start = newMoon(k + 1)
	}
	from, year := eleventhMonth(t.Year()), t.Year()
	until := from
	if from >= start {
		from = eleventhMonth(t.Year() - 1)
	} else {
		year++
		until = eleventhMonth(t.Year() + 1)
	}
	passed := (start - from) / 29
	month, leap := passed+11, false
	if until-from > 365 {
		if at := leapOffset(from); passed >= at {
			month, leap = passed+10, passed == at
		}
	}
	if month > 12 {
		month -= 12
	}
	if month >= 11 && passed < 4 {
		year--
	}
	return Lunar{Day: day - start + 1, Month: month, Year: year, Leap: leap}
}

// SolarFromLunar gives the date of a lunar day, or an error when there is no such day: a 30th in a short month, a leap
// month in a year without it, a year outside 1900–2198.
func SolarFromLunar(l Lunar) (clock.Date, error) {
	refuse := func() (clock.Date, error) { return "", fmt.Errorf("workday: there is no lunar day %s", l) }
	if l.Year < firstYear || l.Year >= lastYear || l.Month < 1 || l.Month > 12 || l.Day < 1 || l.Day > 30 {
		return refuse()
	}
	from, until := eleventhMonth(l.Year-1), eleventhMonth(l.Year)
	if l.Month >= 11 {
		from, until = until, eleventhMonth(l.Year+1)
	}
	offset := (l.Month + 1) % 12 // months since the eleventh
	if until-from > 365 {
		at := leapOffset(from)
		if l.Leap && offset != at-1 {
			return refuse()
		}
		if l.Leap || offset >= at {
			offset++
		}
	} else if l.Leap {
		return refuse()
	}
	k := int(math.Floor(0.5 + (float64(from)-moonEpoch)/moonMonth))
	d := fromJulian(newMoon(k+offset) + l.Day - 1)
	if LunarFromSolar(d) != l {
		return refuse()
	}
	return d, nil
}

// The mean new moon of 1 January 1900 (Julian day, Vietnam) and the mean length of a lunar month in days.
const (
	moonEpoch = 2415021.076998695
	moonMonth = 29.530588853
	zone      = 7.0 / 24
)

// julian is the Julian day number of a Gregorian date.
func julian(year int, month time.Month, day int) int {
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()/86400) + 2440588
}

func fromJulian(day int) clock.Date {
	return clock.Date(time.Unix(int64(day-2440588)*86400, 0).UTC().Format("2006-01-02"))
}

// newMoon is the Julian day, in Vietnam, of the k-th new moon after that of 1 January 1900 (Meeus, Astronomical
// Algorithms, 1991, as adapted by Hồ Ngọc Đức).
func newMoon(k int) int {
	t := float64(k) / 1236.85
	t2 := t * t
	t3 := t2 * t
	mean := 2415020.75933 + 29.53058868*float64(k) + 0.0001178*t2 - 0.000000155*t3 + 0.00033*sin(166.56+132.87*t-0.009173*t2)
	sun := 359.2242 + 29.10535608*float64(k) - 0.0000333*t2 - 0.00000347*t3
	moon := 306.0253 + 385.81691806*float64(k) + 0.0107306*t2 + 0.00001236*t3
	node := 21.2964 + 390.67050646*float64(k) - 0.0016528*t2 - 0.00000239*t3
	c := (0.1734-0.000393*t)*sin(sun) + 0.0021*sin(2*sun) - 0.4068*sin(moon) + 0.0161*sin(2*moon) - 0.0004*sin(3*moon) +
		0.0104*sin(2*node) - 0.0051*sin(sun+moon) - 0.0074*sin(sun-moon) + 0.0004*sin(2*node+sun) - 0.0004*sin(2*node-sun) -
		0.0006*sin(2*node+moon) + 0.0010*sin(2*node-moon) + 0.0005*sin(2*moon+sun)
	lag := -0.000278 + 0.000265*t + 0.000262*t2 // of the earth's rotation, in days
	return int(math.Floor(mean + c - lag + 0.5 + zone))
}

// sunSegment tells in which twelfth of the ecliptic (0–11, 0 from the spring equinox) the sun stands at the beginning of
// the Julian day in Vietnam.
func sunSegment(day int) int {
	t := (float64(day) - 2451545.5 - zone) / 36525
	t2 := t * t
	m := 357.52910 + 35999.05030*t - 0.0001559*t2 - 0.00000048*t*t2
	l := 280.46645 + 36000.76983*t + 0.0003032*t2 + (1.914600-0.004817*t-0.000014*t2)*sin(m) + (0.019993-0.000101*t)*sin(2*m) + 0.000290*sin(3*m)
	return int((l - 360*math.Floor(l/360)) / 30)
}

func sin(degrees float64) float64 { return math.Sin(degrees * math.Pi / 180) }

// eleventhMonth is the Julian day on which the lunar month of the winter solstice of a year begins.
func eleventhMonth(year int) int {
	k := int(math.Floor((float64(julian(year, time.December, 31)) - 2415021) / moonMonth))
	start := newMoon(k)
	if sunSegment(start) >= 9 {
		start = newMoon(k - 1)
	}
	return start
}

// leapOffset tells how many months after the eleventh, which begins on the Julian day from, the leap month stands.
func leapOffset(from int) int {
	k := int(math.Floor((float64(from)-moonEpoch)/moonMonth + 0.5))
	last, i := sunSegment(newMoon(k+1)), 2
	for ; i < 14; i++ {
		next := sunSegment(newMoon(k + i))
		if next == last {
			break
		}
		last = next
	}
	return i - 1
}
