// Package channel is what all doors to the public have in common: an Account (one Zalo Official Account, Facebook page,
// portal section …) belongs to a unit, never to a person; content goes out as a Delivery with a receipt; what people write
// comes in as a Message in the unit's Conversation. Each kind of channel implements the Channel interface in a package of
// its own and passes one conformance suite.
package channel

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Kind names a kind of channel.
type Kind string

// The kinds of channel.
const (
	Zalo     Kind = "zalo"
	Facebook Kind = "facebook"
	YouTube  Kind = "youtube"
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
	CheckedAt    time.Time // last probe; zero before the first
	Health       Health    // what that probe told
	HeardAt      time.Time // last webhook that spoke of it; zero: none yet
	PublishedAt  time.Time // last publication; zero: none yet
	TokenAt      time.Time // since when its refresh token is held; zero: not known
	CreatedAt    time.Time
}

// Works tells whether deliveries and replies may go out through the account now.
func (a Account) Works() bool { return a.State == AccountConnected }

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
	VideoBytes                 int64 // largest film in a post; 0: takes none

	Attachments int      // most attachments of one message; 0: takes none
	FileBytes   int64    // largest file with a message
	FileTypes   []string // extensions of files with a message: ".pdf"
	Buttons     int      // most buttons under a message
	Ask         bool     // can ask a person for name and telephone
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
	Mark    string // text unlike any other's, by which a repeated try recognises its own earlier work
	Cover   *Picture
	Gallery []Picture
	Video   *Video // nil: none
}

// Video is a film of the house. Its bytes are opened by its id, for sending may take hours and several runs.
type Video struct {
	ID            string
	URL           string // where the portal plays it, absolute
	MIME          string
	Bytes         int64
	Width, Height int // as it is looked at, turned upright; 0: not known
	Duration      time.Duration
	Poster        *Picture // a still from it; nil: none
	Captions      string   // spoken words in the format SubRip or WebVTT; "" without
}

// Vertical tells whether it is higher than wide, as telephones film.
func (v Video) Vertical() bool { return v.Width > 0 && v.Height > v.Width }

// Films opens the bytes of films for the channels that carry them out.
type Films interface {
	Film(ctx context.Context, id string) (io.ReadSeekCloser, error)
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

	// Since is set when an earlier try ended without our learning its outcome (a crash, a dropped line): when the first such
	// try began; LastTry is when the latest began. The implementation must look for the effect before it acts again.
	Since, LastTry time.Time
}

// Unsure tells whether an earlier try may already have taken effect.
func (r Receipt) Unsure() bool { return !r.Since.IsZero() }

// ReceiptState is how far it has come.
type ReceiptState string

// The states of a receipt.
const (
	ReceiptProcessing ReceiptState = "processing" // taken, not yet visible: ask again with Token
	// ReceiptUnfinished is a part of the work, for example a film that is being converted: Publish or Update is called again,
	// with the Token in what it gets as the earlier receipt.
	ReceiptUnfinished ReceiptState = "unfinished"
	ReceiptPublished  ReceiptState = "published"
	ReceiptRetracted  ReceiptState = "retracted"
)

// Message is one message or comment between a person and an account, as a webhook told it or as Service.Message reads it.
type Message struct {
	ID         string // row of channel_message; "" in a webhook
	UnitID     string // unit of the account; "" in a webhook
	Kind       Kind
	Outgoing   bool // from us to the person
	State      MessageState
	Reason     string // catalogue key when an outgoing message failed
	Key        string // idempotency key of an outgoing message
	AccountID  string
	ExternalID string // dedupe key given by the channel
	PersonID   string // the channel's id of the person, valid for this account only
	PersonName string // what the channel shows of them; "" when unknown
	Text       string
	Pictures   []Picture
	Comment    *CommentRef // set when it is a public comment and not a private message
	Files      []Attachment
	Buttons    []Button
	Ask        *Ask
	Shared     *Shared // what the person handed over about themselves
	Group      bool    // PersonID is a group
	History    bool    // said before the account was connected
	At         time.Time
}

// MessageState is how far a message has come.
type MessageState string

// The states of a message.
const (
	MessageIn      MessageState = "received" // came in
	MessageQueued  MessageState = "queued"   // goes out soon
	MessageSending MessageState = "sending"
	MessageSent    MessageState = "sent"
	MessageFailed  MessageState = "failed" // Reason says what to do
)

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
	Files    []Attachment
	Buttons  []Button
	Ask      *Ask
	Group    bool // PersonID is a group of the account

	// Since and LastTry are as in Receipt; Known are the channel's ids of our messages to the person that we already know
	// of, so that an earlier one with the same words is not taken for this one.
	Since, LastTry time.Time
	Known          []string
}

