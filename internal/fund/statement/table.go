package statement

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
)

// table is rows of cells: a CSV file or a sheet.
type table interface {
	row() (cells []string, no int, err error) // cells stay valid until the next call
	cut() bool                                // the last row has no line end: the file may have been cut off in it
	serial() bool                             // dates and times may be numbers, as in Excel
	Close() error
}

func openTable(f io.ReaderAt, size int64, l Layout) (table, error) {
	var head [4]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head[:n], []byte("PK\x03\x04")):
		return openXLSX(f, size)
	case bytes.HasPrefix(head[:n], []byte("\xd0\xcf\x11\xe0")), bytes.HasPrefix(head[:n], []byte("%PDF")):
		return nil, fault.New(fault.Invalid, "fund.statement.kind")
	}
	return openCSV(f, size, l)
}

// pace lets a reader hand out so many bytes until it is wound again: a quote that is never closed must not make one cell of
// the rest of a large file.
type pace struct {
	r    io.Reader
	left int
	per  int // bytes of one entry; 0 is maxRecord
}

var errRecordTooLong = errors.New("statement: one row or entry is too long")

// Read implements io.Reader.
func (p *pace) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, errRecordTooLong
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

func (p *pace) wind() { p.left = max(p.per, maxRecord) }

type csvTable struct {
	r       *csv.Reader
	pace    *pace
	no      int
	ragged  bool
	endless bool
}

func openCSV(f io.ReaderAt, size int64, l Layout) (table, error) {
	var last [1]byte
	if _, err := f.ReadAt(last[:], size-1); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	p := &pace{r: io.NewSectionReader(f, 0, size)}
	p.wind()
	br := bufio.NewReaderSize(p, 64<<10)
	if bom, err := br.Peek(3); err == nil && bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		if _, err := br.Discard(3); err != nil {
			return nil, err
		}
	}
	start, _ := br.Peek(4096)
	r := csv.NewReader(br)
	r.ReuseRecord, r.FieldsPerRecord, r.Comma = true, -1, delimiter(start, l)
	return &csvTable{r: r, pace: p, endless: last[0] != '\n'}, nil
}

// delimiter looks which of the usual separators stands before a column that every known layout has. In a table that is
// mapped by hand it is the one that is there most.
func delimiter(start []byte, l Layout) rune {
	if l == Mapped {
		best, most := ',', 0
		for _, c := range []rune{';', '\t', ','} { // amounts may hold commas: a tie is not theirs
			if n := bytes.Count(start, []byte(string(c))); n > most {
				best, most = c, n
			}
		}
		if n := bytes.Count(start, []byte(";")); n > 0 && best == ',' && n*3 >= most {
			return ';'
		}
		return best
	}
	for _, c := range []rune{';', '\t'} {
		if bytes.Contains(start, []byte(string(c)+"Balance")) || bytes.Contains(start, []byte(string(c)+`"Balance`)) {
			return c
		}
	}
	return ','
}

func (t *csvTable) row() ([]string, int, error) {
	t.pace.wind()
	t.no++
	cells, err := t.r.Read()
	if err == nil || errors.Is(err, io.EOF) {
		return cells, t.no, err
	}
	if errors.Is(err, errRecordTooLong) || errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote) {
		return nil, t.no, fault.New(fault.Invalid, "fund.statement.quote").With("Row", t.no).Because(err)
	}
	return nil, t.no, err
}

func (t *csvTable) cut() bool    { return t.endless }
func (t *csvTable) serial() bool { return false }

// Close does nothing: the file belongs to the caller.
func (t *csvTable) Close() error { return nil }

// columns of a layout, as the header names them.
type columns struct {
	date, clock, doc, ref, memo, debit, credit, balance, offset string

	signed string // one column for both sides: what is below zero went out
}

func (c columns) names() []string {
	var out []string
	for _, n := range []string{c.date, c.clock, c.doc, c.ref, c.memo, c.debit, c.credit, c.balance, c.offset, c.signed} {
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}

func vcbColumns() columns {
	return columns{date: "TNXDate", doc: "DocNo", debit: "Debit", credit: "Credit", balance: "Balance", memo: "TransactionDetails"}
}

func familyColumns() columns {
	return columns{date: "Date", clock: "Time", doc: "DocumentNumber", ref: "ReferenceNumber", memo: "TransactionDetails",
		debit: "DebitAmount", credit: "CreditAmount", balance: "Balance", offset: "OffsetAccount"}
}

const headerWithin = 30 // rows: banks print the account's name and the period above the table

type tableParser struct {
	t       table
	l       Layout
	at      map[string]int
	c       columns
	width   int
	memoEnd bool // the memo is the last column: a cut file may have lost a part of it
	dates   []string
	others  []int  // the columns but the memo
	text    string // the last day read, and what it was
	day     clock.Date
	last    int // number of the last row to read; 0 is to the end
	held    *held
	done    bool
}

// held is the row before the one being read: the lines after it may continue its memo.
type held struct {
	row Row
	bad *Problem
}

func newTableParser(t table, l Layout) (*tableParser, error) {
	p := &tableParser{t: t, l: l, c: familyColumns(), dates: []string{dayFirst}}
	if l == Vietcombank {
		p.c = vcbColumns()
	}
	for range headerWithin {
		cells, _, err := t.row()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(err, t.Close())
		}
		found, err := p.header(cells)
		if err != nil {
			return nil, errors.Join(err, t.Close())
		}
		if found {
			return p, nil
		}
	}
	return nil, errors.Join(fault.New(fault.Invalid, "fund.statement.header").With("Columns", strings.Join(p.c.names(), ", ")), t.Close())
}

