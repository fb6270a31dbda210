// Package subscription keeps those who read along: whoever wishes to be told of new things of a unit (its posts and its answers
// to questions) by e-mail, in their browser or by a message to their telephone, at once or collected once a day or a week. Nobody
// is written to by e-mail who has not confirmed the address by the link in the first letter; every letter carries a link
// that ends it with one click (RFC 8058); a browser is asked by the browser itself, a telephone number is proved by a code. Addresses are kept sealed, are shown to
// nobody, and are deleted when the reader stops or when the door takes nothing any more. One thing is told to one reader
// once, and only while it stands in public.
//
// Rooms that have something to tell are Sources; they call Announce when something new stands in public.
package subscription

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/mail"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	mailer "github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/platform/webpush"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "subscription", FS: migrationFS}

// Policies is the permission file of this room.
//
//go:embed policies.cedar
var Policies string

// Path is where the pages of readers stand; behind it the secret of one reader.
const Path = "/bao-tin"

// The limits.
const (
	ConfirmDays = 7  // for so long the link of the first letter can be used
	MaxRefused  = 3  // days at which a door may refuse for good
	MaxSoft     = 10 // days at which it may refuse for the time being
	MaxPending  = 3  // letters that ask one address for confirmation, in a day
	MaxTopics   = 30 // topics of one reader
	MaxADay     = 6  // tellings at once to one reader in a day; the rest waits for the next morning
	DigestHour  = 7  // Vietnam time from which collected tellings go out
	QuietFrom   = 21 // Vietnam time from which browsers are left in peace until DigestHour
	MaxItems    = 30 // things in one letter; the rest is on the page it links to
	KeepDays    = 90 // for so long it is kept what a reader was told; then counts alone
)

// Door is the way to a reader.
type Door string

// The doors.
const (
	Email   Door = "email"
	Browser Door = "webpush"
	Zalo    Door = "zalo" // a message to a telephone number
)

// Doors lists the doors in the order of pages.
var Doors = [...]Door{Email, Browser, Zalo}

// Pace is how often a reader wishes to be told.
type Pace string

// The paces.
const (
	Now    Pace = "now"
	Daily  Pace = "daily"
	Weekly Pace = "weekly"
)

// Paces lists the paces in the order of pages.
var Paces = [...]Pace{Now, Daily, Weekly}

func (p Pace) valid() bool { return p == Now || p == Daily || p == Weekly }

// Topic is what a reader wishes to be told of.
type Topic struct {
	Kind     string // of a Source: "post", "answer"
	UnitID   string
	Below    bool   // the units below it too
	Category string // code of the source; "" is all of them
}

// Reader is a reader as their own page shows it: without the address.
type Reader struct {
	ID        string
	Door      Door
	Pace      Pace
	Confirmed bool
	Until     clock.Date // of an unconfirmed one: the last day of its link
	Topics    []Chosen
}

// Pending tells whether something waits for confirmation.
func (r Reader) Pending() bool {
	for _, t := range r.Topics {
		if !t.Confirmed {
			return true
		}
	}
	return !r.Confirmed
}

// Chosen is a topic that was chosen.
type Chosen struct {
	Topic
	ID        string
	Confirmed bool
}

// Words gives texts in one language; *i18n.Localizer has it.
type Words interface {
	T(id string, args ...any) string
}

// Item is one thing as it is told: everything in it stands in public.
type Item struct {
	ID          string
	Title, Lead string // Lead may be empty
	From        string // whose it is, as the public calls it
	Link        string // absolute
	At          time.Time
}

// Ref names a thing, and the unit on whose page its reader finds it ("" where the source decides).
type Ref struct{ ID, UnitID string }

// Category is one subject of a source, with its name.
type Category struct{ Code, Name string }

// Source is a room that has something to tell.
type Source interface {
	// Kind is its name in tables and texts.
	Kind() string
	// Items gives those of the things that stand in public now, in the order asked.
	Items(ctx context.Context, w Words, refs []Ref) ([]Item, error)
	// Categories lists its subjects.
	Categories(ctx context.Context, w Words, lang string) ([]Category, error)
}

// Sealer seals what must not be readable in a stolen database; *secret.Box has it.
type Sealer interface {
	Seal(plain []byte, place string) (string, error)
	Open(sealed, place string) ([]byte, error)
}

// Trail writes down what officials did; *audit.Log has it.
type Trail interface {
	Record(ctx context.Context, tx db.Tx, e identity.Trace) error
}

