package zalo

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// Error codes of business.openapi.zalo.me (ZNS, ZBS by telephone).
const (
	bizMsgID      = -107
	bizPhone      = -108
	bizTemplateID = -109
	bizNoData     = -111
	bizType       = -112
	bizTooLong    = -1121
	bizMissing    = -1122
	bizCannot     = -114
	bizBalance    = -115
	bizNotYours   = -117
	bizNoAccount  = -118
	bizNoRight    = -120
	bizEmpty      = -121
	bizNotJSON    = -122
	bizToken      = -124
	bizProof      = -1241
	bizAdminsOnly = -127
	bizUnapproved = -131
	bizParams     = -132
	bizNight      = -133
	bizUnverified = -135
	bizNoZCA      = -136
	bizRefused    = -139
	bizDaily      = -144
	bizDisabled   = -146
	bizTmplDaily  = -147
)

const (
	maxTracking   = 48
	defaultDaily  = 500
	maxTemplates  = 100 // per page
	deliveryDelay = 20 * time.Millisecond
)

func (s *Sim) routesBusiness(mux *http.ServeMux) {
	s.business(mux, "POST /message/template", s.noticeByPhone)
	s.business(mux, "POST /message/template/hashphone", s.noticeByHash)
	s.business(mux, "GET /message/status", s.noticeStatus)
	s.business(mux, "GET /message/quota", s.noticeQuota)
	s.business(mux, "GET /template/all", s.templateAll)
	s.business(mux, "GET /template/info/v2", s.templateInfo)
	s.business(mux, "GET /template/sample-data", s.templateSample)
	s.business(mux, "GET /rating/get", s.ratings)
	s.business(mux, "GET /quality", s.quality)
	s.api(mux, "POST /v3.0/oa/message/template", gatePackage, s.noticeByUID)
	s.api(mux, "POST /v3.0/oa/message/transaction", gatePackage, s.retiredMessage)
	s.api(mux, "POST /v3.0/oa/message/promotion", gatePackage, s.retiredMessage)
}

// business registers a call of the business host, whose table of errors is its own: a dead token is -124 there.
func (s *Sim) business(mux *http.ServeMux, pattern string, fn func(*call) reply) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		s.meter.Count(pattern)
		token := r.Header.Get("access_token")
		s.mu.Lock()
		oaID := s.access[token]
		s.mu.Unlock()
		fail := func(w http.ResponseWriter, f simkit.Fault) { s.answer(w, reply{code: f.Code, message: f.Message}) }
		s.faults.Serve(w, r, system, oaID, fail, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
			if err != nil {
				s.answer(w, refuse(bizTooLong, "body is too large"))
				return
			}
			s.answer(w, s.serveBusiness(r, body, token, fn))
		})
	})
}

func (s *Sim) serveBusiness(r *http.Request, body []byte, token string, fn func(*call) reply) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[s.access[token]]
	now := s.now()
	switch given := r.Header.Get("appsecret_proof"); {
	case token == "" || a == nil || now.After(a.tokens.AccessExpires):
		return refuse(bizToken, "Access token invalid")
	case (given != "" || s.cfg.RequireProof) && !hmac.Equal([]byte(given), []byte(Proof(s.cfg.AppSecret, token))):
		return refuse(bizProof, "Invalid appsecret_proof provided in the API argument")
	case a.Gone || a.Disabled || a.AppRemoved || a.NoNotices:
		return refuse(bizNoRight, "OA don't have permission to use this feature")
	case a.Unverified || a.Package == PackageBasic || (!a.PackageUntil.IsZero() && now.After(a.PackageUntil)):
		return refuse(bizUnverified, "OA is not verified or is on the free plan")
	}
	return fn(&call{r: r, body: body, oa: a, now: now})
}

type noticeInput struct {
	Phone    string                     `json:"phone"`
	Hash     string                     `json:"hash_phone"`
	UserID   string                     `json:"user_id"`
	Template json.RawMessage            `json:"template_id"`
	Data     map[string]json.RawMessage `json:"template_data"`
	Tracking string                     `json:"tracking_id"`
	Mode     string                     `json:"mode"`
}

func (in noticeInput) template() string { return strings.Trim(string(in.Template), `"`) }

