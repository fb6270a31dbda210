// Package votertest opens the room of voter petitions for tests, with a seeded tree of units, and makes rounds, meetings and
// items in one line each.
package votertest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/voter"
)

// Migrations are the tables that a House needs.
var Migrations = []db.Migrations{orgunit.Migrations, voter.Migrations}

// Posts keeps the drafts that were begun.
type Posts struct {
	IDs, Units, Titles, Leads, Texts []string
	Die                              int // so many times the process dies after the draft is kept
	Asked                            int
}

// DraftPost remembers the draft; one with the same id is there already.
func (p *Posts) DraftPost(_ context.Context, postID, unitID, title, lead, text string) error {
	p.Asked++
	if !slices.Contains(p.IDs, postID) {
		p.IDs, p.Units, p.Titles, p.Leads, p.Texts = append(p.IDs, postID), append(p.Units, unitID), append(p.Titles, title), append(p.Leads, lead), append(p.Texts, text)
	}
	if p.Die > 0 {
		p.Die--
		return errors.New("votertest: the process died")
	}
	return nil
}

// Words says keys with their arguments, for tests without catalogues.
type Words struct{}

// T writes the key and the values.
func (Words) T(id string, args ...any) string {
	var b bytes.Buffer
	b.WriteString(id)
	for i := 1; i < len(args); i += 2 {
		b.WriteString(" ")
		b.WriteString(text(args[i]))
	}
	return b.String()
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return "·"
}

type noTrail struct{}

func (noTrail) Record(context.Context, db.Tx, identity.Trace) error { return nil }

// House is the room with everything under it.
type House struct {
	Voter *voter.Service
	Queue *jobs.Queue
	Clock *clock.Stub
	Units *orgunit.Service
	Authz *identity.Authorizer
	Posts *Posts
}

// New opens the room on a migrated database.
func New(t testing.TB, d *db.DB) *House {
	return NewWith(t, d, Words{})
}

// NewWith opens it with the words of a catalogue.
func NewWith(t testing.TB, d *db.DB, words voter.Words) *House {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	h := &House{Clock: clock.NewStub(orgunittest.Now), Posts: &Posts{}}
	h.Units = orgunittest.SeedAt(t, d, h.Clock)
	must(jobs.Migrate(t.Context(), d))
	var err error
	h.Queue, err = jobs.New(d, jobs.Config{Fast: true})
	must(err)
	box, err := secret.Parse("k1 " + strings.Repeat("ab", 32))
	must(err)
	h.Authz, err = identity.NewAuthorizer(h.Units, h.Clock, voter.Policies)
	must(err)
	h.Voter = voter.New(voter.Deps{DB: d, Queue: h.Queue, Clock: h.Clock, Authz: h.Authz, Trail: noTrail{}, Forest: h.Units.Forest, Sealer: box, Posts: h.Posts, Words: words})
	return h
}

// Round opens a round of the ward Vinh Hưng before a session ten days after at.
func (h *House) Round(t testing.TB, actor identity.Actor, session string, at time.Time) voter.Round {
	t.Helper()
	r, err := h.Voter.SaveRound(t.Context(), actor, voter.Round{UnitID: actor.Grants[0].UnitID, Level: voter.LevelCommune, Session: session, Phase: voter.Before, SessionOn: clock.DateOf(at).AddDays(10)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Held plans a meeting with the voters of a place and holds it.
func (h *House) Held(t testing.TB, actor identity.Actor, r voter.Round, place string) voter.Meeting {
	t.Helper()
	m, err := h.Voter.PlanMeeting(t.Context(), actor, voter.Meeting{RoundID: r.ID, PlaceUnitID: place, Place: "Nhà văn hóa khối", StartsAt: h.Clock.Now().Add(-time.Hour), Delegates: "Nguyễn Thị Đại Biểu, đại biểu HĐND phường"})
	if err == nil {
		m, err = h.Voter.Hold(t.Context(), actor, m.ID, voter.Meeting{Attendance: 85, Chair: "Lê Văn Chủ Trì", Clerk: "Phan Thị Thư Ký", Summary: "Cử tri phấn khởi trước kết quả phát triển kinh tế - xã hội."})
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Items writes petitions into the minutes; the speaker's name is kept, without consent.
func (h *House) Items(t testing.TB, actor identity.Actor, m voter.Meeting, texts ...string) []voter.Item {
	t.Helper()
	list := make([]voter.NewItem, len(texts))
	for i, x := range texts {
		list[i] = voter.NewItem{Text: x, Speaker: "Trần Văn Nói"}
	}
	out, err := h.Voter.AddItems(t.Context(), actor, m.ID, list, voter.Typed)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
