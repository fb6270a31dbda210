package routing_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	mailer "github.com/nhipcau/nhipcau/internal/platform/mail"
)

var (
	admin     = identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.Province)
	wardAdmin = identitytest.Official("ward-admin", identity.RoleUnitAdmin, orgunittest.VinhHung)
)

type kit struct {
	*feedbacktest.Kit
	s    *routing.Service
	post *post
}

// post keeps letters that would go out.
type post struct {
	mu   sync.Mutex
	sent []routing.Letter
	fail error
}

func (p *post) Send(_ context.Context, l routing.Letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return p.fail
	}
	p.sent = append(p.sent, l)
	return nil
}

func each(t *testing.T, fn func(t *testing.T, k kit)) {
	t.Helper()
	places, err := routing.LoadPlaces()
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := kit{Kit: feedbacktest.New(t, d, nil, identitytest.File("routing", routing.Policies)), post: &post{}}
		k.s = routing.New(routing.Deps{Cases: k.Service, Root: orgunittest.Province, Places: places, Post: k.post})
		fn(t, k)
	}, append(append([]db.Migrations{}, feedbacktest.Migrations...), routing.Migrations)...)
}

// middle is the ward in which the middle of Vinh lies.
const middle = "16681"

func TestPlaces(t *testing.T) {
	p, err := routing.LoadPlaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, pt := range [][2]float64{{10.77, 106.70}, {0, 0}} { // Thành phố Hồ Chí Minh, and nowhere
		if code := p.Commune(pt[0], pt[1]); code != "" {
			t.Errorf("%v lies in %q", pt, code)
		}
	}
	if code := p.Commune(18.6755, 105.6680); code != middle {
		t.Errorf("the middle of Vinh lies in %q", code)
	}
}

func TestSuggest(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		ctx := context.Background()
		suggest := func(change func(in *feedback.Intake)) routing.Suggestion {
			t.Helper()
			s, ok, err := k.s.Suggest(ctx, feedbacktest.Officer, k.Ask(change))
			if err != nil || !ok {
				t.Fatalf("%+v %v %v", s, ok, err)
			}
			return s
		}
		s := suggest(func(*feedback.Intake) {})
		if s.Category != "lighting" || !s.Guessed || !slices.Contains(s.Words, "den duong") || s.PlaceID != orgunittest.VinhHung || s.PlaceBy != routing.ByOrigin || s.Rule.ID != "base-lighting" {
			t.Errorf("a street lamp: %+v", s)
		}
		s = suggest(func(in *feedback.Intake) { in.Place.Text = "đầu xóm 3 xã Nghi Kim cũ" })
		if s.PlaceID != orgunittest.VinhHung || s.PlaceBy != routing.ByFormer || s.Named != "Xã Nghi Kim" {
			t.Errorf("a former commune: %+v", s)
		}
		s = suggest(func(in *feedback.Intake) {
			in.Text = "Rác thải chất đống ở cổng chợ phường Trường Vinh đã một tuần"
		})
		if s.PlaceID != orgunittest.TruongVinh || s.PlaceBy != routing.ByWords || s.Category != "waste" {
			t.Errorf("another ward in the words: %+v", s)
		}
		if _, ok, err := k.s.Suggest(ctx, feedbacktest.Officer, k.Ask(func(in *feedback.Intake) { in.Kind = feedback.Denunciation })); ok || err != nil {
			t.Errorf("a denunciation got a suggestion: %v", err)
		}
		if _, err := k.s.SetRule(ctx, wardAdmin, routing.Rule{Category: "lighting", ToKind: routing.ToUnit, ToValue: orgunittest.WardOffice, Source: "x", Reason: "x"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a ward sets what holds everywhere: %v", err)
		}
		if _, err := k.s.SetRule(ctx, wardAdmin, routing.Rule{Category: "nothing", PlaceID: orgunittest.VinhHung, ToKind: routing.ToAgency, ToValue: "../etc", From: "2026-02-31"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("nonsense: %v", err)
		}
		r, err := k.s.SetRule(ctx, wardAdmin, routing.Rule{Category: "lighting", PlaceID: orgunittest.VinhHung, ToKind: routing.ToUnit, ToValue: orgunittest.WardOffice, Source: "QĐ 12", Reason: "Phân công"})
		if err != nil {
			t.Fatal(err)
		}
		if s = suggest(func(*feedback.Intake) {}); s.UnitID != orgunittest.WardOffice || s.Rule.ID != r.ID {
			t.Errorf("the ward's own rule: %+v", s)
		}
		if err := k.s.EndRule(ctx, wardAdmin, r.ID, "Hết phân công"); err != nil {
			t.Fatal(err)
		}
		k.Clock.Advance(48 * time.Hour)
		if s = suggest(func(*feedback.Intake) {}); s.Rule.ID != "base-lighting" {
			t.Errorf("after its end: %+v", s)
		}
		if list, err := k.s.Rules(ctx, wardAdmin); err != nil || len(list) != 13 {
			t.Errorf("%d rules with history: %v", len(list), err)
		}
	})
}

