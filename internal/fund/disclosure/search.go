package disclosure

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund/mask"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Query is what somebody looks for; what is not set does not narrow. Everything that is set must fit.
type Query struct {
	Text      string     // words of the name or the memo, with or without tones, with a letter wrong
	Amount    money.VND  // exactly; 0 is any
	Day       clock.Date // "" is any
	Reference string     // code that the giver put into the memo, or the bank's number of the transfer
	Before    int64      // lines below this number only; 0 is from the newest
	Limit     int        // at most maxHits
}

// Hits are the newest lines that fit.
type Hits struct {
	Lines []Line
	Next  int64    // Before of the next page; 0 when there is none
	Near  []string // words that were taken for mistyped ones
}

const (
	maxHits    = 100
	maxWords   = 8  // of a question
	maxNear    = 12 // words that one word may be mistaken for
	firstReach = 1  // chunks of the first look; each further look is twice as far
	maxReach   = 64
	fewChunks  = 4
)

// Search finds the newest lines of a statement that fit.
func (s *Service) Search(ctx context.Context, st Statement, query Query) (Hits, error) {
	if query.Limit <= 0 || query.Limit > maxHits {
		query.Limit = maxHits
	}
	if query.Before <= 0 || query.Before > st.Lines+1 {
		query.Before = st.Lines + 1
	}
	query.Text = strings.TrimSpace(query.Text)
	q := s.DB.Read()
	if code := plainCode(query.Reference); strings.TrimSpace(query.Reference) != "" {
		return s.byCode(ctx, q, st, query, code)
	}
	if query.Text == "" && query.Amount == 0 && query.Day == "" {
		rows, err := s.store.newest(ctx, q, st.no, query.Before, query.Limit+1)
		return hits(st.Code, rows, query.Limit, nil), err
	}
	exact, near, err := s.question(ctx, q, query, false)
	if err != nil {
		return Hits{}, err
	}
	seqs, err := s.find(ctx, q, st, exact, query)
	if err != nil {
		return Hits{}, err
	}
	if len(seqs) == 0 && query.Text != "" && len(near) == 0 {
		if exact, near, err = s.question(ctx, q, query, true); err != nil {
			return Hits{}, err
		}
		if seqs, err = s.find(ctx, q, st, exact, query); err != nil {
			return Hits{}, err
		}
	}
	rows, err := s.store.lines(ctx, q, st.no, seqs)
	return hits(st.Code, rows, query.Limit, near), err
}

func hits(code string, rows []lineRow, limit int, near []string) Hits {
	h := Hits{Near: near}
	for i, r := range rows {
		if i == limit {
			h.Next = rows[i-1].Seq
			break
		}
		h.Lines = append(h.Lines, r.line(code))
	}
	return h
}

// byCode finds lines by a code; amount and day narrow further.
func (s *Service) byCode(ctx context.Context, q bun.IDB, st Statement, query Query, code string) (Hits, error) {
	if len(code) < minCode {
		return Hits{}, nil
	}
	seqs, err := s.store.byCode(ctx, q, st.no, codeHash(code), query.Before, 10*maxHits)
	if err != nil {
		return Hits{}, err
	}
	rows, err := s.store.lines(ctx, q, st.no, seqs)
	rows = slices.DeleteFunc(rows, func(r lineRow) bool {
		return query.Amount != 0 && r.Amount != query.Amount || query.Day != "" && r.Day != query.Day
	})
	return hits(st.Code, rows, query.Limit, nil), err
}

// want is a question as the index answers it: one of the ways must fit; a way fits when each of its steps does, a step when
// one of its words is there. must are words that every line has to have: its amount and day.
type want struct {
	ways [][]step
	must []string
}

type step []string

