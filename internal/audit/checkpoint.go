package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// Publisher is the transparency log as the diary needs it: it keeps a record for good and answers its place in the log.
type Publisher interface {
	Append(ctx context.Context, record []byte) (index uint64, err error)
}

// checkpointJob asks for the newest fingerprint to be published.
type checkpointJob struct{}

// Kind names the job.
func (checkpointJob) Kind() string { return "audit.checkpoint" }

// CheckpointEvery is how often the newest fingerprint goes into the transparency log.
const CheckpointEvery = time.Hour

// RegisterJobs lets the queue publish a checkpoint every hour.
func (l *Log) RegisterJobs(q *jobs.Queue, p Publisher) {
	jobs.Handle(q, func(ctx context.Context, _ *jobs.Job[checkpointJob]) error { return l.Checkpoint(ctx, p) })
	q.Every(CheckpointEvery, func() jobs.Args { return checkpointJob{} })
}

// CheckpointRecord is the text that goes into the transparency log for a line: anybody who holds it can ask for the line.
func CheckpointRecord(seq int64, hash string) []byte {
	return fmt.Appendf(nil, "nhipcau/audit-checkpoint/1\n%d\n%s\n", seq, hash)
}

// Checkpoint publishes the newest fingerprint unless it stands there already. Run twice it publishes once, or, when the
// process dies between the two steps, the same record twice, which does no harm.
func (l *Log) Checkpoint(ctx context.Context, p Publisher) error {
	var h head
	if err := l.db.Read().NewSelect().Model(&h).Where("h.id = 1").Scan(ctx); err != nil {
		return fmt.Errorf("audit: head: %w", err)
	}
	if h.Seq == 0 {
		return nil
	}
	known, err := l.db.Read().NewSelect().Model((*checkpoint)(nil)).Where("c.seq = ?", h.Seq).Exists(ctx)
	if err != nil || known {
		return err
	}
	index, err := p.Append(ctx, CheckpointRecord(h.Seq, h.Hash))
	if err != nil {
		return fmt.Errorf("audit: publish: %w", err)
	}
	err = l.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewInsert().Model(&checkpoint{Seq: h.Seq, Hash: h.Hash, At: l.clock.Now(), LogIndex: int64(index)}).Exec(ctx)
		return err
	})
	if db.IsUnique(err) {
		return nil // another process was quicker
	}
	return err
}
