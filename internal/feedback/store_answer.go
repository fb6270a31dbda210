package feedback

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
)

type answerRow struct {
	bun.BaseModel `bun:"table:feedback_answer"`
	ID            string `bun:",pk"`
	CaseID        string
	UnitID        string
	Body          string
	State         string
	Kind          string
	Due           clock.Date
	Detail        string
	AuthorID      string
	AuthorName    string
	ApproverID    string
	ApproverName  string
	Returned      string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	ApprovedAt    time.Time `bun:",nullzero"`
	Sealed        string    // text and reason of return, of a case of a secret kind
}

func (r answerRow) domain() Answer {
	return Answer{ID: r.ID, CaseID: r.CaseID, UnitID: r.UnitID, Text: r.Body, State: AnswerState(r.State), Kind: AnswerKind(r.Kind), Due: r.Due, Detail: r.Detail, AuthorID: r.AuthorID, AuthorName: r.AuthorName,
		ApproverID: r.ApproverID, ApproverName: r.ApproverName, Returned: r.Returned, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), ApprovedAt: r.ApprovedAt.UTC()}
}

func answerRowOf(a Answer) *answerRow {
	return &answerRow{ID: a.ID, CaseID: a.CaseID, UnitID: a.UnitID, Body: a.Text, State: string(a.State), Kind: string(a.Kind), Due: a.Due, Detail: a.Detail, AuthorID: a.AuthorID, AuthorName: a.AuthorName,
		ApproverID: a.ApproverID, ApproverName: a.ApproverName, Returned: a.Returned, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, ApprovedAt: a.ApprovedAt}
}

func (s store) insertAnswer(ctx context.Context, q bun.IDB, a Answer, secret bool) error {
	r, err := s.hideAnswer(a, secret)
	if err != nil {
		return err
	}
	_, err = q.NewInsert().Model(r).Exec(ctx)
	return err
}

func (s store) updateAnswer(ctx context.Context, q bun.IDB, a Answer, secret bool) error {
	r, err := s.hideAnswer(a, secret)
	if err != nil {
		return err
	}
	_, err = q.NewUpdate().Model(r).WherePK().Exec(ctx)
	return err
}

// hiddenAnswer is what of an answer to a complaint or denunciation is sealed.
type hiddenAnswer struct{ Text, Returned, Detail string }

func (s store) hideAnswer(a Answer, secret bool) (*answerRow, error) {
	r := answerRowOf(a)
	if !secret {
		return r, nil
	}
	b, err := json.Marshal(hiddenAnswer{a.Text, a.Returned, a.Detail})
	if err != nil {
		return nil, err
	}
	r.Body, r.Returned, r.Detail = "", "", ""
	r.Sealed, err = s.sealer.Seal(b, answerPlace(a.ID))
	return r, err
}

func (s store) answerOf(r answerRow) (Answer, error) {
	a := r.domain()
	if r.Sealed == "" {
		return a, nil
	}
	b, err := s.sealer.Open(r.Sealed, answerPlace(r.ID))
	if err != nil {
		return Answer{}, err
	}
	var h hiddenAnswer
	err = json.Unmarshal(b, &h)
	a.Text, a.Returned, a.Detail = h.Text, h.Returned, h.Detail
	return a, err
}

