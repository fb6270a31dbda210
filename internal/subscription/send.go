package subscription

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	mailer "github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/webpush"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// open reads the address of a reader.
func (s *Service) open(r readerRow) (sealed, error) {
	var x sealed
	plain, err := s.Sealer.Open(r.Address, place(r.ID))
	if err == nil {
		err = json.Unmarshal(plain, &x)
	}
	if err != nil {
		return x, jobs.Cancel(err)
	}
	return x, nil
}

func (s *Service) manageURL(token string) string { return s.BaseURL + Path + "/" + token }
func (s *Service) stopURL(token string) string   { return s.manageURL(token) + "/thoi" }

// Describe names a topic for a reader: of what, where, and about which subject.
func (s *Service) Describe(ctx context.Context, w Words, lang string, t Topic) string {
	where := ""
	if u, err := s.Forest().Unit(t.UnitID, s.today()); err == nil {
		where = s.Name(w, u)
		if u.Level == orgunit.LevelProvince && t.Below {
			where = w.T("subscription.everywhere")
		}
	}
	kind := w.T("subscription.kind." + t.Kind)
	if t.Category == "" {
		return w.T("subscription.of_kind", "Kind", kind, "Place", where)
	}
	name := t.Category
	if list, err := s.Categories(ctx, t.Kind, w, lang); err == nil {
		for _, c := range list {
			if c.Code == t.Category {
				name = c.Name
			}
		}
	}
	return w.T("subscription.of_category", "Kind", kind, "Place", where, "Category", name)
}

// tag marks a letter: its id, and a proof that the house gave it out, so that nobody can forge the return of a letter that
// was never sent.
func (s *Service) tag(letterID string) string {
	bare := strings.ReplaceAll(letterID, "-", "")
	return "NB-" + bare + "-" + s.mac("letter", bare)[:10]
}

// returnTo is the address to which a letter comes back when it cannot be delivered (VERP).
func (s *Service) returnTo(tag string) string {
	local, domain, ok := strings.Cut(s.Returns, "@")
	if !ok {
		return ""
	}
	return local + "+" + tag + "@" + domain
}

// askToConfirm sends the first letter. An address that refuses it is forgotten.
func (s *Service) askToConfirm(ctx context.Context, readerID string) error {
	r, err := s.row(ctx, s.DB.Read(), "id", readerID)
	if fault.Is(err, fault.NotFound) || err == nil && s.Post == nil {
		return nil
	}
	if err != nil {
		return err
	}
	rows, err := s.topics(ctx, s.DB.Read(), r.ID)
	if err != nil {
		return err
	}
	x, err := s.open(r)
	if err != nil {
		return err
	}
	w := s.Words(r.Lang)
	var list []string
	pending := r.ConfirmedAt.IsZero()
	for _, t := range rows {
		list = append(list, "– "+s.Describe(ctx, w, r.Lang, t.topic()))
		pending = pending || t.ConfirmedAt.IsZero()
	}
	text, link := "subscription.letter.confirm", s.manageURL(x.Token)
	if !pending {
		text = "subscription.letter.already"
	}
	letter := letterRow{ID: id.New(), ReaderID: r.ID, About: "confirm", State: itemSending, At: s.Clock.Now()}
	tag := s.tag(letter.ID)
	err = s.Post.Send(ctx, mailer.Letter{To: x.Email, FromName: w.T("subscription.letter.from"), Tag: tag, ReturnTo: s.returnTo(tag), Stop: s.stopURL(x.Token),
		Subject: w.T(text + "_subject"), Text: w.T(text, "List", strings.Join(list, "\n"), "Link", link, "Days", ConfirmDays),
		Commit: func() error {
			return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				_, err := tx.NewInsert().Model(&letter).Exec(ctx)
				return err
			})
		}})
	if mailer.Permanent(err) && r.ConfirmedAt.IsZero() {
		return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.remove(ctx, tx, r, "left") })
	}
	if mailer.Unsure(err) {
		return s.settle(ctx, letter, itemUnsure)
	}
	if err != nil {
		return err
	}
	return s.settle(ctx, letter, itemSent)
}

// settle writes down how a letter ended.
func (s *Service) settle(ctx context.Context, l letterRow, state itemState) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.settleIn(ctx, tx, l, state) })
}

