package disclosure

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/giftreceipt"
	"github.com/nhipcau/nhipcau/internal/fund/mask"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// batchLines is how many lines enter the statement, and the log, together at most. A chunk holds a whole number of them.
const batchLines = 4096

// errMoved says that another process has followed the books meanwhile.
var errMoved = errors.New("disclosure: another process publishes this appeal")

// Follow publishes what the books of an appeal have beyond its statement, batch by batch, each whole or not at all, and says
// how many lines that were. It may be called at any time by anybody at once: every gift gets its line once.
func (s *Service) Follow(ctx context.Context, appealID string) (lines int, err error) {
	if !s.claim(appealID) {
		return 0, errMoved
	}
	defer s.release(appealID)
	for loose := 0; ; {
		n, err := s.followSome(ctx, appealID)
		lines += n
		if err != nil || n == 0 {
			return lines, err
		}
		if loose += n; loose >= chunkLines { // people search meanwhile, and sixteen parts of each word take sixteen times as long
			loose = 0
			if err := s.compact(ctx); err != nil {
				return lines, err
			}
		}
	}
}

func (s *Service) claim(appealID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.following[appealID] {
		return false
	}
	s.following[appealID] = true
	return true
}

func (s *Service) release(appealID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.following, appealID)
}

// followSome publishes the next batch. All that takes time happens before the transaction.
func (s *Service) followSome(ctx context.Context, appealID string) (int, error) {
	from, ok, err := s.store.appeal(ctx, s.DB.Read(), appealID)
	if err == nil && !ok {
		from, err = s.enrol(ctx, appealID)
	}
	if err != nil {
		return 0, err
	}
	facts, err := s.Books.GiftFacts(ctx, s.DB.Read(), appealID, from.position(), batchLines)
	if err != nil || len(facts) == 0 {
		return 0, err
	}
	b, err := s.batch(ctx, from, facts)
	if err != nil {
		return 0, err
	}
	return len(facts), s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		now, err := s.store.lock(ctx, tx, appealID)
		if err != nil {
			return err
		}
		if now.position() != from.position() || now.Lines != from.Lines {
			return errMoved
		}
		now.PostingNo, now.PostingSeq = facts[len(facts)-1].At.No, facts[len(facts)-1].At.Seq
		return s.write(ctx, tx, now, b)
	})
}

// enrol makes the row of an appeal.
func (s *Service) enrol(ctx context.Context, appealID string) (r appealRow, err error) {
	appeals, err := s.Books.AllAppeals(ctx, s.DB.Read())
	if err != nil {
		return r, err
	}
	i := slices.IndexFunc(appeals, func(a fund.Appeal) bool { return a.ID == appealID })
	if i < 0 {
		return r, errors.New("disclosure: there is no appeal " + appealID)
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.enrol(ctx, tx, appeals[i], s.Clock.Now()) })
	if err == nil {
		r, _, err = s.store.appeal(ctx, s.DB.Read(), appealID)
	}
	return r, err
}

// newLines is a batch on its way into the statement.
type newLines struct {
	at     time.Time
	rows   []lineRow
	words  map[string][]int64 // word → lines
	keys   []keyRow
	leaves [][]byte
}

// batch makes the lines of facts.
func (s *Service) batch(ctx context.Context, from appealRow, facts []fund.GiftFact) (*newLines, error) {
	names := map[string]string{}
	var err error
	if s.Names != nil {
		if names, err = s.Names.DisplayNames(ctx, s.DB.Read(), facts); err != nil {
			return nil, err
		}
	}
	purposes, err := s.purposes(ctx, from.AppealID)
	if err != nil {
		return nil, err
	}
	known, err := s.linesOf(ctx, from, facts)
	if err != nil {
		return nil, err
	}
	b := &newLines{at: s.Clock.Now().UTC().Truncate(time.Millisecond), words: map[string][]int64{}}
	salts := newSalts(2 * len(facts))
	for i, f := range facts {
		r := lineRow{AppealNo: from.No, Seq: from.Lines + int64(i) + 1, Day: f.Day, Clock: f.Time, Channel: f.Channel, Purpose: purposes[f.EarmarkID], Gift: giftKey(f.ID)}
		first := known[hex.EncodeToString(r.Gift)]
		switch f.What {
		case fund.GiftTaken:
			var words []string
			r.Kind, r.Amount = string(KindGift), f.Amount
			r.Memo, words = mask.Both(f.Memo)
			r.Name = mask.Name(names[f.ID])
			b.index(r, append(words, vntext.Tokens(vntext.Fold(r.Name))...))
			b.remember(r, f.Reference, f.Document)
			known[hex.EncodeToString(r.Gift)] = r.Seq
		case fund.GiftRefunded:
			r.Kind, r.Amount, r.About = string(KindRefund), -f.Amount, first
		case fund.GiftWithdrawn:
			r.Kind, r.Amount, r.About = string(KindWithdrawal), -f.Amount, first
		default:
			r.Kind, r.About = string(KindCorrection), first
		}
		if r.Kind != string(KindGift) {
			b.index(r, nil)
		}
		b.add(from.Code, r, salts)
	}
	return b, nil
}

