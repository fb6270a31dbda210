// Package publish is the way of a post from a first line to every channel of every unit it is meant for. An editor writes
// it, another person approves it, and from that moment the house delivers it to the Zalo accounts, the Facebook pages and
// the public pages, keeps a receipt for each, and can later correct it or take it down in all those places.
//
// A post has versions. The version being written may change; once it went to review it never changes again, so what was
// approved is what stands in public. Each kind of channel may have an edition of its own (a shorter title for Zalo), and
// places such as ((unit name)) are filled in for each unit.
package publish

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// State is where the newest version of a post stands.
type State string

// The states. A correction of a published post goes through draft, review and so on again while the old text stands.
const (
	StateDraft     State = "draft"
	StateReview    State = "review"    // waits for another person
	StateReturned  State = "returned"  // came back with a reason; the next save begins a new version
	StateApproved  State = "approved"  // approved, to be published when somebody says so
	StateScheduled State = "scheduled" // deliveries are written down and wait for their hour
	StatePublished State = "published"
	StateRetracted State = "retracted" // taken down; the public page says so
	StateDiscarded State = "discarded" // given up before anybody outside saw it
)

// States lists the states in the order in which pages offer them.
var States = [...]State{StateDraft, StateReview, StateReturned, StateApproved, StateScheduled, StatePublished, StateRetracted}

// Canary says how the first few deliveries of a post are doing.
type Canary string

// The canary's states.
const (
	CanaryNone     Canary = ""         // everything goes at once
	CanaryWaiting  Canary = "waiting"  // the first accounts are trying it out, the rest is held
	CanaryStuck    Canary = "stuck"    // one of the first failed: a person decides
	CanaryReleased Canary = "released" // the rest may go
)

// CanarySize is how many accounts try a post first.
const CanarySize = 3

// Post is one post; its words are in its versions.
type Post struct {
	bun.BaseModel `bun:"table:publish_post,alias:p"`

	ID         string    `bun:"id,pk"`
	UnitID     string    `bun:"unit_id"` // the unit that writes it and answers for it
	AuthorID   string    `bun:"author_id"`
	AuthorName string    `bun:"author_name"`
	State      State     `bun:"state"`
	Version    int       `bun:"version"`  // number of the newest version, from 1
	Live       int       `bun:"live"`     // number of the version approved for the public; 0: none yet
	Rev        int       `bun:"rev"`      // grows with every change: who saves over an older one is refused
	Slug       string    `bun:"slug"`     // last part of the public address; "" until first approved
	Title      string    `bun:"title"`    // of the newest version, for lists
	Category   string    `bun:"category"` // of the newest version
	Folded     string    `bun:"folded"`   // title and lead as a search key
	PublishAt  time.Time `bun:"publish_at,nullzero"`
	WantCanary bool      `bun:"want_canary"`
	// WantAnnounce is the wish that the followers of the Zalo accounts are told; who approves has the last word.
	WantAnnounce bool      `bun:"want_announce"`
	Canary       Canary    `bun:"canary"`
	SubmittedAt  time.Time `bun:"submitted_at,nullzero"`
	PublishedAt  time.Time `bun:"published_at,nullzero"` // first publication
	CreatedAt    time.Time `bun:"created_at"`
	UpdatedAt    time.Time `bun:"updated_at"`
}

// Correcting tells whether a new version is in work while an older one stands in public.
func (p Post) Correcting() bool {
	return p.Live > 0 && p.Version > p.Live && p.State != StatePublished && p.State != StateRetracted
}

// Current is the number of the version that the state speaks of.
func (p Post) Current() int {
	if p.State == StatePublished {
		return p.Live
	}
	return p.Version
}

// Editable tells whether words may be typed: a published post first needs Correct.
func (p Post) Editable() bool { return p.State == StateDraft || p.State == StateReturned }

// VersionKind tells a text from a taking-down, which counts as a version because channels are told of it once.
type VersionKind string

// The kinds of version.
const (
	VersionText       VersionKind = "text"
	VersionRetraction VersionKind = "retraction"
)

// Words is the text of a post or of one of its editions.
type Words struct {
	Title string `json:"title"` // one line, NFC
	Lead  string `json:"lead"`  // plain text
	Body  string `json:"body"`  // sanitised HTML
}

// Edition is what differs for one kind of channel; an empty part is taken from the post.
type Edition struct {
	Kind channel.Kind `json:"kind"`
	Words
}

// PictureRef is a picture used by a version, with its words.
type PictureRef struct {
	ID      string `json:"id"`
	Alt     string `json:"alt"` // for those who cannot see it; required
	Caption string `json:"caption"`
}

// TargetKind says how a target names units.
type TargetKind string

// The kinds of target.
const (
	TargetSubtree TargetKind = "subtree" // the unit and every committee below it, down to the communes
	TargetLevel   TargetKind = "level"   // the units of one level below (and including) the unit
	TargetGroup   TargetKind = "group"   // a saved group
	TargetUnit    TargetKind = "unit"    // one unit
)

