package alert_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/alert"
	"github.com/nhipcau/nhipcau/internal/feedback/alertweb"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/open311web"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	mailer "github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

// server is a mail server on the loopback: it speaks SMTP, keeps what it is given, and refuses the addresses it is told to.
type server struct {
	addr string
	mu   sync.Mutex
	got  []string
	deaf map[string]bool // addresses that take nothing
}

func serve(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &server{addr: l.Addr().String(), deaf: map[string]bool{}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.talk(conn)
		}
	}()
	return s
}

func (s *server) talk(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 test\r\n")
	var all strings.Builder
	for data := false; ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		to, _, _ := strings.Cut(strings.TrimPrefix(line, "RCPT TO:<"), ">")
		s.mu.Lock()
		refuse := strings.HasPrefix(line, "RCPT") && s.deaf[to]
		s.mu.Unlock()
		switch {
		case data && line == ".\r\n":
			data = false
			s.mu.Lock()
			s.got = append(s.got, all.String())
			s.mu.Unlock()
			fmt.Fprint(conn, "250 ok\r\n")
		case data:
			all.WriteString(line)
		case refuse:
			fmt.Fprint(conn, "550 5.1.1 no such user\r\n")
		case strings.HasPrefix(line, "DATA"):
			data = true
			fmt.Fprint(conn, "354 go\r\n")
		case strings.HasPrefix(line, "QUIT"):
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

func (s *server) refuse(address string, yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf[address] = yes
}

type letter struct {
	mail.Header
	text string
}

// letters are what came in since the last look.
func (s *server) letters(t *testing.T) []letter {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []letter
	for _, raw := range s.got {
		m, err := mail.ReadMessage(strings.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, letter{m.Header, string(b)})
	}
	s.got = nil
	return out
}

type kit struct {
	*feedbacktest.Kit
	s    *alert.Service
	mail *server
}

func each(t *testing.T, fn func(t *testing.T, k kit)) {
	t.Helper()
	words, err := i18n.Load(alertweb.Catalogue, feedbackweb.Catalogue, open311web.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	box, err := secret.Parse("k1 " + strings.Repeat("cd", 32))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := kit{Kit: feedbacktest.New(t, d, words.In("vi")), mail: serve(t)}
		k.s = alert.New(alert.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Forest: k.Units.Forest, Cases: k.Service, Matters: routing.New(routing.Deps{Cases: k.Service, Root: orgunittest.Province}).Categories, Sealer: box, Key: []byte("key"),
			Post:    mailer.SMTP{Addr: k.mail.addr, From: "nhipcau@mattran.example", Clock: k.Clock},
			Words:   func(lang string) feedback.Words { return words.In(lang) },
			BaseURL: "https://mttq.example"})
		fn(t, k)
	}, append(append([]db.Migrations{}, feedbacktest.Migrations...), alert.Migrations, routing.Migrations)...)
}

var link = regexp.MustCompile(`https://mttq\.example/bao-tin/([^\s/]+)`)

// subscribed makes a wish, confirms it by the link of the letter and gives the secret of the link.
func (k kit) subscribed(t *testing.T, w alert.Wish) string {
	t.Helper()
	w.Lang = "vi"
	if err := k.s.Subscribe(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	k.Drain()
	got := k.mail.letters(t)
	if len(got) != 1 || got[0].Get("To") != "<"+w.Email+">" {
		t.Fatalf("the first letter: %+v", got)
	}
	m := link.FindStringSubmatch(got[0].text)
	if m == nil {
		t.Fatalf("no link: %s", got[0].text)
	}
	if err := k.s.Confirm(t.Context(), m[1]); err != nil {
		t.Fatal(err)
	}
	return m[1]
}

func (k kit) publish(t *testing.T, category, text string) feedback.Case {
	t.Helper()
	c := k.Ask(func(in *feedback.Intake) { in.Category = category; in.Text = text })
	k.Answer(c.ID, "Đã sửa xong trong tuần qua.", true)
	k.Drain()
	return c
}

// sweep runs the hourly look as the queue would.
func (k kit) sweep(t *testing.T) {
	t.Helper()
	err := k.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return k.Queue.Enqueue(ctx, tx, alert.SweepArgs(), nil) })
	if err != nil {
		t.Fatal(err)
	}
	k.Drain()
}

