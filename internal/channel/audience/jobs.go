package audience

import (
	"context"
	"errors"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

type peopleArgs struct {
	Account string `json:"account"`
}

func (peopleArgs) Kind() string { return "audience.people" }

type historyArgs struct {
	Account string `json:"account"`
}

func (historyArgs) Kind() string { return "audience.history" }

type groupsArgs struct {
	Account string `json:"account"` // "": every account
}

func (groupsArgs) Kind() string { return "audience.groups" }

type listenArgs struct {
	Account string `json:"account"` // "": every account
}

func (listenArgs) Kind() string { return "audience.listen" }

const (
	pagesAtOnce = 40                  // pages of followers in one run of the job
	chatsAtOnce = 20                  // conversations in one run
	monthsBack  = 24                  // slices by which a list over the platform's cap is read
	weeksBack   = 28 * 24 * time.Hour // how far old conversations are taken over
	freshFor    = 7 * 24 * time.Hour  // as long a person can still be answered
	settleFor   = 10 * time.Minute    // a webhook may be this late without being missed
	listenEvery = 30 * time.Minute
)

func (s *Service) registerJobs() {
	q := s.Queue
	jobs.HandleLong(q, 5*time.Minute, func(ctx context.Context, j *jobs.Job[peopleArgs]) error { return s.readPeople(ctx, j.Args.Account) })
	jobs.HandleLong(q, 5*time.Minute, func(ctx context.Context, j *jobs.Job[historyArgs]) error { return s.readHistory(ctx, j.Args.Account) })
	jobs.Handle(q, func(ctx context.Context, j *jobs.Job[groupsArgs]) error {
		return s.each(ctx, j.Args.Account, s.refreshGroups, func(id string) jobs.Args { return groupsArgs{Account: id} }, time.Hour)
	})
	jobs.Handle(q, func(ctx context.Context, j *jobs.Job[listenArgs]) error {
		return s.each(ctx, j.Args.Account, s.listen, func(id string) jobs.Args { return listenArgs{Account: id} }, listenEvery-5*time.Minute)
	})
	q.Every(24*time.Hour, func() jobs.Args { return groupsArgs{} })
	q.Every(listenEvery, func() jobs.Args { return listenArgs{} })
	jobs.On(q, "audience", s.onConnected)
	jobs.On(q, "audience", s.onTagged)
	jobs.On(q, "audience", s.onWithdrawal)
	jobs.On(q, "audience", func(ctx context.Context, e channel.Stirred) error {
		if e.What != channel.StirGroups {
			return nil
		}
		return s.enqueue(ctx, groupsArgs{Account: e.AccountID})
	})
}

func (s *Service) enqueue(ctx context.Context, all ...jobs.Args) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, a := range all {
			if err := s.Queue.Enqueue(ctx, tx, a, &jobs.Options{Priority: 4, MaxAttempts: 8}); err != nil {
				return err
			}
		}
		return nil
	})
}

// onConnected reads followers, tags, groups and the conversations of the last weeks of an account that was granted.
func (s *Service) onConnected(ctx context.Context, e channel.Connected) error {
	return s.enqueue(ctx, peopleArgs{Account: e.AccountID}, historyArgs{Account: e.AccountID}, groupsArgs{Account: e.AccountID})
}

// ReadAgain has all of it read anew, for an actor who looks after the account.
func (s *Service) ReadAgain(ctx context.Context, actor identity.Actor, accountID string) error {
	a, err := s.Channels.MayConnect(ctx, actor, accountID)
	if err != nil {
		return err
	}
	if err := s.change(ctx, a.ID, func(_ context.Context, _ db.Tx, r *stateRow) error {
		r.ReadFrom, r.Slice, r.People, r.ChatsFrom, r.Reason = 0, 0, 0, 0, ""
		return nil
	}); err != nil {
		return err
	}
	return s.onConnected(ctx, channel.Connected{AccountID: a.ID})
}

