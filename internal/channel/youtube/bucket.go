package youtube

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// The day's bucket is shared like this: a unit's first film of the day goes before anybody's second, and so on round the
// units. A quarter of the bucket is kept for units that have sent nothing yet; what is left of it three hours before midnight
// in California is for everybody.
const (
	reservePart  = 4
	reserveUntil = 3 * time.Hour
	// pollPart is the share of the units that asking after comments may use: answers and films need the rest.
	pollPercent = 60
)

// asker is one film that waits for a place.
type asker struct {
	ID, UnitID string
	At         time.Time
}

// bucket is how the day stands.
type bucket struct {
	Left   int            // places
	Limit  int            // of the whole day
	Used   map[string]int // places by unit
	Opens  time.Time      // when the next day begins
	Now    time.Time
	Closed bool // Google has said that the day is spent
}

// place is what a waiting film gets.
type place struct {
	asker
	Today bool      // it may go now
	At    time.Time // otherwise: not before then
	Days  int       // 0 today, 1 tomorrow …
}

// plan gives each waiting film its place, in the order in which they go.
func (b bucket) plan(list []asker) []place {
	type ranked struct {
		asker
		round int
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y asker) int { return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID, y.ID)) })
	own := map[string]int{}
	order := make([]ranked, len(list))
	for i, a := range list {
		order[i] = ranked{a, b.Used[a.UnitID] + own[a.UnitID]}
		own[a.UnitID]++
	}
	slices.SortStableFunc(order, func(x, y ranked) int { return cmp.Compare(x.round, y.round) })
	left, reserve := b.Left, b.Limit/reservePart
	if b.Closed {
		left = 0
	}
	freeAt := b.Opens.Add(-reserveUntil)
	open := !b.Now.Before(freeAt)
	out := make([]place, len(order))
	later, tomorrow := 0, 0
	for i, a := range order {
		p := place{asker: a.asker}
		switch {
		case left > 0 && (a.round == 0 || open || left > reserve):
			p.Today = true
			left--
		case left-later > 0:
			p.At = freeAt
			later++
		default:
			p.Days = 1 + tomorrow/max(1, b.Limit)
			p.At = b.Opens.AddDate(0, 0, p.Days-1)
			tomorrow++
		}
		out[i] = p
	}
	return out
}

// today is the present day in California; opens is when it ends.
func (y *Adapter) today() string { return y.d.Clock.Now().In(y.pacific).Format("2006-01-02") }

func (y *Adapter) opens() time.Time {
	n := y.d.Clock.Now().In(y.pacific)
	return time.Date(n.Year(), n.Month(), n.Day()+1, 0, 0, 5, 0, y.pacific).UTC() // a breath after midnight
}

// bucket reads how the day stands.
func (y *Adapter) bucket(used map[string]int, d dayRow) bucket {
	return bucket{Left: y.cfg.Uploads - d.Uploads, Limit: y.cfg.Uploads, Used: used, Opens: y.opens(), Now: y.d.Clock.Now(), Closed: d.UploadsSpent}
}

func askers(rows []uploadRow) []asker {
	out := make([]asker, len(rows))
	for i, r := range rows {
		out[i] = asker{r.ID, r.UnitID, r.AskedAt}
	}
	return out
}

// take gives the film a place of today's bucket, in one transaction with everybody else's, or says when to come again.
func (y *Adapter) take(ctx context.Context, row *uploadRow) error {
	var wait *channel.Error
	err := y.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		wait = nil
		day := y.today()
		d, err := y.store.lockDay(ctx, tx, day)
		if err != nil {
			return err
		}
		rows, err := y.store.queue(ctx, tx)
		if err != nil {
			return err
		}
		used, err := y.store.usedBy(ctx, tx, day)
		if err != nil {
			return err
		}
		for _, p := range y.bucket(used, d).plan(askers(rows)) {
			if p.ID != row.ID {
				continue
			}
			if !p.Today {
				wait = bucketWait(p)
				return nil
			}
			d.Uploads++
			row.State, row.Day, row.StartedAt = sending, day, y.d.Clock.Now()
			if err := y.store.keepDay(ctx, tx, &d); err != nil {
				return err
			}
		}
		return y.store.keep(ctx, tx, row)
	})
	if err == nil && wait != nil {
		return wait
	}
	return err
}

func bucketWait(p place) *channel.Error {
	key := "channel.youtube.bucket"
	if p.Days == 0 {
		key = "channel.youtube.reserve"
	}
	return &channel.Error{Kind: channel.YouTube, Code: "bucket", Message: "no place in the day's bucket", Advice: channel.AdviceLater, Key: key, After: p.At, Scope: channel.ScopeApp}
}

// spend writes down units before a call, or refuses it when the day has none left.
func (y *Adapter) spend(ctx context.Context, units int) error {
	if units == 0 {
		return nil
	}
	over := false
	err := y.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		d, err := y.store.lockDay(ctx, tx, y.today())
		if err != nil {
			return err
		}
		if over = d.UnitsSpent || d.Units+units > y.cfg.Units; over {
			return nil
		}
		d.Units += units
		return y.store.keepDay(ctx, tx, &d)
	})
	if err == nil && over {
		return &channel.Error{Kind: channel.YouTube, Code: "quotaExceeded", Message: "the day's units are spent", Advice: channel.AdviceLater,
			Key: "channel.youtube.units_spent", After: y.opens(), Scope: channel.ScopeApp}
	}
	return err
}

