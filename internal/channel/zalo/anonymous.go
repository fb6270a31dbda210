package zalo

import (
	"context"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// Anonymous chat: somebody who is not signed in to Zalo writes to an account from a web page or a QR code. Zalo gives such a
// visitor an id and a conversation and asks for both in an answer. The house keeps them as one id of a person,
// "anon:{anonymous id}:{conversation}"; no call about users knows it. Zalo tells no history of such a conversation.
const anonymousMark = "anon:"

func anonymousPerson(visitor, conversation text) string {
	return anonymousMark + string(visitor) + ":" + string(conversation)
}

// visitor takes the id of a person apart; false for somebody whom Zalo knows.
func visitor(personID string) (visitorID, conversation string, ok bool) {
	rest, ok := strings.CutPrefix(personID, anonymousMark)
	visitorID, conversation, _ = strings.Cut(rest, ":")
	return visitorID, conversation, ok
}

// answerVisitor answers in anonymous chat with text, a picture or a file. Buttons become lines of the text. An answer of which
// nobody knows whether it arrived is left to a person: Zalo shows no history in which to look.
func (z *Adapter) answerVisitor(ctx context.Context, a channel.Account, m channel.Reply) (channel.Receipt, error) {
	id, conversation, _ := visitor(m.PersonID)
	switch {
	case m.Unsure():
		return channel.Receipt{}, stop("unsure", "no history of anonymous chat", "channel.zalo.anonymous_unsure")
	case m.Ask != nil:
		return channel.Receipt{}, stop("ask", "a visitor cannot be asked for contact", "channel.zalo.anonymous_ask")
	}
	for _, b := range m.Buttons {
		to := b.URL
		if to == "" {
			to = b.Phone
		}
		if to != "" {
			m.Text = lines(m.Text, b.Title+": "+to)
		}
	}
	m.Buttons = nil
	if channel.Length(m.Text) > maxText {
		return channel.Receipt{}, stop("text", "text over 2,000 characters", "channel.zalo.text_too_long")
	}
	body, err := z.compose(ctx, a, m)
	if err != nil {
		return channel.Receipt{}, err
	}
	return z.post(ctx, a, messagePath[v2], object{"recipient": object{"anonymous_id": id, "conversation_id": conversation}, "message": body})
}
