// Package byphone tells whoever left only a telephone number that the answer to their question is there: once, by a template
// message in Zalo that names the tracking code and the address of the case, never what was asked or answered. Only who wished
// it is told; the number is kept sealed, is shown to nobody, and is erased when it is of no more use. Of complaints and
// denunciations nothing is ever said. With the same number, proved by a code, people find their tracking codes again.
package byphone

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/follow"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "byphone", FS: migrationFS}

// The limits.
const (
	KeepAfter  = 60             // days for which a number is kept after the last telling: the answer may be asked again
	KeepAtMost = 730            // days for which it is kept when no answer comes
	MaxADay    = 5              // wishes for one number in a day
	useful     = 72 * time.Hour // how late a message that an answer is there may still come
	sweepEvery = 12 * time.Hour // how often numbers of no more use are looked for
	maxMine    = 50             // cases that one number is shown
)

// Cases is what this package asks the cases; feedback.Service implements it.
type Cases interface {
	Coded(ctx context.Context, actor identity.Actor, code string) (feedback.Case, error)
	Look(ctx context.Context, actor identity.Actor, caseID string) (feedback.Case, error)
	CasesOf(ctx context.Context, actor identity.Actor, caseIDs []string) ([]feedback.Case, error)
	MergedUnder(ctx context.Context, actor identity.Actor, caseID string) ([]feedback.Case, error)
	ApprovedAnswer(ctx context.Context, actor identity.Actor, caseID, answerID string) (feedback.Answer, error)
	CaseURL(code string) string
}

// Followers knows who follows a case by a code of their own; follow.Service implements it.
type Followers interface {
	ByCode(ctx context.Context, code string) (follow.View, error)
}

// Notices sends the template messages; notice.Service implements it.
type Notices interface {
	Notify(ctx context.Context, tx db.Tx, n notice.Notice) (string, error)
	Can(ctx context.Context, unitID string, p notice.Purpose) (bool, error)
	Receipt(ctx context.Context, key string) (notice.Receipt, error)
}

// Phones proves that somebody holds a number, by a code; identity.Service implements it.
type Phones interface {
	SendPhoneCode(ctx context.Context, sender identity.PhoneSender, number, ip string) (codeID string, err error)
	ConfirmPhone(ctx context.Context, codeID, number, code string) error
}

// Sealer seals numbers; place binds the sealed text to its row. secret.Box implements it.
type Sealer interface {
	Seal(plain []byte, place string) (string, error)
	Open(sealed, place string) ([]byte, error)
}

// Deps is what the service stands on.
type Deps struct {
	DB        *db.DB
	Queue     *jobs.Queue
	Clock     clock.Clock
	Cases     Cases
	Followers Followers
	Notices   Notices
	Phones    Phones
	Codes     func() identity.PhoneSender // sends codes in the name of the house
	Sealer    Sealer
	Key       []byte                     // of fingerprints of numbers
	Unit      func(unitID string) string // the name of a unit as one that acts
	Root      func() string              // the unit in whose name codes go out
}

// Service keeps the wishes and tells.
type Service struct{ Deps }

// New makes the service and listens for answers.
func New(d Deps) *Service {
	s := &Service{d}
	jobs.On(d.Queue, "byphone", func(ctx context.Context, e feedback.Answered) error { return s.answered(ctx, e.CaseID, e.AnswerID) })
	jobs.On(d.Queue, "byphone", s.onMerged)
	jobs.On(d.Queue, "byphone", s.onClassified)
	jobs.Handle(d.Queue, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return s.Sweep(ctx) })
	d.Queue.Every(sweepEvery, func() jobs.Args { return sweepArgs{} })
	return s
}

// Sealed lists the columns that hold sealed texts, for sealing them anew after a key was added.
func Sealed() []secret.Column {
	return []secret.Column{{Table: "byphone_wish", Key: "id", Column: "phone_sealed", Place: place}}
}

func place(wishID string) string { return "byphone_wish/" + wishID }

type sweepArgs struct{}

// Kind implements jobs.Args.
func (sweepArgs) Kind() string { return "byphone.sweep" }

type wishRow struct {
	bun.BaseModel `bun:"table:byphone_wish,alias:w"`
	ID            string `bun:",pk"`
	CaseID        string
	Code          string
	PhoneSealed   string
	PhoneKey      string
	Tail          string
	At            time.Time
	ToldAt        time.Time `bun:",nullzero"`
}

var house = identity.System("byphone")

func (s *Service) fingerprint(phone string) string {
	m := hmac.New(sha256.New, s.Key)
	m.Write([]byte("byphone\n" + phone))
	return hex.EncodeToString(m.Sum(nil))
}

// Offered tells whether a message that an answer is there could be sent in the name of a unit: a form offers it only then.
func (s *Service) Offered(ctx context.Context, unitID string) (bool, error) {
	if unitID == "" {
		return false, nil
	}
	return s.Notices.Can(ctx, unitID, notice.AnswerReady)
}

// Check tells what is wrong with a number that is to be told; nil when it can be. Only mobile numbers of Vietnam can.
func Check(number string) error {
	if _, ok := identity.NormalPhone(number); !ok {
		return fault.Field("phone", "byphone.number_bad")
	}
	return nil
}

