package correction_test

import (
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	ft "github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/inbox/correction"
	it "github.com/nhipcau/nhipcau/internal/inbox/inboxtest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

var (
	provinceDesk     = identitytest.Official("ban-tinh", identity.RoleDeskOfficer, orgunittest.Province)
	provinceApprover = identitytest.Official("duyet-tinh", identity.RoleApprover, orgunittest.Province)
)

func each(t *testing.T, fn func(t *testing.T, k *it.Kit, s *correction.Service)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := it.New(t, d, nil)
		z, err := identity.NewAuthorizer(k.Units, k.Clock, identity.PolicyFile{Feature: "correction", Text: correction.Policies})
		if err != nil {
			t.Fatal(err)
		}
		fn(t, k, correction.New(correction.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Authz: z, Trail: k.Audit, Forest: k.Units.Forest, Inbox: k.Inbox}))
	}, append(append([]db.Migrations{}, it.Migrations...), correction.Migrations)...)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%v, want %v", err, kind)
	}
}

// The same wrong word in several places is answered once, and the answer goes to each place once: also to those noted later.
func TestOneAnswerForAllPlaces(t *testing.T) {
	each(t, func(t *testing.T, k *it.Kit, s *correction.Service) {
		ctx := t.Context()
		k.Say(it.OA, "hoa", "Nghe nói phải nộp 500 nghìn tiền quỹ?")
		k.Say(it.Page, "mai", "Có thật là thu 500 nghìn không?")
		list, _, err := k.Inbox.List(ctx, ft.Officer, inbox.Filter{})
		ok(t, err)
		if len(list) != 2 {
			t.Fatalf("%+v", list)
		}
		c, err := s.Open(ctx, provinceDesk, orgunittest.Province, " Mỗi hộ phải nộp  500 nghìn ", "")
		ok(t, err)
		for range 2 { // noted twice counts once
			ok(t, s.Note(ctx, ft.Officer, c.ID, list[0].ID))
		}
		refused(t, s.Draft(ctx, provinceDesk, c.ID, " ", ""), fault.Invalid)
		refused(t, s.Draft(ctx, provinceDesk, c.ID, "Không thu.", "javascript:alert(1)"), fault.Invalid)
		ok(t, s.Draft(ctx, provinceDesk, c.ID, "Quỹ là tự nguyện, không ai phải nộp.", "https://mttq.example/tin/quy"))
		refused(t, s.Approve(ctx, ft.Officer, c.ID), fault.Forbidden)
		refused(t, s.Approve(ctx, identitytest.And(provinceDesk, identity.RoleApprover, orgunittest.Province), c.ID), fault.Forbidden) // four eyes
		ok(t, s.Approve(ctx, provinceApprover, c.ID))
		k.Drain()
		ok(t, s.Note(ctx, ft.Officer, c.ID, list[1].ID))
		ok(t, s.Note(ctx, ft.Officer, c.ID, list[0].ID))
		k.Drain()
		sent := append(k.Zalo.Sent(), k.Facebook.Sent()...)
		if len(sent) != 2 || !strings.Contains(sent[0].Text, "tự nguyện") || !strings.HasSuffix(sent[1].Text, "https://mttq.example/tin/quy") {
			t.Errorf("told: %+v", sent)
		}
		got, err := s.Get(ctx, ft.Officer, c.ID)
		ok(t, err)
		if got.Seen != 2 || got.Told != 2 || got.State != correction.StateAnswered || got.Title != "Mỗi hộ phải nộp 500 nghìn" {
			t.Errorf("%+v", got)
		}
		places, err := s.Places(ctx, provinceDesk, c.ID)
		ok(t, err)
		if len(places) != 2 || places[0].Seen != 1 {
			t.Errorf("%+v", places)
		}
		in, err := s.In(ctx, ft.Officer, list[0].ID)
		ok(t, err)
		if len(in) != 1 || in[0].ID != c.ID {
			t.Errorf("%+v", in)
		}
		if c, err := k.Inbox.Look(ctx, ft.Officer, list[0].ID); err != nil || !c.Waits() {
			t.Errorf("the person's question still waits for its own answer: %v %v", c.WaitingSince, err)
		}
		refused(t, s.Draft(ctx, provinceDesk, c.ID, "Khác", ""), fault.Conflict)
		refused(t, s.Approve(ctx, provinceApprover, c.ID), fault.Conflict)
	})
}

func TestWhoSees(t *testing.T) {
	each(t, func(t *testing.T, _ *it.Kit, s *correction.Service) {
		ctx := t.Context()
		_, err := s.Open(ctx, ft.Officer, orgunittest.Province, "Cầu sắp sập", "")
		refused(t, err, fault.Forbidden)
		_, err = s.Open(ctx, ft.Officer, orgunittest.VinhHung, strings.Repeat("a", correction.MaxTitle+1), "")
		refused(t, err, fault.Invalid)
		c, err := s.Open(ctx, ft.Officer, orgunittest.VinhHung, "Cầu Kim Tân sắp sập", "")
		ok(t, err)
		_, err = s.Get(ctx, ft.OtherOfficer, c.ID) // a sister ward
		refused(t, err, fault.NotFound)
		list, n, err := s.List(ctx, provinceDesk, correction.Filter{Text: "cau kim tan", State: correction.StateOpen})
		ok(t, err)
		if n != 1 || len(list) != 1 {
			t.Errorf("%+v", list)
		}
		_, err = s.Get(ctx, ft.Officer, "none")
		refused(t, err, fault.NotFound)
		refused(t, s.Note(ctx, ft.Officer, c.ID, "none"), fault.NotFound)
	})
}
