package voter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Ready is what one body can be sent in a round.
type Ready struct {
	Body  orgunit.Unit
	Items []Item // classified, in order of code
	Sent  int    // letters that went to it already
}

// Ready lists the bodies to which items of a round can be sent, and how many items still have no body.
func (s *Service) Ready(ctx context.Context, actor identity.Actor, roundID string) ([]Ready, int, error) {
	r, err := s.Round(ctx, actor, roundID)
	if err != nil {
		return nil, 0, err
	}
	list, err := s.ready(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	letters, err := s.store.letters(ctx, s.DB.Read(), []string{r.UnitID}, s.today(), r.ID, false)
	if err != nil {
		return nil, 0, err
	}
	by := map[string]*Ready{}
	var out []*Ready
	open := 0
	for _, x := range list {
		if x.State != ItemClassified {
			open++
			continue
		}
		g := by[x.BodyUnitID]
		if g == nil {
			g = &Ready{Body: s.Unit(x.BodyUnitID)}
			by[x.BodyUnitID] = g
			out = append(out, g)
		}
		g.Items = append(g.Items, x)
	}
	for _, l := range letters {
		if g := by[l.BodyUnitID]; g != nil {
			g.Sent++
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Body.FullName < out[j].Body.FullName })
	plain := make([]Ready, len(out))
	for i, g := range out {
		plain[i] = *g
	}
	return plain, open, nil
}

// ready lists the items of finished minutes of a round that were not sent; items of an earlier round that were given to
// another body belong to the round in which they were raised.
func (s *Service) ready(ctx context.Context, r Round) ([]Item, error) {
	meetings, err := s.store.meetingsOf(ctx, s.DB.Read(), r.ID)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range meetings {
		if m.State != Planned && m.State != Held {
			ids = append(ids, m.ID)
		}
	}
	list, err := s.store.itemsOf(ctx, s.DB.Read(), ids...)
	if err != nil {
		return nil, err
	}
	var out []Item
	for _, x := range list {
		if x.State == ItemNew || x.State == ItemClassified {
			out = append(out, x)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Code < out[j].Code })
	return out, nil
}

// Send sends everything classified for a body in a round in one letter. l gives number, days, note and signer.
func (s *Service) Send(ctx context.Context, actor identity.Actor, l Letter) (Letter, error) {
	r, err := s.store.round(ctx, s.DB.Read(), l.RoundID)
	if err != nil {
		return Letter{}, err
	}
	if err := s.may(actor, ActionWork, r.UnitID); err != nil {
		return Letter{}, err
	}
	l.UnitID, l.Number, l.Note, l.Signer = r.UnitID, tidy(l.Number), tidyText(l.Note), tidy(l.Signer)
	if l.SentOn == "" {
		l.SentOn = s.today()
	}
	var bad fault.Fields
	keep(&bad, short("number", l.Number, false), short("signer", l.Signer, false))
	switch {
	case !l.DueOn.Valid():
		bad = append(bad, fault.Field("due_on", "voter.date_wanted"))
	case l.DueOn < l.SentOn:
		bad = append(bad, fault.Field("due_on", "voter.letter.due_early"))
	}
	if err := bad.OrNil(); err != nil {
		return Letter{}, err
	}
	list, err := s.ready(ctx, r)
	if err != nil {
		return Letter{}, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		l.ID, l.CreatedAt, l.CreatedBy = id.New(), s.Clock.Now(), actor.ID
		var err error
		if l.Serial, err = s.store.serial(ctx, tx, l); err != nil {
			return err
		}
		if err := s.store.insert(ctx, tx, &l); err != nil {
			return err
		}
		sent := 0
		for _, known := range list {
			if known.BodyUnitID != l.BodyUnitID || known.State != ItemClassified {
				continue
			}
			x, err := s.store.lockItem(ctx, tx, known.ID)
			if err != nil {
				return err
			}
			if x.State.May(StepSend) != nil || x.BodyUnitID != l.BodyUnitID {
				continue // somebody changed it meanwhile: it goes with the next letter
			}
			x.State, x.LetterID = ItemSent, l.ID
			x.Version++
			if err := s.store.update(ctx, tx, &x); err != nil {
				return err
			}
			if err := s.record(ctx, tx, actor, x.UnitID, Event{ItemID: x.ID, Step: string(StepSend), Note: s.Unit(l.BodyUnitID).FullName}); err != nil {
				return err
			}
			if err := s.settle(ctx, tx, x); err != nil {
				return err
			}
			sent++
		}
		if sent == 0 {
			return fault.New(fault.Conflict, "voter.letter.nothing")
		}
		return nil
	})
	return l, err
}

