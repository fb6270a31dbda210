package facebook

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// graphError is the error object of the Graph API.
type graphError struct {
	Message string `json:"message"`
	Code    int    `json:"code"`
	Subcode int    `json:"error_subcode"`
	Data    struct {
		Start string `json:"start_offset"`
	} `json:"error_data"`
}

func (g graphError) code() string {
	if g.Subcode == 0 {
		return strconv.Itoa(g.Code)
	}
	return strconv.Itoa(g.Code) + "/" + strconv.Itoa(g.Subcode)
}

// rightOffset tells where Facebook wants the next piece of a film, when an error says that ours was the wrong place.
func rightOffset(err error) (int64, bool) {
	var e *channel.Error
	if !errors.As(err, &e) || !strings.HasSuffix(e.Code, "/"+strconv.Itoa(wrongOffset)) {
		return 0, false
	}
	at, perr := strconv.ParseInt(e.Message, 10, 64)
	return at, perr == nil
}

const (
	throttlePause   = time.Minute
	restrictedPause = 30 * time.Minute
)

// refused turns a refusal of Facebook into an error with advice. Regain is what the usage headers said.
func (f *Adapter) refused(ctx context.Context, g graphError, page string, regain time.Duration) *channel.Error {
	e := &channel.Error{Kind: channel.Facebook, Code: g.code(), Message: g.Message}
	if g.Subcode == wrongOffset {
		e.Message = g.Data.Start
	}
	set := func(advice channel.Advice, key string) { e.Advice, e.Key = advice, key }
	switch {
	case g.Code == 1 || g.Code == 2:
		set(channel.AdviceRetry, "channel.error.unreachable")
		e.Unsure = true
	case throttled(g.Code):
		set(channel.AdviceLater, "channel.error.budget")
		e.Wait = max(regain, throttlePause)
		if g.Code == 4 { // the whole app
			e.Scope = channel.ScopeApp
			f.meter.Strike(ctx)
			f.rest("", 5*time.Second)
		} else if page != "" {
			f.rest(page, e.Wait)
		}
	case g.Code == 10 && g.Subcode == 2018278:
		set(channel.AdviceStop, "channel.facebook.window_over")
	case g.Code == 10 && g.Subcode == 1893063:
		set(channel.AdviceLater, "channel.facebook.restricted")
		e.Wait = restrictedPause
	case g.Code == 3 || g.Code == 10 || (g.Code >= 200 && g.Code < 300):
		set(channel.AdviceReauth, "channel.facebook.permission")
		e.Scope = channel.ScopeAccount
	case g.Code == 102 || g.Code == 190:
		set(channel.AdviceReauth, reauthKey(g.Subcode))
		e.Scope = channel.ScopeAccount
	case g.Code == 368:
		set(channel.AdviceHuman, "channel.facebook.blocked")
		e.Scope = channel.ScopeAccount
	case g.Code == 506:
		set(channel.AdviceStop, "channel.facebook.duplicate")
	case g.Code == 551:
		set(channel.AdviceUnfollow, "channel.facebook.unavailable")
	case g.Code == 1609005:
		set(channel.AdviceStop, "channel.facebook.bad_link")
	case g.Code == 100 && g.Subcode == 1893061: // a way to write that Facebook has taken away
		set(channel.AdviceStop, "channel.facebook.tag_retired")
	case g.Code == 100 && g.Subcode == 33:
		set(channel.AdviceStop, "channel.facebook.gone")
	case g.Code == 100:
		set(channel.AdviceStop, "channel.facebook.bad_parameter")
	default:
		set(channel.AdviceStop, "channel.error.other")
	}
	return e
}

func throttled(code int) bool {
	switch code {
	case 4, 17, 32, 341, 613:
		return true
	}
	return code >= 80000 && code <= 80099
}

// reauthKey names the sentence for why a token died.
func reauthKey(subcode int) string {
	switch subcode {
	case 458:
		return "channel.facebook.app_removed"
	case 459:
		return "channel.facebook.checkpoint"
	case 460:
		return "channel.facebook.password"
	case 463:
		return "channel.facebook.expired"
	case 464:
		return "channel.facebook.unconfirmed"
	case 467:
		return "channel.facebook.logged_out"
	case 492:
		return "channel.facebook.role_lost"
	}
	return "channel.error.reauth"
}