func (s *Sim) readNotice(c *call) (in noticeInput, bad reply) {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return in, refuse(bizEmpty, "Body is empty")
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return in, refuse(bizNotJSON, "Body data is not in JSON format")
	}
	if len(in.Tracking) > maxTracking {
		return in, refuse(bizTooLong, "tracking_id is too long")
	}
	return in, reply{}
}

// vietnamese tells whether a telephone number is one of Vietnam in the form 84…
func vietnamese(phone string) bool {
	rest, ok := strings.CutPrefix(phone, "84")
	if !ok || len(rest) != 9 || rest[0] == '0' {
		return false
	}
	return !strings.ContainsFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
}

func (s *Sim) noticeByPhone(c *call) reply {
	in, bad := s.readNotice(c)
	if bad.code != 0 {
		return bad
	}
	if !vietnamese(in.Phone) {
		return refuse(bizPhone, "Phone number is invalid")
	}
	return s.sendNotice(c, in, in.Phone)
}

func (s *Sim) noticeByHash(c *call) reply {
	in, bad := s.readNotice(c)
	if bad.code != 0 {
		return bad
	}
	for _, a := range s.oas {
		for _, f := range a.followers {
			sum := sha256.Sum256([]byte(f.Phone))
			if f.Phone != "" && strings.EqualFold(hex.EncodeToString(sum[:]), in.Hash) {
				return s.sendNotice(c, in, f.Phone)
			}
		}
	}
	return refuse(bizNoAccount, "Zalo account not existed")
}

// sendNotice is the way of a notice by telephone: template, places, telephone, hour, quotas, then it is there.
func (s *Sim) sendNotice(c *call, in noticeInput, phone string) reply {
	t, bad := s.usable(c.oa, in.template())
	if bad.code != 0 {
		return bad
	}
	if bad := t.fits(in.Data); bad.code != 0 {
		return bad
	}
	development := in.Mode == "development"
	if development && !slices.Contains(c.oa.Admins, phone) {
		return refuse(bizAdminsOnly, "Test template can only be sent to admins")
	}
	if bad, ok := s.phones[phone]; ok {
		return refuse(bad, "User cannot receive the message")
	}
	if s.isNightAt(c.oa.ID, c.now, "/message/template") {
		return refuse(bizNight, "ZNS is not allowed to be sent at night")
	}
	day := dayOf(c.now)
	if bad := c.oa.spend(t, day, development); bad.code != 0 {
		return bad
	}
	n := &Notice{ID: simkit.RandomHex(10), OA: c.oa.ID, Phone: phone, Template: t.ID, Data: plainData(in.Data), Tracking: in.Tracking, At: c.now, Price: t.Price}
	if development {
		n.Price = 0
	}
	s.keepNotice(c.oa, n)
	s.raiseNotice(c.oa, n)
	return fine(map[string]any{"msg_id": n.ID, "sent_time": strconv.FormatInt(c.now.UnixMilli(), 10), "sending_mode": "1", "quota": map[string]string{
		"dailyQuota": strconv.Itoa(c.oa.noticeDaily()), "remainingQuota": strconv.Itoa(max(0, c.oa.noticeDaily()-c.oa.noticesOn(day)))}})
}

// spend checks what a notice costs the OA; nothing is taken from a development message.
func (a *account) spend(t *Template, day string, development bool) reply {
	ofTemplate := 0
	for _, n := range a.notices {
		if n.Template == t.ID && dayOf(n.At) == day {
			ofTemplate++
		}
	}
	switch {
	case development:
		return reply{}
	case a.NoZCA:
		return refuse(bizNoZCA, "OA is not linked to a Zalo Cloud Account")
	case a.NoBalance:
		return refuse(bizBalance, "Out of quota or balance")
	case a.NoticeDaily > 0 && a.noticesOn(day) >= a.NoticeDaily:
		return refuse(bizDaily, "OA has reached its daily quota")
	case t.Daily > 0 && ofTemplate >= t.Daily:
		return refuse(bizTmplDaily, "Template has reached its daily quota")
	}
	return reply{}
}

func (a *account) noticeDaily() int {
	if a.NoticeDaily > 0 {
		return a.NoticeDaily
	}
	return defaultDaily
}

func (a *account) noticesOn(day string) int {
	n := 0
	for _, x := range a.notices {
		if dayOf(x.At) == day {
			n++
		}
	}
	return n
}

func plainData(data map[string]json.RawMessage) map[string]string {
	out := map[string]string{}
	for k, v := range data {
		var text string
		if json.Unmarshal(v, &text) != nil {
			text = string(v)
		}
		out[k] = text
	}
	return out
}