func (s *Service) settleIn(ctx context.Context, tx db.Tx, l letterRow, state itemState) error {
	if state == itemWaiting { // it has certainly not gone
		if _, err := tx.NewDelete().Model(&l).WherePK().Exec(ctx); err != nil {
			return err
		}
	} else if _, err := tx.NewUpdate().Model((*letterRow)(nil)).Set("state = ?", state).Where("id = ?", l.ID).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*itemRow)(nil)).Set("state = ?", state).Where("letter_id = ?", l.ID).Exec(ctx)
	return err
}

// errTaken: another job tells the same thing just now.
var errTaken = errors.New("subscription: another job is at it")

// tell tells one reader what waits.
func (s *Service) tell(ctx context.Context, readerID string) error {
	r, err := s.row(ctx, s.DB.Read(), "id", readerID)
	if fault.Is(err, fault.NotFound) || err == nil && (r.ConfirmedAt.IsZero() || !s.Enabled(r.Door) || s.notNow(r)) {
		return nil
	}
	if err != nil {
		return err
	}
	var rows []itemRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("i.reader_id = ?", r.ID).Where("i.state = ?", itemWaiting).Order("i.at", "i.thing_id").Limit(500).Scan(ctx); err != nil || len(rows) == 0 {
		return err
	}
	w := s.Words(r.Lang)
	rows, items, err := s.public(ctx, w, r, rows)
	if err != nil || len(items) == 0 {
		return err
	}
	x, err := s.open(r)
	if err != nil {
		return err
	}
	letter := letterRow{ID: id.New(), ReaderID: r.ID, About: "news", State: itemSending, At: s.Clock.Now()}
	commit := func() error { return s.claim(ctx, letter, rows) }
	if r.Door == Zalo {
		return s.message(ctx, r, x, letter, items, rows)
	}
	if r.Door == Browser {
		return s.push(ctx, r, x, letter, items, commit)
	}
	return s.write(ctx, r, x, letter, items, commit)
}

// notNow tells whether a reader is left in peace for now; the hourly look comes back to them.
func (s *Service) notNow(r readerRow) bool {
	switch {
	case (r.Pace != Now || r.Failures > 0) && r.DigestOn == s.today(): // the letter of the day has gone: this job came twice
		return true
	case r.Pace == Now && r.ToldOn == s.today() && r.ToldN >= MaxADay:
		return true
	}
	return r.Door != Email && s.quiet()
}

// public keeps what stands in public now; what was taken down meanwhile is never told.
func (s *Service) public(ctx context.Context, w Words, r readerRow, rows []itemRow) ([]itemRow, []Item, error) {
	refs := map[string][]Ref{}
	for _, it := range rows {
		ref := Ref{it.ThingID, it.UnitID}
		if !slices.Contains(refs[it.Kind], ref) {
			refs[it.Kind] = append(refs[it.Kind], ref)
		}
	}
	var items []Item
	there := map[string]bool{}
	for _, kind := range s.order {
		if len(refs[kind]) == 0 {
			continue
		}
		list, err := s.sources[kind].Items(ctx, w, refs[kind])
		if err != nil {
			return nil, nil, err
		}
		for _, it := range list {
			if !there[kind+it.ID] {
				items = append(items, it)
			}
			there[kind+it.ID] = true
		}
	}
	var stay []itemRow
	var gone []itemRow
	for _, it := range rows {
		if there[it.Kind+it.ThingID] {
			stay = append(stay, it)
		} else {
			gone = append(gone, it)
		}
	}
	if len(gone) == 0 {
		return stay, items, nil
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, it := range gone {
			if _, err := tx.NewUpdate().Model(&it).Set("state = ?", itemDropped).WherePK().Where("state = ?", itemWaiting).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return stay, items, err
}

// claim writes down that the last word is being said: from here on these things are not told to this reader again, whatever
// happens.
func (s *Service) claim(ctx context.Context, l letterRow, rows []itemRow) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.claimIn(ctx, tx, l, rows) })
}

func (s *Service) claimIn(ctx context.Context, tx db.Tx, l letterRow, rows []itemRow) error {
	for _, it := range rows {
		res, err := tx.NewUpdate().Model(&it).Set("state = ?", itemSending).Set("letter_id = ?", l.ID).WherePK().Where("state = ?", itemWaiting).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n != 1 {
			return errTaken
		}
	}
	_, err := tx.NewInsert().Model(&l).Exec(ctx)
	return err
}

