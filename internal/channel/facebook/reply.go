package facebook

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// Reply implements channel.Channel: under a comment, or in Messenger within 24 hours of the person's last message. An
// automatic program may not claim to be a person, so no tag is used to stretch the window.
func (f *Adapter) Reply(ctx context.Context, a channel.Account, m channel.Reply) (channel.Receipt, error) {
	if channel.Length(m.Text) > maxText {
		return channel.Receipt{}, stop("text", "text over 2,000 characters", "channel.facebook.text_too_long")
	}
	if m.Comment != nil {
		return f.comment(ctx, a, m)
	}
	if m.Unsure() {
		found, err := f.findSent(ctx, a, m)
		if err != nil || found.ExternalID != "" {
			return found, err
		}
	}
	recipient, _ := json.Marshal(map[string]string{"id": m.PersonID}) // plain text cannot fail
	message, _ := json.Marshal(map[string]string{"text": channel.Cut(m.Text, 0)})
	var out struct {
		ID string `json:"message_id"`
	}
	args := url.Values{"recipient": {string(recipient)}, "messaging_type": {"RESPONSE"}, "message": {string(message)}}
	if err := f.call(ctx, a, http.MethodPost, "/"+a.ExternalID+"/messages", args, &out); err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: out.ID}, nil
}

type line struct {
	ID      string    `json:"id"`
	Message string    `json:"message"`
	Created graphTime `json:"created_time"`
	From    struct {
		ID string `json:"id"`
	} `json:"from"`
}

// ours finds our own line with these words that we do not know of yet.
func ours(lines []line, a channel.Account, m channel.Reply) channel.Receipt {
	since := m.Since.Add(-10 * time.Minute)
	for _, l := range lines {
		if l.From.ID == a.ExternalID && channel.Cut(l.Message, 0) == channel.Cut(m.Text, 0) && !l.Created.Before(since) && !slices.Contains(m.Known, l.ID) {
			return channel.Receipt{State: channel.ReceiptPublished, ExternalID: l.ID}
		}
	}
	return channel.Receipt{}
}

func (f *Adapter) findSent(ctx context.Context, a channel.Account, m channel.Reply) (channel.Receipt, error) {
	var out struct {
		Data []struct {
			Messages struct {
				Data []line `json:"data"`
			} `json:"messages"`
		} `json:"data"`
	}
	args := url.Values{"platform": {"messenger"}, "user_id": {m.PersonID}, "fields": {"messages.limit(20){id,message,from,created_time}"}}
	if err := f.call(ctx, a, http.MethodGet, "/"+a.ExternalID+"/conversations", args, &out); err != nil {
		return channel.Receipt{}, sure(err)
	}
	for _, c := range out.Data {
		if r := ours(c.Messages.Data, a, m); r.ExternalID != "" {
			return r, nil
		}
	}
	return channel.Receipt{}, f.settled(m.LastTry)
}

func (f *Adapter) comment(ctx context.Context, a channel.Account, m channel.Reply) (channel.Receipt, error) {
	under := m.Comment.ParentID
	if under == "" {
		under = m.Comment.PostExternalID
	}
	if m.Unsure() {
		var out struct {
			Data []line `json:"data"`
		}
		args := url.Values{"fields": {"id,message,from,created_time"}, "order": {"reverse_chronological"}, "limit": {"50"}}
		if err := f.call(ctx, a, http.MethodGet, "/"+under+"/comments", args, &out); err != nil {
			return channel.Receipt{}, sure(err)
		}
		if r := ours(out.Data, a, m); r.ExternalID != "" {
			return r, nil
		}
		if err := f.settled(m.LastTry); err != nil {
			return channel.Receipt{}, err
		}
	}
	var out struct {
		ID string `json:"id"`
	}
	if err := f.call(ctx, a, http.MethodPost, "/"+under+"/comments", url.Values{"message": {channel.Cut(m.Text, 0)}}, &out); err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: out.ID}, nil
}

// PersonName implements channel.Namer: Messenger tells no name with a message, but the conversation's list of participants
// has it.
func (f *Adapter) PersonName(ctx context.Context, a channel.Account, personID string) (string, error) {
	var out struct {
		Data []struct {
			Participants struct {
				Data []struct {
					ID   string `json:"id"`
					Name string `json:"name"`
				} `json:"data"`
			} `json:"participants"`
		} `json:"data"`
	}
	args := url.Values{"platform": {"messenger"}, "user_id": {personID}, "fields": {"participants"}}
	if err := f.call(ctx, a, http.MethodGet, "/"+a.ExternalID+"/conversations", args, &out); err != nil {
		return "", err
	}
	for _, c := range out.Data {
		for _, p := range c.Participants.Data {
			if p.ID == personID {
				return p.Name, nil
			}
		}
	}
	return "", nil
}
