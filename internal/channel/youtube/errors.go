package youtube

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// refused turns a refusal of the API into an error with advice. Changes tells whether the call may have had an effect.
func (y *Adapter) refused(ctx context.Context, status int, raw []byte, changes bool) *channel.Error {
	var body struct {
		Error struct {
			Message string `json:"message"`
			Errors  []struct {
				Reason string `json:"reason"`
			} `json:"errors"`
		} `json:"error"`
	}
	reason, message := "", head(raw)
	if json.Unmarshal(raw, &body) == nil && body.Error.Message != "" {
		message = body.Error.Message
		if len(body.Error.Errors) > 0 {
			reason = body.Error.Errors[0].Reason
		}
	}
	e := &channel.Error{Kind: channel.YouTube, Code: reason, Message: message}
	if e.Code == "" {
		e.Code = strconv.Itoa(status)
	}
	y.advise(ctx, e, status, reason, changes)
	return e
}

func (y *Adapter) advise(ctx context.Context, e *channel.Error, status int, reason string, changes bool) {
	set := func(advice channel.Advice, key string) { e.Advice, e.Key = advice, key }
	switch reason {
	case "youtubeSignupRequired":
		set(channel.AdviceHuman, "channel.youtube.no_channel")
		e.Scope = channel.ScopeAccount
	case "quotaExceeded", "dailyLimitExceeded":
		set(channel.AdviceLater, "channel.youtube.units_spent")
		e.After, e.Scope = y.opens(), channel.ScopeApp
		y.spent(ctx, false)
	case "rateLimitExceeded":
		set(channel.AdviceLater, "channel.youtube.bucket")
		e.After, e.Scope = y.opens(), channel.ScopeApp
		y.spent(ctx, true)
	case "uploadLimitExceeded":
		set(channel.AdviceLater, "channel.youtube.channel_limit")
		e.Wait = 24 * time.Hour
	case "authenticatedUserAccountSuspended", "authenticatedUserAccountClosed":
		set(channel.AdviceHuman, "channel.youtube.suspended")
		e.Scope = channel.ScopeAccount
	case "insufficientPermissions":
		set(channel.AdviceReauth, "channel.youtube.permission")
		e.Scope = channel.ScopeAccount
	case "forbidden":
		set(channel.AdviceStop, "channel.youtube.forbidden")
	case "commentsDisabled":
		set(channel.AdviceStop, "channel.youtube.comments_off")
	case "invalidTitle", "invalidDescription", "invalidCategoryId", "invalidPublishAt", "invalidVideoMetadata", "mediaBodyRequired":
		set(channel.AdviceStop, "channel.youtube.bad_words")
	case "videoNotFound", "commentNotFound", "parentCommentNotFound":
		set(channel.AdviceStop, "channel.youtube.gone")
	default:
		switch {
		case status == http.StatusUnauthorized:
			set(channel.AdviceRefresh, "channel.error.reauth")
		case status >= 500 || status == http.StatusTooManyRequests:
			set(channel.AdviceRetry, "channel.error.unreachable")
			e.Unsure = changes && status >= 500
		case status == http.StatusNotFound:
			set(channel.AdviceStop, "channel.youtube.gone")
		default:
			set(channel.AdviceStop, "channel.error.other")
		}
	}
}

// rejections name the sentence for why YouTube did not take a film.
func rejectedKey(reason string) string {
	switch reason {
	case "duplicate":
		return "channel.youtube.rejected_duplicate"
	case "length":
		return "channel.youtube.rejected_length"
	case "copyright", "claim", "trademark":
		return "channel.youtube.rejected_copyright"
	}
	return "channel.youtube.rejected"
}
