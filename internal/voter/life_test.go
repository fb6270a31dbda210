package voter_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/voter"
	"github.com/nhipcau/nhipcau/internal/voter/votertest"
)

// life is the room under random steps.
type life struct {
	*votertest.House
	t     *testing.T
	ids   []string
	round voter.Round
	meet  []string
}

// do takes a step that may be refused, but may not fail otherwise.
func (l *life) do(t *rapid.T, err error) {
	var f *fault.Error
	var list fault.Fields
	if err != nil && !errors.As(err, &f) && !errors.As(err, &list) {
		t.Fatalf("a step failed: %v", err)
	}
}

func (l *life) item(t *rapid.T) string { return rapid.SampledFrom(l.ids).Draw(t, "item") }

// TestLifeOfItems drives random steps and checks after each: merged items have a head that stands for itself, closed items stay
// as they were, an answer that holds was approved by other eyes, what is with a body is in a letter to that very body, and a
// meeting says of itself what its items say.
func TestLifeOfItems(t *testing.T) {
	d := dbtest.SQLite(t, votertest.Migrations...)
	k := votertest.New(t, d)
	lives := 0
	rapid.Check(t, func(rt *rapid.T) {
		if lives++; lives > 30 { // each life is hundreds of transactions
			return
		}
		l := &life{House: k, t: t}
		l.round = k.Round(t, desk, "Kỳ họp ngẫu nhiên", k.Clock.Now())
		for range 2 {
			m := k.Held(t, desk, l.round, orgunittest.AreaKimTan)
			l.meet = append(l.meet, m.ID)
			for _, x := range k.Items(t, desk, m, "Đề nghị sửa đường vào khối.", "Đề nghị nạo vét mương thoát nước.", "Đề nghị thêm đèn đường.") {
				l.ids = append(l.ids, x.ID)
			}
			ok(t, k.Voter.FinishMinutes(t.Context(), desk, m.ID))
		}
		closed := map[string]voter.Item{}
		ctx, s := t.Context(), k.Voter
		bodies := []string{orgunittest.WardOffice, orgunittest.Department}
		step := func(fn func(*rapid.T)) func(*rapid.T) {
			return func(t *rapid.T) { fn(t); l.check(t, closed) }
		}
		rt.Repeat(map[string]func(*rapid.T){
			"classify": step(func(t *rapid.T) {
				l.do(t, s.Classify(ctx, desk, l.item(t), rapid.SampledFrom(voter.Fields()).Draw(t, "field"), rapid.SampledFrom(bodies).Draw(t, "body")))
			}),
			"merge":   step(func(t *rapid.T) { l.do(t, s.Merge(ctx, desk, l.item(t), l.item(t))) }),
			"unmerge": step(func(t *rapid.T) { l.do(t, s.Unmerge(ctx, desk, l.item(t), "khác việc")) }),
			"send": step(func(t *rapid.T) {
				_, err := s.Send(ctx, desk, voter.Letter{RoundID: l.round.ID, BodyUnitID: rapid.SampledFrom(bodies).Draw(t, "body"), DueOn: s.Today().AddDays(5)})
				l.do(t, err)
			}),
			"answer": step(func(t *rapid.T) {
				a := voter.Answer{Kind: rapid.SampledFrom(voter.AnswerKinds()).Draw(t, "kind"), Text: "Trả lời.", DueOn: s.Today().AddDays(9), ForwardedTo: "Sở khác"}
				who := rapid.SampledFrom([]identity.Actor{desk, body, both, sister}).Draw(t, "who")
				l.do(t, s.Answer(ctx, who, l.item(t), a))
			}),
			"decide": step(func(t *rapid.T) {
				x, err := s.Item(ctx, desk, l.item(t))
				if err != nil || x.Wait == nil {
					return
				}
				who := rapid.SampledFrom([]identity.Actor{leader, both, desk}).Draw(t, "who")
				if rapid.Bool().Draw(t, "approve") {
					l.do(t, s.Approve(ctx, who, x.Wait.ID))
				} else {
					l.do(t, s.Reject(ctx, who, x.Wait.ID, "chưa rõ"))
				}
			}),
			"return": step(func(t *rapid.T) { l.do(t, s.Return(ctx, desk, rapid.SampledFrom(l.meet).Draw(t, "meeting"))) }),
		})
	})
}

