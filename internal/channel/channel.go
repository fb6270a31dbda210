// Package channel is what all doors to the public have in common: an Account (one Zalo Official Account, Facebook page,
// portal section …) belongs to a unit, never to a person; content goes out as a Delivery with a receipt; what people write
// comes in as a Message in the unit's Conversation. Each kind of channel implements the Channel interface in a package of
// its own and passes one conformance suite.
package channel

import (
	"context"
	"net/http"
	"time"
)

// Kind names a kind of channel.
type Kind string

// The kinds of channel.
const (
	Zalo     Kind = "zalo"
	Facebook Kind = "facebook"
	Portal   Kind = "portal" // the house's own site: delivered by being published
)

// Account is one channel account of one unit. Its tokens are sealed and never leave this package and its adapters.
type Account struct {
	ID           string
	UnitID       string
	Kind         Kind
	ExternalID   string // OA id, page id: text, since Zalo's exceed 2^53
	Name         string // as the public sees it
	Link         string // address of the page for a reader
	State        AccountState
	StateReason  string // catalogue key of what a person should do, "" when well
	Capabilities Capabilities
	Followers    int64
	CheckedAt    time.Time // last probe
}

// AccountState is how an account is.
type AccountState string

// The states of an account.
const (
	AccountConnected AccountState = "connected"
	AccountReauth    AccountState = "needs_reauth" // a person must grant again
	AccountPaused    AccountState = "paused"       // the platform or the house has stopped it for now
	AccountClosed    AccountState = "closed"       // its unit ended, or it was given up
)

// Capabilities is what this very account may do; found out by probing, never assumed.
type Capabilities struct {
	Article   bool   `json:"article"`
	Broadcast bool   `json:"broadcast"`
	MessageV  string `json:"message_v"` // Zalo: "v3", "v2" (state-agency accounts) or "none"
}

// Limits are the sizes a kind of channel takes; lengths in characters after NFC.
type Limits struct {
	Title, Lead, Body, Message int   // 0: no limit of its own
	Pictures                   int   // most pictures in one post
	PictureBytes               int64 // largest picture
}

// Content is what is published: already filled in for the account's unit.
type Content struct {
	PostID  string // the feature's id of it, for tracing
	Title   string
	Lead    string
	HTML    string // sanitised body
	Text    string // the same body without marks
	Author  string
	Link    string // the article on the portal
	Cover   *Picture
	Gallery []Picture
}

// Picture is a picture on a public address, with its words for those who cannot see it.
type Picture struct {
	URL, Alt, MIME string
	Width, Height  int
	Bytes          int64
}

// Receipt is what the outside world said of a publication or message.
type Receipt struct {
	State      ReceiptState
	ExternalID string // id of the article, post or message; "" until known
	Token      string // handle to ask again with, while processing
	Link       string // where the public sees it
}

// ReceiptState is how far it has come.
type ReceiptState string

// The states of a receipt.
const (
	ReceiptProcessing ReceiptState = "processing" // taken, not yet visible: ask again with Token
	ReceiptPublished  ReceiptState = "published"
	ReceiptRetracted  ReceiptState = "retracted"
)

// Message is one message or comment between a person and an account.
type Message struct {
	AccountID  string
	ExternalID string // dedupe key given by the channel
	PersonID   string // the channel's id of the person, valid for this account only
	PersonName string // what the channel shows of them; "" when unknown
	Text       string
	Pictures   []Picture
	Comment    *CommentRef // set when it is a public comment and not a private message
	At         time.Time
}

// CommentRef places a comment under a publication.
type CommentRef struct {
	PostExternalID string
	ParentID       string // the comment it answers; "" at the top
}

// Reply is an answer to a person.
type Reply struct {
	PersonID string
	Text     string
	Comment  *CommentRef // answer under this comment (ParentID) instead of privately
}

// Channel is implemented once per kind. Calls may take seconds and run inside jobs; each error is an *Error that says what
// to do, or a plain error for "try again". Calls must be safe to repeat after a crash: an implementation looks whether an
// earlier try took effect before it sends again.
type Channel interface {
	Kind() Kind
	Limits() Limits
	// Publish puts content up. Tried is the receipt of an earlier attempt, zero at the first.
	Publish(ctx context.Context, a Account, c Content, tried Receipt) (Receipt, error)
	// Confirm asks again for a receipt that was processing.
	Confirm(ctx context.Context, a Account, r Receipt) (Receipt, error)
	// Update replaces what stands under the receipt.
	Update(ctx context.Context, a Account, r Receipt, c Content) (Receipt, error)
	// Retract takes it down; taking down what is already gone is no error.
	Retract(ctx context.Context, a Account, r Receipt) error
	// Reply answers a person.
	Reply(ctx context.Context, a Account, m Reply) (Receipt, error)
	// Probe looks at the account from outside: name, followers, capabilities, state.
	Probe(ctx context.Context, a Account) (Account, error)
	// Webhook authenticates raw bytes and returns the messages in them, with the account's ExternalID in AccountID.
	Webhook(h http.Header, body []byte) ([]Inbound, error)
}

// Inbound is one thing a webhook told us.
type Inbound struct {
	Kind       InboundKind
	ExternalID string // the channel's account id
	Key        string // dedupe key of the event
	Message    *Message
	PersonID   string // for follow, unfollow, withdraw
	At         time.Time
}

// InboundKind is what sort of thing it was.
type InboundKind string

// The kinds of inbound event.
const (
	InboundMessage  InboundKind = "message"
	InboundFollow   InboundKind = "follow"
	InboundUnfollow InboundKind = "unfollow"
	InboundWithdraw InboundKind = "withdraw" // the person asks to be forgotten
)

// Advice is what to do after an error.
type Advice string

// The advices.
const (
	AdviceRetry     Advice = "retry"      // passing trouble: again with growing pauses
	AdviceLater     Advice = "later"      // not before Error.After: night window, quota, rate limit
	AdviceReauth    Advice = "reauth"     // a person must grant again
	AdviceHuman     Advice = "human"      // a person must do something at the channel (package, policy, verification)
	AdviceStop      Advice = "stop"       // this delivery cannot succeed
	AdviceUnfollow  Advice = "unfollow"   // this person cannot be reached any more
	AdviceSwitchAPI Advice = "switch_api" // another version of the interface works for this account
)

// Error is an error of the outside world with the advice that follows from it.
type Error struct {
	Kind    Kind
	Code    string // the channel's own code: "-216", "190/460"
	Message string // the channel's own words, for the log
	Advice  Advice
	Key     string // catalogue key of the one sentence that tells an official what to do
	After   time.Time
}

// Error gives the text for the log.
func (e *Error) Error() string {
	return string(e.Kind) + " " + e.Code + ": " + e.Message + " (" + string(e.Advice) + ")"
}
