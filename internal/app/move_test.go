package app_test

import (
	"context"
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgadmin"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// When a commune passes into its sister, its people, channels, conversations, open cases and unfinished posts go along; what
// is published stays where it is. A split that keeps the unit moves none of them.
func TestAMergerTakesEverythingAlong(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			s := seed(t, openHouse(t, engine))
			ctx, r := t.Context(), s.Rooms
			split := orgadmin.Plan{Kind: orgadmin.PlanSplit, On: r.Units.Today().AddDays(-10), Basis: "NQ 8/2026", From: []string{s.Unit}, Keeps: true,
				Into: []orgadmin.Target{{Name: "Mới Tách", Type: "Xã", Code: "99998"}}}
			if v, err := r.Admin.Preview(ctx, s.ProvinceAdmin, split); err != nil || len(v.Lines) != 0 || len(v.Moves) != 0 {
				t.Fatalf("a split that keeps the unit moves: %+v %v", v.Lines, err)
			}
			if _, err := r.Admin.Reorganise(ctx, s.ProvinceAdmin, split); err != nil {
				t.Fatal(err)
			}
			if c, err := r.Channels.AccountByID(ctx, s.Account.ID); err != nil || c.UnitID != s.Unit {
				t.Fatal("the split moved the account", c.UnitID, err)
			}

			plan := orgadmin.Plan{Kind: orgadmin.PlanMerge, On: r.Units.Today(), Basis: "NQ 9/2026", From: []string{s.Unit}, Into: []orgadmin.Target{{UnitID: s.Sister}}}
			v, err := r.Admin.Preview(ctx, s.ProvinceAdmin, plan)
			if err != nil {
				t.Fatal(err)
			}
			lines := map[string]int{}
			for _, l := range v.Lines {
				if l.UnitID == s.Unit {
					lines[l.Key] = l.Count
				}
			}
			want := map[string]int{"identity.move.memberships": 4, "channel.move.accounts": 1, "inbox.move.conversations": 1, "feedback.move.cases": 1, "publish.move.posts": 1}
			for k, n := range want {
				if lines[k] != n {
					t.Errorf("%s: %d, want %d", k, lines[k], n)
				}
			}
			if _, err := r.Admin.Reorganise(ctx, s.ProvinceAdmin, plan); err != nil {
				t.Fatal(err)
			}
			s.movedTo(s.Sister)
		})
	}
}

// movedTo checks that the successor has everything, and that a second run of each mover finds nothing.
func (s *seeded) movedTo(to string) {
	t, ctx, r := s.t, s.t.Context(), s.Rooms
	heir := func(role identity.Role, from identity.Actor) identity.Actor {
		from.Grants = []identity.Grant{{Role: role, UnitID: to}}
		return from
	}
	desk, leader := heir(identity.RoleDeskOfficer, s.Desk), heir(identity.RoleLeader, s.Leader)
	if people, n, err := r.People.People(ctx, s.ProvinceAdmin, identity.PeopleQuery{UnitID: to}); err != nil || n != 4 {
		t.Errorf("people: %d %+v %v", n, people, err)
	}
	if a, err := r.Channels.Account(ctx, leader, s.Account.ID); err != nil || a.UnitID != to {
		t.Errorf("account: %+v %v", a, err)
	}
	if list, n, err := r.Inbox.List(ctx, desk, inbox.Filter{View: inbox.ViewAll}); err != nil || n != 1 || list[0].UnitID != to {
		t.Errorf("conversations: %+v %v", list, err)
	}
	d, err := r.Feedback.Dossier(ctx, leader, s.Case.ID)
	if err != nil || d.Case.HolderUnitID != to || d.Case.OriginUnitID != s.Unit || d.Case.ClaimedBy != s.Desk.ID || len(d.Chain) != 2 || d.Chain[1].UnitID != to {
		t.Errorf("case: %+v %v", d.Case, err)
	}
	if a, ok := d.Pending(); !ok || a.UnitID != to {
		t.Errorf("the answer in review: %+v", a)
	}
	if d, err := r.Feedback.Dossier(ctx, leader, s.Secret.ID); err != nil || d.Case.HolderUnitID != to {
		t.Errorf("the denunciation has no receiver: %+v %v", d.Case, err)
	}
	if _, err := r.Feedback.Approve(ctx, heir(identity.RoleApprover, s.Approver), s.Case.ID, s.Answer, false); err != nil {
		t.Error("the successor cannot give the answer:", err)
	}
	draft, err := r.Publish.Open(ctx, heir(identity.RoleEditor, s.Editor), s.Draft.ID)
	if err != nil || draft.UnitID != to {
		t.Errorf("draft: %+v %v", draft.Post, err)
	}
	post, err := r.Publish.Open(ctx, heir(identity.RoleApprover, s.Approver), s.Post.ID)
	if err != nil || post.UnitID != s.Unit {
		t.Errorf("the published post: %+v %v", post.Post, err)
	}
	s.tx(func(ctx context.Context, tx db.Tx) error {
		for _, m := range []orgadmin.Mover{r.Channels.Mover(), r.Inbox.Mover(), r.Feedback.Mover(), r.Publish.Mover()} {
			if err := m.Move(ctx, tx, s.Unit, to, r.Units.Today()); err != nil {
				return err
			}
		}
		return nil
	})
	if again, err := r.Feedback.Dossier(ctx, leader, s.Case.ID); err != nil || len(again.Chain) != 2 {
		t.Errorf("moved twice: %+v %v", again.Chain, err)
	}
	if n, err := r.Publish.Open(ctx, heir(identity.RoleEditor, s.Editor), s.Draft.ID); err != nil || n.Rev != draft.Rev {
		t.Errorf("moved twice: %+v %v", n.Post, err)
	}
	if m, err := r.Channels.Mover().Preview(ctx, []string{s.Unit}); err != nil || len(m) != 0 {
		t.Errorf("left behind: %+v %v", m, err)
	}
}

// A successor sees on the handover page what the one before has begun; a denunciation is not spoken of.
func TestHandoverShowsCasesAndPosts(t *testing.T) {
	s := seed(t, openHouse(t, "sqlite"))
	ctx := t.Context()
	if _, err := s.Rooms.Feedback.Claim(ctx, s.Leader, s.Secret.ID); err != nil {
		t.Fatal(err)
	}
	titles := func(a identity.Actor) (out []string) {
		people, _, err := s.Rooms.People.People(ctx, s.ProvinceAdmin, identity.PeopleQuery{UnitID: s.Unit})
		s.must(err)
		for _, p := range people {
			if p.OfficialID == a.ID {
				work, err := s.Rooms.People.OpenWorkOf(ctx, s.ProvinceAdmin, p)
				s.must(err)
				for _, w := range work {
					out = append(out, w.Kind+" "+w.Title)
				}
			}
		}
		return out
	}
	for who, want := range map[*identity.Actor][]string{
		&s.Desk:   {"feedback.kind." + string(feedback.Report) + " " + ordinaryWords},
		&s.Editor: {"publish.state." + string(publish.StateDraft) + " " + draftTitle},
		&s.Leader: nil,
	} {
		if got := titles(*who); len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("%s leaves %v, want %v", who.Name, got, want)
		}
	}
}
