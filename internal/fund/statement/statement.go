// Package statement reads bank statements of any size, row by row, without ever holding the file in memory: the tables of
// Vietcombank, Agribank, VietinBank and BIDV (CSV or Excel), and the international formats CAMT.053 (XML) and MT940.
//
// It does not guess. A row that cannot be read exactly is refused with its number and the reason, and whatever the file says
// of itself (running balances, opening and closing balance, number of rows, sums) is checked against what was read. Whoever
// takes a statement in posts it only when nothing was refused.
package statement

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
)

// Layout names how a file is laid out.
type Layout string

// The layouts. BIDV is assumed to export the same columns as Agribank and VietinBank, with the time and the balance each
// present or not: no published file of that bank was at hand when this was written.
const (
	Vietcombank Layout = "vcb"
	Agribank    Layout = "agri"
	VietinBank  Layout = "vietin"
	BIDV        Layout = "bidv"
	CAMT053     Layout = "camt053"
	MT940       Layout = "mt940"

	// Mapped is any other table of one row a movement, whose columns a person has told apart. It is read with ParseMapped.
	Mapped Layout = "mapped"
)

// Layouts lists every layout.
var Layouts = [...]Layout{Vietcombank, Agribank, VietinBank, BIDV, CAMT053, MT940}

// Row is one movement on the account. Exactly one of Debit (money out) and Credit (money in) is above zero.
type Row struct {
	No         int        // in a table the row as a spreadsheet counts it, the header included; otherwise the line (MT940) or the entry (CAMT.053)
	Day        clock.Date // on which the bank booked it
	Time       string     // "15:04:05"; "" when the bank does not say
	DocNo      string     // the bank's document number; several rows may share one
	Ref        string     // the bank's reference number
	Debit      money.VND
	Credit     money.VND
	Balance    money.VND // after this row, when HasBalance
	HasBalance bool
	Memo       string // as the sender wrote it and the bank changed it, wrapped lines joined
	Offset     string // the other side's account, when the bank says it
}

// Problem is why a row cannot be taken. Row is its number as in Row.No; 0 is the file as a whole.
type Problem struct {
	Row   int
	Fault *fault.Error
}

// Error is meant for logs.
func (p *Problem) Error() string { return fmt.Sprintf("row %d: %v", p.Row, p.Fault) }

// Unwrap gives the fault.
func (p *Problem) Unwrap() error { return p.Fault }

// problemJSON is a problem as it is stored: the key of its text and the values in it.
type problemJSON struct {
	Row  int         `json:"row"`
	Key  string      `json:"key"`
	Args []fault.Arg `json:"args,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (p Problem) MarshalJSON() ([]byte, error) {
	return json.Marshal(problemJSON{p.Row, p.Fault.Key, p.Fault.Args})
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Problem) UnmarshalJSON(b []byte) error {
	var x problemJSON
	if err := json.Unmarshal(b, &x); err != nil {
		return err
	}
	p.Row, p.Fault = x.Row, fault.New(fault.Invalid, x.Key)
	p.Fault.Args = x.Args
	return nil
}

// Day is the total of one day.
type Day struct {
	Date   clock.Date
	Rows   int
	Credit money.VND
	Debit  money.VND
}

// Totals is what was counted and what the file itself stated.
type Totals struct {
	Account    string // the number of the account; "" when the layout does not say it
	Rows       int    // read and in order
	Credits    int
	Debits     int
	Credit     money.VND // sum of money in
	Debit      money.VND // sum of money out
	Days       []Day     // in order of date
	Opening    money.VND // before the first row, when HasBalance
	Closing    money.VND // at the last balance stated, when HasBalance
	HasBalance bool
	Unproved   int       // rows after the last balance that the file states, or all of them when it states none
	Refused    int       // how many problems there are
	Problems   []Problem // the first of them
}

// From is the first day with a row; "" when there is none.
func (t Totals) From() clock.Date {
	if len(t.Days) == 0 {
		return ""
	}
	return t.Days[0].Date
}

// To is the last day with a row; "" when there is none.
func (t Totals) To() clock.Date {
	if len(t.Days) == 0 {
		return ""
	}
	return t.Days[len(t.Days)-1].Date
}

// MaxProblems is how many problems are kept in full; the rest is counted.
const MaxProblems = 100

const (
	maxRecord = 1 << 20 // bytes of one row, entry or line
	maxMemo   = 4000    // bytes
	maxNumber = 140     // bytes of a document number, reference or account
)

// item is what a parser gives: a movement, or a balance stated between movements.
type item struct {
	Row
	anchor bool // Balance is stated here, and there is no movement
}

// parser gives the items of one file in order. It returns a *Problem for something that can be passed over to look for
// more, io.EOF at the end, and any other error when the file cannot be read on.
type parser interface {
	next() (item, error)
	account() string
}

// Parse reads a statement and calls each for every row until the first problem; after that it only looks for further
// problems, which Totals lists. It returns an error when the file is not a statement of that layout at all (a fault), when
// it cannot be read, or when each does.
func Parse(f io.ReaderAt, size int64, l Layout, each func(Row) error, opts ...Option) (Totals, error) {
	p, err := open(f, size, l)
	if err != nil {
		return Totals{}, err
	}
	return parse(p, each, opts)
}

// Option is something more to check.
type Option func(*control)

// Latest refuses rows of later days: a bank books nothing in the future, so the day was misread or mistyped.
func Latest(day clock.Date) Option { return func(c *control) { c.latest = day } }

func parse(p parser, each func(Row) error, opts []Option) (Totals, error) {
	if c, ok := p.(io.Closer); ok {
		defer c.Close()
	}
	c := newControl()
	for _, o := range opts {
		o(c)
	}
	for {
		it, err := p.next()
		var bad *Problem
		switch {
		case errors.Is(err, io.EOF):
			return c.end(p.account())
		case errors.As(err, &bad):
			c.lose()
			c.refuse(*bad)
			continue
		case err != nil:
			return c.totals, err
		}
		if bad := c.take(it); bad != nil {
			c.refuse(*bad)
		}
		if it.anchor || c.totals.Refused > 0 {
			continue
		}
		if err := each(it.Row); err != nil {
			return c.totals, err
		}
	}
}

func open(f io.ReaderAt, size int64, l Layout) (parser, error) {
	if size == 0 {
		return nil, fault.New(fault.Invalid, "fund.statement.empty")
	}
	switch l {
	case CAMT053:
		return newCAMT(io.NewSectionReader(f, 0, size)), nil
	case MT940:
		return newMT940(io.NewSectionReader(f, 0, size)), nil
	case Vietcombank, Agribank, VietinBank, BIDV:
		t, err := openTable(f, size, l)
		if err != nil {
			return nil, err
		}
		return newTableParser(t, l)
	}
	return nil, fault.New(fault.Invalid, "fund.statement.layout").With("Layout", string(l))
}

func problem(row int, f *fault.Error) *Problem { return &Problem{Row: row, Fault: f} }

// asFault makes any error a fault of the kind that a row is refused with.
func asFault(err error) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return fault.New(fault.Invalid, "fund.statement.unreadable").Because(err)
}
