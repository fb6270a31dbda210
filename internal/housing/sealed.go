package housing

import (
	"encoding/json"

	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

// Sealed lists the columns of this room that hold sealed texts, for sealing them anew after a key was added.
func Sealed() []secret.Column {
	return []secret.Column{
		{Table: "housing_case", Key: "id", Column: "survey", Place: surveyPlace},
		{Table: "housing_case", Key: "id", Column: "completion", Place: completionPlace},
		{Table: "housing_payment", Key: "id", Column: "parties", Place: paymentPlace},
	}
}

func surveyPlace(id string) string     { return "housing_case.survey:" + id }
func completionPlace(id string) string { return "housing_case.completion:" + id }
func paymentPlace(id string) string    { return "housing_payment:" + id }

func (s *Service) seal(place string, v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return s.Sealer.Seal(b, place)
}

func (s *Service) open(place, sealed string, v any) error {
	b, err := s.Sealer.Open(sealed, place)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