// spent notes that Google says that the day's films (or its units) are spent, whatever we counted.
func (y *Adapter) spent(ctx context.Context, films bool) {
	err := y.d.DB.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx db.Tx) error {
		d, err := y.store.lockDay(ctx, tx, y.today())
		if err != nil {
			return err
		}
		d.UploadsSpent, d.UnitsSpent = d.UploadsSpent || films, d.UnitsSpent || !films
		return y.store.keepDay(ctx, tx, &d)
	})
	if err != nil {
		y.log.ErrorContext(ctx, "that the day's quota is spent could not be written down", "err", err)
	}
}

// Waiting is one line of the planner: a film that waits, or went today.
type Waiting struct {
	ID, AccountID, UnitID, Title string
	Bytes, Stored                int64
	State                        string // waiting, sending, sent, done
	AskedAt                      time.Time
	At                           time.Time // when a waiting one may go; zero: now
	Days                         int       // 0 today, 1 tomorrow …
}

// Day is how the shared day stands.
type Day struct {
	Uploads, UploadsOf int
	Units, UnitsOf     int
	Spent              bool // Google says that no film goes today any more
	Opens              time.Time
	List               []Waiting
	Seen               []Seen
}

// Seen is a film that the hub told of.
type Seen struct {
	VideoID, ChannelID, Title, Link string
	ByHand                          bool
	At                              time.Time
}

const (
	seenShown = 50
	dayShown  = 500
)

// Day tells how the day stands: what was used, who waits and until when, what was put up lately. It is for a feature that has
// checked its own actor; units limits the list to those units (nil: all).
func (y *Adapter) Day(ctx context.Context, mayKnow func(unitID string) bool) (Day, error) {
	q := y.d.DB.Read()
	day := y.today()
	d, err := y.store.day(ctx, q, day)
	if err != nil {
		return Day{}, err
	}
	used, err := y.store.usedBy(ctx, q, day)
	if err != nil {
		return Day{}, err
	}
	rows, err := y.store.queue(ctx, q)
	if err != nil {
		return Day{}, err
	}
	out := Day{Uploads: d.Uploads, UploadsOf: y.cfg.Uploads, Units: d.Units, UnitsOf: y.cfg.Units, Spent: d.UploadsSpent || d.Uploads >= y.cfg.Uploads, Opens: y.opens()}
	byID := map[string]uploadRow{}
	for _, r := range rows {
		byID[r.ID] = r
	}
	for _, p := range y.bucket(used, d).plan(askers(rows)) {
		if r := byID[p.ID]; mayKnow(r.UnitID) {
			w := r.shown()
			w.At, w.Days = p.At, p.Days
			out.List = append(out.List, w)
		}
	}
	var went []uploadRow
	if err := q.NewSelect().Model(&went).Where("state <> ?", waiting).Where("(day = ? OR state IN ('sending', 'sent'))", day).Order("started_at").Limit(dayShown).Scan(ctx); err != nil {
		return Day{}, err
	}
	for _, r := range went {
		if mayKnow(r.UnitID) {
			out.List = append(out.List, r.shown())
		}
	}
	out.Seen, err = y.seen(ctx, mayKnow)
	return out, err
}

func (r uploadRow) shown() Waiting {
	return Waiting{ID: r.ID, AccountID: r.AccountID, UnitID: r.UnitID, Title: r.Title, Bytes: r.Bytes, Stored: r.Stored, State: string(r.State), AskedAt: r.AskedAt}
}

func (y *Adapter) seen(ctx context.Context, mayKnow func(string) bool) ([]Seen, error) {
	var rows []struct {
		seenRow `bun:",extend"`
		Account string `bun:"account"`
		Ours    bool   `bun:"ours"`
	}
	err := y.d.DB.Read().NewSelect().Model(&rows).ColumnExpr("s.*").ColumnExpr("c.account_id AS account").
		ColumnExpr("EXISTS (SELECT 1 FROM youtube_upload AS u WHERE u.external_id = s.video_id) AS ours").
		Join("JOIN youtube_channel AS c ON c.channel_id = s.channel_id").OrderExpr("s.published_at DESC").Limit(seenShown * 4).Scan(ctx)
	if err != nil {
		return nil, err
	}
	var out []Seen
	for _, r := range rows {
		a, err := y.d.Channels.AccountByID(ctx, r.Account)
		if err != nil {
			return nil, err
		}
		if len(out) < seenShown && mayKnow(a.UnitID) {
			out = append(out, Seen{VideoID: r.VideoID, ChannelID: r.ChannelID, Title: r.Title, Link: y.cfg.WatchURL + r.VideoID, ByHand: !r.Ours, At: r.PublishedAt})
		}
	}
	return out, nil
}
