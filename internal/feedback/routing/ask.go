package routing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// LinkDays is for how many calendar days a link to an outside body can be opened.
const LinkDays = 30

// LinkPath is where a link leads; the secret follows.
const LinkPath = "/co-quan/"

// Ask is what an outside body was asked, and what it answered.
type Ask struct {
	ID         string
	CaseID     string
	BodyID     string
	BodyName   string
	Email      string
	UnitID     string // who asks
	Text       string // the case as the body reads it: masked, and looked at by a person
	Why        string
	ExpiresAt  time.Time
	AskedAt    time.Time
	AskedName  string
	MailedAt   time.Time // zero: not sent by letter, or not yet
	MailError  string    // catalogue key
	Answer     string
	AnswerBy   string // name and office of who answered
	AnswerFrom string // "link", or the address of the letter
	AnsweredAt time.Time
	TakenAt    time.Time
	RevokedAt  time.Time
}

// Open tells whether the body may still answer.
func (a Ask) Open(now time.Time) bool {
	return a.AnsweredAt.IsZero() && a.RevokedAt.IsZero() && now.Before(a.ExpiresAt)
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// AskBody asks an outside body for an answer: what it will read is the text that the official has looked at, in which the
// rules may find nothing personal. It returns the link, which is shown once and not kept; with letter it also goes out by
// e-mail. The citizen sees whom was asked and why; the clock runs on.
func (s *Service) AskBody(ctx context.Context, actor identity.Actor, caseID, bodyID, text, why string, letter bool) (link string, err error) {
	text, why = strings.TrimSpace(vntext.NFC(text)), line(why)
	var fs fault.Fields
	fs.Check(text != "", "text", "feedback.copy_required")
	fs.Check(vntext.Length(text) <= feedback.MaxText, "text", "routing.too_long")
	fs.Check(why != "", "why", "feedback.reason_required")
	if found := masking.Find(text); len(found) > 0 {
		fs.Add(fault.Field("text", "feedback.copy_personal").With("Found", text[found[0].From:found[0].To]))
	}
	b, err := s.store.body(ctx, s.db().Read(), bodyID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	fs.Check(err == nil && b.Active, "body", "routing.body_unknown")
	fs.Check(!letter || b.Email != "" && s.Post != nil, "letter", "routing.no_letter")
	if err := fs.OrNil(); err != nil {
		return "", err
	}
	token := id.NewSecret()
	a := Ask{ID: id.New(), CaseID: caseID, BodyID: b.ID, BodyName: b.Name, Text: text, Why: why, AskedAt: s.now(), ExpiresAt: s.now().AddDate(0, 0, LinkDays), AskedName: actor.Name}
	if letter {
		a.Email = b.Email
	}
	_, err = s.Cases.Forward(ctx, actor, caseID, b.Name+": "+why, func(ctx context.Context, tx db.Tx, c feedback.Case) error {
		a.UnitID = c.HolderUnitID
		if !s.mayAsk(a.UnitID, b) {
			return fault.Field("body", "routing.body_unknown")
		}
		if err := s.store.insertAsk(ctx, tx, a, hashOf(token), actor.ID); err != nil {
			return err
		}
		if !letter {
			return nil
		}
		return s.Cases.Queue.Enqueue(ctx, tx, mailArgs{AskID: a.ID, Key: s.sealToken(a.ID, token)}, nil)
	})
	if err != nil {
		return "", err
	}
	return s.Cases.BaseURL + LinkPath + token, nil
}

// mayAsk tells whether the body's entry is kept by the unit or one above it.
func (s *Service) mayAsk(unitID string, b Body) bool {
	if b.UnitID == unitID {
		return true
	}
	for _, up := range s.Cases.Forest().AncestorIDs(unitID, s.today()) {
		if up == b.UnitID {
			return true
		}
	}
	return false
}

// Asks lists what outside bodies were asked about a case, to those who may read it.
func (s *Service) Asks(ctx context.Context, actor identity.Actor, c feedback.Case) ([]Ask, error) {
	if !s.Cases.Can(actor, feedback.ActionRead, c) {
		return nil, fault.New(fault.NotFound, "feedback.case_not_found")
	}
	return s.store.asks(ctx, s.db().Read(), c.ID)
}

// ByLink gives what a body was asked to whoever holds the link; it can be read until it has expired or was taken back.
func (s *Service) ByLink(ctx context.Context, token string) (Ask, error) {
	a, err := s.store.askBy(ctx, s.db().Read(), "token_hash", hashOf(token))
	if err == nil && (!a.RevokedAt.IsZero() || a.AnsweredAt.IsZero() && !s.now().Before(a.ExpiresAt)) {
		err = fault.New(fault.NotFound, "routing.link_gone")
	}
	return a, err
}

// AnswerByLink takes the body's answer, once. It goes to the desk, which reads it before anybody else.
func (s *Service) AnswerByLink(ctx context.Context, token, text, who string) error {
	a, err := s.ByLink(ctx, token)
	if err != nil {
		return err
	}
	return s.answer(ctx, a.ID, text, who, "link")
}

// maxAnswer is how many characters of an answer are kept.
const maxAnswer = feedback.MaxAnswer

func (s *Service) answer(ctx context.Context, askID, text, who, from string) error {
	text, who = strings.TrimSpace(vntext.NFC(strings.ReplaceAll(text, "\r\n", "\n"))), line(who)
	var fs fault.Fields
	fs.Check(text != "", "answer", "feedback.answer_required")
	fs.Check(vntext.Length(text) <= maxAnswer, "answer", "routing.too_long")
	fs.Check(who != "", "who", "routing.who_required")
	fs.Check(vntext.Length(who) <= 200, "who", "routing.too_long")
	if err := fs.OrNil(); err != nil {
		return err
	}
	return s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		a, err := s.store.lockAsk(ctx, tx, askID)
		if err != nil {
			return err
		}
		if !a.Open(s.now()) {
			return fault.New(fault.Conflict, "routing.answered_already")
		}
		a.Answer, a.AnswerBy, a.AnswerFrom, a.AnsweredAt = text, who, from, s.now()
		if err := s.store.updateAsk(ctx, tx, a); err != nil {
			return err
		}
		return s.Cases.ReplyArrived(ctx, tx, a.CaseID, a.BodyName)
	})
}