func (l *life) check(t *rapid.T, closed map[string]voter.Item) {
	ctx, s := l.t.Context(), l.Voter
	for _, id := range l.meet {
		d, err := s.Meeting(ctx, desk, id)
		if err != nil {
			t.Fatal(err)
		}
		unsent, unanswered := false, false
		for _, v := range d.Items {
			if v.State == voter.ItemMerged && (v.Head == nil || v.Head.MergedInto != "" || v.Head.ID == v.ID) {
				t.Fatalf("%s is merged into %+v", v.Code, v.Head)
			}
			switch v.Effective() {
			case voter.ItemNew, voter.ItemClassified:
				unsent = true
			case voter.ItemSent, voter.ItemReview:
				unanswered = true
			}
			l.checkItem(t, v)
			if was, ok := closed[v.ID]; ok && (was.State != v.State || was.AnswerID != v.AnswerID || was.Text != v.Text || was.Version != v.Version) {
				t.Fatalf("a closed item changed: %+v → %+v", was, v.Item)
			}
			if v.State == voter.ItemAnswered {
				closed[v.ID] = v.Item
			}
		}
		if (d.State == voter.Sent || d.State == voter.Answered) && unsent || d.State == voter.Answered && unanswered || d.State == voter.Minuted && !unsent {
			t.Fatalf("the meeting is %s: unsent %v, unanswered %v", d.State, unsent, unanswered)
		}
	}
}

func (l *life) checkItem(t *rapid.T, v voter.ItemView) {
	x, err := l.Voter.Item(l.t.Context(), desk, v.ID)
	if err != nil {
		t.Fatal(err)
	}
	waiting := 0
	for _, a := range x.Answers {
		if a.State == voter.AnswerReview {
			waiting++
		}
		if a.ID == x.AnswerID && (a.State != voter.AnswerApproved || a.AuthorID == a.DeciderID) {
			t.Fatalf("%s holds %+v", v.Code, a)
		}
	}
	if (waiting == 1) != (x.Item.State == voter.ItemReview) || waiting > 1 {
		t.Fatalf("%s is %s with %d answers waiting", v.Code, x.Item.State, waiting)
	}
	switch x.Item.State {
	case voter.ItemSent, voter.ItemReview, voter.ItemProgress, voter.ItemAnswered:
		letter, err := l.Voter.Letter(l.t.Context(), desk, x.LetterID)
		if err != nil || letter.BodyUnitID != x.BodyUnitID {
			t.Fatalf("%s is with %s, its letter with %s: %v", v.Code, x.BodyUnitID, letter.BodyUnitID, err)
		}
	case voter.ItemNew, voter.ItemClassified, voter.ItemMerged:
	}
	if x.Item.State == voter.ItemAnswered && !x.AnswerKind.Closes() || x.Item.State == voter.ItemProgress && x.AnswerKind.Closes() {
		t.Fatalf("%s is %s after %s", v.Code, x.Item.State, x.AnswerKind)
	}
}

// FuzzSplitTranscript: no text makes it fail, parts are valid and bounded, and nothing is invented.
func FuzzSplitTranscript(f *testing.F) {
	f.Add("[00:01:02] Ông An: Thứ nhất, đề nghị sửa đường. Thứ hai, đề nghị thêm đèn.\n\n- Bà Bình: xin cảm ơn.")
	f.Add("00:00:01,000 --> 00:00:03,000\nĐề nghị xã xem xét giải quyết việc đất đai của gia đình tôi.")
	f.Add(strings.Repeat("a", 5000) + "\x00\xff: " + strings.Repeat("đề nghị ", 400))
	f.Fuzz(func(t *testing.T, text string) {
		list := voter.SplitTranscript(text)
		if len(list) > 200 {
			t.Fatal(len(list))
		}
		for _, c := range list {
			if utf8.ValidString(text) && !utf8.ValidString(c.Text) {
				t.Fatalf("%q", c.Text)
			}
			if len(c.Text) > 3*len(text)+8 {
				t.Fatalf("%d bytes out of %d", len(c.Text), len(text))
			}
		}
	})
}

