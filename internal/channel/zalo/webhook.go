package zalo

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

type party struct {
	ID text `json:"id"`
}

type event struct {
	AppID     text   `json:"app_id"`
	Name      string `json:"event_name"`
	Timestamp text   `json:"timestamp"`
	Sender    party  `json:"sender"`
	Recipient party  `json:"recipient"`
	Follower  party  `json:"follower"`
	OA        text   `json:"oa_id"`
	OAID      text   `json:"oaId"` // some events of templates write it so
	UserID    text   `json:"user_id"`
	Tag       *struct {
		Name  string `json:"name"`
		Users []text `json:"user_ids"`
	} `json:"tag"`
	Info *struct {
		Name     string `json:"name"`
		Phone    text   `json:"phone"`
		Address  string `json:"address"`
		City     string `json:"city"`
		District string `json:"district"`
		Ward     string `json:"ward"`
		Full     *struct {
			City    string `json:"user_city"`
			Ward    string `json:"user_ward"`
			Address string `json:"user_address"`
		} `json:"full_address"`
	} `json:"info"`
	Message *struct {
		Text        string       `json:"text"`
		ID          text         `json:"msg_id"`
		Anonymous   text         `json:"conversation_id"` // of anonymous chat
		Tracking    text         `json:"tracking_id"`     // of a notice
		Delivered   text         `json:"delivery_time"`   // ms
		Attachments []attachment `json:"attachments"`
	} `json:"message"`
}

type attachment struct {
	Type    string `json:"type"`
	Payload struct {
		URL         string `json:"url"`
		Thumbnail   string `json:"thumbnail"`
		Name        string `json:"name"`
		Coordinates *struct {
			Latitude  text `json:"latitude"`
			Longitude text `json:"longitude"`
		} `json:"coordinates"`
	} `json:"payload"`
}

// signature is sha256_hex(app id + raw body + timestamp + OA secret key): plain SHA-256 over the concatenation, no HMAC.
func signature(appID string, body []byte, timestamp, key string) string {
	h := sha256.New()
	h.Write([]byte(appID))
	h.Write(body)
	h.Write([]byte(timestamp))
	h.Write([]byte(key))
	return hex.EncodeToString(h.Sum(nil))
}

// Webhook implements channel.Channel. The signature is checked over the bytes as they came. Echoes of what the account
// itself said, and events that mean nothing to us, give nothing.
func (z *Adapter) Webhook(h http.Header, body []byte) ([]channel.Inbound, error) {
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, errors.Join(channel.ErrSignature, err) // what cannot be read cannot have been signed by Zalo
	}
	given := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(h.Get("X-ZEvent-Signature")), "mac="))
	want := signature(z.cfg.AppID, body, string(e.Timestamp), z.cfg.WebhookKey)
	if z.cfg.WebhookKey == "" || subtle.ConstantTimeCompare([]byte(given), []byte(want)) != 1 {
		return nil, channel.ErrSignature
	}
	at := time.UnixMilli(e.Timestamp.int()).UTC()
	in := channel.Inbound{At: at, Key: e.key()}
	switch {
	case e.Name == "follow" || e.Name == "unfollow":
		in.Kind, in.ExternalID, in.PersonID = channel.InboundFollow, string(e.OA), string(e.Follower.ID)
		if e.Name == "unfollow" {
			in.Kind = channel.InboundUnfollow
		}
	case e.Name == "user_withdraw":
		in.Kind, in.ExternalID = channel.InboundWithdraw, first(e.OA, e.Recipient.ID)
		in.PersonID = first(e.UserID, e.Sender.ID, e.Follower.ID)
	case strings.HasPrefix(e.Name, "user_send_") && e.Name != "user_send_group_text" && e.Message != nil:
		in.Kind, in.ExternalID = channel.InboundMessage, string(e.Recipient.ID)
		in.Message = e.message(at, in.Key)
	case strings.HasPrefix(e.Name, "anonymous_send_") && e.Message != nil && e.Sender.ID != "":
		in.Kind, in.ExternalID = channel.InboundMessage, string(e.Recipient.ID)
		in.Message = e.message(at, in.Key)
		in.Message.PersonID = anonymousPerson(e.Sender.ID, e.Message.Anonymous)
	case e.Name == "user_submit_info" && e.Info != nil:
		in.Kind, in.ExternalID = channel.InboundMessage, string(e.Recipient.ID)
		in.Message = e.handedOver(at, in.Key)
	default:
		return e.other(in)
	}
	if in.ExternalID == "" || (in.Message == nil && in.PersonID == "") {
		return nil, nil
	}
	return []channel.Inbound{in}, nil
}