func TestCategories(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		ctx := context.Background()
		if err := k.s.SaveCategory(ctx, wardAdmin, routing.Category{Code: "trees", NameVI: "Cây xanh", NameEN: "Trees"}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a ward makes categories: %v", err)
		}
		if err := k.s.SaveCategory(ctx, admin, routing.Category{Code: "Cây!", NameVI: ""}); !fault.Is(err, fault.Invalid) {
			t.Errorf("nonsense: %v", err)
		}
		if err := k.s.SaveCategory(ctx, admin, routing.Category{Code: "trees", NameVI: "Cây xanh", NameEN: "Trees", Words: "Cây đổ, cây xanh,, cây đổ", Active: true, Position: 13}); err != nil {
			t.Fatal(err)
		}
		cats, err := k.s.Categories(ctx)
		if err != nil || cats[len(cats)-1].Words != "cay do, cay xanh" {
			t.Fatalf("%+v %v", cats[len(cats)-1], err)
		}
		if code, _ := routing.Guess(cats, "Bão làm cây đổ ngang ngõ"); code != "trees" {
			t.Errorf("guessed %q", code)
		}
	})
}

func TestOutsideBodies(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		ctx := context.Background()
		b, err := k.s.SaveBody(ctx, admin, routing.Body{UnitID: orgunittest.Province, Name: "Công ty cấp nước", Email: "cskh@capnuoc.example", Active: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.s.SaveBody(ctx, wardAdmin, routing.Body{ID: b.ID, Name: "Khác", Active: true}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a ward changes the province's entry: %v", err)
		}
		c := k.Ask()
		if _, err := k.s.AskBody(ctx, feedbacktest.Officer, c.ID, b.ID, "Gọi 0912 000 678 gặp tôi", "Việc của công ty", false); !fault.Is(err, fault.Invalid) {
			t.Errorf("a telephone number goes out: %v", err)
		}
		if _, err := k.s.AskBody(ctx, feedbacktest.OtherOfficer, c.ID, b.ID, "Đèn đường hỏng", "Việc của công ty", false); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger asks: %v", err)
		}
		link, err := k.s.AskBody(ctx, feedbacktest.Officer, c.ID, b.ID, "Đèn đường khối Kim Tân hỏng", "Việc của công ty", true)
		if err != nil {
			t.Fatal(err)
		}
		token := link[strings.LastIndex(link, "/")+1:]
		k.Drain()
		if len(k.post.sent) != 1 || !strings.Contains(k.post.sent[0].Text, link) || strings.Contains(k.post.sent[0].Text+k.post.sent[0].Subject, c.Code) {
			t.Fatalf("the letter: %+v", k.post.sent)
		}
		a, err := k.s.ByLink(ctx, token)
		if err != nil || a.Text != "Đèn đường khối Kim Tân hỏng" || a.MailedAt.IsZero() {
			t.Fatalf("%+v %v", a, err)
		}
		if _, err := k.s.ByLink(ctx, token+"x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a wrong link: %v", err)
		}
		if err := k.s.AnswerByLink(ctx, token, "", ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("an empty answer: %v", err)
		}
		if err := k.s.AnswerByLink(ctx, token, "Sẽ sửa trước 05/12/2026", "Trần Văn Mốc, phòng kỹ thuật"); err != nil {
			t.Fatal(err)
		}
		if err := k.s.AnswerByLink(ctx, token, "Lần nữa", "Ai đó"); !fault.Is(err, fault.Conflict) {
			t.Errorf("answered twice: %v", err)
		}
		d, err := k.Service.Dossier(ctx, feedbacktest.Officer, c.ID)
		if err != nil || d.Case.HolderUnitID != orgunittest.VinhHung || d.Events[len(d.Events)-1].Step != feedback.StepReply {
			t.Fatalf("%+v %v", d.Events, err)
		}
		if _, err := k.s.TakeOver(ctx, feedbacktest.OtherOfficer, a.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger takes over: %v", err)
		}
		if _, err := k.s.TakeOver(ctx, feedbacktest.Officer, a.ID); err != nil {
			t.Fatal(err)
		}
		d, _ = k.Service.Dossier(ctx, feedbacktest.Officer, c.ID)
		if p, ok := d.Pending(); !ok || !strings.Contains(p.Text, "Sẽ sửa trước 05/12/2026") {
			t.Errorf("the draft: %+v", p)
		}
		link, err = k.s.AskBody(ctx, feedbacktest.Officer, c.ID, b.ID, "Còn ngõ 4 thì sao?", "Hỏi thêm", false)
		if err != nil {
			t.Fatal(err)
		}
		list, err := k.s.Asks(ctx, feedbacktest.Officer, d.Case)
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v %v", list, err)
		}
		if _, err := k.s.Revoke(ctx, feedbacktest.OtherOfficer, list[1].ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger revokes: %v", err)
		}
		if _, err := k.s.Revoke(ctx, feedbacktest.Officer, list[1].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := k.s.ByLink(ctx, link[strings.LastIndex(link, "/")+1:]); !fault.Is(err, fault.NotFound) {
			t.Errorf("a link that was taken back: %v", err)
		}
		link, _ = k.s.AskBody(ctx, feedbacktest.Officer, c.ID, b.ID, "Hỏi lần cuối về đèn", "Hỏi thêm", false)
		if _, err := k.Service.Classify(ctx, feedbacktest.Officer, c.ID, feedback.Denunciation, ""); err != nil {
			t.Fatal(err)
		}
		k.Drain()
		if _, err := k.s.ByLink(ctx, link[strings.LastIndex(link, "/")+1:]); !fault.Is(err, fault.NotFound) {
			t.Errorf("the link of a case that turned secret: %v", err)
		}
		if _, err := k.s.AskBody(ctx, feedbacktest.Leader, c.ID, b.ID, "Đèn đường", "vì", false); !fault.Is(err, fault.Conflict) {
			t.Errorf("a denunciation goes outside: %v", err)
		}
	})
}

