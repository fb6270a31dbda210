package disclosure

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"hash"
	"io"
	"strconv"
)

// Columns are the columns of the statement as a CSV file, in order (RFC 4180, UTF-8, comma, no mark in front).
func Columns() []string {
	return []string{"line", "id", "kind", "date", "time", "amount", "channel", "purpose", "about", "name", "memo"}
}

func record(l Line) []string {
	about := ""
	if l.About > 0 {
		about = LineID(l.Code, l.About)
	}
	return []string{strconv.FormatInt(l.Seq, 10), l.ID(), string(l.Kind), string(l.Day), l.Time, strconv.FormatInt(int64(l.Amount), 10), l.Channel, l.Purpose, about, l.Name, l.Memo}
}

// fileHash is the running SHA-256 over the CSV file: what was hashed with the last batch goes on with the next, so that hash
// and length of a file of two million lines are known at once.
type fileHash struct {
	h    hash.Hash
	w    *csv.Writer
	size int64
}

// Write counts and hashes.
func (f *fileHash) Write(b []byte) (int, error) {
	f.size += int64(len(b))
	return f.h.Write(b)
}

func newFileHash() *fileHash {
	f := &fileHash{h: sha256.New()}
	f.w = csv.NewWriter(f)
	_ = f.w.Write(Columns()) // a hash takes everything
	return f
}

func (f *fileHash) add(l Line) { _ = f.w.Write(record(l)) }

// state is what the hash has seen, to go on from.
func (f *fileHash) state() string {
	f.w.Flush()
	m, ok := f.h.(encoding.BinaryMarshaler)
	if !ok {
		return ""
	}
	b, err := m.MarshalBinary()
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(b)
}

// resumeHash goes on with the hash of a statement; nil while that is being computed anew.
func resumeHash(a appealRow) (*fileHash, error) {
	if a.HashLines != a.Lines {
		return nil, nil
	}
	if a.HashState == "" {
		return newFileHash(), nil
	}
	f := &fileHash{h: sha256.New(), size: a.HashSize}
	f.w = csv.NewWriter(f)
	return f, restore(f.h, a.HashState)
}

func restore(h hash.Hash, state string) error {
	b, err := base64.StdEncoding.DecodeString(state)
	if err != nil {
		return err
	}
	return h.(encoding.BinaryUnmarshaler).UnmarshalBinary(b)
}

// csvHash is the hash of the file so far, hexadecimal.
func csvHash(state string) string {
	if state == "" {
		f := newFileHash()
		f.w.Flush()
		return hex.EncodeToString(f.h.Sum(nil))
	}
	h := sha256.New()
	if restore(h, state) != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// readPart is how many lines are in memory at a time while a file is written.
const readPart = 5000

// WriteCSV writes the statement up to its last line of that moment. The bytes have the hash that st names unless a name or
// memo is taken out while they are written.
func (s *Service) WriteCSV(ctx context.Context, st Statement, w io.Writer) error {
	buf := bufio.NewWriterSize(w, 1<<16)
	c := csv.NewWriter(buf)
	if err := c.Write(Columns()); err != nil {
		return err
	}
	err := s.each(ctx, st, 0, func(l Line) error { return c.Write(record(l)) })
	if err != nil {
		return err
	}
	if c.Flush(); c.Error() != nil {
		return c.Error()
	}
	return buf.Flush()
}

// each goes through the lines of a statement after a number, in order.
func (s *Service) each(ctx context.Context, st Statement, after int64, do func(Line) error) error {
	for after < st.Lines {
		rows, err := s.store.after(ctx, s.DB.Read(), st.no, after, int(min(readPart, st.Lines-after)))
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return io.ErrUnexpectedEOF
		}
		for _, r := range rows {
			if err := do(r.line(st.Code)); err != nil {
				return err
			}
		}
		after = rows[len(rows)-1].Seq
	}
	return nil
}