// each does one account, or spreads a job for every working account over a span.
func (s *Service) each(ctx context.Context, accountID string, one func(context.Context, string) error, args func(string) jobs.Args, over time.Duration) error {
	if accountID != "" {
		return one(ctx, accountID)
	}
	as, err := s.Channels.Accounts(ctx, identity.System("audience"), channel.Filter{State: channel.AccountConnected})
	if err != nil {
		return err
	}
	var many []jobs.Many
	for i, a := range as {
		if a.Kind == channel.Portal {
			continue
		}
		at := clock.Machine(s.Clock, s.Clock.Now().Add(time.Duration(i)*over/time.Duration(len(as))))
		many = append(many, jobs.Many{Args: args(a.ID), InsertOpts: &jobs.Options{Priority: 4, MaxAttempts: 2, ScheduledAt: at}})
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.Queue.EnqueueMany(ctx, tx, many) })
}

// refused writes down why the platform would not be read, when trying again is of no use, and gives what the job returns.
func (s *Service) refused(ctx context.Context, accountID string, err error) error {
	var e *channel.Error
	if !errors.As(err, &e) || e.Advice == channel.AdviceRetry {
		return err
	}
	if e.Advice == channel.AdviceLater {
		return jobs.Snooze(max(e.Wait, time.Minute))
	}
	return s.change(ctx, accountID, func(_ context.Context, _ db.Tx, r *stateRow) error {
		r.Reason = e.Key
		return nil
	})
}

// readPeople reads the list of followers page by page and writes down after each page how far it has come. Of a list that the
// platform cuts off, the months of last contact are read one by one.
func (s *Service) readPeople(ctx context.Context, accountID string) error {
	a, err := s.Channels.AccountByID(ctx, accountID)
	if err != nil || !a.Works() {
		return err
	}
	crowd, ok := s.Channels.Implementation(a.Kind).(channel.Crowd)
	if !ok {
		return nil
	}
	for range pagesAtOnce {
		st, err := s.state(ctx, s.DB.Read(), a.ID)
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		page, err := crowd.Followers(ctx, a, slice(st.Slice, now), st.ReadFrom)
		if err != nil {
			return s.refused(ctx, a.ID, err)
		}
		over := false
		err = s.change(ctx, a.ID, func(ctx context.Context, tx db.Tx, r *stateRow) error {
			r.People += len(page.People)
			r.Capped = (r.Capped && r.Slice > 0) || page.Capped
			if r.ReadFrom = page.Next; page.Next == 0 {
				if over = !r.Capped || r.Slice >= monthsBack; over {
					r.Slice, r.PeopleAt, r.Reason = 0, now, ""
				} else {
					r.Slice++
				}
			}
			return s.Channels.KeepPeople(ctx, tx, a.ID, known(page.People), now)
		})
		if err != nil {
			return err
		}
		if over {
			return s.readTags(ctx, a, crowd)
		}
	}
	return jobs.Snooze(time.Second)
}

func known(people []string) []channel.Known {
	out := make([]channel.Known, len(people))
	for i, p := range people {
		out[i] = channel.Known{PersonID: p, Follows: true}
	}
	return out
}

// slice is the n-th month back; 0 the whole list.
func slice(n int, now time.Time) channel.CrowdFilter {
	if n == 0 {
		return channel.CrowdFilter{}
	}
	return channel.CrowdFilter{From: now.AddDate(0, 0, -30*n), To: now.AddDate(0, 0, -30*(n-1))}
}

// readTags reads who bears which tag.
func (s *Service) readTags(ctx context.Context, a channel.Account, crowd channel.Crowd) error {
	t, ok := s.Channels.Implementation(a.Kind).(channel.Tagger)
	if !ok {
		return nil
	}
	tags, err := t.Tags(ctx, a)
	if err != nil {
		return s.refused(ctx, a.ID, err)
	}
	for _, tag := range tags {
		for offset := 0; ; {
			page, err := crowd.Followers(ctx, a, channel.CrowdFilter{Tag: tag}, offset)
			if err != nil {
				return s.refused(ctx, a.ID, err)
			}
			if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.keepTag(ctx, tx, a.ID, tag, page.People) }); err != nil {
				return err
			}
			if offset = page.Next; offset == 0 {
				break
			}
		}
	}
	return nil
}

