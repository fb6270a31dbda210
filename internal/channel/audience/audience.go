// Package audience is the people around an account: who follows it, which tags they bear, the groups it leads, and what was
// said before the house was connected. The platform's lists are read once and then kept up by what its webhooks tell. It also
// listens whether the webhooks still come: when the platform has switched them off after an outage, what people wrote
// meanwhile is fetched, and somebody is told.
package audience

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "audience", FS: migrationFS}

// Deps are what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Channels *channel.Service
	Logger   *slog.Logger // nil: silent
}

// Service is the use cases of audiences. Make it with New before the queue starts.
type Service struct{ Deps }

// New makes the service and registers its background work.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{d}
	s.registerJobs()
	return s
}

type tagRow struct {
	bun.BaseModel `bun:"table:audience_tag,alias:t"`

	AccountID string `bun:"account_id,pk"`
	Tag       string `bun:"tag,pk"`
	PersonID  string `bun:"person_id,pk"`
}

type groupRow struct {
	bun.BaseModel `bun:"table:audience_group,alias:g"`

	AccountID string `bun:"account_id,pk"`
	GroupID   string `bun:"group_id,pk"`
	Name      string `bun:"name"`
	Link      string `bun:"link"`
	Members   int    `bun:"members"`
	Open      bool   `bun:"is_open"`
}

type stateRow struct {
	bun.BaseModel `bun:"table:audience_state,alias:s"`

	AccountID string    `bun:"account_id,pk"`
	ReadFrom  int       `bun:"read_from"` // offset of the next page of followers
	Slice     int       `bun:"slice"`     // 0: the whole list; n: those of the n-th month back
	People    int       `bun:"people"`
	Capped    bool      `bun:"capped"`
	PeopleAt  time.Time `bun:"people_at,nullzero"`
	ChatsFrom int       `bun:"chats_from"`
	History   int       `bun:"history"`
	HistoryAt time.Time `bun:"history_at,nullzero"`
	Assets    string    `bun:"assets"`
	GroupsAt  time.Time `bun:"groups_at,nullzero"`
	Reason    string    `bun:"reason"`
}

// TagCount is one tag with how many bear it.
type TagCount struct {
	Tag string
	N   int
}

// Overview is what the page of an account shows of its audience.
type Overview struct {
	Known     int  // people known to follow
	Capped    bool // the platform does not show all of its followers
	PeopleAt  time.Time
	History   int // messages taken over from before the connection
	HistoryAt time.Time
	Tags      []TagCount
	Groups    []channel.Group
	Assets    []channel.GroupAsset
	Reason    string // catalogue key of what kept us from reading; "" when well
}

// Overview tells it to an actor who sees the account.
func (s *Service) Overview(ctx context.Context, actor identity.Actor, accountID string) (Overview, error) {
	a, err := s.Channels.Account(ctx, actor, accountID)
	if err != nil {
		return Overview{}, err
	}
	st, err := s.state(ctx, s.DB.Read(), a.ID)
	if err != nil {
		return Overview{}, err
	}
	out := Overview{Capped: st.Capped, PeopleAt: st.PeopleAt, History: st.History, HistoryAt: st.HistoryAt, Reason: st.Reason}
	_ = json.Unmarshal([]byte(st.Assets), &out.Assets) // written by us
	if out.Known, err = s.Channels.PeopleCount(ctx, a.ID); err != nil {
		return out, err
	}
	if err := s.DB.Read().NewSelect().Model((*tagRow)(nil)).ColumnExpr("tag, count(*) AS n").Where("account_id = ?", a.ID).GroupExpr("tag").OrderExpr("tag").Scan(ctx, &out.Tags); err != nil {
		return out, err
	}
	var gs []groupRow
	if err := s.DB.Read().NewSelect().Model(&gs).Where("account_id = ?", a.ID).Order("name", "group_id").Scan(ctx); err != nil {
		return out, err
	}
	for _, g := range gs {
		out.Groups = append(out.Groups, channel.Group{ID: g.GroupID, Name: g.Name, Link: g.Link, Members: g.Members, Open: g.Open})
	}
	return out, nil
}

func (s *Service) state(ctx context.Context, q bun.IDB, accountID string) (stateRow, error) {
	r := stateRow{AccountID: accountID, Assets: "[]"}
	err := q.NewSelect().Model(&r).WherePK().Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, nil
	}
	return r, err
}

// keep writes the state down.
func (s *Service) keep(ctx context.Context, tx db.Tx, r stateRow) error {
	_, err := tx.NewInsert().Model(&r).On("CONFLICT (account_id) DO UPDATE").Set("read_from = EXCLUDED.read_from").Set("slice = EXCLUDED.slice").
		Set("people = EXCLUDED.people").Set("capped = EXCLUDED.capped").Set("people_at = EXCLUDED.people_at").Set("chats_from = EXCLUDED.chats_from").
		Set("history = EXCLUDED.history").Set("history_at = EXCLUDED.history_at").Set("assets = EXCLUDED.assets").Set("groups_at = EXCLUDED.groups_at").
		Set("reason = EXCLUDED.reason").Exec(ctx)
	return err
}

// change alters the state of one account. Followers, conversations and groups are read side by side: the row is locked, so
// that none writes over what another has just written.
func (s *Service) change(ctx context.Context, accountID string, fn func(ctx context.Context, tx db.Tx, r *stateRow) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r := stateRow{AccountID: accountID, Assets: "[]"}
		if _, err := tx.NewInsert().Model(&r).On("CONFLICT (account_id) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).WherePK()).Scan(ctx); err != nil {
			return err
		}
		if err := fn(ctx, tx, &r); err != nil {
			return err
		}
		return s.keep(ctx, tx, r)
	})
}

