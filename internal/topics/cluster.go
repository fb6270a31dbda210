package topics

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// AtLeast is how many people must speak of something before it is shown to anybody.
const AtLeast = 10

// alike is how near (cosine) a text must be to a topic to belong to it; same is how near two topics are that are one.
const (
	alike = 0.22
	same  = 0.45
	known = 0.30 // how near a topic of this week must be to one of last week to be the same going on
)

// keptFeatures is how many of its words a text is compared by, and how many make a topic known again.
const keptFeatures = 16

// Voice is one thing that somebody said.
type Voice struct {
	Person string // tells people apart, and nothing else; it is never stored or shown
	UnitID string // the commune, or the province, to which it was said
	Text   string
}

// Topic is what at least AtLeast people spoke of.
type Topic struct {
	Label    string // its words, "điện yếu, cột điện"
	Sentence string // how people say it, in words that several used and without personal data; "" when none is safe
	Persons  int
	Voices   int
	Units    int
	Features []string
}

// stopWords are words that every text has. They are folded.
var stopWords = words(`a ai anh ba bac bi boi bon ca cac cach cai can cang cau chi chieu cho chua chu chung chuyen co con cua cung cu cuoi da dan dang de dem den di dieu do
doi dong duoc em gap gi gio giup hay hien ho hoi hom hon i it khi khong kia kinh la lai lam lan len lien luc luon ma mat minh moi mot muon nam nao nay nen neu ngay nghi nguoi nha nhan nhat
nhieu nhu nhung no noi ong o phai qua ra rat rang roi sao sau se so su ta tai tam tat the thang thay theo thi thoi thon tinh to toi trong tren tro truoc tu tung va van vao vi viec voi vua vay
xa xem xin xom y yeu cau lau mong som giai quyet bao tra loi ba con gia dinh uy ban mat tran phuong khoi ban cam on kinh gui de nghi kien`)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// vector is the words of a text or topic with their weight; its length is 1.
type vector map[string]float64

func (v vector) unit() vector {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	if sum == 0 {
		return v
	}
	n := math.Sqrt(sum)
	for k := range v {
		v[k] /= n
	}
	return v
}

func dot(a, b vector) float64 {
	if len(b) < len(a) {
		a, b = b, a
	}
	sum := 0.0
	for k, x := range a {
		sum += x * b[k]
	}
	return sum
}

// strongest are the n heaviest features, ties in alphabetical order.
func (v vector) strongest(n int) []string {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(v[b], v[a]), cmp.Compare(a, b))
	})
	return keys[:min(n, len(keys))]
}

// features are the words of a text without the stop words, and the pairs of neighbours: "cột điện" says more than "điện".
func features(text string) map[string]float64 {
	out := map[string]float64{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".,;:!?()\"“”\n", r) }) {
		before := ""
		for _, t := range vntext.Tokens(vntext.Fold(part)) {
			if stopWords[t] || len(t) < 2 || strings.Trim(t, "0123456789") == "" {
				before = ""
				continue
			}
			out[t] = 0.6
			if before != "" {
				out[before+" "+t] = 1.4
			}
			before = t
		}
	}
	return out
}

// group is a topic that is being gathered.
type group struct {
	centre  vector
	members []int
}

// Cluster finds the topics in what was said, the most spoken of first. The same voices in the same order give the same topics.
func Cluster(voices []Voice, mask func(string) string) []Topic {
	vectors := weigh(voices)
	groups := gather(vectors)
	groups = merge(groups)
	var out []Topic
	for _, g := range groups {
		persons, units := map[string]bool{}, map[string]bool{}
		for _, i := range g.members {
			persons[voices[i].Person], units[voices[i].UnitID] = true, true
		}
		if len(persons) < AtLeast {
			continue
		}
		t := Topic{Persons: len(persons), Voices: len(g.members), Units: len(units), Features: g.centre.strongest(keptFeatures)}
		common := shared(voices, g.members)
		if t.Label = label(voices, g, common); t.Label == "" {
			continue // nothing that enough of them said in the same words
		}
		t.Sentence = sentence(voices, g, common, mask)
		out = append(out, t)
	}
	slices.SortStableFunc(out, func(a, b Topic) int {
		return cmp.Or(cmp.Compare(b.Persons, a.Persons), cmp.Compare(a.Label, b.Label))
	})
	return out
}

