package fleet

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Alert is one trouble of one account, open or over.
type Alert struct {
	ID, AccountID, UnitID string
	Kind                  channel.Kind
	Cause                 Condition
	Reason                string // catalogue key of what the channel said; "" when the cause says it all
	OpenedAt              time.Time
	ClosedAt              time.Time // zero: open
	AckAt                 time.Time // zero: nobody has said that they look after it
	AckBy, AckName        string    // official
	AckNote               string
	AccountName           string // filled in for pages
	UnitName              string
}

// Open tells whether the trouble goes on.
func (a Alert) Open() bool { return a.ClosedAt.IsZero() }

// The views of the list of alerts.
const (
	ViewOpen    = ""        // what goes on
	ViewNew     = "moi"     // of this, what nobody has acknowledged
	ViewHistory = "lich-su" // what is over
)

// AlertFilter narrows the list of alerts.
type AlertFilter struct {
	View      string
	AccountID string // "" for all
	Page, Per int    // from 1; Per 0 for all
}

type watchArgs struct{}

func (watchArgs) Kind() string { return "fleet.watch" }

// watch judges the whole fleet. It may run twice and on several processes: an alert is opened once by a rule of the database.
func (s *Service) watch(ctx context.Context) error {
	house := identity.System("fleet")
	as, err := s.Channels.Accounts(ctx, house, channel.Filter{})
	if err != nil {
		return err
	}
	b, err := s.rulebook(ctx)
	if err != nil {
		return err
	}
	if err := s.settle(ctx, b, as); err != nil {
		return err
	}
	if err := s.lookSoon(ctx, b, as); err != nil {
		return err
	}
	all, err := s.judgeAll(ctx, b, as)
	if err != nil {
		return err
	}
	return s.reconcile(ctx, all, "")
}

// onSeen judges one account right after it was looked at. Whether others of its kind hear is known to the watch only, so
// that cause is left to it.
func (s *Service) onSeen(ctx context.Context, e channel.AccountSeen) error {
	a, err := s.Channels.AccountByID(ctx, e.AccountID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := s.rulebookOf(ctx, a.ID)
	if err != nil {
		return err
	}
	if err := s.settle(ctx, b, []channel.Account{a}); err != nil {
		return err
	}
	if err := s.lookSoon(ctx, b, []channel.Account{a}); err != nil {
		return err
	}
	var list []Judged
	if a.State != channel.AccountClosed {
		list = append(list, s.judge(b, a, nil))
	} else if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.forget(ctx, tx, a.ID) }); err != nil {
		return err
	}
	return s.reconcile(ctx, list, a.ID)
}

type cause struct {
	account string
	what    Condition
}