// TakeOver puts the body's answer, quoted with its name, into the draft of the desk, behind what stands there.
func (s *Service) TakeOver(ctx context.Context, actor identity.Actor, askID string) (caseID string, err error) {
	a, err := s.store.askBy(ctx, s.db().Read(), "id", askID)
	if err != nil {
		return "", err
	}
	d, err := s.Cases.Dossier(ctx, actor, a.CaseID)
	if err != nil {
		return "", err
	}
	if a.Answer == "" {
		return "", fault.New(fault.Conflict, "routing.no_answer")
	}
	text := ""
	if p, ok := d.Pending(); ok {
		text = strings.TrimSpace(p.Text) + "\n\n"
	}
	text += s.Cases.Words.T("routing.quote", "Body", a.BodyName, "Text", a.Answer)
	if _, err := s.Cases.Draft(ctx, actor, a.CaseID, text); err != nil {
		return "", err
	}
	return a.CaseID, s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		locked, err := s.store.lockAsk(ctx, tx, askID)
		if err != nil {
			return err
		}
		locked.TakenAt = s.now()
		return s.store.updateAsk(ctx, tx, locked)
	})
}

// Revoke takes a link back that nobody has answered yet.
func (s *Service) Revoke(ctx context.Context, actor identity.Actor, askID string) (caseID string, err error) {
	before, err := s.store.askBy(ctx, s.db().Read(), "id", askID)
	if err != nil {
		return "", err
	}
	if err := s.mayWork(ctx, actor, before.CaseID); err != nil {
		return "", err
	}
	return before.CaseID, s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		a, err := s.store.lockAsk(ctx, tx, askID)
		if err != nil {
			return err
		}
		if !a.Open(s.now()) {
			return fault.New(fault.Conflict, "routing.answered_already")
		}
		a.RevokedAt = s.now()
		if err := s.store.updateAsk(ctx, tx, a); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, a.UnitID, "routing.revoke", "Case", a.CaseID, map[string]string{"body": a.BodyName})
	})
}

func (s *Service) mayWork(ctx context.Context, actor identity.Actor, caseID string) error {
	d, err := s.Cases.Dossier(ctx, actor, caseID)
	if err != nil {
		return err
	}
	if !s.Cases.Can(actor, feedback.ActionWork, d.Case) {
		return fault.New(fault.Forbidden, "identity.not_allowed")
	}
	return nil
}

type mailArgs struct {
	AskID string `json:"ask_id"`
	Key   string `json:"key"` // the secret of the link, sealed: job arguments are read by the IT team
}

// Kind implements jobs.Args.
func (mailArgs) Kind() string { return "routing.mail" }

func tokenPlace(askID string) string { return "routing_ask:" + askID }

func (s *Service) sealToken(askID, token string) string {
	sealed, err := s.Cases.Sealer.Seal([]byte(token), tokenPlace(askID))
	if err != nil {
		return "" // the letter then says that the link comes separately; sealing fails only without keys, when nothing works
	}
	return sealed
}

// onClassified takes back and empties what outside bodies were asked about a case that turned out to be for its receiver
// alone.
func (s *Service) onClassified(ctx context.Context, e feedback.Classified) error {
	if !e.As.Secret() {
		return nil
	}
	return s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.hush(ctx, tx, e.CaseID, s.now()) })
}

// mail sends the letter of one question. A crash between sending and writing that down sends it again, with the same
// Message-ID, which mail programs show once.
func (s *Service) mail(ctx context.Context, j *jobs.Job[mailArgs]) error {
	a, err := s.store.askBy(ctx, s.db().Read(), "id", j.Args.AskID)
	if err != nil || !a.Open(s.now()) || !a.MailedAt.IsZero() || s.Post == nil {
		return err
	}
	token, err := s.Cases.Sealer.Open(j.Args.Key, tokenPlace(a.ID))
	if err != nil {
		return jobs.Cancel(err)
	}
	w := s.Cases.Words
	from := feedback.BodyName(w, s.Cases.Unit(a.UnitID))
	letter := Letter{To: a.Email, FromName: from, Tag: TagOf(a.ID),
		Subject: w.T("routing.letter.subject", "Tag", TagOf(a.ID)),
		Text: w.T("routing.letter.text", "Unit", from, "Body", a.BodyName, "Why", a.Why, "Text", a.Text,
			"Link", s.Cases.BaseURL+LinkPath+string(token), "Until", s.vietnamese(a.ExpiresAt))}
	err = s.Post.Send(ctx, letter)
	key := ""
	if err != nil {
		key = "routing.mail_failed"
	}
	if werr := s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		locked, err := s.store.lockAsk(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		locked.MailError = key
		if key == "" {
			locked.MailedAt = s.now()
		}
		return s.store.updateAsk(ctx, tx, locked)
	}); werr != nil {
		return werr
	}
	return err
}
