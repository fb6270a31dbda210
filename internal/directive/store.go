package directive

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// store is the SQL of the room; nobody else names its tables.
type store struct{}

func errNone() error { return fault.New(fault.NotFound, "directive.not_found") }

type directiveRow struct {
	bun.BaseModel `bun:"table:directive_directive,alias:d"`

	ID         string `bun:",pk"`
	UnitID     string
	ParentTask string
	Number     string
	Title      string
	Body       string
	Deadline   clock.Date
	Level      orgunit.Level
	State      State
	FileName   string
	FileType   string
	FileSize   int64
	AuthorID   string
	AuthorName string
	Reason     string
	Search     string
	CreatedAt  time.Time
	SentAt     time.Time `bun:",nullzero"`
	ClosedAt   time.Time `bun:",nullzero"`
}

func (r directiveRow) domain() Directive {
	return Directive{ID: r.ID, UnitID: r.UnitID, ParentTask: r.ParentTask, Number: r.Number, Title: r.Title, Text: r.Body, Deadline: r.Deadline, Level: r.Level,
		State: r.State, File: File{Name: r.FileName, Type: r.FileType, Size: r.FileSize}, AuthorID: r.AuthorID, AuthorName: r.AuthorName, Reason: r.Reason,
		SentAt: r.SentAt.UTC(), ClosedAt: utc(r.ClosedAt)}
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

type taskRow struct {
	bun.BaseModel `bun:"table:directive_task,alias:t"`

	ID             string `bun:",pk"`
	DirectiveID    string
	UnitID         string
	Step           Step
	SeenAt         time.Time `bun:",nullzero"`
	AcknowledgedAt time.Time `bun:",nullzero"`
	DoneAt         time.Time `bun:",nullzero"`
	ByID           string
	ByName         string
	Note           string
	Picture        string
	PictureAlt     string
	Nudges         int
	NudgedAt       time.Time `bun:",nullzero"`
}

func (r taskRow) domain() Task {
	return Task{ID: r.ID, DirectiveID: r.DirectiveID, UnitID: r.UnitID, Step: r.Step, SeenAt: utc(r.SeenAt), AcknowledgedAt: utc(r.AcknowledgedAt), DoneAt: utc(r.DoneAt),
		ByName: r.ByName, Note: r.Note, Picture: r.Picture, PictureAlt: r.PictureAlt, Nudges: r.Nudges, NudgedAt: utc(r.NudgedAt)}
}

type linkRow struct {
	bun.BaseModel `bun:"table:directive_link,alias:l"`

	Hash      string `bun:",pk"`
	TaskID    string
	MadeBy    string
	MadeAt    time.Time
	ExpiresAt time.Time
	UsedAt    time.Time `bun:",nullzero"`
}

type stepRow struct {
	bun.BaseModel `bun:"table:directive_step,alias:s"`

	ID     string `bun:",pk"`
	TaskID string
	Step   Step
	At     time.Time
	ByID   string
	ByName string
	Note   string
}

func (store) insert(ctx context.Context, q bun.IDB, rows any) error {
	_, err := q.NewInsert().Model(rows).Exec(ctx)
	return err
}

// insertTasks writes the tasks in portions that both engines take.
func (store) insertTasks(ctx context.Context, q bun.IDB, rows []taskRow) error {
	for len(rows) > 0 {
		n := min(len(rows), 500)
		part := rows[:n]
		if _, err := q.NewInsert().Model(&part).Exec(ctx); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func (store) directive(ctx context.Context, q bun.IDB, directiveID string) (Directive, error) {
	var r directiveRow
	err := q.NewSelect().Model(&r).Where("d.id = ?", directiveID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Directive{}, errNone()
	}
	return r.domain(), err
}

// end closes a directive or takes it back; false when it had ended before.
func (store) end(ctx context.Context, q bun.IDB, directiveID string, to State, reason string, at time.Time) (bool, error) {
	res, err := q.NewUpdate().Model((*directiveRow)(nil)).Set("state = ?", to).Set("reason = ?", reason).Set("closed_at = ?", at).
		Where("id = ?", directiveID).Where("state = ?", Sent).Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func (store) task(ctx context.Context, q bun.IDB, taskID string) (Task, error) {
	var r taskRow
	err := q.NewSelect().Model(&r).Where("t.id = ?", taskID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Task{}, errNone()
	}
	return r.domain(), err
}

func (store) saveTask(ctx context.Context, q bun.IDB, t Task) error {
	_, err := q.NewUpdate().Model(&taskRow{ID: t.ID, Step: t.Step, SeenAt: t.SeenAt, AcknowledgedAt: t.AcknowledgedAt, DoneAt: t.DoneAt, ByName: t.ByName, Note: t.Note,
		Picture: t.Picture, PictureAlt: t.PictureAlt, Nudges: t.Nudges, NudgedAt: t.NudgedAt}).
		Column("step", "seen_at", "acknowledged_at", "done_at", "by_name", "note", "picture", "picture_alt", "nudges", "nudged_at").WherePK().Exec(ctx)
	return err
}

func (store) history(ctx context.Context, q bun.IDB, taskID string) ([]stepRow, error) {
	var out []stepRow
	return out, q.NewSelect().Model(&out).Where("s.task_id = ?", taskID).OrderExpr("s.at, s.id").Scan(ctx)
}

// tasks lists the tasks of a directive; step "" is every step, "open" all but the done.
func (store) tasks(ctx context.Context, q bun.IDB, directiveID string, step Step) ([]Task, error) {
	var rows []taskRow
	sel := q.NewSelect().Model(&rows).Where("t.directive_id = ?", directiveID)
	switch step {
	case "":
	case Open:
		sel = sel.Where("t.step <> ?", Done)
	default:
		sel = sel.Where("t.step = ?", step)
	}
	if err := sel.Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Task, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}

// sent lists what the units in scope sent, newest first.
func (store) sent(ctx context.Context, q bun.IDB, scope []string, on clock.Date, words []string, page, per int) ([]Directive, int, error) {
	var rows []directiveRow
	sel := orgunit.Within(q.NewSelect().Model(&rows), "d.unit_id", scope, on)
	for _, w := range words {
		sel = sel.Where("d.search LIKE ?", "%"+w+"%")
	}
	n, err := sel.OrderExpr("d.created_at DESC, d.id DESC").Limit(int64(per)).Offset(int64((page - 1) * per)).ScanAndCount(ctx)
	out := make([]Directive, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, int(n), err
}

// received lists the tasks of the very units whose directive was not taken back: the open ones by their last day, then the
// done.
func (st store) received(ctx context.Context, q bun.IDB, units, words []string, page, per int) ([]Received, int, error) {
	var rows []taskRow
	sel := q.NewSelect().Model(&rows).Join("JOIN directive_directive AS d ON d.id = t.directive_id").
		Where("d.state <> ?", Withdrawn).Where("t.unit_id IN (?)", bun.In(units))
	for _, w := range words {
		sel = sel.Where("d.search LIKE ?", "%"+w+"%")
	}
	n, err := sel.OrderExpr("CASE WHEN t.step = ? OR d.state <> ? THEN 1 ELSE 0 END, d.deadline, d.id, t.id", Done, Sent).
		Limit(int64(per)).Offset(int64((page - 1) * per)).ScanAndCount(ctx)
	if err != nil || len(rows) == 0 {
		return nil, int(n), err
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.DirectiveID
	}
	var of []directiveRow
	if err := q.NewSelect().Model(&of).Where("d.id IN (?)", bun.In(ids)).Scan(ctx); err != nil {
		return nil, 0, err
	}
	byID := map[string]Directive{}
	for _, d := range of {
		byID[d.ID] = d.domain()
	}
	out := make([]Received, len(rows))
	for i, r := range rows {
		out[i] = Received{Task: r.domain(), Directive: byID[r.DirectiveID]}
	}
	return out, int(n), nil
}

// counts gives, for each directive, how many tasks stand at each step.
func (store) counts(ctx context.Context, q bun.IDB, directives []string) (map[string]Progress, error) {
	out := map[string]Progress{}
	if len(directives) == 0 {
		return out, nil
	}
	var rows []struct {
		DirectiveID string
		Step        Step
		N           int
	}
	err := q.NewSelect().Model((*taskRow)(nil)).Column("directive_id", "step").ColumnExpr("count(*) AS n").
		Where("t.directive_id IN (?)", bun.In(directives)).Group("directive_id", "step").Scan(ctx, &rows)
	for _, r := range rows {
		p := out[r.DirectiveID]
		p.add(r.Step, r.N)
		out[r.DirectiveID] = p
	}
	return out, err
}

// passed gives, for each task of a directive that was passed on, how many tasks stand at each step below it.
func (store) passed(ctx context.Context, q bun.IDB, directiveID string) (map[string]Progress, error) {
	var rows []struct {
		ParentTask string
		Step       Step
		N          int
	}
	err := q.NewSelect().TableExpr("directive_directive AS d").Join("JOIN directive_task AS t ON t.directive_id = d.id").
		Join("JOIN directive_task AS up ON up.id = d.parent_task").ColumnExpr("d.parent_task, t.step, count(*) AS n").
		Where("up.directive_id = ?", directiveID).Where("d.state <> ?", Withdrawn).GroupExpr("d.parent_task, t.step").Scan(ctx, &rows)
	out := map[string]Progress{}
	for _, r := range rows {
		p := out[r.ParentTask]
		p.add(r.Step, r.N)
		out[r.ParentTask] = p
	}
	return out, err
}

// unanswered lists tasks of running directives whose last day is at or before the given one and that are not done.
func (store) unanswered(ctx context.Context, q bun.IDB, deadline clock.Date) ([]Received, error) {
	var rows []struct {
		ID          string
		DirectiveID string
		UnitID      string
		Step        Step
		Nudges      int
		Deadline    clock.Date
	}
	err := q.NewSelect().TableExpr("directive_task AS t").Join("JOIN directive_directive AS d ON d.id = t.directive_id").
		ColumnExpr("t.id, t.directive_id, t.unit_id, t.step, t.nudges, d.deadline").Where("d.state = ?", Sent).Where("t.step <> ?", Done).
		Where("d.deadline <= ?", deadline).OrderExpr("t.id").Scan(ctx, &rows)
	out := make([]Received, len(rows))
	for i, r := range rows {
		out[i] = Received{Task: Task{ID: r.ID, DirectiveID: r.DirectiveID, UnitID: r.UnitID, Step: r.Step, Nudges: r.Nudges}, Directive: Directive{ID: r.DirectiveID, Deadline: r.Deadline}}
	}
	return out, err
}

// nudge counts a reminder, unless another run has counted it; false then.
func (store) nudge(ctx context.Context, q bun.IDB, taskID string, had, now int, at time.Time) (bool, error) {
	res, err := q.NewUpdate().Model((*taskRow)(nil)).Set("nudges = ?", now).Set("nudged_at = ?", at).Where("id = ?", taskID).Where("nudges = ?", had).Where("step <> ?", Done).Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// dropLinks takes back the unused links of tasks: at most one link of a task opens.
func (store) dropLinks(ctx context.Context, q bun.IDB, tasks []string) error {
	_, err := q.NewDelete().Model((*linkRow)(nil)).Where("task_id IN (?)", bun.In(tasks)).Where("used_at IS NULL").Exec(ctx)
	return err
}

func (store) link(ctx context.Context, q bun.IDB, hash string) (linkRow, error) {
	var r linkRow
	err := q.NewSelect().Model(&r).Where("l.hash = ?", hash).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, errNone()
	}
	return r, err
}

func (store) useLink(ctx context.Context, q bun.IDB, hash string, at time.Time) error {
	_, err := q.NewUpdate().Model((*linkRow)(nil)).Set("used_at = ?", at).Where("hash = ?", hash).Exec(ctx)
	return err
}

func (store) usedPictures(ctx context.Context, q bun.IDB, ids []string) ([]string, error) {
	var out []string
	return out, q.NewSelect().Model((*taskRow)(nil)).Column("picture").Where("t.picture IN (?)", bun.In(ids)).Scan(ctx, &out)
}

// open counts what each of the units still has to answer.
func (store) open(ctx context.Context, q bun.IDB, units []string) (map[string]int, error) {
	var rows []struct {
		UnitID string
		N      int
	}
	err := q.NewSelect().Model((*taskRow)(nil)).Join("JOIN directive_directive AS d ON d.id = t.directive_id").ColumnExpr("t.unit_id, count(*) AS n").
		Where("t.unit_id IN (?)", bun.In(units)).Where("t.step <> ?", Done).Where("d.state = ?", Sent).GroupExpr("t.unit_id").Scan(ctx, &rows)
	out := map[string]int{}
	for _, r := range rows {
		out[r.UnitID] = r.N
	}
	return out, err
}

// moveOpen gives the open tasks of a unit to its successor, unless that was asked itself.
func (store) moveOpen(ctx context.Context, q bun.IDB, from, to string) error {
	_, err := q.NewUpdate().Model((*taskRow)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Where("step <> ?", Done).
		Where("directive_id NOT IN (SELECT x.directive_id FROM directive_task AS x WHERE x.unit_id = ?)", to).Exec(ctx)
	return err
}
