package voter

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// store is the room's SQL; it holds nothing.
type store struct{}

// one scans a single row; none is a NotFound fault.
func one(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "voter.not_found")
	}
	return err
}

func (store) insert(ctx context.Context, q bun.IDB, row any) error {
	_, err := q.NewInsert().Model(row).Exec(ctx)
	return err
}

func (store) update(ctx context.Context, q bun.IDB, row any) error {
	_, err := q.NewUpdate().Model(row).WherePK().Exec(ctx)
	return err
}

func (store) round(ctx context.Context, q bun.IDB, id string) (Round, error) {
	var r Round
	return r, one(q.NewSelect().Model(&r).Where("id = ?", id).Scan(ctx))
}

func (store) rounds(ctx context.Context, q bun.IDB, roots []string, on clock.Date) ([]Round, error) {
	var rows []Round
	return rows, orgunit.Within(q.NewSelect().Model(&rows), "r.unit_id", roots, on).Order("session_on DESC", "phase", "id DESC").Scan(ctx)
}

// roundsOf lists the rounds of a unit at a level, the latest first.
func (store) roundsOf(ctx context.Context, q bun.IDB, unitID string) ([]Round, error) {
	var rows []Round
	return rows, q.NewSelect().Model(&rows).Where("unit_id = ?", unitID).Order("session_on DESC", "phase", "id DESC").Scan(ctx)
}

func (store) meeting(ctx context.Context, q bun.IDB, id string) (Meeting, error) {
	var m Meeting
	return m, one(q.NewSelect().Model(&m).Where("id = ?", id).Scan(ctx))
}

func (store) lockMeeting(ctx context.Context, tx db.Tx, id string) (Meeting, error) {
	var m Meeting
	return m, one(tx.ForUpdate(tx.NewSelect().Model(&m).Where("id = ?", id)).Scan(ctx))
}

func (store) meetings(ctx context.Context, q bun.IDB, roots []string, on clock.Date, f MeetingFilter) ([]Meeting, int, error) {
	var rows []Meeting
	sel := orgunit.Within(q.NewSelect().Model(&rows), "m.unit_id", roots, on)
	if f.RoundID != "" {
		sel = sel.Where("m.round_id = ?", f.RoundID)
	}
	if f.State != "" {
		sel = sel.Where("m.state = ?", f.State)
	}
	if f.Text != "" {
		sel = sel.Where("m.search LIKE ? ESCAPE '!'", like(f.Text))
	}
	n, err := page(sel.Order("m.starts_at DESC", "m.id DESC"), f.Page, f.Per).ScanAndCount(ctx)
	return rows, int(n), err
}

// page limits a list; Per 0 is all of it.
func page(sel *bun.SelectQuery, n, per int) *bun.SelectQuery {
	if per > 0 {
		sel = sel.Limit(int64(per)).Offset(int64(max(n, 1)-1) * int64(per))
	}
	return sel
}

func (store) meetingsOf(ctx context.Context, q bun.IDB, roundID string) ([]Meeting, error) {
	var rows []Meeting
	return rows, q.NewSelect().Model(&rows).Where("round_id = ?", roundID).Order("starts_at", "id").Scan(ctx)
}

// meetingsBefore lists earlier meetings of a unit with the voters of one of the places, the latest first.
func (store) meetingsBefore(ctx context.Context, q bun.IDB, unitID string, places []string, before time.Time, limit int) ([]Meeting, error) {
	var rows []Meeting
	return rows, q.NewSelect().Model(&rows).Where("unit_id = ?", unitID).Where("place_unit_id IN (?)", bun.In(places)).Where("starts_at < ?", before).
		Order("starts_at DESC", "id DESC").Limit(int64(limit)).Scan(ctx)
}

func (store) item(ctx context.Context, q bun.IDB, id string) (Item, error) {
	var x Item
	return x, one(q.NewSelect().Model(&x).Where("id = ?", id).Scan(ctx))
}

func (store) lockItem(ctx context.Context, tx db.Tx, id string) (Item, error) {
	var x Item
	return x, one(tx.ForUpdate(tx.NewSelect().Model(&x).Where("id = ?", id)).Scan(ctx))
}

func (store) itemsOf(ctx context.Context, q bun.IDB, meetingIDs ...string) ([]Item, error) {
	var rows []Item
	if len(meetingIDs) == 0 {
		return nil, nil
	}
	return rows, q.NewSelect().Model(&rows).Where("meeting_id IN (?)", bun.In(meetingIDs)).Order("meeting_id", "n", "id").Scan(ctx)
}

