package zalo

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// noticeRules is the table of the business host, whose numbers mean other things than those of the OA API.
var noticeRules = map[int]rule{
	-100:  {advice: channel.AdviceRetry, key: "channel.zalo.send_failed"},
	-101:  {advice: channel.AdviceHuman, key: "channel.zalo.app_config", scope: channel.ScopeApp},
	-102:  {advice: channel.AdviceHuman, key: "channel.zalo.app_config", scope: channel.ScopeApp},
	-103:  {advice: channel.AdviceHuman, key: "channel.zalo.app_inactive", scope: channel.ScopeApp},
	-104:  {advice: channel.AdviceHuman, key: "channel.zalo.app_config", scope: channel.ScopeApp},
	-105:  {advice: channel.AdviceHuman, key: "channel.zalo.app_unlinked", scope: channel.ScopeApp},
	-108:  {advice: channel.AdviceStop, key: "channel.notice.bad_phone"},
	-109:  {advice: channel.AdviceStop, key: "channel.notice.no_template"},
	-110:  {advice: channel.AdviceStop, key: "channel.notice.unreachable"},
	-111:  {advice: channel.AdviceStop, key: "channel.notice.bad_data"},
	-112:  {advice: channel.AdviceStop, key: "channel.notice.bad_data"},
	-1121: {advice: channel.AdviceStop, key: "channel.notice.bad_data"},
	-1122: {advice: channel.AdviceStop, key: "channel.notice.bad_data"},
	-1124: {advice: channel.AdviceStop, key: "channel.notice.bad_data"},
	-114:  {advice: channel.AdviceStop, key: "channel.notice.unreachable"},
	-115:  {advice: channel.AdviceHuman, key: "channel.zalo.no_money"},
	-117:  {advice: channel.AdviceHuman, key: "channel.notice.not_ours"},
	-118:  {advice: channel.AdviceStop, key: "channel.notice.no_zalo"},
	-119:  {advice: channel.AdviceStop, key: "channel.notice.unreachable"},
	-120:  {advice: channel.AdviceHuman, key: "channel.notice.not_allowed"},
	-124:  {advice: channel.AdviceRefresh, key: "channel.error.reauth", scope: channel.ScopeAccount},
	-1241: {advice: channel.AdviceStop, key: "channel.zalo.bad_proof", scope: channel.ScopeApp},
	-127:  {advice: channel.AdviceStop, key: "channel.notice.unapproved"},
	-131:  {advice: channel.AdviceStop, key: "channel.notice.unapproved"},
	-132:  {advice: channel.AdviceStop, key: "channel.notice.bad_data"},
	-133:  {advice: channel.AdviceLater, key: "channel.zalo.night", when: morning},
	-135:  {advice: channel.AdviceHuman, key: "channel.notice.plan"},
	-1351: {advice: channel.AdviceHuman, key: "channel.notice.not_allowed"},
	-136:  {advice: channel.AdviceHuman, key: "channel.zalo.no_money"},
	-137:  {advice: channel.AdviceHuman, key: "channel.zalo.no_money"},
	-138:  {advice: channel.AdviceHuman, key: "channel.notice.not_allowed"},
	-1381: {advice: channel.AdviceHuman, key: "channel.notice.not_allowed"},
	-139:  {advice: channel.AdviceStop, key: "channel.notice.refused"},
	-140:  {advice: channel.AdviceStop, key: "channel.notice.refused"},
	-141:  {advice: channel.AdviceStop, key: "channel.notice.refused"},
	-144:  {advice: channel.AdviceLater, key: "channel.notice.daily", when: newDay},
	-1441: {advice: channel.AdviceLater, key: "channel.notice.daily", when: newDay},
	-146:  {advice: channel.AdviceHuman, key: "channel.notice.disabled"},
	-147:  {advice: channel.AdviceLater, key: "channel.notice.daily", when: newDay},
	-1471: {advice: channel.AdviceLater, key: "channel.zalo.quota_receiver", when: newDay},
	-1472: {advice: channel.AdviceLater, key: "channel.zalo.quota_receiver", when: newDay},
}

// noticeRefused turns a refusal of the business host into an error with advice.
func (z *Adapter) noticeRefused(code int, message string) *channel.Error {
	if code == -32 {
		return z.refused(code, message)
	}
	e := &channel.Error{Kind: channel.Zalo, Code: strconv.Itoa(code), Message: message, Advice: channel.AdviceStop, Key: "channel.error.other"}
	if r, ok := noticeRules[code]; ok {
		e.Advice, e.Key, e.Scope = r.advice, r.key, r.scope
		if r.advice == channel.AdviceLater {
			e.After = z.until(r.when)
		}
	}
	return e
}

func (z *Adapter) business(ctx context.Context, a channel.Account, method, path string, query url.Values, in, out any) error {
	var body []byte
	kind := ""
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
		kind = "application/json"
	}
	return z.keys.Use(ctx, a, func(ctx context.Context, access string) error {
		return z.sendWithin(ctx, z.cfg.Timeout, request{host: z.cfg.BusinessURL, access: access, method: method, path: path, query: query, body: bytes.NewReader(body), kind: kind,
			refused: z.noticeRefused}, out)
	})
}

