package disclosure

import (
	"context"
	"encoding/hex"
)

// InLog tells whether the batch of a line stands in the public log, which batch that is and at which place.
func (s *Service) InLog(ctx context.Context, st Statement, seq int64) (logged bool, batch int64, index uint64, err error) {
	b, err := s.store.batchOf(ctx, s.DB.Read(), st.no, seq, false)
	if err != nil || b.LogIndex == nil {
		return false, b.No, 0, err
	}
	return true, b.No, uint64(*b.LogIndex), nil
}

// GiftOf gives the id that the gift of a line has in the books; "" for none.
func (s *Service) GiftOf(ctx context.Context, st Statement, seq int64) (string, error) {
	rows, err := s.store.lines(ctx, s.DB.Read(), st.no, []int64{seq})
	if err != nil || len(rows) == 0 {
		return "", err
	}
	if len(rows[0].Gift) != 16 {
		return string(rows[0].Gift), nil
	}
	h := hex.EncodeToString(rows[0].Gift)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}