// usable finds a template of the OA that messages can be made from.
func (s *Sim) usable(a *account, id string) (*Template, reply) {
	t := a.template(id)
	if t == nil {
		for _, other := range s.oas {
			if id != "" && other.template(id) != nil {
				return nil, refuse(bizNotYours, "OA or App has no access to this template")
			}
		}
		return nil, refuse(bizTemplateID, "Template ID is invalid")
	}
	switch t.Status {
	case TemplateEnabled:
		return t, reply{}
	case TemplateDisabled:
		return nil, refuse(bizDisabled, "Template is disabled because of low quality")
	}
	return nil, refuse(bizUnapproved, "Template is not approved")
}

// fits checks the filled-in places against the template.
func (t *Template) fits(data map[string]json.RawMessage) reply {
	if len(data) == 0 && len(t.Params) > 0 {
		return refuse(bizNoData, "Template data is empty")
	}
	for name := range data {
		if !slices.ContainsFunc(t.Params, func(p TemplateParam) bool { return p.Name == name }) {
			return refuse(bizParams, "Template data has an unknown param: "+name)
		}
	}
	for _, p := range t.Params {
		raw, ok := data[p.Name]
		text := plainData(map[string]json.RawMessage{"x": raw})["x"]
		switch {
		case !ok || text == "" || string(raw) == "null":
			if p.Require {
				return refuse(bizMissing, "Template data is missing param: "+p.Name)
			}
		case len(raw) > 0 && (raw[0] == '{' || raw[0] == '['):
			return refuse(bizType, "Param type is invalid: "+p.Name)
		case p.MaxLength > 0 && letters(text) > p.MaxLength:
			return refuse(bizTooLong, "Param is too long: "+p.Name)
		}
	}
	return reply{}
}

// noticeByUID sends a template to a person of the OA; its errors are those of the OA API.
func (s *Sim) noticeByUID(c *call) reply {
	var in noticeInput
	if !c.decode(&in) {
		return badParam("body")
	}
	f := c.oa.followers[in.UserID]
	t := c.oa.template(in.template())
	switch {
	case f == nil:
		return badParam("user_id")
	case t == nil || t.Status != TemplateEnabled || t.fits(in.Data).code != 0:
		return badParam("template_id or template_data")
	case t.NoUID:
		return refuse(-249, "Template cannot be sent by user id")
	case f.Blocked:
		return refuse(-217, "User has blocked invitation")
	case t.Tag == "PROMOTION" && s.isNightAt(c.oa.ID, c.now, "/v3.0/oa/message/template"):
		return refuse(codeNight, "Message is not allowed from 22:00 to 06:00")
	case c.oa.NoZCA:
		return refuse(codeNoZCA, "Official Account is not linked to a Zalo Cloud Account")
	}
	n := &Notice{ID: simkit.RandomHex(10), OA: c.oa.ID, User: f.UserID, Template: t.ID, Data: plainData(in.Data), At: c.now, Price: t.PriceUID}
	s.keepNotice(c.oa, n)
	return fine(map[string]any{"message_id": n.ID, "user_id": f.UserID})
}

// retired is when transaction and promotion messages were discontinued in favour of templates.
var retired = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func (s *Sim) retiredMessage(c *call) reply {
	var in messageInput
	if !c.decode(&in) || in.Recipient.UserID == "" || in.Message == nil || in.Message.Attachment == nil {
		return badParam("message")
	}
	if !c.now.Before(retired) {
		return refuse(codeMessageType, "message type is not supported, please use ZBS Template Message")
	}
	f := c.oa.followers[in.Recipient.UserID]
	kind := in.Message.Attachment.Payload.Template
	promotion := strings.HasSuffix(c.r.URL.Path, "promotion")
	switch {
	case f == nil:
		return badParam("user_id")
	case promotion != (kind == "promotion"), !promotion && !strings.HasPrefix(kind, "transaction_"):
		return badParam("template_type")
	case promotion && s.isNightAt(c.oa.ID, c.now, c.r.URL.Path):
		return refuse(codeNight, "Message is not allowed from 22:00 to 06:00")
	}
	m := &Message{OA: c.oa.ID, User: f.UserID, FromOA: true, Type: "template", Text: kind, At: c.now, Via: "v3"}
	s.keep(c.oa, m)
	return fine(map[string]any{"message_id": m.ID, "user_id": f.UserID})
}