func TestAtOnce(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		token := k.subscribed(t, alert.Wish{Email: "ba.con@thu.example", UnitID: orgunittest.Province, Category: "lighting"})
		k.publish(t, "waste", "Rác ở cổng chợ chất đống đã một tuần không ai dọn.")
		if got := k.mail.letters(t); len(got) != 0 {
			t.Fatalf("another category was told: %+v", got)
		}
		c := k.publish(t, "lighting", "Đèn đường khối Kim Tân hỏng hơn hai tháng nay chưa ai sửa.")
		got := k.mail.letters(t)
		if len(got) != 1 {
			t.Fatalf("%d letters", len(got))
		}
		l := got[0]
		stop := "https://mttq.example/bao-tin/" + token + "/thoi"
		if l.Get("List-Unsubscribe") != "<"+stop+">" || l.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || !strings.HasPrefix(l.Get("Message-ID"), "<NB-") {
			t.Errorf("the head: %v", l.Header)
		}
		for _, want := range []string{"https://mttq.example/hoi-dap/" + c.ID, stop, "Đèn đường"} {
			if !strings.Contains(l.text, want) {
				t.Errorf("the letter lacks %q:\n%s", want, l.text)
			}
		}
		if strings.Contains(l.text, "alert.") || strings.Contains(l.text, "0912") || strings.Contains(l.text, "Nguyễn Thị Mẫu") {
			t.Errorf("the letter says too much or too little:\n%s", l.text)
		}
		// The same event again tells nothing twice.
		err := k.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			return k.Queue.Publish(ctx, tx, feedback.AnswerPublished{CaseID: c.ID, UnitID: orgunittest.VinhHung})
		})
		if err != nil {
			t.Fatal(err)
		}
		k.Drain()
		k.sweep(t)
		if got := k.mail.letters(t); len(got) != 0 {
			t.Errorf("told twice: %+v", got)
		}
		for range 2 { // the click may come twice
			if err := k.s.Stop(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := k.s.ByToken(t.Context(), token); !fault.Is(err, fault.NotFound) {
			t.Errorf("stopped: %v", err)
		}
		k.publish(t, "lighting", "Đèn đường khối khác cũng hỏng từ đầu tháng.")
		if n, _ := k.DB.Read().NewSelect().TableExpr("alert_subscription").Count(t.Context()); n != 0 || len(k.mail.letters(t)) != 0 {
			t.Errorf("after stopping %d rows are left, or a letter went", n)
		}
	})
}

func TestDigest(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		k.subscribed(t, alert.Wish{Email: "moi.ngay@thu.example", UnitID: orgunittest.VinhHung, Daily: true})
		a := k.publish(t, "lighting", "Đèn đường khối Kim Tân hỏng hơn hai tháng nay chưa ai sửa.")
		b := k.publish(t, "waste", "Rác ở cổng chợ chất đống đã một tuần không ai dọn.")
		if got := k.mail.letters(t); len(got) != 0 {
			t.Fatalf("a letter went at once: %+v", got)
		}
		k.sweep(t)
		got := k.mail.letters(t)
		if len(got) != 1 || !strings.Contains(got[0].text, a.ID) || !strings.Contains(got[0].text, b.ID) {
			t.Fatalf("the letter of the day: %+v", got)
		}
		c := k.publish(t, "road", "Đường vào xóm lún sâu, xe không qua được.")
		k.sweep(t)
		if got := k.mail.letters(t); len(got) != 0 {
			t.Error("a second letter in one day")
		}
		k.Clock.Advance(20 * time.Hour) // five in the morning
		k.sweep(t)
		if got := k.mail.letters(t); len(got) != 0 {
			t.Error("a letter before the hour")
		}
		k.Clock.Advance(3 * time.Hour)
		k.sweep(t)
		if got := k.mail.letters(t); len(got) != 1 || !strings.Contains(got[0].text, c.ID) || strings.Contains(got[0].text, a.ID) {
			t.Errorf("the next day: %+v", got)
		}
	})
}

