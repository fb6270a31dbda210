package channel

import (
	"context"
	"encoding/json"
	"io"
	"time"
)

// AttachmentKind is what sort of thing goes with a message.
type AttachmentKind string

// The kinds of attachment.
const (
	AttachPicture AttachmentKind = "picture"
	AttachFile    AttachmentKind = "file"
)

// Attachment is a picture or file that goes with a message to a person. Keep it with the enclosure package, which checks it.
type Attachment struct {
	Kind  AttachmentKind `json:"kind"`
	Key   string         `json:"key"` // of the file store
	Name  string         `json:"name"`
	MIME  string         `json:"mime"`
	Bytes int64          `json:"bytes"`

	// Open reads the content; the kernel sets it before the channel is called.
	Open func(ctx context.Context) (io.ReadCloser, error) `json:"-"`
}

// Button is one button under a message: exactly one of URL, Phone and Words is set.
type Button struct {
	Title string `json:"title"`
	URL   string `json:"url,omitempty"`
	Phone string `json:"phone,omitempty"`
	Words string `json:"words,omitempty"` // said to the account when pressed
}

// Ask is the request that a person hands over name, telephone and address with one touch.
type Ask struct {
	Title   string `json:"title"`
	Text    string `json:"text"`
	Picture string `json:"picture,omitempty"` // public address
}

// Shared is what a person handed over after an Ask.
type Shared struct {
	Name, Phone, Address, City, District, Ward string
}

// extra is what a message has beside its words, as it is stored.
type extra struct {
	Files   []Attachment `json:"files,omitempty"`
	Buttons []Button     `json:"buttons,omitempty"`
	Ask     *Ask         `json:"ask,omitempty"`
	Shared  *Shared      `json:"shared,omitempty"`
}

func (e extra) text() string {
	b, _ := json.Marshal(e) // plain fields cannot fail
	return string(b)
}

func extraOf(text string) (e extra) {
	_ = json.Unmarshal([]byte(text), &e) // written by us
	return e
}

// Files is where the content of attachments lies; enclosure.Keeper implements it.
type Files interface {
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Drop deletes contents; what is not there is no error.
	Drop(ctx context.Context, keys []string) error
}

// SetFiles registers where attachments lie; without it no message takes one.
func (s *Service) SetFiles(f Files) { s.files = f }

// Audience narrows an announcement to a part of the followers. The platforms offer no finer place than a region or one of
// the 63 provinces of before July 2025; a commune is reached through its own account.
type Audience struct {
	Regions   []string `json:"regions,omitempty"`   // "north", "central", "south"
	Provinces []int    `json:"provinces,omitempty"` // the platform's number of a province; they override regions
	Ages      []int    `json:"ages,omitempty"`      // the platform's groups of age
	Gender    int      `json:"gender,omitempty"`    // 0 everybody, 1 men, 2 women
	Platform  int      `json:"platform,omitempty"`  // the platform's number of a kind of telephone
}

func (a *Audience) text() string {
	if a == nil {
		return ""
	}
	b, _ := json.Marshal(a) // plain fields cannot fail
	return string(b)
}

// Targeter is implemented by announcers that can send to a part of the followers.
type Targeter interface {
	AnnounceTo(ctx context.Context, a Account, r Receipt, to Audience) (Receipt, error)
}

// Hours is implemented by channels that take some things only at certain hours.
type Hours interface {
	// From is the first moment not before at when the channel takes such an action.
	From(act Action, at time.Time) time.Time
}

// From is the first moment not before at when accounts of a kind take an action.
func (s *Service) From(kind Kind, act Action, at time.Time) time.Time {
	if h, ok := s.channels[kind].(Hours); ok {
		return h.From(act, at)
	}
	return at
}

// Profile is what a channel shows of a person.
type Profile struct {
	PersonID string
	AppID    string // the same person has the same at all accounts of one app; "" when not told
	Name     string
	Picture  string
	Follows  bool
	LastAct  time.Time // day of the last interaction; zero: not told
	Tags     []string
	Shared   *Shared
}

// Crowd is implemented by channels that can list who follows an account.
type Crowd interface {
	// Followers gives one page. Offset counts people; the channel may end before Total (Capped).
	Followers(ctx context.Context, a Account, f CrowdFilter, offset int) (CrowdPage, error)
	Profile(ctx context.Context, a Account, personID string) (Profile, error)
}

// CrowdFilter narrows a list of followers; its zero value is all.
type CrowdFilter struct {
	Tag  string
	From time.Time // last interaction on this day of Vietnam or later; zero: any
	To   time.Time // and on this day or earlier
}

// CrowdPage is one page of followers.
type CrowdPage struct {
	People []string
	Total  int64
	Next   int  // offset of the next page; 0: this was the last
	Capped bool // there are more, and the channel does not show them
}

// Tagger is implemented by channels whose accounts put tags on people.
type Tagger interface {
	Tags(ctx context.Context, a Account) ([]string, error)
	SetTag(ctx context.Context, a Account, personID, tag string, on bool) error
	DropTag(ctx context.Context, a Account, tag string) error
}

// Historian is implemented by channels that keep what was said before they were connected.
type Historian interface {
	// RecentChats gives the newest line of each conversation, newest first; more tells whether there are further ones.
	RecentChats(ctx context.Context, a Account, offset int) (ms []Message, more bool, err error)
	// Conversation gives the lines with one person, newest first.
	Conversation(ctx context.Context, a Account, personID string, offset int) (ms []Message, more bool, err error)
}

// Group is a chat of many people that an account leads.
type Group struct {
	ID, Name, Link string
	Members        int
	Open           bool // takes messages
}

// GroupAsset is a right to lead one group, with its end.
type GroupAsset struct {
	ID      string
	Size    int    // most members
	Until   string // as the channel writes it
	GroupID string // the group that uses it; "" when free
}

// Grouper is implemented by channels with groups. A message to a group is a Reply with Group set.
type Grouper interface {
	Groups(ctx context.Context, a Account) ([]Group, error)
	GroupAssets(ctx context.Context, a Account) ([]GroupAsset, error)
}

// Piece is one publication as it stands at the channel, whoever put it there.
type Piece struct {
	ID, Title, Link string
	Video, Hidden   bool
	Views           int64
	CreatedAt       time.Time
}

// Shelf is implemented by channels that list what stands at an account and can hide a piece without taking it down.
type Shelf interface {
	Pieces(ctx context.Context, a Account, video bool, offset int) (ps []Piece, total int, err error)
	SetHidden(ctx context.Context, a Account, id string, hidden bool) (Receipt, error)
}
