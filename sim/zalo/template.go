package zalo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// The states of a template.
const (
	TemplateEnabled  = "ENABLE"
	TemplatePending  = "PENDING_REVIEW"
	TemplateRejected = "REJECT"
	TemplateDisabled = "DISABLE"
)

// Template is a message text with places to fill in that the platform has looked at.
type Template struct {
	ID       string          `json:"id"` // decimal; made when empty
	OA       string          `json:"oa"`
	Name     string          `json:"name"`
	Status   string          `json:"status"` // default ENABLE
	Reason   string          `json:"reason,omitempty"`
	Tag      string          `json:"tag"`               // TRANSACTION (default), CUSTOMER_CARE, PROMOTION, OTP
	Quality  string          `json:"quality,omitempty"` // default HIGH
	Price    int64           `json:"price"`             // đồng by telephone; default 200
	PriceUID int64           `json:"price_uid"`         // đồng by person; default 0
	NoUID    bool            `json:"no_uid,omitempty"`  // cannot be sent by person: -249
	Daily    int             `json:"daily,omitempty"`   // messages a day; 0: no limit; beyond, -147
	Params   []TemplateParam `json:"params"`
	Created  time.Time       `json:"created"`
}

// TemplateParam is a place of a template.
type TemplateParam struct {
	Name      string `json:"name"`
	Require   bool   `json:"require"`
	Type      string `json:"type,omitempty"` // default STRING
	MaxLength int    `json:"maxLength,omitempty"`
}

func (p TemplateParam) kind() string { return cmp.Or(p.Type, "STRING") }
func (t *Template) quality() string  { return cmp.Or(t.Quality, "HIGH") }
func (t *Template) number() any      { return json.Number(t.ID) } // the platform writes it as a number
func (a *account) template(id string) *Template {
	for _, t := range a.templates {
		if t.ID == id {
			return t
		}
	}
	return nil
}

// Notice is one message made from a template.
type Notice struct {
	ID        string            `json:"msg_id"`
	OA        string            `json:"oa"`
	Phone     string            `json:"phone,omitempty"`
	User      string            `json:"user_id,omitempty"`
	Template  string            `json:"template_id"`
	Data      map[string]string `json:"template_data"`
	Tracking  string            `json:"tracking_id,omitempty"`
	Price     int64             `json:"price"`
	At        time.Time         `json:"at"`
	Delivered time.Time         `json:"delivered,omitzero"`
	Key       int               `json:"seq"`
}

// AddTemplate gives an OA a template and returns its id; one that exists is replaced.
func (s *Sim) AddTemplate(oa string, t Template) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return "", fmt.Errorf("%w: OA %s", ErrUnknown, oa)
	}
	if t.ID == "" {
		t.ID = strconv.Itoa(200000 + len(simkit.StableID(oa, t.Name))*1000 + len(a.templates) + 1)
	}
	t.OA, t.Status, t.Tag, t.Price = oa, cmp.Or(t.Status, TemplateEnabled), cmp.Or(t.Tag, "TRANSACTION"), cmp.Or(t.Price, 200)
	if t.Created.IsZero() {
		t.Created = s.now()
	}
	s.journal.Put("template", oa+"/"+t.ID, t)
	if old := a.template(t.ID); old != nil {
		was := old.Status
		*old = t
		if was != t.Status {
			s.raiseTemplate(a, &t, was)
		}
		return t.ID, nil
	}
	a.templates = append(a.templates, &t)
	return t.ID, nil
}

// Notices lists what an OA sent from templates, oldest first.
func (s *Sim) Notices(oa string) []Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return nil
	}
	out := make([]Notice, 0, len(a.notices))
	for _, n := range a.notices {
		out = append(out, *n)
	}
	return out
}

// SetPhone makes a telephone number (84…) answer a code, for example -118 when it has no Zalo or -139 when its owner refuses;
// 0 makes it take notices again.
func (s *Sim) SetPhone(phone string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code == 0 {
		delete(s.phones, phone)
		return
	}
	s.phones[phone] = code
}

func (s *Sim) keepNotice(a *account, n *Notice) {
	s.seq++
	n.Key = s.seq
	a.notices = append(a.notices, n)
	s.journal.Put("notice", a.ID+"/"+n.ID, n)
}

// raiseNotice lets a notice reach the telephone and tells so, under the same name as for messages but with the tracking id.
func (s *Sim) raiseNotice(a *account, n *Notice) {
	if _, lost := s.faults.Hit(simkit.FaultLose, system, a.ID, "notice"); lost {
		return // the telephone is off: it stays "sent but not delivered yet"
	}
	n.Delivered = n.At.Add(deliveryDelay)
	s.journal.Put("notice", a.ID+"/"+n.ID, n)
	s.raise(a, n.Delivered, event{EventName: "user_received_message", Sender: &party{a.ID}, Recipient: &party{n.Phone},
		Message: &eventMessage{MsgID: n.ID, Tracking: n.Tracking, Delivered: strconv.FormatInt(n.Delivered.UnixMilli(), 10)}})
}

func (s *Sim) raiseTemplate(a *account, t *Template, was string) {
	s.raise(a, s.now(), event{EventName: "change_template_status", OAID: a.ID, TemplateID: t.ID, Status: map[string]string{"prev_status": was, "new_status": t.Status}, Reason: t.Reason})
}
