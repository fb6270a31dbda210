package orgadmin_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgadmin"
	ot "github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// room is a room of the house with things that belong to units: how many of them each unit has.
type room struct {
	has   map[string]int
	fails error
	runs  int
}

func (r *room) Preview(_ context.Context, from []string) (out []orgadmin.MoveLine, _ error) {
	for _, u := range from {
		if r.has[u] > 0 {
			out = append(out, orgadmin.MoveLine{UnitID: u, Key: "test.things", Count: r.has[u]})
		}
	}
	return out, nil
}

func (r *room) Move(_ context.Context, _ db.Tx, from, to string, _ clock.Date) error {
	r.runs++
	if r.fails != nil {
		return r.fails
	}
	r.has[to] += r.has[from]
	delete(r.has, from)
	return nil
}

// diary keeps the traces it was given.
type diary struct{ traces []identity.Trace }

func (d *diary) Record(_ context.Context, _ db.Tx, t identity.Trace) error {
	d.traces = append(d.traces, t)
	return nil
}

type house struct {
	*orgadmin.Service
	units *orgunit.Service
	queue *jobs.Queue
	clock *clock.Stub
	room  *room
	diary *diary
	heard []orgunit.Reorganised
}

var ctx = context.Background()

func build(t *testing.T, d *db.DB) *house {
	t.Helper()
	if err := jobs.Migrate(ctx, d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{queue: q, clock: clock.NewStub(ot.Now), room: &room{has: map[string]int{ot.KimLien: 3, ot.TruongVinh: 2}}, diary: &diary{}}
	h.units = ot.SeedAt(t, d, h.clock)
	auth := identitytest.Authorizer(t, h.units, identity.PolicyFile{Feature: "orgunit", Text: orgadmin.Policies})
	h.Service = orgadmin.New(d, h.units, auth, h.diary, q, h.clock, h.room)
	jobs.On(q, "test", func(_ context.Context, e orgunit.Reorganised) error { h.heard = append(h.heard, e); return nil })
	return h
}

func each(t *testing.T, fn func(t *testing.T, h *house)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, build(t, d)) }, ot.Migrations, orgadmin.Migrations)
}

var (
	province = identitytest.Official("hà", identity.RoleUnitAdmin, ot.Province)
	ward     = identitytest.Official("lan", identity.RoleUnitAdmin, ot.VinhHung)
	editor   = identitytest.Official("minh", identity.RoleEditor, ot.Province)
	it       = identitytest.Official("quang", identity.RoleSystemAdmin, ot.TruongVinh)
)

const today clock.Date = "2026-11-21"

func mergePlan(on clock.Date) orgadmin.Plan {
	return orgadmin.Plan{Kind: orgadmin.PlanMerge, On: on, Basis: "NQ 9/2026", From: []string{ot.KimLien, ot.TruongVinh},
		Into: []orgadmin.Target{{Name: "Làng Sen", Type: "Phường", Code: "17950"}}}
}

func TestMergeToday(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v, err := h.Preview(ctx, province, mergePlan(today))
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Ended) != 2 || len(v.Made) != 1 || len(v.Lines) != 2 || len(v.Rehomed) != 2 || v.Deferred || h.room.runs != 0 {
			t.Fatalf("%+v", v)
		}
		recordID, err := h.Reorganise(ctx, province, mergePlan(today))
		if err != nil {
			t.Fatal(err)
		}
		f := h.units.Forest()
		next, err := f.ByCode(orgunit.LevelCommune, "17950", today)
		if err != nil || next.FullName != "Phường Làng Sen" || next.ParentID != ot.Province {
			t.Fatal(next, err)
		}
		if !f.Under(ot.AreaSen, next.ID, today) || !f.Under(ot.AreaHongSon, next.ID, today) || f.Under(ot.AreaSen, next.ID, "2026-11-20") {
			t.Error("areas must follow on the day")
		}
		if h.room.has[next.ID] != 5 {
			t.Error("things did not follow", h.room.has)
		}
		if err := h.queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		if len(h.heard) != 1 || h.heard[0].ID != recordID || len(h.heard[0].Moved) != 2 {
			t.Errorf("%+v", h.heard)
		}
		if len(h.diary.traces) != 1 || h.diary.traces[0].Action != "orgunit.reorganised" {
			t.Errorf("%+v", h.diary.traces)
		}
		rs, err := h.Records(ctx, province)
		if err != nil || len(rs) != 1 || rs[0].MovedAt == nil || rs[0].Plan.Basis != "NQ 9/2026" {
			t.Fatalf("%+v %v", rs, err)
		}
		if _, err := h.Record(ctx, province, recordID); err != nil {
			t.Error(err)
		}
		if _, err := h.Record(ctx, ward, recordID); !fault.Is(err, fault.NotFound) {
			t.Error("a stranger read the record", err)
		}
	})
}