// readHistory takes over the conversations of the last four weeks, the latest first. What nobody has replied to in the last
// seven days comes to the desk as if it had just been written.
func (s *Service) readHistory(ctx context.Context, accountID string) error {
	a, err := s.Channels.AccountByID(ctx, accountID)
	if err != nil || !a.Works() {
		return err
	}
	h, ok := s.Channels.Implementation(a.Kind).(channel.Historian)
	if !ok {
		return nil
	}
	for done := 0; done < chatsAtOnce; {
		st, err := s.state(ctx, s.DB.Read(), a.ID)
		if err != nil {
			return err
		}
		chats, more, err := h.RecentChats(ctx, a, st.ChatsFrom)
		if err != nil {
			return s.refused(ctx, a.ID, err)
		}
		added, old := 0, false
		for _, c := range chats {
			if old = s.Clock.Now().Sub(c.At) > weeksBack; old {
				break
			}
			n, err := s.readChat(ctx, a, h, c.PersonID)
			if err != nil {
				return s.refused(ctx, a.ID, err)
			}
			added, done = added+n, done+1
		}
		over := old || !more || len(chats) == 0
		err = s.change(ctx, a.ID, func(_ context.Context, _ db.Tx, r *stateRow) error {
			r.History += added
			r.ChatsFrom += len(chats)
			if over {
				r.ChatsFrom, r.HistoryAt = 0, s.Clock.Now()
			}
			return nil
		})
		if err != nil || over {
			return err
		}
	}
	return jobs.Snooze(time.Second)
}

// readChat takes over one conversation and says how many lines were new.
func (s *Service) readChat(ctx context.Context, a channel.Account, h channel.Historian, personID string) (int, error) {
	now := s.Clock.Now()
	var lines []channel.Message
	for offset := 0; ; {
		page, more, err := h.Conversation(ctx, a, personID, offset)
		if err != nil {
			return 0, err
		}
		offset += 10
		for _, m := range page {
			if now.Sub(m.At) > weeksBack {
				more = false
				break
			}
			lines = append(lines, m)
		}
		if !more {
			break
		}
	}
	n := 0
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		n, err = s.Channels.KeepHistory(ctx, tx, a, lines, now.Add(-freshFor))
		return err
	})
	return n, err
}

// listen looks whether people wrote to an account without its webhook telling. If so, what they wrote is fetched, and the
// account bears since when it is deaf until a webhook comes again.
func (s *Service) listen(ctx context.Context, accountID string) error {
	a, err := s.Channels.AccountByID(ctx, accountID)
	if err != nil || !a.Works() {
		return err
	}
	h, ok := s.Channels.Implementation(a.Kind).(channel.Historian)
	if !ok {
		return nil
	}
	chats, _, err := h.RecentChats(ctx, a, 0)
	if err != nil {
		return s.refused(ctx, a.ID, err)
	}
	now := s.Clock.Now()
	missed := 0
	for _, c := range chats {
		if c.Outgoing || now.Sub(c.At) < settleFor || now.Sub(c.At) > freshFor {
			continue
		}
		heard, err := s.Channels.Heard(ctx, a.ID, c.ExternalID)
		if err != nil {
			return err
		}
		if heard {
			continue
		}
		n, err := s.readChat(ctx, a, h, c.PersonID)
		if err != nil {
			return s.refused(ctx, a.ID, err)
		}
		missed += n
	}
	if missed == 0 {
		return nil
	}
	s.Logger.WarnContext(ctx, "messages came without a webhook", "account", a.ID, "messages", missed)
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.Channels.Deaf(ctx, tx, a.ID) })
}

// Listen does what the house does every half hour, for one account: tests and a desk that waits for an answer ask for it.
func (s *Service) Listen(ctx context.Context, accountID string) error {
	return s.listen(ctx, accountID)
}
