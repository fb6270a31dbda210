package zalo

import (
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
)

// rule is what follows from one of Zalo's error codes.
type rule struct {
	advice channel.Advice
	key    string
	scope  channel.Scope
	when   when
}

// when says until when a rule with AdviceLater waits.
type when int

const (
	soon    when = iota // the kernel's own pause
	morning             // 06:00 in Vietnam: broadcasts are refused from 22:00 to 05:59:59
	newDay              // the next day, when daily counters start again (monthly ones are tried daily)
)

// rules is Zalo's error table with what to do. A code that is missing stops the work with the general sentence.
var rules = map[int]rule{
	-100:  {advice: channel.AdviceRetry, key: "channel.zalo.attachment"},
	-200:  {advice: channel.AdviceRetry, key: "channel.zalo.send_failed"},
	-201:  {advice: channel.AdviceStop, key: "channel.zalo.bad_parameter"},
	-204:  {advice: channel.AdviceHuman, key: "channel.zalo.oa_disabled", scope: channel.ScopeAccount},
	-205:  {advice: channel.AdviceHuman, key: "channel.zalo.oa_absent", scope: channel.ScopeAccount},
	-209:  {advice: channel.AdviceHuman, key: "channel.zalo.app_inactive", scope: channel.ScopeApp},
	-210:  {advice: channel.AdviceStop, key: "channel.zalo.too_big"},
	-211:  {advice: channel.AdviceLater, key: "channel.zalo.quota_oa", when: newDay},
	-212:  {advice: channel.AdviceHuman, key: "channel.zalo.api_unregistered", scope: channel.ScopeApp},
	-213:  {advice: channel.AdviceUnfollow, key: "channel.zalo.not_follower"},
	-214:  {advice: channel.AdviceLater, key: "channel.zalo.processing"},
	-216:  {advice: channel.AdviceRefresh, key: "channel.error.reauth", scope: channel.ScopeAccount},
	-217:  {advice: channel.AdviceUnfollow, key: "channel.zalo.blocked"},
	-218:  {advice: channel.AdviceLater, key: "channel.zalo.quota_receiver", when: newDay},
	-219:  {advice: channel.AdviceReauth, key: "channel.zalo.app_removed", scope: channel.ScopeAccount},
	-220:  {advice: channel.AdviceRefresh, key: "channel.error.reauth", scope: channel.ScopeAccount},
	-221:  {advice: channel.AdviceHuman, key: "channel.zalo.unverified"},
	-223:  {advice: channel.AdviceReauth, key: "channel.zalo.not_granted", scope: channel.ScopeAccount},
	-224:  {advice: channel.AdviceHuman, key: "channel.zalo.package", scope: channel.ScopeAccount},
	-227:  {advice: channel.AdviceUnfollow, key: "channel.zalo.inactive"},
	-230:  {advice: channel.AdviceStop, key: "channel.zalo.window_over"},
	-232:  {advice: channel.AdviceStop, key: "channel.zalo.window_over"},
	-233:  {advice: channel.AdviceStop, key: "channel.zalo.bad_parameter"},
	-234:  {advice: channel.AdviceLater, key: "channel.zalo.night", when: morning},
	-235:  {advice: channel.AdviceSwitchAPI, key: "channel.zalo.no_messages"},
	-237:  {advice: channel.AdviceHuman, key: "channel.zalo.group_package"},
	-238:  {advice: channel.AdviceHuman, key: "channel.zalo.group_package"},
	-240:  {advice: channel.AdviceSwitchAPI, key: "channel.zalo.no_messages"},
	-241:  {advice: channel.AdviceHuman, key: "channel.zalo.group_package"},
	-242:  {advice: channel.AdviceStop, key: "channel.zalo.bad_proof", scope: channel.ScopeApp},
	-244:  {advice: channel.AdviceUnfollow, key: "channel.zalo.restricted"},
	-248:  {advice: channel.AdviceHuman, key: "channel.zalo.policy"},
	-249:  {advice: channel.AdviceStop, key: "channel.zalo.bad_parameter"},
	-320:  {advice: channel.AdviceHuman, key: "channel.zalo.no_money"},
	-321:  {advice: channel.AdviceHuman, key: "channel.zalo.no_money"},
	-403:  {advice: channel.AdviceStop, key: "channel.zalo.bad_parameter"},
	-1340: {advice: channel.AdviceStop, key: "channel.zalo.bad_parameter"},
	-1341: {advice: channel.AdviceStop, key: "channel.zalo.bad_parameter"},
	404:   {advice: channel.AdviceRetry, key: "channel.error.unreachable"},

	// The token endpoint.
	-118:   {advice: channel.AdviceReauth, key: "channel.error.reauth", scope: channel.ScopeAccount},
	-14002: {advice: channel.AdviceHuman, key: "channel.zalo.app_config", scope: channel.ScopeApp},
	-14003: {advice: channel.AdviceHuman, key: "channel.zalo.redirect_config", scope: channel.ScopeApp},
	-14004: {advice: channel.AdviceHuman, key: "channel.zalo.app_config", scope: channel.ScopeApp},
	-14005: {advice: channel.AdviceStop, key: "channel.connect.stale"},
	-14014: {advice: channel.AdviceReauth, key: "channel.error.reauth", scope: channel.ScopeAccount},
	-14018: {advice: channel.AdviceHuman, key: "channel.zalo.app_config", scope: channel.ScopeApp},
}

// ratePause is how long calls rest after Zalo's -32.
const ratePause = 5 * time.Second

// refused turns a refusal of Zalo into an error with advice. Two codes have two meanings that only the words tell apart:
// -32 (the app or this OA calls too often) and -223 (not granted, or this month's articles are used up).
func (z *Adapter) refused(code int, message string) *channel.Error {
	e := &channel.Error{Kind: channel.Zalo, Code: strconv.Itoa(code), Message: message, Advice: channel.AdviceStop, Key: "channel.error.other"}
	low := strings.ToLower(message)
	switch {
	case code == -32:
		e.Advice, e.Key, e.Wait = channel.AdviceLater, "channel.error.budget", ratePause
		if strings.Contains(low, "application") {
			e.Scope = channel.ScopeApp
		}
		return e
	case code == -223 && strings.Contains(low, "quota"):
		e.Advice, e.Key, e.After = channel.AdviceLater, "channel.zalo.quota_article", z.until(newDay)
		return e
	}
	r, ok := rules[code]
	if !ok {
		return e
	}
	e.Advice, e.Key, e.Scope = r.advice, r.key, r.scope
	if r.advice == channel.AdviceLater {
		e.After = z.until(r.when)
	}
	return e
}

func (z *Adapter) until(w when) time.Time {
	now := z.cfg.Clock.Now()
	six := clock.DateOf(now).Time().Add(6 * time.Hour)
	switch w {
	case morning:
		if now.Before(six) {
			return six
		}
		return six.Add(24 * time.Hour)
	case newDay:
		return six.Add(24 * time.Hour)
	}
	return time.Time{}
}
