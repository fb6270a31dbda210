package topics_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/topics"
)

func asIs(s string) string { return s }

// said makes n people say much the same, each in words of their own around it.
func said(n int, unit, person string, texts ...string) []topics.Voice {
	var out []topics.Voice
	for i := range n {
		out = append(out, topics.Voice{Person: fmt.Sprintf("%s-%d", person, i), UnitID: unit, Text: texts[i%len(texts)]})
	}
	return out
}

var (
	power = []string{"Cột điện đầu xóm nghiêng, dây điện chùng xuống đường.", "Xin cho sửa cột điện bị nghiêng sau bão. Dây điện chùng rất nguy hiểm.", "cột điện nghiêng mà chưa ai sửa, dây điện chùng"}
	water = []string{"Nước sinh hoạt đục và có mùi tanh mấy ngày nay.", "Nước sinh hoạt bị đục, có mùi tanh, không dùng được.", "Nhà máy nước để nước sinh hoạt đục, mùi tanh"}
	noise = []string{"Quán hát mở loa kẹo kéo đến khuya.", "Loa kẹo kéo hát quá khuya, trẻ con không ngủ được."}
)

func TestTopicsOfTenPeopleAreFound(t *testing.T) {
	var list []topics.Voice
	list = append(list, said(14, "a", "p", power...)...)
	list = append(list, said(11, "b", "w", water...)...)
	list = append(list, said(9, "b", "n", noise...)...)
	got := topics.Cluster(list, asIs)
	if len(got) != 2 {
		t.Fatalf("%d topics: %+v", len(got), got)
	}
	if !strings.Contains(got[0].Label, "cột điện") || got[0].Persons != 14 || got[0].Units != 1 {
		t.Errorf("%+v", got[0])
	}
	if !strings.Contains(got[1].Label, "nước sinh") && !strings.Contains(got[1].Label, "sinh hoạt") || got[1].Persons != 11 {
		t.Errorf("%+v", got[1])
	}
	if !strings.Contains(got[1].Sentence, "đục") {
		t.Errorf("the sentence: %q", got[1].Sentence)
	}
}

func TestOnePersonIsNoCrowd(t *testing.T) {
	var list []topics.Voice
	for range 40 {
		list = append(list, topics.Voice{Person: "one", UnitID: "a", Text: power[0]})
	}
	if got := topics.Cluster(append(list, said(8, "a", "p", power...)...), asIs); len(got) != 0 {
		t.Errorf("nine people make a topic: %+v", got)
	}
}

func TestSentenceLeadsToNobody(t *testing.T) {
	texts := make([]string, 12)
	for i := range texts {
		texts[i] = fmt.Sprintf("Cột điện nghiêng trước quán %s, dây điện chùng.", []string{"Hoàng Yến", "Bình Minh", "Lam Kiều", "Thanh Thủy", "Đại Phát", "Ngọc Hà", "Vạn Lộc", "Tân Tiến", "Hồng Phúc", "Kim Chi", "Sao Mai", "Trường Sơn"}[i])
	}
	var list []topics.Voice
	for i, x := range texts {
		list = append(list, topics.Voice{Person: fmt.Sprint(i), UnitID: "a", Text: x})
	}
	got := topics.Cluster(list, asIs)
	if len(got) != 1 {
		t.Fatalf("%d topics", len(got))
	}
	if got[0].Sentence != "" {
		t.Errorf("a sentence with words of one person alone: %q", got[0].Sentence)
	}
	for _, name := range []string{"yến", "minh", "kiều"} {
		if strings.Contains(got[0].Label, name) {
			t.Errorf("the label names what one person named: %q", got[0].Label)
		}
	}
	masked := topics.Cluster(said(12, "a", "p", "Ông Tuấn để cột điện nghiêng, dây điện chùng."), func(s string) string { return strings.ReplaceAll(s, "Tuấn", "…") })
	if len(masked) != 1 || masked[0].Sentence != "" {
		t.Errorf("a sentence with a name: %+v", masked)
	}
}

func TestSameVoicesSameTopics(t *testing.T) {
	var list []topics.Voice
	list = append(list, said(14, "a", "p", power...)...)
	list = append(list, said(30, "b", "w", water...)...)
	first := fmt.Sprint(topics.Cluster(list, asIs))
	for range 5 {
		if again := fmt.Sprint(topics.Cluster(list, asIs)); again != first {
			t.Fatalf("%s\n%s", first, again)
		}
	}
}

func FuzzCluster(f *testing.F) {
	f.Add("Cột điện nghiêng\nNước đục, mùi tanh\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		var list []topics.Voice
		for i, line := range strings.Split(text, "\n") {
			list = append(list, topics.Voice{Person: fmt.Sprint(i % 15), UnitID: "a", Text: line}, topics.Voice{Person: fmt.Sprint(i % 7), UnitID: "b", Text: line})
		}
		for _, x := range topics.Cluster(list, asIs) {
			if x.Persons < topics.AtLeast {
				t.Errorf("%d people make a topic", x.Persons)
			}
		}
	})
}

func BenchmarkCluster(b *testing.B) {
	var list []topics.Voice
	for i := range 20_000 {
		list = append(list, topics.Voice{Person: fmt.Sprint(i), UnitID: fmt.Sprint(i % 130), Text: [][]string{power, water, noise}[i%3][i%2] + fmt.Sprintf(" Việc ở nhóm %d, ngõ %d.", i%97, i%1013)})
	}
	for b.Loop() {
		topics.Cluster(list, asIs)
	}
}
