package directive

import (
	"context"
	"io"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Answering is a task as the unit that was asked sees it.
type Answering struct {
	Received
	From    string // full name of who asks
	Unit    string // full name of who is asked
	History []Passed
}

// Passed is one line of a task's history.
type Passed struct {
	Step Step
	At   time.Time
	By   string
	Note string
}

// Report is what a unit says when it has done what was asked.
type Report struct {
	Note       string
	Picture    io.Reader // nil for none
	PictureAlt string
}

// Task gives a task to an actor of the unit that was asked, or of the unit that asks.
func (s *Service) Task(ctx context.Context, actor identity.Actor, taskID string) (Answering, error) {
	t, err := s.store.task(ctx, s.DB.Read(), taskID)
	if err != nil {
		return Answering{}, err
	}
	d, err := s.store.directive(ctx, s.DB.Read(), t.DirectiveID)
	if err != nil {
		return Answering{}, err
	}
	if !s.Authz.Can(actor, ActionRead, resource(t.UnitID)) && !s.Authz.Can(actor, ActionRead, resource(d.UnitID)) {
		if err := s.Authz.Check(actor, ActionRead, resource(t.UnitID)); fault.Is(err, fault.Unauthenticated) {
			return Answering{}, err
		}
		return Answering{}, errNone()
	}
	return s.answering1(ctx, t, d)
}

func (s *Service) answering1(ctx context.Context, t Task, d Directive) (Answering, error) {
	rows, err := s.store.history(ctx, s.DB.Read(), t.ID)
	out := Answering{Received: Received{Task: t, Directive: d}, From: s.UnitName(d.UnitID), Unit: s.UnitName(t.UnitID)}
	for _, r := range rows {
		out.History = append(out.History, Passed{Step: r.Step, At: r.At.UTC(), By: r.ByName, Note: r.Note})
	}
	return out, err
}

// CanAnswer tells whether the actor may answer for the unit.
func (s *Service) CanAnswer(actor identity.Actor, unitID string) bool {
	return s.Authz.Can(actor, ActionAnswer, resource(unitID))
}

// CanSend tells whether the actor may give directives in the unit's name.
func (s *Service) CanSend(actor identity.Actor, unitID string) bool {
	return s.Authz.Can(actor, ActionSend, resource(unitID))
}

// See notes that somebody of the unit that was asked has opened the task.
func (s *Service) See(ctx context.Context, actor identity.Actor, taskID string) error {
	return s.answer(ctx, actor, taskID, Seen, Report{})
}

// Acknowledge says: received, we will do it.
func (s *Service) Acknowledge(ctx context.Context, actor identity.Actor, taskID string) error {
	return s.answer(ctx, actor, taskID, Acknowledged, Report{})
}

// Report says that it is done, with a note of up to MaxNote characters and a picture; one of the two is needed.
func (s *Service) Report(ctx context.Context, actor identity.Actor, taskID string, r Report) error {
	return s.answer(ctx, actor, taskID, Done, r)
}

func (s *Service) answer(ctx context.Context, actor identity.Actor, taskID string, step Step, r Report) error {
	t, err := s.store.task(ctx, s.DB.Read(), taskID)
	if err != nil {
		return err
	}
	if err := s.Authz.Check(actor, ActionAnswer, resource(t.UnitID)); err != nil {
		if fault.Is(err, fault.Forbidden) {
			return errNone()
		}
		return err
	}
	return s.take(ctx, t, step, r, actor, "")
}

// take moves a task forward; link is the hash of the link it came by, "" when an official did it.
func (s *Service) take(ctx context.Context, t Task, step Step, r Report, actor identity.Actor, link string) error {
	r.Note, r.PictureAlt = oneLine(r.Note), oneLine(r.PictureAlt)
	var picture string
	if step == Done {
		var fs fault.Fields
		if utf8.RuneCountInString(r.Note) > MaxNote {
			fs.Add(fault.Field("note", "directive.too_long").With("Limit", MaxNote))
		}
		fs.Check(r.Note != "" || r.Picture != nil, "note", "directive.report_empty")
		if err := fs.OrNil(); err != nil {
			return err
		}
		if r.Picture != nil {
			p, err := s.Pictures.Save(ctx, r.Picture)
			if err != nil {
				return err
			}
			picture = p.ID
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		d, err := s.store.directive(ctx, tx, t.DirectiveID)
		if err != nil {
			return err
		}
		if t, err = s.store.task(ctx, tx, t.ID); err != nil {
			return err
		}
		if d.State != Sent {
			if step == Seen {
				return nil
			}
			return fault.New(fault.Conflict, "directive.ended")
		}
		now := s.Clock.Now()
		if !t.advance(step, now) {
			return nil // said before
		}
		if actor.Name != "" {
			t.ByName = actor.Name
		}
		if step == Done {
			t.Note, t.Picture, t.PictureAlt = r.Note, picture, r.PictureAlt
		}
		if err := s.store.saveTask(ctx, tx, t); err != nil {
			return err
		}
		if link != "" && step == Done {
			if err := s.store.useLink(ctx, tx, link, now); err != nil {
				return err
			}
		}
		if err := s.store.insert(ctx, tx, &stepRow{ID: id.New(), TaskID: t.ID, Step: step, At: now, ByID: actor.ID, ByName: actor.Name, Note: r.Note}); err != nil {
			return err
		}
		if step == Seen {
			return nil
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: t.UnitID, Action: ActionAnswer, ResourceType: "DirectiveTask", ResourceID: t.ID, Details: map[string]string{"step": string(step)}})
	})
}

