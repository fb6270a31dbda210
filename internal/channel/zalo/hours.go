package zalo

import (
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
)

// Zalo takes broadcasts, promotions and notices from 06:00 to 21:59 in Vietnam; answers to people, articles and messages to
// groups at any hour.
const (
	dayBegins = 6
	dayEnds   = 22
)

// byDay is the first moment not before at that lies in the day.
func byDay(at time.Time) time.Time {
	day := clock.DateOf(at)
	switch h := at.In(clock.Vietnam).Hour(); {
	case h < dayBegins:
		return day.Time().Add(dayBegins * time.Hour)
	case h >= dayEnds:
		return day.AddDays(1).Time().Add(dayBegins * time.Hour)
	}
	return at
}

// From implements channel.Hours.
func (z *Adapter) From(act channel.Action, at time.Time) time.Time {
	if act == channel.ActAnnounce && !z.cfg.AnyHour {
		return byDay(at)
	}
	return at
}

// NoticeFrom implements channel.Notifier. Codes that a person waits for are tried at once all the same: whether Zalo lets
// them through at night is not written down, and its refusal only puts them off.
func (z *Adapter) NoticeFrom(t channel.Template, at time.Time) time.Time {
	if t.Tag == "OTP" || z.cfg.AnyHour {
		return at
	}
	return byDay(at)
}

// pushes is how many broadcasts one follower may get from an account in a month, by the package of the account; at most one
// a day. Zalo has no call that tells it.
func pushes(pack string) int {
	switch pack {
	case "Cơ bản":
		return 1
	case "Premium":
		return 6
	}
	return 4
}
