package workday_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// The years in which Vietnam's New Year was or will be on another day than China's are among them: 1968, 1985, 2007, 2030.
func TestTet(t *testing.T) {
	for year, want := range map[int]clock.Date{
		1968: "1968-01-29", 1969: "1969-02-16", 1985: "1985-01-21", 2000: "2000-02-05", 2007: "2007-02-17", 2017: "2017-01-28",
		2020: "2020-01-25", 2021: "2021-02-12", 2022: "2022-02-01", 2023: "2023-01-22", 2024: "2024-02-10", 2025: "2025-01-29",
		2026: "2026-02-17", 2027: "2027-02-06", 2028: "2028-01-26", 2030: "2030-02-02", 2053: "2053-02-18",
	} {
		got, err := workday.SolarFromLunar(workday.Lunar{Day: 1, Month: 1, Year: year})
		if err != nil || got != want {
			t.Errorf("Tết %d: %s %v, want %s", year, got, err, want)
		}
	}
}

func TestLunarFromSolar(t *testing.T) {
	for d, want := range map[clock.Date]string{
		"2026-11-21": "13/10/2026", "2024-02-09": "30/12/2023", "2025-01-28": "29/12/2024", "2023-03-22": "1/2 nhuận/2023",
		"2025-07-25": "1/6 nhuận/2025", "2025-08-23": "1/7/2025", "2020-05-23": "1/4 nhuận/2020", "1985-03-21": "1/2 nhuận/1985",
		"2033-12-22": "1/11 nhuận/2033", "2024-04-18": "10/3/2024", "1945-09-02": "26/7/1945", "bad": "0/0/0", "1899-12-31": "0/0/0",
		"2200-01-01": "0/0/0",
	} {
		if got := workday.LunarFromSolar(d).String(); got != want {
			t.Errorf("%s is %s, want %s", d, got, want)
		}
	}
}

// Every day of three centuries is one lunar day, and back; the lunar days follow one another without a gap.
func TestLunarRoundTrip(t *testing.T) {
	var last workday.Lunar
	for d := clock.Date("1901-03-01"); d < "2198-01-01"; d = d.AddDays(1) {
		l := workday.LunarFromSolar(d)
		if last.Day != 0 {
			next := l.Day == last.Day+1 && l.Month == last.Month && l.Year == last.Year && l.Leap == last.Leap
			first := l.Day == 1 && last.Day >= 29 &&
				(l.Month == last.Month+1 || l.Month == last.Month && l.Leap || l.Month == 1 && last.Month == 12 && l.Year == last.Year+1)
			if !next && !first {
				t.Fatalf("%s is %s, but the day before was %s", d, l, last)
			}
		}
		last = l
		if l.Day != 1 && l.Day != 15 && l.Day < 29 { // the way back is checked where it can go wrong
			continue
		}
		if back, err := workday.SolarFromLunar(l); err != nil || back != d {
			t.Fatalf("%s is %s, which is %s, %v", d, l, back, err)
		}
	}
}

func TestSolarFromLunarRefuses(t *testing.T) {
	for _, l := range []workday.Lunar{
		{}, {Day: 31, Month: 1, Year: 2026}, {Day: 1, Month: 13, Year: 2026}, {Day: 30, Month: 12, Year: 2024},
		{Day: 1, Month: 6, Year: 2026, Leap: true}, {Day: 1, Month: 5, Year: 2025, Leap: true}, {Day: 1, Month: 1, Year: 2300}, {Day: 1, Month: 1, Year: 1800},
	} {
		if d, err := workday.SolarFromLunar(l); err == nil {
			t.Errorf("%v became %s", l, d)
		}
	}
}

