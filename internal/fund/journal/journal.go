// Package journal writes the books of an appeal as a journal of hledger (and ledger), which an outsider can check.
package journal

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
)

// About is what stands at the top of a journal.
type About struct {
	Code, Name, Basis string
	Opens, Closes     clock.Date
}

// Line is one line with its entry: it debits one account and credits another.
type Line struct {
	Entry, Kind, Note, Reverses string
	Day                         clock.Date
	DebitID, CreditID           string
	Amount                      money.VND
}

// Writer is a journal being written.
type Writer struct {
	w     *bufio.Writer // keeps the first error until Flush
	names map[string]string
	nets  map[string]money.VND
	entry string
	last  clock.Date
}

// New begins a journal. The names of accounts are given by their ids.
func New(w io.Writer, names map[string]string) *Writer {
	return &Writer{w: bufio.NewWriterSize(w, 64<<10), names: names, nets: map[string]money.VND{}}
}

// Head writes what the journal is of, and declares its accounts.
func (j *Writer) Head(a About) {
	fmt.Fprintf(j.w, "; Appeal %s: %s\n; %s\n; Gifts are taken from %s to %s.\n\ncommodity 1000. VND\n", plainText(a.Code), plainText(a.Name), plainText(a.Basis), a.Opens, a.Closes)
	for _, id := range slices.Sorted(maps.Keys(j.names)) {
		fmt.Fprintf(j.w, "account %s\n", j.names[id])
	}
}

// Line writes a line, and the head of its entry when it is the first of it. Lines come in order of day and entry.
func (j *Writer) Line(l Line) error {
	if l.Entry != j.entry {
		j.entry, j.last = l.Entry, l.Day
		fmt.Fprintf(j.w, "\n%s * (%s) %s", l.Day, l.Entry, l.Kind)
		if note := plainText(l.Note); note != "" {
			fmt.Fprintf(j.w, " | %s", note)
		}
		if l.Reverses != "" {
			fmt.Fprintf(j.w, "  ; reverses: %s", l.Reverses)
		}
		j.w.WriteByte('\n')
	}
	j.nets[l.DebitID] += l.Amount
	j.nets[l.CreditID] -= l.Amount
	_, err := fmt.Fprintf(j.w, "    %s  %d VND\n    %s  %d VND\n", j.names[l.DebitID], l.Amount, j.names[l.CreditID], -l.Amount)
	return err
}

// End has hledger itself compare the balance of each of the accounts, and gives the first error of all.
func (j *Writer) End(accounts ...string) error {
	if j.last != "" {
		fmt.Fprintf(j.w, "\n%s * balances of the bank accounts\n", j.last)
		for _, id := range accounts {
			fmt.Fprintf(j.w, "    %s  0 VND = %d VND\n", j.names[id], j.nets[id])
		}
	}
	return j.w.Flush()
}

// plainText keeps a note on its line: what hledger gives a meaning to becomes a space.
func plainText(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune(";|()", r) }), " ")
}
