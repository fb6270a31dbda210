package subscription

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/webpush"
)

// Wish is what somebody asks to be told of by e-mail.
type Wish struct {
	Email  string
	Topics []Topic
	Pace   Pace
	Lang   string
}

// check finds what is wrong with topics and pace.
func (s *Service) check(ctx context.Context, fs *fault.Fields, topics []Topic, p Pace) {
	fs.Check(len(topics) > 0, "kind", "subscription.nothing_chosen")
	fs.Check(len(topics) <= MaxTopics, "kind", "subscription.too_much")
	fs.Check(p.valid(), "pace", "subscription.pace_unknown")
	for _, t := range topics {
		fs.Check(s.Forest().Has(t.UnitID), "unit", "subscription.unit_unknown")
		src := s.sources[t.Kind]
		fs.Check(src != nil, "kind", "subscription.kind_unknown")
		if src == nil || t.Category == "" {
			continue
		}
		known := false
		list, err := src.Categories(ctx, s.Words("vi"), "vi")
		for _, c := range list {
			known = known || c.Code == t.Category
		}
		fs.Check(err == nil && known, "category", "subscription.category_unknown")
	}
}

// Subscribe keeps a wish and orders the letter that asks to confirm it. Whoever asks learns nothing about the address: the
// answer is the same when the wish is there already, and when the address was asked too often today. It is public.
func (s *Service) Subscribe(ctx context.Context, w Wish) error {
	var fs fault.Fields
	email, ok := address(w.Email)
	fs.Check(ok, "email", "subscription.email_bad")
	s.check(ctx, &fs, w.Topics, w.Pace)
	if err := fs.OrNil(); err != nil {
		return err
	}
	if s.Post == nil {
		return fault.New(fault.Conflict, "subscription.no_mail")
	}
	key := s.mac("email", strings.ToLower(email))
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, err := s.row(ctx, tx, "address_key", key)
		if fault.Is(err, fault.NotFound) {
			r, err = s.insert(ctx, tx, Email, key, sealed{Email: email, Token: id.NewSecret()}, w.Pace, w.Lang)
		}
		if err != nil {
			return err
		}
		if r.AskedOn == s.today() && r.AskedN >= MaxPending {
			return nil
		}
		if r.AskedOn != s.today() {
			r.AskedN = 0
		}
		q := tx.NewUpdate().Model((*readerRow)(nil)).Set("asked_at = ?", s.Clock.Now()).Set("asked_on = ?", s.today()).Set("asked_n = ?", r.AskedN+1).Where("id = ?", r.ID)
		if r.ConfirmedAt.IsZero() { // the pace of a confirmed reader is changed by their own page alone: anybody may type an address
			q = q.Set("pace = ?", w.Pace)
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
		if err := s.addTopics(ctx, tx, r.ID, w.Topics, time.Time{}); err != nil {
			return err
		}
		return s.Queue.Enqueue(ctx, tx, confirmArgs{ID: r.ID}, nil)
	})
}

func (s *Service) insert(ctx context.Context, tx db.Tx, d Door, key string, x sealed, p Pace, lang string) (readerRow, error) {
	now := s.Clock.Now()
	r := readerRow{ID: id.New(), Door: d, AddressKey: key, TokenHash: hashOf(x.Token), Pace: p, Lang: lang, AskedAt: now}
	if d != Email { // a browser asks its owner itself, and a number was proved by a code
		r.ConfirmedAt = now
	}
	plain, err := json.Marshal(x)
	if err != nil {
		return r, err
	}
	if r.Address, err = s.Sealer.Seal(plain, place(r.ID)); err != nil {
		return r, err
	}
	_, err = tx.NewInsert().Model(&r).Exec(ctx)
	return r, err
}

