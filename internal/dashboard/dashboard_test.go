package dashboard_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// now is a Saturday morning in Vietnam.
var now = time.Date(2026, 11, 21, 8, 0, 0, 0, clock.Vietnam)

type flat struct{}

func (flat) AncestorIDs(string, clock.Date) []string { return nil }

func authorizer(t *testing.T) *identity.Authorizer {
	t.Helper()
	z, err := identity.NewAuthorizer(flat{}, clock.NewStub(now), identity.PolicyFile{Feature: "dashboard", Text: dashboard.Policies})
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func official(role identity.Role) identity.Actor {
	return identity.Actor{Kind: identity.ActorOfficial, ID: "o", Grants: []identity.Grant{{Role: role, UnitID: "u"}}}
}

func TestGroupOf(t *testing.T) {
	for want, dues := range map[dashboard.Group][]time.Time{
		dashboard.Overdue:  {now.Add(-time.Minute), now.AddDate(0, 0, -9)},
		dashboard.Today:    {now.Add(9 * time.Hour)},
		dashboard.ThisWeek: {now.AddDate(0, 0, 1)},
		dashboard.Later:    {now.AddDate(0, 0, 2), {}},
	} {
		for _, due := range dues {
			if got := dashboard.GroupOf(due, now); got != want {
				t.Errorf("%v: %s, want %s", due, got, want)
			}
		}
	}
}

func TestDayGathersAndOrders(t *testing.T) {
	src := func(items ...dashboard.Item) dashboard.Source {
		return func(context.Context, identity.Actor) ([]dashboard.Item, error) { return items, nil }
	}
	s := dashboard.NewService(clock.NewStub(now), authorizer(t), dashboard.Counters{},
		src(dashboard.Item{Title: "b", Due: now.Add(2 * time.Hour)}, dashboard.Item{Title: "không hạn"}),
		src(dashboard.Item{Title: "a", Due: now.Add(time.Hour)}, dashboard.Item{Title: "trễ", Due: now.Add(-time.Hour)}))
	d, err := s.Day(t.Context(), official(identity.RoleCollaborator))
	if err != nil || d.Total != 4 {
		t.Fatal(d, err)
	}
	if today := d.Items[dashboard.Today]; len(today) != 2 || today[0].Title != "a" || len(d.Items[dashboard.Overdue]) != 1 {
		t.Fatalf("%+v", d.Items)
	}
	if _, err := s.Day(t.Context(), identity.Citizen()); !fault.Is(err, fault.Unauthenticated) {
		t.Fatal(err)
	}
}

// A notice about the clock of a case is not listed beside the case itself, nor twice.
func TestWordsAboutAThingStandAside(t *testing.T) {
	src := func(items ...dashboard.Item) dashboard.Source {
		return func(context.Context, identity.Actor) ([]dashboard.Item, error) { return items, nil }
	}
	s := dashboard.NewService(clock.NewStub(now), authorizer(t), dashboard.Counters{},
		src(dashboard.Item{Title: "sắp hết hạn", Href: "/v/1", Aside: true}, dashboard.Item{Title: "quá hạn", Href: "/v/2", Aside: true}, dashboard.Item{Title: "quá hạn 3 ngày", Href: "/v/2", Aside: true}),
		src(dashboard.Item{Title: "trả lời", Href: "/v/1"}, dashboard.Item{Title: "hai việc một trang", Href: "/v/1"}))
	d, err := s.Day(t.Context(), official(identity.RoleDeskOfficer))
	if err != nil || d.Total != 3 {
		t.Fatalf("%+v %v", d, err)
	}
	for _, items := range d.Items {
		for _, it := range items {
			if it.Title == "sắp hết hạn" {
				t.Error("listed beside the case")
			}
		}
	}
}

func TestOverviewAddsUpToPlaces(t *testing.T) {
	by := func(m dashboard.ByUnit) func(context.Context, identity.Actor) (dashboard.ByUnit, error) {
		return func(context.Context, identity.Actor) (dashboard.ByUnit, error) { return m, nil }
	}
	c := dashboard.Counters{
		PostsOut: by(dashboard.ByUnit{"x1": 2}), ChannelsIll: by(nil), Waiting: by(dashboard.ByUnit{"x1": 1, "x1-thon": 3, "x2": 5}), Overdue: by(dashboard.ByUnit{"x1-thon": 1}),
		Place: func(u string) (string, string, string) { return u[:2], "Xã " + u[:2], u[:2] },
	}
	s := dashboard.NewService(clock.NewStub(now), authorizer(t), c)
	o, err := s.Overview(t.Context(), official(identity.RoleLeader), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Rows) != 2 || o.Rows[0].UnitID != "x1" || o.Rows[0].Waiting != 4 || o.Total.Waiting != 9 || o.Total.Overdue != 1 {
		t.Fatalf("%+v", o)
	}
	if _, err := s.Overview(t.Context(), official(identity.RoleEditor), ""); !fault.Is(err, fault.Forbidden) {
		t.Fatal(err)
	}
	c.Waiting = func(context.Context, identity.Actor) (dashboard.ByUnit, error) { return nil, errors.New("db") }
	if _, err := dashboard.NewService(clock.NewStub(now), authorizer(t), c).Overview(t.Context(), official(identity.RoleLeader), ""); err == nil {
		t.Fatal("a failing feature must not be shown as zero")
	}
}