// A plan for a day to come changes nothing today; on the day everything goes over, once.
func TestMergeInTheFuture(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const day clock.Date = "2027-01-01"
		if _, err := h.Reorganise(ctx, province, mergePlan(day)); err != nil {
			t.Fatal(err)
		}
		if err := h.queue.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		f := h.units.Forest()
		if u, _ := f.Unit(ot.KimLien, today); !u.Stands(today) || h.room.runs != 0 {
			t.Fatal("too early")
		}
		next, err := f.ByCode(orgunit.LevelCommune, "17950", day)
		if err != nil || next.ID == ot.KimLien {
			t.Fatal(next, err)
		}
		rs, err := h.Records(ctx, province)
		if err != nil || rs[0].MovedAt != nil {
			t.Fatal(rs, err)
		}
		h.clock.Set(day.Time().Add(time.Minute))
		for range 2 { // the job may run twice
			if err := h.CarryOver(ctx, rs[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		if h.room.has[next.ID] != 5 || h.room.runs != 2 {
			t.Error(h.room.has, h.room.runs)
		}
	})
}

// When one room cannot hand its things over, nothing at all has happened.
func TestAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.room.fails = errors.New("disk full")
		before := h.units.Forest().Version()
		if _, err := h.Reorganise(ctx, province, mergePlan(today)); err == nil {
			t.Fatal("must fail")
		}
		if _, err := h.units.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		rs, err := h.Records(ctx, province)
		if err != nil || len(rs) != 0 || h.units.Forest().Version() != before {
			t.Fatal("something half-written stayed", rs, err)
		}
	})
}

func TestSplitAndRenameAndCloseLevel(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		split := orgadmin.Plan{Kind: orgadmin.PlanSplit, On: today, Basis: "NQ 10/2026", From: []string{ot.VinhHung},
			Into:   []orgadmin.Target{{Name: "Nghi Kim", Type: "Phường"}, {Name: "Nghi Liên", Type: "Phường"}},
			Assign: map[string]int{ot.AreaKimHoa: 1}}
		if _, err := h.Reorganise(ctx, province, split); err != nil {
			t.Fatal(err)
		}
		f := h.units.Forest()
		heirs := f.Successors(ot.FormerNghiKim, today)
		if len(heirs) != 2 || !f.Under(ot.AreaKimTan, heirs[0].ID, today) || !f.Under(ot.AreaKimHoa, heirs[1].ID, today) {
			t.Fatal(heirs)
		}
		if !f.Under(ot.VinhHung, ot.Province, today) || f.Under(ot.VinhHung, heirs[0].ID, today) {
			t.Error("what was split stands under the province, not under one of its parts")
		}
		rename := orgadmin.Plan{Kind: orgadmin.PlanRename, On: today, Basis: "NQ 11/2026", From: []string{ot.KimLien}, Into: []orgadmin.Target{{Name: "Kim Liên", Type: "Phường"}}}
		if _, err := h.Reorganise(ctx, province, rename); err != nil {
			t.Fatal(err)
		}
		if u, _ := h.units.Forest().Unit(ot.KimLien, today); u.FullName != "Phường Kim Liên" || !u.Stands(today) {
			t.Error(u)
		}
		level := orgadmin.Plan{Kind: orgadmin.PlanCloseLevel, On: "2027-01-01", Basis: "Luật", From: []string{ot.Province}, Level: orgunit.LevelArea}
		if v, err := h.Preview(ctx, province, level); err != nil || len(v.Ended) != 4 || !v.Deferred {
			t.Fatal(v, err)
		}
		if _, err := h.Reorganise(ctx, province, level); err != nil {
			t.Fatal(err)
		}
		if got := h.units.Forest().AtLevel(orgunit.LevelArea, orgunit.KindFront, "", "2027-01-01"); len(got) != 0 {
			t.Error(got)
		}
	})
}

