package feedback

import "github.com/nhipcau/nhipcau/internal/platform/secret"

// Sealed lists the columns of this room that hold sealed texts, for sealing them anew after a key was added.
func Sealed() []secret.Column {
	return []secret.Column{{Table: "feedback_person", Key: "case_id", Column: "sealed", Place: personPlace}}
}