func TestMailIn(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		ctx := context.Background()
		b, err := k.s.SaveBody(ctx, admin, routing.Body{UnitID: orgunittest.Province, Name: "Công ty cấp nước", Email: "cskh@capnuoc.example", Active: true})
		if err != nil {
			t.Fatal(err)
		}
		c := k.Ask()
		if _, err := k.s.AskBody(ctx, feedbacktest.Officer, c.ID, b.ID, "Nước yếu ở khối Kim Tân", "Việc của công ty", true); err != nil {
			t.Fatal(err)
		}
		k.Drain()
		tag := k.post.sent[0].Tag
		letter := func(from, subject, head, body string) string {
			return "From: " + from + "\r\nTo: nhipcau@mattran.example\r\nSubject: " + subject + "\r\n" + head + "\r\n\r\n" + body
		}
		for name, tc := range map[string]struct {
			text string
			kind fault.Kind
		}{
			"not a letter":     {"rubbish without a head", fault.Invalid},
			"about nothing":    {letter("cskh@capnuoc.example", "Chào", "X-A: b", "Chào"), fault.NotFound},
			"from a stranger":  {letter("ke-gian@khac.example", "Re: "+tag, "X-A: b", "Đã xong"), fault.Forbidden},
			"only our own one": {letter("cskh@capnuoc.example", "Re: "+tag, "X-A: b", "On Monday MTTQ wrote:\r\n> Nước yếu"), fault.Invalid},
		} {
			if err := k.s.MailIn(ctx, strings.NewReader(tc.text)); !fault.Is(err, tc.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		mixed := "--b1\r\nContent-Type: multipart/alternative; boundary=b2\r\n\r\n--b2\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			"xJDDoyB0xINuZyDDoXAgbOG7sWMu\r\n--b2\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n--b2--\r\n--b1\r\nContent-Type: application/pdf\r\n\r\nPDF\r\n--b1--\r\n"
		err = k.s.MailIn(ctx, strings.NewReader(letter("Phòng CSKH <CSKH@capnuoc.example>", "=?utf-8?q?Re=3A?= "+tag, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1", mixed)))
		if err != nil {
			t.Fatal(err)
		}
		list, _ := k.s.Asks(ctx, feedbacktest.Officer, c)
		if len(list) != 1 || list[0].Answer != "Đã tăng áp lực." || list[0].AnswerBy != "Phòng CSKH" || list[0].AnswerFrom != "cskh@capnuoc.example" {
			t.Errorf("%+v", list)
		}
		if err := k.s.MailIn(ctx, strings.NewReader(letter("cskh@capnuoc.example", tag, "X-A: b", "Lần nữa"))); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second letter: %v", err)
		}
	})
}

// A letter goes to a real mail server over the wire.
func TestSMTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		fmt.Fprint(conn, "220 test\r\n")
		var all strings.Builder
		data := false
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			all.WriteString(line)
			switch {
			case data && line == ".\r\n":
				data = false
				fmt.Fprint(conn, "250 ok\r\n")
			case data:
			case strings.HasPrefix(line, "DATA"):
				data = true
				fmt.Fprint(conn, "354 go\r\n")
			case strings.HasPrefix(line, "QUIT"):
				fmt.Fprint(conn, "221 bye\r\n")
				got <- all.String()
				return
			default:
				fmt.Fprint(conn, "250 ok\r\n")
			}
		}
	}()
	s := mailer.SMTP{Addr: l.Addr().String(), From: "nhipcau@mattran.example", Clock: clock.NewStub(feedbacktest.Now)}
	err = s.Send(context.Background(), routing.Letter{To: "cskh@capnuoc.example", FromName: "Mặt trận", Subject: "Đề nghị trả lời NC-1", Text: "Kính gửi\nđơn vị", Tag: routing.TagOf("1")})
	if err != nil {
		t.Fatal(err)
	}
	text := <-got
	for _, want := range []string{"RCPT TO:<cskh@capnuoc.example>", "Message-ID: <NC-1@mattran.example>", "=?utf-8?q?", "=C4=91=C6=A1n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the letter lacks %q:\n%s", want, text)
		}
	}
	if err := s.Send(context.Background(), routing.Letter{To: "a@b.example\r\nBcc: all@c.example", Subject: "x"}); err == nil {
		t.Error("a line break went into the head")
	}
}

func TestBulk(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		ctx := context.Background()
		a, b, done := k.Ask(), k.Ask(), k.Ask()
		k.Answer(done.ID, "Đã sửa xong.", false)
		ids := []string{a.ID, b.ID, done.ID}
		if _, err := k.s.RouteMany(ctx, feedbacktest.Officer, ids, "", ""); !fault.Is(err, fault.Invalid) {
			t.Errorf("nothing chosen: %v", err)
		}
		if _, err := k.s.RouteMany(ctx, feedbacktest.OtherOfficer, ids, orgunittest.WardOffice, "vì"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger: %v", err)
		}
		out, err := k.s.RouteMany(ctx, feedbacktest.Officer, ids, orgunittest.WardOffice, "Thuộc UBND phường")
		if err != nil || out.Done != 2 || !slices.Equal(out.Refused, []string{done.Code}) {
			t.Errorf("%+v %v", out, err)
		}
	})
}
