package statement

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
)

// mt940 reads SWIFT MT940: fields that begin with ":tag:" at the start of a line, with lines that continue them.
type mt940 struct {
	r       *bufio.Reader
	pace    *pace
	no      int // of the line last read
	field   *field
	held    *Row
	heldBad *Problem
	queue   []queued
	acct    string
	any     bool
	open    bool // an opening balance was seen and its closing one not yet
	done    bool
}

type field struct {
	tag   string
	lines []string
	no    int
}

func newMT940(r io.Reader) *mt940 {
	p := &pace{r: r}
	p.wind()
	return &mt940{r: bufio.NewReaderSize(p, 64<<10), pace: p}
}

func (m *mt940) account() string { return m.acct }

func (m *mt940) next() (item, error) {
	for len(m.queue) == 0 {
		if m.done {
			return item{}, io.EOF
		}
		f, err := m.read()
		if errors.Is(err, io.EOF) {
			m.done = true
			m.flush()
			if !m.any {
				return item{}, fault.New(fault.Invalid, "fund.statement.not_mt940")
			}
			if m.open {
				m.queue = append(m.queue, queued{bad: problem(m.no, fault.New(fault.Invalid, "fund.statement.no_closing"))})
			}
			continue
		}
		if err != nil {
			return item{}, err
		}
		if err := m.take(f); err != nil {
			return item{}, err
		}
	}
	q := m.queue[0]
	m.queue = m.queue[1:]
	if q.bad != nil {
		return item{}, q.bad
	}
	return q.it, nil
}

var tagRE = regexp.MustCompile(`^:(\d{2}[A-Z]?):`)

// read gives the next field with its continuation lines.
func (m *mt940) read() (*field, error) {
	m.pace.wind()
	for {
		line, err := m.r.ReadString('\n')
		if errors.Is(err, errRecordTooLong) {
			return nil, fault.New(fault.Invalid, "fund.statement.quote").With("Row", m.no+1).Because(err)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if err != nil && line == "" {
			f := m.field
			m.field = nil
			if f != nil {
				return f, nil
			}
			return nil, io.EOF
		}
		m.no++
		line = strings.TrimRight(line, "\r\n")
		if i := strings.Index(line, "{4:"); i >= 0 && strings.HasPrefix(line, "{") {
			line = line[i+3:]
		}
		tag := tagRE.FindStringSubmatch(line)
		if tag == nil {
			if end := strings.TrimSpace(line); m.field != nil && end != "-" && !strings.HasPrefix(end, "-}") {
				m.field.lines = append(m.field.lines, line)
			}
			continue
		}
		f := m.field
		m.field = &field{tag: tag[1], no: m.no, lines: []string{line[len(tag[0]):]}}
		if f != nil {
			return f, nil
		}
	}
}

func (m *mt940) take(f *field) error {
	first := strings.TrimSpace(f.lines[0])
	switch f.tag {
	case "25":
		m.flush()
		if m.acct != "" && m.acct != clip(first) {
			return fault.New(fault.Invalid, "fund.statement.two_accounts")
		}
		m.acct = clip(first)
	case "60F", "60M":
		m.flush()
		m.any, m.open = true, true
		m.anchor(f.no, first)
	case "62F", "62M":
		m.flush()
		m.open = false
		m.anchor(f.no, first)
	case "61":
		m.flush()
		m.any = true
		m.held, m.heldBad = &Row{No: f.no}, nil
		if err := movement(m.held, f.lines); err != nil {
			m.heldBad = problem(f.no, asFault(err))
		}
	case "86":
		if m.held != nil {
			m.held.Memo = mt940Memo(f.lines)
		}
		m.flush()
	}
	return nil
}

// flush hands the held movement out: its :86: came, or none did.
func (m *mt940) flush() {
	switch {
	case m.held == nil:
		return
	case m.heldBad != nil:
		m.queue = append(m.queue, queued{bad: m.heldBad})
	default:
		m.queue = append(m.queue, queued{it: item{Row: *m.held}})
	}
	m.held = nil
}

var balanceRE = regexp.MustCompile(`^([CD])(\d{6})([A-Z]{3})([\d,]+)$`)

func (m *mt940) anchor(no int, s string) {
	p := balanceRE.FindStringSubmatch(s)
	if p == nil {
		m.queue = append(m.queue, queued{bad: problem(no, fault.New(fault.Invalid, "fund.statement.field").With("Value", clip(s)))})
		return
	}
	v, err := decimal(p[4], ",")
	if err == nil && p[3] != "VND" {
		err = fault.New(fault.Invalid, "fund.statement.currency").With("Value", p[3])
	}
	if err != nil {
		m.queue = append(m.queue, queued{bad: problem(no, asFault(err))})
		return
	}
	if p[1] == "D" {
		v = -v
	}
	m.queue = append(m.queue, queued{it: item{anchor: true, Row: Row{No: no, Balance: v, HasBalance: true}}})
}

// A movement: value date, booking day (month and day), side, amount, type, reference, and after "//" the bank's own.
var movementRE = regexp.MustCompile(`^(\d{6})(\d{4})?(R?[CD])[A-Z]?([\d,]+)[NFS]([A-Z0-9]{3})([^/]*(?:/[^/]+)*)(?://(.*))?$`)

func movement(r *Row, lines []string) error {
	s := strings.TrimSpace(lines[0])
	p := movementRE.FindStringSubmatch(s)
	if p == nil {
		return fault.New(fault.Invalid, "fund.statement.field").With("Value", clip(s))
	}
	value, err := time.Parse("060102", p[1])
	if err != nil {
		return fault.New(fault.Invalid, "fund.statement.date").With("Value", p[1])
	}
	booked := value
	if p[2] != "" {
		if booked, err = time.Parse("20060102", value.Format("2006")+p[2]); err != nil {
			return fault.New(fault.Invalid, "fund.statement.date").With("Value", p[2])
		}
		switch d := booked.Sub(value); { // around New Year the year of the booking is another
		case d > 183*24*time.Hour:
			booked = booked.AddDate(-1, 0, 0)
		case d < -183*24*time.Hour:
			booked = booked.AddDate(1, 0, 0)
		}
	}
	r.Day = clock.Date(booked.Format("2006-01-02"))
	v, err := decimal(p[4], ",")
	if err != nil {
		return err
	}
	r.setSide(p[3], v)
	r.DocNo = strings.TrimSpace(p[7])
	if r.Ref = strings.TrimSpace(p[6]); r.Ref == "NONREF" {
		r.Ref = ""
	}
	return nil
}

// setSide: "C" is money in; "RD" takes a debit back and so is money in as well.
func (r *Row) setSide(side string, v money.VND) {
	if side == "C" || side == "RD" {
		r.Credit = v
	} else {
		r.Debit = v
	}
}

var subfieldRE = regexp.MustCompile(`\?(\d{2})`)

// mt940Memo joins the lines of field 86. Some banks structure it: three digits, then ?20 to ?29 and ?60 to ?63 with the text.
func mt940Memo(lines []string) string {
	s := strings.Join(lines, "")
	at := subfieldRE.FindAllStringSubmatchIndex(s, -1)
	if len(at) == 0 || at[0][0] > 4 {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	for i, m := range at {
		end := len(s)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		if n := s[m[2]:m[3]]; n >= "20" && n <= "29" || n >= "60" && n <= "63" {
			b.WriteString(s[m[1]:end])
		}
	}
	return strings.TrimSpace(b.String())
}