// reconcile makes the open alerts (of one account, or "" of all) what the judged accounts call for.
func (s *Service) reconcile(ctx context.Context, judged []Judged, accountID string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		rows, err := s.store.openAlerts(ctx, tx, accountID)
		if err != nil {
			return err
		}
		open := map[cause]alertRow{}
		for _, r := range rows {
			open[cause{r.AccountID, r.Cause}] = r
		}
		now := s.Clock.Now()
		for _, j := range judged {
			for _, c := range j.Conditions {
				if !c.Alarms() {
					continue
				}
				key := cause{j.ID, c}
				old, is := open[key]
				delete(open, key)
				if err := s.keep(ctx, tx, j, c, old, is, now); err != nil {
					return err
				}
			}
		}
		for _, r := range open {
			if accountID != "" && r.Cause == WebhookSilent && len(judged) > 0 {
				continue
			}
			done, err := s.store.close(ctx, tx, r.ID, now)
			if err != nil {
				return err
			}
			if done {
				if err := s.Queue.Publish(ctx, tx, AlertClosed{AlertID: r.ID, AccountID: r.AccountID, UnitID: r.UnitID, Cause: r.Cause}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// keep opens the alert of a cause, or lets the open one follow its account.
func (s *Service) keep(ctx context.Context, tx db.Tx, j Judged, c Condition, old alertRow, is bool, now time.Time) error {
	reason := ""
	if c.Stops() {
		reason = j.StateReason
	}
	if is {
		if old.UnitID == j.UnitID && old.Reason == reason {
			return nil
		}
		return s.store.follow(ctx, tx, old.ID, j.UnitID, reason)
	}
	r := alertRow{ID: id.New(), AccountID: j.ID, UnitID: j.UnitID, Kind: j.Kind, Cause: c, Reason: reason, OpenedAt: now}
	isNew, err := s.store.insert(ctx, tx, r)
	if err != nil || !isNew {
		return err
	}
	return s.Queue.Publish(ctx, tx, AlertOpened{AlertID: r.ID, AccountID: r.AccountID, UnitID: r.UnitID, Cause: c})
}

// Alerts lists alerts of the units in which (and below which) the actor may see the fleet, the newest first; total counts all
// pages.
func (s *Service) Alerts(ctx context.Context, actor identity.Actor, f AlertFilter) (list []Alert, total int, err error) {
	roots, err := s.roots(actor, ActionSee)
	if err != nil {
		return nil, 0, err
	}
	rows, total, err := s.store.alerts(ctx, s.DB.Read(), roots, s.today(), f)
	if err != nil {
		return nil, 0, err
	}
	list = make([]Alert, len(rows))
	for i, r := range rows {
		if list[i], err = s.named(ctx, r.alert()); err != nil {
			return nil, 0, err
		}
	}
	return list, total, nil
}

func (s *Service) named(ctx context.Context, a Alert) (Alert, error) {
	acc, err := s.Channels.AccountByID(ctx, a.AccountID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return a, err
	}
	a.AccountName, a.UnitName = acc.Name, s.unitName(a.UnitID)
	return a, nil
}

func (s *Service) unitName(unitID string) string {
	u, err := s.Forest().Unit(unitID, s.today())
	if err != nil {
		return ""
	}
	return u.FullName
}

// Alert gives one alert to an actor who may see the fleet of its unit; to others it does not exist.
func (s *Service) Alert(ctx context.Context, actor identity.Actor, alertID string) (Alert, error) {
	roots, err := s.roots(actor, ActionSee)
	if err != nil {
		return Alert{}, err
	}
	r, err := s.store.alert(ctx, s.DB.Read(), alertID, roots, s.today())
	if err != nil {
		return Alert{}, err
	}
	return s.named(ctx, r.alert())
}

// Counts gives how many alerts are open for the actor, and how many of them nobody has acknowledged.
func (s *Service) Counts(ctx context.Context, actor identity.Actor) (open, fresh int, err error) {
	roots, err := s.roots(actor, ActionSee)
	if err != nil {
		return 0, 0, err
	}
	return s.store.count(ctx, s.DB.Read(), roots, s.today())
}

// maxNote is the greatest length of a note, in characters.
const maxNote = 500

// Acknowledge says that somebody looks after an alert, with a note of what is done. It is said once; an alert that is over
// needs none.
func (s *Service) Acknowledge(ctx context.Context, actor identity.Actor, alertID, note string) error {
	a, err := s.Alert(ctx, actor, alertID)
	if err != nil {
		return err
	}
	if err := s.Authz.Check(actor, ActionAcknowledge, identity.InUnit(a.UnitID)); err != nil {
		return err
	}
	switch note = strings.TrimSpace(note); {
	case note == "":
		return fault.Field("note", "fleet.alert.no_note")
	case utf8.RuneCountInString(note) > maxNote:
		return fault.Field("note", "fleet.alert.long_note").With("Limit", maxNote)
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, err := s.store.alert(ctx, tx, alertID, []string{a.UnitID}, s.today())
		if err != nil {
			return err
		}
		if !r.ClosedAt.IsZero() {
			return fault.New(fault.Conflict, "fleet.alert.over")
		}
		if !r.AckAt.IsZero() {
			return fault.New(fault.Conflict, "fleet.alert.taken")
		}
		if err := s.store.acknowledge(ctx, tx, alertID, actor, note, s.Clock.Now()); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: "fleet.acknowledge", ResourceType: "ChannelAlert", ResourceID: alertID})
	})
}

// Waiting is what of the fleet waits for the actor today: the alerts of the very units in which he works, one by one, and
// how many wait in the units below. Only those who may acknowledge are bothered.
func (s *Service) Waiting(ctx context.Context, actor identity.Actor) (own []Alert, below int, err error) {
	if !s.Authz.CanSomewhere(actor, ActionAcknowledge) {
		return nil, 0, nil
	}
	roots, err := s.roots(actor, ActionSee)
	if err != nil {
		return nil, 0, nil // may acknowledge, but sees nothing: nothing waits
	}
	rows, total, err := s.store.alerts(ctx, s.DB.Read(), roots, s.today(), AlertFilter{View: ViewNew})
	if err != nil {
		return nil, 0, err
	}
	mine := actor.Units()
	for _, r := range rows {
		if !slices.Contains(mine, r.UnitID) || !s.Authz.Can(actor, ActionAcknowledge, identity.InUnit(r.UnitID)) {
			continue
		}
		a, err := s.named(ctx, r.alert())
		if err != nil {
			return nil, 0, err
		}
		own = append(own, a)
	}
	return own, total - len(own), nil
}