// weigh gives each text its words by how telling they are: words of one text alone tell nothing, nor do words of all.
func weigh(voices []Voice) []vector {
	raw := make([]map[string]float64, len(voices))
	in := map[string]int{}
	for i, v := range voices {
		raw[i] = features(v.Text)
		for f := range raw[i] {
			in[f]++
		}
	}
	total := float64(max(len(voices), 300)) // among few texts the words of one topic are no common words
	out := make([]vector, len(voices))
	for i, fs := range raw {
		v := vector{}
		for f, w := range fs {
			if in[f] >= 2 && (len(voices) < 50 || in[f] <= len(voices)*2/5) {
				v[f] = w * math.Log(1+total/float64(in[f]))
			}
		}
		short := vector{}
		for _, f := range v.strongest(keptFeatures) {
			short[f] = v[f]
		}
		out[i] = short.unit()
	}
	return out
}

// gather puts each text to the nearest topic so far, or begins a new one; a second round corrects the first choices.
func gather(vectors []vector) []*group {
	var groups []*group
	for round := range 2 {
		var next []*group
		index := map[string][]int{} // feature → groups in whose centre it is
		add := func(g *group, k int) {
			for f := range g.centre {
				index[f] = append(index[f], k)
			}
		}
		if round == 1 {
			for _, g := range groups {
				if len(g.members) > 1 {
					next = append(next, &group{centre: g.centre})
					add(g, len(next)-1)
				}
			}
		}
		for i, v := range vectors {
			if len(v) == 0 {
				continue
			}
			if k := nearest(v, next, index); k >= 0 {
				next[k].members = append(next[k].members, i)
				if round == 0 {
					grow(next[k], v, index, k)
				}
				continue
			}
			g := &group{centre: clone(v), members: []int{i}}
			next = append(next, g)
			add(g, len(next)-1)
		}
		groups = next
		for _, g := range groups {
			g.centre = mean(vectors, g.members)
		}
	}
	return groups
}

func clone(v vector) vector {
	out := make(vector, len(v))
	for k, x := range v {
		out[k] = x
	}
	return out
}

// nearest is the group whose centre is nearest to the text and near enough; -1 for none.
func nearest(v vector, groups []*group, index map[string][]int) int {
	score := map[int]float64{}
	for f, x := range v {
		for _, k := range index[f] {
			score[k] += x * groups[k].centre[f]
		}
	}
	best, at := alike, -1
	for k, s := range score {
		s = math.Round(s*1e9) / 1e9
		if s > best || s == best && at >= 0 && k < at {
			best, at = s, k
		}
	}
	return at
}

// grow moves the centre of a group towards a new member.
func grow(g *group, v vector, index map[string][]int, k int) {
	n := float64(len(g.members))
	for f := range g.centre {
		g.centre[f] *= (n - 1) / n
	}
	for f, x := range v {
		if _, had := g.centre[f]; !had {
			index[f] = append(index[f], k)
		}
		g.centre[f] += x / n
	}
	g.centre.unit()
}

func mean(vectors []vector, members []int) vector {
	out := vector{}
	for _, i := range members {
		for f, x := range vectors[i] {
			out[f] += x
		}
	}
	short := vector{}
	for _, f := range out.strongest(60) {
		short[f] = out[f]
	}
	return short.unit()
}

