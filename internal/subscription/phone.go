package subscription

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Notices sends template messages to telephones; *notice.Service has it.
type Notices interface {
	Notify(ctx context.Context, tx db.Tx, n notice.Notice) (string, error)
	Price(ctx context.Context, unitID string, p notice.Purpose) (price int64, can bool, err error)
}

// Phones proves that somebody holds a number, by a code; *identity.Service has it.
type Phones interface {
	SendPhoneCode(ctx context.Context, sender identity.PhoneSender, number, ip string) (codeID string, err error)
	ConfirmPhone(ctx context.Context, codeID, number, code string) error
}

// ByPhone is what telling readers at their telephone, by Zalo, stands on. Each message costs money: a reader is told at most
// once a day, of all that is new.
type ByPhone struct {
	Notices Notices
	Phones  Phones
	Codes   func() identity.PhoneSender
	UnitID  func() string // in whose name
	Unit    func() string // and how that is written
}

// noticeKey begins the key of a message; behind it the id of the letter.
const noticeKey = "reader:"

// PhoneOffer tells whether readers can be told at their telephone now, and what one message costs in đồng.
func (s *Service) PhoneOffer(ctx context.Context) (price int64, can bool, err error) {
	if s.ByPhone == nil {
		return 0, false, nil
	}
	if _, can, err = s.ByPhone.Notices.Price(ctx, s.ByPhone.UnitID(), notice.ConfirmPhone); err != nil || !can {
		return 0, false, err
	}
	return s.ByPhone.Notices.Price(ctx, s.ByPhone.UnitID(), notice.Announcement)
}

// PhoneWish is what somebody asks to be told of at their telephone.
type PhoneWish struct {
	Phone  string
	Topics []Topic
	Pace   Pace // Now is Daily: at most one message a day
	Lang   string
}

func (s *Service) checkPhone(ctx context.Context, w *PhoneWish) error {
	var fs fault.Fields
	phone, ok := identity.NormalPhone(w.Phone)
	fs.Check(ok, "phone", "subscription.phone_bad")
	if w.Pace == Now {
		w.Pace = Daily
	}
	s.check(ctx, &fs, w.Topics, w.Pace)
	w.Phone = phone
	return fs.OrNil()
}

// AskPhone checks a wish and sends a code to the number; nothing is kept of it before the code is typed in (ConfirmPhone with
// the id that is given back). It is public; identity limits how often a number and a network address may ask.
func (s *Service) AskPhone(ctx context.Context, w PhoneWish, ip string) (codeID string, err error) {
	if err := s.checkPhone(ctx, &w); err != nil {
		return "", err
	}
	if _, can, err := s.PhoneOffer(ctx); err != nil || !can {
		if err == nil {
			err = fault.New(fault.Conflict, "subscription.no_zalo")
		}
		return "", err
	}
	return s.ByPhone.Phones.SendPhoneCode(ctx, s.ByPhone.Codes(), w.Phone, ip)
}

// ConfirmPhone keeps the wish of whoever proves by the code to hold the number, and gives the secret of their page. Who reads
// along already keeps that page, with the new topics as well. It is public.
func (s *Service) ConfirmPhone(ctx context.Context, codeID string, w PhoneWish, code string) (token string, err error) {
	if s.ByPhone == nil {
		return "", fault.New(fault.Conflict, "subscription.no_zalo")
	}
	if err := s.checkPhone(ctx, &w); err != nil {
		return "", err
	}
	if err := s.ByPhone.Phones.ConfirmPhone(ctx, codeID, w.Phone, code); err != nil {
		return "", err
	}
	key := s.mac("phone", w.Phone)
	return token, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		token = id.NewSecret()
		r, err := s.row(ctx, tx, "address_key", key)
		switch {
		case fault.Is(err, fault.NotFound):
			if r, err = s.insert(ctx, tx, Zalo, key, sealed{Phone: w.Phone, Token: token}, w.Pace, w.Lang); err == nil {
				err = s.count(ctx, tx, Zalo, "joined")
			}
		case err == nil:
			var x sealed
			if x, err = s.open(r); err == nil {
				token = x.Token
				_, err = tx.NewUpdate().Model((*readerRow)(nil)).Set("pace = ?", w.Pace).Set("failures = 0").Where("id = ?", r.ID).Exec(ctx)
			}
		}
		if err != nil {
			return err
		}
		return s.addTopics(ctx, tx, r.ID, w.Topics, s.Clock.Now())
	})
}

