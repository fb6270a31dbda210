package feedback_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
)

// What the house really plugs in.
var (
	_ feedback.Replier  = (*channel.Service)(nil)
	_ feedback.Log      = (*tlog.Log)(nil)
	_ feedback.Pictures = (*picture.Store)(nil)
	_ feedback.Sealer   = (*secret.Box)(nil)
)

// With the real channel service and the real public log: the answer reaches the follower once, its receipt comes back, and
// the receipt of the case verifies against the log's key.
func TestWithTheRealChannelsAndLog(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		k := feedbacktest.New(t, d, nil)
		zalo := channeltest.NewFake(channel.Zalo, 0)
		channels := channel.New(channel.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Authz: k.Authz, Sealer: channeltest.Sealer{}, Units: k.Units,
			Config: channel.Config{Backoff: 20 * time.Millisecond, Settle: 50 * time.Millisecond}})
		channels.Add(zalo)
		var account channel.Account
		err := d.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			account, err = channels.Install(ctx, tx, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.VinhHung, ExternalID: "oa1", Name: "Mặt trận phường Vinh Hưng"}, channel.Tokens{Access: "a"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		public, err := tlog.Open(ctx, t.TempDir(), t.TempDir()+"/key", tlog.Options{Checkpoint: 100 * time.Millisecond, Batch: 10 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer public.Close(ctx)
		k.Service.Replies = channels
		k.LogTo(public)

		in := feedbacktest.Question()
		in.Door, in.SourceKey, in.Return = feedback.DoorZalo, "inbox:1", feedback.Return{AccountID: account.ID, PersonID: "follower"}
		c := must(t)(k.Service.Take(ctx, feedbacktest.Officer, in))
		k.Answer(c.ID, answerText, false)
		k.Drain()
		var answers int
		for _, m := range zalo.Sent() {
			if strings.Contains(m.Text, answerText) {
				answers++
			}
		}
		if answers != 1 || len(zalo.Sent()) != 2 {
			t.Errorf("sent %+v", zalo.Sent())
		}
		dossier, err := k.Service.Dossier(ctx, feedbacktest.Officer, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range dossier.Notices {
			if n.State != feedback.NoticeSent || n.ExternalID == "" {
				t.Errorf("notice %s: %+v", n.Step, n)
			}
		}
		verify(t, public, dossier.Case)
	}, append(feedbacktest.Migrations, channel.Migrations)...)
}

func verify(t *testing.T, public *tlog.Log, c feedback.Case) {
	t.Helper()
	p, err := feedback.ReadProof(c.Receipt)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := feedback.LeafBytes(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.Verify(public.VerificationKey(), p, leaf); err != nil {
		t.Errorf("the receipt does not verify: %v", err)
	}
	c.Text += " sửa"
	if leaf, err := feedback.LeafBytes(c); err == nil && tlog.Verify(public.VerificationKey(), p, leaf) == nil {
		t.Error("an altered text verifies")
	}
}

func BenchmarkIntake(b *testing.B) {
	d := dbtest.SQLite(b, feedbacktest.Migrations...)
	k := feedbacktest.New(b, d, nil)
	in := feedbacktest.Question()
	b.Run("cases", func(b *testing.B) {
		b.SetParallelism(64)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := k.Service.Ask(context.Background(), citizen, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	if _, err := d.SQLWriter().Exec("CREATE TABLE raw (id text PRIMARY KEY, body text)"); err != nil {
		b.Fatal(err)
	}
	b.Run("raw commits", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.SQLWriter().Exec("INSERT INTO raw VALUES (hex(randomblob(16)), ?)", in.Text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
