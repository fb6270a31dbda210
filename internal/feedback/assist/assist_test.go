package assist_test

import (
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/assist"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

var (
	head  = identitytest.Official("truong-ban", identity.RoleAreaHead, orgunittest.AreaKimTan)
	other = identitytest.Official("khu-khac", identity.RoleAreaHead, orgunittest.AreaHongSon)
)

type kit struct {
	*feedbacktest.Kit
	assist *assist.Service
}

func each(t *testing.T, fn func(t *testing.T, k *kit)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := &kit{Kit: feedbacktest.New(t, d, nil)}
		k.assist = assist.New(assist.Deps{DB: d, Clock: k.Clock, Authz: k.Authz, Forest: k.Units.Forest, Cases: k.Service})
		fn(t, k)
	}, append(append([]db.Migrations{}, feedbacktest.Migrations...), assist.Migrations)...)
}

func filled(offlineID, code string) assist.Form {
	return assist.Form{OfflineID: offlineID, AreaID: orgunittest.AreaKimTan, Code: code, Consented: true, Intake: feedback.Intake{Kind: feedback.Report, MayPublish: true,
		Text: "Cống đầu khối tắc ba hôm nay, nước tràn vào nhà tôi.", Person: feedback.Person{Name: "Lô Thị Na"}}}
}

func TestSlipHandedOverBeforehandIsTheCase(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := t.Context()
		codes, err := k.assist.Codes(ctx, head, orgunittest.AreaKimTan)
		if err != nil || len(codes) != assist.Spare {
			t.Fatalf("%d codes, %v", len(codes), err)
		}
		s, err := k.assist.Take(ctx, head, filled("f1", codes[2]))
		if err != nil || s.Code != codes[2] || !strings.HasSuffix(s.URL, s.Code) || s.Deadline == "" {
			t.Fatalf("%+v, %v", s, err)
		}
		again, err := k.assist.Take(ctx, head, filled("f1", codes[3]))
		if err != nil || again.Code != s.Code {
			t.Errorf("sent twice: %+v, %v", again, err)
		}
		if n, err := k.assist.Today(ctx, head); err != nil || n != 1 {
			t.Errorf("%d today, %v", n, err)
		}
		left, err := k.assist.Codes(ctx, head, orgunittest.AreaKimTan)
		if err != nil || len(left) != assist.Spare {
			t.Fatalf("%d codes, %v", len(left), err)
		}
		for _, c := range left {
			if c == s.Code {
				t.Error("a used code is offered again")
			}
		}
		list, _, err := k.Service.Cases(ctx, feedbacktest.Officer, feedback.Filter{})
		if err != nil || len(list) != 1 || list[0].Code != s.Code || list[0].HolderUnitID != orgunittest.VinhHung || list[0].Door != feedback.DoorArea {
			t.Fatalf("the ward's queue: %+v, %v", list, err)
		}
		if _, err := k.Service.Dossier(ctx, head, list[0].ID); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden) {
			t.Errorf("the helper reads the case: %v", err)
		}
	})
}

func TestSlipIsShownForAMoment(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := t.Context()
		if _, err := k.assist.Take(ctx, head, filled("f1", "")); err != nil {
			t.Fatal(err)
		}
		if _, err := k.assist.Slip(ctx, head, "f1"); err != nil {
			t.Error(err)
		}
		if _, err := k.assist.Slip(ctx, other, "f1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("another helper: %v", err)
		}
		k.Clock.Advance(assist.Shown + 1)
		if _, err := k.assist.Slip(ctx, head, "f1"); !fault.Is(err, fault.NotFound) {
			t.Errorf("later: %v", err)
		}
	})
}

func TestRefused(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := t.Context()
		theirs, err := k.assist.Codes(ctx, other, orgunittest.AreaHongSon)
		if err != nil {
			t.Fatal(err)
		}
		own, err := k.assist.Codes(ctx, head, orgunittest.AreaKimTan)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.assist.Take(ctx, head, filled("first", own[0])); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			actor  identity.Actor
			change func(*assist.Form)
			kind   fault.Kind
		}{
			"without consent":   {head, func(f *assist.Form) { f.Consented = false }, fault.Invalid},
			"nothing said":      {head, func(f *assist.Form) { f.Intake.Text = "" }, fault.Invalid},
			"another's code":    {head, func(f *assist.Form) { f.Code = theirs[0] }, fault.Conflict},
			"an invented code":  {head, func(f *assist.Form) { f.Code = "AAAA-AAAA-AAA" }, fault.Conflict},
			"a used code":       {head, func(f *assist.Form) { f.Code = own[0] }, fault.Conflict},
			"a long id":         {head, func(f *assist.Form) { f.OfflineID = strings.Repeat("x", 65) }, fault.Invalid},
			"another area":      {other, func(*assist.Form) {}, fault.Forbidden},
			"a desk officer":    {feedbacktest.Officer, func(*assist.Form) {}, fault.Forbidden},
			"somebody unsigned": {identity.Citizen(), func(*assist.Form) {}, fault.Unauthenticated},
		} {
			f := filled("f-"+name, "")
			c.change(&f)
			if _, err := k.assist.Take(ctx, c.actor, f); !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := k.assist.Codes(ctx, other, orgunittest.AreaKimTan); !fault.Is(err, fault.Forbidden) {
			t.Errorf("codes of another area: %v", err)
		}
	})
}
