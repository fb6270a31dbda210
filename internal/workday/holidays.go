package workday

import (
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Years in which the law changed the list.
const (
	hungKingsSince  = 2007 // Giỗ Tổ: Law 84/2007/QH11
	lastFourDayTet  = 2013 // Tết of five days: Labour Code 10/2012/QH13, in force from 1 May 2013
	secondIndepDay  = 2021 // National Day of two days: Labour Code 45/2019/QH14, Article 112
	nameTet         = "Tết Nguyên đán"
	nameNationalDay = "Quốc khánh"
)

// statutory reckons the days off by law of one year with their substitutes.
func statutory(year int) map[clock.Date]Holiday {
	list := []Holiday{
		{clock.NewDate(year, time.January, 1), "Tết Dương lịch", Statutory},
		{clock.NewDate(year, time.April, 30), "Ngày Chiến thắng", Statutory},
		{clock.NewDate(year, time.May, 1), "Ngày Quốc tế lao động", Statutory},
	}
	list = append(list, tet(year)...)
	list = append(list, nationalDay(year)...)
	if year >= hungKingsSince {
		if d, err := SolarFromLunar(Lunar{Day: 10, Month: 3, Year: year}); err == nil {
			list = append(list, Holiday{d, "Giỗ Tổ Hùng Vương", Statutory})
		}
	}
	return withSubstitutes(list)
}

// tet gives the days of the lunar New Year: two before and three from the first of the first month, or one and four when
// the New Year is a Tuesday, so that the days lie in one week. It is what was decided for every year from 2017 to 2026.
func tet(year int) []Holiday {
	first, err := SolarFromLunar(Lunar{Day: 1, Month: 1, Year: year})
	if err != nil {
		return nil
	}
	from, until := -2, 2
	switch {
	case year <= lastFourDayTet: // four days: the last of the old year and the first three
		from = -1
	case first.Weekday() == time.Tuesday:
		from, until = -1, 3
	}
	var list []Holiday
	for i := from; i <= until; i++ {
		list = append(list, Holiday{first.AddDays(i), nameTet, Statutory})
	}
	return list
}

// nationalDay gives 2 September and, since 2021, the day beside it that makes the longer rest: the day after when the
// 2nd is a Monday, Thursday or Sunday, otherwise the day before. It is what was decided for every year from 2021 to 2026.
func nationalDay(year int) []Holiday {
	day := clock.NewDate(year, time.September, 2)
	list := []Holiday{{day, nameNationalDay, Statutory}}
	if year < secondIndepDay {
		return list
	}
	beside := day.AddDays(-1)
	switch day.Weekday() {
	case time.Monday, time.Thursday, time.Sunday:
		beside = day.AddDays(1)
	}
	return append(list, Holiday{beside, nameNationalDay, Statutory})
}

// withSubstitutes gives each holiday that falls on a weekend the next day that is neither weekend nor off. Two holidays on
// one day remain one day: the law gives nothing back for that.
func withSubstitutes(list []Holiday) map[clock.Date]Holiday {
	slices.SortStableFunc(list, byDate)
	days := map[clock.Date]Holiday{}
	var weekend []Holiday
	for _, h := range list {
		if _, taken := days[h.Date]; taken {
			continue
		}
		days[h.Date] = h
		if isWeekend(h.Date) {
			weekend = append(weekend, h)
		}
	}
	for _, h := range weekend {
		d := h.Date.AddDays(1)
		for isWeekend(d) || days[d].Date != "" {
			d = d.AddDays(1)
		}
		days[d] = Holiday{d, "Nghỉ bù " + h.Name, Substitute}
	}
	return days
}

func byDate(a, b Holiday) int { return strings.Compare(string(a.Date), string(b.Date)) }
