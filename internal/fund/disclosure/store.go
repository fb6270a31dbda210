package disclosure

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/giftreceipt"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// store is the SQL of the package; nobody else names these tables.
type store struct{}

type appealRow struct {
	bun.BaseModel `bun:"table:disclosure_appeal,alias:a"`

	No         int64 `bun:",pk"`
	AppealID   string
	Code       string
	UnitID     string
	PostingNo  int64
	PostingSeq int64
	Lines      int64
	Amount     money.VND
	Batches    int64
	HashState  string
	HashLines  int64
	HashSize   int64
	Edition    int64
	UpdatedAt  time.Time
}

func (r appealRow) position() fund.Position { return fund.Position{No: r.PostingNo, Seq: r.PostingSeq} }

func (r appealRow) statement(a fund.Appeal) Statement {
	st := Statement{Appeal: a, Lines: r.Lines, Amount: r.Amount, Edition: r.Edition, Updated: r.UpdatedAt.UTC(), no: r.No}
	if r.HashLines == r.Lines {
		st.Hash, st.Size = csvHash(r.HashState), r.HashSize
	}
	return st
}

type lineRow struct {
	bun.BaseModel `bun:"table:disclosure_line,alias:l"`

	AppealNo int64 `bun:",pk"`
	Seq      int64 `bun:",pk"`
	Kind     string
	Day      clock.Date
	Clock    string
	Amount   money.VND
	Channel  string
	Purpose  string
	About    int64
	Name     string
	NameSalt string
	NameHash string
	Memo     string
	MemoSalt string
	MemoHash string
	Gift     []byte
}

func (r lineRow) line(code string) Line {
	return Line{Code: code, Seq: r.Seq, Kind: Kind(r.Kind), Day: r.Day, Time: r.Clock, Amount: r.Amount, Channel: r.Channel, Purpose: r.Purpose,
		About: r.About, Name: r.Name, Memo: r.Memo, Erased: r.NameHash != "" || r.MemoHash != ""}
}

// receipt is the line as its receipt tells it; batch, proof and leaf are still missing.
func (r lineRow) receipt(code string, published time.Time) giftreceipt.File {
	f := giftreceipt.File{Form: giftreceipt.Form, ID: LineID(code, r.Seq), Appeal: code, Kind: r.Kind, Day: string(r.Day), Amount: int64(r.Amount),
		Channel: r.Channel, Purpose: r.Purpose, Name: r.Name, NameSalt: r.NameSalt, NameHash: r.NameHash, Memo: r.Memo, MemoSalt: r.MemoSalt, MemoHash: r.MemoHash,
		PublishedAt: published.UTC().Format(time.RFC3339Nano)}
	if r.About > 0 {
		f.About = LineID(code, r.About)
	}
	if f.NameHash == "" {
		f.NameHash = giftreceipt.Hash(r.NameSalt, r.Name)
	}
	if f.MemoHash == "" {
		f.MemoHash = giftreceipt.Hash(r.MemoSalt, r.Memo)
	}
	return f
}

type batchRow struct {
	bun.BaseModel `bun:"table:disclosure_batch,alias:b"`

	AppealNo    int64 `bun:",pk"`
	No          int64 `bun:",pk"`
	First       int64
	Count       int64
	Root        string
	Leaves      []byte
	LinesSoFar  int64
	TotalSoFar  int64
	PublishedAt time.Time
	LogIndex    *int64
}

func (b batchRow) leaves() [][]byte {
	out := make([][]byte, 0, b.Count)
	for i := 0; i+32 <= len(b.Leaves); i += 32 {
		out = append(out, b.Leaves[i:i+32])
	}
	return out
}

// receipt is the batch as a receipt names it, without the way of one line.
func (b batchRow) receipt() giftreceipt.Batch {
	return giftreceipt.Batch{No: b.No, First: b.First, Count: uint64(b.Count), Root: b.Root, RowsSoFar: b.LinesSoFar, TotalSoFar: b.TotalSoFar}
}

type postingRow struct {
	bun.BaseModel `bun:"table:disclosure_posting,alias:p"`

	AppealNo int64  `bun:",pk"`
	Chunk    int64  `bun:",pk"`
	Word     string `bun:",pk"`
	Part     int64  `bun:",pk"`
	Lines    []byte
}

type keyRow struct {
	bun.BaseModel `bun:"table:disclosure_key,alias:k"`

	AppealNo int64 `bun:",pk"`
	Hash     int64 `bun:",pk"`
	Seq      int64 `bun:",pk"`
}

type totalRow struct {
	bun.BaseModel `bun:"table:disclosure_total,alias:t"`

	AppealNo int64  `bun:",pk"`
	Kind     string `bun:",pk"`
	Key      string `bun:",pk"`
	Lines    int64
	Amount   money.VND
}

type wordRow struct {
	bun.BaseModel `bun:"table:disclosure_word,alias:w"`

	Word string `bun:",pk"`
}

func (store) appeals(ctx context.Context, q bun.IDB) (map[string]appealRow, error) {
	var rows []appealRow
	err := q.NewSelect().Model(&rows).Scan(ctx)
	out := make(map[string]appealRow, len(rows))
	for _, r := range rows {
		out[r.AppealID] = r
	}
	return out, err
}

// enrol gives the row of an appeal, making it at the first call.
func (store) enrol(ctx context.Context, tx db.Tx, a fund.Appeal, now time.Time) error {
	_, err := tx.NewRaw(`INSERT INTO disclosure_appeal (no, appeal_id, code, unit_id, updated_at)
		SELECT coalesce(max(no), 0) + 1, ?, ?, ?, ? FROM disclosure_appeal WHERE true ON CONFLICT (appeal_id) DO NOTHING`, a.ID, a.Code, a.UnitID, now).Exec(ctx)
	return err
}

