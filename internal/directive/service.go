package directive

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "directive", FS: migrationFS}

// Policies say, in Cedar, who gives directives and who answers them.
//
//go:embed policies.cedar
var Policies string

// The actions that the policies speak of.
const (
	ActionSend   = "directive.send"
	ActionRead   = "directive.read"
	ActionAnswer = "directive.answer"
)

// Open as a step asks for every task that is not done.
const Open Step = "open"

// fileTypes are the media types of attachments, with the ending under which they are given out.
var fileTypes = map[string]string{
	"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       ".xlsx",
}

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Trail    identity.Recorder
	Forest   func() *orgunit.Forest
	Pictures *picture.Store
	Blobs    blob.Store
	Every    time.Duration // how often it is looked who must be reminded; 0 is an hour
}

// Service is the use cases of directives.
type Service struct {
	Deps
	store store
}

type nudgeArgs struct{}

// Kind implements jobs.Args.
func (nudgeArgs) Kind() string { return "directive_nudge" }

// New makes the service and has reminders looked after from time to time.
func New(d Deps) *Service {
	if d.Every == 0 {
		d.Every = time.Hour
	}
	s := &Service{Deps: d}
	jobs.Handle(s.Queue, func(ctx context.Context, _ *jobs.Job[nudgeArgs]) error { return s.nudge(ctx) })
	s.Queue.Every(d.Every, func() jobs.Args { return nudgeArgs{} })
	return s
}

// Today is the day of the house's clock.
func (s *Service) Today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// UnitName is the full name of a unit as it is called today; "" for an unknown one.
func (s *Service) UnitName(unitID string) string {
	u, err := s.Forest().Unit(unitID, s.Today())
	if err != nil {
		return ""
	}
	return u.FullName
}

func resource(unitID string) identity.Resource {
	return identity.Resource{Type: "Directive", UnitID: unitID}
}

// Progress is how many units stand at each step.
type Progress struct{ Waiting, Seen, Acknowledged, Done int }

func (p *Progress) add(s Step, n int) {
	switch s {
	case Waiting:
		p.Waiting += n
	case Seen:
		p.Seen += n
	case Acknowledged:
		p.Acknowledged += n
	case Done:
		p.Done += n
	}
}

// Total is how many units were asked.
func (p Progress) Total() int { return p.Waiting + p.Seen + p.Acknowledged + p.Done }

// Of is how many stand at a step.
func (p Progress) Of(s Step) int {
	switch s {
	case Waiting:
		return p.Waiting
	case Seen:
		return p.Seen
	case Acknowledged:
		return p.Acknowledged
	}
	return p.Done
}

// Targets lists the units of a level below a unit today, in Vietnamese alphabetical order, to an actor who may ask them.
func (s *Service) Targets(actor identity.Actor, unitID string, level orgunit.Level) ([]orgunit.Unit, error) {
	if err := s.Authz.Check(actor, ActionSend, resource(unitID)); err != nil {
		return nil, err
	}
	return s.Forest().AtLevel(level, orgunit.KindFront, unitID, s.Today()), nil
}

// Levels are the levels below a unit that have units today, nearest first.
func (s *Service) Levels(unitID string) []orgunit.Level {
	var out []orgunit.Level
	for _, l := range []orgunit.Level{orgunit.LevelDistrict, orgunit.LevelCommune, orgunit.LevelArea} {
		if list := s.Forest().AtLevel(l, orgunit.KindFront, unitID, s.Today()); len(list) > 1 || len(list) == 1 && list[0].ID != unitID {
			out = append(out, l)
		}
	}
	return out
}

// Send gives a directive to units below; file may be nil. It answers when everything is stored. Invalid fields and files of
// a kind or size that is not taken are Fields faults.
func (s *Service) Send(ctx context.Context, actor identity.Actor, in Draft, fileName string, file io.Reader) (Directive, error) {
	if err := s.Authz.Check(actor, ActionSend, resource(in.UnitID)); err != nil {
		return Directive{}, err
	}
	in.Title, in.Number, in.Text = oneLine(in.Title), oneLine(in.Number), strings.TrimSpace(vntext.NFC(in.Text))
	day, err := in.check(s.Today())
	if err != nil {
		return Directive{}, err
	}
	units, err := s.asked(in)
	if err != nil {
		return Directive{}, err
	}
	if in.ParentTask != "" {
		up, err := s.store.task(ctx, s.DB.Read(), in.ParentTask)
		if err != nil {
			return Directive{}, err
		}
		if up.UnitID != in.UnitID {
			return Directive{}, errNone()
		}
	}
	now := s.Clock.Now()
	row := directiveRow{ID: id.New(), UnitID: in.UnitID, ParentTask: in.ParentTask, Number: in.Number, Title: in.Title, Body: in.Text, Deadline: day, Level: in.Level,
		State: Sent, AuthorID: actor.ID, AuthorName: actor.Name, Search: vntext.Fold(in.Title + " " + in.Number), CreatedAt: now, SentAt: now}
	if file != nil {
		f, err := s.keepFile(ctx, row.ID, fileName, file)
		if err != nil {
			return Directive{}, err
		}
		row.FileName, row.FileType, row.FileSize = f.Name, f.Type, f.Size
	}
	tasks := make([]taskRow, len(units))
	for i, u := range units {
		tasks[i] = taskRow{ID: id.New(), DirectiveID: row.ID, UnitID: u, Step: Waiting}
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.insert(ctx, tx, &row); err != nil {
			return err
		}
		if err := s.store.insertTasks(ctx, tx, tasks); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: in.UnitID, Action: ActionSend, ResourceType: "Directive", ResourceID: row.ID})
	})
	return row.domain(), err
}

