package channelweb

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// HubPath is where YouTube's hub sends news; SharedPath is the page of the uploads that all units share.
const (
	HubPath    = "/webhook/youtube"
	SharedPath = "/lam-viec/kenh-youtube"
)

// Challenger checks the challenge of YouTube's hub; the YouTube adapter implements it.
type Challenger interface {
	Challenge(ctx context.Context, q url.Values) (challenge string, ok bool)
}

// Shared tells how the day of uploads stands that all units share; the roof fills it with the YouTube adapter.
type Shared interface {
	// Day lists what concerns the units that mayKnow says yes to.
	Day(ctx context.Context, mayKnow func(unitID string) bool) (SharedDay, error)
}

// SharedDay is how the day stands.
type SharedDay struct {
	Used, Of       int // films
	Units, UnitsOf int // quota units for everything else
	Spent          bool
	Opens          time.Time // when the next day begins, at midnight in California
	List           []SharedUpload
	Seen           []SeenFilm
}

// SharedUpload is one film that waits or went today.
type SharedUpload struct {
	UnitID, AccountID, Title string
	State                    string // waiting, sending, sent, done, dropped
	Percent                  int
	At                       time.Time // when a waiting one may go; zero: now
	Days                     int       // 0 today, 1 tomorrow …
}

// SeenFilm is a film that the hub told of.
type SeenFilm struct {
	Title, Link string
	ByHand      bool
	At          time.Time
}

// hasYouTube tells whether the list knows of YouTube at all.
func (v listView) hasYouTube() bool { return slices.Contains(v.Kinds, channel.YouTube) }

// hubChallenge answers the hub that asks whether we mean a subscription.
func (p *Pages) hubChallenge(w http.ResponseWriter, r *http.Request) error {
	challenge, good := "", false
	if p.Hub != nil {
		challenge, good = p.Hub.Challenge(r.Context(), r.URL.Query())
	}
	if !good {
		w.WriteHeader(http.StatusNotFound)
		return nil
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := io.WriteString(w, challenge)
	return err
}

// hubHook takes news of films. The hub wants an answer of success even for what is not signed; that is dropped and counted.
func (p *Pages) hubHook(w http.ResponseWriter, r *http.Request) error {
	if err := p.intake(w, r, channel.YouTube); err != nil && !errors.Is(err, channel.ErrSignature) {
		return err
	}
	return ok(w, r)
}

// sharedView is the page of the shared day.
type sharedView struct {
	SharedDay
	Rows []sharedRow
}

type sharedRow struct {
	SharedUpload
	Unit, Tone string
}

func (p *Pages) shared(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	v := sharedView{}
	if p.Shared != nil {
		var err error
		v.SharedDay, err = p.Shared.Day(ctx, func(unitID string) bool { return p.Authz.Can(a, channel.ActionSee, identity.InUnit(unitID)) })
		if err != nil {
			return err
		}
	}
	tones := map[string]string{"waiting": "wait", "sending": "info", "sent": "info", "done": "ok", "dropped": "mute"}
	for _, u := range v.List {
		v.Rows = append(v.Rows, sharedRow{SharedUpload: u, Unit: p.unitName(u.UnitID), Tone: tones[u.State]})
	}
	return web.Render(w, r, http.StatusOK, sharedPage(v))
}
