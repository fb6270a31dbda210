package db

import (
	"context"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
)

// Union is several queries whose rows are one list, each row once by its id. Engines go by one index for each query where a
// condition joined by OR would make them read everything.
type Union struct {
	Legs    []*bun.SelectQuery // without columns and order
	Columns []string           // what each leg reads, qualified: its id first, then what Order needs
	Sorted  string             // the order within a leg
	Order   string             // the order of the list, whose columns stand under the alias c
}

// Page reads one page of the ids, from 1; no rows to a page means all. No leg reads more than the page needs.
func (u Union) Page(ctx context.Context, q bun.IDB, page, per int) (ids []string, err error) {
	upTo, limit := "", ""
	if per > 0 {
		offset := (max(page, 1) - 1) * per
		upTo, limit = " LIMIT "+strconv.Itoa(offset+per), " LIMIT "+strconv.Itoa(per)+" OFFSET "+strconv.Itoa(offset)
	}
	parts, args := make([]string, len(u.Legs)), make([]any, len(u.Legs))
	for i, leg := range u.Legs {
		parts[i] = "SELECT * FROM (?" + upTo + ") AS t" + strconv.Itoa(i)
		args[i] = leg.Clone().Column(u.Columns...).OrderExpr(u.Sorted)
	}
	err = q.NewRaw("SELECT c.id FROM ("+strings.Join(parts, " UNION ")+") AS c ORDER BY "+u.Order+limit, args...).Scan(ctx, &ids)
	return ids, err
}

// Count counts the rows up to a number.
func (u Union) Count(ctx context.Context, q bun.IDB, upTo int) (n int, err error) {
	most := " LIMIT " + strconv.Itoa(upTo)
	parts, args := make([]string, len(u.Legs)), make([]any, len(u.Legs))
	for i, leg := range u.Legs {
		parts[i] = "SELECT * FROM (?" + most + ") AS t" + strconv.Itoa(i)
		args[i] = leg.Clone().Column(u.Columns[0])
	}
	err = q.NewRaw("SELECT COUNT(*) FROM (SELECT id FROM ("+strings.Join(parts, " UNION ")+") AS u"+most+") AS few", args...).Scan(ctx, &n)
	return n, err
}