// Templates implements channel.Notifier: all templates of the account, each with its places and price.
func (z *Adapter) Templates(ctx context.Context, a channel.Account) ([]channel.Template, error) {
	var all []channel.Template
	for {
		var page []struct {
			ID text `json:"templateId"`
		}
		q := url.Values{"offset": {strconv.Itoa(len(all))}, "limit": {"100"}}
		if err := z.business(ctx, a, http.MethodGet, "/template/all", q, nil, &page); err != nil {
			return nil, err
		}
		for _, t := range page {
			one, err := z.template(ctx, a, string(t.ID))
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		if len(page) < 100 {
			return all, nil
		}
	}
}

func (z *Adapter) template(ctx context.Context, a channel.Account, id string) (channel.Template, error) {
	var out struct {
		ID       text   `json:"templateId"`
		Name     string `json:"templateName"`
		Status   string `json:"status"`
		Reason   string `json:"reason"`
		Tag      string `json:"templateTag"`
		Quality  string `json:"templateQuality"`
		Price    text   `json:"price"`
		PriceSDT text   `json:"price_sdt"`
		PriceUID text   `json:"price_uid"`
		Preview  string `json:"previewUrl"`
		Params   []struct {
			Name    string `json:"name"`
			Require bool   `json:"require"`
			Type    string `json:"type"`
			Max     text   `json:"maxLength"`
			Min     text   `json:"minLength"`
		} `json:"listParams"`
	}
	if err := z.business(ctx, a, http.MethodGet, "/template/info/v2", url.Values{"template_id": {id}}, nil, &out); err != nil {
		return channel.Template{}, err
	}
	t := channel.Template{ID: string(out.ID), Name: out.Name, Status: out.Status, Reason: out.Reason, Tag: out.Tag, Quality: out.Quality,
		Price: dong(first(out.PriceSDT, out.Price)), PriceUID: dong(string(out.PriceUID)), Preview: out.Preview}
	for _, p := range out.Params {
		t.Params = append(t.Params, channel.TemplateParam{Name: p.Name, Required: p.Require, Type: p.Type, Min: int(p.Min.int()), Max: int(p.Max.int())})
	}
	return t, nil
}

// dong reads a price such as "200.0"; what is no number counts as not told.
func dong(s string) int64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 {
		return 0
	}
	return int64(f + 0.5)
}

// Phone84 writes a Vietnamese telephone number as Zalo wants it, 84912345678; "" when it is none.
func Phone84(s string) string {
	s = strings.NewReplacer(" ", "", ".", "", "-", "", "(", "", ")", "").Replace(s)
	s = strings.TrimPrefix(s, "+")
	if rest, ok := strings.CutPrefix(s, "0"); ok {
		s = "84" + rest
	}
	if len(s) != 11 || !strings.HasPrefix(s, "84") || s[2] == '0' || strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return ""
	}
	return s
}

// Notify implements channel.Notifier. Zalo keeps no track of tracking ids: after a lost answer nobody can ask whether the
// notice went out, and the error says so.
func (z *Adapter) Notify(ctx context.Context, a channel.Account, n channel.Notice) (channel.NoticeReceipt, error) {
	if n.PersonID != "" {
		var out struct {
			ID text `json:"message_id"`
		}
		in := object{"user_id": n.PersonID, "template_id": n.Template, "template_data": n.Params}
		if err := z.call(ctx, a, http.MethodPost, "/v3.0/oa/message/template", nil, in, &out); err != nil {
			return channel.NoticeReceipt{}, err
		}
		return channel.NoticeReceipt{ExternalID: string(out.ID), SentAt: z.cfg.Clock.Now(), Left: -1}, nil
	}
	phone := Phone84(n.Phone)
	if phone == "" {
		return channel.NoticeReceipt{}, z.noticeRefused(-108, "not a number of Vietnam")
	}
	var out struct {
		ID    text `json:"msg_id"`
		Sent  text `json:"sent_time"`
		Quota struct {
			Left text `json:"remainingQuota"`
		} `json:"quota"`
	}
	in := object{"phone": phone, "template_id": n.Template, "template_data": n.Params, "tracking_id": n.Key}
	if err := z.business(ctx, a, http.MethodPost, "/message/template", nil, in, &out); err != nil {
		return channel.NoticeReceipt{}, err
	}
	r := channel.NoticeReceipt{ExternalID: string(out.ID), SentAt: time.UnixMilli(out.Sent.int()).UTC(), Left: -1}
	if out.Quota.Left != "" {
		r.Left = out.Quota.Left.int()
	}
	return r, nil
}

// NoticeArrived implements channel.Notifier; by person Zalo has no such call.
func (z *Adapter) NoticeArrived(ctx context.Context, a channel.Account, n channel.Notice, r channel.NoticeReceipt) (time.Time, bool, error) {
	if n.PersonID != "" {
		return time.Time{}, false, nil
	}
	var out struct {
		At     text `json:"delivery_time"`
		Status text `json:"status"`
	}
	q := url.Values{"message_id": {r.ExternalID}, "phone": {Phone84(n.Phone)}}
	if err := z.business(ctx, a, http.MethodGet, "/message/status", q, nil, &out); err != nil || out.Status != "1" {
		return time.Time{}, false, err
	}
	return time.UnixMilli(out.At.int()).UTC(), true, nil
}

// NoticeQuota implements channel.Notifier.
func (z *Adapter) NoticeQuota(ctx context.Context, a channel.Account) (channel.NoticeQuota, error) {
	var out struct {
		Daily text `json:"dailyQuota"`
		Left  text `json:"remainingQuota"`
	}
	err := z.business(ctx, a, http.MethodGet, "/message/quota", nil, nil, &out)
	return channel.NoticeQuota{Daily: out.Daily.int(), Left: out.Left.int()}, err
}
