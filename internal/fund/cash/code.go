package cash

import (
	"context"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Code is a VietQR code with its reference.
type Code struct {
	Code        string // reference in the memo: letters and digits, at most 25
	AppealID    string
	AppealCode  string
	AppealName  string
	Account     fund.BankAccount
	UnitID      string // "" for a code that a citizen asked for
	UnitName    string
	Title       string
	DisplayName string // "" unless the donor agreed
	EarmarkID   string
	Amount      money.VND // 0: the giver types it
	Public      bool
	CreatedAt   time.Time
}

// QR is the text of the code, to be drawn.
func (c Code) QR() (string, error) {
	return fund.VietQR(c.Account.Bank.BIN, c.Account.Number, c.Amount, c.Code)
}

// NewCode is what a code is made of.
type NewCode struct {
	Appeal      string // its code
	AccountID   string // "" is the appeal's first
	UnitID      string
	Title       string
	DisplayName string // of a named donor
	Consent     bool   // the donor agrees to be shown under that name
	EarmarkID   string
	Amount      money.VND
}

// maxQRAmount is the greatest amount that stands in a code: banking apps refuse more in one transfer.
const maxQRAmount money.VND = 10_000_000_000

// MakeCode makes a code for a unit or a named donor.
func (s *Service) MakeCode(ctx context.Context, actor identity.Actor, in NewCode) (Code, error) {
	if err := s.Authz.Check(actor, ActionCode, identity.InUnit(in.UnitID)); err != nil {
		return Code{}, err
	}
	in.Title, in.DisplayName = strings.Join(strings.Fields(in.Title), " "), strings.Join(strings.Fields(in.DisplayName), " ")
	var fs fault.Fields
	fs.Check(within(in.Title, 1, maxName), "title", "cash.code.title")
	fs.Check(within(in.DisplayName, 0, maxName) && !manyDigits(in.DisplayName), "display_name", "cash.receipt.display_name")
	fs.Check(in.Amount >= 0 && in.Amount <= maxQRAmount, "amount", "cash.code.amount")
	if err := fs.OrNil(); err != nil {
		return Code{}, err
	}
	if !in.Consent {
		in.DisplayName = ""
	}
	return s.makeCode(ctx, in, actor, false)
}

// AskCode makes a code for a citizen who is about to give: with it the gift is found again. Anybody may ask; nothing is kept
// about who did.
func (s *Service) AskCode(ctx context.Context, appealCode string, amount money.VND) (Code, error) {
	if amount < 0 || amount > maxQRAmount {
		return Code{}, fault.Field("amount", "cash.code.amount")
	}
	return s.makeCode(ctx, NewCode{Appeal: appealCode, Amount: amount}, identity.Actor{}, true)
}

func (s *Service) makeCode(ctx context.Context, in NewCode, actor identity.Actor, public bool) (Code, error) {
	appeal, err := s.Books.AppealByCode(ctx, s.DB.Read(), in.Appeal)
	if err != nil {
		return Code{}, err
	}
	if today := s.today(); today > appeal.Closes {
		return Code{}, fault.New(fault.Conflict, "cash.code.closed").With("Closes", appeal.Closes.Vietnamese())
	}
	account, ok := pick(appeal, in.AccountID)
	if !ok {
		return Code{}, fault.Field("account", "cash.hand.account")
	}
	c := Code{AppealID: appeal.ID, AppealCode: appeal.Code, AppealName: appeal.Name, Account: account, UnitID: in.UnitID, UnitName: s.UnitName(in.UnitID), Title: in.Title, DisplayName: in.DisplayName,
		EarmarkID: in.EarmarkID, Amount: in.Amount, Public: public, CreatedAt: s.Clock.Now()}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		if c.Code, err = s.Books.NewReferenceFor(ctx, tx, appeal.ID, in.EarmarkID); err != nil {
			return err
		}
		if err := s.store.insertCode(ctx, tx, c, in.Consent, actor.ID); err != nil || public {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: in.UnitID, Action: ActionCode, ResourceType: "Code", ResourceID: c.Code})
	})
	return c, err
}

func pick(a fund.Appeal, accountID string) (fund.BankAccount, bool) {
	for _, b := range a.Accounts {
		if accountID == "" || b.ID == accountID {
			return b, true
		}
	}
	return fund.BankAccount{}, false
}

// CodeByRef gives one code: whoever holds the reference may see the QR that it stands for.
func (s *Service) CodeByRef(ctx context.Context, ref string) (Code, error) {
	r, err := s.store.code(ctx, s.DB.Read(), strings.ToUpper(strings.TrimSpace(ref)))
	if err != nil {
		return Code{}, err
	}
	return s.fillCode(ctx, r)
}

// Codes lists the codes of the actor's units, newest first: a page of per rows, counted from 1, and how many there are
// altogether; per 0 gives all.
func (s *Service) Codes(ctx context.Context, actor identity.Actor, page, per int) ([]Code, int, error) {
	roots, err := s.roots(actor, ActionCode)
	if err != nil {
		return nil, 0, err
	}
	rows, n, err := s.store.codes(ctx, s.DB.Read(), roots, s.today(), page, per)
	if err != nil {
		return nil, 0, err
	}
	out := make([]Code, len(rows))
	for i, r := range rows {
		if out[i], err = s.fillCode(ctx, r); err != nil {
			return nil, 0, err
		}
	}
	return out, n, nil
}

func (s *Service) fillCode(ctx context.Context, r codeRow) (Code, error) {
	appeal, err := s.Books.AppealByID(ctx, s.DB.Read(), r.AppealID)
	if err != nil {
		return Code{}, err
	}
	account, _ := pick(appeal, r.AccountID)
	return Code{Code: r.Code, AppealID: r.AppealID, AppealCode: appeal.Code, AppealName: appeal.Name, Account: account, UnitID: r.UnitID, UnitName: s.UnitName(r.UnitID), Title: r.Title,
		DisplayName: r.DisplayName, EarmarkID: r.EarmarkID, Amount: r.Amount, Public: r.Public, CreatedAt: r.CreatedAt}, nil
}
