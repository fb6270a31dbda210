// Package topics tells the committee what people speak of, and nobody who said what. Once a day it goes through what was
// written in ordinary cases and messages of a week, puts texts that are alike together, and keeps, for the province and each
// commune, the topics of which at least ten different people spoke: a few words for each, how many people, how many communes,
// and a sentence all of whose words several people used. What fewer than ten people spoke of is counted nowhere.
//
// Complaints and denunciations are never looked at. Nothing that is stored here leads to a person, and there is no picture of
// what any one person thinks.
package topics

import (
	"context"
	"embed"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "topics", FS: migrationFS}

// Policies say, in Cedar, who reads the topics.
//
//go:embed policies.cedar
var Policies string

// ActionRead is the action that the policies speak of.
const ActionRead = "topics.read"

// Source hands over what people said from one moment until before another.
type Source func(ctx context.Context, from, to time.Time, fn func(Voice) error) error

// Deps is what the service stands on.
type Deps struct {
	DB      *db.DB
	Queue   *jobs.Queue
	Clock   clock.Clock
	Authz   *identity.Authorizer
	Forest  func() *orgunit.Forest
	Sources []Source
	Mask    func(text string) string // hides what is personal in a text
	Every   time.Duration            // how often the topics are made anew; 0 is a day
}

// Service is the use cases of topics.
type Service struct{ Deps }

type makeArgs struct{}

// Kind implements jobs.Args.
func (makeArgs) Kind() string { return "topics_make" }

// New makes the service and has topics made from time to time.
func New(d Deps) *Service {
	if d.Every == 0 {
		d.Every = 24 * time.Hour
	}
	s := &Service{Deps: d}
	jobs.HandleLong(s.Queue, 30*time.Minute, func(ctx context.Context, _ *jobs.Job[makeArgs]) error { return s.Make(ctx) })
	s.Queue.Every(d.Every, func() jobs.Args { return makeArgs{} })
	return s
}

// Monday is the first day of the week of a day.
func Monday(d clock.Date) clock.Date {
	return d.AddDays(-(int(d.Weekday()) + 6) % 7)
}

// ThisWeek is the Monday of the present week.
func (s *Service) ThisWeek() clock.Date { return Monday(clock.DateOf(s.Clock.Now())) }

type weekRow struct {
	bun.BaseModel `bun:"table:topics_week,alias:w"`
	UnitID        string     `bun:",pk"`
	Week          clock.Date `bun:",pk"`
	Voices        int
	Persons       int
	MadeAt        time.Time
}

type topicRow struct {
	bun.BaseModel `bun:"table:topics_topic,alias:t"`
	UnitID        string     `bun:",pk"`
	Week          clock.Date `bun:",pk"`
	Rank          int        `bun:",pk"`
	Label         string
	Sentence      string
	Persons       int
	Voices        int
	Units         int
	Features      string
}

