package app_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// The words by which a test knows what belongs to the seeded commune.
const (
	draftTitle     = "Bản nháp về ngày hội đại đoàn kết"
	publishedTitle = "Cả xã góp công làm đường hoa"
	ordinaryWords  = "Cống thoát nước ở đầu xóm tắc đã ba tuần"
	secretWords    = "Tôi tố cáo việc chia sai tiền hỗ trợ sau bão"
	spokenWords    = "Cho tôi hỏi lịch phát quà tết của xã"
	zaloID         = "oa-seeded"
)

// seeded is one commune of a house with one thing of everything in it.
type seeded struct {
	t              *testing.T
	House          *app.House
	Rooms          app.Rooms
	Unit, Sister   string // communes of one province
	Province       string
	Editor         identity.Actor
	Approver       identity.Actor
	Desk, Leader   identity.Actor
	ProvinceAdmin  identity.Actor
	Draft, Post    publish.Post
	Case, Secret   feedback.Case
	Answer         string // id of the answer to Case
	Account        channel.Account
	Conversation   inbox.Conversation
	MembershipID   string
	Message, Group string
	Delivery       string
}

// openHouse opens a house on one of the engines.
func openHouse(t *testing.T, engine string) *app.House {
	t.Helper()
	c := app.Defaults()
	c.Data, c.Log.Level, c.Rehearsal.SignIn = t.TempDir(), "error", true
	if engine == "postgres" {
		c.Database = dbtest.PostgresURL(t)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	h, err := app.Open(t.Context(), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// seed fills the first commune of the province.
func seed(t *testing.T, h *app.House) *seeded {
	t.Helper()
	where := places(t, h)
	s := &seeded{t: t, House: h, Rooms: h.Rooms(), Unit: where["own"], Sister: where["stranger"], Province: where["above"]}
	s.Editor = s.official("bien-tap", identity.RoleEditor, s.Unit)
	s.Approver = s.official("duyet", identity.RoleApprover, s.Unit)
	s.Desk = s.official("tiep-nhan", identity.RoleDeskOfficer, s.Unit)
	s.Leader = s.official("lanh-dao", identity.RoleLeader, s.Unit)
	s.ProvinceAdmin = s.official("quan-tri", identity.RoleUnitAdmin, s.Province)
	fake := channeltest.NewFake(channel.Zalo, 0)
	s.Rooms.Channels.Add(fake)
	s.tx(func(ctx context.Context, tx db.Tx) (err error) {
		s.Account, err = s.Rooms.Channels.Install(ctx, tx, channel.Account{UnitID: s.Unit, Kind: channel.Zalo, ExternalID: zaloID, Name: "OA của xã",
			Capabilities: channel.Capabilities{Article: true}, CheckedAt: s.Rooms.Clock.Now()}, channel.Tokens{Access: "a", Expires: s.Rooms.Clock.Now().AddDate(1, 0, 0)})
		return err
	})
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.posts()
	s.cases()
	head, body := fake.Incoming(zaloID, channel.Message{ExternalID: "m-1", PersonID: "p-1", PersonName: "Bùi Thị Nhắn", Text: spokenWords, At: s.Rooms.Clock.Now()})
	s.must(s.Rooms.Channels.Intake(t.Context(), channel.Zalo, head, body))
	s.await("the conversation", func() bool {
		list, n, err := s.Rooms.Inbox.List(t.Context(), s.Desk, inbox.Filter{View: inbox.ViewAll})
		s.must(err)
		if n == 1 {
			s.Conversation = list[0]
		}
		return n == 1
	})
	lines, err := s.Rooms.Channels.Thread(t.Context(), s.Account.ID, "p-1", 10)
	s.must(err)
	s.Message = lines[0].ID
	people, _, err := s.Rooms.People.People(t.Context(), s.ProvinceAdmin, identity.PeopleQuery{UnitID: s.Unit})
	s.must(err)
	s.MembershipID = people[0].MembershipID
	return s
}

func (s *seeded) posts() {
	ctx, p := s.t.Context(), s.Rooms.Publish
	d := publish.Draft{Words: publish.Words{Title: draftTitle, Lead: "Mời bà con.", Body: "<p>Nội dung còn viết dở.</p>"}, Category: "activity",
		Targets: []publish.Target{{Kind: publish.TargetUnit, Ref: s.Unit}}, Kinds: []channel.Kind{channel.Zalo}}
	var err error
	s.Draft, err = p.Create(ctx, s.Editor, s.Unit, d)
	s.must(err)
	d.Title = publishedTitle
	s.Post, err = p.Create(ctx, s.Editor, s.Unit, d)
	s.must(err)
	s.Post, err = p.Submit(ctx, s.Editor, s.Post.ID, s.Post.Rev)
	s.must(err)
	s.Post, err = p.Approve(ctx, s.Approver, s.Post.ID, s.Post.Rev, publish.Approval{Mode: publish.ModeNow})
	s.must(err)
	ds, err := s.Rooms.Channels.Deliveries(ctx, s.Post.ID)
	s.must(err)
	s.Delivery = ds[0].ID
	g, err := p.SaveGroup(ctx, s.Editor, publish.Group{UnitID: s.Unit, Name: "Nhóm riêng của xã", UnitIDs: []string{s.Unit}})
	s.must(err)
	s.Group = g.ID
}

func (s *seeded) cases() {
	ctx, f := s.t.Context(), s.Rooms.Feedback
	in := feedback.Intake{UnitID: s.Unit, Kind: feedback.Report, Text: ordinaryWords, MayPublish: true, Person: feedback.Person{Name: "Phan Văn Hỏi", Phone: "0912 000 678"}}
	var err error
	s.Case, err = f.Ask(ctx, identity.Citizen(), in)
	s.must(err)
	in.Kind, in.Text = feedback.Denunciation, secretWords
	s.Secret, err = f.Ask(ctx, identity.Citizen(), in)
	s.must(err)
	_, err = f.Claim(ctx, s.Desk, s.Case.ID)
	s.must(err)
	s.Case, err = f.Submit(ctx, s.Desk, s.Case.ID, "Xã đã cho khơi cống, xong trong tuần này.")
	s.must(err)
	dossier, err := f.Dossier(ctx, s.Approver, s.Case.ID)
	s.must(err)
	a, _ := dossier.Pending()
	s.Answer = a.ID
}

// official seeds a person with one role and gives them as an actor.
func (s *seeded) official(name string, role identity.Role, unit string) identity.Actor {
	s.t.Helper()
	a := identity.Actor{Kind: identity.ActorOfficial, Name: name, Grants: []identity.Grant{{Role: role, UnitID: unit}}}
	s.tx(func(ctx context.Context, tx db.Tx) (err error) {
		a.ID, err = s.Rooms.People.SeedOfficial(ctx, tx, identity.SeedOfficial{Name: "Cán bộ " + strings.ToUpper(name), Email: name + "@nghean.example",
			Password: "giup-viec-xom-lang", Memberships: []identity.Term{{UnitID: unit, Role: role}}})
		return err
	})
	return a
}

func (s *seeded) tx(fn func(ctx context.Context, tx db.Tx) error) {
	s.t.Helper()
	s.must(s.Rooms.DB.InTx(s.t.Context(), fn))
}

func (s *seeded) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// await lets the jobs run until something is so.
func (s *seeded) await(what string, ok func() bool) {
	s.t.Helper()
	for over := time.Now().Add(30 * time.Second); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(over) {
			s.t.Fatal("still not there: " + what)
		}
	}
}