func (store) appeal(ctx context.Context, q bun.IDB, appealID string) (r appealRow, ok bool, err error) {
	err = q.NewSelect().Model(&r).Where("a.appeal_id = ?", appealID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}

func (store) lock(ctx context.Context, tx db.Tx, appealID string) (r appealRow, err error) {
	err = tx.ForUpdate(tx.NewSelect().Model(&r).Where("a.appeal_id = ?", appealID)).Scan(ctx)
	return r, err
}

func (store) saveAppeal(ctx context.Context, q bun.IDB, r appealRow) error {
	_, err := q.NewUpdate().Model(&r).WherePK().ExcludeColumn("no", "appeal_id", "code", "unit_id").Exec(ctx)
	return err
}

// insertPart is how many rows one statement inserts.
const insertPart = 500

func insertAll[T any](ctx context.Context, q bun.IDB, rows []T, conflict string) error {
	for len(rows) > 0 {
		part := rows[:min(len(rows), insertPart)]
		rows = rows[len(part):]
		ins := q.NewInsert().Model(&part)
		if conflict != "" {
			ins = ins.On(conflict)
		}
		if _, err := ins.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (store) addTotals(ctx context.Context, q bun.IDB, rows []totalRow) error {
	for len(rows) > 0 {
		part := rows[:min(len(rows), insertPart)]
		rows = rows[len(part):]
		if _, err := q.NewInsert().Model(&part).On("CONFLICT (appeal_no, kind, key) DO UPDATE").
			Set("lines = t.lines + EXCLUDED.lines, amount = t.amount + EXCLUDED.amount").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (store) totals(ctx context.Context, q bun.IDB, appealNo int64, kinds ...string) (out []totalRow, err error) {
	err = q.NewSelect().Model(&out).Where("t.appeal_no = ?", appealNo).Where("t.kind IN (?)", bun.In(kinds)).Order("t.kind", "t.key").Scan(ctx)
	return out, err
}

// lines reads lines by number, newest first.
func (store) lines(ctx context.Context, q bun.IDB, appealNo int64, seqs []int64) (out []lineRow, err error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	err = q.NewSelect().Model(&out).Where("l.appeal_no = ?", appealNo).Where("l.seq IN (?)", bun.In(seqs)).Order("l.seq DESC").Scan(ctx)
	return out, err
}

// after reads lines in order after a number.
func (store) after(ctx context.Context, q bun.IDB, appealNo, seq int64, limit int) (out []lineRow, err error) {
	err = q.NewSelect().Model(&out).Where("l.appeal_no = ?", appealNo).Where("l.seq > ?", seq).Order("l.seq").Limit(int64(limit)).Scan(ctx)
	return out, err
}

// newest reads the newest lines below a number.
func (store) newest(ctx context.Context, q bun.IDB, appealNo, before int64, limit int) (out []lineRow, err error) {
	err = q.NewSelect().Model(&out).Where("l.appeal_no = ?", appealNo).Where("l.seq < ?", before).Order("l.seq DESC").Limit(int64(limit)).Scan(ctx)
	return out, err
}

func (store) about(ctx context.Context, q bun.IDB, appealNo, seq int64) (out []lineRow, err error) {
	err = q.NewSelect().Model(&out).Where("l.appeal_no = ?", appealNo).Where("l.about = ?", seq).Where("l.about > 0").Order("l.seq").Limit(100).Scan(ctx)
	return out, err
}

// ofGifts finds the line that published each gift, by its key.
func (store) ofGifts(ctx context.Context, q bun.IDB, appealNo int64, keys [][]byte) (map[string]int64, error) {
	out := map[string]int64{}
	if len(keys) == 0 {
		return out, nil
	}
	var rows []lineRow
	err := q.NewSelect().Model(&rows).Column("seq", "gift", "kind").Where("l.gift IN (?)", bun.In(keys)).Where("l.appeal_no = ?", appealNo).Where("l.kind = ?", string(KindGift)).Order("l.seq").Scan(ctx)
	for _, r := range rows {
		out[hex.EncodeToString(r.Gift)] = r.Seq // the newest: a gift that was withdrawn may have been taken again
	}
	return out, err
}

// batchOf finds the batch of a line; its leaves are read only when they are needed.
func (store) batchOf(ctx context.Context, q bun.IDB, appealNo, seq int64, leaves bool) (b batchRow, err error) {
	sel := q.NewSelect().Model(&b)
	if !leaves {
		sel = sel.ExcludeColumn("leaves")
	}
	err = sel.Where("b.appeal_no = ?", appealNo).Where("b.first <= ?", seq).Order("b.first DESC").Limit(1).Scan(ctx)
	return b, err
}

// unlogged lists batches that the log has not taken yet, without their leaves.
func (store) unlogged(ctx context.Context, q bun.IDB, limit int) (out []batchRow, err error) {
	err = q.NewSelect().Model(&out).ExcludeColumn("leaves").Where("b.log_index IS NULL").Order("b.appeal_no", "b.no").Limit(int64(limit)).Scan(ctx)
	return out, err
}

func (store) setLogged(ctx context.Context, q bun.IDB, b batchRow, index uint64) error {
	_, err := q.NewRaw("UPDATE disclosure_batch SET log_index = ? WHERE appeal_no = ? AND no = ? AND log_index IS NULL", int64(index), b.AppealNo, b.No).Exec(ctx)
	return err
}
