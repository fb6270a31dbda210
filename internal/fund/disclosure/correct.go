package disclosure

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/giftreceipt"
	"github.com/nhipcau/nhipcau/internal/fund/mask"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Correction is what a publisher says about a line that stands. The line itself is not changed: a new one tells it. Words
// that should never have been public are taken out of the line all the same; their hash stays, so that its receipt holds.
type Correction struct {
	LineID   string
	Reason   string // everybody reads it
	DropName bool   // the giver does not want to be named any more
	DropMemo bool   // the memo shows more than it may
}

// maxReason is the length of a reason, in characters.
const maxReason = 200

// Correct adds a correcting line and gives it.
func (s *Service) Correct(ctx context.Context, actor identity.Actor, in Correction) (Line, error) {
	code, seq, ok := ParseLineID(strings.TrimSpace(in.LineID))
	st, err := s.Statement(ctx, code)
	if !ok || err != nil {
		return Line{}, fault.New(fault.NotFound, "disclosure.line_none").With("ID", clip(in.LineID)).Because(err)
	}
	if err := s.mayPublish(actor, ActionCorrect, st.Appeal); err != nil {
		return Line{}, err
	}
	reason := strings.Join(strings.Fields(in.Reason), " ")
	switch {
	case utf8.RuneCountInString(reason) < 5 || utf8.RuneCountInString(reason) > maxReason:
		return Line{}, fault.Field("reason", "disclosure.reason").With("Max", maxReason)
	case mask.Name(reason) != reason && strings.ContainsAny(reason, "@0123456789"):
		return Line{}, fault.Field("reason", "disclosure.reason_private")
	}
	return s.correct(ctx, actor, st, seq, reason, in)
}

func (s *Service) correct(ctx context.Context, actor identity.Actor, st Statement, seq int64, reason string, in Correction) (out Line, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		a, err := s.store.lock(ctx, tx, st.ID)
		if err != nil {
			return err
		}
		rows, err := s.store.lines(ctx, tx, a.No, []int64{seq})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return fault.New(fault.NotFound, "disclosure.line_none").With("ID", clip(in.LineID))
		}
		if in.DropName || in.DropMemo {
			if err := s.erase(ctx, tx, &a, rows[0], in); err != nil {
				return err
			}
		}
		r := lineRow{AppealNo: a.No, Seq: a.Lines + 1, Kind: string(KindCorrection), Day: s.today(), About: seq, Memo: reason, Gift: rows[0].Gift}
		if err := s.write(ctx, tx, a, s.single(a, r)); err != nil {
			return err
		}
		out = r.line(a.Code)
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: ActionCorrect, ResourceType: "Appeal", ResourceID: st.ID,
			Details: map[string]string{"line": LineID(a.Code, seq), "by": out.ID(), "name": yes(in.DropName), "memo": yes(in.DropMemo)}})
	})
	if err == nil {
		err = s.later(ctx, st.ID)
	}
	return out, err
}

func yes(b bool) string {
	if b {
		return "taken out"
	}
	return ""
}

// single is a batch of one line.
func (s *Service) single(a appealRow, r lineRow) *newLines {
	b := &newLines{at: s.Clock.Now().UTC().Truncate(millisecond), words: map[string][]int64{}}
	_, words := mask.Both(r.Memo)
	b.index(r, words)
	b.add(a.Code, r, newSalts(2))
	return b
}

// later has log, index and hashes seen to.
func (s *Service) later(ctx context.Context, appealID string) error {
	if s.Queue == nil {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.Queue.Enqueue(ctx, tx, followArgs{appealID}, nil) })
}

// ForgetName takes the giver's chosen name out of the statement because the giver took the consent back. Nothing happens when
// the gift is not published or bears no name. It is called by the room that keeps the consent.
func (s *Service) ForgetName(ctx context.Context, appealID, giftID, reason string) error {
	a, ok, err := s.store.appeal(ctx, s.DB.Read(), appealID)
	if err != nil || !ok {
		return err
	}
	found, err := s.store.ofGifts(ctx, s.DB.Read(), a.No, [][]byte{giftKey(giftID)})
	if err != nil {
		return err
	}
	seq, ok := found[hex.EncodeToString(giftKey(giftID))]
	if !ok {
		return nil
	}
	rows, err := s.store.lines(ctx, s.DB.Read(), a.No, []int64{seq})
	if err != nil || len(rows) == 0 || rows[0].Name == "" {
		return err
	}
	st := a.statement(fund.Appeal{ID: a.AppealID, Code: a.Code, UnitID: a.UnitID})
	_, err = s.correct(ctx, identity.System("consent"), st, seq, reason, Correction{LineID: LineID(a.Code, seq), DropName: true})
	return err
}

// erase takes name or memo out of a line, and out of the index by which it was found.
func (s *Service) erase(ctx context.Context, tx db.Tx, a *appealRow, r lineRow, in Correction) error {
	var gone []string
	if in.DropName && r.Name != "" {
		gone = append(gone, vntext.Tokens(vntext.Fold(r.Name))...)
		r.NameHash = giftreceipt.Hash(r.NameSalt, r.Name)
		r.Name, r.NameSalt = "", ""
	}
	if in.DropMemo && r.Memo != "" {
		gone = append(gone, mask.Words(r.Memo)...)
		r.MemoHash = giftreceipt.Hash(r.MemoSalt, r.Memo)
		r.Memo, r.MemoSalt = "", ""
	}
	if len(gone) == 0 {
		return fault.New(fault.Conflict, "disclosure.nothing_there")
	}
	left := append(mask.Words(r.Memo), vntext.Tokens(vntext.Fold(r.Name))...)
	gone = slices.DeleteFunc(gone, func(w string) bool { return slices.Contains(left, w) })
	if err := s.store.unindex(ctx, tx, a.No, r.Seq, gone); err != nil {
		return err
	}
	a.HashLines, a.Edition = -1, a.Edition+1
	_, err := tx.NewUpdate().Model(&r).WherePK().Column("name", "name_salt", "name_hash", "memo", "memo_salt", "memo_hash").Exec(ctx)
	return err
}

// mayPublish checks the right. The policies forbid it to whoever takes, keeps or spends the money.
func (s *Service) mayPublish(actor identity.Actor, action string, a fund.Appeal) error {
	return s.Authz.Check(actor, action, identity.Resource{Type: "Appeal", ID: a.ID, UnitID: a.UnitID})
}