// Person is one follower as the list shows them.
type Person struct {
	channel.PersonOf
	Tags []string
}

// People lists who follows an account, by name or tag, to an actor who looks after it.
func (s *Service) People(ctx context.Context, actor identity.Actor, accountID, query, tag string, limit, offset int) ([]Person, int, error) {
	a, err := s.Channels.MayConnect(ctx, actor, accountID)
	if err != nil {
		return nil, 0, err
	}
	var ids []string
	if tag != "" {
		ids = []string{}
		if err := s.DB.Read().NewSelect().Model((*tagRow)(nil)).Column("person_id").Where("account_id = ?", a.ID).Where("tag = ?", tag).Limit(5000).Scan(ctx, &ids); err != nil {
			return nil, 0, err
		}
	}
	ps, n, err := s.Channels.People(ctx, a.ID, query, ids, limit, offset)
	if err != nil || len(ps) == 0 {
		return nil, n, err
	}
	shown := make([]string, len(ps))
	for i, p := range ps {
		shown[i] = p.PersonID
	}
	var rows []tagRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("account_id = ?", a.ID).Where("person_id IN (?)", bun.In(shown)).Order("tag").Scan(ctx); err != nil {
		return nil, 0, err
	}
	out := make([]Person, len(ps))
	for i, p := range ps {
		out[i].PersonOf = p
		for _, r := range rows {
			if r.PersonID == p.PersonID {
				out[i].Tags = append(out[i].Tags, r.Tag)
			}
		}
	}
	return out, n, nil
}

var (
	errNoTag     = fault.Field("tag", "channel.tag.empty")
	errLongTag   = fault.Field("tag", "channel.tag.too_long")
	errNoTags    = fault.New(fault.Conflict, "channel.tag.none_here")
	errNoGroups  = fault.Field("group", "channel.group.none_chosen")
	errNotThere  = fault.New(fault.Conflict, "channel.group.nothing_stands")
	errForeign   = fault.Field("group", "channel.group.foreign")
	maxTagLetter = 50
)

// SetTag puts a tag on a person or takes it off, at the platform and here, for an actor who looks after the account.
func (s *Service) SetTag(ctx context.Context, actor identity.Actor, accountID, personID, tag string, on bool) error {
	a, err := s.Channels.MayConnect(ctx, actor, accountID)
	if err != nil {
		return err
	}
	tag = strings.Join(strings.Fields(channel.Cut(tag, 0)), " ")
	switch {
	case tag == "":
		return errNoTag
	case channel.Length(tag) > maxTagLetter:
		return errLongTag.With("Limit", maxTagLetter)
	}
	t, ok := s.Channels.Implementation(a.Kind).(channel.Tagger)
	if !ok {
		return errNoTags
	}
	if err := t.SetTag(ctx, a, personID, tag, on); err != nil {
		return asFault(err)
	}
	return s.onTagged(ctx, channel.Tagged{AccountID: a.ID, Tag: tag, People: []string{personID}, On: on})
}

// DropTag takes a tag off everybody, at the platform and here.
func (s *Service) DropTag(ctx context.Context, actor identity.Actor, accountID, tag string) error {
	a, err := s.Channels.MayConnect(ctx, actor, accountID)
	if err != nil {
		return err
	}
	t, ok := s.Channels.Implementation(a.Kind).(channel.Tagger)
	if !ok {
		return errNoTags
	}
	if err := t.DropTag(ctx, a, tag); err != nil {
		return asFault(err)
	}
	return s.onTagged(ctx, channel.Tagged{AccountID: a.ID, Tag: tag})
}

// asFault turns what a channel refused into the sentence for the official who asked.
func asFault(err error) error {
	var e *channel.Error
	if !errors.As(err, &e) || e.Key == "" {
		return err
	}
	if e.Advice == channel.AdviceRetry {
		return fault.New(fault.Unavailable, e.Key).Because(err)
	}
	return fault.New(fault.Conflict, e.Key).Because(err)
}

// onTagged hears of tags, from the platform's console as well as from us.
func (s *Service) onTagged(ctx context.Context, e channel.Tagged) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if !e.On {
			q := tx.NewDelete().Model((*tagRow)(nil)).Where("account_id = ?", e.AccountID).Where("tag = ?", e.Tag)
			if len(e.People) > 0 {
				q = q.Where("person_id IN (?)", bun.In(e.People))
			}
			_, err := q.Exec(ctx)
			return err
		}
		return s.keepTag(ctx, tx, e.AccountID, e.Tag, e.People)
	})
}

func (s *Service) keepTag(ctx context.Context, tx db.Tx, accountID, tag string, people []string) error {
	if len(people) == 0 {
		return nil
	}
	gone, err := s.Channels.Withdrawn(ctx, tx, accountID, people) // the platform may name them still, or say so late
	if err != nil {
		return err
	}
	var rows []tagRow
	for _, p := range people {
		if !gone[p] {
			rows = append(rows, tagRow{AccountID: accountID, Tag: tag, PersonID: p})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err = tx.NewInsert().Model(&rows).On("CONFLICT (account_id, tag, person_id) DO NOTHING").Exec(ctx)
	return err
}

func (s *Service) onWithdrawal(ctx context.Context, e channel.PersonWithdrew) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewDelete().Model((*tagRow)(nil)).Where("account_id = ?", e.AccountID).Where("person_id = ?", e.PersonID).Exec(ctx)
		return err
	})
}
