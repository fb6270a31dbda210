package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// The storm: so many events a second, for so long, each answered within stormLimit.
const (
	stormRate    = 2000
	stormSeconds = 60
	stormLimit   = 2 * time.Second

	stormPeople      = 10  // who write to one account
	stormConnections = 512 // on which the platforms post
)

// storm posts signed events of Zalo and Facebook to the product at 2,000 a second, one in ten of them twice and one in five
// out of its order; then it waits for what follows from them and compares it one by one. A sixth of the time with -short.
func (b *bench) storm(ctx context.Context) error {
	seconds := stormSeconds
	if b.short {
		seconds /= 6
	}
	return b.engines(func(engine db.Engine, url string) error { return b.stormOn(ctx, engine, url, seconds) })
}

func (b *bench) stormOn(ctx context.Context, engine db.Engine, url string, seconds int) (err error) {
	if url != "" {
		if url, err = emptyDatabase(ctx, url, "storm"); err != nil {
			return err
		}
	}
	r, p, err := b.serve(ctx, "storm-"+string(engine), rig.Setup{Year2024: true, Pages: true, Database: url, Budget: zaloPace})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop(), r.Close()) }()
	d, err := r.OpenDatabase(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	w, err := newWeather(r, stormRate*seconds)
	if err != nil {
		return err
	}
	used, err := stormProcessor(ctx, p, d)
	if err != nil {
		return err
	}
	began := time.Now()
	f, err := w.blow(ctx, strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		return errors.Join(err, errors.New(p.Log()))
	}
	blown := time.Since(began)
	if err := w.settled(ctx, d); err != nil {
		return errors.Join(err, errors.New(p.Log()))
	}
	all := time.Since(began)
	after, err := stormProcessor(ctx, p, d)
	if err != nil {
		return err
	}
	slices.Sort(f.took)
	slowest := f.took[len(f.took)-1]
	b.line("%-8s %d events in %s (%.0f/s; %d different ones, %d accounts): %d accepted, %d not; answered in median %s, p99 %s, slowest %s; limit %s: ratio %.2f",
		engine, len(w.sends), short(blown), float64(len(w.sends))/blown.Seconds(), w.different, 2*len(r.Units), len(f.took), f.refused, short(f.took[len(f.took)/2]),
		short(f.took[len(f.took)*99/100]), short(slowest), short(stormLimit), slowest.Seconds()/stormLimit.Seconds())
	b.line("%-8s the last effect stood %s after the last event; processor time of product and database %s an event", engine, short(all-blown),
		short((after-used)/time.Duration(len(w.sends))))
	if err := w.compare(ctx, d); err != nil {
		return fmt.Errorf("storm on %s: %w", engine, err)
	}
	b.line("%-8s compared one by one: %d messages, %d conversations and %d follows are right, none is missing and none is there twice", engine, len(w.messages), len(w.talks), len(w.follows))
	if f.refused > 0 || slowest > stormLimit {
		return fmt.Errorf("storm on %s: %d refused, slowest answer %s", engine, f.refused, short(slowest))
	}
	return nil
}

// stormProcessor is the processor time of the product's process and, on PostgreSQL, of the database.
func stormProcessor(ctx context.Context, p *rig.Process, d *db.DB) (time.Duration, error) {
	sum, err := spent(p.PID())
	if err != nil || d.Engine() != db.Postgres {
		return sum, err
	}
	var pids []int
	if err := d.Read().NewRaw("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'").Scan(ctx, &pids); err != nil {
		return 0, err
	}
	for _, pid := range pids {
		one, err := spent(pid)
		if err != nil {
			continue // it has gone since
		}
		sum += one
	}
	return sum, nil
}

// spent is the processor time of a process, user and system (proc(5)).
func spent(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name before may hold blanks
	var sum time.Duration
	fields := strings.Fields(rest)
	for _, f := range fields[min(11, len(fields)):min(13, len(fields))] {
		ticks, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ticks) * 10 * time.Millisecond
	}
	return sum, nil
}

