package channel

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
)

// store is the package's SQL; it holds nothing.
type store struct{}

type accountRow struct {
	bun.BaseModel `bun:"table:channel_account,alias:a"`

	ID           string       `bun:"id,pk"`
	UnitID       string       `bun:"unit_id"`
	Kind         Kind         `bun:"kind"`
	ExternalID   string       `bun:"external_id"`
	Name         string       `bun:"name"`
	Link         string       `bun:"link"`
	State        AccountState `bun:"state"`
	StateReason  string       `bun:"state_reason"`
	Capabilities string       `bun:"capabilities"`
	Followers    int64        `bun:"followers"`
	ValidFrom    clock.Date   `bun:"valid_from"`
	ValidTo      clock.Date   `bun:"valid_to"`
	CheckedAt    time.Time    `bun:"checked_at,nullzero"`
	Health       string       `bun:"health"`
	HeardAt      time.Time    `bun:"heard_at,nullzero"`
	PublishedAt  time.Time    `bun:"published_at,nullzero"`
	TokenAt      time.Time    `bun:"token_at,nullzero"`
	CreatedAt    time.Time    `bun:"created_at"`
}

func (r accountRow) account() Account {
	a := Account{ID: r.ID, UnitID: r.UnitID, Kind: r.Kind, ExternalID: r.ExternalID, Name: r.Name, Link: r.Link, State: r.State,
		StateReason: r.StateReason, Followers: r.Followers, CheckedAt: r.CheckedAt, CreatedAt: r.CreatedAt,
		HeardAt: r.HeardAt, PublishedAt: r.PublishedAt, TokenAt: r.TokenAt}
	_ = json.Unmarshal([]byte(r.Health), &a.Health)             // written by us as well
	_ = json.Unmarshal([]byte(r.Capabilities), &a.Capabilities) // written by us; an empty one means nothing is known yet
	return a
}

func capabilitiesText(c Capabilities) string {
	b, _ := json.Marshal(c) // plain fields cannot fail
	return string(b)
}

func rowOfAccount(a Account) accountRow {
	return accountRow{ID: a.ID, UnitID: a.UnitID, Kind: a.Kind, ExternalID: a.ExternalID, Name: a.Name, Link: a.Link, State: a.State,
		StateReason: a.StateReason, Capabilities: capabilitiesText(a.Capabilities), Followers: a.Followers, CheckedAt: a.CheckedAt,
		CreatedAt: a.CreatedAt, Health: healthText(a.Health), HeardAt: a.HeardAt, PublishedAt: a.PublishedAt, TokenAt: a.TokenAt,
		ValidFrom: clock.DateOf(a.CreatedAt), ValidTo: clock.Forever}
}

var errNoAccount = fault.New(fault.NotFound, "channel.account.not_found")

func notFound(err error, f *fault.Error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return f
	}
	return err
}

func (store) account(ctx context.Context, q bun.IDB, id string) (Account, error) {
	var r accountRow
	if err := q.NewSelect().Model(&r).Where("id = ?", id).Scan(ctx); err != nil {
		return Account{}, notFound(err, errNoAccount)
	}
	return r.account(), nil
}

func (store) accountByExternal(ctx context.Context, q bun.IDB, k Kind, externalID string) (Account, error) {
	var r accountRow
	if err := q.NewSelect().Model(&r).Where("kind = ? AND external_id = ?", k, externalID).Scan(ctx); err != nil {
		return Account{}, notFound(err, errNoAccount)
	}
	return r.account(), nil
}

