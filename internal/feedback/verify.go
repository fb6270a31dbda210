package feedback

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// Leaves reads the public log in order and returns how many entries it has; tlog.Log implements it.
type Leaves interface {
	Leaves(ctx context.Context, fn func(index uint64, leaf []byte) error) (uint64, error)
}

// LostLeaf is an entry of the log that belongs to no case any more: the case was deleted, or changed so that it gives
// another leaf. After and Before are the codes of the cases that entered the log next to it; "" at either end.
type LostLeaf struct {
	Index         uint64
	After, Before string
}

// LogReport is what comparing every case with the public log found.
type LogReport struct {
	Cases   int        // in the database
	Logged  int        // of these, found in the log as they are
	Waiting int        // taken in within a day and not in the log yet
	Leaves  uint64     // entries of the log
	Altered []string   // codes of cases whose text, code or hour is not the one that was received
	Missing []string   // codes of cases that are whole but stand nowhere in the log
	Lost    []LostLeaf // entries without a case
}

// OK tells whether nothing was altered, nothing is missing and nothing was lost.
func (r LogReport) OK() bool { return len(r.Altered) == 0 && len(r.Missing) == 0 && len(r.Lost) == 0 }

// graceOfLog is for how long a case may wait for its place in the log before that is an alarm.
const graceOfLog = 24 * time.Hour

// leafSize is the length of a receipt's entry in the log; other entries are longer.
const leafSize = 32

// CheckLog compares every case with the public log, both ways: each case must give the leaf that stands in the log, and each
// leaf must have its case. Only the house itself may ask: the report names codes.
func (s *Service) CheckLog(ctx context.Context, actor identity.Actor, log Leaves) (LogReport, error) {
	var r LogReport
	if actor.Kind != identity.ActorSystem {
		return r, fault.New(fault.Forbidden, "feedback.case_not_found")
	}
	at := map[[leafSize]byte][]uint64{} // a leaf may stand twice
	var err error
	r.Leaves, err = log.Leaves(ctx, func(i uint64, leaf []byte) error {
		if len(leaf) == leafSize {
			at[[leafSize]byte(leaf)] = append(at[[leafSize]byte(leaf)], i)
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	var found []placed
	for after := ""; ; {
		page, err := s.store.casesAfter(ctx, s.DB.Read(), after, 1000)
		if err != nil {
			return r, err
		}
		for _, c := range page {
			found = append(found, s.checkCase(c, at, &r)...)
		}
		if len(page) < 1000 {
			break
		}
		after = page[len(page)-1].ID
	}
	r.Lost = lost(at, found)
	return r, nil
}

// placed is a case at its place in the log.
type placed struct {
	index uint64
	code  string
}

// checkCase judges one case and takes its leaf off the list.
func (s *Service) checkCase(c Case, at map[[leafSize]byte][]uint64, r *LogReport) []placed {
	r.Cases++
	leaf, err := LeafBytes(c)
	if err != nil || len(leaf) != leafSize || hex.EncodeToString(leaf) != c.Receipt.Leaf {
		r.Altered = append(r.Altered, c.Code)
		if was, err := hex.DecodeString(c.Receipt.Leaf); err == nil && len(was) == leafSize {
			delete(at, [leafSize]byte(was)) // its entry is there: it is the case that was changed
		}
		return nil
	}
	places := at[[leafSize]byte(leaf)]
	switch {
	case len(places) > 0:
		r.Logged++
		delete(at, [leafSize]byte(leaf))
	case s.Clock.Now().Sub(c.ReceivedAt) < graceOfLog:
		r.Waiting++
	default:
		r.Missing = append(r.Missing, c.Code)
	}
	out := make([]placed, len(places))
	for i, p := range places {
		out[i] = placed{p, c.Code}
	}
	return out
}

// lost names each entry that no case took, with its neighbours.
func lost(at map[[leafSize]byte][]uint64, found []placed) []LostLeaf {
	var gone []uint64
	for _, places := range at {
		gone = append(gone, places[0])
	}
	slices.Sort(gone)
	slices.SortFunc(found, func(a, b placed) int { return int(int64(a.index) - int64(b.index)) })
	out := make([]LostLeaf, len(gone))
	for i, g := range gone {
		out[i].Index = g
		n, _ := slices.BinarySearchFunc(found, g, func(p placed, g uint64) int { return int(int64(p.index) - int64(g)) })
		if n > 0 {
			out[i].After = found[n-1].code
		}
		if n < len(found) {
			out[i].Before = found[n].code
		}
	}
	return out
}

// casesAfter reads cases in the order of their ids, which is that of their receipt.
func (s store) casesAfter(ctx context.Context, q bun.IDB, after string, limit int) ([]Case, error) {
	var rows []caseRow
	if err := q.NewSelect().Model(&rows).Where("c.id > ?", after).Order("c.id").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, err
	}
	return s.casesOf(rows)
}