func TestMergedWardKeepsOneOffice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := orgadmin.Plan{Kind: orgadmin.PlanMerge, On: today, Basis: "NQ 12/2026", From: []string{ot.VinhHung, ot.TruongVinh},
			Into: []orgadmin.Target{{Name: "Thành Vinh", Type: "Phường"}}}
		if _, err := h.Reorganise(ctx, province, p); err != nil {
			t.Fatal(err)
		}
		got := h.units.Forest().Successors(ot.WardOffice, today)
		if len(got) != 1 || got[0].FullName != "Ủy ban nhân dân phường Thành Vinh" || got[0].Kind != orgunit.KindAgency {
			t.Error(got)
		}
	})
}

func TestBadPlans(t *testing.T) {
	h := build(t, dbtest.SQLite(t, ot.Migrations, orgadmin.Migrations))
	for name, c := range map[string]struct {
		change func(*orgadmin.Plan)
		field  string
	}{
		"no day":              {func(p *orgadmin.Plan) { p.On = "2026-02-30" }, "on"},
		"no decision":         {func(p *orgadmin.Plan) { p.Basis = " " }, "basis"},
		"unknown kind":        {func(p *orgadmin.Plan) { p.Kind = "burn" }, "kind"},
		"nothing chosen":      {func(p *orgadmin.Plan) { p.From = nil }, "from"},
		"one into a new one":  {func(p *orgadmin.Plan) { p.From = p.From[:1] }, "from"},
		"into itself":         {func(p *orgadmin.Plan) { p.From, p.Into = p.From[:1], []orgadmin.Target{{UnitID: ot.KimLien}} }, "from"},
		"mixed levels":        {func(p *orgadmin.Plan) { p.From[1] = ot.AreaSen }, "from"},
		"into another level":  {func(p *orgadmin.Plan) { p.Into = []orgadmin.Target{{UnitID: ot.AreaKimHoa}} }, "into"},
		"no name":             {func(p *orgadmin.Plan) { p.Into[0].Name = "" }, "name"},
		"code of a third one": {func(p *orgadmin.Plan) { p.Into[0].Code = "17920" }, "code"},
		"former unit":         {func(p *orgadmin.Plan) { p.From[1] = ot.FormerNghiKim }, "from"},
		"split into one":      {func(p *orgadmin.Plan) { p.Kind, p.From = orgadmin.PlanSplit, p.From[:1] }, "into"},
		"level above":         {func(p *orgadmin.Plan) { p.Kind, p.Level = orgadmin.PlanCloseLevel, orgunit.LevelProvince }, "level"},
	} {
		p := mergePlan(today)
		c.change(&p)
		_, err := h.Reorganise(ctx, it, p)
		if !fault.Is(err, fault.Invalid) || !names(err, c.field) {
			t.Errorf("%s: %v, want a fault of %s", name, err, c.field)
		}
	}
	if h.units.Forest().Version() != 2 {
		t.Error("a refused plan left a trace in the tree")
	}
}

func names(err error, field string) bool {
	var fs fault.Fields
	var f *fault.Error
	if errors.As(err, &fs) {
		for _, f := range fs {
			if f.Field == field {
				return true
			}
		}
		return false
	}
	return errors.As(err, &f) && f.Field == field
}

