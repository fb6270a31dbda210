package fund

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

type uploadRow struct {
	bun.BaseModel `bun:"table:fund_upload,alias:f"`

	ID         string `bun:",pk"`
	AppealID   string
	AccountID  string
	Layout     string
	Mapping    string
	File       string
	Size       int64
	StatedRows int
	StatedSum  money.VND
	State      string
	Done       int64
	Total      int64
	Result     string
	ByID       string
	ByName     string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

func (r uploadRow) upload() (Upload, error) {
	u := Upload{ID: r.ID, AppealID: r.AppealID, Account: r.AccountID, Layout: statement.Layout(r.Layout), File: r.File, Size: r.Size, Rows: r.StatedRows, Sum: r.StatedSum,
		State: UploadState(r.State), Done: r.Done, Total: r.Total, ByName: r.ByName, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt}
	if r.Mapping != "" {
		m, err := statement.ParseMappingJSON(r.Mapping)
		if err != nil {
			return Upload{}, err
		}
		u.Mapping = &m
	}
	var err error
	u.Result, err = parseResult(r.Result)
	return u, err
}

func (store) insertUpload(ctx context.Context, q bun.IDB, u Upload, byID string) error {
	row := &uploadRow{ID: u.ID, AppealID: u.AppealID, AccountID: u.Account, Layout: string(u.Layout), File: u.File, Size: u.Size, StatedRows: u.Rows, StatedSum: u.Sum,
		State: string(u.State), ByID: byID, ByName: u.ByName, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt}
	if u.Mapping != nil {
		row.Mapping = u.Mapping.JSON()
	}
	_, err := q.NewInsert().Model(row).Exec(ctx)
	return err
}

func (store) upload(ctx context.Context, q bun.IDB, uploadID string) (Upload, error) {
	var row uploadRow
	err := q.NewSelect().Model(&row).Where("f.id = ?", uploadID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Upload{}, fault.New(fault.NotFound, "fund.upload.none")
	}
	if err != nil {
		return Upload{}, err
	}
	return row.upload()
}

func (s store) lockUpload(ctx context.Context, tx db.Tx, uploadID string) (Upload, error) {
	var row uploadRow
	if err := tx.ForUpdate(tx.NewSelect().Model(&row).Where("f.id = ?", uploadID)).Scan(ctx); err != nil {
		return Upload{}, err
	}
	return row.upload()
}

func (store) uploads(ctx context.Context, q bun.IDB, appealID string) ([]Upload, error) {
	var rows []uploadRow
	if err := q.NewSelect().Model(&rows).Where("f.appeal_id = ?", appealID).Order("f.id DESC").Limit(200).Scan(ctx); err != nil {
		return nil, err
	}
	return uploadsOf(rows)
}

func uploadsOf(rows []uploadRow) (out []Upload, err error) {
	for _, r := range rows {
		u, err := r.upload()
		if err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

func (store) saveUpload(ctx context.Context, q bun.IDB, u Upload, now time.Time) error {
	mapping := ""
	if u.Mapping != nil {
		mapping = u.Mapping.JSON()
	}
	_, err := q.NewRaw("UPDATE fund_upload SET state = ?, mapping = ?, done = ?, total = ?, result = ?, updated_at = ? WHERE id = ?",
		string(u.State), mapping, u.Done, u.Total, u.Result.text(), now, u.ID).Exec(ctx)
	return err
}

// stalled lists the uploads at which nobody has worked since.
func (store) stalled(ctx context.Context, q bun.IDB, since time.Time) ([]Upload, error) {
	var rows []uploadRow
	err := q.NewSelect().Model(&rows).Where("f.state IN (?)", bun.In([]string{string(UploadWaiting), string(UploadChecking), string(UploadPosting)})).
		Where("f.updated_at < ?", since).Order("f.id").Scan(ctx)
	if err != nil {
		return nil, err
	}
	return uploadsOf(rows)
}

// dropAbandoned takes away what was laid aside of a file, unless another upload of the same file still needs it.
func (s store) dropAbandoned(ctx context.Context, tx db.Tx, u Upload) error {
	var n int
	err := tx.NewRaw("SELECT count(*) FROM fund_upload WHERE account_id = ? AND id <> ? AND size = ? AND state IN ('waiting', 'checking', 'ready', 'posting')", u.Account, u.ID, u.Size).Scan(ctx, &n)
	if err != nil || n > 0 {
		return err
	}
	row, err := s.session(ctx, tx, u.Account, u.Result.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.dropSession(ctx, tx, row.ID)
}

func (store) mapping(ctx context.Context, q bun.IDB, accountID string) (*statement.Mapping, error) {
	var text string
	err := q.NewRaw("SELECT mapping FROM fund_mapping WHERE account_id = ?", accountID).Scan(ctx, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m, err := statement.ParseMappingJSON(text)
	return &m, err
}

func (store) saveMapping(ctx context.Context, q bun.IDB, accountID string, m statement.Mapping, by string, now time.Time) error {
	_, err := q.NewRaw(`INSERT INTO fund_mapping (account_id, mapping, by_name, updated_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (account_id) DO UPDATE SET mapping = excluded.mapping, by_name = excluded.by_name, updated_at = excluded.updated_at`, accountID, m.JSON(), by, now).Exec(ctx)
	return err
}