// LetterRow is a letter with how far its items have come.
type LetterRow struct {
	Letter
	Round           Round
	Items, Answered int
}

// Letters lists the letters of the actor's units (to false), or those which were sent to the actor's bodies (to true). An
// actor who may read a unit also sees what its bodies below were sent.
func (s *Service) Letters(ctx context.Context, actor identity.Actor, roundID string, to bool) ([]LetterRow, error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return nil, err
	}
	q := s.DB.Read()
	list, err := s.store.letters(ctx, q, roots, s.today(), roundID, to)
	if err != nil {
		return nil, err
	}
	rounds := map[string]Round{}
	var out []LetterRow
	for _, l := range list {
		row := LetterRow{Letter: l}
		if _, ok := rounds[l.RoundID]; !ok {
			if rounds[l.RoundID], err = s.store.round(ctx, q, l.RoundID); err != nil {
				return nil, err
			}
		}
		row.Round = rounds[l.RoundID]
		items, err := s.store.itemsOfLetter(ctx, q, l.ID)
		if err != nil {
			return nil, err
		}
		row.Items = len(items)
		for _, x := range items {
			if x.State == ItemAnswered || x.State == ItemProgress {
				row.Answered++
			}
		}
		out = append(out, row)
	}
	return out, nil
}

// LetterDossier is a letter with its items and what was imported for it.
type LetterDossier struct {
	Letter
	Round   Round
	Items   []ItemView
	Imports []Import
}

// Letter gives one letter to its sender, to those above, and to the body.
func (s *Service) Letter(ctx context.Context, actor identity.Actor, letterID string) (LetterDossier, error) {
	q := s.DB.Read()
	l, err := s.store.letter(ctx, q, letterID)
	if err == nil && s.Authz.Check(actor, ActionRead, identity.InUnit(l.BodyUnitID)) != nil {
		err = s.may(actor, ActionRead, l.UnitID)
	}
	if err != nil {
		return LetterDossier{}, err
	}
	d := LetterDossier{Letter: l}
	if d.Round, err = s.store.round(ctx, q, l.RoundID); err != nil {
		return d, err
	}
	items, err := s.store.itemsOfLetter(ctx, q, l.ID)
	if err != nil {
		return d, err
	}
	if d.Items, err = s.views(ctx, items); err != nil {
		return d, err
	}
	for i := range d.Items {
		m, err := s.store.meeting(ctx, q, d.Items[i].MeetingID)
		if err != nil {
			return d, err
		}
		d.Items[i].Meet = &m
	}
	rows, err := s.store.imports(ctx, q, l.ID)
	if err != nil {
		return d, err
	}
	for _, row := range rows {
		d.Imports = append(d.Imports, row.domain())
	}
	return d, nil
}

// MayAnswer tells whether the actor may write down answers to the letter.
func (s *Service) MayAnswer(actor identity.Actor, l Letter) bool {
	return s.Can(actor, ActionAnswer, l.BodyUnitID) || s.Can(actor, ActionAnswer, l.UnitID)
}

// Answer writes down what the body says to an item; it then waits for review.
func (s *Service) Answer(ctx context.Context, actor identity.Actor, itemID string, a Answer) error {
	return s.change(ctx, actor, ActionAnswer, itemID, StepAnswer, "", func(ctx context.Context, tx db.Tx, x *Item) error {
		return s.takeAnswer(ctx, tx, actor, x, a)
	})
}

