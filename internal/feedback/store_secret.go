package feedback

import (
	"context"
	"encoding/json"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// hiddenWords is what of a complaint or denunciation is sealed in its row: the words and where it happened.
type hiddenWords struct {
	Text  string
	Place Place
}

func casePlace(id string) string   { return "feedback_case:" + id }
func answerPlace(id string) string { return "feedback_answer:" + id }
func eventPlace(id string) string  { return "feedback_event:" + id }

// hide seals the words of a case of a secret kind and empties the plain columns.
func (s store) hide(r *caseRow) error {
	r.Sealed = ""
	if !Kind(r.Kind).Secret() {
		return nil
	}
	b, err := json.Marshal(hiddenWords{Text: r.Body, Place: Place{Text: r.Place, Link: r.PlaceLink, Lat: r.Lat, Lon: r.Lon}})
	if err != nil {
		return err
	}
	r.Body, r.Place, r.PlaceLink, r.Lat, r.Lon = "", "", "", 0, 0
	r.Sealed, err = s.sealer.Seal(b, casePlace(r.ID))
	return err
}

// caseOf reads a row, opening what is sealed. Who may see the case is decided by the service before it leaves the room.
func (s store) caseOf(r *caseRow) (Case, error) {
	c := r.domain()
	if r.Sealed == "" {
		return c, nil
	}
	b, err := s.sealer.Open(r.Sealed, casePlace(r.ID))
	if err != nil {
		return Case{}, err
	}
	var w hiddenWords
	if err := json.Unmarshal(b, &w); err != nil {
		return Case{}, err
	}
	c.Text, c.Place = w.Text, w.Place
	return c, nil
}

func (s store) casesOf(rows []caseRow) ([]Case, error) {
	out := make([]Case, len(rows))
	for i := range rows {
		var err error
		if out[i], err = s.caseOf(&rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// keep gives the two columns in which a text is kept: plain, or sealed when it belongs to a case of a secret kind.
func (s store) keep(text, place string, secret bool) (plain, sealed string, err error) {
	if !secret || text == "" {
		return text, "", nil
	}
	sealed, err = s.sealer.Seal([]byte(text), place)
	return "", sealed, err
}

func (s store) read(plain, sealed, place string) (string, error) {
	if sealed == "" {
		return plain, nil
	}
	b, err := s.sealer.Open(sealed, place)
	return string(b), err
}

// reseal writes all words of a case as its kind demands, after the kind was decided anew.
func (s store) reseal(ctx context.Context, tx db.Tx, c Case) error {
	r := rowOf(c, "")
	if err := s.hide(r); err != nil {
		return err
	}
	if _, err := tx.NewUpdate().Model(r).WherePK().Column("body", "search", "place", "place_link", "lat", "lon", "sealed").Exec(ctx); err != nil {
		return err
	}
	answers, err := s.answers(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if err := s.updateAnswer(ctx, tx, a, c.Kind.Secret()); err != nil {
			return err
		}
	}
	events, err := s.events(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	for _, e := range events {
		plain, sealed, err := s.keep(e.Reason, eventPlace(e.ID), c.Kind.Secret())
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*eventRow)(nil)).Set("reason = ?", plain).Set("sealed = ?", sealed).Where("id = ?", e.ID).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