// header takes the row with the names of the columns; what is not such a row is passed over.
func (p *tableParser) header(cells []string) (bool, error) {
	at := map[string]int{}
	for i, cell := range cells {
		at[strings.ToLower(strings.TrimSpace(cell))] = i
	}
	have := func(c columns) (n int, missing []string) {
		for _, name := range c.names() {
			if _, ok := at[strings.ToLower(name)]; ok {
				n++
			} else {
				missing = append(missing, name)
			}
		}
		return n, missing
	}
	other, otherName := vcbColumns(), "Vietcombank"
	if p.l == Vietcombank {
		other, otherName = familyColumns(), "Agribank, VietinBank, BIDV"
	}
	n, missing := have(p.c)
	if _, lacking := have(other); len(lacking) == 0 {
		return false, fault.New(fault.Invalid, "fund.statement.wrong_bank").With("Found", otherName)
	}
	if len(missing) > 0 {
		if n >= 4 {
			return false, fault.New(fault.Invalid, "fund.statement.columns").With("Missing", strings.Join(missing, ", "))
		}
		return false, nil
	}
	p.at, p.width = map[string]int{}, len(cells)
	for _, name := range p.c.names() {
		p.at[name] = at[strings.ToLower(name)]
	}
	p.memoEnd = p.at[p.c.memo] == len(cells)-1
	return true, nil
}

// Close releases the table.
func (p *tableParser) Close() error { return p.t.Close() }

func (p *tableParser) account() string { return "" }

func (p *tableParser) next() (item, error) {
	for !p.done {
		cells, no, err := p.t.row()
		if errors.Is(err, io.EOF) {
			p.done = true
			p.checkCut()
			return p.give(nil)
		}
		if p.last > 0 && no > p.last {
			p.done = true
			return p.give(nil)
		}
		if err != nil {
			p.done = true
			var f *fault.Error
			if errors.As(err, &f) { // a quote that is never closed: the rest cannot be told apart
				p.held = nil
				return item{}, problem(no, f)
			}
			return item{}, err
		}
		if blank(cells) {
			continue
		}
		if more, ok := p.continuation(cells); ok && p.held != nil {
			if len(p.held.row.Memo)+len(more) <= maxMemo {
				p.held.row.Memo += more
			} else if p.held.bad == nil {
				p.held.bad = problem(p.held.row.No, fault.New(fault.Invalid, "fund.statement.long"))
			}
			continue
		}
		before := p.held
		now := p.read(cells, no)
		if before == nil {
			p.held = now
			continue
		}
		return p.give(now)
	}
	return p.give(nil)
}

// give hands the held row out and holds the next.
func (p *tableParser) give(next *held) (item, error) {
	h := p.held
	p.held = next
	switch {
	case h == nil:
		return item{}, io.EOF
	case h.bad != nil:
		return item{}, h.bad
	}
	return item{Row: h.row}, nil
}

// checkCut refuses the last row when the file may have ended inside its memo: half a memo would be taken for another gift
// when the whole file comes.
func (p *tableParser) checkCut() {
	if h := p.held; h != nil && h.bad == nil && p.memoEnd && p.t.cut() && !h.row.HasBalance {
		h.bad = problem(h.row.No, fault.New(fault.Invalid, "fund.statement.cut"))
	}
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(s string) bool { return strings.TrimSpace(s) != "" })
}

// continuation tells whether the row holds nothing but more of a memo.
func (p *tableParser) continuation(cells []string) (string, bool) {
	memo := p.at[p.c.memo]
	if p.others == nil {
		for _, name := range p.c.names() {
			if i := p.at[name]; i != memo {
				p.others = append(p.others, i)
			}
		}
	}
	for _, i := range p.others {
		if i < len(cells) && strings.TrimSpace(cells[i]) != "" {
			return "", false
		}
	}
	if memo >= len(cells) {
		return "", false
	}
	return joinLines(cells[memo]), true
}

