package alert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	mailer "github.com/nhipcau/nhipcau/internal/platform/mail"
)

type confirmArgs struct {
	ID string `json:"id"`
}

// Kind implements jobs.Args.
func (confirmArgs) Kind() string { return "alert.confirm" }

type sendArgs struct {
	ID string `json:"id"`
}

// Kind implements jobs.Args.
func (sendArgs) Kind() string { return "alert.send" }

type sweepArgs struct{}

// Kind implements jobs.Args.
func (sweepArgs) Kind() string { return "alert.sweep" }

// batch is how many subscriptions are written at a time.
const batch = 500

// onPublished notes a new public answer for everybody who wished to be told of it, and orders the letters that go at once.
func (s *Service) onPublished(ctx context.Context, e feedback.AnswerPublished) error {
	list, _, err := s.Cases.OpenCases(ctx, feedback.OpenFilter{IDs: []string{e.CaseID}, Per: 1})
	if err != nil || len(list) == 0 || s.Post == nil {
		return err // taken out again meanwhile, or no case that everybody may read
	}
	c := list[0]
	units := []string{"", c.UnitID, c.OriginID}
	for _, u := range []string{c.UnitID, c.OriginID} {
		units = append(units, s.Forest().AncestorIDs(u, s.today())...)
	}
	book, err := s.Matters.Book(ctx)
	if err != nil {
		return err
	}
	categories := []string{"", book.For(c.Kind, c.Category).Code}
	for after := ""; ; {
		var rows []subscriptionRow
		err := s.DB.Read().NewSelect().Model(&rows).Where("s.unit_id IN (?)", bun.In(units)).Where("s.category IN (?)", bun.In(categories)).
			Where("s.confirmed_at IS NOT NULL").Where("s.id > ?", after).Order("s.id").Limit(batch).Scan(ctx)
		if err != nil {
			return err
		}
		if err := s.note(ctx, c, rows); err != nil || len(rows) < batch {
			return err
		}
		after = rows[len(rows)-1].ID
	}
}

func (s *Service) note(ctx context.Context, c feedback.OpenCase, rows []subscriptionRow) error {
	if len(rows) == 0 {
		return nil
	}
	items := make([]itemRow, len(rows))
	var now []jobs.Many
	for i, r := range rows {
		items[i] = itemRow{SubscriptionID: r.ID, CaseID: c.ID, Answered: c.AnsweredAt.Format(time.RFC3339), At: s.Clock.Now()}
		if !r.Daily && r.Failures == 0 {
			now = append(now, jobs.Many{Args: sendArgs{ID: r.ID}})
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&items).On("CONFLICT (subscription_id, case_id, answered) DO NOTHING").Exec(ctx); err != nil || len(now) == 0 {
			return err
		}
		return s.Queue.EnqueueMany(ctx, tx, now)
	})
}