// merge joins topics that are one.
func merge(groups []*group) []*group {
	slices.SortStableFunc(groups, func(a, b *group) int { return cmp.Compare(len(b.members), len(a.members)) })
	var out []*group
	for _, g := range groups {
		joined := false
		if len(g.members) > 1 || len(out) < 2000 {
			for _, h := range out {
				if dot(g.centre, h.centre) >= same {
					h.members = append(h.members, g.members...)
					joined = true
					break
				}
			}
		}
		if !joined {
			out = append(out, g)
		}
	}
	return out
}

// shared are the folded words and pairs that at least a third of AtLeast people of the topic used, with how many did.
func shared(voices []Voice, members []int) map[string]int {
	by := map[string]map[string]bool{}
	for _, i := range members {
		for f := range features(voices[i].Text) {
			if by[f] == nil {
				by[f] = map[string]bool{}
			}
			by[f][voices[i].Person] = true
		}
	}
	out := map[string]int{}
	for f, persons := range by {
		if len(persons) >= (AtLeast+2)/3 {
			out[f] = len(persons)
		}
	}
	return out
}

// label names a topic by up to three of its strongest pairs of words that at least AtLeast people used (or, failing that,
// single words), as people write them.
func label(voices []Voice, g *group, common map[string]int) string {
	var picked []string
	take := func(fits func(f string) bool) {
		for _, f := range g.centre.strongest(60) {
			if len(picked) == 3 || common[f] < AtLeast || !fits(f) {
				continue
			}
			overlaps := slices.ContainsFunc(picked, func(p string) bool { return shareWord(p, f) })
			if !overlaps {
				picked = append(picked, f)
			}
		}
	}
	take(func(f string) bool { return strings.Contains(f, " ") })
	if len(picked) < 2 {
		take(func(f string) bool { return !strings.Contains(f, " ") })
	}
	for i, f := range picked {
		picked[i] = written(voices, g.members, f)
	}
	return strings.Join(picked, ", ")
}

func shareWord(a, b string) bool {
	for _, w := range strings.Fields(a) {
		if slices.Contains(strings.Fields(b), w) {
			return true
		}
	}
	return false
}

// written is how a folded feature is most often written, with its marks, in small letters.
func written(voices []Voice, members []int, feature string) string {
	n := len(strings.Fields(feature))
	count := map[string]int{}
	for _, i := range members {
		list := strings.FieldsFunc(strings.ToLower(vntext.NFC(voices[i].Text)), func(r rune) bool { return strings.ContainsRune(" \t\n\r.,;:!?()\"“”'’/-–", r) })
		for k := 0; k+n <= len(list); k++ {
			if w := strings.Join(list[k:k+n], " "); vntext.Fold(w) == feature {
				count[w]++
			}
		}
	}
	best := feature
	for w, n := range count {
		if n > count[best] || n == count[best] && w > best { // letters with marks come after those without
			best = w
		}
	}
	return best
}

// sentence is how people say it: the sentence nearest to the middle of the topic all of whose telling words several people
// used, so that it leads to nobody, and in which nothing personal is found.
func sentence(voices []Voice, g *group, common map[string]int, mask func(string) string) string {
	best, out := 0.0, ""
	for _, i := range g.members {
		for _, s := range strings.FieldsFunc(vntext.NFC(voices[i].Text), func(r rune) bool { return strings.ContainsRune(".!?\n;", r) }) {
			s = strings.Join(strings.Fields(s), " ")
			if n := vntext.Length(s); n < 20 || n > 160 {
				continue
			}
			v := vector{}
			safe := true
			for f, w := range features(s) {
				if !strings.Contains(f, " ") && common[f] == 0 {
					safe = false
					break
				}
				v[f] = w
			}
			if !safe || strings.ContainsAny(s, "0123456789") {
				continue
			}
			if d := math.Round(dot(v.unit(), g.centre)*1e9) / 1e9; d > best && mask(s) == s {
				best, out = d, s
			}
		}
	}
	return out
}