// What offices really had off, by the announcements of each year.
func TestHolidaysAsTheyWere(t *testing.T) {
	for year, want := range map[int]string{
		2021: "01-01 02-10 02-11 02-12 02-15 02-16 04-21 04-30 05-03 09-02 09-03",
		2022: "01-03 01-31 02-01 02-02 02-03 02-04 04-11 05-02 05-03 09-01 09-02",
		2023: "01-02 01-20 01-23 01-24 01-25 01-26 05-01 05-02 05-03 09-01 09-04",
		2024: "01-01 02-08 02-09 02-12 02-13 02-14 04-18 04-29 04-30 05-01 09-02 09-03",
		2025: "01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 05-02 09-01 09-02",
		2026: "01-01 01-02 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 08-31 09-01 09-02",
	} {
		c := workday.New()
		var got []string
		for d := clock.NewDate(year, time.January, 1); d <= clock.NewDate(year, time.December, 31); d = d.AddDays(1) {
			if w := d.Weekday(); w != time.Saturday && w != time.Sunday && !c.IsWorkday(d) {
				got = append(got, string(d[5:]))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d\n got %s\nwant %s", year, strings.Join(got, " "), want)
		}
	}
	for _, d := range []clock.Date{"2024-05-04", "2025-04-26", "2026-01-10", "2026-08-22"} {
		if !workday.New().IsWorkday(d) {
			t.Errorf("%s was worked in exchange", d)
		}
		if workday.StatutoryCalendar().IsWorkday(d) {
			t.Errorf("%s is a Saturday by the law alone", d)
		}
	}
}

// The law gives eleven days (Article 112), ten before 2021, each with its name and each weekend one given back.
func TestHolidayCounts(t *testing.T) {
	for year := 2014; year <= 2100; year++ {
		want := 11
		if year < 2021 {
			want = 10
		}
		statutory, weekend, back := map[clock.Date]bool{}, 0, 0
		for _, h := range workday.StatutoryCalendar().Holidays(year) {
			if h.Name == "" {
				t.Errorf("%s has no name", h.Date)
			}
			switch h.Kind {
			case workday.Statutory:
				statutory[h.Date] = true
				if w := h.Date.Weekday(); w == time.Saturday || w == time.Sunday {
					weekend++
				}
			case workday.Substitute:
				back++
			}
		}
		hungKings, _ := workday.SolarFromLunar(workday.Lunar{Day: 10, Month: 3, Year: year})
		if hungKings[5:] == "04-30" || hungKings[5:] == "05-01" {
			want--
		}
		if len(statutory) != want || weekend != back {
			t.Errorf("%d: %d days by law, want %d; %d on weekends, %d given back", year, len(statutory), want, weekend, back)
		}
	}
}

func TestNames(t *testing.T) {
	c := workday.New()
	for d, want := range map[clock.Date]string{
		"2026-02-17": "Tết Nguyên đán", "2026-04-26": "Giỗ Tổ Hùng Vương", "2026-04-27": "Nghỉ bù Giỗ Tổ Hùng Vương", "2026-09-02": "Quốc khánh",
		"2026-08-31": "Nghỉ hoán đổi dịp Quốc khánh",
	} {
		if h, ok := c.Holiday(d); !ok || h.Name != want {
			t.Errorf("%s: %v, want %s", d, h, want)
		}
	}
	if h, ok := c.Holiday("2026-11-21"); ok {
		t.Errorf("a plain Saturday is no holiday, got %v", h)
	}
	if !slices.IsSortedFunc(c.Holidays(2026), func(a, b workday.Holiday) int { return strings.Compare(string(a.Date), string(b.Date)) }) {
		t.Error("Holidays must be in order")
	}
}

func TestWith(t *testing.T) {
	base := workday.New()
	c := base.With(
		workday.Override{Date: "2026-11-24", Name: "Ngày Văn hóa Việt Nam"},
		workday.Override{Date: "2026-11-28", Work: true, Name: "Làm bù"},
		workday.Override{Date: "2026-09-01", Work: true},
		workday.Override{Date: "2026-13-01"},
	)
	for d, want := range map[clock.Date]bool{"2026-11-24": false, "2026-11-28": true, "2026-09-01": true, "2026-11-25": true, "2026-11-29": false, "": false, "2026-02-30": false} {
		if c.IsWorkday(d) != want {
			t.Errorf("%s worked: %v", d, !want)
		}
	}
	if !base.IsWorkday("2026-11-24") || base.IsWorkday("2026-09-01") {
		t.Error("With must not change the calendar it starts from")
	}
	if h, ok := c.Holiday("2026-11-24"); !ok || h.Kind != workday.Extra {
		t.Errorf("got %v", h)
	}
	if _, ok := c.Holiday("2026-09-01"); ok {
		t.Error("a day declared worked is no holiday")
	}
	again := c.With(workday.Override{Date: "2026-11-24", Work: true})
	if !again.IsWorkday("2026-11-24") {
		t.Error("the last word counts")
	}
}

func TestAddAndBetween(t *testing.T) {
	c := workday.New()
	for _, v := range []struct {
		from clock.Date
		n    int
		want clock.Date
	}{
		{"2026-11-20", 1, "2026-11-23"}, {"2026-11-21", 1, "2026-11-23"}, {"2026-11-20", 0, "2026-11-20"}, {"2026-11-21", 0, "2026-11-21"},
		{"2026-11-23", -1, "2026-11-20"}, {"2026-02-13", 1, "2026-02-23"}, {"2026-02-13", 5, "2026-02-27"}, {"2026-04-29", 1, "2026-05-04"},
		{"2026-08-28", 1, "2026-09-03"}, {"2026-08-21", 1, "2026-08-22"}, {"2025-12-31", 1, "2026-01-05"}, {"2026-01-05", -1, "2025-12-31"},
		{"2026-11-02", 15, "2026-11-23"},
	} {
		if got := c.Add(v.from, v.n); got != v.want {
			t.Errorf("%s + %d = %s, want %s", v.from, v.n, got, v.want)
		}
	}
	for d := clock.Date("2024-01-01"); d < "2027-01-01"; d = d.AddDays(11) {
		for _, n := range []int{1, 2, 5, 15, 40} {
			end := c.Add(d, n)
			if !c.IsWorkday(end) || c.Between(d, end) != n || c.Between(end, d) != -n {
				t.Fatalf("%s + %d = %s, between %d", d, n, end, c.Between(d, end))
			}
		}
	}
	if c.Between("2026-11-21", "2026-11-21") != 0 {
		t.Error("no days lie between a day and itself")
	}
}

func TestDeadline(t *testing.T) {
	c := workday.New()
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, clock.Vietnam)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, v := range []struct {
		received string
		n        int
		want     string
	}{
		{"2026-11-20 08:00", 1, "2026-11-23 17:00"},
		{"2026-11-20 23:59", 1, "2026-11-23 17:00"},
		{"2026-11-21 00:01", 1, "2026-11-23 17:00"}, // still Friday in UTC
		{"2026-02-12 10:00", 10, "2026-03-05 17:00"},
		{"2026-11-20 08:00", 0, "2026-11-20 17:00"},
		{"2026-11-20 17:30", 0, "2026-11-23 17:00"},
		{"2026-11-21 09:00", 0, "2026-11-23 17:00"},
		{"2026-11-20 08:00", -3, "2026-11-20 17:00"},
	} {
		got := c.Deadline(at(v.received).UTC(), v.n)
		if !got.Equal(at(v.want)) || got.Location() != time.UTC {
			t.Errorf("%s + %d: %s, want %s", v.received, v.n, got.In(clock.Vietnam), v.want)
		}
	}
}