func (store) accounts(ctx context.Context, q bun.IDB, where func(*bun.SelectQuery) *bun.SelectQuery) ([]Account, error) {
	var rows []accountRow
	sel := q.NewSelect().Model(&rows)
	if where != nil {
		sel = where(sel)
	}
	if err := sel.Order("a.kind", "a.name", "a.id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Account, len(rows))
	for i, r := range rows {
		out[i] = r.account()
	}
	return out, nil
}

func (store) accountsByID(ctx context.Context, q bun.IDB, ids []string) (map[string]Account, error) {
	out := make(map[string]Account, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var rows []accountRow
	if err := q.NewSelect().Model(&rows).Where("id IN (?)", bun.In(ids)).Scan(ctx); err != nil {
		return nil, err
	}
	for _, r := range rows {
		out[r.ID] = r.account()
	}
	return out, nil
}

func (store) setAccountState(ctx context.Context, q bun.IDB, id string, st AccountState, reason string) error {
	_, err := q.NewUpdate().Model((*accountRow)(nil)).Set("state = ?", st).Set("state_reason = ?", reason).
		Where("id = ?", id).Where("state <> ?", AccountClosed).Exec(ctx)
	return err
}

type deliveryRow struct {
	bun.BaseModel `bun:"table:channel_delivery,alias:d"`

	ID           string        `bun:"id,pk"`
	AccountID    string        `bun:"account_id"`
	UnitID       string        `bun:"unit_id"`
	Kind         Kind          `bun:"kind"`
	Source       string        `bun:"source"`
	Version      int           `bun:"version"`
	Action       Action        `bun:"action"`
	State        DeliveryState `bun:"state"`
	Hold         bool          `bun:"hold"`
	Waits        bool          `bun:"waits"` // failed because of its account
	Canary       bool          `bun:"canary"`
	Reason       string        `bun:"reason"`
	ErrorCode    string        `bun:"error_code"`
	ErrorText    string        `bun:"error_text"`
	Attempts     int           `bun:"attempts"`
	Failures     int           `bun:"failures"`
	Polls        int           `bun:"polls"`
	ReceiptState ReceiptState  `bun:"receipt_state"`
	ExternalID   string        `bun:"external_id"`
	Token        string        `bun:"token"`
	Link         string        `bun:"link"`
	Claim        string        `bun:"claim"`
	ClaimedUntil time.Time     `bun:"claimed_until,nullzero"`
	UnsureSince  time.Time     `bun:"unsure_since,nullzero"`
	LastTry      time.Time     `bun:"last_try,nullzero"`
	WakeAt       time.Time     `bun:"wake_at,nullzero"`
	SweptAt      time.Time     `bun:"swept_at,nullzero"`
	NotBefore    time.Time     `bun:"not_before,nullzero"`
	CreatedAt    time.Time     `bun:"created_at"`
	FinishedAt   time.Time     `bun:"finished_at,nullzero"`
	Audience     string        `bun:"audience"`
}

func (r deliveryRow) receipt() Receipt {
	return Receipt{State: r.ReceiptState, ExternalID: r.ExternalID, Token: r.Token, Link: r.Link, Since: r.UnsureSince, LastTry: r.LastTry}
}

func (r *deliveryRow) keep(rc Receipt) {
	r.ReceiptState = rc.State
	if rc.ExternalID != "" {
		r.ExternalID = rc.ExternalID
	}
	if rc.Link != "" {
		r.Link = rc.Link
	}
	r.Token = rc.Token
}

func (r deliveryRow) delivery() Delivery {
	return Delivery{ID: r.ID, AccountID: r.AccountID, UnitID: r.UnitID, Kind: r.Kind, Source: r.Source, Version: r.Version,
		Action: r.Action, State: r.State, Reason: r.Reason, ErrorCode: r.ErrorCode, Attempts: r.Attempts, Canary: r.Canary,
		NotBefore: r.NotBefore, CreatedAt: r.CreatedAt, FinishedAt: r.FinishedAt,
		Receipt: Receipt{State: r.ReceiptState, ExternalID: r.ExternalID, Token: r.Token, Link: r.Link}}
}

func (store) delivery(ctx context.Context, q bun.IDB, id string) (deliveryRow, error) {
	var r deliveryRow
	err := q.NewSelect().Model(&r).Where("id = ?", id).Scan(ctx)
	return r, notFound(err, fault.New(fault.NotFound, "channel.delivery.not_found"))
}

func (store) deliveriesOf(ctx context.Context, q bun.IDB, source string) ([]deliveryRow, error) {
	var rows []deliveryRow
	err := q.NewSelect().Model(&rows).Where("source = ?", source).Order("id").Scan(ctx)
	return rows, err
}

// siblings are the other deliveries of the same source at the same account, oldest first.
func (store) siblings(ctx context.Context, q bun.IDB, r deliveryRow) ([]deliveryRow, error) {
	var rows []deliveryRow
	err := q.NewSelect().Model(&rows).Where("source = ?", r.Source).Where("account_id = ?", r.AccountID).Where("id <> ?", r.ID).Order("id").Scan(ctx)
	return rows, err
}
