// Package tlog is the public transparency log of the house: an append-only Merkle tree in the C2SP tlog-tiles form, served
// as plain files under /log/. Whoever holds a receipt can prove that it stands in the log, and anybody can see that nothing
// was taken out or changed. The leaves are hashes; no personal data ever enters the log.
package tlog

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	tlogfmt "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// Log is an open transparency log. It is safe for concurrent use.
type Log struct {
	dir      string
	vkey     string
	verifier note.Verifier
	appender *tessera.Appender
	reader   tessera.LogReader
	awaiter  *tessera.PublicationAwaiter
	stop     func(context.Context) error
	cancel   context.CancelFunc
}

// Proof shows that a leaf stands in the log: with the log's verification key it can be checked offline.
type Proof struct {
	Index      uint64   `json:"index"`
	Size       uint64   `json:"size"`       // size of the tree the proof is for
	Hashes     []string `json:"hashes"`     // base64, from the leaf's sibling up (RFC 6962 §2.1.1)
	Checkpoint string   `json:"checkpoint"` // signed note (C2SP tlog-checkpoint)
}

// Options of a log; zero values mean one checkpoint a second and batches of up to 256 or 100 ms.
type Options struct {
	Origin     string // the log's name in its checkpoints, for example "nghean.mttq.example/log"
	Checkpoint time.Duration
	Batch      time.Duration
}

// Open opens (and creates) the log whose tiles live in dir and whose signing key lives in keyFile.
func Open(ctx context.Context, dir, keyFile string, o Options) (*Log, error) {
	if o.Origin == "" {
		o.Origin = "nhipcau/log"
	}
	if o.Checkpoint == 0 {
		o.Checkpoint = time.Second
	}
	if o.Batch == 0 {
		o.Batch = 100 * time.Millisecond
	}
	skey, vkey, err := loadKey(keyFile, o.Origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, fmt.Errorf("tlog: signing key: %w", err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("tlog: verification key: %w", err)
	}
	// The log outlives the call that opened it.
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	driver, err := posix.New(run, posix.Config{Path: dir})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("tlog: %w", err)
	}
	appender, stop, reader, err := tessera.NewAppender(run, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).WithCheckpointInterval(o.Checkpoint).WithBatching(256, o.Batch))
	if err != nil {
		cancel()
		return nil, fmt.Errorf("tlog: %w", err)
	}
	return &Log{
		dir: dir, vkey: vkey, verifier: verifier, appender: appender, reader: reader, stop: stop, cancel: cancel,
		awaiter: tessera.NewPublicationAwaiter(run, reader.ReadCheckpoint, o.Checkpoint/4),
	}, nil
}

// loadKey reads the two lines of the key file (signing key, verification key), making a fresh pair when there is none.
func loadKey(path, origin string) (skey, vkey string, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if skey, vkey, err = note.GenerateKey(rand.Reader, origin); err != nil {
			return "", "", err
		}
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", "", err
		}
		return skey, vkey, os.WriteFile(path, []byte(skey+"\n"+vkey+"\n"), 0o600)
	}
	if err != nil {
		return "", "", fmt.Errorf("tlog: cannot read the log's key: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) != 2 {
		return "", "", fmt.Errorf("tlog: %s must hold two lines: signing key, verification key", path)
	}
	return lines[0], lines[1], nil
}

// Close integrates what is waiting and stops.
func (l *Log) Close(ctx context.Context) error {
	err := l.stop(ctx)
	l.cancel()
	return err
}

// VerificationKey is the log's public key as a signed-note verifier key; publish it.
func (l *Log) VerificationKey() string { return l.vkey }

// Append adds a leaf and returns its index once it is durably stored. The same leaf may be added twice.
func (l *Log) Append(ctx context.Context, leaf []byte) (uint64, error) {
	i, err := l.appender.Add(ctx, tessera.NewEntry(leaf))()
	if err != nil {
		return 0, fmt.Errorf("tlog: append: %w", err)
	}
	return i.Index, nil
}

