// Package channeltest helps the tests of those who use or implement channels: Fake is a channel that lives in memory, and
// Conformance is the suite that every real channel passes against its simulator.
package channeltest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// Fake is a channel in memory. It keeps what was published and said, can be told to fail, and takes webhooks in its own
// small format (see Webhook). The zero value is not ready; use NewFake.
type Fake struct {
	Names map[string]string // what PersonName tells of a person; set before the first message

	kind channel.Kind

	mu       sync.Mutex
	slow     int // how many times Confirm says "processing" before a publication is there
	next     int
	posts    map[string]*FakePost
	sent     []channel.Reply
	errs     []error
	lose     int
	Messages int // most characters of a message
	Files    int // most attachments of a message; 0: none
	hidden   map[string]bool
	names    map[string]string // account → what it is called at the channel
}

// FakePost is one publication at a Fake.
type FakePost struct {
	ID, AccountID string
	Content       channel.Content
	Edits         int
	Gone          bool
	waits         int
}

// NewFake makes a channel of the given kind; slow is how many times a publication is "processing" when asked.
func NewFake(kind channel.Kind, slow int) *Fake {
	return &Fake{kind: kind, slow: slow, posts: map[string]*FakePost{}, Messages: 2000}
}

// FailNext makes the next calls fail, one error each, in order.
func (f *Fake) FailNext(errs ...error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, errs...)
}

// Posts lists what stands at an account ("" at all), in the order of publication.
func (f *Fake) Posts(accountID string) []FakePost {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []FakePost
	for i := range f.next {
		p := f.posts[fmt.Sprintf("post-%d", i+1)]
		if p != nil && !p.Gone && (accountID == "" || p.AccountID == accountID) {
			out = append(out, *p)
		}
	}
	return out
}

// Sent lists the replies that went out, in order.
func (f *Fake) Sent() []channel.Reply {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]channel.Reply(nil), f.sent...)
}

func (f *Fake) fail() error {
	if len(f.errs) == 0 {
		return nil
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return err
}

// Kind implements channel.Channel.
func (f *Fake) Kind() channel.Kind { return f.kind }

// Limits implements channel.Channel with Zalo's sizes.
func (f *Fake) Limits() channel.Limits {
	return channel.Limits{Title: 150, Lead: 300, Message: f.Messages, Pictures: 10, PictureBytes: 1 << 20, Attachments: f.Files, FileBytes: 5 << 20, FileTypes: []string{".pdf", ".docx"}}
}

// Rename lets an account be called otherwise at the channel; the next probe sees it.
func (f *Fake) Rename(accountID, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.names == nil {
		f.names = map[string]string{}
	}
	f.names[accountID] = name
}

// HideComment implements channel.Hider.
func (f *Fake) HideComment(_ context.Context, _ channel.Account, commentID string, hidden bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fail(); err != nil {
		return err
	}
	if f.hidden == nil {
		f.hidden = map[string]bool{}
	}
	f.hidden[commentID] = hidden
	return nil
}

// IsHidden tells whether a comment is out of sight.
func (f *Fake) IsHidden(commentID string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hidden[commentID]
}

// Publish implements channel.Channel. Like the real ones it recognises its own earlier work by the mark.
func (f *Fake) Publish(_ context.Context, a channel.Account, c channel.Content, tried channel.Receipt) (channel.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fail(); err != nil {
		return channel.Receipt{}, err
	}
	if tried.Unsure() {
		for _, p := range f.posts {
			if p.AccountID == a.ID && p.Content.Mark == c.Mark && !p.Gone {
				return f.receipt(p), nil
			}
		}
	}
	f.next++
	p := &FakePost{ID: fmt.Sprintf("post-%d", f.next), AccountID: a.ID, Content: c, waits: f.slow}
	f.posts[p.ID] = p
	if f.lose > 0 {
		f.lose--
		return channel.Receipt{}, errLost
	}
	return f.receipt(p), nil
}

var errLost = errors.New("the line dropped")

func (f *Fake) receipt(p *FakePost) channel.Receipt {
	if p.waits > 0 {
		return channel.Receipt{State: channel.ReceiptProcessing, Token: p.ID}
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: p.ID, Link: "https://fake.example/" + p.ID}
}

// Find implements channel.Finder.
func (f *Fake) Find(_ context.Context, a channel.Account, c channel.Content, _ channel.Receipt) (channel.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.posts {
		if p.AccountID == a.ID && p.Content.Mark == c.Mark && !p.Gone {
			return channel.Receipt{State: channel.ReceiptPublished, ExternalID: p.ID, Link: "https://fake.example/" + p.ID}, nil
		}
	}
	return channel.Receipt{}, nil
}

// LoseAnswers makes the next n publications take effect without our hearing of it.
func (f *Fake) LoseAnswers(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lose = n
}

// Confirm implements channel.Channel.
func (f *Fake) Confirm(_ context.Context, _ channel.Account, r channel.Receipt) (channel.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fail(); err != nil {
		return channel.Receipt{}, err
	}
	p := f.posts[r.Token]
	if p == nil {
		return channel.Receipt{}, &channel.Error{Kind: f.kind, Code: "404", Message: "unknown token", Advice: channel.AdviceStop}
	}
	if p.waits--; p.waits > 0 {
		return channel.Receipt{State: channel.ReceiptProcessing, Token: p.ID}, nil
	}
	return f.receipt(p), nil
}

// Update implements channel.Channel.
func (f *Fake) Update(_ context.Context, _ channel.Account, r channel.Receipt, c channel.Content) (channel.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fail(); err != nil {
		return channel.Receipt{}, err
	}
	p := f.posts[r.ExternalID]
	if p == nil || p.Gone {
		return channel.Receipt{}, &channel.Error{Kind: f.kind, Code: "404", Message: "unknown post", Advice: channel.AdviceStop}
	}
	p.Content, p.Edits = c, p.Edits+1
	return f.receipt(p), nil
}

// Retract implements channel.Channel.
func (f *Fake) Retract(_ context.Context, _ channel.Account, r channel.Receipt) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fail(); err != nil {
		return err
	}
	if p := f.posts[r.ExternalID]; p != nil {
		p.Gone = true
	}
	return nil
}

