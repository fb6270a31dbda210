package byphone

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

type toldRow struct {
	bun.BaseModel `bun:"table:byphone_told,alias:t"`
	NoticeKey     string `bun:",pk"`
	CaseID        string
	LeadID        string
	Tail          string
	Refused       string
	At            time.Time
}

// answered tells everybody who wished to be told of the case, or of one that it answers too.
func (s *Service) answered(ctx context.Context, caseID, answerID string) error {
	lead, err := s.Cases.Look(ctx, house, caseID)
	if fault.Is(err, fault.NotFound) || err == nil && lead.Kind.Secret() {
		return nil // complaints and denunciations: nothing is said
	}
	if err != nil {
		return err
	}
	a, err := s.Cases.ApprovedAnswer(ctx, house, caseID, answerID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	merged, err := s.Cases.MergedUnder(ctx, house, caseID)
	if err != nil {
		return err
	}
	for _, c := range append([]feedback.Case{lead}, merged...) {
		if err := s.tellOf(ctx, c, lead, a); err != nil {
			return err
		}
	}
	return nil
}

// onMerged tells who asked a case that was joined to one with an answer.
func (s *Service) onMerged(ctx context.Context, e feedback.Merged) error {
	lead, err := s.Cases.Look(ctx, house, e.Into)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || lead.State.Open() || lead.AnsweredAt.IsZero() {
		return err // they are told when it is answered
	}
	return s.answered(ctx, lead.ID, "")
}

// tellOf tells everybody who left a number with one case.
func (s *Service) tellOf(ctx context.Context, c, lead feedback.Case, a feedback.Answer) error {
	if c.Kind.Secret() {
		return nil
	}
	var rows []wishRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("w.case_id = ?", c.ID).Order("w.id").Scan(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		if err := s.tell(ctx, r, c, lead, a); err != nil {
			return err
		}
	}
	return nil
}

// tell writes one message, once for the case, the answer and the number, however often the answer is heard of.
func (s *Service) tell(ctx context.Context, r wishRow, c, lead feedback.Case, a feedback.Answer) error {
	phone, err := s.Sealer.Open(r.PhoneSealed, place(r.ID))
	if err != nil {
		return err
	}
	key := "byphone:" + c.ID + ":" + a.ID + ":" + r.PhoneKey[:24]
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		now := s.Clock.Now()
		t := toldRow{NoticeKey: key, CaseID: c.ID, LeadID: lead.ID, Tail: r.Tail, At: now}
		had, err := tx.NewSelect().Model((*toldRow)(nil)).Where("t.notice_key = ?", key).Exists(ctx)
		if err != nil || had {
			return err
		}
		n := notice.Notice{Phone: string(phone), Purpose: notice.AnswerReady, Key: key, NotAfter: now.Add(useful),
			Params: map[string]string{"code": r.Code, "unit": s.Unit(a.UnitID), "link": s.Cases.CaseURL(r.Code)}}
		var refused *fault.Error
		for _, unit := range []string{a.UnitID, c.OriginUnitID} { // in the name of who answers, else of who took it in
			n.UnitID, refused = unit, nil
			if _, err = s.Notices.Notify(ctx, tx, n); !errors.As(err, &refused) || refused.Kind == fault.Internal {
				break
			}
		}
		switch {
		case refused != nil && refused.Kind != fault.Internal:
			t.Refused = refused.Key
		case err != nil:
			return err
		}
		if _, err := tx.NewInsert().Model(&t).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*wishRow)(nil)).Set("told_at = ?", now).Where("id = ?", r.ID).Exec(ctx)
		return err
	})
}

// onClassified forgets the numbers left with a case that turned out to be for its receiver's eyes alone.
func (s *Service) onClassified(ctx context.Context, e feedback.Classified) error {
	if !e.As.Secret() {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewDelete().Model((*wishRow)(nil)).Where("case_id = ?", e.CaseID).Exec(ctx)
		return err
	})
}

// Sweep erases numbers that are of no more use. It is safe to run at any time.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewDelete().Model((*wishRow)(nil)).Where("told_at < ? OR at < ?", now.AddDate(0, 0, -KeepAfter), now.AddDate(0, 0, -KeepAtMost)).Exec(ctx)
		return err
	})
}

// Told is what became of one message.
type Told struct {
	At        time.Time
	Tail      string // last three digits of the number
	State     notice.State
	Reason    string // catalogue key of why it failed
	Price     int64  // đồng
	ArrivedAt time.Time
	Other     bool // it went to somebody whose question this case answers too
}

// OfCase lists the messages of a case, newest first, for an official who may read it.
func (s *Service) OfCase(ctx context.Context, actor identity.Actor, caseID string) ([]Told, error) {
	if _, err := s.Cases.Look(ctx, actor, caseID); err != nil {
		return nil, err
	}
	return s.told(ctx, caseID, "t.case_id = ? OR t.lead_id = ?", caseID, caseID)
}

// Waiting counts the numbers that will be told of an answer to a case, for an official who may read it; those that were told
// wait again only when the case was taken up again.
func (s *Service) Waiting(ctx context.Context, actor identity.Actor, caseID string) (int, error) {
	lead, err := s.Cases.Look(ctx, actor, caseID)
	if err != nil {
		return 0, err
	}
	merged, err := s.Cases.MergedUnder(ctx, actor, caseID)
	if err != nil {
		return 0, err
	}
	ids := []string{caseID}
	for _, c := range merged {
		ids = append(ids, c.ID)
	}
	q := s.DB.Read().NewSelect().Model((*wishRow)(nil)).Where("w.case_id IN (?)", bun.In(ids))
	if !lead.State.Open() {
		q = q.Where("w.told_at IS NULL")
	}
	n, err := q.Count(ctx)
	return int(n), err
}

func (s *Service) told(ctx context.Context, caseID, where string, args ...any) ([]Told, error) {
	var rows []toldRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where(where, args...).OrderExpr("t.at DESC, t.notice_key").Limit(100).Scan(ctx); err != nil {
		return nil, err
	}
	var out []Told
	for _, r := range rows {
		t := Told{At: r.At.UTC(), Tail: r.Tail, State: notice.Failed, Reason: r.Refused, Other: r.CaseID != caseID}
		if r.Refused == "" {
			rc, err := s.Notices.Receipt(ctx, r.NoticeKey)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			if err == nil {
				t.State, t.Reason, t.Price, t.ArrivedAt = rc.State, rc.Reason, rc.Price, rc.ArrivedAt.UTC()
			}
		}
		out = append(out, t)
	}
	return out, nil
}
