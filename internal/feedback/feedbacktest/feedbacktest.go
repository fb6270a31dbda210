// Package feedbacktest gives tests a working feedback service on a real database with the small province of orgunittest:
// officials in each role, a calendar, sealed personal data, and stand-ins for what lies outside the house (the public log,
// the picture store, the channels), which write down what they were asked.
package feedbacktest

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// Now is the moment at which a kit begins: Monday, 23 November 2026, 09:00 in Vietnam.
var Now = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// Migrations is what a test gives to dbtest.
var Migrations = []db.Migrations{orgunit.Migrations, feedback.Migrations}

// Officials of the fixture; the ward is Phường Vinh Hưng, the other ward Phường Trường Vinh.
var (
	Officer         = identitytest.Official("officer", identity.RoleDeskOfficer, orgunittest.VinhHung)
	Colleague       = identitytest.Official("colleague", identity.RoleDeskOfficer, orgunittest.VinhHung)
	Approver        = identitytest.Official("approver", identity.RoleApprover, orgunittest.VinhHung)
	Leader          = identitytest.Official("leader", identity.RoleLeader, orgunittest.VinhHung)
	OtherOfficer    = identitytest.Official("other", identity.RoleDeskOfficer, orgunittest.TruongVinh)
	ProvinceOfficer = identitytest.Official("province-officer", identity.RoleDeskOfficer, orgunittest.Province)
	ProvinceLeader  = identitytest.Official("province-leader", identity.RoleLeader, orgunittest.Province)
	Stranger        = identitytest.Official("stranger", identity.RoleDeskOfficer, orgunittest.KimLien)
	Editor          = identitytest.Official("editor", identity.RoleEditor, orgunittest.VinhHung)
)

// Kit is a service with everything around it.
type Kit struct {
	T       testing.TB
	DB      *db.DB
	Clock   *clock.Stub
	Queue   *jobs.Queue
	Units   *orgunit.Service
	Authz   *identity.Authorizer
	Service *feedback.Service
	Log     *Log
	Replies *Replies
	Audit   *Audit
	said    *messages
}

// New makes a kit on a database with Migrations; more policy files may be given for other features. Words speaks to
// citizens; nil gives the keys themselves.
func New(t testing.TB, d *db.DB, words feedback.Words, policies ...identity.PolicyFile) *Kit {
	t.Helper()
	ctx := context.Background()
	if err := jobs.Migrate(ctx, d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := q.Stop(stop); err != nil {
			t.Logf("stop the queue: %v", err)
		}
	})
	k := &Kit{T: t, DB: d, Clock: clock.NewStub(Now), Queue: q, Log: &Log{}, Replies: &Replies{}, Audit: &Audit{}, said: &messages{}}
	k.Units = orgunittest.SeedAt(t, d, k.Clock)
	k.Authz = identitytest.Authorizer(t, k.Units, append([]identity.PolicyFile{identitytest.File("feedback", feedback.Policies)}, policies...)...)
	box, err := secret.Parse("k1 " + strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	if words == nil {
		words = keys{}
	}
	k.Service = feedback.New(feedback.Deps{DB: d, Queue: q, Clock: k.Clock, Authz: k.Authz, Forest: k.Units.Forest, Calendar: workday.New(), Sealer: box,
		Audit: k.Audit, Log: k.Log, Replies: k.Replies, Messages: k.said, Pictures: Pictures{}, Words: words, BaseURL: "https://mttq.example"})
	return k
}

// Say lets a person write through a channel.
func (k *Kit) Say(m channel.Message) {
	k.T.Helper()
	k.said.mu.Lock()
	k.said.list = append(k.said.list, m)
	k.said.mu.Unlock()
	err := k.DB.InTx(k.T.Context(), func(ctx context.Context, tx db.Tx) error {
		return k.Queue.Publish(ctx, tx, channel.MessageReceived{MessageID: m.ID, AccountID: m.AccountID})
	})
	if err != nil {
		k.T.Fatal(err)
	}
}

// messages is what people wrote through channels.
type messages struct {
	mu   sync.Mutex
	list []channel.Message
}

// Message implements feedback.Messages.
func (s *messages) Message(_ context.Context, messageID string) (channel.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.list {
		if m.ID == messageID {
			return m, nil
		}
	}
	return channel.Message{}, fault.New(fault.NotFound, "channel.message.not_found")
}

// Drain does all jobs that are due.
func (k *Kit) Drain() {
	k.T.Helper()
	if err := k.Queue.Drain(k.T.Context()); err != nil { // the queue runs for as long as the context of its first Drain
		k.T.Fatal(err)
	}
}