// sweep sends the letters of the day, tries addresses again that refused a letter on an earlier day, and forgets addresses
// that nobody confirmed.
func (s *Service) sweep(ctx context.Context) error {
	now := s.Clock.Now()
	var old []string
	err := s.DB.Read().NewSelect().TableExpr("alert_subscription AS s").ColumnExpr("s.id").Where("s.confirmed_at IS NULL").
		Where("s.asked_at <= ?", now.AddDate(0, 0, -ConfirmDays)).Limit(batch).Scan(ctx, &old)
	if err != nil {
		return err
	}
	for _, x := range old {
		if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.remove(ctx, tx, x) }); err != nil {
			return err
		}
	}
	if now.In(clock.Vietnam).Hour() < DigestHour || s.Post == nil {
		return nil
	}
	for after := ""; ; {
		var ids []string
		err := s.DB.Read().NewSelect().TableExpr("alert_subscription AS s").ColumnExpr("s.id").Where("s.id > ?", after).Where("s.tried_on < ?", s.today()).
			WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.Where("s.daily = ?", true).WhereOr("s.failures > 0")
			}).
			Where("EXISTS (SELECT 1 FROM alert_item AS i WHERE i.subscription_id = s.id AND i.sent_at IS NULL)").Order("s.id").Limit(batch).Scan(ctx, &ids)
		if err != nil || len(ids) == 0 {
			return err
		}
		many := make([]jobs.Many, len(ids))
		for i, x := range ids {
			many[i] = jobs.Many{Args: sendArgs{ID: x}}
		}
		if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.Queue.EnqueueMany(ctx, tx, many) }); err != nil || len(ids) < batch {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// open reads the address of a subscription.
func (s *Service) open(r subscriptionRow) (sealed, error) {
	plain, err := s.Sealer.Open(r.Address, place(r.ID))
	if err != nil {
		return sealed{}, jobs.Cancel(err)
	}
	var x sealed
	if err := json.Unmarshal(plain, &x); err != nil {
		return sealed{}, jobs.Cancel(err)
	}
	return x, nil
}

func (s *Service) stopURL(token string) string { return s.BaseURL + Path + "/" + token + "/thoi" }

// Place names what a subscription is about: a unit or everywhere, and the category.
func (s *Service) Place(ctx context.Context, w feedback.Words, lang, unitID, category string) string {
	where := w.T("alert.everywhere")
	if u, err := s.Forest().Unit(unitID, s.today()); err == nil {
		where = feedback.BodyName(w, u)
	}
	if category == "" {
		return where
	}
	book, err := s.Matters.Book(ctx)
	if err != nil {
		return where // the letter goes out all the same
	}
	matter, known := book.Of(category)
	if !known {
		return where
	}
	return w.T("alert.about", "Place", where, "Category", matter.Name(w, lang))
}

// askToConfirm sends the first letter. An address that refuses it is forgotten.
func (s *Service) askToConfirm(ctx context.Context, subscriptionID string) error {
	r, err := s.row(ctx, s.DB.Read(), "id", subscriptionID)
	if fault.Is(err, fault.NotFound) || err == nil && s.Post == nil {
		return nil
	}
	if err != nil {
		return err
	}
	x, err := s.open(r)
	if err != nil {
		return err
	}
	w := s.Words(r.Lang)
	about, link := s.Place(ctx, w, r.Lang, r.UnitID, r.Category), s.BaseURL+Path+"/"+x.Token
	text := w.T("alert.letter.confirm", "About", about, "Link", link, "Days", ConfirmDays)
	if !r.ConfirmedAt.IsZero() {
		text = w.T("alert.letter.already", "About", about, "Link", link)
	}
	err = s.Post.Send(ctx, mailer.Letter{To: x.Email, FromName: w.T("alert.letter.from"), Tag: tag(r.ID, "confirm", r.AskedAt.UTC().Format(time.RFC3339)), Subject: w.T("alert.letter.confirm_subject", "About", about), Text: text, Stop: s.stopURL(x.Token)})
	if mailer.Permanent(err) && r.ConfirmedAt.IsZero() {
		return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.remove(ctx, tx, r.ID) })
	}
	return err
}

// tag is the Message-ID of a letter: the subscription, and a mark of what it says, so that a letter sent twice after a crash
// is shown once.
func tag(subscriptionID string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return "NB-" + strings.ReplaceAll(subscriptionID, "-", "") + "-" + hex.EncodeToString(sum[:8])
}

// send writes what waits for one subscription into one letter.
func (s *Service) send(ctx context.Context, subscriptionID string) error {
	r, err := s.row(ctx, s.DB.Read(), "id", subscriptionID)
	if fault.Is(err, fault.NotFound) || err == nil && (r.ConfirmedAt.IsZero() || s.Post == nil) {
		return nil
	}
	if err != nil {
		return err
	}
	if (r.Daily || r.Failures > 0) && r.TriedOn == s.today() {
		return nil // the letter of the day has gone: this job came twice
	}
	var items []itemRow
	if err := s.DB.Read().NewSelect().Model(&items).Where("i.subscription_id = ?", r.ID).Where("i.sent_at IS NULL").Order("i.at", "i.case_id").Limit(1000).Scan(ctx); err != nil || len(items) == 0 {
		return err
	}
	l, err := s.letter(ctx, r, items)
	if err != nil {
		return err
	}
	if l.To != "" {
		if err = s.Post.Send(ctx, l); err != nil && !mailer.Permanent(err) {
			return err // the queue tries again
		}
	}
	return s.sent(ctx, r, items, err != nil)
}