// Pusher writes to browsers; *webpush.Client has it.
type Pusher interface {
	Check(s webpush.Subscription) error
	Send(ctx context.Context, s webpush.Subscription, plain []byte, o webpush.Options) error
	PublicKey() (string, error)
}

// Deps is what the service stands on.
type Deps struct {
	DB      *db.DB
	Queue   *jobs.Queue
	Clock   clock.Clock
	Authz   *identity.Authorizer
	Trail   Trail
	Forest  func() *orgunit.Forest
	Sealer  Sealer
	Key     []byte      // for the keyed hash of addresses and the marks of letters
	Post    mailer.Post // nil: no e-mail
	Push    Pusher      // nil: no browsers
	ByPhone *ByPhone    // nil: no telephones
	Returns string      // address to which undeliverable letters come back, marked behind a "+"; "" leaves them to the house's own
	Words   func(lang string) Words
	Name    func(w Words, u orgunit.Unit) string // what the public calls a unit
	BaseURL string
	From    string         // the house's address, for the DNS records that it needs
	Relay   string         // HOST:PORT of its mail server
	Signer  *mailer.Signer // signs letters; nil when none go out
}

// Service keeps the readers and tells them.
type Service struct {
	Deps
	sources map[string]Source
	order   []string
}

// New makes the service and registers its jobs.
func New(d Deps) *Service {
	s := &Service{Deps: d, sources: map[string]Source{}}
	jobs.Handle(d.Queue, func(ctx context.Context, j *jobs.Job[confirmArgs]) error { return s.askToConfirm(ctx, j.Args.ID) })
	jobs.Handle(d.Queue, func(ctx context.Context, j *jobs.Job[sendArgs]) error { return s.tell(ctx, j.Args.ID) })
	jobs.Handle(d.Queue, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return s.sweep(ctx) })
	d.Queue.Every(time.Hour, func() jobs.Args { return sweepArgs{} })
	if d.ByPhone != nil {
		jobs.On(d.Queue, "subscription", s.onNotice)
	}
	return s
}

// Add lets a source be chosen, before the house begins to work.
func (s *Service) Add(x Source) {
	s.sources[x.Kind()] = x
	s.order = append(s.order, x.Kind())
}

// Kinds lists the sources in the order in which they were added.
func (s *Service) Kinds() []string { return append([]string{}, s.order...) }

// Categories lists the subjects of a source; nothing for a source that is not there.
func (s *Service) Categories(ctx context.Context, kind string, w Words, lang string) ([]Category, error) {
	src := s.sources[kind]
	if src == nil {
		return nil, nil
	}
	return src.Categories(ctx, w, lang)
}

// Enabled tells whether the house can use a door.
func (s *Service) Enabled(d Door) bool {
	return d == Email && s.Post != nil || d == Browser && s.Push != nil || d == Zalo && s.ByPhone != nil
}

// PushKey is the public half of the key that signs pushes, "" when the house sends none.
func (s *Service) PushKey() string {
	if s.Push == nil {
		return ""
	}
	k, err := s.Push.PublicKey()
	if err != nil {
		return ""
	}
	return k
}

// Sealed lists the columns that hold sealed texts, for sealing them anew after a key was added.
func Sealed() []secret.Column {
	return []secret.Column{
		{Table: "subscription_reader", Key: "id", Column: "address", Place: place},
		{Table: "subscription_key", Key: "name", Column: "sealed", Place: keyPlace},
	}
}

func place(readerID string) string { return "subscription_reader:" + readerID }

// sealed is what stands sealed in the address column.
type sealed struct {
	Email string                `json:"e,omitempty"`
	Push  *webpush.Subscription `json:"p,omitempty"`
	Phone string                `json:"n,omitempty"`
	Token string                `json:"t"`
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (s *Service) mac(what, text string) string {
	m := hmac.New(sha256.New, s.Key)
	m.Write([]byte(what + "\x00" + text))
	return hex.EncodeToString(m.Sum(nil))
}

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// address reads an e-mail address as people type it; false when it is none.
func address(typed string) (string, bool) {
	typed = strings.TrimSpace(typed)
	a, err := mail.ParseAddress(typed)
	if err != nil || a.Name != "" || a.Address != typed || len(typed) > 254 {
		return "", false
	}
	_, domain, _ := strings.Cut(typed, "@")
	return typed, strings.Contains(domain, ".") && !strings.ContainsAny(typed, "\r\n<>\" ")
}

func errGone() error { return fault.New(fault.NotFound, "subscription.gone") }