// talk names a conversation by what the platforms know of it.
type talk struct{ account, person, post string }

// said is a message as it must stand in the end.
type said struct {
	talk
	text string
	at   time.Time
}

// followed is the last word of a person about following an account.
type followed struct {
	on bool
	at time.Time
}

// weather is a storm made beforehand: what is sent, in which order, and what must come of it.
type weather struct {
	sends     [][]byte // whole requests, in the order in which they are sent
	different int
	messages  map[string]said // by the platform's id of the message
	talks     map[talk][]said
	follows   map[talk]followed
}

var stormWords = []string{"Mặt trận xã cho tôi hỏi ngày họp dân", "Đèn đường xóm 4 hỏng đã ba hôm", "Cảm ơn cán bộ đã trả lời", "Nhà tôi bị ngập, cần thuyền", "Bao giờ phát gạo hỗ trợ ạ?"}

// newWeather invents a storm over all accounts of the rig, always the same one.
func newWeather(r *rig.Rig, n int) (*weather, error) {
	w := &weather{messages: map[string]said{}, talks: map[talk][]said{}, follows: map[talk]followed{}}
	rnd := rand.New(rand.NewPCG(2, 9))
	type send struct {
		place float64
		raw   []byte
	}
	sends := make([]send, 0, n)
	cfg := r.Config("")
	start := r.World.Zalo.Now().Truncate(time.Second)
	for i := 0; len(sends) < n; i++ {
		oa := r.OA[r.Units[rnd.IntN(len(r.Units))].ID]
		at := start.Add(time.Duration(i) * time.Second / stormRate).Truncate(time.Millisecond)
		raw, err := w.event(r, cfg.Facebook.AppSecret, rnd, oa, i, at)
		if err != nil {
			return nil, err
		}
		w.different++
		place := float64(i)
		if rnd.IntN(5) == 0 {
			place += rnd.Float64() * 2 * stormRate // up to two seconds late
		}
		sends = append(sends, send{place, raw})
		if rnd.IntN(10) == 0 && len(sends) < n {
			sends = append(sends, send{place + rnd.Float64()*3*stormRate, raw})
		}
	}
	slices.SortStableFunc(sends, func(a, b send) int {
		switch {
		case a.place < b.place:
			return -1
		case a.place > b.place:
			return 1
		}
		return 0
	})
	for _, s := range sends {
		w.sends = append(w.sends, s.raw)
	}
	return w, nil
}

// event invents one event as the platforms write it: of a hundred, 72 are messages to an Official Account, some with a
// picture, 6 follow or leave one, 2 mean nothing to us, 14 are messages to a page and 6 comments under its posts.
func (w *weather) event(r *rig.Rig, secret string, rnd *rand.Rand, oa string, i int, at time.Time) ([]byte, error) {
	who := fmt.Sprintf("7%s%03d", oa[len(oa)-12:], rnd.IntN(stormPeople))
	text := fmt.Sprintf("%s (%d)", stormWords[rnd.IntN(len(stormWords))], i)
	page := fmt.Sprintf("1%014s", strings.TrimLeft(oa[1:], "0"))
	kind := rnd.IntN(100)
	if kind >= 80 {
		return w.onFacebook(secret, page, who, text, i, at, kind >= 94)
	}
	fields := map[string]any{"user_id_by_app": "9" + who, "sender": map[string]string{"id": who}, "recipient": map[string]string{"id": oa}}
	name, message := "user_send_text", map[string]any{"msg_id": fmt.Sprintf("z%08d", i), "text": text}
	switch {
	case kind >= 78:
		name, message = "user_seen_message", map[string]any{"msg_ids": []string{fmt.Sprintf("x%08d", i)}}
	case kind >= 72:
		fields = map[string]any{"oa_id": oa, "user_id_by_app": "9" + who, "follower": map[string]string{"id": who}, "source": "oa_profile"}
		name, message = "follow", nil
		if rnd.IntN(2) == 0 {
			name = "unfollow"
		}
		t := talk{oa, who, ""}
		if old := w.follows[t]; !old.at.After(at) {
			w.follows[t] = followed{name == "follow", at}
		}
	case kind >= 64:
		name = "user_send_image"
		message["attachments"] = []map[string]any{{"type": "image", "payload": map[string]string{"url": "https://photo.example/" + who + ".jpg"}}}
	}
	if message != nil {
		fields["message"] = message
	}
	if kind < 72 {
		w.expect(message["msg_id"].(string), said{talk{oa, who, ""}, text, at})
	}
	body, h, err := r.World.Zalo.Compose(oa, name, at, fields)
	return post("/webhook/zalo", body, h), err
}

