package fund

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/memocode"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Earmark is a place, person or purpose for which gifts were given and to which they must go (Decree 93/2021/NĐ-CP, article
// 9(3)).
type Earmark struct {
	ID       string
	AppealID string
	Code     string // "LANG-NU"
	Sort     EarmarkSort
	Name     string
	Heads    []Head // heads it may be spent on; none is any but running costs
}

// Allows tells whether the earmark may be spent on a head.
func (e Earmark) Allows(h Head) bool { return len(e.Heads) == 0 || slices.Contains(e.Heads, h) }

// EarmarkSort is what an earmark names.
type EarmarkSort string

// The sorts of earmark.
const (
	ForPlace   EarmarkSort = "place"
	ForPerson  EarmarkSort = "person"
	ForPurpose EarmarkSort = "purpose"
)

// EarmarkSorts lists the sorts.
func EarmarkSorts() []EarmarkSort { return []EarmarkSort{ForPlace, ForPerson, ForPurpose} }

var earmarkCode = regexp.MustCompile(`^[A-Z0-9][A-Z0-9-]{0,19}$`)

// AddEarmark makes an earmark of an appeal. Its id in the argument is not looked at.
func (s *Service) AddEarmark(ctx context.Context, actor identity.Actor, code string, in Earmark) (Earmark, error) {
	a, err := s.store.appealByCode(ctx, s.DB.Read(), code)
	if err != nil {
		return Earmark{}, err
	}
	if err := s.may(actor, ActionSort, a); err != nil {
		return Earmark{}, err
	}
	in.ID, in.AppealID, in.Code, in.Name = id.New(), a.ID, strings.ToUpper(strings.TrimSpace(in.Code)), strings.TrimSpace(in.Name)
	var fs fault.Fields
	fs.Check(earmarkCode.MatchString(in.Code), "code", "fund.earmark.code")
	fs.Check(slices.Contains(EarmarkSorts(), in.Sort), "sort", "fund.earmark.sort")
	fs.Check(in.Name != "" && utf8.RuneCountInString(in.Name) <= maxText, "name", "fund.earmark.name")
	fs.Check(!slices.ContainsFunc(in.Heads, func(h Head) bool { return !h.Valid() || h == HeadRunning }), "heads", "fund.spend.head")
	if err := fs.OrNil(); err != nil {
		return Earmark{}, err
	}
	return in, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.insertEarmark(ctx, tx, in, s.Clock.Now()); err != nil {
			return err
		}
		if _, err := s.store.account(ctx, tx, a.ID, RoleEarmark, "", in.ID); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: ActionSort, ResourceType: "Appeal", ResourceID: a.ID,
			Details: map[string]string{"earmark": in.Code}})
	})
}

// EarmarkGift says that a gift was given for one place, person or purpose, or with "" for the appeal as a whole. What was
// spent meanwhile cannot be moved away.
func (s *Service) EarmarkGift(ctx context.Context, actor identity.Actor, code, giftID, earmarkID, note string) error {
	return s.book(ctx, actor, code, ActionSort, giftID, note, func(ctx context.Context, tx db.Tx, a Appeal, _ map[Role]string, note string) error {
		g, err := s.store.gift(ctx, tx, a.ID, giftID)
		if err != nil {
			return err
		}
		if g.State != giftTaken {
			return fault.New(fault.Conflict, "fund.gift.gone")
		}
		if g.EarmarkID == earmarkID {
			return fault.New(fault.Conflict, "fund.earmark.same")
		}
		if err := s.mayTake(ctx, tx, a, g.EarmarkID, "", g.Amount); err != nil {
			return err
		}
		if err := s.moveEarmark(ctx, tx, g, earmarkID, note); err != nil {
			return err
		}
		return s.announce(ctx, tx, a.ID, "", giftChanged{g.ID, GiftEarmarked})
	})
}

func (s *Service) moveEarmark(ctx context.Context, tx db.Tx, g giftRow, earmarkID, note string) error {
	from, err := s.giftAccount(ctx, tx, g.AppealID, g.EarmarkID)
	if err != nil {
		return err
	}
	to, err := s.giftAccount(ctx, tx, g.AppealID, earmarkID)
	if err != nil {
		return err
	}
	e := entry{ID: id.New(), AppealID: g.AppealID, Day: s.today(), Kind: KindEarmark, Note: note, CreatedAt: s.Clock.Now()}
	if err := s.store.enter(ctx, tx, e, []Line{{DebitID: from, CreditID: to, Amount: g.Amount}}); err != nil {
		return err
	}
	return s.store.setEarmark(ctx, tx, g.ID, earmarkID, s.Clock.Now())
}

// NewReferenceFor makes a reference code of an appeal, and of an earmark when one is given, inside the caller's transaction;
// the caller has checked who may. A gift with it in the memo stands on that earmark at once.
func (s *Service) NewReferenceFor(ctx context.Context, tx db.Tx, appealID, earmarkID string) (string, error) {
	if earmarkID != "" {
		if _, err := s.store.earmark(ctx, tx, appealID, earmarkID); err != nil {
			return "", err
		}
	}
	ref := memocode.New()
	return ref, s.store.insertReference(ctx, tx, reference{Code: ref, AppealID: appealID, EarmarkID: earmarkID, CreatedAt: s.Clock.Now()})
}

// reference is a short code that stands in memos.
type reference struct {
	Code, AppealID, EarmarkID, TransferID string
	CreatedAt                             time.Time
}