// Unsure tells whether an earlier try may already have reached the person.
func (r Reply) Unsure() bool { return !r.Since.IsZero() }

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
	Title      string // of what was posted; Key is then its id at the channel
	Tag        string
	People     []string // for tags
	NoticeID   string   // for notices: the channel's id of it; Key is ours
	Stir       Stir
	At         time.Time
}

// Refresher is implemented by channels whose tokens expire.
type Refresher interface {
	// Refresh trades the refresh token for a new pair. A refresh token that is no longer good is an *Error with AdviceReauth.
	Refresh(ctx context.Context, refreshToken string) (Tokens, error)
}

// Granter is implemented by channels that an official connects by passing the platform's consent page.
type Granter interface {
	// ConsentURL is the address of the consent page. State and verifier are secrets of this one attempt; back is our callback.
	ConsentURL(state, verifier, back string) string
	// Grant trades what the callback brought for the accounts that were granted.
	Grant(ctx context.Context, callback url.Values, verifier, back string) ([]Granted, error)
}

// Bootstrapper is implemented by channels whose tokens an official can also paste in.
type Bootstrapper interface {
	// Bootstrap trades a pasted token for the account it opens.
	Bootstrap(ctx context.Context, token string) ([]Granted, error)
}

// Granted is one account that a consent opened, with its tokens.
type Granted struct {
	Account Account
	Tokens  Tokens
}

// Namer is implemented by channels that can tell what a person is called.
type Namer interface {
	PersonName(ctx context.Context, a Account, personID string) (string, error)
}

// Hider is implemented by channels on which a comment of others under a publication can be taken out of sight.
type Hider interface {
	// HideComment hides a comment by the channel's id of it, or shows it again.
	HideComment(ctx context.Context, a Account, commentID string, hidden bool) error
}

// Finder is implemented by channels that can look for a publication by its content and mark.
type Finder interface {
	// Find gives the receipt of what an earlier try of unknown outcome put up; a receipt without an id when there is nothing.
	Find(ctx context.Context, a Account, c Content, tried Receipt) (Receipt, error)
}

// Announcer is implemented by channels that can push what was published to the followers.
type Announcer interface {
	// Announce sends what stands under the receipt to the followers of the account.
	Announce(ctx context.Context, a Account, r Receipt) (Receipt, error)
}

// Tokens is the pair that opens an account.
type Tokens struct {
	Access  string
	Refresh string    // "" when the channel has none, or when a refresh answered without a new one
	Expires time.Time // zero: never
}

// InboundKind is what sort of thing it was.
type InboundKind string

// The kinds of inbound event.
const (
	InboundMessage  InboundKind = "message"
	InboundFollow   InboundKind = "follow"
	InboundUnfollow InboundKind = "unfollow"
	InboundWithdraw InboundKind = "withdraw" // the person asks to be forgotten
	InboundTag      InboundKind = "tag"      // Tag was put on People
	InboundUntag    InboundKind = "untag"    // Tag was taken off People; without people the tag is gone
	InboundNotice   InboundKind = "notice"   // the notice Key reached the telephone
	InboundStir     InboundKind = "stir"     // something of the account changed: Stir
	InboundPosted   InboundKind = "posted"   // something was put up at the account, by us or by hand
)

// Advice is what to do after an error.
type Advice string

// The advices.
const (
	AdviceRetry     Advice = "retry"      // passing trouble: again with growing pauses
	AdviceLater     Advice = "later"      // not before Error.After: night window, quota, rate limit
	AdviceRefresh   Advice = "refresh"    // the access token is dead: refresh once and try again
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
	Key     string        // catalogue key of the one sentence that tells an official what to do
	After   time.Time     // of the house's clock; zero: see Wait
	Wait    time.Duration // how long to wait from now; 0: the kernel's own pause
	Scope   Scope         // what the trouble holds for
	Unsure  bool          // the call may have taken effect all the same
	Err     error         // what lies below, for the log
}

// Scope says what an error holds for.
type Scope string

// The scopes.
const (
	ScopeCall    Scope = ""        // this one call
	ScopeAccount Scope = "account" // everything of this account
	ScopeApp     Scope = "app"     // everything of the kind of channel
)

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Error gives the text for the log.
func (e *Error) Error() string {
	return string(e.Kind) + " " + e.Code + ": " + e.Message + " (" + string(e.Advice) + ")"
}