func (store) itemsByID(ctx context.Context, q bun.IDB, ids []string) ([]Item, error) {
	var rows []Item
	if len(ids) == 0 {
		return nil, nil
	}
	return rows, q.NewSelect().Model(&rows).Where("id IN (?)", bun.In(ids)).Order("code").Scan(ctx)
}

func (store) itemsOfRound(ctx context.Context, q bun.IDB, roundID string) ([]Item, error) {
	var rows []Item
	return rows, q.NewSelect().Model(&rows).Where("round_id = ?", roundID).Order("code").Scan(ctx)
}

func (store) itemsOfLetter(ctx context.Context, q bun.IDB, letterID string) ([]Item, error) {
	var rows []Item
	return rows, q.NewSelect().Model(&rows).Where("letter_id = ?", letterID).Order("code").Scan(ctx)
}

func (store) mergedInto(ctx context.Context, q bun.IDB, heads ...string) ([]Item, error) {
	var rows []Item
	if len(heads) == 0 {
		return nil, nil
	}
	return rows, q.NewSelect().Model(&rows).Where("merged_into IN (?)", bun.In(heads)).Order("code").Scan(ctx)
}

// alike lists what an item may be the same as: items of the unit that stand for themselves, the latest first.
func (store) alike(ctx context.Context, q bun.IDB, x Item, limit int) ([]Item, error) {
	var rows []Item
	return rows, q.NewSelect().Model(&rows).Where("unit_id = ?", x.UnitID).Where("state <> ?", ItemMerged).Where("id <> ?", x.ID).Order("code DESC").Limit(int64(limit)).Scan(ctx)
}

func (store) items(ctx context.Context, q bun.IDB, roots []string, on clock.Date, f ItemFilter) ([]Item, int, error) {
	var rows []Item
	sel := orgunit.Within(q.NewSelect().Model(&rows), "i.unit_id", roots, on)
	for column, v := range map[string]string{"i.round_id": f.RoundID, "i.meeting_id": f.MeetingID, "i.field": f.Field, "i.body_unit_id": f.BodyUnitID, "i.state": string(f.State)} {
		if v != "" {
			sel = sel.Where(column+" = ?", v) // columns are ours
		}
	}
	if f.Text != "" {
		sel = sel.Where("i.search LIKE ? ESCAPE '!'", like(f.Text))
	}
	if f.Outstanding {
		sel = sel.Where("i.state IN (?)", bun.In([]ItemState{ItemSent, ItemReview, ItemProgress}))
	}
	n, err := page(sel.Order("i.code DESC"), f.Page, f.Per).ScanAndCount(ctx)
	return rows, int(n), err
}

func (store) letter(ctx context.Context, q bun.IDB, id string) (Letter, error) {
	var l Letter
	return l, one(q.NewSelect().Model(&l).Where("id = ?", id).Scan(ctx))
}

// letters lists what units sent, or (to) what was sent to bodies.
func (store) letters(ctx context.Context, q bun.IDB, roots []string, on clock.Date, roundID string, to bool) ([]Letter, error) {
	var rows []Letter
	column := "l.unit_id"
	if to {
		column = "l.body_unit_id"
	}
	sel := orgunit.Within(q.NewSelect().Model(&rows), column, roots, on)
	if roundID != "" {
		sel = sel.Where("l.round_id = ?", roundID)
	}
	return rows, sel.Order("l.sent_on DESC", "l.id DESC").Limit(1000).Scan(ctx)
}

func (store) serial(ctx context.Context, q bun.IDB, l Letter) (int, error) {
	n, err := q.NewSelect().Model((*Letter)(nil)).Where("unit_id = ?", l.UnitID).Where("round_id = ?", l.RoundID).Where("body_unit_id = ?", l.BodyUnitID).Count(ctx)
	return int(n) + 1, err
}

func (store) answer(ctx context.Context, q bun.IDB, id string) (Answer, error) {
	var a Answer
	return a, one(q.NewSelect().Model(&a).Where("id = ?", id).Scan(ctx))
}

func (store) answersOf(ctx context.Context, q bun.IDB, itemIDs ...string) ([]Answer, error) {
	var rows []Answer
	if len(itemIDs) == 0 {
		return nil, nil
	}
	return rows, q.NewSelect().Model(&rows).Where("item_id IN (?)", bun.In(itemIDs)).Order("created_at", "id").Scan(ctx)
}