// linesOf finds the lines in which the gifts of facts were published before.
func (s *Service) linesOf(ctx context.Context, from appealRow, facts []fund.GiftFact) (map[string]int64, error) {
	var keys [][]byte
	for _, f := range facts {
		if f.What != fund.GiftTaken {
			keys = append(keys, giftKey(f.ID))
		}
	}
	out := map[string]int64{}
	for part := range slices.Chunk(keys, insertPart) {
		found, err := s.store.ofGifts(ctx, s.DB.Read(), from.No, part)
		if err != nil {
			return nil, err
		}
		for k, seq := range found {
			out[k] = seq
		}
	}
	return out, nil
}

// purposes gives the public code of each earmark. A person for whom a gift was given is not named.
func (s *Service) purposes(ctx context.Context, appealID string) (map[string]string, error) {
	out := map[string]string{}
	if s.Earmarks == nil {
		return out, nil
	}
	list, err := s.Earmarks(ctx, s.DB.Read(), appealID)
	for _, e := range list {
		if out[e.ID] = e.Code; e.Sort == fund.ForPerson {
			out[e.ID] = string(fund.ForPerson)
		}
	}
	return out, err
}

// salts are random texts that keep others from guessing a short name or memo from its hash.
type salts struct{ b []byte }

func newSalts(n int) *salts {
	s := &salts{b: make([]byte, 12*n)}
	_, _ = rand.Read(s.b) // never fails (crypto/rand since Go 1.24)
	return s
}

func (s *salts) next() string {
	out := base64.RawURLEncoding.EncodeToString(s.b[:12])
	s.b = s.b[12:]
	return out
}

// add puts a line into the batch, with its leaf.
func (b *newLines) add(code string, r lineRow, random *salts) {
	if r.Name != "" {
		r.NameSalt = random.next()
	}
	if r.Memo != "" {
		r.MemoSalt = random.next()
	}
	b.leaves = append(b.leaves, giftreceipt.Leaf(r.receipt(code, b.at)))
	b.rows = append(b.rows, r)
}

// index notes by which words a line is found: its day and amount are words too.
func (b *newLines) index(r lineRow, words []string) {
	for _, w := range append(words, amountWord(r.Amount), dayWord(string(r.Day))) {
		if len(w) > maxWord {
			w = w[:maxWord]
		}
		if list := b.words[w]; len(list) == 0 || list[len(list)-1] != r.Seq {
			b.words[w] = append(list, r.Seq)
		}
	}
}

// maxWord is the length of a word of the index, in bytes.
const maxWord = 40

func amountWord(v money.VND) string { return "=" + strconv.FormatInt(int64(v), 10) }
func dayWord(day string) string     { return "@" + day }

// remember notes the codes by which its giver finds a line.
func (b *newLines) remember(r lineRow, codes ...string) {
	for _, c := range codes {
		if c = plainCode(c); len(c) >= minCode {
			k := keyRow{AppealNo: r.AppealNo, Hash: codeHash(c), Seq: r.Seq}
			if len(b.keys) == 0 || b.keys[len(b.keys)-1] != k {
				b.keys = append(b.keys, k)
			}
		}
	}
}

// minCode is the length of a code by which a line may be found: shorter ones say nothing.
const minCode = 6

// plainCode is a reference code or document number as people and banks may write it, without signs, in upper case.
func plainCode(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			out = append(out, c-'a'+'A')
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			out = append(out, c)
		}
	}
	return string(out)
}

