package channel

import "github.com/nhipcau/nhipcau/internal/platform/secret"

// Sealed lists the columns of this room that hold sealed texts, for sealing them anew after a key was added. The verifiers of
// grants under way are left out: they live for minutes.
func Sealed() []secret.Column {
	return []secret.Column{
		{Table: "channel_token", Key: "account_id", Column: "access_sealed", Place: func(id string) string { return sealPlace(id, "access") }},
		{Table: "channel_token", Key: "account_id", Column: "refresh_sealed", Place: func(id string) string { return sealPlace(id, "refresh") }},
		{Table: "channel_message", Key: "id", Column: "sealed", Place: messagePlace},
	}
}
