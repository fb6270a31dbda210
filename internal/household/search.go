package household

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Query narrows the register. Its zero value is every household that the actor may see, area by area.
type Query struct {
	Text      string // name with or without marks, whole identity or telephone number, or code
	UnitID    string // an area, a commune or a province
	Category  Category
	Closed    bool // those that were taken out
	Page, Per int  // Per 0: all
}

// maxNames is how many sealed names one search opens at most; who hits it is asked for one more word.
const maxNames = 20_000

// Search lists households, masked, and how many there are in all.
func (s *Service) Search(ctx context.Context, actor identity.Actor, q Query) ([]Household, int, error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return nil, 0, err
	}
	var rows []row
	sel := narrow(s.DB.Read().NewSelect().Model(&rows), roots, s.today(), q).Order("h.unit_id", "h.hamlet", "h.id")
	text := strings.TrimSpace(q.Text)
	if text == "" {
		n, err := paged(sel, q.Page, q.Per).ScanAndCount(ctx)
		return masked(rows), int(n), err
	}
	if exact, ok := s.exact(text); ok {
		n, err := paged(exact(sel), q.Page, q.Per).ScanAndCount(ctx)
		return masked(rows), int(n), err
	}
	if rows, err = s.byName(ctx, sel, &rows, text); err != nil {
		return nil, 0, err
	}
	total := len(rows)
	if q.Per > 0 {
		from := min((max(q.Page, 1)-1)*q.Per, total)
		rows = rows[from:min(from+q.Per, total)]
	}
	return masked(rows), total, nil
}

func masked(rows []row) []Household {
	out := make([]Household, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out
}

// exact recognises a code, an identity number or a telephone number.
func (s *Service) exact(text string) (func(*bun.SelectQuery) *bun.SelectQuery, bool) {
	if code, ok := id.ParseCode(text); ok {
		return func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("h.code = ?", code) }, true
	}
	number := notDigit.ReplaceAllString(text, "")
	if !idShape.MatchString(number) && !telShape.MatchString(number) {
		return nil, false
	}
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("(h.id_token = ? OR h.phone_token = ?)", s.find.number("id", number), s.find.number("phone", plainPhone(number)))
	}, true
}

// byName looks into the drawers of the rarer words, opens what lies there and keeps the names that hold every word.
func (s *Service) byName(ctx context.Context, sel *bun.SelectQuery, rows *[]row, text string) ([]row, error) {
	words := vntext.Tokens(text)
	for _, w := range words {
		if !common[w] {
			sel = sel.Where("h.words LIKE ?", "%"+s.find.drawer(w)+"%")
		}
	}
	if len(words) == 0 {
		return nil, nil
	}
	if err := sel.Limit(maxNames).Scan(ctx); err != nil {
		return nil, err
	}
	var out []row
	for _, r := range *rows {
		p, err := s.open(r.ID, r.Sealed)
		if err != nil {
			return nil, err
		}
		if holds(vntext.Tokens(p.Name), words) {
			out = append(out, r)
		}
	}
	if len(*rows) == maxNames {
		return nil, fault.Field("q", "household.too_common")
	}
	return out, nil
}

// holds tells whether every word stands in the name, as often as it is asked for.
func holds(name, words []string) bool {
	have := map[string]int{}
	for _, w := range name {
		have[w]++
	}
	for _, w := range words {
		if have[w]--; have[w] < 0 {
			return false
		}
	}
	return true
}

// roots are the units in which the actor may do the action; a refusal when there are none.
func (s *Service) roots(actor identity.Actor, action string) ([]string, error) {
	roots := s.Authz.Scope(actor, action)
	if len(roots) == 0 {
		return nil, s.Authz.Check(actor, action, identity.InUnit(""))
	}
	return roots, nil
}