// answers lists the answers of a case, oldest first.
func (s store) answers(ctx context.Context, q bun.IDB, caseID string) ([]Answer, error) {
	var rows []answerRow
	if err := q.NewSelect().Model(&rows).Where("case_id = ?", caseID).Order("created_at", "id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Answer, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = s.answerOf(r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pending gives the answer being written or reviewed; ok is false when there is none.
func (s store) pending(ctx context.Context, q bun.IDB, caseID string) (a Answer, ok bool, err error) {
	var r answerRow
	err = q.NewSelect().Model(&r).Where("case_id = ?", caseID).Where("state <> ?", string(AnswerApproved)).
		Order("created_at DESC", "id DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Answer{}, false, nil
	}
	if err != nil {
		return Answer{}, false, err
	}
	a, err = s.answerOf(r)
	return a, err == nil, err
}

type noticeRow struct {
	bun.BaseModel `bun:"table:feedback_notice"`
	ID            string `bun:",pk"`
	CaseID        string
	EventID       string
	Step          string
	AccountID     string
	PersonID      string
	CommentPost   string
	CommentParent string
	State         string
	Reason        string
	ExternalID    string
	At            time.Time
}

func (r noticeRow) domain() Notice {
	return Notice{ID: r.ID, CaseID: r.CaseID, EventID: r.EventID, Step: Step(r.Step), Return: returnOf(r.AccountID, r.PersonID, r.CommentPost, r.CommentParent),
		State: NoticeState(r.State), Reason: r.Reason, ExternalID: r.ExternalID, At: r.At.UTC()}
}

func (store) insertNotice(ctx context.Context, q bun.IDB, n Notice) error {
	post, parent := commentColumns(n.Return)
	_, err := q.NewInsert().Model(&noticeRow{ID: n.ID, CaseID: n.CaseID, EventID: n.EventID, Step: string(n.Step), AccountID: n.Return.AccountID,
		PersonID: n.Return.PersonID, CommentPost: post, CommentParent: parent, State: string(n.State), Reason: n.Reason, At: n.At}).Exec(ctx)
	return err
}

func (store) notice(ctx context.Context, q bun.IDB, noticeID string) (Notice, error) {
	var r noticeRow
	err := q.NewSelect().Model(&r).Where("id = ?", noticeID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Notice{}, errNoCase()
	}
	return r.domain(), err
}

func (store) setNotice(ctx context.Context, q bun.IDB, noticeID string, state NoticeState, externalID, reason string) error {
	_, err := q.NewUpdate().Model((*noticeRow)(nil)).Where("id = ?", noticeID).
		Set("state = ?", string(state)).Set("external_id = ?", externalID).Set("reason = ?", reason).Exec(ctx)
	return err
}

func (store) notices(ctx context.Context, q bun.IDB, caseID string) ([]Notice, error) {
	var rows []noticeRow
	if err := q.NewSelect().Model(&rows).Where("case_id = ?", caseID).Order("at", "id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Notice, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}

type pictureRow struct {
	bun.BaseModel `bun:"table:feedback_picture"`
	ID            string `bun:",pk"`
	Secret        string
	CaseID        *string
	Number        int
	Alt           string
	Width, Height int
	At            time.Time
}

func (r pictureRow) domain() Picture {
	p := Picture{ID: r.ID, Number: r.Number, Alt: r.Alt, Width: r.Width, Height: r.Height}
	if r.CaseID != nil {
		p.CaseID = *r.CaseID
	}
	return p
}

func (store) insertPicture(ctx context.Context, q bun.IDB, r pictureRow) error {
	_, err := q.NewInsert().Model(&r).Exec(ctx)
	return err
}

// claimPictures hands the pictures of a form, in its order, to its case; secrets that are unknown or already used do
// nothing. It returns how many there were.
func (store) claimPictures(ctx context.Context, q bun.IDB, caseID string, secrets []string) (int, error) {
	n := 0
	for _, s := range secrets {
		res, err := q.NewUpdate().Model((*pictureRow)(nil)).Set("case_id = ?", caseID).Set("number = ?", n+1).
			Where("secret = ?", s).Where("case_id IS NULL").Exec(ctx)
		if err != nil {
			return n, err
		}
		if done, err := res.RowsAffected(); err == nil && done == 1 {
			n++
		}
	}
	return n, nil
}

func (store) pictures(ctx context.Context, q bun.IDB, caseID string) ([]Picture, error) {
	var rows []pictureRow
	if err := q.NewSelect().Model(&rows).Where("case_id = ?", caseID).Order("number").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Picture, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}

// loosePictures counts the secrets that name pictures still waiting for their form.
func (store) loosePictures(ctx context.Context, q bun.IDB, secrets []string) (int, error) {
	if len(secrets) == 0 {
		return 0, nil
	}
	n, err := q.NewSelect().Model((*pictureRow)(nil)).Where("secret IN (?)", bun.In(secrets)).Where("case_id IS NULL").Count(ctx)
	return int(n), err
}

// dropLoose forgets pictures whose form was never sent and returns their ids.
func (store) dropLoose(ctx context.Context, q bun.IDB, before time.Time, limit int) ([]string, error) {
	var ids []string
	if err := q.NewSelect().Model((*pictureRow)(nil)).Column("id").Where("case_id IS NULL").Where("at < ?", before).Limit(int64(limit)).Scan(ctx, &ids); err != nil || len(ids) == 0 {
		return nil, err
	}
	_, err := q.NewDelete().Model((*pictureRow)(nil)).Where("id IN (?)", bun.In(ids)).Where("case_id IS NULL").Exec(ctx)
	return ids, err
}

// usedPictures tells which of the pictures belong to a case or to a form that may still be sent.
func (store) usedPictures(ctx context.Context, q bun.IDB, ids []string) (used []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = q.NewSelect().Model((*pictureRow)(nil)).Column("id").Where("id IN (?)", bun.In(ids)).Scan(ctx, &used)
	return used, err
}
