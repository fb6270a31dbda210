package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// Report is what a verification found.
type Report struct {
	Lines       int64      // lines read
	Checkpoints int        // fingerprints in the transparency log that were compared
	HeadSeq     int64      // number of the newest line
	HeadHash    string     // its fingerprint, hexadecimal
	Broken      *Break     // nil: the chain is whole
	Published   *time.Time // when the newest checkpoint went out; nil: never
}

// OK tells whether the chain is whole.
func (r Report) OK() bool { return r.Broken == nil }

// Reason says what is wrong with a line.
type Reason string

// The reasons a chain is broken.
const (
	ReasonMissing    Reason = "missing"    // a line is gone
	ReasonChanged    Reason = "changed"    // its fingerprint does not fit its content
	ReasonUnlinked   Reason = "unlinked"   // it does not continue the line before it
	ReasonTail       Reason = "tail"       // the newest lines were cut off, or the head was moved
	ReasonCheckpoint Reason = "checkpoint" // it is not the line whose fingerprint was published
)

// Break names the first broken line.
type Break struct {
	Seq    int64
	Reason Reason
}

// String says it for the log and the command line.
func (b Break) String() string { return fmt.Sprintf("line %d: %s", b.Seq, b.Reason) }

// checkpoint is a fingerprint that went into the transparency log.
type checkpoint struct {
	bun.BaseModel `bun:"table:audit_checkpoint,alias:c"`

	Seq      int64     `bun:"seq,pk"`
	Hash     string    `bun:"hash"`
	At       time.Time `bun:"at"`
	LogIndex int64     `bun:"log_index"`
}

const verifyBatch = 1000

// Verify walks the whole chain and names the first broken line. It reads in one pass and keeps a thousand lines in memory.
func (l *Log) Verify(ctx context.Context) (Report, error) {
	var rep Report
	points, err := l.checkpoints(ctx)
	if err != nil {
		return rep, err
	}
	// Others go on writing meanwhile: what is read first can only be older than the head read after it.
	var newest int64
	err = l.db.Read().NewSelect().Model((*Line)(nil)).ColumnExpr("coalesce(max(e.seq), 0)").Scan(ctx, &newest)
	if err != nil {
		return rep, fmt.Errorf("audit: newest: %w", err)
	}
	var h head
	if err := l.db.Read().NewSelect().Model(&h).Where("h.id = 1").Scan(ctx); err != nil {
		return rep, fmt.Errorf("audit: head: %w", err)
	}
	prev := ""
	for rep.Lines < h.Seq {
		var lines []Line
		err := l.db.Read().NewSelect().Model(&lines).Where("e.seq > ? AND e.seq <= ?", rep.Lines, h.Seq).
			Order("e.seq").Limit(verifyBatch).Scan(ctx)
		if err != nil {
			return rep, fmt.Errorf("audit: read: %w", err)
		}
		if len(lines) == 0 {
			rep.Broken = &Break{Seq: rep.Lines + 1, Reason: ReasonTail}
			return rep, nil
		}
		for _, line := range lines {
			if rep.Broken = check(line, rep.Lines+1, prev, points); rep.Broken != nil {
				return rep, nil
			}
			if points[line.Seq].Seq != 0 {
				at := points[line.Seq].At
				rep.Published = &at
				rep.Checkpoints++
			}
			rep.Lines, prev = line.Seq, line.Hash
		}
	}
	rep.HeadSeq, rep.HeadHash = h.Seq, h.Hash
	switch {
	case newest > h.Seq:
		rep.Broken = &Break{Seq: h.Seq + 1, Reason: ReasonTail}
	case prev != h.Hash:
		rep.Broken = &Break{Seq: h.Seq, Reason: ReasonTail}
	case rep.Checkpoints != len(points): // a published line beyond the head: the tail and the head were both taken away
		rep.Broken = &Break{Seq: h.Seq + 1, Reason: ReasonTail}
	}
	return rep, nil
}

func check(line Line, want int64, prev string, points map[int64]checkpoint) *Break {
	switch {
	case line.Seq != want:
		return &Break{Seq: want, Reason: ReasonMissing}
	case line.PrevHash != prev:
		return &Break{Seq: want, Reason: ReasonUnlinked}
	case line.sum() != line.Hash:
		return &Break{Seq: want, Reason: ReasonChanged}
	case points[want].Seq != 0 && points[want].Hash != line.Hash:
		return &Break{Seq: want, Reason: ReasonCheckpoint}
	}
	return nil
}

func (l *Log) checkpoints(ctx context.Context) (map[int64]checkpoint, error) {
	var list []checkpoint
	if err := l.db.Read().NewSelect().Model(&list).Order("c.seq").Scan(ctx); err != nil {
		return nil, fmt.Errorf("audit: checkpoints: %w", err)
	}
	m := make(map[int64]checkpoint, len(list))
	for _, c := range list {
		m[c.Seq] = c
	}
	return m, nil
}
