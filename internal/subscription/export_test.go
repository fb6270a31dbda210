package subscription

import (
	"context"
	"strings"

	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// SweepArgs is the hourly job.
func SweepArgs() jobs.Args { return sweepArgs{} }

// StopInTheMiddle leaves things as a house does that is killed while the last word of a letter is being said.
func (s *Service) StopInTheMiddle(ctx context.Context, email string) error {
	r, err := s.row(ctx, s.DB.Read(), "address_key", s.mac("email", strings.ToLower(email)))
	if err != nil {
		return err
	}
	var rows []itemRow
	if err := s.DB.Read().NewSelect().Model(&rows).Where("i.reader_id = ?", r.ID).Where("i.state = ?", itemWaiting).Scan(ctx); err != nil {
		return err
	}
	return s.claim(ctx, letterRow{ID: id.New(), ReaderID: r.ID, About: "news", State: itemSending, At: s.Clock.Now()}, rows)
}