func (s *Sim) noticeStatus(c *call) reply {
	q := c.r.URL.Query()
	if q.Get("message_id") == "" {
		return refuse(bizMsgID, "Message ID is invalid")
	}
	for _, n := range c.oa.notices {
		if n.ID == q.Get("message_id") && n.Phone == q.Get("phone") {
			if n.Delivered.IsZero() {
				return fine(map[string]any{"delivery_time": "", "status": 0, "message": "The message has been sent but not delivered yet"})
			}
			return fine(map[string]any{"delivery_time": strconv.FormatInt(n.Delivered.UnixMilli(), 10), "status": 1, "message": "The message has been delivered"})
		}
	}
	return fine(map[string]any{"delivery_time": "", "status": -1, "message": "The message does not exist"})
}

func (s *Sim) noticeQuota(c *call) reply {
	daily := c.oa.noticeDaily()
	left := max(0, daily-c.oa.noticesOn(dayOf(c.now)))
	return fine(map[string]string{"dailyQuota": strconv.Itoa(daily), "remainingQuota": strconv.Itoa(left), "dailyQuotaPromotion": "0", "remainingQuotaPromotion": "0",
		"monthlyPromotionQuota": "0", "remainingMonthlyPromotionQuota": "0", "estimatedNextMonthPromotionQuota": "0"})
}

// templateStatus are the numbers by which template/all narrows.
var templateStatus = map[string]string{"1": TemplateEnabled, "2": TemplatePending, "3": TemplateRejected, "4": TemplateDisabled}

func (s *Sim) templateAll(c *call) reply {
	q := c.r.URL.Query()
	offset, err1 := strconv.Atoi(q.Get("offset"))
	limit, err2 := strconv.Atoi(q.Get("limit"))
	want, known := templateStatus[q.Get("status")]
	if err1 != nil || err2 != nil || offset < 0 || limit < 1 || limit > maxTemplates || (q.Get("status") != "" && !known) {
		return refuse(bizParams, "offset, limit or status is invalid")
	}
	list, total := []map[string]any{}, 0
	for _, t := range c.oa.templates {
		if want != "" && t.Status != want {
			continue
		}
		if total++; total > offset && len(list) < limit {
			list = append(list, map[string]any{"templateId": t.number(), "templateName": t.Name, "createdTime": t.Created.UnixMilli(), "status": t.Status, "templateQuality": t.quality()})
		}
	}
	return reply{message: "Success", data: list, extra: map[string]any{"metadata": map[string]int{"total": total}}}
}

func (s *Sim) templateInfo(c *call) reply {
	t := c.oa.template(c.r.URL.Query().Get("template_id"))
	if t == nil {
		return refuse(bizTemplateID, "Template ID is invalid")
	}
	params := []map[string]any{}
	for _, p := range t.Params {
		params = append(params, map[string]any{"name": p.Name, "require": p.Require, "type": p.kind(), "maxLength": p.MaxLength, "minLength": 0, "acceptNull": !p.Require})
	}
	price := func(n int64) string { return strconv.FormatInt(n, 10) + ".0" }
	return fine(map[string]any{"templateId": t.number(), "templateName": t.Name, "status": t.Status, "reason": t.Reason, "listParams": params, "listButtons": []any{},
		"timeout": 7200000, "previewUrl": s.cfg.BaseURL + "/template/" + t.ID, "templateQuality": t.quality(), "templateTag": t.Tag,
		"price": price(t.Price), "price_sdt": price(t.Price), "price_uid": price(t.PriceUID)})
}

func (s *Sim) templateSample(c *call) reply {
	t := c.oa.template(c.r.URL.Query().Get("template_id"))
	if t == nil {
		return refuse(bizTemplateID, "Template ID is invalid")
	}
	out := map[string]string{}
	for _, p := range t.Params {
		out[p.Name] = p.Name
	}
	return fine(out)
}

func (s *Sim) ratings(c *call) reply {
	if c.oa.template(c.r.URL.Query().Get("template_id")) == nil {
		return refuse(bizTemplateID, "Template ID is invalid")
	}
	return fine(map[string]any{"total": 0, "data": []any{}})
}

func (s *Sim) quality(c *call) reply {
	return fine(map[string]string{"oaCurrentQuality": "HIGH", "oa7dayQuality": "HIGH"})
}