// asked are the units that a draft asks: those chosen, if all of them are of the level below the unit, or all of the level.
func (s *Service) asked(in Draft) ([]string, error) {
	var all []string
	for _, u := range s.Forest().AtLevel(in.Level, orgunit.KindFront, in.UnitID, s.Today()) {
		if u.ID != in.UnitID {
			all = append(all, u.ID)
		}
	}
	if len(in.Units) == 0 {
		if len(all) == 0 {
			return nil, fault.Field("level", "directive.nobody")
		}
		return all, nil
	}
	for _, u := range in.Units {
		if !slices.Contains(all, u) {
			return nil, fault.Field("units", "directive.unit_unknown")
		}
	}
	out := slices.Clone(in.Units)
	slices.Sort(out)
	return slices.Compact(out), nil
}

func fileKey(directiveID string) string { return "directive/" + directiveID }

// keepFile stores an attachment under a name of our own ending.
func (s *Service) keepFile(ctx context.Context, directiveID, name string, r io.Reader) (File, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return File{}, err
	}
	if len(b) > MaxFile {
		e := fault.Field("file", "directive.file_large").With("Limit", MaxFile>>20)
		e.Kind = fault.TooLarge
		return File{}, e
	}
	kind := mimetype.Detect(b).String()
	ending, ok := fileTypes[kind]
	if !ok || len(b) == 0 {
		return File{}, fault.Field("file", "directive.file_kind")
	}
	name = oneLine(path.Base(strings.ReplaceAll(name, "\\", "/")))
	name = vntext.Truncate(strings.TrimSuffix(name, path.Ext(name)), 100) + ending
	f := File{Name: name, Type: kind, Size: int64(len(b))}
	return f, s.Blobs.Put(ctx, fileKey(directiveID), strings.NewReader(string(b)), f.Size, f.Type)
}

func oneLine(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }

// Sheet is a directive with the units that were asked.
type Sheet struct {
	Directive
	Progress Progress
	Tasks    []Asked
	Total    int // tasks that fit the filter, before paging
}

// Asked is one unit of a Sheet.
type Asked struct {
	Task
	Unit   orgunit.Unit
	Parent string   // name of the unit above it, for areas
	Below  Progress // of what it passed on
	Late   bool
}

// TaskFilter chooses tasks of a sheet.
type TaskFilter struct {
	Step      Step // "": every step
	Query     string
	Page, Per int // Per 0: all
}

// Sheet gives a directive with how far each unit is, in Vietnamese alphabetical order.
func (s *Service) Sheet(ctx context.Context, actor identity.Actor, directiveID string, f TaskFilter) (Sheet, error) {
	d, err := s.visible(ctx, actor, directiveID)
	if err != nil {
		return Sheet{}, err
	}
	counts, err := s.store.counts(ctx, s.DB.Read(), []string{d.ID})
	if err != nil {
		return Sheet{}, err
	}
	tasks, err := s.store.tasks(ctx, s.DB.Read(), d.ID, f.Step)
	if err != nil {
		return Sheet{}, err
	}
	below, err := s.store.passed(ctx, s.DB.Read(), d.ID)
	if err != nil {
		return Sheet{}, err
	}
	out := Sheet{Directive: d, Progress: counts[d.ID]}
	forest, today, want := s.Forest(), s.Today(), vntext.Fold(f.Query)
	for _, t := range tasks {
		u, err := forest.Unit(t.UnitID, today)
		if err != nil {
			return Sheet{}, err
		}
		a := Asked{Task: t, Unit: u, Below: below[t.ID], Late: t.Late(d, today)}
		if up := forest.Ancestors(t.UnitID, today); d.Level == orgunit.LevelArea && len(up) > 0 {
			a.Parent = up[0].Name
		}
		if want == "" || strings.Contains(vntext.Fold(u.FullName+" "+a.Parent), want) {
			out.Tasks = append(out.Tasks, a)
		}
	}
	slices.SortFunc(out.Tasks, func(a, b Asked) int {
		if c := vntext.Compare(a.Parent, b.Parent); c != 0 {
			return c
		}
		return vntext.Compare(a.Unit.Name, b.Unit.Name)
	})
	out.Total = len(out.Tasks)
	if f.Per > 0 {
		from := min(max(0, (f.Page-1)*f.Per), len(out.Tasks))
		out.Tasks = out.Tasks[from:min(from+f.Per, len(out.Tasks))]
	}
	return out, nil
}

