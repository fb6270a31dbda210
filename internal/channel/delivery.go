package channel

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Action is what a delivery does at its account.
type Action string

// The actions.
const (
	ActPublish Action = "publish"
	ActUpdate  Action = "update"
	ActRetract Action = "retract"
	// ActAnnounce pushes what stands at the account to its followers (a Zalo broadcast).
	ActAnnounce Action = "announce"
)

// DeliveryState is where a delivery stands; the receipt wall colours by it.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryHeld       DeliveryState = "held"       // waits for the canary or for its hour
	DeliveryQueued     DeliveryState = "queued"     // a job will take it
	DeliverySending    DeliveryState = "sending"    // being sent right now
	DeliveryProcessing DeliveryState = "processing" // the channel has it and is checking it
	DeliveryPublished  DeliveryState = "published"  // the public sees it, Link says where
	DeliveryRetracted  DeliveryState = "retracted"
	DeliveryFailed     DeliveryState = "failed" // Reason says what to do
	// DeliverySuperseded is one that a later version or a retraction overtook before it was sent.
	DeliverySuperseded DeliveryState = "superseded"
)

// Done tells whether nothing more will happen to a delivery in this state by itself.
func (s DeliveryState) Done() bool {
	switch s {
	case DeliveryPublished, DeliveryRetracted, DeliveryFailed, DeliverySuperseded:
		return true
	}
	return false
}

// Delivery is one publication at one account. (Source, Version, AccountID, Action) is unique: the same version of a post is
// never delivered twice to one account.
type Delivery struct {
	ID         string
	AccountID  string
	UnitID     string
	Kind       Kind
	Source     string // the feature's id of the post: content is asked of the ContentSource by it
	Version    int    // version of the post that should stand there
	Action     Action
	State      DeliveryState
	Reason     string // catalogue key when failed or held
	ErrorCode  string
	Attempts   int
	Receipt    Receipt
	Canary     bool
	NotBefore  time.Time // zero: at once
	CreatedAt  time.Time
	FinishedAt time.Time // zero until published, retracted or failed
}

// NewDelivery is what a feature asks for. An update, retraction or announcement without an AccountID is meant for every
// account where the source stands or is on its way.
type NewDelivery struct {
	AccountID string
	Source    string
	Version   int
	Action    Action
	Canary    bool
	Hold      bool // stay held until Release
	NotBefore time.Time
	Audience  *Audience // ActAnnounce: to a part of the followers; nil: to all
}

// ContentSource gives the content of a delivery at the moment of sending, filled in for the unit of the account. The feature
// that owns the source registers one; the answer for one (source, version, unit) never changes.
type ContentSource interface {
	Content(ctx context.Context, source string, version int, a Account) (Content, error)
}

// DeliveryChanged is published when a delivery reaches processing, published, retracted or failed.
type DeliveryChanged struct {
	DeliveryID string
	Source     string
	Version    int
	State      DeliveryState
}

// Kind implements jobs.Event.
func (DeliveryChanged) Kind() string { return "channel.delivery_changed" }

// MessageReceived is published, once, for each message or comment that came in.
type MessageReceived struct {
	MessageID string // row of channel_message; read it with Service.Message
	AccountID string
	UnitID    string
}

// Kind implements jobs.Event.
func (MessageReceived) Kind() string { return "channel.message_received" }

// MessageChanged is published when an outgoing message is sent or has failed.
type MessageChanged struct {
	MessageID string
	AccountID string
	Key       string // idempotency key of the ReplyRequest
	State     MessageState
	Reason    string
}

// Kind implements jobs.Event.
func (MessageChanged) Kind() string { return "channel.message_changed" }

// PersonNamed is published when a channel told what a person is called; Service.Person has the name.
type PersonNamed struct {
	AccountID string
	PersonID  string
}

// Kind implements jobs.Event.
func (PersonNamed) Kind() string { return "channel.person_named" }

// PersonWithdrew is published when a person asks a channel to be forgotten.
type PersonWithdrew struct {
	AccountID string
	PersonID  string
}

// Kind implements jobs.Event.
func (PersonWithdrew) Kind() string { return "channel.person_withdrew" }

// Deliverer is the part of Service that features use; it keeps their tests free of the rest.
type Deliverer interface {
	// Deliver writes deliveries and their jobs in tx.
	Deliver(ctx context.Context, tx db.Tx, ds []NewDelivery) error
	// Release lets the held deliveries of a source and version go.
	Release(ctx context.Context, tx db.Tx, source string, version int) error
	// Deliveries lists where a source stands: the latest delivery per account.
	Deliveries(ctx context.Context, source string) ([]Delivery, error)
}