func TestSplitTranscript(t *testing.T) {
	got := voter.SplitTranscript("[00:00:05] Chủ trì: Kính thưa quý vị cử tri.\n[00:02:10] Ông Nguyễn Văn An (xóm 3): Kính thưa đại biểu. Thứ nhất, đề nghị xã sửa cầu tràn đầu xóm. Thứ hai, đề nghị nạo vét kênh tưới cuối đồng. Xin cảm ơn.\n\nBà Lê Thị Bình: Trời hôm nay đẹp và bà con đến rất đông đủ.\n1. Đề nghị có bác sĩ trực ở trạm y tế.")
	var out []string
	for _, c := range got {
		out = append(out, fmt.Sprintf("%s|%v|%s", c.Speaker, c.Likely, c.Text))
	}
	want := []string{"Ông Nguyễn Văn An (xóm 3)|true|Thứ nhất, đề nghị xã sửa cầu tràn đầu xóm.", "Ông Nguyễn Văn An (xóm 3)|true|Thứ hai, đề nghị nạo vét kênh tưới cuối đồng.",
		"Bà Lê Thị Bình|false|Trời hôm nay đẹp và bà con đến rất đông đủ.", "Bà Lê Thị Bình|true|Đề nghị có bác sĩ trực ở trạm y tế."}
	if strings.Join(out, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(out, "\n"), strings.Join(want, "\n"))
	}
}

func TestMasked(t *testing.T) {
	for in, want := range map[string]string{"Gọi 0912 345 678 nhé": "Gọi •••••• 678 nhé", "CCCD 040123456789": "CCCD •••••• 789", "năm 2026, 300 m, 1.250.000 đồng": "năm 2026, 300 m, 1.250.000 đồng", "+84912345678": "•••••• 678"} {
		if got := voter.Masked(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// An item that was merged into another goes along when that one is merged in turn: its meeting then waits for the answer of the
// third, and says so.
func TestMergedAlong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k, ctx := votertest.New(t, d), t.Context()
		round := k.Round(t, desk, "Kỳ họp", k.Clock.Now())
		held := func(texts ...string) (voter.Meeting, []string) {
			m := k.Held(t, desk, round, orgunittest.AreaKimTan)
			var ids []string
			for _, x := range k.Items(t, desk, m, texts...) {
				ids = append(ids, x.ID)
			}
			ok(t, k.Voter.FinishMinutes(ctx, desk, m.ID))
			return m, ids
		}
		_, first := held("Đề nghị sửa đường vào khối.", "Đề nghị sửa đường, đã gửi đi.")
		second, along := held("Đường vào khối hỏng, đề nghị sửa.")
		ok(t, k.Voter.Merge(ctx, desk, along[0], first[0]))
		ok(t, k.Voter.Classify(ctx, desk, first[1], voter.Fields()[0], orgunittest.WardOffice))
		_, err := k.Voter.Send(ctx, desk, voter.Letter{RoundID: round.ID, BodyUnitID: orgunittest.WardOffice, DueOn: k.Voter.Today().AddDays(5)})
		ok(t, err)
		ok(t, k.Voter.Merge(ctx, desk, first[0], first[1]))
		got, err := k.Voter.Meeting(ctx, desk, second.ID)
		ok(t, err)
		if got.State != voter.Sent {
			t.Errorf("the second meeting is %s", got.State)
		}
	}, votertest.Migrations...)
}
