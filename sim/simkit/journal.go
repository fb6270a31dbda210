package simkit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// Journal keeps the state of a simulator in one append-only file of JSON lines {"k":kind,"i":id,"v":value}: the last line
// of a (kind, id) wins and a null value deletes it. A line is handed to the operating system before Put returns, so a
// simulator that is killed and started again remembers everything it answered. A nil *Journal keeps nothing.
type Journal struct {
	mu   sync.Mutex
	file *os.File
	err  error
}

type journalLine struct {
	Kind  string          `json:"k"`
	ID    string          `json:"i"`
	Value json.RawMessage `json:"v"`
}

// OpenJournal reads folder/name.jsonl (creating the folder when needed), calls load for every living entry in the order
// of its first appearance, rewrites the file without dead lines and leaves it open for Put. With an empty folder it
// returns nil, the journal that forgets.
func OpenJournal(folder, name string, load func(kind, id string, value json.RawMessage) error) (*Journal, error) {
	if folder == "" {
		return nil, nil
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, name+".jsonl")
	lines, err := readJournal(path)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	for _, l := range lines {
		if err := load(l.Kind, l.ID, l.Value); err != nil {
			return nil, fmt.Errorf("journal %s, %s %s: %w", path, l.Kind, l.ID, err)
		}
	}
	if err := rewriteJournal(path, lines); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	return &Journal{file: f}, nil
}

// readJournal returns the living lines in order of first appearance. A last line cut short by a crash is dropped.
func readJournal(path string) ([]journalLine, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []journalLine
	index := map[[2]string]int{}
	r := bufio.NewReaderSize(f, 1<<20)
	for {
		raw, err := r.ReadBytes('\n')
		if err == io.EOF {
			break // without its newline the line was never finished
		}
		if err != nil {
			return nil, err
		}
		var l journalLine
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, err
		}
		key := [2]string{l.Kind, l.ID}
		if at, seen := index[key]; seen {
			all[at].Value = l.Value
			continue
		}
		index[key] = len(all)
		all = append(all, l)
	}
	living := all[:0]
	for _, l := range all {
		if len(l.Value) > 0 && string(l.Value) != "null" {
			living = append(living, l)
		}
	}
	return living, nil
}

func rewriteJournal(path string, lines []journalLine) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".journal-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	w := bufio.NewWriterSize(tmp, 1<<20)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	if err := errors.Join(w.Flush(), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// Put records the present value of (kind, id). A write error is kept and returned by Err and Close.
func (j *Journal) Put(kind, id string, value any) {
	if j == nil {
		return
	}
	raw, err := json.Marshal(value)
	if err == nil {
		raw, err = json.Marshal(journalLine{Kind: kind, ID: id, Value: raw})
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err == nil {
		_, err = j.file.Write(append(raw, '\n'))
	}
	if err != nil && j.err == nil {
		j.err = err
	}
}

// Delete forgets (kind, id).
func (j *Journal) Delete(kind, id string) { j.Put(kind, id, nil) }

// Err is the first error met while writing, for the control API to show.
func (j *Journal) Err() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// Close flushes the file to the disk and returns the first error met since it was opened.
func (j *Journal) Close() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(j.err, j.file.Sync(), j.file.Close())
}
