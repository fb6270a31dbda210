package staging

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Known tells which rows are in the books of an account already, from whichever file. A movement is known by its fingerprint
// and by which it is among equal ones of a file. It reads the packs that hold the same days, each once while the days stay the
// same; the caller holds the lock of the account while it asks.
type Known struct {
	accountID string
	importID  string // rows of the file itself are not known by it
	from, to  clock.Date
	read      map[place]bool
	prints    map[print]struct{}
}

type print struct {
	Fingerprint
	ordinal int32
}

type place struct {
	importID string
	from     int
}

// NewKnown is for the rows of one file of an account.
func NewKnown(accountID, importID string) *Known {
	return &Known{accountID: accountID, importID: importID}
}

// Fresh gives those of the rows that are not in the books.
func (k *Known) Fresh(ctx context.Context, q bun.IDB, rows []Row) ([]Row, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	from, to := days(rows)
	if k.read == nil || from < k.from || to > k.to {
		k.from, k.to, k.read, k.prints = from, to, map[place]bool{}, map[print]struct{}{}
	}
	var packs []struct {
		ImportID string
		FromSeq  int
	}
	if err := q.NewRaw(`SELECT e.import_id, e.from_seq FROM fund_import i JOIN fund_entered e ON e.import_id = i.id WHERE i.account_id = ? AND i.id <> ? AND e.first_day <= ? AND e.last_day >= ?`,
		k.accountID, k.importID, k.to, k.from).Scan(ctx, &packs); err != nil {
		return nil, err
	}
	for _, p := range packs {
		at := place{p.ImportID, p.FromSeq}
		if k.read[at] {
			continue
		}
		pack, err := Next(ctx, q, p.ImportID, p.FromSeq-1)
		if err != nil {
			return nil, err
		}
		if pack == nil || pack.from != p.FromSeq {
			return nil, errPack
		}
		if err := pack.each(func(r *Row) error {
			if r.Day >= k.from && r.Day <= k.to {
				k.prints[print{r.Fingerprint, int32(r.Ordinal)}] = struct{}{}
			}
			return nil
		}); err != nil {
			return nil, err
		}
		k.read[at] = true
	}
	fresh := rows
	if len(k.prints) > 0 {
		fresh = slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { _, known := k.prints[print{r.Fingerprint, int32(r.Ordinal)}]; return known })
	}
	var loose int // files that came before packs stayed
	if err := q.NewRaw(`SELECT count(*) FROM fund_import i WHERE i.account_id = ? AND i.state <> 'staging' AND i.id <> ? AND NOT EXISTS (SELECT 1 FROM fund_entered e WHERE e.import_id = i.id AND e.from_seq = 1)`,
		k.accountID, k.importID).Scan(ctx, &loose); err != nil || loose == 0 {
		return fresh, err
	}
	return unknown(ctx, q, fresh)
}

func days(rows []Row) (from, to clock.Date) {
	for i := range rows {
		if i == 0 {
			from = rows[0].Day
		}
		from, to = min(from, rows[i].Day), max(to, rows[i].Day)
	}
	return from, to
}

// FirstClosed finds the first new row of a file that falls into a closed period; row 0 when none does.
func FirstClosed(ctx context.Context, q bun.IDB, accountID, importID string, until clock.Date) (row int, day clock.Date, err error) {
	known := NewKnown(accountID, importID)
	for at := 0; until != ""; {
		pack, err := Next(ctx, q, importID, at)
		if err != nil || pack == nil {
			return 0, "", err
		}
		rows, err := pack.Rows()
		if err != nil {
			return 0, "", err
		}
		rows, err = known.Fresh(ctx, q, slices.DeleteFunc(rows, func(r Row) bool { return r.Day > until }))
		if err != nil {
			return 0, "", err
		}
		if len(rows) > 0 {
			return rows[0].No, rows[0].Day, nil
		}
		at = pack.to
	}
	return 0, "", nil
}

// unknown gives those of the rows that have no row of their own.
func unknown(ctx context.Context, q bun.IDB, rows []Row) (out []Row, err error) {
	for part := range slices.Chunk(rows, 500) {
		prints := make([]string, len(part))
		for i := range part {
			prints[i] = part[i].Fingerprint.String()
		}
		var found []struct {
			Fingerprint string
			Ordinal     int
		}
		if err := q.NewRaw("SELECT fingerprint, ordinal FROM fund_row WHERE fingerprint IN (?)", bun.In(prints)).Scan(ctx, &found); err != nil {
			return nil, err
		}
		known := map[print]bool{}
		for _, f := range found {
			fp, err := readFingerprint(f.Fingerprint)
			if err != nil {
				return nil, err
			}
			known[print{fp, int32(f.Ordinal)}] = true
		}
		for _, r := range part {
			if !known[print{r.Fingerprint, int32(r.Ordinal)}] {
				out = append(out, r)
			}
		}
	}
	return out, nil
}
