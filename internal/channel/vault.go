package channel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Vault keeps the tokens of accounts, sealed, and renews them. A refresh token works once and its loss cuts the account
// off until a person grants again, so: only one process refreshes an account at a time, the intention is written down
// before the old token is spent, and the new pair is stored before anybody uses it.
type Vault struct {
	db         *db.DB
	clock      clock.Clock
	seal       Sealer
	node       string
	log        *slog.Logger
	refreshers map[string]Refresher
	crash      func(point, what string) error // tests only
}

const (
	refreshLock    = 40 * time.Second // how long one process may take for a refresh before another may try
	refreshTimeout = 25 * time.Second
	refreshEarly   = 5 * time.Minute // a token that ends sooner than this is renewed before use
)

type tokenRow struct {
	bun.BaseModel `bun:"table:channel_token,alias:t"`

	AccountID      string    `bun:"account_id,pk"`
	AccessSealed   string    `bun:"access_sealed"`
	RefreshSealed  string    `bun:"refresh_sealed"`
	ExpiresAt      time.Time `bun:"expires_at,nullzero"`
	NextRefreshAt  time.Time `bun:"next_refresh_at,nullzero"`
	Version        int64     `bun:"version"`
	RefreshPending bool      `bun:"refresh_pending"`
	LockedBy       string    `bun:"locked_by"`
	LockedUntil    time.Time `bun:"locked_until,nullzero"`
}

// errNoToken means that nobody has granted the account to us.
func errNoToken(kind Kind) error {
	return &Error{Kind: kind, Code: "no_token", Message: "no token is stored for the account", Advice: AdviceReauth, Key: "channel.error.reauth", Scope: ScopeAccount}
}

// Use calls fn with the access token of an account. When fn says that the token is dead (AdviceRefresh), the token is
// renewed once and fn called once more; a second refusal comes back as AdviceReauth.
func (v *Vault) Use(ctx context.Context, a Account, fn func(ctx context.Context, access string) error) error {
	row, access, err := v.read(ctx, a)
	if err != nil {
		return err
	}
	if !row.ExpiresAt.IsZero() && row.RefreshSealed != "" && row.ExpiresAt.Sub(v.clock.Now()) < refreshEarly {
		if access, err = v.renew(ctx, a, row.Version); err != nil {
			return err
		}
		if row, err = v.row(ctx, a); err != nil {
			return err
		}
	}
	err = fn(ctx, access)
	var e *Error
	if !errors.As(err, &e) || e.Advice != AdviceRefresh {
		return err
	}
	if row.RefreshSealed == "" {
		return reauth(e)
	}
	if access, err = v.renew(ctx, a, row.Version); err != nil {
		return err
	}
	err = fn(ctx, access)
	if errors.As(err, &e) && e.Advice == AdviceRefresh {
		return reauth(e)
	}
	return err
}

func reauth(e *Error) error {
	c := *e
	c.Advice, c.Key, c.Scope = AdviceReauth, "channel.error.reauth", ScopeAccount
	return &c
}

func (v *Vault) row(ctx context.Context, a Account) (tokenRow, error) {
	var r tokenRow
	err := v.db.Read().NewSelect().Model(&r).Where("account_id = ?", a.ID).Scan(ctx)
	if err != nil && notFoundIsDone(err) == nil {
		return r, errNoToken(a.Kind)
	}
	return r, err
}

func (v *Vault) read(ctx context.Context, a Account) (tokenRow, string, error) {
	r, err := v.row(ctx, a)
	if err != nil {
		return r, "", err
	}
	b, err := v.seal.Open(r.AccessSealed, sealPlace(a.ID, "access"))
	if err != nil {
		return r, "", fmt.Errorf("channel: the access token of account %s cannot be unsealed: %w", a.ID, err)
	}
	return r, string(b), nil
}

func sealPlace(accountID, what string) string { return "channel_token/" + accountID + "/" + what }

// put stores a pair, in tx. A pair without a refresh token keeps the stored one.
func (v *Vault) put(ctx context.Context, tx db.Tx, accountID string, t Tokens) error {
	now := v.clock.Now()
	access, err := v.seal.Seal([]byte(t.Access), sealPlace(accountID, "access"))
	if err != nil {
		return err
	}
	r := tokenRow{AccountID: accountID, AccessSealed: access, ExpiresAt: t.Expires, NextRefreshAt: nextRefresh(now, t.Expires), Version: 1}
	if t.Refresh != "" {
		if r.RefreshSealed, err = v.seal.Seal([]byte(t.Refresh), sealPlace(accountID, "refresh")); err != nil {
			return err
		}
	}
	_, err = tx.NewInsert().Model(&r).On("CONFLICT (account_id) DO UPDATE").Set("access_sealed = EXCLUDED.access_sealed").
		Set("refresh_sealed = CASE WHEN EXCLUDED.refresh_sealed <> '' THEN EXCLUDED.refresh_sealed ELSE t.refresh_sealed END").
		Set("expires_at = EXCLUDED.expires_at").Set("next_refresh_at = EXCLUDED.next_refresh_at").Set("version = t.version + 1").
		Set("refresh_pending = ?", false).Set("locked_by = ''").Set("locked_until = NULL").Exec(ctx)
	if err != nil || (t.Refresh == "" && !t.Expires.IsZero()) { // the old refresh token ages on
		return err
	}
	_, err = tx.NewUpdate().Model((*accountRow)(nil)).Set("token_at = ?", now).Where("id = ?", accountID).Exec(ctx)
	return err
}