// told writes down that a reader was told.
func (s *Service) told(ctx context.Context, r readerRow, l letterRow, state itemState) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.toldIn(ctx, tx, r, l, state) })
}

func (s *Service) toldIn(ctx context.Context, tx db.Tx, r readerRow, l letterRow, state itemState) error {
	if err := s.settleIn(ctx, tx, l, state); err != nil {
		return err
	}
	q := tx.NewUpdate().Model((*readerRow)(nil)).Set("told_n = CASE WHEN told_on = ? THEN told_n + 1 ELSE 1 END", s.today()).Set("told_on = ?", s.today()).Where("id = ?", r.ID)
	if r.Pace != Now || r.Failures > 0 {
		q = q.Set("digest_on = ?", s.today())
	}
	if r.RefusedOn < clock.DateOf(s.Clock.Now().AddDate(0, 0, -7)) { // a server may take a letter and return it a day later
		q = q.Set("failures = 0")
	}
	_, err := q.Exec(ctx)
	return err
}

// write sends what waits as one letter.
func (s *Service) write(ctx context.Context, r readerRow, x sealed, l letterRow, items []Item, commit func() error) error {
	w := s.Words(r.Lang)
	tag := s.tag(l.ID)
	var b strings.Builder
	for i, it := range items {
		if i == MaxItems {
			b.WriteString(w.T("subscription.letter.more", "Count", len(items)-MaxItems, "Link", s.BaseURL) + "\n\n")
			break
		}
		text := "subscription.letter.item"
		if it.Lead != "" {
			text = "subscription.letter.item_lead"
		}
		b.WriteString(strings.TrimSpace(w.T(text, "Title", it.Title, "Lead", vntext.Truncate(it.Lead, 400), "From", it.From, "Date", clock.DateOf(it.At).Vietnamese(), "Link", it.Link)) + "\n\n")
	}
	subject := vntext.Truncate(items[0].Title, 150)
	if len(items) > 1 {
		subject = w.T("subscription.letter.subject", "Count", len(items), "Title", vntext.Truncate(items[0].Title, 100))
	}
	err := s.Post.Send(ctx, mailer.Letter{To: x.Email, FromName: w.T("subscription.letter.from"), Tag: tag, ReturnTo: s.returnTo(tag), Stop: s.stopURL(x.Token), Subject: subject, Commit: commit,
		Text: w.T("subscription.letter.text", "List", strings.TrimSpace(b.String()), "Manage", s.manageURL(x.Token), "Stop", s.stopURL(x.Token))})
	switch {
	case err == nil:
		return s.told(ctx, r, l, itemSent)
	case mailer.Unsure(err):
		return s.told(ctx, r, l, itemUnsure)
	case mailer.Rejected(err):
		return s.told(ctx, r, l, itemFailed)
	case mailer.Permanent(err):
		return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.refused(ctx, tx, r) })
	case errors.Is(err, errTaken):
		return err
	}
	return errors.Join(err, s.settle(ctx, l, itemWaiting)) // the queue tries again
}

// refused counts a day at which the address took no letter, and gives the address up after MaxRefused of them.
func (s *Service) refused(ctx context.Context, tx db.Tx, r readerRow) error {
	if err := s.count(ctx, tx, r.Door, "hard"); err != nil {
		return err
	}
	if r.Failures+1 >= MaxRefused {
		return s.remove(ctx, tx, r, "left")
	}
	_, err := tx.NewUpdate().Model((*readerRow)(nil)).Set("failures = ?", r.Failures+1).Set("digest_on = ?", s.today()).Set("refused_on = ?", s.today()).Where("id = ?", r.ID).Exec(ctx)
	return err
}

// Notice is what a browser is told; the service worker shows it.
type Notice struct {
	Title string `json:"title"`
	Body  string `json:"body"`
	URL   string `json:"url"`
	Tag   string `json:"tag"` // a notice with the tag of one that still stands takes its place
}