// visible gives a directive to an actor who reads what its unit sent.
func (s *Service) visible(ctx context.Context, actor identity.Actor, directiveID string) (Directive, error) {
	d, err := s.store.directive(ctx, s.DB.Read(), directiveID)
	if err != nil {
		return d, err
	}
	if err := s.Authz.Check(actor, ActionRead, resource(d.UnitID)); err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			return Directive{}, err
		}
		return Directive{}, errNone() // nobody learns what exists elsewhere
	}
	return d, nil
}

// Listed is one directive of a list.
type Listed struct {
	Directive
	Progress Progress
}

// SentList lists what the actor's units and those below them sent, newest first.
func (s *Service) SentList(ctx context.Context, actor identity.Actor, query string, page, per int) ([]Listed, int, error) {
	scope := s.Authz.Scope(actor, ActionRead)
	if len(scope) == 0 {
		return nil, 0, s.Authz.Check(actor, ActionRead, resource(""))
	}
	list, total, err := s.store.sent(ctx, s.DB.Read(), scope, s.Today(), strings.Fields(vntext.Fold(query)), page, per)
	if err != nil {
		return nil, 0, err
	}
	ids := make([]string, len(list))
	for i, d := range list {
		ids[i] = d.ID
	}
	counts, err := s.store.counts(ctx, s.DB.Read(), ids)
	out := make([]Listed, len(list))
	for i, d := range list {
		out[i] = Listed{Directive: d, Progress: counts[d.ID]}
	}
	return out, total, err
}

// Received is a task with its directive.
type Received struct {
	Task
	Directive Directive
}

// ReceivedList lists what the units in which the actor answers were asked: open ones by their last day, then the done.
func (s *Service) ReceivedList(ctx context.Context, actor identity.Actor, query string, page, per int) ([]Received, int, error) {
	scope := s.answering(actor)
	if len(scope) == 0 {
		return nil, 0, nil
	}
	return s.store.received(ctx, s.DB.Read(), scope, strings.Fields(vntext.Fold(query)), page, per)
}

// answering are the very units in which the actor may answer.
func (s *Service) answering(actor identity.Actor) []string { return s.Authz.Scope(actor, ActionAnswer) }

// File opens the attachment of a directive for an actor who may read it or was asked by it; the caller closes it.
func (s *Service) File(ctx context.Context, actor identity.Actor, directiveID, taskID string) (File, io.ReadCloser, error) {
	var d Directive
	var err error
	if taskID != "" {
		var a Answering
		a, err = s.Task(ctx, actor, taskID)
		d = a.Directive
	} else {
		d, err = s.visible(ctx, actor, directiveID)
	}
	if err != nil {
		return File{}, nil, err
	}
	return s.openFile(ctx, d)
}

func (s *Service) openFile(ctx context.Context, d Directive) (File, io.ReadCloser, error) {
	if d.File.Name == "" {
		return File{}, nil, errNone()
	}
	r, _, err := s.Blobs.Get(ctx, fileKey(d.ID))
	return d.File, r, err
}

// End closes a running directive, or takes it back when a reason is given.
func (s *Service) End(ctx context.Context, actor identity.Actor, directiveID string, to State, reason string) error {
	d, err := s.visible(ctx, actor, directiveID)
	if err != nil {
		return err
	}
	if err := s.Authz.Check(actor, ActionSend, resource(d.UnitID)); err != nil {
		return err
	}
	reason = oneLine(reason)
	switch {
	case to == Withdrawn && reason == "":
		return fault.Field("reason", "directive.reason_required")
	case to != Withdrawn && to != Closed:
		return fault.Field("state", "form.bad_choice")
	case utf8.RuneCountInString(reason) > MaxNote:
		return fault.Field("reason", "directive.too_long").With("Limit", MaxNote)
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ended, err := s.store.end(ctx, tx, d.ID, to, reason, s.Clock.Now())
		if err != nil {
			return err
		}
		if !ended {
			return fault.New(fault.Conflict, "directive.ended")
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: d.UnitID, Action: ActionSend, ResourceType: "Directive", ResourceID: d.ID, Details: map[string]string{"state": string(to)}})
	})
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