// addTopics adds what the reader does not have yet; beyond MaxTopics nothing more is added.
func (s *Service) addTopics(ctx context.Context, tx db.Tx, readerID string, topics []Topic, confirmed time.Time) error {
	have, err := s.topics(ctx, tx, readerID)
	if err != nil {
		return err
	}
	for _, t := range topics {
		if len(have) >= MaxTopics {
			return nil
		}
		row := topicRow{ID: id.New(), ReaderID: readerID, Kind: t.Kind, UnitID: t.UnitID, Below: t.Below, Category: t.Category, AskedAt: s.Clock.Now(), ConfirmedAt: confirmed}
		q := tx.NewInsert().Model(&row)
		if confirmed.IsZero() {
			q = q.On("CONFLICT (reader_id, kind, unit_id, category) DO NOTHING")
		} else {
			q = q.On("CONFLICT (reader_id, kind, unit_id, category) DO UPDATE").Set("below = EXCLUDED.below").Set("confirmed_at = COALESCE(t.confirmed_at, EXCLUDED.confirmed_at)")
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
		have = append(have, row)
	}
	return nil
}

// BrowserWish is what a browser asks for; the browser has asked its owner.
type BrowserWish struct {
	Subscription webpush.Subscription
	Topics       []Topic
	Pace         Pace
	Lang         string
}

// SubscribeBrowser keeps the wish of a browser and gives the secret of its page. A browser that is known already keeps what
// it had, gets the new topics as well, and a new secret: only it knows its own push address. It is public.
func (s *Service) SubscribeBrowser(ctx context.Context, w BrowserWish) (token string, err error) {
	if s.Push == nil {
		return "", fault.New(fault.Conflict, "subscription.no_push")
	}
	var fs fault.Fields
	fs.Check(s.Push.Check(w.Subscription) == nil, "browser", "subscription.browser_bad")
	s.check(ctx, &fs, w.Topics, w.Pace)
	if err := fs.OrNil(); err != nil {
		return "", err
	}
	key, token := s.mac("push", w.Subscription.Endpoint), id.NewSecret()
	return token, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		x := sealed{Push: &w.Subscription, Token: token}
		r, err := s.row(ctx, tx, "address_key", key)
		if fault.Is(err, fault.NotFound) {
			if r, err = s.insert(ctx, tx, Browser, key, x, w.Pace, w.Lang); err == nil {
				err = s.count(ctx, tx, Browser, "joined")
			}
		} else if err == nil {
			if err = s.readdress(ctx, tx, r, key, x); err == nil {
				_, err = tx.NewUpdate().Model((*readerRow)(nil)).Set("pace = ?", w.Pace).Where("id = ?", r.ID).Exec(ctx)
			}
		}
		if err != nil {
			return err
		}
		return s.addTopics(ctx, tx, r.ID, w.Topics, s.Clock.Now())
	})
}

// readdress writes a reader's address and secret anew.
func (s *Service) readdress(ctx context.Context, tx db.Tx, r readerRow, key string, x sealed) error {
	plain, err := json.Marshal(x)
	if err != nil {
		return err
	}
	text, err := s.Sealer.Seal(plain, place(r.ID))
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*readerRow)(nil)).Set("address = ?", text).Set("address_key = ?", key).Set("token_hash = ?", hashOf(x.Token)).
		Set("failures = 0").Where("id = ?", r.ID).Exec(ctx)
	return err
}

// MoveBrowser follows a browser to its new push address: browsers change it from time to time. Who knows the old address is
// that browser; its page keeps its secret. What is not known (any more) is a NotFound fault. It is public.
func (s *Service) MoveBrowser(ctx context.Context, oldEndpoint string, to webpush.Subscription) error {
	if s.Push == nil || s.Push.Check(to) != nil {
		return fault.New(fault.Invalid, "subscription.browser_bad")
	}
	r, err := s.row(ctx, s.DB.Read(), "address_key", s.mac("push", oldEndpoint))
	if err != nil {
		return err
	}
	x, err := s.open(r)
	if err != nil {
		return err
	}
	x.Push = &to
	key := s.mac("push", to.Endpoint)
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if have, err := s.row(ctx, tx, "address_key", key); err == nil && have.ID != r.ID {
			return s.remove(ctx, tx, r, "left") // it has asked anew already
		} else if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		return s.readdress(ctx, tx, r, key, x)
	})
}