// takeAnswer checks and writes an answer of a locked item.
func (s *Service) takeAnswer(ctx context.Context, tx db.Tx, actor identity.Actor, x *Item, a Answer) error {
	a.Text, a.DocNumber, a.ForwardedTo = tidyText(a.Text), tidy(a.DocNumber), tidy(a.ForwardedTo)
	if a.Kind != InProgress {
		a.DueOn = ""
	}
	if a.Kind != Forwarded {
		a.ForwardedTo = ""
	}
	if err := a.check(s.today()); err != nil {
		return err
	}
	a.ID, a.ItemID, a.LetterID, a.State, a.CreatedAt = id.New(), x.ID, x.LetterID, AnswerReview, s.Clock.Now()
	a.AuthorID, a.AuthorName = actor.ID, actor.Name
	a.UnitID = x.UnitID
	if s.Authz.Can(actor, ActionAnswer, identity.InUnit(x.BodyUnitID)) {
		a.UnitID = x.BodyUnitID
	}
	a.DeciderID, a.DeciderName, a.Reason, a.DecidedAt = "", "", "", time.Time{}
	x.State = ItemReview
	return s.store.insert(ctx, tx, &a)
}

// AnswerRow is one row of a table that a body filled in.
type AnswerRow struct {
	Number int    // as the spreadsheet numbers it
	Code   string // of the item
	Answer Answer
	Bad    error // what was wrong with the row when it was read
}

// RefusedRow is a row that was not taken: what stood in it, and why.
type RefusedRow struct {
	Number int
	Code   string
	Text   string
	Key    string            // catalogue key of the reason
	Args   map[string]string // its arguments
}

// Import is what came of a table of answers.
type Import struct {
	ID        string
	FileName  string
	At        time.Time
	ActorName string
	Taken     int
	Refused   []RefusedRow
}

func (r importRow) domain() Import {
	i := Import{ID: r.ID, FileName: r.FileName, At: r.At, ActorName: r.ActorName, Taken: r.Taken}
	_ = json.Unmarshal([]byte(r.Refused), &i.Refused) // written by us
	return i
}

// ImportAnswers takes the rows of a table that belong to open items of the letter; each other row is kept with the reason,
// so that nothing a body wrote is lost. Rows without any answer are passed over.
func (s *Service) ImportAnswers(ctx context.Context, actor identity.Actor, letterID, fileName string, rows []AnswerRow) (Import, error) {
	l, err := s.store.letter(ctx, s.DB.Read(), letterID)
	if err == nil && s.Authz.Check(actor, ActionAnswer, identity.InUnit(l.BodyUnitID)) != nil {
		err = s.may(actor, ActionAnswer, l.UnitID)
	}
	if err != nil {
		return Import{}, err
	}
	if len(rows) == 0 {
		return Import{}, fault.Fields{fault.Field("file", "voter.import.empty")}
	}
	in := Import{ID: id.New(), FileName: tidy(fileName), At: s.Clock.Now(), ActorName: actor.Name}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		in.Taken, in.Refused = 0, nil
		items, err := s.store.itemsOfLetter(ctx, tx, letterID)
		if err != nil {
			return err
		}
		byCode := map[string]string{}
		for _, x := range items {
			byCode[x.Code] = x.ID
		}
		for _, row := range rows {
			err := s.importRow(ctx, tx, actor, byCode, row)
			if err == nil {
				in.Taken++
				continue
			}
			key, args, known := reason(err)
			if !known {
				return err
			}
			in.Refused = append(in.Refused, RefusedRow{Number: row.Number, Code: row.Code, Text: row.Answer.Text, Key: key, Args: args})
		}
		refused, err := json.Marshal(in.Refused)
		if err != nil {
			return err
		}
		if err := s.store.insert(ctx, tx, &importRow{ID: in.ID, LetterID: l.ID, FileName: in.FileName, At: in.At, ActorID: actor.ID, ActorName: actor.Name, Taken: in.Taken, Refused: string(refused)}); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: l.UnitID, Action: "voter.import", ResourceType: "VoterLetter", ResourceID: l.ID})
	})
	return in, err
}

