// Package similar finds questions that say the same: while somebody is still typing it offers what was answered already and
// what others asked nearby, so that they can read or follow instead of asking again; and it shows officials which cases may
// be one and the same.
//
// Nobody is ever offered another person's words. What the public sees is the published copy of an answered question, or the
// short summary of an open one that an official wrote for it and looked over. Complaints and denunciations are not in it.
package similar

import (
	"hash/fnv"
	"math"
	"slices"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Where a gram is looked for. Officials search among all ordinary cases of the place, the public among what is offered.
const scopePublic = "public:"

func scopeDesk(unitID string) string { return "desk:" + unitID }

func scopeUnit(unitID string) string { return "public:" + unitID }

// How many grams are kept of a text and asked for at once. They are the smallest hashes, so that two texts keep the same part
// of what they share.
const (
	keepDesk   = 12
	keepPublic = 16
	askGrams   = 24
	maxLetters = 1200 // of a text, from its beginning
)

// stop lists folded words that nearly every question has; they tell nothing about its matter.
var stop = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range []string{"toi", "chung", "cac", "co", "la", "cua", "va", "duoc", "cho", "de", "nghi", "kinh", "gui", "xin", "hoi", "ve", "nay", "thi", "ma", "o", "tai", "da", "dang", "se",
		"voi", "mong", "quan", "tam", "giup", "do", "nhung", "rat", "khong", "den", "tu", "vi", "bi", "ba", "con", "ong", "anh", "chi", "em", "mat", "tran", "uy", "ban", "phuong", "xa", "khoi", "xom"} {
		m[w] = true
	}
	return m
}()

// gramsOf gives the n smallest hashes of the pairs of words of a text, for a scope.
func gramsOf(scope, text string, n int) []int64 {
	words := slices.DeleteFunc(vntext.Tokens(vntext.Truncate(text, maxLetters)), func(w string) bool { return stop[w] || len(w) > 30 })
	if len(words) == 0 {
		return nil
	}
	seen := map[uint32]bool{}
	var pairs []uint32
	for i := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		} else if len(words) > 1 {
			break
		}
		h := fnv.New32a()
		_, _ = h.Write([]byte(words[i] + " " + next))
		if sum := h.Sum32(); !seen[sum] {
			seen[sum] = true
			pairs = append(pairs, sum)
		}
	}
	slices.Sort(pairs)
	pairs = pairs[:min(n, len(pairs))]
	s := fnv.New64a()
	_, _ = s.Write([]byte(scope))
	salt := s.Sum64()
	out := make([]int64, len(pairs))
	for i, p := range pairs {
		out[i] = int64((salt ^ uint64(p)*0x9E3779B97F4A7C15) & math.MaxInt64)
	}
	return out
}

// alike is how much two texts say the same, 0 to 1. A short question that stands whole in a long one counts as alike.
func alike(a, b string) float64 {
	whole := vntext.Similarity(a, b)
	ta, tb := vntext.Tokens(a), vntext.Tokens(b)
	ta = slices.DeleteFunc(ta, func(w string) bool { return stop[w] })
	tb = slices.DeleteFunc(tb, func(w string) bool { return stop[w] })
	if len(ta) > len(tb) {
		ta, tb = tb, ta
	}
	if len(ta) < 3 {
		return whole
	}
	in := map[string]int{}
	for i, w := range tb {
		in[w]++
		if i+1 < len(tb) {
			in[w+" "+tb[i+1]]++
		}
	}
	hit, all := 0, 0
	count := func(k string) {
		all++
		if in[k] > 0 {
			hit++
		}
	}
	for i, w := range ta {
		count(w)
		if i+1 < len(ta) {
			count(w + " " + ta[i+1])
		}
	}
	return max(whole, 0.85*float64(hit)/float64(all))
}
