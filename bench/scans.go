package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/relief"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// packers are how many people scan boxes at the same moment, in a flood.
const packers = 200

// scans measures how long a packer waits for the large answer when two hundred scan at once at one warehouse, over HTTP.
func (b *bench) scans(ctx context.Context) error {
	b.line("a scan takes goods out of the warehouse into a box, on the disk before it is acknowledged; %d packers at one warehouse", packers)
	if err := b.scansOn(ctx, db.SQLite, ""); err != nil {
		return err
	}
	at, err := b.postgresURL()
	if errors.Is(err, exec.ErrNotFound) {
		b.line("PostgreSQL is not installed (Debian: apt-get install postgresql): its lines are left out")
		return nil
	}
	if err != nil {
		return err
	}
	return b.scansOn(ctx, db.Postgres, at)
}

func (b *bench) scansOn(ctx context.Context, engine db.Engine, at string) (err error) {
	r, err := b.house(ctx, "scans-"+string(engine), rig.Setup{Units: 3, Database: at})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	f, err := floodgates(ctx, r)
	if err != nil {
		return err
	}
	listen, err := rig.FreeAddress()
	if err != nil {
		return err
	}
	p, err := r.Start(ctx, listen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	got, err := load(ctx, packers, b.window, f.packer(p))
	if err != nil {
		return err
	}
	b.line("%-8s %4.0f scans/s, median %s, p99 %s; every box once", engine, got.rate(), short(got.median), short(got.p99))
	return f.check(ctx, r)
}

// flooded is a warehouse with more boxes to pack than the window lasts.
type flooded struct {
	official string
	codes    []string
	next     atomic.Int64
	rice     int64
}

// floodgates fills a house with rice and planned boxes.
func floodgates(ctx context.Context, r *rig.Rig) (f *flooded, err error) {
	cfg := r.Config("127.0.0.1:1")
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	var log quiet
	house, err := app.Open(ctx, cfg, &log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	rooms, f := house.Rooms(), &flooded{rice: 1_000_000}
	unit := r.Units[0].ID
	s, today := rooms.Relief, rooms.Relief.Today()
	err = rooms.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ids, err := rooms.People.SeedOfficials(ctx, tx, []identity.SeedOfficial{{Name: "Người đóng gói", Email: "packer@rig.example",
			Memberships: []identity.Term{{UnitID: unit, Role: identity.RolePacker, From: today.AddDays(-30)}}}})
		if err == nil {
			f.official = ids[0]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	keeper := identity.Actor{Kind: identity.ActorOfficial, ID: "bench", Name: "Thủ kho", Grants: []identity.Grant{{Role: identity.RoleStorekeeper, UnitID: unit}}}
	return f, f.fill(ctx, s, keeper, r, today)
}

func (f *flooded) fill(ctx context.Context, s *relief.Service, keeper identity.Actor, r *rig.Rig, today clock.Date) error {
	rice, err := s.SaveItem(ctx, keeper, relief.Item{Code: "GAO", Name: "Gạo tẻ", Measure: "kg", Kind: "food", UnitValue: 18_000})
	if err != nil {
		return err
	}
	var ends []relief.Warehouse
	for i, u := range r.Units[:2] {
		w, err := s.SaveWarehouse(ctx, keeper, relief.Warehouse{UnitID: u.ID, Code: fmt.Sprintf("K%d", i), Name: "Kho " + u.Name, Address: u.FullName})
		if err != nil {
			return err
		}
		ends = append(ends, w)
	}
	line := []relief.Line{{ItemID: rice.ID, Qty: f.rice, UnitValue: -1}}
	if _, err := s.PostSlip(ctx, keeper, relief.SlipForm{WarehouseID: ends[0].ID, Kind: relief.SlipIn, OnDate: today, Party: "Người góp", Lines: line}); err != nil {
		return err
	}
	for range 20 {
		ba, err := s.PlanBoxes(ctx, keeper, relief.PlanForm{WarehouseID: ends[0].ID, DestID: ends[1].ID, Name: "Suất một hộ", Boxes: 500, Lines: []relief.Line{{ItemID: rice.ID, Qty: 10}}})
		if err != nil {
			return err
		}
		_, _, boxes, err := s.OpenBatch(ctx, keeper, ba.ID)
		if err != nil {
			return err
		}
		for _, b := range boxes {
			f.codes = append(f.codes, b.Code)
		}
	}
	return nil
}

// packer signs in and scans one box after the other.
func (f *flooded) packer(p *rig.Process) func(int) (func(context.Context) (int64, error), func(), error) {
	return func(int) (func(context.Context) (int64, error), func(), error) {
		person, err := rig.NewPerson(func() string { return p.URL })
		if err != nil {
			return nil, nil, err
		}
		if err := person.SignIn(context.Background(), f.official); err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context) (int64, error) {
			n := f.next.Add(1) - 1
			if n >= int64(len(f.codes)) {
				return 0, fmt.Errorf("%d boxes are not enough for the window", len(f.codes))
			}
			status, _, page, err := person.Do(ctx, "/lam-viec/cuu-tro/quet", url.Values{"act": {"pack"}, "code": {f.codes[n]}})
			if err == nil && !strings.Contains(page, `data-scan="ok"`) {
				err = fmt.Errorf("a scan was answered %d", status)
			}
			return int64(len(page)), err
		}, nil, nil
	}
}

// check counts what the scans took: ten kilograms each, once.
func (f *flooded) check(ctx context.Context, r *rig.Rig) error {
	d, err := r.OpenDatabase(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	var packed, rice int64
	if err := d.Read().NewRaw("SELECT count(*) FROM relief_box WHERE state = 'packed'").Scan(ctx, &packed); err != nil {
		return err
	}
	if err := d.Read().NewRaw("SELECT sum(qty) FROM relief_stock WHERE place LIKE 'kho:%'").Scan(ctx, &rice); err != nil {
		return err
	}
	if f.rice-rice != 10*packed {
		return fmt.Errorf("%d boxes are packed, but %d kg left the warehouse", packed, f.rice-rice)
	}
	return nil
}