func (s *Service) importRow(ctx context.Context, tx db.Tx, actor identity.Actor, byCode map[string]string, row AnswerRow) error {
	itemID, ok := byCode[row.Code]
	switch {
	case row.Code == "":
		return fault.Field("code", "voter.import.no_code")
	case !ok:
		return fault.Field("code", "voter.import.unknown_code").With("Code", row.Code)
	case row.Bad != nil:
		return row.Bad
	}
	x, err := s.store.lockItem(ctx, tx, itemID)
	if err != nil {
		return err
	}
	if err := x.State.May(StepAnswer); err != nil {
		return err
	}
	if err := s.takeAnswer(ctx, tx, actor, &x, row.Answer); err != nil {
		return err
	}
	x.Version++
	if err := s.store.update(ctx, tx, &x); err != nil {
		return err
	}
	if err := s.record(ctx, tx, actor, x.UnitID, Event{ItemID: x.ID, Step: string(StepAnswer), Note: "xlsx"}); err != nil {
		return err
	}
	return s.settle(ctx, tx, x)
}

// reason is what a person is told of a fault; known is false for other errors.
func reason(err error) (key string, args map[string]string, known bool) {
	var list fault.Fields
	if errors.As(err, &list) && len(list) > 0 {
		err = list[0]
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		return "", nil, false
	}
	args = map[string]string{}
	for _, a := range f.Args {
		args[a.Name] = fmt.Sprint(a.Value)
	}
	return f.Key, args, true
}

// Waiting lists the answers that wait for the actor's review, with their items.
func (s *Service) Waiting(ctx context.Context, actor identity.Actor) ([]ItemView, error) {
	roots := s.Authz.Scope(actor, ActionReview)
	if len(roots) == 0 {
		return nil, s.Authz.Check(actor, ActionReview, identity.InUnit(""))
	}
	answers, err := s.store.reviews(ctx, s.DB.Read(), roots, s.today())
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range answers {
		ids = append(ids, a.ItemID)
	}
	items, err := s.store.itemsByID(ctx, s.DB.Read(), ids)
	if err != nil {
		return nil, err
	}
	var own []Item
	for _, x := range items {
		if s.Can(actor, ActionReview, x.UnitID) {
			own = append(own, x)
		}
	}
	return s.views(ctx, own)
}

// Approve agrees with an answer: the voters may be told. The one who wrote it down may not.
func (s *Service) Approve(ctx context.Context, actor identity.Actor, answerID string) error {
	return s.decide(ctx, actor, answerID, StepApprove, "")
}

// Reject sends an answer back to who wrote it down, with a reason.
func (s *Service) Reject(ctx context.Context, actor identity.Actor, answerID, reason string) error {
	return s.decide(ctx, actor, answerID, StepReject, reason)
}

func (s *Service) decide(ctx context.Context, actor identity.Actor, answerID string, step Step, reason string) error {
	a, err := s.store.answer(ctx, s.DB.Read(), answerID)
	if err != nil {
		return err
	}
	reason = tidy(reason)
	return s.change(ctx, actor, ActionReview, a.ItemID, step, reason, func(ctx context.Context, tx db.Tx, x *Item) error {
		a, err := s.store.answer(ctx, tx, answerID)
		if err != nil {
			return err
		}
		if a.State != AnswerReview {
			return fault.New(fault.Conflict, "voter.answer.decided")
		}
		r := identity.Resource{Type: "VoterAnswer", ID: a.ID, UnitID: x.UnitID, Attrs: map[string]string{"author": a.AuthorID}}
		if err := s.Authz.Check(actor, ActionReview, r); err != nil {
			return fault.New(fault.Forbidden, "voter.answer.four_eyes").Because(err)
		}
		a.DeciderID, a.DeciderName, a.DecidedAt = actor.ID, actor.Name, s.Clock.Now()
		if step == StepReject {
			if reason == "" {
				return fault.Fields{fault.Field("reason", "voter.reason_wanted")}
			}
			a.State, a.Reason = AnswerReturned, reason
			x.State = ItemSent
			if x.AnswerID != "" {
				x.State = ItemProgress
			}
			return s.store.update(ctx, tx, &a)
		}
		a.State = AnswerApproved
		x.State, x.AnswerID, x.AnswerKind, x.AnswerDue, x.AnsweredAt = afterAnswer(a.Kind), a.ID, a.Kind, a.DueOn, s.Clock.Now()
		return s.store.update(ctx, tx, &a)
	})
}

// Due tells how many calendar days a letter still has; negative when it is late.
func (l Letter) Due(today clock.Date) int {
	return int(l.DueOn.Time().Sub(today.Time()).Hours() / 24)
}
