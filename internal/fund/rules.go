package fund

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// RuleDoes is what a rule does with a row in whose memo its words stand.
type RuleDoes string

// What rules do.
const (
	RuleGift  RuleDoes = "gift"         // it is a gift, for the rule's earmark when it has one
	RuleOther RuleDoes = "other_appeal" // it waits as a gift of the other appeal
	RuleWait  RuleDoes = "wait"         // a person must look
)

// RuleKinds lists what rules do.
func RuleKinds() []RuleDoes { return []RuleDoes{RuleGift, RuleOther, RuleWait} }

// Rule is a rule of the accountant's by which rows of coming statements are known. A reference code in the memo goes before
// every rule; among rules the oldest goes first.
type Rule struct {
	ID        string
	Contains  string // words looked for, without marks and in small letters
	Does      RuleDoes
	TargetID  string // RuleOther: the other appeal
	EarmarkID string // RuleGift
	ByName    string
	CreatedAt time.Time
}

const maxRules = 200

// AddRule makes a rule. Words shorter than three letters would fit nearly everything.
func (s *Service) AddRule(ctx context.Context, actor identity.Actor, code, contains string, does RuleDoes, target, earmarkID string) error {
	a, err := s.store.appealByCode(ctx, s.DB.Read(), code)
	if err != nil {
		return err
	}
	if err := s.may(actor, ActionSort, a); err != nil {
		return err
	}
	r := Rule{ID: id.New(), Contains: vntext.Fold(strings.TrimSpace(contains)), Does: does, EarmarkID: earmarkID, ByName: actor.Name, CreatedAt: s.Clock.Now()}
	var fs fault.Fields
	fs.Check(utf8.RuneCountInString(r.Contains) >= 3 && utf8.RuneCountInString(r.Contains) <= 100, "contains", "fund.rules.contains")
	fs.Check(slices.Contains(RuleKinds(), does), "does", "fund.rules.does")
	if does == RuleOther {
		other, err := s.store.appealByCode(ctx, s.DB.Read(), target)
		fs.Check(err == nil && other.ID != a.ID, "target", "fund.queue.which_appeal")
		r.TargetID = other.ID
	}
	if err := fs.OrNil(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if does != RuleGift {
			r.EarmarkID = ""
		} else if earmarkID != "" {
			if _, err := s.store.earmark(ctx, tx, a.ID, earmarkID); err != nil {
				return err
			}
		}
		if list, err := s.store.rules(ctx, tx, a.ID); err != nil {
			return err
		} else if len(list) >= maxRules {
			return fault.New(fault.Conflict, "fund.rules.many").With("Most", maxRules)
		}
		if err := s.store.insertRule(ctx, tx, a.ID, r); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: ActionSort, ResourceType: "Appeal", ResourceID: a.ID,
			Details: map[string]string{"rule": r.ID, "contains": r.Contains, "does": string(does)}})
	})
}

// EndRule ends a rule: it is not looked at any more. What it did stays.
func (s *Service) EndRule(ctx context.Context, actor identity.Actor, code, ruleID string) error {
	a, err := s.store.appealByCode(ctx, s.DB.Read(), code)
	if err != nil {
		return err
	}
	if err := s.may(actor, ActionSort, a); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.endRule(ctx, tx, a.ID, ruleID); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: ActionSort, ResourceType: "Appeal", ResourceID: a.ID, Details: map[string]string{"rule_ended": ruleID}})
	})
}

// Rules lists the rules of an appeal that hold, oldest first.
func (s *Service) Rules(ctx context.Context, actor identity.Actor, code string) ([]Rule, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return nil, err
	}
	return s.store.rules(ctx, s.DB.Read(), a.ID)
}

// ruleFor is the first rule whose words stand in a memo; "" when none does.
func ruleFor(rules []Rule, memo string) string {
	if len(rules) == 0 {
		return ""
	}
	folded := vntext.Fold(memo)
	for _, r := range rules {
		if strings.Contains(folded, r.Contains) {
			return r.ID
		}
	}
	return ""
}

// GiftQuery finds single gifts: by amount (and day), or by reference code.
type GiftQuery struct {
	Amount    money.VND
	Day       clock.Date
	Reference string
}

// FindGifts lists gifts of an appeal as they stand now, at most 200, oldest first. Without an amount or a reference it finds none.
func (s *Service) FindGifts(ctx context.Context, actor identity.Actor, code string, q GiftQuery) ([]GiftFact, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil || q.Amount <= 0 && q.Reference == "" {
		return nil, err
	}
	return s.store.findGifts(ctx, s.DB.Read(), a.ID, q)
}
