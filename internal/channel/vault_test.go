package channel_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// rotating is a channel whose refresh tokens work once.
type rotating struct {
	*channeltest.Fake
	good string
	n    int
}

func (r *rotating) Refresh(_ context.Context, token string) (channel.Tokens, error) {
	if token != r.good {
		return channel.Tokens{}, &channel.Error{Kind: channel.Zalo, Code: "-14014", Message: "Invalid refresh token.", Advice: channel.AdviceReauth, Key: "channel.error.reauth"}
	}
	r.n++
	r.good = fmt.Sprint("r", r.n)
	return channel.Tokens{Access: fmt.Sprint("a", r.n), Refresh: r.good, Expires: time.Now().UTC().Add(time.Hour)}, nil
}

// TestCrashBetweenRefreshAndStore: the process dies after the platform has spent the old token and before the new pair is on
// the disk. The pair is gone; the account then asks a person to grant again, and nothing else is lost.
func TestCrashBetweenRefreshAndStore(t *testing.T) {
	d := dbtest.SQLite(t, channeltest.Migrations...)
	h := channeltest.NewHouse(t, d, channel.Config{})
	r := &rotating{Fake: channeltest.NewFake(channel.Zalo, 0), good: "r0"}
	h.Service.Add(r)
	a := h.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.VinhHung, ExternalID: "1", Name: "OA"},
		channel.Tokens{Access: "a0", Refresh: "r0", Expires: time.Now().UTC().Add(time.Minute)})
	power := errors.New("power cut")
	h.Service.CrashAt(func(point, _ string) error {
		if point == "refreshed" {
			return power
		}
		return nil
	})
	used := 0
	use := func(s *channel.Service) error {
		return s.Vault().Use(t.Context(), a, func(context.Context, string) error { used++; return nil })
	}
	if err := use(h.Service); !errors.Is(err, power) || used != 0 || r.n != 1 {
		t.Fatalf("the crash: %v, used %d times, %d refreshes", err, used, r.n)
	}
	next := channeltest.Second(t, d, channel.Config{}, h.Units)
	next.Service.Add(r)
	err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { // the dead process's lock has lapsed
		_, err := tx.NewUpdate().Table("channel_token").Set("locked_until = ?", time.Now().UTC().Add(-time.Second)).Where("account_id = ?", a.ID).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var e *channel.Error
	if err := use(next.Service); !errors.As(err, &e) || e.Advice != channel.AdviceReauth || used != 0 {
		t.Fatalf("the next process: %v", err)
	}
	got, err := next.Service.AccountByID(t.Context(), a.ID)
	if err != nil || got.State != channel.AccountReauth || got.StateReason != "channel.error.reauth" {
		t.Fatalf("nobody is told: %+v %v", got, err)
	}
	next.AccountWith(t, channel.Account{Kind: channel.Zalo, ExternalID: "1", Name: "OA"}, channel.Tokens{Access: "a9", Refresh: r.good, Expires: time.Now().UTC().Add(time.Hour)})
	if err := use(next.Service); err != nil || used != 1 {
		t.Fatalf("granted again: %v", err)
	}
}
