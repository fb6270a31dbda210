// Package register keeps the two books that the law wants of whoever receives citizens: the book of questions, reports and
// petitions with what became of each (Decree 20/2008/NĐ-CP), and the book of the reception of citizens (Law on the Reception
// of Citizens 42/2013/QH13). Nothing is written into them by hand: each line is read from a case, in the order of receipt,
// and numbered within its year. Persons stand in them by their initials; whoever needs the names opens them with a reason,
// case by case, and each opening is written into the case and into the audit log.
package register

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// Book is one of the books.
type Book string

// The books.
const (
	Received  Book = "tiep-nhan" // all that a unit took in
	Reception Book = "tiep-dan"  // what people came and said at the counter
)

// Books lists the books in the order pages show them.
var Books = [...]Book{Received, Reception}

// Page says which part of which book is read.
type Page struct {
	Book   Book
	UnitID string // the unit that took the cases in
	Year   int
	Month  int // 1 to 12; 0 for the whole year
}

// Line is one line of a book.
type Line struct {
	Number string // within the year; complaints and denunciations have a series of their own, which begins with "KT-"
	Case   feedback.Case
	Person feedback.Person // only what was opened with a reason
	Opened bool
	Answer feedback.Answer // the zero value without one
}

// MaxOpened is how many persons one reason opens.
const MaxOpened = 200

// Service reads the books.
type Service struct{ Cases *feedback.Service }

// Lines reads a part of a book in the order of receipt. Complaints and denunciations stand in it for their receiver alone;
// their own series of numbers keeps everybody else from counting them.
func (s *Service) Lines(ctx context.Context, actor identity.Actor, p Page) ([]Line, error) {
	if p.Book != Received && p.Book != Reception || p.Year < 2000 || p.Year > 9000 || p.Month < 0 || p.Month > 12 {
		return nil, fault.New(fault.NotFound, "feedback.register.unknown")
	}
	if p.UnitID == "" {
		return nil, fault.Field("don_vi", "feedback.unit_required")
	}
	f := feedback.Filter{OriginUnitID: p.UnitID, From: clock.NewDate(p.Year, time.January, 1), Until: clock.NewDate(p.Year, time.December, 31)}
	if p.Book == Reception {
		f.Door = feedback.DoorCounter
	}
	cases, _, err := s.Cases.Cases(ctx, actor, f)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(cases, func(a, b feedback.Case) int {
		if n := a.ReceivedAt.Compare(b.ReceivedAt); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	var out []Line
	var chosen []feedback.Case
	open, secret := 0, 0
	for _, c := range cases {
		number := ""
		if c.Kind.Secret() {
			secret++
			number = "KT-" + strconv.Itoa(secret)
		} else {
			open++
			number = strconv.Itoa(open)
		}
		if p.Month != 0 && c.ReceivedAt.In(clock.Vietnam).Month() != time.Month(p.Month) {
			continue
		}
		out, chosen = append(out, Line{Number: number, Case: c}), append(chosen, c)
	}
	given, err := s.Cases.Given(ctx, chosen)
	for i := range out {
		out[i].Answer = given[out[i].Case.ID]
	}
	return out, err
}

// Open opens the persons of the lines, as far as the actor may, each with the reason written into the case and the audit log.
func (s *Service) Open(ctx context.Context, actor identity.Actor, lines []Line, why string) error {
	if why = strings.TrimSpace(why); why == "" {
		return fault.Field("reason", "feedback.unmask_reason")
	}
	if len(lines) > MaxOpened {
		return fault.Field("reason", "feedback.register.open_many").With("Limit", MaxOpened)
	}
	for i := range lines {
		l := &lines[i]
		if !l.Case.HasPerson || !s.Cases.Can(actor, feedback.ActionUnmask, l.Case) {
			continue
		}
		who, err := s.Cases.Unmask(ctx, actor, l.Case.ID, why)
		if err != nil {
			return err
		}
		l.Person, l.Opened = who, true
	}
	return nil
}
