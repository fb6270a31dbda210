package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// fleetLimit is how long the page of the fleet may take on the server, at the 95th percentile.
const fleetLimit = 200 * time.Millisecond

// fleet measures the page of the fleet over four accounts of each of 482 units: as a province looks at it, filtered, searched,
// ordered, the board of connecting, and one commune's own.
func (b *bench) fleet(ctx context.Context) error {
	return b.engines(func(engine db.Engine, url string) error { return b.fleetOn(ctx, engine, url) })
}

func (b *bench) fleetOn(ctx context.Context, engine db.Engine, url string) (err error) {
	if url != "" {
		if url, err = emptyDatabase(ctx, url, "fleet"); err != nil {
			return err
		}
	}
	r, err := b.house(ctx, "fleet-"+string(engine), rig.Setup{Year2024: true, Pages: true, Database: url})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	cfg := r.Config("127.0.0.1:1")
	if err := cfg.Check(); err != nil {
		return err
	}
	var log quiet
	house, err := app.Open(ctx, cfg, &log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	people, err := fillFleet(ctx, house, r)
	if err != nil {
		return err
	}
	srv := httptest.NewServer(house.Handler())
	defer srv.Close()
	var slow []string
	for _, m := range []struct{ who, name, path string }{
		{"province", "the page of the fleet", "/lam-viec/doi-kenh"},
		{"province", "its last page", "/lam-viec/doi-kenh?trang=99"},
		{"province", "silent channels of Zalo", "/lam-viec/doi-kenh?kenh=zalo&tinh_trang=silent"},
		{"province", "searched without marks", "/lam-viec/doi-kenh?q=kim"},
		{"province", "ordered by unit", "/lam-viec/doi-kenh?xep=unit"},
		{"province", "the board of connecting", "/lam-viec/doi-kenh/tien-do"},
		{"commune", "its own fleet", "/lam-viec/doi-kenh"},
	} {
		p, err := rig.NewPerson(func() string { return srv.URL })
		if err != nil {
			return err
		}
		if err := p.SignIn(ctx, people[m.who]); err != nil {
			return err
		}
		p95, median, err := b.fleetPage(ctx, p, m.path)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		b.line("%-8s %-9s %-26s median %8s · p95 %8s; limit %s: ratio %.2f", engine, m.who, m.name, short(median), short(p95), short(fleetLimit), float64(p95)/float64(fleetLimit))
		if p95 > fleetLimit {
			slow = append(slow, m.name)
		}
	}
	if len(slow) > 0 {
		return fmt.Errorf("fleet on %s: over %s at p95: %q", engine, fleetLimit, slow)
	}
	return nil
}

func (b *bench) fleetPage(ctx context.Context, p *rig.Person, path string) (p95, median time.Duration, err error) {
	rounds := 40
	if b.short {
		rounds = 10
	}
	var took []time.Duration
	for i := range rounds + 1 {
		began := time.Now()
		status, _, page, err := p.Do(ctx, path, nil)
		if err == nil && (status != http.StatusOK || !strings.Contains(page, "Đội kênh")) {
			err = fmt.Errorf("%s answered %d", path, status)
		}
		if err != nil {
			return 0, 0, err
		}
		if i > 0 { // statements are known by the second, as in a house that runs
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	return took[len(took)*95/100], took[len(took)/2], nil
}

// fillFleet gives each unit, beside its Official Account and page, a channel of films and a second page, sets a rule for names
// and seeds an administrator of the province and one of a commune.
func fillFleet(ctx context.Context, house *app.House, r *rig.Rig) (people map[string]string, err error) {
	rooms := house.Rooms()
	var ids []string
	err = rooms.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for i, u := range r.Units {
			for _, k := range []channel.Kind{channel.YouTube, channel.Facebook} {
				a := channel.Account{Kind: k, UnitID: u.ID, ExternalID: fmt.Sprintf("fleet-%s-%d", k, i), Name: fmt.Sprintf("MTTQ %s (%d)", u.FullName, i%3), Link: "https://kenh.example/" + u.ID,
					State: channel.AccountConnected, Followers: int64(i * 7)}
				if i%9 == 0 {
					a.State, a.StateReason = channel.AccountReauth, "channel.error.reauth"
				}
				if _, err := rooms.Channels.Install(ctx, tx, a, channel.Tokens{}); err != nil {
					return err
				}
			}
		}
		var list []identity.SeedOfficial
		for i, x := range []string{r.Units[0].ID, r.Units[1].ID} {
			list = append(list, identity.SeedOfficial{Name: "Quản trị kênh", Email: fmt.Sprintf("fleet-%d@rig.example", i),
				Memberships: []identity.Term{{UnitID: x, Role: identity.RoleUnitAdmin, From: rooms.Units.Today().AddDays(-30)}}})
		}
		ids, err = rooms.People.SeedOfficials(ctx, tx, list)
		return err
	})
	if err != nil {
		return nil, err
	}
	admin := identity.Actor{Kind: identity.ActorOfficial, ID: ids[0], Name: "Quản trị kênh", Grants: []identity.Grant{{Role: identity.RoleUnitAdmin, UnitID: r.Units[0].ID}}}
	err = rooms.Fleet.SetRule(ctx, admin, fleet.Rule{UnitID: r.Units[0].ID, Kind: channel.Facebook, Names: []string{"MTTQ {unit}"}, SilentDays: 14, WebhookDays: 30})
	return map[string]string{"province": ids[0], "commune": ids[1]}, err
}