// joinLines puts wrapped lines together again. Banks break them after so many characters, in the middle of a word too, so
// nothing is put between.
func joinLines(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.NewReplacer("\r", "", "\n", "").Replace(s)
}

func (p *tableParser) cell(cells []string, name string) string {
	if name == "" {
		return ""
	}
	return strings.TrimSpace(cells[p.at[name]])
}

func (p *tableParser) read(cells []string, no int) *held {
	h := &held{row: Row{No: no}}
	if len(cells) < p.width && !p.t.serial() || p.l != Mapped && len(cells) > p.width && !blank(cells[p.width:]) {
		h.bad = problem(no, fault.New(fault.Invalid, "fund.statement.width").With("Want", p.width).With("Found", len(cells)))
		return h
	}
	for len(cells) < p.width { // Excel leaves empty cells at the end of a row out
		cells = append(cells, "")
	}
	if err := p.fill(&h.row, cells); err != nil {
		h.bad = problem(no, asFault(err))
	}
	return h
}

func (p *tableParser) fill(r *Row, cells []string) (err error) {
	if text := p.cell(cells, p.c.date); text != p.text || text == "" { // most rows are of the day of the row before
		if p.day, err = day(text, p.t.serial(), p.dates...); err != nil {
			p.text = ""
			return err
		}
		p.text = strings.Clone(text)
	}
	r.Day = p.day
	if r.Time, err = clockTime(p.cell(cells, p.c.clock), p.t.serial()); err != nil {
		return err
	}
	if r.Debit, _, err = amount(p.cell(cells, p.c.debit), money.Parse); err != nil {
		return err
	}
	if r.Credit, _, err = amount(p.cell(cells, p.c.credit), money.Parse); err != nil {
		return err
	}
	if p.c.signed != "" {
		v, _, err := amount(p.cell(cells, p.c.signed), money.ParseSigned)
		if err != nil {
			return err
		}
		r.Debit, r.Credit = max(0, -v), max(0, v)
	}
	if r.Balance, r.HasBalance, err = amount(p.cell(cells, p.c.balance), money.ParseSigned); err != nil {
		return err
	}
	r.DocNo, r.Ref, r.Offset = strings.Clone(p.cell(cells, p.c.doc)), strings.Clone(p.cell(cells, p.c.ref)), strings.Clone(p.cell(cells, p.c.offset))
	r.Memo = strings.Clone(joinLines(p.cell(cells, p.c.memo)))
	switch {
	case p.l == Agribank && !r.HasBalance:
		return fault.New(fault.Invalid, "fund.statement.balance_missing")
	case p.l == VietinBank && r.Time == "":
		return fault.New(fault.Invalid, "fund.statement.time_missing")
	}
	return nil
}

// amount reads an amount; an empty cell is none.
func amount(s string, parse func(string) (money.VND, error)) (v money.VND, stated bool, err error) {
	if s == "" {
		return 0, false, nil
	}
	if v, plain := digits(s); plain {
		return v, true, nil
	}
	v, err = parse(s)
	return v, err == nil, err
}

// digits reads an amount that is nothing but digits, as most are: one to fifteen that do not begin with zero.
func digits(s string) (v money.VND, ok bool) {
	if len(s) > 15 || s[0] == '0' {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		v = v*10 + money.VND(s[i]-'0')
	}
	return v, true
}

const dayFirst = "02/01/2006"

// day reads 31/12/2024, or another form that is given, and in Excel also the number of the day.
func day(s string, serial bool, forms ...string) (clock.Date, error) {
	for _, form := range forms {
		if t, err := time.Parse(form, s); err == nil {
			return clock.Date(t.Format("2006-01-02")), nil
		}
	}
	if serial {
		if n, err := strconv.ParseFloat(s, 64); err == nil && n >= 36526 && n < 73051 { // 2000 to 2099
			return clock.Date("1899-12-30").AddDays(int(n)), nil
		}
	}
	return "", fault.New(fault.Invalid, "fund.statement.date").With("Value", clip(s))
}

func clockTime(s string, serial bool) (string, error) {
	if s == "" {
		return "", nil
	}
	for _, form := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.Format("15:04:05"), nil
		}
	}
	if serial {
		if n, err := strconv.ParseFloat(s, 64); err == nil && n >= 0 && n < 1 {
			return time.Time{}.Add(time.Duration(n*86400+0.5) * time.Second).Format("15:04:05"), nil
		}
	}
	return "", fault.New(fault.Invalid, "fund.statement.time").With("Value", clip(s))
}

// clip keeps what is shown of a bad value short.
func clip(s string) string {
	r := []rune(strings.ToValidUTF8(s, "?"))
	if len(r) > 30 {
		return string(r[:30]) + "…"
	}
	return string(r)
}