// nextRefresh spreads refreshes over the life of tokens, so that 482 accounts connected on one morning do not all refresh
// in one minute of the next: anywhere between two fifths and nine tenths of it.
func nextRefresh(now, expires time.Time) time.Time {
	if expires.IsZero() {
		return time.Time{}
	}
	life := expires.Sub(now)
	return now.Add(time.Duration(float64(life) * (0.4 + 0.5*rand.Float64())))
}

// renew trades the refresh token of the version that the caller saw fail, unless another process has done so already, and
// gives the access token that is good now.
func (v *Vault) renew(ctx context.Context, a Account, seen int64) (string, error) {
	for {
		row, mine, err := v.lock(ctx, a, seen)
		if err != nil {
			return "", err
		}
		if row.Version != seen {
			_, access, err := v.read(ctx, a)
			return access, err
		}
		if mine {
			return v.refresh(ctx, a, row)
		}
		select { // another process is at it
		case <-ctx.Done():
			return "", &Error{Kind: a.Kind, Code: "refreshing", Message: "another process is refreshing the token", Advice: AdviceRetry, Key: "channel.error.unreachable", Err: ctx.Err()}
		case <-time.After(50*time.Millisecond + rand.N(100*time.Millisecond)):
		}
	}
}

// lock takes the right to refresh and writes down that the refresh token is about to be spent.
func (v *Vault) lock(ctx context.Context, a Account, seen int64) (r tokenRow, mine bool, err error) {
	err = v.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, mine = tokenRow{}, false
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("account_id = ?", a.ID)).Scan(ctx); err != nil {
			if notFoundIsDone(err) == nil {
				return errNoToken(a.Kind)
			}
			return err
		}
		now := time.Now().UTC() // a lock is about machines, not about the house's calendar
		if r.Version != seen || (r.LockedBy != "" && r.LockedUntil.After(now)) {
			return nil
		}
		mine = true
		r.LockedBy, r.LockedUntil, r.RefreshPending = v.node, now.Add(refreshLock), true
		_, err := tx.NewUpdate().Model(&r).Column("locked_by", "locked_until", "refresh_pending").WherePK().Exec(ctx)
		return err
	})
	return r, mine, err
}

func (v *Vault) refresh(ctx context.Context, a Account, row tokenRow) (string, error) {
	rf := v.refreshers[string(a.Kind)]
	if rf == nil || row.RefreshSealed == "" {
		return "", errNoToken(a.Kind)
	}
	old, err := v.seal.Open(row.RefreshSealed, sealPlace(a.ID, "refresh"))
	if err != nil {
		return "", fmt.Errorf("channel: the refresh token of account %s cannot be unsealed: %w", a.ID, err)
	}
	// From here on the old token may be spent: neither a caller who gives up nor a stopping process may interrupt.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
	defer cancel()
	t, err := rf.Refresh(work, string(old))
	if err != nil {
		return v.refreshFailed(context.WithoutCancel(ctx), a, row, err)
	}
	if v.crash != nil {
		if err := v.crash("refreshed", a.ID); err != nil {
			return "", err
		}
	}
	return t.Access, v.keep(context.WithoutCancel(ctx), a, row.Version, t)
}

// keep stores a fresh pair, trying hard: it exists nowhere else.
func (v *Vault) keep(ctx context.Context, a Account, seen int64, t Tokens) error {
	var err error
	for try := range 6 {
		if try > 0 {
			time.Sleep(time.Duration(try) * 200 * time.Millisecond)
		}
		err = v.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			if err := v.put(ctx, tx, a.ID, t); err != nil {
				return err
			}
			// A slower process may have concluded from the spent token that the account is cut off: it is not.
			_, err := tx.NewUpdate().Model((*accountRow)(nil)).Set("state = ?", AccountConnected).Set("state_reason = ''").
				Where("id = ?", a.ID).Where("state = ?", AccountReauth).Exec(ctx)
			return err
		})
		if err == nil {
			return nil
		}
		v.log.ErrorContext(ctx, "a fresh token pair could not be stored", "account", a.ID, "version", seen, "try", try, "err", err)
	}
	return err
}

// refreshFailed unlocks. A refusal of the refresh token counts only if nobody has stored a newer pair meanwhile.
func (v *Vault) refreshFailed(ctx context.Context, a Account, row tokenRow, cause error) (string, error) {
	var e *Error
	dead := errors.As(cause, &e) && e.Advice == AdviceReauth
	newer := false
	err := v.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var r tokenRow
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("account_id = ?", a.ID)).Scan(ctx); err != nil {
			return err
		}
		if newer = r.Version != row.Version; newer {
			return nil
		}
		r.LockedBy, r.LockedUntil = "", time.Time{}
		r.NextRefreshAt = v.clock.Now().Add(10 * time.Minute)
		if dead {
			r.NextRefreshAt = time.Time{}
			if err := (store{}).setAccountState(ctx, tx, a.ID, AccountReauth, "channel.error.reauth"); err != nil {
				return err
			}
		}
		_, err := tx.NewUpdate().Model(&r).Column("locked_by", "locked_until", "next_refresh_at").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return "", errors.Join(cause, err)
	}
	if newer {
		_, access, err := v.read(ctx, a)
		return access, err
	}
	return "", cause
}

// RefreshNow renews the token of an account unless somebody has just done so.
func (v *Vault) RefreshNow(ctx context.Context, a Account) error {
	row, err := v.row(ctx, a)
	if err != nil || row.RefreshSealed == "" {
		return err
	}
	_, err = v.renew(ctx, a, row.Version)
	return err
}

// Learn stores what an adapter has found out about what an account can do.
func (v *Vault) Learn(ctx context.Context, a Account, c Capabilities) error {
	return v.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*accountRow)(nil)).Set("capabilities = ?", capabilitiesText(c)).Where("id = ?", a.ID).Exec(ctx)
		return err
	})
}
