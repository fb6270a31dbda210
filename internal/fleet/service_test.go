package fleet_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/fleet/likeness"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

var migrations = append(append([]db.Migrations{}, channeltest.Migrations...), fleet.Migrations)

// diary keeps the acts that were written down.
type diary struct{ acts []string }

func (d *diary) Record(_ context.Context, _ db.Tx, t identity.Trace) error {
	d.acts = append(d.acts, t.Action)
	return nil
}

type kit struct {
	*channeltest.House
	fleet *fleet.Service
	fake  *channeltest.Fake
	diary *diary
	clock *clock.Stub
}

func newKit(t testing.TB, d *db.DB) *kit {
	t.Helper()
	k := &kit{diary: &diary{}, clock: clock.NewStub(now)}
	k.House = channeltest.NewHouseAt(t, d, channel.Config{}, k.clock)
	k.fake = channeltest.NewFake(channel.Zalo, 0)
	k.Service.Add(k.fake)
	k.Service.Add(channeltest.NewFake(channel.Facebook, 0))
	z, err := identity.NewAuthorizer(k.Units, k.clock, channel.Policies, fleet.Policies)
	if err != nil {
		t.Fatal(err)
	}
	k.fleet = fleet.New(fleet.Deps{DB: d, Queue: k.Queue, Clock: k.clock, Authz: z, Trail: k.diary, Forest: k.Units.Forest, Channels: k.Service, Every: time.Hour})
	return k
}

// account installs an account that is well.
func (k *kit) account(t testing.TB, kind channel.Kind, unit, external string) channel.Account {
	a := well(kind)
	a.UnitID, a.ExternalID, a.Name, a.CreatedAt = unit, external, "MTTQ "+external, now
	return k.AccountWith(t, a, channel.Tokens{Access: "a-" + external, Refresh: "r-" + external})
}

var (
	province = identitytest.Official("tinh", identity.RoleUnitAdmin, orgunittest.Province)
	ward     = identitytest.Official("phuong", identity.RoleUnitAdmin, orgunittest.VinhHung)
	desk     = identitytest.Official("tiep", identity.RoleDeskOfficer, orgunittest.VinhHung)
	sister   = identitytest.Official("xa", identity.RoleUnitAdmin, orgunittest.KimLien)
)

func (k *kit) open(t testing.TB, a identity.Actor, view string) []fleet.Alert {
	t.Helper()
	list, n, err := k.fleet.Alerts(t.Context(), a, fleet.AlertFilter{View: view, Per: 50})
	if err != nil || n != len(list) {
		t.Fatal(n, err)
	}
	return list
}

var lapsed = &channel.Error{Kind: channel.Zalo, Code: "-224", Message: "upgrade", Advice: channel.AdviceHuman, Key: "channel.zalo.package", Scope: channel.ScopeAccount}

// TestAlertLives: a probe that is refused opens one alert, a second probe none beside it; it is taken once, and goes by
// itself when the channel is well again.
func TestAlertLives(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), newKit(t, d)
		a := k.account(t, channel.Zalo, orgunittest.VinhHung, "1")
		opened, closed := 0, 0
		jobs.On(k.Queue, "test", func(context.Context, fleet.AlertOpened) error { opened++; return nil })
		jobs.On(k.Queue, "test", func(context.Context, fleet.AlertClosed) error { closed++; return nil })
		for range 2 {
			k.fake.FailNext(lapsed)
			if _, err := k.Service.Probe(ctx, ward, a.ID); err != nil {
				t.Fatal(err)
			}
			k.Idle(t)
		}
		list := k.open(t, province, fleet.ViewOpen)
		if len(list) != 1 || list[0].Cause != fleet.PackageEnded || list[0].Reason != "channel.zalo.package" || list[0].AccountName != a.Name || opened != 1 {
			t.Fatalf("%+v, %d opened", list, opened)
		}
		alert := list[0]
		if len(k.open(t, ward, fleet.ViewNew)) != 1 || len(k.open(t, sister, fleet.ViewOpen)) != 0 {
			t.Fatal("the unit sees its alert, the neighbour does not")
		}
		own, below, err := k.fleet.Waiting(ctx, ward)
		if err != nil || len(own) != 1 || below != 0 {
			t.Fatal(own, below, err)
		}
		if own, below, err = k.fleet.Waiting(ctx, province); err != nil || len(own) != 0 || below != 1 {
			t.Fatal(own, below, err)
		}
		for name, c := range map[string]struct {
			actor identity.Actor
			note  string
			kind  fault.Kind
		}{"no note": {ward, " ", fault.Invalid}, "a neighbour": {sister, "xem", fault.NotFound}, "the desk": {desk, "xem", fault.Forbidden}} {
			if err := k.fleet.Acknowledge(ctx, c.actor, alert.ID, c.note); !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := k.fleet.Acknowledge(ctx, ward, alert.ID, "Đang làm thủ tục gia hạn gói"); err != nil {
			t.Fatal(err)
		}
		if err := k.fleet.Acknowledge(ctx, province, alert.ID, "nữa"); !fault.Is(err, fault.Conflict) {
			t.Fatalf("taken twice: %v", err)
		}
		if len(k.diary.acts) != 1 || len(k.open(t, province, fleet.ViewNew)) != 0 {
			t.Fatalf("%v", k.diary.acts)
		}
		if _, err := k.Service.Probe(ctx, ward, a.ID); err != nil { // the package was renewed
			t.Fatal(err)
		}
		k.Idle(t)
		past := k.open(t, province, fleet.ViewHistory)
		if len(k.open(t, province, fleet.ViewOpen)) != 0 || len(past) != 1 || past[0].AckNote == "" || past[0].AckName != ward.Name || closed != 1 {
			t.Fatalf("cured: %+v, %d closed", past, closed)
		}
		if err := k.fleet.Acknowledge(ctx, ward, alert.ID, "muộn"); !fault.Is(err, fault.Conflict) {
			t.Fatalf("over: %v", err)
		}
	}, migrations...)
}