func (w *weather) onFacebook(secret, page, who, text string, i int, at time.Time, comment bool) ([]byte, error) {
	entry := map[string]any{"id": page, "time": at.UnixMilli()}
	t, key := talk{page, who, ""}, fmt.Sprintf("f%08d", i)
	if comment {
		at = at.Truncate(time.Second)
		t.post = page + "_1"
		entry["changes"] = []any{map[string]any{"field": "feed", "value": map[string]any{"item": "comment", "verb": "add", "comment_id": key, "post_id": t.post, "parent_id": t.post,
			"message": text, "created_time": at.Unix(), "from": map[string]string{"id": who, "name": "Người dân " + who}}}}
	} else {
		entry["messaging"] = []any{map[string]any{"sender": map[string]string{"id": who}, "recipient": map[string]string{"id": page}, "timestamp": at.UnixMilli(),
			"message": map[string]any{"mid": key, "text": text}}}
	}
	w.expect(key, said{t, text, at})
	body, err := facebook.Escape(map[string]any{"object": "page", "entry": []any{entry}})
	return post("/webhook/facebook", []byte(body), http.Header{"X-Hub-Signature-256": {facebook.Signature(secret, []byte(body))}}), err
}

func (w *weather) expect(key string, s said) {
	w.messages[key] = s
	w.talks[s.talk] = append(w.talks[s.talk], s)
}

// post is a whole request, ready to be written.
func post(path string, body []byte, h http.Header) []byte {
	var out strings.Builder
	fmt.Fprintf(&out, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", path, len(body))
	_ = h.Write(&out) // a strings.Builder takes everything
	return []byte(out.String() + "\r\n" + string(body))
}

// fallen is how the storm was taken.
type fallen struct {
	took    []time.Duration // of those answered 200, from the moment they were due to be sent
	refused int
}

// blow sends everything, each at its moment, whether or not those before it have been answered.
func (w *weather) blow(ctx context.Context, address string) (fallen, error) {
	due := make(chan int, len(w.sends))
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		f     fallen
		fault error
	)
	began := time.Now().Add(100 * time.Millisecond)
	moment := func(i int) time.Time { return began.Add(time.Duration(i) * time.Second / stormRate) }
	for range stormConnections {
		wg.Go(func() {
			var mine fallen
			err := func() error {
				c, err := net.Dial("tcp", address)
				if err != nil {
					return err
				}
				defer c.Close()
				in := bufio.NewReader(c)
				for i := range due {
					status, err := ask(c, in, w.sends[i])
					if err != nil {
						return err
					}
					if status != http.StatusOK {
						mine.refused++
						continue
					}
					mine.took = append(mine.took, time.Since(moment(i)))
				}
				return nil
			}()
			mu.Lock()
			defer mu.Unlock()
			f.took, f.refused, fault = append(f.took, mine.took...), f.refused+mine.refused, errors.Join(fault, err)
		})
	}
	for i := range w.sends {
		if wait := time.Until(moment(i)); wait > time.Millisecond {
			time.Sleep(wait)
		}
		if ctx.Err() != nil {
			break
		}
		due <- i
	}
	close(due)
	wg.Wait()
	if fault == nil && len(f.took) == 0 {
		fault = errors.New("nothing was accepted")
	}
	return f, errors.Join(ctx.Err(), fault)
}