// Question is an intake of the ward that nothing is wrong with.
func Question() feedback.Intake {
	return feedback.Intake{UnitID: orgunittest.VinhHung, Kind: feedback.Report, MayPublish: true,
		Text:   "Đèn đường khối Kim Tân hỏng hơn hai tháng nay chưa ai sửa, các cháu đi học thêm buổi tối rất nguy hiểm.",
		Person: feedback.Person{Name: "Nguyễn Thị Mẫu", Phone: "0912 000 678"}}
}

// Ask takes in a question of a citizen.
func (k *Kit) Ask(change ...func(*feedback.Intake)) feedback.Case {
	k.T.Helper()
	in := Question()
	for _, c := range change {
		c(&in)
	}
	c, err := k.Service.Ask(context.Background(), identity.Citizen(), in)
	if err != nil {
		k.T.Fatal(err)
	}
	return c
}

// Answer leads a case to its approved answer.
func (k *Kit) Answer(caseID, text string, publish bool) feedback.Case {
	k.T.Helper()
	ctx := context.Background()
	if _, err := k.Service.Submit(ctx, Officer, caseID, text); err != nil {
		k.T.Fatal(err)
	}
	d, err := k.Service.Dossier(ctx, Approver, caseID)
	if err != nil {
		k.T.Fatal(err)
	}
	a, ok := d.Pending()
	if !ok {
		k.T.Fatal("no answer waits")
	}
	c, err := k.Service.Approve(ctx, Approver, caseID, a.ID, publish)
	if err != nil {
		k.T.Fatal(err)
	}
	return c
}

type keys struct{}

func (keys) T(key string, args ...any) string { return key + " " + fmt.Sprint(args...) }

// Log is a public log in memory.
type Log struct {
	mu     sync.Mutex
	Leaves []string // hexadecimal
	Fail   error    // what Append answers, when set

	real feedback.Log // stands in for this one, when set
}

// LogTo lets the cases be logged in a real public log.
func (k *Kit) LogTo(l feedback.Log) { k.Log.real, k.Service.Log = l, l }

// Append implements feedback.Log.
func (l *Log) Append(ctx context.Context, leaf []byte) (uint64, error) {
	if l.real != nil {
		return l.real.Append(ctx, leaf)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Fail != nil {
		return 0, l.Fail
	}
	l.Leaves = append(l.Leaves, hex.EncodeToString(leaf))
	return uint64(len(l.Leaves) - 1), nil
}

// ProveAll implements feedback.Log.
func (l *Log) ProveAll(ctx context.Context, indexes []uint64) ([]tlog.Proof, error) {
	if l.real != nil {
		return l.real.ProveAll(ctx, indexes)
	}
	out := make([]tlog.Proof, len(indexes))
	for i, index := range indexes {
		out[i] = tlog.Proof{Index: index, Size: index + 1, Checkpoint: "test"}
	}
	return out, nil
}

// VerificationKey implements feedback.Log.
func (l *Log) VerificationKey() string { return "mttq.example/log+00000000+AQ==" }

// Replies keeps what would go out through channels.
type Replies struct {
	mu     sync.Mutex
	Sent   []channel.ReplyRequest
	Closed bool // every account is closed
}

// Reply implements feedback.Replier.
func (r *Replies) Reply(_ context.Context, _ db.Tx, m channel.ReplyRequest) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Closed {
		return "", fault.New(fault.Conflict, "feedback.notice.failed")
	}
	r.Sent = append(r.Sent, m)
	return "message-" + m.IdempotencyKey, nil
}

// Texts lists what was sent, in order.
func (r *Replies) Texts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, m := range r.Sent {
		out = append(out, m.Text)
	}
	return out
}

// Audit keeps the lines of the audit log in memory.
type Audit struct {
	mu    sync.Mutex
	Lines []identity.Trace
}

// Record implements identity.Recorder.
func (a *Audit) Record(_ context.Context, _ db.Tx, t identity.Trace) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Lines = append(a.Lines, t)
	return nil
}

// Actions lists the recorded actions, in order.
func (a *Audit) Actions() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, l := range a.Lines {
		out = append(out, l.Action)
	}
	return out
}

// Pictures takes any bytes for a picture, except those that begin with "bad".
type Pictures struct{}

// Save implements feedback.Pictures.
func (Pictures) Save(_ context.Context, r io.Reader) (picture.Picture, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return picture.Picture{}, err
	}
	if strings.HasPrefix(string(b), "bad") {
		return picture.Picture{}, fault.New(fault.Invalid, "picture.not_a_picture")
	}
	return picture.Picture{ID: id.New(), Width: 800, Height: 600, Widths: []int{320, 800}}, nil
}