// Make makes the topics of this week and the last anew. It may run as often as one likes.
func (s *Service) Make(ctx context.Context) error {
	week := s.ThisWeek()
	for _, w := range []clock.Date{week.AddDays(-7), week} {
		if err := s.MakeWeek(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// MakeWeek makes the topics of the week that begins on a Monday, for every unit to which enough was said.
func (s *Service) MakeWeek(ctx context.Context, week clock.Date) error {
	by := map[string][]Voice{}
	forest, today := s.Forest(), clock.DateOf(s.Clock.Now())
	from, to := week.Time(), week.AddDays(7).Time()
	for _, src := range s.Sources {
		err := src(ctx, from, to, func(v Voice) error {
			for _, u := range append([]string{v.UnitID}, forest.AncestorIDs(v.UnitID, today)...) {
				if unit, err := forest.Unit(u, today); err == nil && unit.Kind == orgunit.KindFront && (unit.Level == orgunit.LevelProvince || unit.Level == orgunit.LevelCommune || unit.Level == orgunit.LevelDistrict) {
					by[u] = append(by[u], v)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	var weeks []weekRow
	var list []topicRow
	for unit, voices := range by {
		persons := map[string]bool{}
		for _, v := range voices {
			persons[v.Person] = true
		}
		if len(persons) < AtLeast {
			continue
		}
		weeks = append(weeks, weekRow{UnitID: unit, Week: week, Voices: len(voices), Persons: len(persons), MadeAt: s.Clock.Now()})
		for i, t := range Cluster(voices, s.Mask) {
			list = append(list, topicRow{UnitID: unit, Week: week, Rank: i + 1, Label: t.Label, Sentence: t.Sentence, Persons: t.Persons, Voices: t.Voices, Units: t.Units,
				Features: strings.Join(t.Features, "|")})
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, m := range []any{(*topicRow)(nil), (*weekRow)(nil)} {
			if _, err := tx.NewDelete().Model(m).Where("week = ?", week).Exec(ctx); err != nil {
				return err
			}
		}
		for len(list) > 0 {
			part := list[:min(400, len(list))]
			if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
				return err
			}
			list = list[len(part):]
		}
		if len(weeks) == 0 {
			return nil
		}
		_, err := tx.NewInsert().Model(&weeks).Exec(ctx)
		return err
	})
}

// Week is what was spoken of in a unit in a week.
type Week struct {
	UnitID  string
	Week    clock.Date // its Monday
	Voices  int        // 0: fewer than AtLeast people spoke, or nothing was made yet
	Persons int
	Topics  []Listed
	MadeAt  time.Time
}

// Listed is a topic with how it was the week before.
type Listed struct {
	Topic
	Before int // people in the week before; 0: new, or fewer than AtLeast then
}

// Read gives the topics of a unit in the week that begins on the Monday, to an actor who may read them.
func (s *Service) Read(ctx context.Context, actor identity.Actor, unitID string, week clock.Date) (Week, error) {
	if err := s.Authz.Check(actor, ActionRead, identity.InUnit(unitID)); err != nil {
		return Week{}, err
	}
	if !week.Valid() || Monday(week) != week {
		return Week{}, fault.New(fault.NotFound, "topics.no_week")
	}
	out := Week{UnitID: unitID, Week: week}
	var rows []weekRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("w.unit_id = ?", unitID).Where("w.week = ?", week).Scan(ctx); err != nil {
		return out, err
	}
	if len(rows) == 1 {
		out.Voices, out.Persons, out.MadeAt = rows[0].Voices, rows[0].Persons, rows[0].MadeAt.UTC()
	}
	now, err := s.topics(ctx, unitID, week)
	if err != nil {
		return out, err
	}
	before, err := s.topics(ctx, unitID, week.AddDays(-7))
	if err != nil {
		return out, err
	}
	for _, t := range now {
		l := Listed{Topic: t}
		best := known
		for _, b := range before {
			if d := overlap(t.Features, b.Features); d >= best {
				best, l.Before = d, b.Persons
			}
		}
		out.Topics = append(out.Topics, l)
	}
	return out, nil
}

// overlap is the common part of two lists of features, from 0 to 1 (Dice).
func overlap(a, b []string) float64 {
	in := map[string]bool{}
	for _, f := range a {
		in[f] = true
	}
	n := 0
	for _, f := range b {
		if in[f] {
			n++
		}
	}
	return 2 * float64(n) / float64(max(1, len(a)+len(b)))
}

func (s *Service) topics(ctx context.Context, unitID string, week clock.Date) ([]Topic, error) {
	var rows []topicRow
	err := s.DB.Read().NewSelect().Model(&rows).Where("t.unit_id = ?", unitID).Where("t.week = ?", week).OrderExpr("t.rank").Scan(ctx)
	out := make([]Topic, len(rows))
	for i, r := range rows {
		out[i] = Topic{Label: r.Label, Sentence: r.Sentence, Persons: r.Persons, Voices: r.Voices, Units: r.Units, Features: strings.Split(r.Features, "|")}
	}
	return out, err
}

// Scope lists the units of which the actor reads the topics, with those below.
func (s *Service) Scope(actor identity.Actor) []string { return s.Authz.Scope(actor, ActionRead) }

// UnitName is the full name of a unit as it is called today; "" for an unknown one.
func (s *Service) UnitName(unitID string) string {
	u, err := s.Forest().Unit(unitID, clock.DateOf(s.Clock.Now()))
	if err != nil {
		return ""
	}
	return u.FullName
}
