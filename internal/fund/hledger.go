package fund

import (
	"context"
	"io"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fund/journal"
	"github.com/nhipcau/nhipcau/internal/fund/reckon"
	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/identity"
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
	_, books, err := s.store.books(ctx, s.DB.Read(), a.ID)
	if err != nil {
		return err
	}
	j := journal.New(w, names)
	j.Head(journal.About{Code: a.Code, Name: a.Name, Basis: a.Basis, Opens: a.Opens, Closes: a.Closes})
	if err := staging.Snapshot(ctx, s.DB, func(q bun.IDB) error { return reckon.Lines(ctx, q, a.ID, books[RoleGifts], j.Line) }); err != nil {
		return err
	}
	var banks []string
	for _, b := range a.Accounts {
		banks = append(banks, b.ID)
	}
	return j.End(banks...)
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
