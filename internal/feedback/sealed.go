package feedback

import "github.com/nhipcau/nhipcau/internal/platform/secret"

// Sealed lists the columns of this room that hold sealed texts, for sealing them anew after a key was added.
func Sealed() []secret.Column {
	return []secret.Column{
		{Table: "feedback_person", Key: "case_id", Column: "sealed", Place: personPlace},
		{Table: "feedback_case", Key: "id", Column: "sealed", Place: casePlace},
		{Table: "feedback_answer", Key: "id", Column: "sealed", Place: answerPlace},
		{Table: "feedback_event", Key: "id", Column: "sealed", Place: eventPlace},
	}
}
