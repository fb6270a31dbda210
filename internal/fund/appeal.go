package fund

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// NewAppeal is what opens an appeal. An empty kind is relief, an empty level the province.
type NewAppeal struct {
	Code, Name, UnitID, Basis string
	FundKind                  FundKind
	Level                     Level
	Opens, Closes             clock.Date
	Accounts                  []string // "VCB:1012345678": a bank's short name or BIN, and the number
}

// Bounds of Decree 93/2021/NĐ-CP, article 8, for relief: gifts are taken for 90 days at most, unless the province extends
// that, and given out within 20 days after.
const (
	ReliefDays  = 90
	GiveOutDays = 20
)

var (
	appealCode    = regexp.MustCompile(`^[A-Z0-9][A-Z0-9-]{1,23}$`)
	accountNumber = regexp.MustCompile(`^[0-9A-Z]{4,19}$`)
)

const maxText = 300

// OpenAppeal opens an appeal. A bank account belongs to one appeal only (Decree 93/2021/NĐ-CP, article 9: a separate account
// for each), so that what comes in without a code is still known.
func (s *Service) OpenAppeal(ctx context.Context, actor identity.Actor, in NewAppeal) (Appeal, error) {
	if err := s.Authz.Check(actor, ActionOpen, identity.InUnit(in.UnitID)); err != nil {
		return Appeal{}, err
	}
	a, err := s.checkAppeal(in)
	if err != nil {
		return Appeal{}, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.insertAppeal(ctx, tx, a, s.Clock.Now()); err != nil {
			return err
		}
		return s.decided(ctx, tx, actor, a, Changed{What: AppealOpened, Day: a.Closes, Basis: a.Basis})
	})
	return a, err
}

func (s *Service) checkAppeal(in NewAppeal) (Appeal, error) {
	a := Appeal{ID: id.New(), Code: strings.ToUpper(strings.TrimSpace(in.Code)), Name: strings.TrimSpace(in.Name), UnitID: in.UnitID,
		FundKind: cmp.Or(in.FundKind, FundRelief), Level: cmp.Or(in.Level, LevelProvince), Basis: strings.TrimSpace(in.Basis), Opens: in.Opens, Closes: in.Closes, CreatedAt: s.Clock.Now()}
	var fs fault.Fields
	fs.Check(appealCode.MatchString(a.Code), "code", "fund.appeal.code")
	fs.Check(a.Name != "" && utf8.RuneCountInString(a.Name) <= maxText, "name", "fund.appeal.name")
	fs.Check(a.Basis != "" && utf8.RuneCountInString(a.Basis) <= maxText, "basis", "fund.appeal.basis")
	fs.Check(s.Has(a.UnitID), "unit", "fund.appeal.unit")
	fs.Check(slices.Contains(FundKinds(), a.FundKind), "kind", "fund.appeal.kind")
	fs.Check(slices.Contains(Levels(), a.Level), "level", "fund.appeal.level")
	dated := a.Opens.Valid() && a.Closes.Valid() && a.Opens <= a.Closes
	fs.Check(dated, "from", "fund.appeal.dates")
	if dated && a.FundKind == FundRelief {
		fs.Check(a.Closes < a.Opens.AddDays(ReliefDays), "to", "fund.appeal.ninety")
		a.SpendsUntil = a.Closes.AddDays(GiveOutDays)
	}
	fs.Check(len(in.Accounts) > 0, "account", "fund.appeal.no_account")
	seen := map[string]bool{}
	for _, text := range in.Accounts {
		name, number, _ := strings.Cut(text, ":")
		bank, known := FindBank(name)
		number = cleanNumber(number)
		switch {
		case !known:
			fs.Add(fault.Field("account", "fund.appeal.bank").With("Bank", name))
		case !accountNumber.MatchString(number) || seen[bank.BIN+number]:
			fs.Add(fault.Field("account", "fund.appeal.account").With("Account", text))
		default:
			seen[bank.BIN+number] = true
			a.Accounts = append(a.Accounts, BankAccount{ID: id.New(), Bank: bank, Number: number})
		}
	}
	return a, fs.OrNil()
}

// cleanNumber takes out the spaces, dots and hyphens that people write into account numbers.
func cleanNumber(s string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", ".", "", "-", "").Replace(strings.TrimSpace(s)))
}

// NewReference makes a short code that a donor puts into the memo, by which a gift is known to be for this appeal and is
// found again. Give it to VietQR.
func (s *Service) NewReference(ctx context.Context, actor identity.Actor, code string) (string, error) {
	a, err := s.store.appealByCode(ctx, s.DB.Read(), code)
	if err != nil {
		return "", err
	}
	if err := s.may(actor, ActionOpen, a); err != nil {
		return "", err
	}
	var ref string
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		ref, err = s.NewReferenceFor(ctx, tx, a.ID, "")
		return err
	})
	return ref, err
}
