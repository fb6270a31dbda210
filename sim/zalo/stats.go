package zalo

import (
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// Summary is one OA as the control API and the wall list it.
type Summary struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Group      string    `json:"group"`
	Followers  int       `json:"followers"`
	Articles   int       `json:"articles"`
	Broadcasts int       `json:"broadcasts"`
	Messages   int       `json:"messages"`
	Token      string    `json:"token"` // none, living, expired
	Refreshes  int       `json:"refreshes"`
	Latest     string    `json:"latest,omitempty"` // title of the newest article that is shown
	LatestID   string    `json:"latest_id,omitempty"`
	LatestAt   time.Time `json:"latest_at,omitzero"`
	Cover      string    `json:"cover,omitempty"`
	Today      int       `json:"said_today"` // messages from citizens today
}

// List shows all OAs in the order they were added.
func (s *Sim) List() []Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleAll()
	out := make([]Summary, 0, len(s.order))
	for _, id := range s.order {
		out = append(out, s.summary(s.oas[id]))
	}
	return out
}

// Get shows one OA.
func (s *Sim) Get(oa string) (Summary, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return Summary{}, false
	}
	s.settleAll()
	return s.summary(a), true
}

func (s *Sim) summary(a *account) Summary {
	out := Summary{ID: a.ID, Name: a.Name, Group: a.Group, Followers: a.following(), Articles: len(a.articles), Broadcasts: len(a.broadcasts), Messages: a.messageCount(),
		Token: "living", Refreshes: a.tokens.Refreshes}
	switch {
	case a.tokens.Access == "":
		out.Token = "none"
	case s.now().After(a.tokens.AccessExpires) || s.access[a.tokens.Access] == "":
		out.Token = "expired"
	}
	for _, x := range a.articles {
		if x.Status == "show" && !x.Created.Before(out.LatestAt) {
			out.Latest, out.LatestID, out.LatestAt, out.Cover = x.Title, x.ID, x.Created, ""
			if x.Cover != nil {
				out.Cover = x.Cover.PhotoURL
			}
		}
	}
	return out
}

// Stats is the state of the whole platform.
type Stats struct {
	OAs          int               `json:"oas"`
	Followers    int               `json:"followers"`
	Articles     int               `json:"articles"`
	Processing   int               `json:"processing"`      // articles not yet standing
	MinPerOA     int               `json:"min_articles_oa"` // fewest articles at one OA
	MaxPerOA     int               `json:"max_articles_oa"` // most articles at one OA
	WithArticles int               `json:"oas_with_articles"`
	Duplicates   int               `json:"duplicates"` // articles whose title and lead stand twice at the same OA
	Broadcasts   int               `json:"broadcasts"`
	Messages     int               `json:"messages"`
	Refreshes    int               `json:"refreshes"`
	Replays      int               `json:"refresh_replays"` // token requests with a used or wrong refresh token
	Requests     simkit.Reading    `json:"requests"`
	Webhook      simkit.HookStatus `json:"webhook"`
	Journal      string            `json:"journal_error,omitempty"`
}

// Stats counts everything.
func (s *Sim) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleAll()
	out := Stats{OAs: len(s.order), Requests: s.meter.Read(s.rate), Webhook: s.hooks.Status(false)}
	for i, id := range s.order {
		a := s.oas[id]
		n := len(a.articles)
		out.Followers += a.following()
		out.Articles += n
		out.Broadcasts += len(a.broadcasts)
		out.Messages += a.messageCount()
		out.Refreshes += a.tokens.Refreshes
		out.MaxPerOA = max(out.MaxPerOA, n)
		if i == 0 || n < out.MinPerOA {
			out.MinPerOA = n
		}
		if n > 0 {
			out.WithArticles++
		}
		seen := map[string]bool{}
		for _, x := range a.articles {
			key := x.Title + "\x00" + x.Description
			if seen[key] {
				out.Duplicates++
			}
			seen[key] = true
		}
	}
	for _, t := range s.waiting {
		if t.Failure == "" {
			out.Processing++
		}
	}
	out.Replays = int(out.Requests.Counts["replayed refresh token"])
	if err := s.journal.Err(); err != nil {
		out.Journal = err.Error()
	}
	return out
}

// ResetMeter starts counting requests from zero.
func (s *Sim) ResetMeter() { s.meter.Reset() }

// Obey does what a fault that acts at once orders and tells whether it was one.
func (s *Sim) Obey(f simkit.Fault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		a := s.oas[id]
		if f.Target != "" && f.Target != id {
			continue
		}
		switch f.Kind {
		case simkit.FaultAccessDead:
			delete(s.access, a.tokens.Access)
		case simkit.FaultRefreshDead:
			delete(s.refresh, a.tokens.Refresh)
		}
	}
	switch f.Kind {
	case simkit.FaultNoWebhook:
		s.hooks.Enable(false)
	case simkit.FaultYesWebhook:
		s.hooks.Enable(true)
	case simkit.FaultAccessDead, simkit.FaultRefreshDead:
	default:
		return false
	}
	return true
}
