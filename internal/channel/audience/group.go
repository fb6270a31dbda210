package audience

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// refreshGroups reads which groups an account leads and may lead. That its package has none is no trouble.
func (s *Service) refreshGroups(ctx context.Context, accountID string) error {
	a, err := s.Channels.AccountByID(ctx, accountID)
	if err != nil || !a.Works() {
		return err
	}
	g, ok := s.Channels.Implementation(a.Kind).(channel.Grouper)
	if !ok {
		return nil
	}
	gs, err := g.Groups(ctx, a)
	var e *channel.Error
	if errors.As(err, &e) && e.Advice != channel.AdviceRetry && e.Advice != channel.AdviceLater {
		gs, err = nil, nil
	}
	if err != nil {
		return err
	}
	var assets []channel.GroupAsset
	if e == nil {
		if assets, err = g.GroupAssets(ctx, a); err != nil {
			assets = nil // the groups count; how many more there might be is only good to know
		}
	}
	b, err := json.Marshal(assets)
	if err != nil {
		return err
	}
	return s.change(ctx, a.ID, func(ctx context.Context, tx db.Tx, r *stateRow) error {
		r.Assets, r.GroupsAt = string(b), s.Clock.Now()
		if _, err := tx.NewDelete().Model((*groupRow)(nil)).Where("account_id = ?", a.ID).Exec(ctx); err != nil || len(gs) == 0 {
			return err
		}
		rows := make([]groupRow, len(gs))
		for i, g := range gs {
			rows[i] = groupRow{AccountID: a.ID, GroupID: g.ID, Name: g.Name, Link: g.Link, Members: g.Members, Open: g.Open}
		}
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
}

// TellGroups sends title, lead and address of what stands at an account to some of its groups, for an actor who may publish
// there. The same version of a post goes to a group once; the outcome stands with the messages of the account.
func (s *Service) TellGroups(ctx context.Context, actor identity.Actor, accountID, source string, groups []string) (int, error) {
	a, err := s.Channels.Account(ctx, actor, accountID)
	if err != nil {
		return 0, err
	}
	if err := s.Authz.Check(actor, channel.ActionRetry, identity.Resource{Type: "ChannelAccount", ID: a.ID, UnitID: a.UnitID}); err != nil {
		return 0, err
	}
	if len(groups) == 0 {
		return 0, errNoGroups
	}
	var known []string
	if err := s.DB.Read().NewSelect().Model((*groupRow)(nil)).Column("group_id").Where("account_id = ?", a.ID).Where("is_open = ?", true).Scan(ctx, &known); err != nil {
		return 0, err
	}
	d, ok, err := s.Channels.Standing(ctx, source, a.ID)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, errNotThere
	}
	c, err := s.Channels.ContentOf(ctx, d)
	if err != nil {
		return 0, err
	}
	link := d.Receipt.Link
	if link == "" {
		link = c.Link
	}
	text := strings.TrimSpace(c.Title + "\n\n" + c.Lead + "\n\n" + link)
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, g := range groups {
			if !slices.Contains(known, g) {
				return errForeign
			}
			key := "group:" + a.ID + "/" + g + "/" + source + "/" + d.ID
			if _, err := s.Channels.Reply(ctx, tx, channel.ReplyRequest{AccountID: a.ID, PersonID: g, Group: true, Text: text, IdempotencyKey: key}); err != nil {
				return err
			}
		}
		return nil
	})
	return len(groups), err
}