// Reply implements channel.Channel.
func (f *Fake) Reply(_ context.Context, _ channel.Account, m channel.Reply) (channel.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fail(); err != nil {
		return channel.Receipt{}, err
	}
	if m.Unsure() {
		for i, old := range f.sent {
			if old.PersonID == m.PersonID && old.Text == m.Text {
				return channel.Receipt{State: channel.ReceiptPublished, ExternalID: fmt.Sprintf("sent-%d", i+1)}, nil
			}
		}
	}
	f.sent = append(f.sent, m)
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: fmt.Sprintf("sent-%d", len(f.sent))}, nil
}

// Probe implements channel.Channel.
func (f *Fake) Probe(_ context.Context, a channel.Account) (channel.Account, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fail(); err != nil {
		return a, err
	}
	a.Followers, a.Capabilities.Article = 100, true
	if name := f.names[a.ID]; name != "" {
		a.Name = name
	}
	return a, nil
}

// Announce implements channel.Announcer.
func (f *Fake) Announce(_ context.Context, _ channel.Account, r channel.Receipt) (channel.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fail(); err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: "broadcast-of-" + r.ExternalID}, nil
}

type fakeEvent struct {
	Account, Person, Name, Text, ID string
	Comment                         *channel.CommentRef
	Kind                            channel.InboundKind
	At                              time.Time
	Pictures                        []channel.Picture
	Shared                          *channel.Shared
}

var errSecret = errors.New("wrong secret")

// Incoming makes the headers and body of a webhook with one message, for Service.Intake.
func (f *Fake) Incoming(externalAccount string, m channel.Message) (http.Header, []byte) {
	return f.event(fakeEvent{Account: externalAccount, Person: m.PersonID, Name: m.PersonName, Text: m.Text, ID: m.ExternalID, Comment: m.Comment, Pictures: m.Pictures, Shared: m.Shared,
		Kind: channel.InboundMessage, At: m.At})
}

// Happening makes a webhook about a person: followed, unfollowed, withdrew.
func (f *Fake) Happening(externalAccount string, k channel.InboundKind, person string, at time.Time) (http.Header, []byte) {
	return f.event(fakeEvent{Account: externalAccount, Person: person, Kind: k, At: at})
}

func (f *Fake) event(e fakeEvent) (http.Header, []byte) {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // plain fields
	}
	sum := sha256.Sum256(b)
	return http.Header{"X-Hub-Signature-256": {hex.EncodeToString(sum[:])}}, b
}

// Webhook implements channel.Channel for what Incoming and Happening make.
func (f *Fake) Webhook(h http.Header, body []byte) ([]channel.Inbound, error) {
	sum := sha256.Sum256(body)
	if h.Get("X-Hub-Signature-256") != hex.EncodeToString(sum[:]) {
		return nil, errors.Join(channel.ErrSignature, errSecret)
	}
	var e fakeEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, err
	}
	in := channel.Inbound{Kind: e.Kind, ExternalID: e.Account, Key: e.ID, PersonID: e.Person, At: e.At}
	if e.Kind == channel.InboundMessage {
		in.Message = &channel.Message{ExternalID: e.ID, PersonID: e.Person, PersonName: e.Name, Text: e.Text, Pictures: e.Pictures, Shared: e.Shared, Comment: e.Comment, At: e.At}
	}
	return []channel.Inbound{in}, nil
}

// PersonName tells a person's name; it implements channel.Namer.
func (f *Fake) PersonName(_ context.Context, _ channel.Account, personID string) (string, error) {
	return f.Names[personID], nil
}