// push sends what waits as one notice to a browser.
func (s *Service) push(ctx context.Context, r readerRow, x sealed, l letterRow, items []Item, commit func() error) error {
	if x.Push == nil {
		return jobs.Cancel(errors.New("subscription: a browser without an address"))
	}
	w := s.Words(r.Lang)
	n := Notice{Title: vntext.Truncate(items[0].Title, 120), Body: vntext.Truncate(strings.TrimSpace(items[0].From+"\n"+items[0].Lead), 240), URL: items[0].Link, Tag: "NB-" + items[0].ID}
	if len(items) > 1 {
		var titles []string
		for _, it := range items[:min(len(items), 5)] {
			titles = append(titles, "– "+vntext.Truncate(it.Title, 100))
		}
		n = Notice{Title: w.T("subscription.push.many", "Count", len(items)), Body: strings.Join(titles, "\n"), URL: s.manageURL(x.Token), Tag: "NB-" + l.ID}
	}
	plain, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := commit(); err != nil {
		return err
	}
	sum := hashOf(n.Tag)
	err = s.Push.Send(ctx, *x.Push, plain, webpush.Options{TTL: 24 * time.Hour, Urgency: "normal", Topic: base64.RawURLEncoding.EncodeToString([]byte(sum)[:24])})
	switch {
	case err == nil:
		return s.told(ctx, r, l, itemSent)
	case webpush.Gone(err):
		return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			if err := s.settleIn(ctx, tx, l, itemFailed); err != nil {
				return err
			}
			return s.remove(ctx, tx, r, "left")
		})
	}
	if wait, ok := webpush.Later(err); ok {
		if err := s.settle(ctx, l, itemWaiting); err != nil {
			return err
		}
		return jobs.Snooze(wait)
	}
	if webpush.Refused(err) {
		return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			if err := s.settleIn(ctx, tx, l, itemFailed); err != nil {
				return err
			}
			return s.refused(ctx, tx, r)
		})
	}
	return s.told(ctx, r, l, itemUnsure)
}

var tagForm = regexp.MustCompile(`NB-([0-9a-f]{32})-([0-9a-f]{10})(?:@|$)`)

// letterIDOf gives the letter that a report is about; "" when it is none of ours.
func (s *Service) letterIDOf(r mailer.Report) string {
	for _, text := range append(append([]string{}, r.To...), r.MessageIDs...) {
		m := tagForm.FindStringSubmatch(text)
		if m == nil || s.mac("letter", m[1])[:10] != m[2] {
			continue
		}
		b := m[1]
		return b[:8] + "-" + b[8:12] + "-" + b[12:16] + "-" + b[16:20] + "-" + b[20:]
	}
	return ""
}

// Returned takes what a mail server told of a letter (mail.ParseReport): a return counts against the reader, a complaint
// ends everything for them at once. False when it is about no letter of this room. Only the marks of letters that the house
// sent count, so a forged report does nothing.
func (s *Service) Returned(ctx context.Context, rep mailer.Report) (bool, error) {
	letterID := s.letterIDOf(rep)
	if letterID == "" || rep.Kind == mailer.ReportNone {
		return false, nil
	}
	return true, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var l letterRow
		if err := tx.NewSelect().Model(&l).Where("l.id = ?", letterID).Limit(1).Scan(ctx); err != nil {
			return notThere(err)
		}
		r, err := s.row(ctx, tx, "id", l.ReaderID)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.returned(ctx, tx, rep.Kind, l, r)
	})
}

func (s *Service) returned(ctx context.Context, tx db.Tx, kind mailer.ReportKind, l letterRow, r readerRow) error {
	switch kind {
	case mailer.ReportComplaint:
		if err := s.count(ctx, tx, r.Door, "complaint"); err != nil {
			return err
		}
		return s.remove(ctx, tx, r, "left")
	case mailer.ReportSoft:
		if r.SoftOn == s.today() {
			return nil
		}
		if err := s.count(ctx, tx, r.Door, "soft"); err != nil {
			return err
		}
		soft := r.Soft + 1
		if r.SoftOn < clock.DateOf(s.Clock.Now().AddDate(0, 0, -7)) {
			soft = 1
		}
		if soft >= MaxSoft {
			return s.remove(ctx, tx, r, "left")
		}
		_, err := tx.NewUpdate().Model((*readerRow)(nil)).Set("soft = ?", soft).Set("soft_on = ?", s.today()).Where("id = ?", r.ID).Exec(ctx)
		return err
	}
	if err := s.settleIn(ctx, tx, l, itemBounced); err != nil {
		return err
	}
	if r.ConfirmedAt.IsZero() {
		return s.remove(ctx, tx, r, "left")
	}
	if r.RefusedOn == s.today() {
		return nil
	}
	return s.refused(ctx, tx, r)
}