// ByToken gives a reader to whoever holds the link of their letters; a NotFound fault when there is none (any more).
func (s *Service) ByToken(ctx context.Context, token string) (Reader, error) {
	r, rows, err := s.holder(ctx, token)
	if err != nil {
		return Reader{}, err
	}
	out := Reader{ID: r.ID, Door: r.Door, Pace: r.Pace, Confirmed: !r.ConfirmedAt.IsZero(), Until: clock.DateOf(r.AskedAt.AddDate(0, 0, ConfirmDays))}
	for _, t := range rows {
		out.Topics = append(out.Topics, Chosen{ID: t.ID, Topic: t.topic(), Confirmed: !t.ConfirmedAt.IsZero()})
	}
	return out, nil
}

func (t topicRow) topic() Topic {
	return Topic{Kind: t.Kind, UnitID: t.UnitID, Below: t.Below, Category: t.Category}
}

func (s *Service) holder(ctx context.Context, token string) (readerRow, []topicRow, error) {
	r, err := s.row(ctx, s.DB.Read(), "token_hash", hashOf(token))
	if err == nil && r.expired(s.Clock.Now()) {
		err = errGone()
	}
	if err != nil {
		return r, nil, err
	}
	rows, err := s.topics(ctx, s.DB.Read(), r.ID)
	return r, rows, err
}

// Confirm begins the letters of a reader. It is public: who holds the link reads the letters of the address.
func (s *Service) Confirm(ctx context.Context, token string) error {
	r, _, err := s.holder(ctx, token)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		res, err := tx.NewUpdate().Model((*readerRow)(nil)).Set("confirmed_at = ?", now).Where("id = ?", r.ID).Where("confirmed_at IS NULL").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 1 {
			if err := s.count(ctx, tx, r.Door, "joined"); err != nil {
				return err
			}
		}
		_, err = tx.NewUpdate().Model((*topicRow)(nil)).Set("confirmed_at = ?", now).Where("reader_id = ?", r.ID).Where("confirmed_at IS NULL").Exec(ctx)
		return err
	})
}

// SetPace chooses how often. It is public: who holds the link may.
func (s *Service) SetPace(ctx context.Context, token string, p Pace) error {
	r, _, err := s.holder(ctx, token)
	if err != nil {
		return err
	}
	if !p.valid() {
		return fault.Field("pace", "subscription.pace_unknown")
	}
	if r.Door == Zalo && p == Now {
		return fault.Field("pace", "subscription.pace_zalo")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*readerRow)(nil)).Set("pace = ?", p).Where("id = ?", r.ID).Exec(ctx)
		return err
	})
}

// Choose adds topics to a reader's own. It is public: who holds the link may.
func (s *Service) Choose(ctx context.Context, token string, topics ...Topic) error {
	r, rows, err := s.holder(ctx, token)
	if err != nil {
		return err
	}
	var fs fault.Fields
	s.check(ctx, &fs, topics, r.Pace)
	fs.Check(len(rows)+len(topics) <= MaxTopics, "kind", "subscription.too_much")
	if err := fs.OrNil(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		confirmed := s.Clock.Now()
		if r.ConfirmedAt.IsZero() {
			confirmed = time.Time{}
		}
		return s.addTopics(ctx, tx, r.ID, topics, confirmed)
	})
}

// Drop takes one topic away; with the last one the reader goes, and gone tells so. It is public: who holds the link may.
func (s *Service) Drop(ctx context.Context, token, topicID string) (gone bool, err error) {
	r, _, err := s.holder(ctx, token)
	if err != nil {
		return false, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewDelete().Model((*topicRow)(nil)).Where("id = ?", topicID).Where("reader_id = ?", r.ID).Exec(ctx); err != nil {
			return err
		}
		left, err := s.topics(ctx, tx, r.ID)
		if err != nil || len(left) > 0 {
			return err
		}
		gone = true
		return s.remove(ctx, tx, r, "left")
	})
	return gone, err
}

// Stop ends everything for a reader and deletes the address with all about it. Stopping what is not there is well: the click
// may come twice. It is public: who holds the link may.
func (s *Service) Stop(ctx context.Context, token string) error {
	r, err := s.row(ctx, s.DB.Read(), "token_hash", hashOf(token))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.remove(ctx, tx, r, "left") })
}
