package channel

import (
	"context"
	"net/http"
)

// portal is the house's own site as a channel: a delivery is done by being written down.
type portal struct{}

func (portal) Kind() Kind     { return Portal }
func (portal) Limits() Limits { return Limits{Title: 250, Lead: 600} }

func (portal) Publish(_ context.Context, _ Account, c Content, _ Receipt) (Receipt, error) {
	return Receipt{State: ReceiptPublished, ExternalID: c.PostID, Link: c.Link}, nil
}

func (portal) Confirm(_ context.Context, _ Account, r Receipt) (Receipt, error) {
	r.State = ReceiptPublished
	return r, nil
}

func (portal) Update(_ context.Context, _ Account, _ Receipt, c Content) (Receipt, error) {
	return Receipt{State: ReceiptPublished, ExternalID: c.PostID, Link: c.Link}, nil
}

func (portal) Retract(context.Context, Account, Receipt) error { return nil }

// Reply has nobody to write to: an answer to a question of the portal stands under its tracking code.
func (portal) Reply(context.Context, Account, Reply) (Receipt, error) {
	return Receipt{}, &Error{Kind: Portal, Code: "no_reply", Message: "the portal has no messages", Advice: AdviceStop, Key: "channel.portal.no_reply"}
}

func (portal) Probe(_ context.Context, a Account) (Account, error) {
	a.State, a.StateReason, a.Capabilities.Article = AccountConnected, "", true
	return a, nil
}

func (portal) Webhook(http.Header, []byte) ([]Inbound, error) { return nil, nil }