// TestTimeAndRulesOpenAlerts: what nobody did also becomes an alert: days go by, a rule is set.
func TestTimeAndRulesOpenAlerts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), newKit(t, d)
		a := k.account(t, channel.Zalo, orgunittest.VinhHung, "1")
		rule := fleet.Rule{UnitID: orgunittest.Province, Kind: channel.Zalo, Names: []string{"MTTQ {unit}"}, SilentDays: 14, WebhookDays: 30}
		if err := k.fleet.SetRule(ctx, ward, rule); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("a ward ruled the province: %v", err)
		}
		bad := rule
		bad.Names, bad.SilentDays = []string{"Mặt trận"}, 0
		if err := k.fleet.SetRule(ctx, province, bad); !fault.Is(err, fault.Invalid) {
			t.Fatalf("a rule without a place: %v", err)
		}
		if err := k.fleet.SetRule(ctx, province, rule); err != nil {
			t.Fatal(err)
		}
		own := rule
		own.UnitID, own.Names = orgunittest.VinhHung, []string{"MTTQ 1 {name}"}
		if err := k.fleet.SetRule(ctx, ward, own); err != nil {
			t.Fatal(err)
		}
		k.Idle(t)
		if list := k.open(t, ward, fleet.ViewOpen); len(list) != 1 || list[0].Cause != fleet.NameOff {
			t.Fatalf("%+v", list)
		}
		rule.Names = []string{"MTTQ 1", "MTTQ 1 {unit}"}
		if err := k.fleet.SetRule(ctx, province, rule); !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		rule.Names = nil
		if err := k.fleet.SetRule(ctx, province, rule); err != nil {
			t.Fatal(err)
		}
		k.Idle(t)
		if list := k.open(t, ward, fleet.ViewOpen); len(list) != 0 {
			t.Fatalf("the higher rule allows any name: %+v", list)
		}
		k.clock.Set(now.AddDate(0, 0, 13))
		if err := k.fleet.SetRule(ctx, province, rule); err != nil { // has everything judged anew
			t.Fatal(err)
		}
		k.Idle(t)
		list := k.open(t, ward, fleet.ViewOpen)
		causes := map[fleet.Condition]bool{}
		for _, x := range list {
			causes[x.Cause] = true
		}
		delete(causes, fleet.Unseen) // unless the hourly probe has just come through
		if !causes[fleet.Silent] || len(causes) != 1 {
			t.Fatalf("after two weeks: %+v", list)
		}
		if err := k.Service.Close(ctx, ward, a.ID); err != nil {
			t.Fatal(err)
		}
		k.Idle(t)
		if list := k.open(t, ward, fleet.ViewOpen); len(list) != 0 {
			t.Fatalf("of a closed account: %+v", list)
		}
	}, migrations...)
}

