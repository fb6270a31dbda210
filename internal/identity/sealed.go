package identity

import "github.com/nhipcau/nhipcau/internal/platform/secret"

// Sealed lists the columns of this room that hold sealed texts, for sealing them anew after a key was added.
func Sealed() []secret.Column {
	return []secret.Column{{Table: "identity_official", Key: "id", Column: "totp_sealed", Place: totpPlace}}
}