func codeHash(plain string) int64 {
	sum := sha256.Sum256([]byte("nhipcau statement code\n" + plain))
	return int64(binary.BigEndian.Uint64(sum[:8]) >> 1)
}

// write puts a batch into the statement: lines, index, codes, sums, running hash of the file, and the batch for the log.
func (s *Service) write(ctx context.Context, tx db.Tx, a appealRow, b *newLines) error {
	root := giftreceipt.Root(b.leaves)
	first := a.Lines + 1
	for _, r := range b.rows {
		a.Amount += r.Amount
	}
	sum, err := resumeHash(a)
	if err != nil {
		return err
	}
	if sum != nil {
		for _, r := range b.rows {
			sum.add(r.line(a.Code))
		}
		a.HashState, a.HashSize, a.HashLines = sum.state(), sum.size, a.Lines+int64(len(b.rows))
	}
	a.Lines += int64(len(b.rows))
	a.Batches++
	a.UpdatedAt = b.at
	if err := s.store.addLines(ctx, tx, b.rows); err != nil {
		return err
	}
	if err := s.store.addTotals(ctx, tx, b.totals()); err != nil {
		return err
	}
	if err := s.store.addPostings(ctx, tx, b.postings(a)); err != nil {
		return err
	}
	if err := s.learn(ctx, tx, b.words); err != nil {
		return err
	}
	if err := insertAll(ctx, tx, b.keys, "CONFLICT DO NOTHING"); err != nil {
		return err
	}
	row := batchRow{AppealNo: a.No, No: a.Batches, First: first, Count: int64(len(b.rows)), Root: hex.EncodeToString(root), Leaves: slices.Concat(b.leaves...),
		LinesSoFar: a.Lines, TotalSoFar: int64(a.Amount), PublishedAt: b.at}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return err
	}
	return s.store.saveAppeal(ctx, tx, a)
}

// totals sums the batch by day, channel and purpose.
func (b *newLines) totals() []totalRow {
	sums := map[[2]string]*totalRow{}
	for _, r := range b.rows {
		for _, k := range [...][2]string{{"all", r.Kind}, {"day", string(r.Day)}, {"channel", r.Channel}, {"purpose", r.Purpose}} {
			t := sums[k]
			if t == nil {
				t = &totalRow{AppealNo: r.AppealNo, Kind: k[0], Key: k[1]}
				sums[k] = t
			}
			t.Lines++
			t.Amount += r.Amount
		}
	}
	out := make([]totalRow, 0, len(sums))
	for _, t := range sums {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(x, y totalRow) int { return compare2(x.Kind, y.Kind, x.Key, y.Key) })
	return out
}

func compare2(a1, b1, a2, b2 string) int {
	switch {
	case a1 < b1:
		return -1
	case a1 > b1:
		return 1
	case a2 < b2:
		return -1
	case a2 > b2:
		return 1
	}
	return 0
}

// postings packs the words of the batch. A batch may reach into the next chunk.
func (b *newLines) postings(a appealRow) []postingRow {
	var out []postingRow
	for w, seqs := range b.words {
		for len(seqs) > 0 {
			chunk := chunkOf(seqs[0])
			var inside []int
			for len(seqs) > 0 && chunkOf(seqs[0]) == chunk {
				inside = append(inside, int(seqs[0]&(chunkLines-1)))
				seqs = seqs[1:]
			}
			out = append(out, postingRow{AppealNo: a.No, Chunk: chunk, Word: w, Part: a.Batches, Lines: packGapsOf(inside)})
		}
	}
	slices.SortFunc(out, func(x, y postingRow) int {
		if x.Chunk != y.Chunk {
			return int(x.Chunk - y.Chunk)
		}
		return compare2(x.Word, y.Word, "", "")
	})
	return out
}

// learn adds new words to those that can be mistyped. What stands for a day or an amount cannot.
func (s *Service) learn(ctx context.Context, tx db.Tx, words map[string][]int64) error {
	var rows []wordRow
	for _, w := range s.words.unknown(words) {
		rows = append(rows, wordRow{Word: w})
	}
	if len(rows) == 0 {
		return nil
	}
	if err := insertAll(ctx, tx, rows, "CONFLICT DO NOTHING"); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.words.add(rows) })
	return nil
}