// Target is one line of "for whom"; it is resolved to units on the day of approval.
type Target struct {
	Kind  TargetKind    `json:"kind"`
	Ref   string        `json:"ref"`             // id of the unit, or of the group
	Level orgunit.Level `json:"level,omitempty"` // for TargetLevel
}

// Draft is everything a person can type about a post.
type Draft struct {
	Words
	Category   string
	MediaURL   string // address of a sound or film, https
	VideoID    string // film of the house; "" none
	Erratum    string // when correcting: what was wrong, shown to the public
	Editions   []Edition
	Pictures   []PictureRef // the first is the cover
	Targets    []Target
	Kinds      []channel.Kind // channels beside the portal; empty means all
	PublishAt  time.Time      // wished hour; zero: as soon as approved
	WantCanary bool
	// WantAnnounce: the followers of the Zalo accounts should be told of it (a broadcast)
	WantAnnounce bool
	Audience     *channel.Audience // whom of them; nil: everybody
}

// Version is one version of a post.
type Version struct {
	PostID    string      `bun:"post_id,pk"`
	Number    int         `bun:"number,pk"`
	Kind      VersionKind `bun:"kind"`
	Words     `bun:"-"`
	Category  string            `bun:"category"`
	MediaURL  string            `bun:"media_url"`
	VideoID   string            `bun:"-"`
	Erratum   string            `bun:"erratum"` // of a correction, or the notice of a retraction
	Editions  []Edition         `bun:"-"`
	Pictures  []PictureRef      `bun:"-"`
	Targets   []Target          `bun:"-"`
	Kinds     []channel.Kind    `bun:"-"`
	Audience  *channel.Audience `bun:"-"` // for whom the broadcast is; nil: everybody
	Editors   []string          `bun:"-"` // ids of everybody who changed it: none of them may approve it
	CreatedBy string            `bun:"created_by"`
	ByName    string            `bun:"by_name"`
	CreatedAt time.Time         `bun:"created_at"`
	FrozenAt  time.Time         `bun:"frozen_at,nullzero"` // sent to review
	ApproveBy string            `bun:"approved_by"`
	ApproveAt time.Time         `bun:"approved_at,nullzero"`
}

// Draft gives the version back as what can be typed.
func (v Version) Draft() Draft {
	return Draft{Words: v.Words, Category: v.Category, MediaURL: v.MediaURL, VideoID: v.VideoID, Erratum: v.Erratum, Editions: v.Editions,
		Pictures: v.Pictures, Targets: v.Targets, Kinds: v.Kinds, Audience: v.Audience}
}

// For gives the words of the version on a kind of channel, before places are filled in.
func (v Version) For(kind channel.Kind) Words {
	w := v.Words
	for _, e := range v.Editions {
		if e.Kind != kind {
			continue
		}
		if e.Title != "" {
			w.Title = e.Title
		}
		if e.Lead != "" {
			w.Lead = e.Lead
		}
		if e.Body != "" {
			w.Body = e.Body
		}
	}
	return w
}

// Goes tells whether the version is meant for a kind of channel. The portal always has it: the other channels link there.
// YouTube takes nothing without a film.
func (v Version) Goes(kind channel.Kind) bool {
	if kind == channel.YouTube && v.VideoID == "" {
		return false
	}
	if kind == channel.Portal || len(v.Kinds) == 0 {
		return true
	}
	for _, k := range v.Kinds {
		if k == kind {
			return true
		}
	}
	return false
}

// Kinds are the kinds of channel a post can go to, in the order pages show them.
var Kinds = [...]channel.Kind{channel.Zalo, channel.Facebook, channel.YouTube, channel.Portal}

// Comment is a remark of one official to the others about a post.
type Comment struct {
	bun.BaseModel `bun:"table:publish_comment,alias:c"`

	ID         string    `bun:"id,pk"`
	PostID     string    `bun:"post_id"`
	Version    int       `bun:"version"`
	AuthorID   string    `bun:"author_id"`
	AuthorName string    `bun:"author_name"`
	Text       string    `bun:"text"`
	CreatedAt  time.Time `bun:"created_at"`
}

// Step is one line of a post's history; What is the verb ("submit", "return", "approve", …) and names its catalogue text.
type Step struct {
	bun.BaseModel `bun:"table:publish_history,alias:h"`

	ID        string    `bun:"id,pk"`
	PostID    string    `bun:"post_id"`
	Version   int       `bun:"version"`
	At        time.Time `bun:"at"`
	ActorID   string    `bun:"actor_id"`
	ActorName string    `bun:"actor_name"`
	What      string    `bun:"what"`
	Note      string    `bun:"note"` // reason, erratum
}

// Category is one subject heading; Name is empty for those the house brings, whose names are in the catalogue under
// "publish.category.<code>".
type Category struct {
	bun.BaseModel `bun:"table:publish_category,alias:k"`

	Code     string `bun:"code,pk"`
	Name     string `bun:"name"`
	Position int    `bun:"position"`
}

// Group is a saved set of units of one owner unit, to be named as a target.
type Group struct {
	ID      string   `bun:"id,pk"`
	UnitID  string   `bun:"unit_id"`
	Name    string   `bun:"name"`
	UnitIDs []string `bun:"-"`
}
