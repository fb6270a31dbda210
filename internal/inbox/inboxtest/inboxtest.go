// Package inboxtest gives tests a working inbox on a real database: the channels with an outside world in memory, feedback as
// the place where cases are made, and the officials of feedbacktest. People write by Say and Comment as through a webhook.
package inboxtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/enclosure"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// Migrations is what a test gives to dbtest.
var Migrations = append(append([]db.Migrations{}, feedbacktest.Migrations...), channel.Migrations, inbox.Migrations)

// Outside ids of the accounts: the Zalo account and Facebook page of Phường Vinh Hưng, the Zalo account of Trường Vinh.
const (
	OA      = "oa-vinh-hung"
	Page    = "page-vinh-hung"
	OtherOA = "oa-truong-vinh"
	Tube    = "tube-vinh-hung"
)

// Admin looks after the people of Phường Vinh Hưng and has no desk.
var Admin = identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.VinhHung)

// Kit is an inbox with everything around it.
type Kit struct {
	*feedbacktest.Kit
	Inbox    *inbox.Service
	Channels *channel.Service
	Zalo     *channeltest.Fake
	Facebook *channeltest.Fake
	YouTube  *channeltest.Fake
	Kept     *enclosure.Keeper          // files with answers
	Accounts map[string]channel.Account // by outside id
	said     int
}

// New makes a kit on a database with Migrations. Words speaks to citizens; nil gives the keys themselves.
func New(t testing.TB, d *db.DB, words feedback.Words) *Kit {
	t.Helper()
	speaks := words
	if speaks == nil {
		speaks = plain{}
	}
	k := &Kit{Kit: feedbacktest.New(t, d, words, identitytest.File("inbox", inbox.Policies), channel.Policies),
		Zalo: channeltest.NewFake(channel.Zalo, 0), Facebook: channeltest.NewFake(channel.Facebook, 0),
		YouTube: channeltest.NewFake(channel.YouTube, 0), Accounts: map[string]channel.Account{}}
	k.Channels = channel.New(channel.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Authz: k.Authz, Sealer: channeltest.Sealer{}, Units: k.Units,
		Config: channel.Config{Backoff: 20 * time.Millisecond, CallbackURL: "http://127.0.0.1/kenh/ket-noi/ve", Tries: 1}})
	k.Channels.Add(k.Zalo)
	k.Channels.Add(k.Facebook)
	k.Channels.Add(k.YouTube)
	k.Zalo.Files = 1
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k.Kept = enclosure.New(blobs, k.Channels, k.Clock, nil)
	k.Channels.SetFiles(k.Kept)
	k.Service.Replies = k.Channels
	k.Inbox = inbox.New(inbox.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Authz: k.Authz, Trail: k.Audit, Forest: k.Units.Forest, Channels: k.Channels,
		Cases: k.Service, People: Desk{feedbacktest.Officer, feedbacktest.Colleague, feedbacktest.Leader, feedbacktest.OtherOfficer}, Calendar: workday.New(), Words: speaks, Keeper: k.Kept})
	k.account(channel.Zalo, orgunittest.VinhHung, OA)
	k.account(channel.Facebook, orgunittest.VinhHung, Page)
	k.account(channel.Zalo, orgunittest.TruongVinh, OtherOA)
	k.account(channel.YouTube, orgunittest.VinhHung, Tube)
	return k
}

func (k *Kit) account(kind channel.Kind, unitID, external string) {
	k.T.Helper()
	err := k.DB.InTx(k.T.Context(), func(ctx context.Context, tx db.Tx) error {
		a, err := k.Channels.Install(ctx, tx, channel.Account{Kind: kind, UnitID: unitID, ExternalID: external, Name: "Trang " + external, Link: "https://kenh.example/" + external},
			channel.Tokens{Access: "a-" + external})
		k.Accounts[external] = a
		return err
	})
	if err != nil {
		k.T.Fatal(err)
	}
}