// Prove waits until a published checkpoint covers the index and returns the proof of the leaf there.
func (l *Log) Prove(ctx context.Context, index uint64) (Proof, error) {
	ps, err := l.ProveAll(ctx, []uint64{index})
	if err != nil {
		return Proof{}, err
	}
	return ps[0], nil
}

// ProveAll waits until a published checkpoint covers all the indexes and returns the proofs of the leaves there, in their
// order. The checkpoint is read and checked once for all.
func (l *Log) ProveAll(ctx context.Context, indexes []uint64) ([]Proof, error) {
	if len(indexes) == 0 {
		return nil, nil
	}
	_, cp, err := l.awaiter.Await(ctx, func() (tessera.Index, error) { return tessera.Index{Index: slices.Max(indexes)}, nil })
	if err != nil {
		return nil, fmt.Errorf("tlog: no checkpoint yet: %w", err)
	}
	c, _, _, err := tlogfmt.ParseCheckpoint(cp, l.verifier.Name(), l.verifier)
	if err != nil {
		return nil, fmt.Errorf("tlog: checkpoint: %w", err)
	}
	pb, err := client.NewProofBuilder(ctx, c.Size, l.reader.ReadTile)
	if err != nil {
		return nil, fmt.Errorf("tlog: proof: %w", err)
	}
	out := make([]Proof, len(indexes))
	for i, index := range indexes {
		hashes, err := pb.InclusionProof(ctx, index)
		if err != nil {
			return nil, fmt.Errorf("tlog: proof: %w", err)
		}
		out[i] = Proof{Index: index, Size: c.Size, Checkpoint: string(cp)}
		for _, h := range hashes {
			out[i].Hashes = append(out[i].Hashes, base64.StdEncoding.EncodeToString(h))
		}
	}
	return out, nil
}

// Checkpoint is the latest signed checkpoint.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) { return l.reader.ReadCheckpoint(ctx) }

// What Verify finds wrong, from the outside in.
var (
	ErrKey       = errors.New("tlog: this is no verification key of a log")
	ErrSignature = errors.New("tlog: the checkpoint is not signed by this log")
	ErrInclusion = errors.New("tlog: the leaf does not stand in the log as the proof says")
)

// Verify checks, without the log, that leaf stands at p.Index under a checkpoint signed with the verification key. The error
// is ErrKey, ErrSignature or ErrInclusion with its cause.
func Verify(vkey string, p Proof, leaf []byte) error {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	c, _, _, err := tlogfmt.ParseCheckpoint([]byte(p.Checkpoint), v.Name(), v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if c.Size != p.Size {
		return fmt.Errorf("%w: the proof is for %d leaves, the checkpoint for %d", ErrInclusion, p.Size, c.Size)
	}
	hashes := make([][]byte, len(p.Hashes))
	for i, h := range p.Hashes {
		if hashes[i], err = base64.StdEncoding.DecodeString(h); err != nil {
			return fmt.Errorf("%w: hash %d of the proof: %w", ErrInclusion, i, err)
		}
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, p.Size, rfc6962.DefaultHasher.HashLeaf(leaf), hashes, c.Hash); err != nil {
		return fmt.Errorf("%w: %w", ErrInclusion, err)
	}
	return nil
}

// Handler serves checkpoint, tiles and entries as static files, and the verification key as "vkey". Mount it under /log/
// with the prefix stripped.
func (l *Log) Handler() http.Handler {
	files := http.FileServerFS(os.DirFS(l.dir))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/")
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		switch {
		case path == "vkey":
			h.Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte(l.vkey + "\n"))
			return
		case path == "checkpoint":
			h.Set("Content-Type", "text/plain; charset=utf-8")
			h.Set("Cache-Control", "no-cache")
		case strings.HasPrefix(path, "tile/") && !strings.HasSuffix(path, "/"):
			h.Set("Content-Type", "application/octet-stream")
			if strings.Contains(path, ".p/") {
				h.Set("Cache-Control", "public, max-age=60")
			} else {
				h.Set("Cache-Control", "public, max-age=31536000, immutable")
			}
		default:
			http.NotFound(w, r)
			return
		}
		files.ServeHTTP(w, r)
	})
}