// words lists every word that is asked for.
func (w want) words() []string {
	var out []string
	for _, way := range w.ways {
		for _, st := range way {
			out = append(out, st...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// question turns a query into steps. A name may stand in full where its owner agreed, and as initials elsewhere: these are
// two ways. When loose is set every word may be mistyped, otherwise only one that nobody ever wrote.
func (s *Service) question(ctx context.Context, q bun.IDB, query Query, loose bool) (want, []string, error) {
	var w want
	if query.Day != "" {
		w.must = append(w.must, dayWord(string(query.Day)))
	}
	if query.Amount != 0 {
		w.must = append(w.must, amountWord(query.Amount))
	}
	var fixed []step
	for _, word := range w.must {
		fixed = append(fixed, step{word})
	}
	if query.Text == "" {
		w.ways = [][]step{fixed}
		return w, nil, nil
	}
	known, err := s.words.load(ctx, q, s.Clock.Now())
	if err != nil {
		return want{}, nil, err
	}
	plain := vntext.Tokens(vntext.Fold(query.Text))
	masked := mask.Words(query.Text)
	var near []string
	for i, words := range [][]string{plain, masked} {
		if i == 1 && slices.Equal(plain, masked) || len(words) == 0 {
			continue
		}
		way, ok := slices.Clone(fixed), true
		for _, word := range words[:min(len(words), maxWords)] {
			if word[0] == '~' && len(word) < 3 { // one letter stands for half of the country
				ok = false
				break
			}
			st := known.like(word, loose)
			if len(st) == 0 {
				ok = false
				break
			}
			if i == 0 && st[0] != word {
				near = append(near, st...)
			}
			way = append(way, st)
		}
		if ok {
			w.ways = append(w.ways, way)
		}
	}
	return w, near, nil
}

// find walks the index from the newest chunk until the page is full.
func (s *Service) find(ctx context.Context, q bun.IDB, st Statement, w want, query Query) ([]int64, error) {
	words := w.words()
	if len(w.ways) == 0 || len(words) == 0 {
		return nil, nil
	}
	last := query.Before - 1
	chunks, err := s.chunks(ctx, q, st, w, chunkOf(last))
	if err != nil {
		return nil, err
	}
	var out []int64
	for reach := firstReach; len(chunks) > 0 && len(out) <= query.Limit; reach = min(2*reach, maxReach) {
		look := chunks[:min(reach, len(chunks))]
		chunks = chunks[len(look):]
		rows, err := s.store.postings(ctx, q, st.no, words, look)
		if err != nil {
			return nil, err
		}
		for _, c := range look {
			hit, err := w.in(rows[c])
			if err != nil {
				return nil, err
			}
			if hit == nil {
				continue
			}
			below := chunkLines
			if c == chunkOf(last) {
				below = int(last&(chunkLines-1)) + 1
			}
			hit.newest(below, func(n int) bool {
				out = append(out, c<<chunkBits|int64(n))
				return len(out) <= query.Limit
			})
			if len(out) > query.Limit {
				break
			}
		}
	}
	return out, nil
}

// chunks lists the chunks in which a question may find something, the newest first. A day stands in few of them and a rare
// amount in fewer, so that only these are walked, however many the statement has.
func (s *Service) chunks(ctx context.Context, q bun.IDB, st Statement, w want, top int64) ([]int64, error) {
	out := make([]int64, 0, top+1)
	for c := top; c >= 0; c-- {
		out = append(out, c)
	}
	for _, word := range w.must {
		if len(out) < fewChunks {
			break // looking into them costs no more
		}
		have, err := s.store.chunksWith(ctx, q, st.no, word, out)
		if err != nil {
			return nil, err
		}
		out = slices.DeleteFunc(out, func(c int64) bool { return !have[c] })
	}
	return out, nil
}

// in finds the lines of one chunk that fit; nil for none. rows are its postings by word.
func (w want) in(rows map[string][][]byte) (*set, error) {
	var all *set
	for _, way := range w.ways {
		var both *set
		for _, st := range way {
			var any *set
			for _, word := range st {
				for _, b := range rows[word] {
					if any == nil {
						any = new(set)
					}
					if err := any.unpack(b); err != nil {
						return nil, err
					}
				}
			}
			if any == nil {
				both = nil
				break
			}
			if both == nil {
				both = any
			} else {
				both.and(any)
			}
		}
		switch {
		case both == nil:
		case all == nil:
			all = both
		default:
			all.or(both)
		}
	}
	return all, nil
}

// postings reads the postings of words in chunks, by chunk and word.
func (store) postings(ctx context.Context, q bun.IDB, appealNo int64, words []string, chunks []int64) (map[int64]map[string][][]byte, error) {
	var rows []postingRow
	err := q.NewSelect().Model(&rows).Column("chunk", "word", "lines").Where("p.appeal_no = ?", appealNo).
		Where("p.chunk IN (?)", bun.In(chunks)).Where("p.word IN (?)", bun.In(words)).Scan(ctx)
	out := map[int64]map[string][][]byte{}
	for _, r := range rows {
		if out[r.Chunk] == nil {
			out[r.Chunk] = map[string][][]byte{}
		}
		out[r.Chunk][r.Word] = append(out[r.Chunk][r.Word], r.Lines)
	}
	return out, err
}

// chunksWith tells in which of the chunks a word stands, without reading its lines.
func (store) chunksWith(ctx context.Context, q bun.IDB, appealNo int64, word string, chunks []int64) (map[int64]bool, error) {
	var found []int64
	err := q.NewSelect().Model((*postingRow)(nil)).Column("chunk").Where("p.appeal_no = ?", appealNo).Where("p.chunk IN (?)", bun.In(chunks)).Where("p.word = ?", word).Scan(ctx, &found)
	out := make(map[int64]bool, len(found))
	for _, c := range found {
		out[c] = true
	}
	return out, err
}

func (store) byCode(ctx context.Context, q bun.IDB, appealNo, hash, before int64, limit int) (out []int64, err error) {
	err = q.NewSelect().Model((*keyRow)(nil)).Column("seq").Where("k.appeal_no = ?", appealNo).Where("k.hash = ?", hash).Where("k.seq < ?", before).
		Order("k.seq DESC").Limit(int64(limit)).Scan(ctx, &out)
	return out, err
}

// vocabulary is every word that stands in a statement, kept in memory for those who mistype.
type vocabulary struct {
	mu     sync.RWMutex
	all    map[string]bool
	loaded time.Time
}

// fresh is for how long the words are taken as they were read; what this process publishes itself is known at once.
const fresh = time.Minute

func (store) words(ctx context.Context, q bun.IDB) (out []string, err error) {
	err = q.NewSelect().Model((*wordRow)(nil)).Column("word").Scan(ctx, &out)
	return out, err
}

func (v *vocabulary) load(ctx context.Context, q bun.IDB, now time.Time) (*vocabulary, error) {
	v.mu.RLock()
	good := v.all != nil && now.Sub(v.loaded).Abs() < fresh
	v.mu.RUnlock()
	if good {
		return v, nil
	}
	list, err := store{}.words(ctx, q)
	if err != nil {
		return v, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil {
		v.all = make(map[string]bool, len(list))
	}
	for _, w := range list {
		v.all[w] = true
	}
	v.loaded = now
	return v, nil
}

// unknown gives the words of a batch that are not known here yet.
func (v *vocabulary) unknown(words map[string][]int64) []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var out []string
	for w := range words {
		if w[0] != '=' && w[0] != '@' && !v.all[w] {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return out
}

func (v *vocabulary) add(rows []wordRow) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil {
		return // the next search reads them
	}
	for _, r := range rows {
		v.all[r.Word] = true
	}
}

// like gives the words for which a typed one may stand: itself when it is known; initials also of longer names; otherwise, or
// when loose is set, those that differ by a letter, the nearest first.
func (v *vocabulary) like(word string, loose bool) step {
	if len(word) > maxWord {
		word = word[:maxWord]
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	var out step
	if v.all[word] {
		out = append(out, word)
	}
	initials := word[0] == '~'
	switch {
	case initials:
		if len(word) > 4 && !loose {
			return out
		}
	case len(out) > 0 && !loose, len(word) < 4:
		return out
	}
	type candidate struct {
		word string
		far  int
	}
	var list []candidate
	reach := 1
	if len(word) >= 8 {
		reach = 2
	}
	for w := range v.all {
		switch {
		case w == word || (w[0] == '~') != initials || w[0] != word[0]: // the first letter is seldom wrong, and words are short
		case initials:
			if strings.HasPrefix(w, word) {
				list = append(list, candidate{w, len(w)})
			}
		default:
			if d := distance(word, w, reach); d <= reach {
				list = append(list, candidate{w, d})
			}
		}
	}
	slices.SortFunc(list, func(a, b candidate) int {
		if a.far != b.far {
			return a.far - b.far
		}
		return strings.Compare(a.word, b.word)
	})
	for _, c := range list[:min(len(list), maxNear)] {
		out = append(out, c.word)
	}
	return out
}

// distance counts letters left out, put in, mistaken or swapped; math.MaxInt when there are more than limit.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return math.MaxInt
	}
	if len(b) > maxWord || len(a) > maxWord {
		return math.MaxInt
	}
	var rows [3][maxWord + 1]int
	before, last, now := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		best := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			now[j] = d
			best = min(best, d)
		}
		if best > limit {
			return math.MaxInt
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