// SendBack says that a report is not enough: the unit must report again. A reason is needed.
func (s *Service) SendBack(ctx context.Context, actor identity.Actor, taskID, reason string) error {
	t, err := s.store.task(ctx, s.DB.Read(), taskID)
	if err != nil {
		return err
	}
	d, err := s.visible(ctx, actor, t.DirectiveID)
	if err != nil {
		return err
	}
	if err := s.Authz.Check(actor, ActionSend, resource(d.UnitID)); err != nil {
		return err
	}
	if reason = oneLine(reason); reason == "" || utf8.RuneCountInString(reason) > MaxNote {
		return fault.Field("reason", "directive.reason_required")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if t, err = s.store.task(ctx, tx, taskID); err != nil {
			return err
		}
		if t.Step != Done || d.State != Sent {
			return fault.New(fault.Conflict, "directive.not_done")
		}
		t.Step, t.DoneAt = Acknowledged, time.Time{}
		if err := s.store.saveTask(ctx, tx, t); err != nil {
			return err
		}
		if err := s.store.insert(ctx, tx, &stepRow{ID: id.New(), TaskID: t.ID, Step: Return, At: s.Clock.Now(), ByID: actor.ID, ByName: actor.Name, Note: reason}); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: d.UnitID, Action: ActionSend, ResourceType: "DirectiveTask", ResourceID: t.ID, Details: map[string]string{"step": string(Return)}})
	})
}

// Reminder is a unit that has not answered, with the link by which it can.
type Reminder struct {
	Asked
	Token string // for the address; shown once, it is not kept
}

// Links makes a fresh link for every unit of a directive that is not done; earlier links of these units open nothing more.
// It counts as a reminder.
func (s *Service) Links(ctx context.Context, actor identity.Actor, directiveID string) ([]Reminder, error) {
	sheet, err := s.Sheet(ctx, actor, directiveID, TaskFilter{Step: Open})
	if err != nil {
		return nil, err
	}
	if err := s.Authz.Check(actor, ActionSend, resource(sheet.UnitID)); err != nil {
		return nil, err
	}
	if sheet.State != Sent {
		return nil, fault.New(fault.Conflict, "directive.ended")
	}
	now := s.Clock.Now()
	until := max(sheet.Deadline, s.Today()).AddDays(LinkDays + 1).Time()
	out := make([]Reminder, len(sheet.Tasks))
	rows := make([]linkRow, len(sheet.Tasks))
	tasks := make([]string, len(sheet.Tasks))
	for i, a := range sheet.Tasks {
		out[i] = Reminder{Asked: a, Token: id.NewSecret()}
		rows[i] = linkRow{Hash: hashOf(out[i].Token), TaskID: a.Task.ID, MadeBy: actor.ID, MadeAt: now, ExpiresAt: until}
		tasks[i] = a.Task.ID
	}
	if len(out) == 0 {
		return nil, nil
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for i := 0; i < len(rows); i += 500 {
			part := rows[i:min(i+500, len(rows))]
			if err := s.store.dropLinks(ctx, tx, tasks[i:min(i+500, len(rows))]); err != nil {
				return err
			}
			if err := s.store.insert(ctx, tx, &part); err != nil {
				return err
			}
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: sheet.UnitID, Action: ActionSend, ResourceType: "Directive", ResourceID: sheet.ID, Details: map[string]string{"links": "new"}})
	})
	return out, err
}