// Nobody is written to who has not confirmed; an address cannot be flooded; a wish that is not confirmed is forgotten.
func TestUnconfirmed(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		ctx := t.Context()
		for _, bad := range []alert.Wish{{Email: ""}, {Email: "Bà Con <a@b.example>"}, {Email: "a@b"}, {Email: "a@b.example\r\nBcc: x@y.example"},
			{Email: "a@b.example", UnitID: "nowhere"}, {Email: "a@b.example", Category: "../x"}} {
			if err := k.s.Subscribe(ctx, bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		for _, category := range []string{"lighting", "lighting", "road", "waste", "land", "security"} {
			if err := k.s.Subscribe(ctx, alert.Wish{Email: "a@b.example", Category: category, Lang: "vi"}); err != nil {
				t.Fatal(err)
			}
		}
		k.Drain()
		if got := k.mail.letters(t); len(got) != alert.MaxPending {
			t.Errorf("%d letters to an address that confirmed nothing", len(got))
		}
		k.publish(t, "lighting", "Đèn đường khối Kim Tân hỏng hơn hai tháng nay chưa ai sửa.")
		if got := k.mail.letters(t); len(got) != 0 {
			t.Errorf("an unconfirmed address was told: %+v", got)
		}
		var raw string
		if err := k.DB.Read().NewSelect().TableExpr("alert_subscription").ColumnExpr("MAX(address || address_key)").Scan(ctx, &raw); err != nil || strings.Contains(raw, "b.example") {
			t.Errorf("the address stands open: %q %v", raw, err)
		}
		k.Clock.Advance(alert.ConfirmDays * 24 * time.Hour)
		k.sweep(t)
		if n, _ := k.DB.Read().NewSelect().TableExpr("alert_subscription").Count(ctx); n != 0 {
			t.Errorf("%d wishes are kept that nobody confirmed", n)
		}
	})
}

// An address that refuses letters on three days is given up; what it missed comes when it takes letters again before.
func TestRefusedAddress(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		to := "het.cho@thu.example"
		token := k.subscribed(t, alert.Wish{Email: to})
		k.mail.refuse(to, true)
		k.publish(t, "lighting", "Đèn đường khối Kim Tân hỏng hơn hai tháng nay chưa ai sửa.")
		k.sweep(t)
		k.Clock.Advance(24 * time.Hour)
		k.mail.refuse(to, false)
		k.sweep(t)
		if got := k.mail.letters(t); len(got) != 1 {
			t.Fatalf("what waited: %d letters", len(got))
		}
		k.Clock.Advance(24 * time.Hour)
		k.mail.refuse(to, true)
		k.publish(t, "waste", "Rác ở cổng chợ chất đống đã một tuần không ai dọn.")
		k.sweep(t)
		if _, err := k.s.ByToken(t.Context(), token); err != nil {
			t.Fatalf("given up after two days: %v", err)
		}
		k.Clock.Advance(24 * time.Hour)
		k.sweep(t)
		if _, err := k.s.ByToken(t.Context(), token); !fault.Is(err, fault.NotFound) {
			t.Errorf("not given up: %v", err)
		}
	})
}

// A letter that comes back a day later counts too; a notice of delay does not.
func TestBounce(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		token := k.subscribed(t, alert.Wish{Email: "chuyen.di@thu.example"})
		for day := range alert.MaxRefused {
			k.publish(t, "lighting", fmt.Sprintf("Đèn đường khối %d hỏng hơn hai tháng nay chưa ai sửa.", day+1))
			k.sweep(t)
			got := k.mail.letters(t)
			if len(got) != 1 {
				t.Fatalf("day %d: %d letters", day, len(got))
			}
			for status, want := range map[string]bool{"4.4.7": false, "5.1.1": true} {
				report := "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; chuyen.di@thu.example\r\nAction: failed\r\nStatus: " +
					status + "\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: " + got[0].Get("Message-ID") + "\r\n\r\n--b--\r\n"
				if was, err := k.s.Bounce(t.Context(), strings.NewReader(report)); err != nil || was != want {
					t.Errorf("status %s: %v %v", status, was, err)
				}
			}
			k.Clock.Advance(24 * time.Hour)
		}
		if _, err := k.s.ByToken(t.Context(), token); !fault.Is(err, fault.NotFound) {
			t.Errorf("not given up: %v", err)
		}
	})
}

// A reorganisation takes subscriptions along, and leaves nobody with two.
func TestMove(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		ctx := t.Context()
		k.subscribed(t, alert.Wish{Email: "a@b.example", UnitID: orgunittest.TruongVinh})
		k.Clock.Advance(25 * time.Hour)
		k.subscribed(t, alert.Wish{Email: "a@b.example", UnitID: orgunittest.VinhHung})
		k.subscribed(t, alert.Wish{Email: "c@b.example", UnitID: orgunittest.TruongVinh})
		m := k.s.Mover()
		if lines, err := m.Preview(ctx, []string{orgunittest.TruongVinh}); err != nil || len(lines) != 1 || lines[0].Count != 2 {
			t.Errorf("%+v %v", lines, err)
		}
		err := k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return m.Move(ctx, tx, orgunittest.TruongVinh, orgunittest.VinhHung, "2026-12-01")
		})
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := k.DB.Read().NewSelect().TableExpr("alert_subscription").Where("unit_id = ?", orgunittest.VinhHung).Count(ctx); n != 2 {
			t.Errorf("%d subscriptions", n)
		}
	})
}