// owner finds the case of a tracking code, of who asked it or of who follows it.
func (s *Service) owner(ctx context.Context, code string) (caseID, written string, err error) {
	c, err := s.Cases.Coded(ctx, identity.Citizen(), code)
	if err == nil {
		if c.Kind.Secret() {
			return "", "", fault.New(fault.Conflict, "byphone.secret")
		}
		return c.ID, c.Code, nil
	}
	if s.Followers == nil || !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
		return "", "", err
	}
	v, err := s.Followers.ByCode(ctx, code)
	return v.Follower.CaseID, v.Follower.Code, err
}

// Wish keeps the number to which whoever holds the code wishes to be told; another number takes the place of the one before.
// It is public: who has the code may.
func (s *Service) Wish(ctx context.Context, code, number string) error {
	phone, ok := identity.NormalPhone(number)
	if !ok {
		return fault.Field("phone", "byphone.number_bad")
	}
	caseID, written, err := s.owner(ctx, code)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	r := wishRow{ID: id.New(), CaseID: caseID, Code: written, PhoneKey: s.fingerprint(phone), Tail: phone[len(phone)-3:], At: now}
	if r.PhoneSealed, err = s.Sealer.Seal([]byte(phone), place(r.ID)); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		had, err := tx.NewSelect().Model((*wishRow)(nil)).Where("w.code = ?", written).Where("w.phone_key = ?", r.PhoneKey).Exists(ctx)
		if err != nil || had {
			return err
		}
		n, err := tx.NewSelect().Model((*wishRow)(nil)).Where("w.phone_key = ?", r.PhoneKey).Where("w.at > ?", now.Add(-24*time.Hour)).Count(ctx)
		if err != nil {
			return err
		}
		if n >= MaxADay {
			return fault.Field("phone", "byphone.many").With("Limit", MaxADay)
		}
		if _, err := tx.NewDelete().Model((*wishRow)(nil)).Where("code = ?", written).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&r).Exec(ctx)
		return err
	})
}

// Stop erases the number that was left with a code. It is public: who has the code may.
func (s *Service) Stop(ctx context.Context, code string) error {
	written, ok := id.ParseCode(code)
	if !ok {
		return fault.New(fault.NotFound, "feedback.case_not_found")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewDelete().Model((*wishRow)(nil)).Where("code = ?", written).Exec(ctx)
		return err
	})
}

// Tail gives the last three digits of the number left with a code; "" when there is none.
func (s *Service) Tail(ctx context.Context, code string) (string, error) {
	var r wishRow
	err := s.DB.Read().NewSelect().Model(&r).Where("w.code = ?", code).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return r.Tail, err
}

// Mine is one case found again by the number left with it.
type Mine struct {
	Code string
	Case feedback.Case // as it stands; of a follower the case that they follow
	Own  bool          // they asked it; else they follow it
}

// SendCode sends a code to a number that was left with at least one case, and to no other: nobody's telephone rings for
// nothing. The answer says nothing of which it was; codeID is "" when no code went out.
func (s *Service) SendCode(ctx context.Context, number, ip string) (codeID string, err error) {
	phone, ok := identity.NormalPhone(number)
	if !ok {
		return "", fault.Field("phone", "byphone.number_bad")
	}
	known, err := s.DB.Read().NewSelect().Model((*wishRow)(nil)).Where("w.phone_key = ?", s.fingerprint(phone)).Exists(ctx)
	if err != nil || !known {
		return "", err
	}
	can, err := s.Notices.Can(ctx, s.Root(), notice.ConfirmPhone)
	if err != nil || !can {
		return "", err
	}
	return s.Phones.SendPhoneCode(ctx, s.Codes(), phone, ip)
}

// CodesOffered tells whether codes can be sent at all.
func (s *Service) CodesOffered(ctx context.Context) (bool, error) {
	return s.Notices.Can(ctx, s.Root(), notice.ConfirmPhone)
}

// Find gives the cases with which a number was left, newest first, to whoever proves by the code to hold it. Complaints and
// denunciations are never among them.
func (s *Service) Find(ctx context.Context, codeID, number, code string) ([]Mine, error) {
	if err := s.Phones.ConfirmPhone(ctx, codeID, number, code); err != nil {
		return nil, err
	}
	phone, _ := identity.NormalPhone(number)
	var rows []wishRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("w.phone_key = ?", s.fingerprint(phone)).OrderExpr("w.at DESC, w.id DESC").Limit(maxMine).Scan(ctx); err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.CaseID
	}
	list, err := s.Cases.CasesOf(ctx, house, ids)
	if err != nil {
		return nil, err
	}
	byID := map[string]feedback.Case{}
	for _, c := range list {
		byID[c.ID] = c
	}
	var out []Mine
	for _, r := range rows {
		if c, ok := byID[r.CaseID]; ok && !c.Kind.Secret() {
			out = append(out, Mine{Code: r.Code, Case: c, Own: c.Code == r.Code})
		}
	}
	return out, nil
}

// Known gives a tracking code, of who asked or who follows, as it is written; a NotFound fault when it is nobody's. It is
// public: who has the code may.
func (s *Service) Known(ctx context.Context, code string) (string, error) {
	_, written, err := s.owner(ctx, code)
	if fault.Is(err, fault.Invalid) {
		err = fault.New(fault.NotFound, "feedback.case_not_found").Because(err)
	}
	return written, err
}