// ask writes one request and reads its answer.
func ask(c net.Conn, in *bufio.Reader, request []byte) (status int, err error) {
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, errors.Join(err, resp.Body.Close())
}

// settled waits until nothing more comes of the storm: every webhook is read and every message stands in a conversation.
func (w *weather) settled(ctx context.Context, d *db.DB) error {
	began, last, moved := time.Now(), -1, time.Now()
	for {
		var open, placed int
		err := d.Read().NewRaw("SELECT (SELECT count(*) FROM channel_webhook WHERE processed_at IS NULL), (SELECT count(*) FROM inbox_message)").Scan(ctx, &open, &placed)
		if err != nil || open == 0 && placed >= len(w.messages) {
			return err
		}
		if placed-open != last {
			last, moved = placed-open, time.Now()
		}
		if time.Since(moved) > time.Minute || time.Since(began) > 30*time.Minute {
			return fmt.Errorf("%d webhooks are unread, and %d of %d messages stand in the inbox", open, placed, len(w.messages))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// compare looks at every effect: each message once, in its conversation, with its words; each conversation with its newest
// words and the number of its messages; each person following or not by their last word.
func (w *weather) compare(ctx context.Context, d *db.DB) error {
	var rows []struct{ Account, ExternalID, PersonID, Text, Conversation, Post string }
	err := d.Read().NewRaw(`SELECT a.external_id AS account, m.external_id, m.person_id, m.text, COALESCE(c.person_id, '') AS conversation, COALESCE(c.post, '') AS post
		FROM channel_message AS m JOIN channel_account AS a ON a.id = m.account_id
		LEFT JOIN inbox_message AS i ON i.message_id = m.id LEFT JOIN inbox_conversation AS c ON c.id = i.conversation_id`).Scan(ctx, &rows)
	if err != nil {
		return err
	}
	if len(rows) != len(w.messages) {
		return fmt.Errorf("%d messages stand there instead of %d", len(rows), len(w.messages))
	}
	for _, r := range rows {
		if m, ok := w.messages[r.ExternalID]; !ok || m.talk != (talk{r.Account, r.PersonID, r.Post}) || m.text != r.Text || r.Conversation != r.PersonID {
			return fmt.Errorf("message %q stands as %+v and was sent as %+v", r.ExternalID, r, m)
		}
	}
	if err := w.compareTalks(ctx, d); err != nil {
		return err
	}
	var people []struct {
		Account, PersonID string
		Follows           bool
	}
	if err := d.Read().NewRaw("SELECT a.external_id AS account, p.person_id, p.follows FROM channel_person AS p JOIN channel_account AS a ON a.id = p.account_id").Scan(ctx, &people); err != nil {
		return err
	}
	right := 0
	for _, p := range people {
		if f, ok := w.follows[talk{p.Account, p.PersonID, ""}]; ok && f.on == p.Follows {
			right++
		}
	}
	if right != len(w.follows) {
		return fmt.Errorf("%d of %d people follow as they said last", right, len(w.follows))
	}
	return nil
}

func (w *weather) compareTalks(ctx context.Context, d *db.DB) error {
	var talks []struct {
		Account, PersonID, Post, LastText string
		Unread                            int
	}
	if err := d.Read().NewRaw("SELECT a.external_id AS account, c.person_id, c.post, c.last_text, c.unread FROM inbox_conversation AS c JOIN channel_account AS a ON a.id = c.account_id").
		Scan(ctx, &talks); err != nil {
		return err
	}
	if len(talks) != len(w.talks) {
		return fmt.Errorf("%d conversations stand there instead of %d", len(talks), len(w.talks))
	}
	for _, t := range talks {
		all := w.talks[talk{t.Account, t.PersonID, t.Post}]
		newest := false
		for _, s := range all {
			newest = newest || s.text == t.LastText && !slices.ContainsFunc(all, func(o said) bool { return o.at.After(s.at) })
		}
		if !newest || t.Unread != len(all) {
			return fmt.Errorf("conversation %+v should hold %d messages, none newer than the one it shows", t, len(all))
		}
	}
	return nil
}