// ByLink gives the task that a link opens. A link that was used, has expired, or was replaced by a newer one is a NotFound
// fault that says so.
func (s *Service) ByLink(ctx context.Context, token string) (Answering, error) {
	a, _, err := s.byLink(ctx, token)
	return a, err
}

func (s *Service) byLink(ctx context.Context, token string) (Answering, string, error) {
	hash := hashOf(token)
	l, err := s.store.link(ctx, s.DB.Read(), hash)
	if fault.Is(err, fault.NotFound) || err == nil && l.ExpiresAt.Before(s.Clock.Now()) {
		return Answering{}, "", fault.New(fault.NotFound, "directive.link_gone")
	}
	if err != nil {
		return Answering{}, "", err
	}
	t, err := s.store.task(ctx, s.DB.Read(), l.TaskID)
	if err != nil {
		return Answering{}, "", err
	}
	d, err := s.store.directive(ctx, s.DB.Read(), t.DirectiveID)
	if err != nil {
		return Answering{}, "", err
	}
	if d.State == Withdrawn {
		return Answering{}, "", fault.New(fault.NotFound, "directive.link_withdrawn")
	}
	if !l.UsedAt.IsZero() && t.Step == Done {
		return Answering{}, "", fault.New(fault.NotFound, "directive.link_used")
	}
	a, err := s.answering1(ctx, t, d)
	return a, hash, err
}

// AnswerByLink does what the unit of the link says; the report uses the link up.
func (s *Service) AnswerByLink(ctx context.Context, token string, step Step, r Report) error {
	a, hash, err := s.byLink(ctx, token)
	if err != nil {
		return err
	}
	return s.take(ctx, a.Task, step, r, identity.Actor{Kind: identity.ActorCitizen}, hash)
}

// FileByLink opens the attachment of the directive behind a link; the caller closes it.
func (s *Service) FileByLink(ctx context.Context, token string) (File, io.ReadCloser, error) {
	a, err := s.ByLink(ctx, token)
	if err != nil {
		return File{}, nil, err
	}
	return s.openFile(ctx, a.Directive)
}

// nudge counts the reminders that are due: they show on the work list of the units that were asked and in the history.
func (s *Service) nudge(ctx context.Context) error {
	today := s.Today()
	list, err := s.store.unanswered(ctx, s.DB.Read(), today.AddDays(2))
	if err != nil {
		return err
	}
	for _, r := range list {
		want := dueNudges(r.Directive.Deadline, today)
		if want <= r.Nudges {
			continue
		}
		err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			now := s.Clock.Now()
			counted, err := s.store.nudge(ctx, tx, r.Task.ID, r.Nudges, want, now)
			if err != nil || !counted {
				return err
			}
			return s.store.insert(ctx, tx, &stepRow{ID: id.New(), TaskID: r.Task.ID, Step: Nudge, At: now})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Waiting lists what the actor's own units still have to answer, for the work of the day.
func (s *Service) Waiting(ctx context.Context, actor identity.Actor) ([]Received, error) {
	list, _, err := s.ReceivedList(ctx, actor, "", 1, 200)
	if err != nil {
		return nil, err
	}
	var out []Received
	for _, r := range list {
		if r.Step != Done && r.Directive.State == Sent {
			out = append(out, r)
		}
	}
	return out, nil
}

// UsedPictures implements picture.Owner.
func (s *Service) UsedPictures(ctx context.Context, ids []string) ([]string, error) {
	return s.store.usedPictures(ctx, s.DB.Read(), ids)
}

// Mover lets open tasks follow a unit into its successor; it implements orgunit.Mover.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about directives.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the open tasks of each of the units.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	open, err := m.s.store.open(ctx, m.s.DB.Read(), from)
	if err != nil {
		return nil, err
	}
	var out []orgunit.MoveLine
	for _, u := range from {
		if n := open[u]; n > 0 {
			out = append(out, orgunit.MoveLine{UnitID: u, Key: "directive.move.tasks", Count: n})
		}
	}
	return out, nil
}

// Move gives the open tasks of a unit to its successor. A second run finds none left.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	return m.s.store.moveOpen(ctx, tx, from, to)
}
