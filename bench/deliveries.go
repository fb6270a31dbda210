package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// zaloPace is what Zalo allows one app, in requests per minute.
const zaloPace = 4000

// deliveries measures how long it takes until an article stands at all 482 Official Accounts of November 2024, each
// confirmed by Zalo, at Zalo's pace and without a limit.
func (b *bench) deliveries(ctx context.Context) error {
	for _, limited := range []bool{true, false} {
		if err := b.deliver(ctx, limited); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) deliver(ctx context.Context, limited bool) (err error) {
	s := rig.Setup{Year2024: true}
	name := "free"
	if limited {
		name, s.Budget, s.Rate, s.Delay = "limited", zaloPace, zaloPace, 1500*time.Millisecond
	}
	r, p, err := b.serve(ctx, "deliveries-"+name, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop(), r.Close()) }()
	d, err := r.OpenDatabase(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	editor, approver, err := b.officials(ctx, r, p)
	if err != nil {
		return err
	}
	rounds := []int{1}
	if !b.short {
		rounds = []int{1, 8} // one post is a burst within the minute's allowance; eight at once must keep to the pace
	}
	for _, posts := range rounds {
		r.World.Zalo.ResetMeter()
		before := r.World.Zalo.Stats().Articles
		used, err := stormProcessor(ctx, p, d)
		if err != nil {
			return err
		}
		took, err := b.publish(ctx, r, d, editor, approver, posts)
		if err != nil {
			return err
		}
		after, err := stormProcessor(ctx, p, d)
		if err != nil {
			return err
		}
		st := r.World.Zalo.Stats()
		n := st.Articles - before
		if n != posts*len(r.Units) || st.Duplicates > 0 {
			return fmt.Errorf("%d articles stand and %d twice; %d posts to %d accounts were published", n, st.Duplicates, posts, len(r.Units))
		}
		b.report(limited, posts, n, took, st.Requests.Total, st.Requests.Refused, st.Requests.MaxPerMinute)
		b.line("   processor time of the product %s a delivery", short((after-used)/time.Duration(n)))
		if limited && posts != rounds[len(rounds)-1] {
			b.line("   (waiting a minute, so that the next round begins with a fresh allowance)")
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(65 * time.Second):
			}
		}
	}
	return nil
}

// report prints one round beside what the pace permits: the least time when each minute begins with a full allowance, as a
// sliding minute permits and nothing can beat, and the time that the requests take at an even pace.
func (b *bench) report(limited bool, posts, n int, took time.Duration, requests, refused int64, busiest int) {
	if !limited {
		b.line("no limit: %d post(s) to %d accounts confirmed in %s: %.0f deliveries/s, %d requests (%.1f each)", posts, n/posts, short(took), float64(n)/took.Seconds(),
			requests, float64(requests)/float64(n))
		return
	}
	least := time.Duration((requests-1)/zaloPace) * time.Minute
	even := time.Duration(float64(requests) / zaloPace * float64(time.Minute))
	text := "within one minute's allowance"
	if least > 0 {
		text = fmt.Sprintf("a sliding minute permits no less than %s: ratio %.2f; at an even pace %s: ratio %.2f", short(least), took.Seconds()/least.Seconds(), short(even), took.Seconds()/even.Seconds())
	}
	b.line("%d/min: %d post(s) to %d accounts confirmed in %s; %d requests (%.1f each), %s; %d refused by Zalo, busiest minute %d",
		zaloPace, posts, n/posts, short(took), requests, float64(requests)/float64(n), text, refused, busiest)
}

func (b *bench) officials(ctx context.Context, r *rig.Rig, p *rig.Process) (editor, approver *rig.Person, err error) {
	for _, one := range []struct {
		id string
		to **rig.Person
	}{{r.Editor, &editor}, {r.Approver, &approver}} {
		person, err := rig.NewPerson(func() string { return p.URL })
		if err != nil {
			return nil, nil, err
		}
		if err := person.SignIn(ctx, one.id); err != nil {
			return nil, nil, err
		}
		*one.to = person
	}
	return editor, approver, nil
}

// publish writes posts, approves them and waits until every delivery is confirmed; it gives the time from the first approval.
func (b *bench) publish(ctx context.Context, r *rig.Rig, d *db.DB, editor, approver *rig.Person, posts int) (time.Duration, error) {
	var ids []string
	for i := range posts {
		post, err := editor.Write(ctx, r.Units[0].ID, fmt.Sprintf("Thông báo số %d/%d lúc %s", i+1, posts, time.Now().Format("15:04:05")), []string{"zalo"}, []string{"subtree:" + r.Units[0].ID})
		if err != nil {
			return 0, err
		}
		ids = append(ids, post)
	}
	began := time.Now()
	for _, post := range ids {
		if err := approver.Approve(ctx, post); err != nil {
			return 0, err
		}
	}
	for {
		var open, failed int
		if err := d.Read().NewRaw("SELECT count(*) FILTER (WHERE state NOT IN ('published','failed')), count(*) FILTER (WHERE state = 'failed') FROM channel_delivery WHERE kind = 'zalo'").
			Scan(ctx, &open, &failed); err != nil {
			return 0, err
		}
		if failed > 0 {
			return 0, fmt.Errorf("%d deliveries failed", failed)
		}
		if open == 0 {
			return time.Since(began), nil
		}
		if time.Since(began) > 10*time.Minute {
			return 0, fmt.Errorf("%d deliveries are still open after ten minutes", open)
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