func TestWhoMay(t *testing.T) {
	h := build(t, dbtest.SQLite(t, ot.Migrations, orgadmin.Migrations))
	own := orgadmin.Plan{Kind: orgadmin.PlanRename, On: today, Basis: "NQ", From: []string{ot.VinhHung}, Into: []orgadmin.Target{{Name: "Vinh Hưng", Type: "Xã"}}}
	for name, c := range map[string]struct {
		actor         identity.Actor
		plan          orgadmin.Plan
		preview, done bool
	}{
		"province renames a ward":            {province, own, true, true},
		"IT renames a ward":                  {it, own, true, true},
		"a ward renames itself":              {ward, own, true, false},
		"an editor":                          {editor, own, false, false},
		"a citizen":                          {identity.Citizen(), own, false, false},
		"a ward merges two others":           {ward, mergePlan(today), false, false},
		"a ward closes its clusters":         {ward, orgadmin.Plan{Kind: orgadmin.PlanCloseLevel, On: today, Basis: "NQ", From: []string{ot.VinhHung}, Level: orgunit.LevelArea}, true, true},
		"a ward closes the province's areas": {ward, orgadmin.Plan{Kind: orgadmin.PlanCloseLevel, On: today, Basis: "NQ", From: []string{ot.Province}, Level: orgunit.LevelArea}, false, false},
	} {
		_, err := h.Preview(ctx, c.actor, c.plan)
		if allowed(err) != c.preview {
			t.Errorf("%s: preview: %v", name, err)
		}
		_, err = h.Reorganise(ctx, c.actor, c.plan)
		if allowed(err) != c.done {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func allowed(err error) bool {
	return !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.Unauthenticated)
}

func TestAreas(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		form := orgadmin.AreaForm{Name: "Mỹ Hòa", Type: "Khối", On: today, Basis: "QĐ 5/2026"}
		areaID, err := h.AddArea(ctx, ward, ot.VinhHung, form)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.AddArea(ctx, ward, ot.VinhHung, orgadmin.AreaForm{Name: "Mỹ Hoà", Type: "Khối", On: today}); !names(err, "name") {
			t.Error("the same name in the other spelling is taken", err)
		}
		for field, bad := range map[string]orgadmin.AreaForm{"name": {Type: "Khối", On: today}, "type": {Name: "A", Type: "Vương quốc", On: today}, "on": {Name: "A", Type: "Khối"}} {
			if _, err := h.AddArea(ctx, ward, ot.VinhHung, bad); !names(err, field) {
				t.Error(field, err)
			}
		}
		clusterID, err := h.AddArea(ctx, ward, areaID, orgadmin.AreaForm{Name: "Tổ liên gia 1", Type: "Tổ liên gia", On: today})
		if err != nil {
			t.Fatal(err)
		}
		if u, _ := h.units.Forest().Unit(clusterID, today); u.Level != orgunit.LevelCluster || u.FullName != "Tổ liên gia 1" {
			t.Error(u)
		}
		if err := h.RenameArea(ctx, ward, areaID, orgadmin.AreaForm{Name: "Mỹ Sơn", Type: "Khối", On: "2026-12-01"}); err != nil {
			t.Fatal(err)
		}
		if u, _ := h.units.Forest().Unit(areaID, "2026-12-01"); u.FullName != "Khối Mỹ Sơn" {
			t.Error(u)
		}
		if err := h.CloseArea(ctx, ward, areaID, ot.AreaKimHoa, "2027-01-01", "QĐ 6/2026"); err != nil {
			t.Fatal(err)
		}
		if !h.units.Forest().Under(clusterID, ot.AreaKimHoa, "2027-01-01") {
			t.Error("the cluster must follow")
		}
		if err := h.CloseArea(ctx, ward, ot.AreaSen, "", today, ""); allowed(err) {
			t.Error("a ward closed an area of another commune", err)
		}
		if err := h.CloseArea(ctx, province, ot.KimLien, "", today, ""); !fault.Is(err, fault.Conflict) {
			t.Error("a commune is no area", err)
		}
		_, list, err := h.Areas(ctx, ward, ot.VinhHung, today)
		if err != nil || len(list) != 3 {
			t.Error(list, err)
		}
		if _, _, err := h.Areas(ctx, identitytest.Official("x", identity.RoleUnitAdmin, ot.KimLien), ot.VinhHung, today); allowed(err) {
			t.Error("a stranger saw the list")
		}
		if len(h.diary.traces) != 4 {
			t.Error(h.diary.traces)
		}
	})
}

func TestImportList(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const head = "level,code,name,parent_code,type\n"
		for name, c := range map[string]struct {
			actor identity.Actor
			text  string
			ok    bool
		}{
			"own ward":              {ward, head + "area,17920-009,Mỹ Sơn,17920,Khối\ncluster,17920-009-1,Tổ 1,17920-009,Tổ liên gia\n", true},
			"IT anywhere":           {it, head + "area,17950-009,Hoàng Trù,17950,Xóm\n", true},
			"another commune":       {ward, head + "area,17950-010,Hoàng Trù,17950,Xóm\n", false},
			"renames another's":     {ward, head + "area,17950-001,Sen Hai,17920,Xóm\n", false},
			"a commune in the list": {ward, head + "commune,99999,Mới,40,Xã\n", false},
			"an editor":             {editor, head + "area,17920-010,A,17920,Khối\n", false},
			"a citizen":             {identity.Citizen(), head, false},
		} {
			before := h.units.Forest().Len()
			r, err := h.ImportList(ctx, c.actor, strings.NewReader(c.text))
			if (err == nil) != c.ok || (r.Added > 0) != c.ok || (h.units.Forest().Len() > before) != c.ok {
				t.Errorf("%s: %+v %v", name, r, err)
			}
		}
		if n := len(h.diary.traces); n != 2 {
			t.Errorf("%d traces, want 2", n)
		}
	})
}
