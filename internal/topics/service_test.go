package topics_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/topics"
)

var (
	leader   = identitytest.Official("tinh", identity.RoleLeader, orgunittest.Province)
	ward     = identitytest.Official("phuong", identity.RoleDeskOfficer, orgunittest.VinhHung)
	stranger = identitytest.Official("khac", identity.RoleEditor, orgunittest.Province)
)

// dated is what people said on a day.
type dated struct {
	topics.Voice
	at time.Time
}

func newService(t *testing.T, d *db.DB, said *[]dated) *topics.Service {
	t.Helper()
	c := clock.NewStub(orgunittest.Now)
	units := orgunittest.SeedAt(t, d, c)
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	z, err := identity.NewAuthorizer(units, c, identity.PolicyFile{Feature: "topics", Text: topics.Policies})
	if err != nil {
		t.Fatal(err)
	}
	source := func(_ context.Context, from, to time.Time, fn func(topics.Voice) error) error {
		for _, v := range *said {
			if !v.at.Before(from) && v.at.Before(to) {
				if err := fn(v.Voice); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return topics.New(topics.Deps{DB: d, Queue: q, Clock: c, Authz: z, Forest: units.Forest, Sources: []topics.Source{source}, Mask: asIs})
}

func TestWeekOfTheProvinceAndOfAWard(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var list []dated
		s := newService(t, d, &list)
		this := s.ThisWeek()
		add := func(n int, unit, who string, week clock.Date, texts []string) {
			for i, v := range said(n, unit, who, texts...) {
				list = append(list, dated{v, week.AddDays(i % 7).Time().Add(9 * time.Hour)})
			}
		}
		add(12, orgunittest.VinhHung, "old", this.AddDays(-14), power)
		add(8, orgunittest.VinhHung, "p", this.AddDays(-7), power)
		add(9, orgunittest.KimLien, "q", this.AddDays(-7), power)
		ctx := t.Context()
		for range 2 { // a second time gives the same
			for _, w := range []clock.Date{this.AddDays(-14), this.AddDays(-7), this} {
				if err := s.MakeWeek(ctx, w); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, err := s.Read(ctx, leader, orgunittest.Province, this.AddDays(-7))
		if err != nil || got.Persons != 17 || len(got.Topics) != 1 || got.Topics[0].Units != 2 || got.Topics[0].Before != 12 {
			t.Fatalf("%+v, %v", got, err)
		}
		if got, err = s.Read(ctx, ward, orgunittest.VinhHung, this.AddDays(-7)); err != nil || got.Persons != 0 || len(got.Topics) != 0 {
			t.Errorf("eight people of the ward are shown: %+v, %v", got, err)
		}
		if got, err = s.Read(ctx, ward, orgunittest.VinhHung, this.AddDays(-14)); err != nil || got.Persons != 12 || !strings.Contains(fmt.Sprint(got.Topics), "cột điện") {
			t.Errorf("%+v, %v", got, err)
		}
		for who, actor := range map[string]identity.Actor{"an editor": stranger, "a citizen": identity.Citizen(), "the ward": ward} {
			if _, err := s.Read(ctx, actor, orgunittest.Province, this); err == nil {
				t.Errorf("%s reads the province's", who)
			}
		}
		if _, err := s.Read(ctx, leader, orgunittest.Province, this.AddDays(1)); !fault.Is(err, fault.NotFound) {
			t.Errorf("a week that begins on a Tuesday: %v", err)
		}
	}, orgunittest.Migrations, topics.Migrations)
}

func TestMonday(t *testing.T) {
	for day, want := range map[clock.Date]clock.Date{"2026-11-16": "2026-11-16", "2026-11-21": "2026-11-16", "2026-11-22": "2026-11-16", "2026-11-23": "2026-11-23"} {
		if got := topics.Monday(day); got != want {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
	}
}