// reviews lists the answers that wait for the second pair of eyes, of items of the units.
func (store) reviews(ctx context.Context, q bun.IDB, roots []string, on clock.Date) ([]Answer, error) {
	var rows []Answer
	own := orgunit.Within(q.NewSelect().Model((*Item)(nil)).Column("id"), "i.unit_id", roots, on).Where("i.state = ?", ItemReview)
	return rows, q.NewSelect().Model(&rows).Where("a.state = ?", AnswerReview).Where("a.item_id IN (?)", own).Order("a.created_at", "a.id").Limit(1000).Scan(ctx)
}

func (store) events(ctx context.Context, q bun.IDB, itemID, meetingID string) ([]Event, error) {
	var rows []Event
	sel := q.NewSelect().Model(&rows)
	if itemID != "" {
		sel = sel.Where("item_id = ?", itemID)
	} else {
		sel = sel.Where("meeting_id = ?", meetingID)
	}
	return rows, sel.Order("id").Scan(ctx)
}

type counterRow struct {
	bun.BaseModel `bun:"table:voter_counter,alias:c"`

	UnitID string `bun:"unit_id,pk"`
	Year   int    `bun:"year,pk"`
	Last   int    `bun:"last"`
}

// take reserves n numbers of a year and gives the first.
func (store) take(ctx context.Context, tx db.Tx, year, n int) (int, error) {
	row := counterRow{Year: year, Last: n}
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (unit_id, year) DO UPDATE").Set("last = c.last + EXCLUDED.last").Returning("last").Exec(ctx)
	return row.Last - n + 1, err
}

type importRow struct {
	bun.BaseModel `bun:"table:voter_import,alias:x"`

	ID        string    `bun:"id,pk"`
	LetterID  string    `bun:"letter_id"`
	FileName  string    `bun:"file_name"`
	At        time.Time `bun:"at"`
	ActorID   string    `bun:"actor_id"`
	ActorName string    `bun:"actor_name"`
	Taken     int       `bun:"taken"`
	Refused   string    `bun:"refused"`
}

func (store) imports(ctx context.Context, q bun.IDB, letterID string) ([]importRow, error) {
	var rows []importRow
	return rows, q.NewSelect().Model(&rows).Where("letter_id = ?", letterID).Order("id DESC").Limit(20).Scan(ctx)
}

// counts gives how many items stand in each state, by meeting.
func (store) counts(ctx context.Context, q bun.IDB, meetingIDs []string) (map[string]map[ItemState]int, error) {
	out := map[string]map[ItemState]int{}
	if len(meetingIDs) == 0 {
		return out, nil
	}
	var rows []struct {
		MeetingID string    `bun:"meeting_id"`
		State     ItemState `bun:"state"`
		N         int       `bun:"c"`
	}
	err := q.NewSelect().Model((*Item)(nil)).Column("meeting_id", "state").ColumnExpr("count(*) AS c").Where("meeting_id IN (?)", bun.In(meetingIDs)).Group("meeting_id", "state").Scan(ctx, &rows)
	for _, r := range rows {
		if out[r.MeetingID] == nil {
			out[r.MeetingID] = map[ItemState]int{}
		}
		out[r.MeetingID][r.State] = r.N
	}
	return out, err
}

// publicMeetings lists what the public may see of meetings at the places.
func (store) publicMeetings(ctx context.Context, q bun.IDB, roots []string, on clock.Date, text string, n, per int) ([]Meeting, int, error) {
	var rows []Meeting
	sel := q.NewSelect().Model(&rows).Where("m.published").WhereGroup(" AND ", func(g *bun.SelectQuery) *bun.SelectQuery {
		places := orgunit.Within(q.NewSelect().Model((*Meeting)(nil)).ModelTableExpr("voter_meeting AS p").Column("p.id"), "p.place_unit_id", roots, on)
		own := orgunit.Within(q.NewSelect().Model((*Meeting)(nil)).ModelTableExpr("voter_meeting AS o").Column("o.id"), "o.unit_id", roots, on)
		return g.Where("m.id IN (?)", places).WhereOr("m.id IN (?)", own)
	})
	if text != "" {
		sel = sel.Where("m.search LIKE ? ESCAPE '!'", like(text))
	}
	c, err := page(sel.Order("m.starts_at DESC", "m.id DESC"), n, per).ScanAndCount(ctx)
	return rows, int(c), err
}

// publicItems finds items of returned meetings by their words.
func (store) publicItems(ctx context.Context, q bun.IDB, meetingIDs []string, text string, limit int) ([]Item, error) {
	var rows []Item
	if len(meetingIDs) == 0 {
		return nil, nil
	}
	return rows, q.NewSelect().Model(&rows).Where("meeting_id IN (?)", bun.In(meetingIDs)).Where("search LIKE ? ESCAPE '!'", like(text)).Order("code DESC").Limit(int64(limit)).Scan(ctx)
}
