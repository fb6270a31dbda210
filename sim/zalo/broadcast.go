package zalo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

func isBroadcast(in messageInput) bool {
	return len(in.Recipient.Target) > 0 && string(in.Recipient.Target) != "null"
}

// isNight tells whether broadcasts are refused now: from 22:00 to 05:59:59 in Vietnam.
func (s *Sim) isNight(oa string, now time.Time) bool { return s.isNightAt(oa, now, "/v2.0/oa/message") }

func (s *Sim) isNightAt(oa string, now time.Time, path string) bool {
	if _, ok := s.faults.Hit(simkit.FaultNight, system, oa, path); ok {
		return true
	}
	if _, ok := s.faults.Hit(simkit.FaultDay, system, oa, path); ok || s.cfg.NoNight {
		return false
	}
	h := now.In(clock.Vietnam).Hour()
	return h >= nightFrom || h < nightUntil
}

// broadcast sends one to five articles to the followers that the target describes.
func (s *Sim) broadcast(c *call, in messageInput) reply {
	if c.oa.Unverified {
		return refuse(codeUnverified, "Official Account has not been verified")
	}
	ids, bad := s.broadcastArticles(c, in)
	if bad.code != 0 {
		return bad
	}
	want, err := parseTarget(in.Recipient.Target)
	if err != nil {
		return refuse(codeParam, err.Error())
	}
	if s.isNight(c.oa.ID, c.now) {
		return refuse(codeNight, "Broadcast is not allowed from 22:00 to 06:00")
	}
	if q := c.oa.BroadcastQuota; q > 0 && c.oa.broadcastsIn(monthOf(c.now)) >= q {
		return refuse(codeQuota, "Out of quota")
	}
	chosen, wanted := c.oa.receivers(want, c.now)
	if wanted > 0 && len(chosen) == 0 {
		return refuse(codeReceiverQuota, "Out of quota of the receiver")
	}
	if c.oa.ReceiverQuota > 0 {
		s.countReceived(c.oa, chosen, c.now)
	}
	for _, id := range ids {
		x := c.oa.article(id)
		x.Views += len(chosen)
	}
	b := &Broadcast{ID: simkit.RandomHex(10), OA: c.oa.ID, Articles: ids, Target: string(in.Recipient.Target), Reached: len(chosen), At: c.now}
	c.oa.broadcasts = append(c.oa.broadcasts, b)
	s.journal.Put("broadcast", c.oa.ID+"/"+b.ID, b)
	return fine(map[string]string{"message_id": b.ID})
}

func (a *account) broadcastsIn(month string) int {
	used := 0
	for _, b := range a.broadcasts {
		if monthOf(b.At) == month {
			used++
		}
	}
	return used
}

// receivers are the followers a broadcast reaches; wanted counts also those whose own quota is spent.
func (a *account) receivers(want target, now time.Time) (chosen []*Follower, wanted int) {
	month, day := monthOf(now), dayOf(now)
	for _, id := range a.order {
		f := a.followers[id]
		if !f.Follows || !want.matches(f) {
			continue
		}
		wanted++
		if q := a.ReceiverQuota; q > 0 && (f.Received[month] >= q || f.Received[day] >= 1) {
			continue
		}
		chosen = append(chosen, f)
	}
	return chosen, wanted
}

func (s *Sim) countReceived(a *account, chosen []*Follower, now time.Time) {
	for _, f := range chosen {
		if f.Received == nil {
			f.Received = map[string]int{}
		}
		f.Received[monthOf(now)]++
		f.Received[dayOf(now)]++
		s.saveFollower(a, f)
	}
}

func (s *Sim) broadcastArticles(c *call, in messageInput) ([]string, reply) {
	if in.Message == nil || in.Message.Attachment == nil {
		return nil, badParam("message")
	}
	at := in.Message.Attachment
	if at.Type != "template" || at.Payload.Template != "media" {
		return nil, badParam("template_type")
	}
	if n := len(at.Payload.Elements); n < 1 || n > 5 {
		return nil, badParam("elements")
	}
	s.settleAll()
	var ids []string
	for _, e := range at.Payload.Elements {
		if e.MediaType != "article" {
			return nil, refuse(codeMessageType, "only articles can be broadcast")
		}
		x := c.oa.article(e.AttachmentID)
		if x == nil {
			return nil, refuse(codeAttachment, "attachment_id is expired or invalid")
		}
		if s.cfg.ApproveDelay > 0 && c.now.Sub(x.Created) < s.cfg.ApproveDelay {
			return nil, refuse(codeProcessing, "article is processing")
		}
		ids = append(ids, x.ID)
	}
	return ids, reply{}
}

// target is whom a broadcast is for; a list that is empty does not narrow.
type target struct{ ages, cities, platforms, genders, regions []string }

// parseTarget accepts each value as a number, as text with commas or as a list: the sources disagree and live clients
// send all three.
func parseTarget(raw json.RawMessage) (target, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return target{}, fmt.Errorf("target is invalid")
	}
	var t target
	for name, into := range map[string]*[]string{"ages": &t.ages, "cities": &t.cities, "platform": &t.platforms, "gender": &t.genders, "locations": &t.regions} {
		values, err := targetValues(fields[name])
		if err != nil {
			return target{}, fmt.Errorf("%s is invalid", name)
		}
		*into = values
	}
	if slices.Contains(t.genders, "0") {
		t.genders = nil // 0 is everybody
	}
	if len(t.cities) > 0 {
		t.regions = nil // cities override locations
	}
	return t, nil
}

func targetValues(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	text := strings.NewReplacer("[", "", "]", "", `"`, "", " ", "").Replace(string(raw))
	if text == "" {
		return nil, nil
	}
	values := strings.Split(text, ",")
	for _, v := range values {
		if n, err := strconv.Atoi(v); err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not a code", v)
		}
	}
	return values, nil
}

// matches leaves in a follower who has not said what the target asks about.
func (t target) matches(f *Follower) bool {
	in := func(list []string, value string) bool {
		return len(list) == 0 || value == "" || slices.Contains(list, value)
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	return in(t.ages, f.AgeGroup) && in(t.cities, f.City) && in(t.regions, f.Region) && in(t.platforms, number(f.Platform)) && in(t.genders, number(f.Gender))
}