func (k *Kit) fake(external string) *channeltest.Fake {
	switch k.Accounts[external].Kind {
	case channel.Facebook:
		return k.Facebook
	case channel.YouTube:
		return k.YouTube
	}
	return k.Zalo
}

// Say lets a person write to an account in private, now.
func (k *Kit) Say(external, person, text string) { k.SayAt(external, person, text, k.Clock.Now()) }

// SayAt is Say for a message that the person wrote earlier.
func (k *Kit) SayAt(external, person, text string, at time.Time) {
	k.T.Helper()
	k.hear(external, channel.Message{PersonID: person, PersonName: "Người " + person, Text: text, At: at})
}

// SayUnnamed is Say where the message itself does not tell who wrote it; the channel knows the name when asked.
func (k *Kit) SayUnnamed(external, person, name, text string) {
	k.T.Helper()
	k.fake(external).Names = map[string]string{person: name}
	k.hear(external, channel.Message{PersonID: person, Text: text, At: k.Clock.Now()})
}

// Comment lets a person write under a publication of an account.
func (k *Kit) Comment(external, person, post, text string) {
	k.T.Helper()
	k.hear(external, channel.Message{PersonID: person, PersonName: "Người " + person, Text: text, Comment: &channel.CommentRef{PostExternalID: post}, At: k.Clock.Now()})
}

// Show lets a person send pictures that lie at the given addresses.
func (k *Kit) Show(external, person, text string, addresses ...string) {
	k.T.Helper()
	m := channel.Message{PersonID: person, PersonName: "Người " + person, Text: text, At: k.Clock.Now()}
	for _, a := range addresses {
		m.Pictures = append(m.Pictures, channel.Picture{URL: a})
	}
	k.hear(external, m)
}

// HandOver lets a person hand over name and address after they were asked for.
func (k *Kit) HandOver(external, person string, s channel.Shared) {
	k.T.Helper()
	k.hear(external, channel.Message{PersonID: person, PersonName: "Người " + person, Text: s.Name + "\n" + s.Phone, Shared: &s, At: k.Clock.Now()})
}

func (k *Kit) hear(external string, m channel.Message) {
	k.T.Helper()
	k.said++
	m.ExternalID = fmt.Sprintf("m-%d", k.said)
	h, body := k.fake(external).Incoming(external, m)
	if err := k.Channels.Intake(k.T.Context(), k.fake(external).Kind(), h, body); err != nil {
		k.T.Fatal(err)
	}
	k.Drain()
}

// Withdraw lets a person ask an account to forget them.
func (k *Kit) Withdraw(external, person string) {
	k.T.Helper()
	h, body := k.fake(external).Happening(external, channel.InboundWithdraw, person, k.Clock.Now())
	if err := k.Channels.Intake(k.T.Context(), k.fake(external).Kind(), h, body); err != nil {
		k.T.Fatal(err)
	}
	k.Drain()
}

// Only gives the one conversation that an official sees under the filter.
func (k *Kit) Only(a identity.Actor, f inbox.Filter) inbox.Conversation {
	k.T.Helper()
	list, n, err := k.Inbox.List(k.T.Context(), a, f)
	if err != nil || n != 1 || len(list) != 1 {
		k.T.Fatalf("one conversation expected: %d, %+v, %v", n, list, err)
	}
	return list[0]
}

// Desk knows these officials by the roles they hold.
type Desk []identity.Actor

// People implements inbox.People.
func (d Desk) People(_ context.Context, _ identity.Actor, q identity.PeopleQuery) ([]identity.Person, int, error) {
	var out []identity.Person
	joined := feedbacktest.Now
	for _, a := range d {
		if a.Has(q.Role, q.UnitID) {
			out = append(out, identity.Person{OfficialID: a.ID, Name: a.Name, Role: q.Role, UnitID: q.UnitID, ValidFrom: "2026-01-01", ValidTo: clock.Forever, JoinedAt: &joined})
		}
	}
	return out, len(out), nil
}

// plain gives the key of a text with its arguments.
type plain struct{}

func (plain) T(key string, args ...any) string {
	return fmt.Sprint(append([]any{key, " "}, args...)...)
}