// other reads the events that are not about what a person says or whether they follow.
func (e event) other(in channel.Inbound) ([]channel.Inbound, error) {
	in.ExternalID = first(e.OA, e.OAID)
	switch e.Name {
	case "add_user_to_tag", "remove_user_from_tag", "remove_tag":
		if e.Tag == nil || e.Tag.Name == "" {
			return nil, nil
		}
		in.Kind, in.Tag = channel.InboundUntag, e.Tag.Name
		if e.Name == "add_user_to_tag" {
			in.Kind = channel.InboundTag
		}
		for _, u := range e.Tag.Users {
			in.People = append(in.People, string(u))
		}
		if (e.Name == "remove_tag") != (len(in.People) == 0) {
			return nil, nil
		}
	case "user_received_message": // of messages to a conversation too, which have no tracking id
		if e.Message == nil || e.Message.Tracking == "" {
			return nil, nil
		}
		in.Kind, in.ExternalID, in.Key, in.NoticeID = channel.InboundNotice, first(e.OA, e.Sender.ID), string(e.Message.Tracking), string(e.Message.ID)
		if ms := e.Message.Delivered.int(); ms > 0 {
			in.At = time.UnixMilli(ms).UTC()
		}
	case "create_group", "delete_group", "update_group_info", "user_join_group", "user_out_group":
		in.Kind, in.Stir = channel.InboundStir, channel.StirGroups
	case "change_template_status", "change_template_quality", "change_template_quota", "change_oa_template_tags":
		in.Kind, in.Stir = channel.InboundStir, channel.StirTemplates
	default:
		return nil, nil
	}
	if in.ExternalID == "" {
		return nil, nil
	}
	return []channel.Inbound{in}, nil
}

// handedOver makes a message of what a person handed over after the account had asked for it.
func (e event) handedOver(at time.Time, key string) *channel.Message {
	i := e.Info
	s := &channel.Shared{Name: i.Name, Phone: string(i.Phone), Address: i.Address, City: i.City, District: i.District, Ward: i.Ward}
	if f := i.Full; f != nil {
		s.City, s.Ward, s.Address = cmp.Or(s.City, f.City), cmp.Or(s.Ward, f.Ward), cmp.Or(s.Address, f.Address)
	}
	var all []string
	for _, part := range []string{s.Name, s.Phone, s.Address, s.Ward, s.District, s.City} {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return &channel.Message{ExternalID: key, PersonID: string(e.Sender.ID), Text: strings.Join(all, "\n"), Shared: s, At: at}
}

func first(ts ...text) string {
	for _, t := range ts {
		if t != "" {
			return string(t)
		}
	}
	return ""
}

// key is what repeated deliveries of the same event share.
func (e event) key() string {
	if e.Message != nil && e.Message.ID != "" {
		return string(e.Message.ID)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{string(e.AppID), e.Name, string(e.Timestamp), string(e.Sender.ID), string(e.Recipient.ID), string(e.Follower.ID)}, "|")))
	return hex.EncodeToString(sum[:])
}

// message takes pictures as pictures; anything else that was sent along is kept as its address in the text.
func (e event) message(at time.Time, key string) *channel.Message {
	m := &channel.Message{ExternalID: key, PersonID: string(e.Sender.ID), Text: e.Message.Text, At: at}
	for _, a := range e.Message.Attachments {
		switch {
		case (a.Type == "image" || a.Type == "gif" || a.Type == "sticker") && a.Payload.URL != "":
			m.Pictures = append(m.Pictures, channel.Picture{URL: a.Payload.URL})
		case a.Payload.Coordinates != nil:
			m.Text = lines(m.Text, "geo:"+string(a.Payload.Coordinates.Latitude)+","+string(a.Payload.Coordinates.Longitude))
		case a.Payload.URL != "" && !strings.Contains(m.Text, a.Payload.URL):
			m.Text = lines(m.Text, lines(a.Payload.Name, a.Payload.URL))
		}
	}
	return m
}

func lines(a, b string) string { return strings.TrimSpace(a + "\n" + b) }
