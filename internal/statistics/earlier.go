package statistics

import (
	"context"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// EarlierDay is what an account did on one day before this house counted: from the program that was used until then, or
// invented for a rehearsal.
type EarlierDay struct {
	AccountID string
	UnitID    string
	Kind      channel.Kind
	Day       clock.Date
	Followers int64
	Posts     int
	Messages  int
	Asked     int
	Answered  int
	Waited    time.Duration // of those that were answered, together
}

// EarlierPost is one publication from before this house counted.
type EarlierPost struct {
	AccountID  string
	UnitID     string
	Kind       channel.Kind
	Day        clock.Date
	ExternalID string
	Title      string
	Link       string
	Views      int64
	Reactions  int64
}

// Bring takes over figures of days before today. Days that the house has counted itself stay as they are.
func (s *Service) Bring(ctx context.Context, days []EarlierDay, posts []EarlierPost) error {
	today, now := s.today(), s.Clock.Now()
	rows := make([]dayRow, 0, len(days))
	for _, d := range days {
		if d.Day < today {
			rows = append(rows, dayRow{AccountID: d.AccountID, Day: d.Day, UnitID: d.UnitID, Kind: d.Kind, Followers: d.Followers, Posts: d.Posts, Messages: d.Messages,
				Asked: d.Asked, Answered: d.Answered, WaitedMinutes: int64(d.Waited.Minutes())})
		}
	}
	echoes := make([]postRow, len(posts))
	for i, p := range posts {
		echoes[i] = postRow{AccountID: p.AccountID, ExternalID: p.ExternalID, UnitID: p.UnitID, Kind: p.Kind, Day: p.Day, Title: p.Title, Link: p.Link,
			Views: p.Views, Reactions: p.Reactions, MeasuredAt: now}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for part := range slices.Chunk(rows, atOnce) {
			if _, err := tx.NewInsert().Model(&part).On("CONFLICT (account_id, day) DO NOTHING").Exec(ctx); err != nil {
				return err
			}
		}
		return s.store.keepPosts(ctx, tx, echoes)
	})
}