// message tells what waits in one message with an address at which all of it stands. It is written with the receipt in one
// transaction; how it went is heard later (onNotice).
func (s *Service) message(ctx context.Context, r readerRow, x sealed, l letterRow, items []Item, rows []itemRow) error {
	if x.Phone == "" {
		return jobs.Cancel(errors.New("subscription: a telephone without a number"))
	}
	w, now := s.Words(r.Lang), s.Clock.Now()
	what := items[0].Title
	if len(items) > 1 {
		what = w.T("subscription.letter.subject", "Count", len(items), "Title", items[0].Title)
	}
	n := notice.Notice{UnitID: s.ByPhone.UnitID(), Phone: x.Phone, Purpose: notice.Announcement, Key: noticeKey + l.ID, NotAfter: now.Add(12 * time.Hour),
		Params: map[string]string{"what": vntext.Truncate(what, 200), "date": s.today().Vietnamese(), "unit": s.ByPhone.Unit(), "link": s.manageURL(x.Token), "stop": s.stopURL(x.Token)}}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.claimIn(ctx, tx, l, rows); err != nil {
			return err
		}
		if _, err := s.ByPhone.Notices.Notify(ctx, tx, n); err != nil {
			return err
		}
		return s.toldIn(ctx, tx, r, l, itemSending)
	})
	if fault.Is(err, fault.Conflict) { // no account can just now: it waits for a later hour
		return nil
	}
	return err
}

// onNotice hears how a message went. A number that cannot be reached any more is given up like an address that takes no
// letters.
func (s *Service) onNotice(ctx context.Context, e notice.Changed) error {
	letterID, ours := strings.CutPrefix(e.Key, noticeKey)
	if !ours || e.State != notice.Sent && e.State != notice.Arrived && e.State != notice.Failed {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var l letterRow
		if err := tx.NewSelect().Model(&l).Where("l.id = ?", letterID).Limit(1).Scan(ctx); err != nil {
			return notThere(err) // they stopped meanwhile
		}
		if e.State != notice.Failed {
			return s.settleIn(ctx, tx, l, itemSent)
		}
		if err := s.settleIn(ctx, tx, l, itemFailed); err != nil {
			return err
		}
		switch e.Reason {
		case "channel.notice.no_zalo", "channel.notice.unreachable", "channel.notice.bad_phone", "channel.notice.refused":
		default:
			return nil
		}
		r, err := s.row(ctx, tx, "id", l.ReaderID)
		if fault.Is(err, fault.NotFound) || err == nil && r.RefusedOn == s.today() {
			return nil
		}
		if err != nil {
			return err
		}
		return s.refused(ctx, tx, r)
	})
}

// Latest gives what a reader was told last and still stands in public, newest first. It is public: who holds the link may.
func (s *Service) Latest(ctx context.Context, token string, w Words) ([]Item, error) {
	r, _, err := s.holder(ctx, token)
	if err != nil {
		return nil, err
	}
	var rows []itemRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("i.reader_id = ?", r.ID).Where("i.state IN (?)", bun.In([]itemState{itemSending, itemSent, itemUnsure})).
		OrderExpr("i.at DESC, i.thing_id").Limit(MaxItems).Scan(ctx); err != nil {
		return nil, err
	}
	there := map[string]Item{}
	for _, kind := range s.order {
		var refs []Ref
		for _, it := range rows {
			if it.Kind == kind {
				refs = append(refs, Ref{it.ThingID, it.UnitID})
			}
		}
		if len(refs) == 0 {
			continue
		}
		list, err := s.sources[kind].Items(ctx, w, refs)
		if err != nil {
			return nil, err
		}
		for _, it := range list {
			there[kind+it.ID] = it
		}
	}
	var out []Item
	for _, it := range rows {
		if x, ok := there[it.Kind+it.ThingID]; ok {
			out = append(out, x)
			delete(there, it.Kind+it.ThingID)
		}
	}
	return out, nil
}

// quiet tells whether it is the time of day at which telephones and browsers are left in peace.
func (s *Service) quiet() bool {
	hour := s.Clock.Now().In(clock.Vietnam).Hour()
	return hour >= QuietFrom || hour < DigestHour
}
