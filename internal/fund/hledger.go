package fund

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
)

// ExportHledger writes the books of an appeal as a journal of hledger (and ledger), which an outsider can check: every
// entry balances, and at the end the balance of each bank account is asserted. Memos and senders' accounts are not in it.
func (s *Service) ExportHledger(ctx context.Context, actor identity.Actor, code string, w io.Writer) error {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return err
	}
	names, err := s.ledgerNames(ctx, a)
	if err != nil {
		return err
	}
	j := journal{w: bufio.NewWriterSize(w, 64<<10), names: names, nets: map[string]money.VND{}}
	j.head(a)
	if err := s.store.eachLine(ctx, s.DB.Read(), a.ID, j.line); err != nil {
		return err
	}
	j.assert(a)
	return j.w.Flush()
}

// journal is a journal being written; bufio keeps the first error until Flush.
type journal struct {
	w     *bufio.Writer
	names map[string]string
	nets  map[string]money.VND
	entry string
	last  clock.Date
}

// ledgerNames gives each account its name in the journal: money in hand and at the bank, what stands against it, what was given
// (by earmark) and what was spent (by earmark and head of the decree).
func (s *Service) ledgerNames(ctx context.Context, a Appeal) (map[string]string, error) {
	list, err := s.store.balances(ctx, s.DB.Read(), a.ID)
	if err != nil {
		return nil, err
	}
	marks, err := s.store.earmarks(ctx, s.DB.Read(), a.ID)
	if err != nil {
		return nil, err
	}
	code := map[string]string{"": "general"}
	for _, m := range marks {
		code[m.ID] = m.Code
	}
	out := map[string]string{}
	for _, b := range list {
		mark := code[b.EarmarkID]
		out[b.AccountID] = map[Role]string{
			RoleBank:     "assets:bank:" + b.Bank.Code + ":" + b.Number,
			RoleCash:     "assets:cash",
			RolePayable:  "liabilities:payable",
			RoleAwaited:  "assets:awaited",
			RoleGifts:    "income:gifts:general",
			RoleEarmark:  "income:gifts:" + mark,
			RoleInterest: "income:interest",
			RoleUnsorted: "liabilities:unsorted",
			RoleTransfer: "equity:transfer:" + mark,
			RoleSpend:    "expenses:" + mark + ":" + string(b.Head),
		}[b.Role]
	}
	return out, nil
}

func (j *journal) head(a Appeal) {
	fmt.Fprintf(j.w, "; Appeal %s: %s\n; %s\n; Gifts are taken from %s to %s.\n\ncommodity 1000. VND\n", plainText(a.Code), plainText(a.Name), plainText(a.Basis), a.Opens, a.Closes)
	for _, id := range slices.Sorted(maps.Keys(j.names)) {
		fmt.Fprintf(j.w, "account %s\n", j.names[id])
	}
}

func (j *journal) line(l journalLine) error {
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

// assert makes hledger itself compare each bank account's balance.
func (j *journal) assert(a Appeal) {
	if j.last == "" {
		return
	}
	fmt.Fprintf(j.w, "\n%s * balances of the bank accounts\n", j.last)
	for _, b := range a.Accounts {
		fmt.Fprintf(j.w, "    %s  0 VND = %d VND\n", j.names[b.ID], j.nets[b.ID])
	}
}

// plainText keeps a note on its line: what hledger gives a meaning to becomes a space.
func plainText(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune(";|()", r) }), " ")
}
