package disclosure

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/giftreceipt"
)

// entry is what the log holds for a batch.
func entry(code string, b batchRow) []byte { return giftreceipt.Entry(code, b.receipt()) }

// proveWait is for how long a receipt waits for the log's next checkpoint.
const proveWait = 5 * time.Second

// Receipt makes the receipt of a line. Its Proof is nil while the log has not taken the batch.
func (s *Service) Receipt(ctx context.Context, lineID string) (giftreceipt.File, error) {
	none := fault.New(fault.NotFound, "disclosure.line_none").With("ID", clip(lineID))
	code, seq, ok := ParseLineID(lineID)
	if !ok {
		return giftreceipt.File{}, none
	}
	st, err := s.Statement(ctx, code)
	if err != nil {
		return giftreceipt.File{}, none.Because(err)
	}
	rows, err := s.store.lines(ctx, s.DB.Read(), st.no, []int64{seq})
	if err != nil {
		return giftreceipt.File{}, err
	}
	if len(rows) == 0 {
		return giftreceipt.File{}, none
	}
	b, err := s.store.batchOf(ctx, s.DB.Read(), st.no, seq, true)
	if err != nil {
		return giftreceipt.File{}, err
	}
	f := rows[0].receipt(st.Code, b.PublishedAt)
	f.Title, f.Leaf, f.Batch = st.Name, hex.EncodeToString(giftreceipt.Leaf(f)), b.receipt()
	f.Batch.Index = uint64(seq - b.First)
	for _, h := range giftreceipt.Path(b.leaves(), int(seq-b.First)) {
		f.Batch.Hashes = append(f.Batch.Hashes, base64.StdEncoding.EncodeToString(h))
	}
	if s.Log == nil {
		return f, nil
	}
	f.LogKey = s.Log.VerificationKey()
	if b.LogIndex == nil {
		return f, nil
	}
	wait, cancel := context.WithTimeout(ctx, proveWait)
	defer cancel()
	p, err := s.Log.Prove(wait, uint64(*b.LogIndex))
	if err != nil {
		return f, err
	}
	f.Proof = &p
	return f, nil
}