func FuzzLunar(f *testing.F) {
	f.Add(1, 1, 2026, false)
	f.Add(30, 6, 2025, true)
	f.Add(-5, 99, 1<<40, true)
	f.Fuzz(func(t *testing.T, day, month, year int, leap bool) {
		l := workday.Lunar{Day: day, Month: month, Year: year, Leap: leap}
		d, err := workday.SolarFromLunar(l)
		if err == nil && workday.LunarFromSolar(d) != l {
			t.Fatalf("%v became %s, which is %v", l, d, workday.LunarFromSolar(d))
		}
	})
}

func FuzzWorkday(f *testing.F) {
	for _, s := range []string{"2026-11-21", "", "9999-12-31", "2026-02-31", "x"} {
		f.Add(s, 3)
	}
	c := workday.New()
	f.Fuzz(func(t *testing.T, s string, n int) {
		d, err := clock.ParseDate(s)
		if err != nil {
			if c.IsWorkday(clock.Date(s)) {
				t.Fatalf("%q is worked", s)
			}
			return
		}
		n %= 30
		if d > "9999-10-01" || d < "0001-03-01" {
			return
		}
		if got := c.Between(d, c.Add(d, n)); n >= 0 && got != n {
			t.Fatalf("%s + %d: between %d", d, n, got)
		}
	})
}

func BenchmarkDeadline(b *testing.B) {
	c := workday.New()
	received := time.Date(2026, 2, 12, 3, 0, 0, 0, time.UTC)
	for b.Loop() {
		c.Deadline(received, 15)
	}
}
