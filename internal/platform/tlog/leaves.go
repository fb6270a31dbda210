package tlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	tlogfmt "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
)

// ErrAltered says that the entries of the log do not give the root of its signed checkpoint.
var ErrAltered = errors.New("tlog: the entries do not give the root that the checkpoint signs: the log's files were altered")

// Leaves reads every entry up to the latest checkpoint, in order, and returns their number. It computes the root anew and
// returns ErrAltered when that is not the signed one; fn has then seen entries that cannot be trusted.
func (l *Log) Leaves(ctx context.Context, fn func(index uint64, leaf []byte) error) (uint64, error) {
	raw, err := l.reader.ReadCheckpoint(ctx)
	if err != nil {
		return 0, fmt.Errorf("tlog: checkpoint: %w", err)
	}
	c, _, _, err := tlogfmt.ParseCheckpoint(raw, l.verifier.Name(), l.verifier)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	root := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for index := uint64(0); index < c.Size; {
		b, err := client.GetEntryBundle(ctx, l.reader.ReadEntryBundle, index/layout.EntryBundleWidth, c.Size)
		if err != nil {
			return 0, fmt.Errorf("tlog: entries from %d: %w", index, err)
		}
		if len(b.Entries) == 0 {
			return 0, fmt.Errorf("%w: no entries from %d on", ErrAltered, index)
		}
		for _, leaf := range b.Entries[:min(uint64(len(b.Entries)), c.Size-index)] {
			if err := root.Append(rfc6962.DefaultHasher.HashLeaf(leaf), nil); err != nil {
				return 0, fmt.Errorf("tlog: %w", err)
			}
			if err := fn(index, leaf); err != nil {
				return 0, err
			}
			index++
		}
	}
	if c.Size == 0 {
		return 0, nil
	}
	got, err := root.GetRootHash(nil)
	if err != nil {
		return 0, fmt.Errorf("tlog: %w", err)
	}
	if !bytes.Equal(got, c.Hash) {
		return 0, ErrAltered
	}
	return c.Size, nil
}
