package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/data"
	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// feedbackText is one invented question from the data the program is delivered with.
type feedbackText struct {
	Text, Category, Kind string
}

func feedbackTexts() ([]feedbackText, error) {
	b, err := data.Read(data.FeedbackTexts)
	if err != nil {
		return nil, err
	}
	var f struct{ Items []feedbackText }
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("feedback texts: %w", err)
	}
	var out []feedbackText
	for _, i := range f.Items {
		switch i.Kind {
		case "phan_anh", "kien_nghi", "hoi_dap":
			out = append(out, i)
		}
	}
	return out, nil
}

// seed fills an empty house: units, accounts, officials, posts and questions. It gives the people, nil when it was filled before.
// A start that was interrupted begins again where it stopped being whole, at the mark it leaves at the end.
func seed(ctx context.Context, house *app.House, w *world, clk *history, sc scenario, dir string, out io.Writer) (*people, error) {
	mark := filepath.Join(dir, "seeded")
	if _, err := os.Stat(mark); err == nil {
		return nil, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	r := house.Rooms()
	if r.People.Config().BaseURL == "" {
		return nil, errors.New("the product has no address")
	}
	step := func(name string, fn func() error) error {
		began := time.Now()
		if err := fn(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(out, "  %-28s %5.1f s\n", name, time.Since(began).Seconds())
		return nil
	}
	n := newNames(2026)
	var cast people
	for _, s := range []struct {
		name string
		fn   func() error
	}{
		{"đơn vị", func() error {
			_, err := r.Units.Import(ctx, orgunit.ImportOptions{Areas: []string{province}, Agencies: []string{province}})
			return err
		}},
		{"kênh và người theo dõi", func() error { return w.accounts(ctx, house, committees(house, sc.levels...), n) }},
		{"cán bộ", func() (err error) { cast, err = officials(ctx, house, committees(house, sc.levels...), n); return err }},
		{"giới thiệu đơn vị", func() error { return profiles(ctx, house, committees(house, sc.levels...), cast, n) }},
		{"tin bài", func() error { return posts(ctx, house, clk, cast) }},
		{"tuần của các kênh", func() error { return fleetScene(ctx, house, clk, cast) }},
		{"đợt ủng hộ", func() error { return openAppeal(ctx, house, clk) }},
		{"chỉ đạo", func() error { return directives(ctx, house, clk, cast) }},
		{"cứu trợ bão số 9", func() error { return reliefScene(ctx, house, clk, cast) }},
		{"hộ dân và nhà ở", func() error {
			if sc.past > 0 {
				return nil // the programme is younger than that day
			}
			return houses(ctx, house, clk, cast, n)
		}},
		{"tiếp xúc cử tri", func() error { return petitions(ctx, house, clk, cast) }},
		{"câu hỏi của bà con", func() error { return questions(ctx, house, clk, sc.past, cast, n) }},
		{"một bàn tiếp nhận bận rộn", func() error { return busyDesk(ctx, house, clk, sc.past, cast, n) }},
	} {
		if err := step(s.name, s.fn); err != nil {
			return nil, err
		}
	}
	return &cast, os.WriteFile(mark, []byte("ok\n"), 0o640)
}

// committees lists the Front's units of the province at the levels, in the order of the tree.
func committees(house *app.House, levels ...orgunit.Level) []orgunit.Unit {
	r := house.Rooms()
	f, today := r.Units.Forest(), r.Units.Today()
	top, err := f.ByCode(orgunit.LevelProvince, province, today)
	if err != nil {
		return nil
	}
	var out []orgunit.Unit
	for _, l := range levels {
		if l == orgunit.LevelProvince {
			out = append(out, top)
			continue
		}
		out = append(out, f.AtLevel(l, orgunit.KindFront, top.ID, today)...)
	}
	return out
}

// people is who plays which part; the province's by role, the communes' two by unit.
type people struct {
	province orgunit.Unit
	byRole   map[identity.Role]identity.Actor
	officer  map[string]identity.Actor // unit → editor and desk officer
	chair    map[string]identity.Actor // unit → leader and approver
	head     map[string]identity.Actor // commune → who heads the board of its first residential area
	former   identity.Actor            // who was the officer of the fourth commune until the present one came
}

type part struct {
	name, email string
	unit        string
	roles       []identity.Role
	until       clock.Date // the day on which the roles have ended; "" they hold
	keep        func(identity.Actor)
}

// officials invents the people: each role once at the province, and an officer and a chair in every unit below.
func officials(ctx context.Context, house *app.House, units []orgunit.Unit, n *names) (people, error) {
	r := house.Rooms()
	cast := people{province: units[0], byRole: map[identity.Role]identity.Actor{}, officer: map[string]identity.Actor{}, chair: map[string]identity.Actor{}, head: map[string]identity.Actor{}}
	var parts []part
	for _, role := range identity.Roles {
		if role == identity.RoleAreaHead {
			continue // of a residential area, below
		}
		parts = append(parts, part{name: n.person(), email: strings.ReplaceAll(string(role), "_", "-") + "@nghean.example", unit: units[0].ID, roles: []identity.Role{role}, keep: func(a identity.Actor) { cast.byRole[role] = a }})
	}
	for _, u := range units[1:] {
		at := vntext.Slug(u.FullName) + "." + u.Code + ".example"
		parts = append(parts,
			part{name: n.person(), email: "can-bo@" + at, unit: u.ID, roles: []identity.Role{identity.RoleEditor, identity.RoleDeskOfficer, identity.RoleCollector}, keep: func(a identity.Actor) { cast.officer[u.ID] = a }},
			part{name: n.person(), email: "chu-tich@" + at, unit: u.ID, roles: []identity.Role{identity.RoleLeader, identity.RoleApprover, identity.RoleUnitAdmin}, keep: func(a identity.Actor) { cast.chair[u.ID] = a }})
	}
	parts = append(parts, areaHeads(house, units[1:], n, cast)...)
	if communes := communesOf(house); len(communes) > 0 {
		u := communes[min(3, len(communes)-1)]
		parts = append(parts, part{name: newNames(3).person(), email: "can-bo-truoc@" + vntext.Slug(u.FullName) + "." + u.Code + ".example", unit: u.ID, until: r.Units.Today().AddDays(-31),
			roles: []identity.Role{identity.RoleEditor, identity.RoleDeskOfficer}, keep: func(a identity.Actor) { cast.former = a }})
	}
	list := make([]identity.SeedOfficial, len(parts))
	for i, p := range parts {
		list[i] = identity.SeedOfficial{Name: p.name, Email: p.email, Password: password}
		for _, role := range p.roles {
			term := identity.Term{UnitID: p.unit, Role: role, From: r.Units.Today().AddDays(-30)}
			if p.until != "" {
				term.From, term.Until = p.until.AddDays(-700), p.until
			}
			list[i].Memberships = append(list[i].Memberships, term)
		}
	}
	err := r.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ids, err := r.People.SeedOfficials(ctx, tx, list)
		if err != nil {
			return err
		}
		for i, p := range parts {
			a := identity.Actor{Kind: identity.ActorOfficial, ID: ids[i], Name: p.name}
			for _, role := range p.roles {
				a.Grants = append(a.Grants, identity.Grant{Role: role, UnitID: p.unit})
			}
			p.keep(a)
		}
		return nil
	})
	return cast, err
}

// areaHeads gives each commune's first residential area somebody who heads its board.
func areaHeads(house *app.House, units []orgunit.Unit, n *names, cast people) []part {
	r := house.Rooms()
	f, today := r.Units.Forest(), r.Units.Today()
	var out []part
	for _, u := range units {
		for _, a := range f.Children(u.ID, today) {
			if a.Level == orgunit.LevelArea {
				out = append(out, part{name: n.person(), email: "truong-ban@" + vntext.Slug(a.FullName) + "." + u.Code + ".example", unit: a.ID, roles: []identity.Role{identity.RoleAreaHead}, keep: func(x identity.Actor) { cast.head[u.ID] = x }})
				break
			}
		}
	}
	return out
}