func TestBulkAndBoard(t *testing.T) {
	ctx, k := t.Context(), newKit(t, dbtest.SQLite(t, migrations...))
	a := k.account(t, channel.Zalo, orgunittest.VinhHung, "1")
	b := k.account(t, channel.Zalo, orgunittest.KimLien, "2")
	out, err := k.fleet.Bulk(ctx, ward, fleet.ActPause, []string{a.ID, b.ID, "nope"})
	if err != nil || len(out.Done) != 1 || out.Done[0].ID != a.ID || len(out.Refused) != 0 {
		t.Fatalf("%+v %v", out, err)
	}
	if out, err = k.fleet.Bulk(ctx, province, fleet.ActResume, []string{a.ID, b.ID}); err != nil || len(out.Done) != 1 || len(out.Refused) != 1 || out.Refused[0].ID != b.ID {
		t.Fatalf("only one was paused: %+v %v", out, err)
	}
	if _, err := k.fleet.Bulk(ctx, desk, fleet.ActPause, []string{a.ID}); !fault.Is(err, fault.Forbidden) {
		t.Fatal(err)
	}
	if _, err := k.fleet.Bulk(ctx, ward, "close", []string{a.ID}); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
	board, err := k.fleet.Board(ctx, province, fleet.BoardQuery{Wanting: true})
	if err != nil || board.Units != 4 || board.Progress[0].Granted != 2 || board.Progress[0].Of != 4 || board.Progress[1].Granted != 0 || board.Wanting != 4 {
		t.Fatalf("%+v %v", board, err)
	}
	if board, err = k.fleet.Board(ctx, province, fleet.BoardQuery{Text: "vinh hung"}); err != nil || len(board.Rows) != 1 || board.Rows[0].Cells[0].Grant != fleet.Granted || board.Rows[0].Cells[1].Grant != fleet.Missing {
		t.Fatalf("%+v %v", board.Rows, err)
	}
	if _, err := k.fleet.Remind(ctx, ward, orgunittest.KimLien); !fault.Is(err, fault.Forbidden) {
		t.Fatal(err)
	}
	f, err := k.fleet.Fleet(ctx, province, fleet.Query{Text: "kim lien"})
	if err != nil || len(f.Rows) != 1 || f.Rows[0].ID != b.ID || f.All != 2 {
		t.Fatalf("%+v %v", f, err)
	}
}

// BenchmarkFleet judges, orders and counts 482 × 3 accounts of one province.
func BenchmarkFleet(b *testing.B) {
	k := newKit(b, dbtest.SQLite(b, migrations...))
	Fill(b, k.House, 482)
	for b.Loop() {
		f, err := k.fleet.Fleet(b.Context(), province, fleet.Query{})
		if err != nil || len(f.Rows) != 482*3 {
			b.Fatal(len(f.Rows), err)
		}
	}
}

// BenchmarkFleetWithLogo is BenchmarkFleet where a logo is demanded and the picture of every account was seen.
func BenchmarkFleetWithLogo(b *testing.B) {
	k := newKit(b, dbtest.SQLite(b, migrations...))
	k.withPictures(b, outside{})
	if err := k.fleet.SetLogo(b.Context(), province, orgunittest.Province, bytes.NewReader(pngOf(b, simkit.Emblem(0, 60)))); err != nil {
		b.Fatal(err)
	}
	k.Idle(b)
	Fill(b, k.House, 482)
	as, err := k.Service.Accounts(b.Context(), province, channel.Filter{})
	if err != nil {
		b.Fatal(err)
	}
	other := likeness.Of(simkit.Emblem(4, 60)).String()
	err = k.DB.InTx(b.Context(), func(ctx context.Context, tx db.Tx) error {
		for _, a := range as {
			_, err := tx.NewRaw("INSERT INTO fleet_face (account_id, picture_id, print, sha256, seen_at, tried_at) VALUES (?, 'p', ?, 's', ?, ?)", a.ID, other, now, now).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		f, err := k.fleet.Fleet(b.Context(), province, fleet.Query{})
		if err != nil || f.ByCondition[fleet.LogoOff] != 482*2 {
			b.Fatal(f.ByCondition, err)
		}
	}
}

// Fill installs n accounts of each kind, spread over the units of the fixture.
func Fill(tb testing.TB, h *channeltest.House, n int) {
	tb.Helper()
	units := []string{orgunittest.VinhHung, orgunittest.KimLien, orgunittest.TruongVinh, orgunittest.Province}
	err := h.DB.InTx(tb.Context(), func(ctx context.Context, tx db.Tx) error {
		for i := range n {
			for _, kind := range []channel.Kind{channel.Zalo, channel.Facebook, channel.Portal} {
				a := well(kind)
				a.UnitID, a.ExternalID, a.Name = units[i%len(units)], fmt.Sprintf("%s-%d", kind, i), fmt.Sprintf("MTTQ số %d", i)
				if _, err := h.Service.Install(ctx, tx, a, channel.Tokens{}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}