// sent writes down that a letter went out, or that the address refused it.
func (s *Service) sent(ctx context.Context, r subscriptionRow, items []itemRow, refused bool) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if refused {
			return s.refused(ctx, tx, r)
		}
		for _, it := range items {
			if _, err := tx.NewUpdate().Model((*itemRow)(nil)).Set("sent_at = ?", s.Clock.Now()).Where("subscription_id = ?", r.ID).Where("case_id = ?", it.CaseID).Where("answered = ?", it.Answered).Exec(ctx); err != nil {
				return err
			}
		}
		q := tx.NewUpdate().Model((*subscriptionRow)(nil)).Set("tried_on = ?", s.today()).Where("id = ?", r.ID)
		if r.RefusedOn < clock.DateOf(s.Clock.Now().AddDate(0, 0, -7)) { // a server may take a letter and return it a day later
			q = q.Set("failures = 0")
		}
		_, err := q.Exec(ctx)
		return err
	})
}

// refused counts a day at which the address took no letter, and gives the address up after MaxRefused of them.
func (s *Service) refused(ctx context.Context, tx db.Tx, r subscriptionRow) error {
	if r.Failures+1 >= MaxRefused {
		return s.remove(ctx, tx, r.ID)
	}
	_, err := tx.NewUpdate().Model((*subscriptionRow)(nil)).Set("failures = ?", r.Failures+1).Set("tried_on = ?", s.today()).Set("refused_on = ?", s.today()).Where("id = ?", r.ID).Exec(ctx)
	return err
}

// letter writes the letter; To is "" when nothing of it is public any more.
func (s *Service) letter(ctx context.Context, r subscriptionRow, items []itemRow) (mailer.Letter, error) {
	var ids, marks []string
	for _, it := range items {
		if !slices.Contains(ids, it.CaseID) {
			ids = append(ids, it.CaseID)
		}
		marks = append(marks, it.CaseID+it.Answered)
	}
	list, n, err := s.Cases.OpenCases(ctx, feedback.OpenFilter{IDs: ids, Per: MaxItems})
	if err != nil || len(list) == 0 {
		return mailer.Letter{}, err
	}
	x, err := s.open(r)
	if err != nil {
		return mailer.Letter{}, err
	}
	w := s.Words(r.Lang)
	about := s.Place(ctx, w, r.Lang, r.UnitID, r.Category)
	var b strings.Builder
	for _, c := range list {
		unit, uerr := s.Forest().Unit(c.UnitID, s.today())
		name := ""
		if uerr == nil {
			name = feedback.BodyName(w, unit)
		}
		b.WriteString(w.T("alert.letter.item", "Title", c.Title, "Unit", name, "Date", clock.DateOf(c.AnsweredAt).Vietnamese(), "Link", s.BaseURL+"/hoi-dap/"+c.ID) + "\n\n")
	}
	if n > len(list) {
		b.WriteString(w.T("alert.letter.more", "Count", n-len(list), "Link", s.BaseURL+"/hoi-dap") + "\n\n")
	}
	return mailer.Letter{To: x.Email, FromName: w.T("alert.letter.from"), Tag: tag(r.ID, marks...), Stop: s.stopURL(x.Token),
		Subject: w.T("alert.letter.subject", "Count", n, "About", about),
		Text:    w.T("alert.letter.text", "About", about, "List", strings.TrimSpace(b.String()), "Manage", s.BaseURL+Path+"/"+x.Token, "Stop", s.stopURL(x.Token))}, nil
}

var (
	tagForm   = regexp.MustCompile(`NB-([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})-[0-9a-f]{16}@`)
	permanent = regexp.MustCompile(`(?mi)^Status:\s*5\.\d`)
)

// maxBounce is how many bytes of a returned letter are read.
const maxBounce = 1 << 20

// Bounce takes a letter that a mail server sent back (RFC 3464) and counts it against the subscription whose letter it
// names; false when it is no such letter, or says only that delivery is late. Anybody can forge one: the worst it does is to
// end letters that can be asked for again.
func (s *Service) Bounce(ctx context.Context, r io.Reader) (bool, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxBounce))
	if err != nil {
		return false, err
	}
	if !bytes.Contains(bytes.ToLower(raw), []byte("multipart/report")) || !permanent.Match(raw) {
		return false, nil
	}
	m := tagForm.FindSubmatch(raw)
	if m == nil {
		return false, nil
	}
	row, err := s.row(ctx, s.DB.Read(), "id", string(bytes.Join(m[1:], []byte("-"))))
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	if err != nil || row.RefusedOn == s.today() {
		return err == nil, err
	}
	return true, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if row.ConfirmedAt.IsZero() {
			return s.remove(ctx, tx, row.ID)
		}
		return s.refused(ctx, tx, row)
	})
}
