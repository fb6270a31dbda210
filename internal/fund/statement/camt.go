package statement

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
)

// camt reads ISO 20022 camt.053 (any version: names are matched without their namespace), one element after the other.
type camt struct {
	d       *xml.Decoder
	pace    *pace
	acct    string
	entries int       // read in the whole file: the number of an entry
	inStmt  int       // read in this statement
	credit  money.VND // sums in this statement
	debit   money.VND
	summary *camtSummary
	closing *camtBalance
	queue   []queued
	stmts   int
}

type queued struct {
	it  item
	bad *Problem
}

type camtAmount struct {
	Currency string `xml:"Ccy,attr"`
	Value    string `xml:",chardata"`
}

type camtBalance struct {
	Code string     `xml:"Tp>CdOrPrtry>Cd"`
	Amt  camtAmount `xml:"Amt"`
	Side string     `xml:"CdtDbtInd"`
}

type camtSummary struct {
	Count   string `xml:"TtlNtries>NbOfNtries"`
	CreditN string `xml:"TtlCdtNtries>NbOfNtries"`
	Credit  string `xml:"TtlCdtNtries>Sum"`
	DebitN  string `xml:"TtlDbtNtries>NbOfNtries"`
	Debit   string `xml:"TtlDbtNtries>Sum"`
}

type camtDate struct {
	Day  string `xml:"Dt"`
	Time string `xml:"DtTm"`
}

type camtDetail struct {
	Amt       *camtAmount `xml:"Amt"`
	EndToEnd  string      `xml:"Refs>EndToEndId"`
	TxID      string      `xml:"Refs>TxId"`
	Servicer  string      `xml:"Refs>AcctSvcrRef"`
	Free      []string    `xml:"RmtInf>Ustrd"`
	Debtor    string      `xml:"RltdPties>DbtrAcct>Id>Othr>Id"`
	DebtorI   string      `xml:"RltdPties>DbtrAcct>Id>IBAN"`
	Creditor  string      `xml:"RltdPties>CdtrAcct>Id>Othr>Id"`
	CreditorI string      `xml:"RltdPties>CdtrAcct>Id>IBAN"`
	More      string      `xml:"AddtlTxInf"`
}

type camtEntry struct {
	Ref    string     `xml:"NtryRef"`
	Amt    camtAmount `xml:"Amt"`
	Side   string     `xml:"CdtDbtInd"`
	Status struct {
		Text string `xml:",chardata"`
		Code string `xml:"Cd"`
	} `xml:"Sts"`
	Booked   camtDate `xml:"BookgDt"`
	Servicer string   `xml:"AcctSvcrRef"`
	Details  []struct {
		Tx []camtDetail `xml:"TxDtls"`
	} `xml:"NtryDtls"`
	More string `xml:"AddtlNtryInf"`
}

const maxEntry = 16 << 20 // bytes: a batch names each amount in it

func newCAMT(r io.Reader) *camt {
	p := &pace{r: r, per: maxEntry}
	p.wind()
	return &camt{d: xml.NewDecoder(bufio.NewReaderSize(p, 64<<10)), pace: p}
}

func (c *camt) account() string { return c.acct }

func (c *camt) next() (item, error) {
	for len(c.queue) == 0 {
		c.pace.wind()
		tok, err := c.d.Token()
		if errors.Is(err, io.EOF) {
			if c.stmts == 0 {
				return item{}, fault.New(fault.Invalid, "fund.statement.not_camt")
			}
			return item{}, io.EOF
		}
		if err != nil {
			return item{}, c.broken(err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			err = c.start(t)
		case xml.EndElement:
			if t.Name.Local == "Stmt" {
				c.endStatement()
			}
		}
		if err != nil {
			return item{}, err
		}
	}
	q := c.queue[0]
	c.queue = c.queue[1:]
	if q.bad != nil {
		return item{}, q.bad
	}
	return q.it, nil
}

// broken tells where the XML ends or breaks; what is not about its form is an error of the machine.
func (c *camt) broken(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errRecordTooLong) || strings.Contains(err.Error(), "encoding") {
		line, _ := c.d.InputPos()
		return fault.New(fault.Invalid, "fund.statement.xml").With("Line", line).Because(err)
	}
	return err
}

func (c *camt) start(t xml.StartElement) error {
	decode := func(v any) error {
		if err := c.d.DecodeElement(v, &t); err != nil {
			return c.broken(err)
		}
		return nil
	}
	switch t.Name.Local {
	case "Stmt":
		c.stmts++
		c.inStmt, c.credit, c.debit, c.summary, c.closing = 0, 0, 0, nil, nil
	case "Acct":
		var a struct {
			IBAN  string `xml:"Id>IBAN"`
			Other string `xml:"Id>Othr>Id"`
		}
		if err := decode(&a); err != nil {
			return err
		}
		number := strings.TrimSpace(a.IBAN + a.Other)
		if c.acct != "" && number != c.acct {
			return fault.New(fault.Invalid, "fund.statement.two_accounts")
		}
		c.acct = clip(number)
	case "Bal":
		b := &camtBalance{}
		if err := decode(b); err != nil {
			return err
		}
		c.balance(b)
	case "TxsSummry":
		c.summary = &camtSummary{}
		return decode(c.summary)
	case "Ntry":
		e := &camtEntry{}
		if err := decode(e); err != nil {
			return err
		}
		c.entry(e)
	}
	return nil
}

func (c *camt) balance(b *camtBalance) {
	switch strings.TrimSpace(b.Code) {
	case "OPBD", "PRCD":
		c.anchor(b)
	case "CLBD":
		c.closing = b
	}
}

func (c *camt) anchor(b *camtBalance) {
	v, err := camtMoney(b.Amt)
	if err != nil {
		c.queue = append(c.queue, queued{bad: problem(c.entries, asFault(err))})
		return
	}
	if strings.TrimSpace(b.Side) == "DBIT" {
		v = -v
	}
	c.queue = append(c.queue, queued{it: item{anchor: true, Row: Row{No: c.entries, Balance: v, HasBalance: true}}})
}

func (c *camt) entry(e *camtEntry) {
	c.entries++
	c.inStmt++
	rows, err := e.rows(c.entries)
	if err != nil {
		c.queue = append(c.queue, queued{bad: problem(c.entries, asFault(err))})
		return
	}
	for _, r := range rows {
		c.credit += r.Credit
		c.debit += r.Debit
		c.queue = append(c.queue, queued{it: item{Row: r}})
	}
}

// endStatement compares what the statement says of itself with what was read.
func (c *camt) endStatement() {
	if c.closing != nil {
		c.anchor(c.closing)
	}
	if c.summary == nil {
		return
	}
	if n := strings.TrimSpace(c.summary.Count); n != "" && n != strconv.Itoa(c.inStmt) {
		c.queue = append(c.queue, queued{bad: problem(0, fault.New(fault.Invalid, "fund.statement.count").With("Stated", clip(n)).With("Found", c.inStmt))})
	}
	for _, s := range []struct {
		stated string
		found  money.VND
	}{{c.summary.Credit, c.credit}, {c.summary.Debit, c.debit}} {
		if strings.TrimSpace(s.stated) == "" {
			continue
		}
		if v, err := decimal(s.stated, "."); err != nil || v != s.found {
			c.queue = append(c.queue, queued{bad: problem(0, fault.New(fault.Invalid, "fund.statement.sum").With("Stated", clip(s.stated)).With("Found", s.found.String()))})
		}
	}
}

// rows gives the movements of one entry: several when the bank booked a batch and names each amount in it.
func (e *camtEntry) rows(no int) ([]Row, error) {
	total, err := camtMoney(e.Amt)
	if err != nil {
		return nil, err
	}
	if s := strings.TrimSpace(e.Status.Text + e.Status.Code); s != "" && s != "BOOK" {
		return nil, fault.New(fault.Invalid, "fund.statement.not_booked")
	}
	r := Row{No: no, DocNo: strings.TrimSpace(e.Servicer), Ref: strings.TrimSpace(e.Ref)}
	if r.Day, r.Time, err = e.Booked.read(); err != nil {
		return nil, err
	}
	var tx []camtDetail
	for _, d := range e.Details {
		tx = append(tx, d.Tx...)
	}
	side := strings.TrimSpace(e.Side)
	if side != "CRDT" && side != "DBIT" {
		return nil, fault.New(fault.Invalid, "fund.statement.side").With("Value", clip(side))
	}
	if len(tx) < 2 {
		var d camtDetail
		if len(tx) == 1 {
			d = tx[0]
		}
		return []Row{d.row(r, side, total, e.More)}, nil
	}
	var out []Row
	var sum money.VND
	for _, d := range tx {
		if d.Amt == nil {
			return nil, fault.New(fault.Invalid, "fund.statement.batch")
		}
		v, err := camtMoney(*d.Amt)
		if err != nil {
			return nil, err
		}
		sum += v
		out = append(out, d.row(r, side, v, e.More))
	}
	if sum != total {
		return nil, fault.New(fault.Invalid, "fund.statement.sum").With("Stated", total.String()).With("Found", sum.String())
	}
	return out, nil
}

func (d camtDetail) row(r Row, side string, v money.VND, more string) Row {
	if r.DocNo == "" {
		r.DocNo = strings.TrimSpace(d.Servicer)
	}
	for _, ref := range []string{d.TxID, d.EndToEnd} {
		if ref = strings.TrimSpace(ref); ref != "" && ref != "NOTPROVIDED" {
			r.Ref = ref
			break
		}
	}
	r.Memo = joinLines(strings.TrimSpace(strings.Join(d.Free, "")))
	for _, m := range []string{d.More, more} {
		if r.Memo == "" {
			r.Memo = joinLines(strings.TrimSpace(m))
		}
	}
	if side == "CRDT" {
		r.Credit, r.Offset = v, strings.TrimSpace(d.Debtor+d.DebtorI)
	} else {
		r.Debit, r.Offset = v, strings.TrimSpace(d.Creditor+d.CreditorI)
	}
	return r
}

func (d camtDate) read() (clock.Date, string, error) {
	if s := strings.TrimSpace(d.Day); s != "" {
		if day := clock.Date(s); len(s) == 10 && day.Valid() {
			return day, "", nil
		}
		return "", "", fault.New(fault.Invalid, "fund.statement.date").With("Value", clip(s))
	}
	s := strings.TrimSpace(d.Time)
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		t = t.In(clock.Vietnam)
		return clock.DateOf(t), t.Format("15:04:05"), nil
	}
	if t, err := time.Parse("2006-01-02T15:04:05", s); err == nil {
		return clock.Date(t.Format("2006-01-02")), t.Format("15:04:05"), nil
	}
	return "", "", fault.New(fault.Invalid, "fund.statement.date").With("Value", clip(s))
}

func camtMoney(a camtAmount) (money.VND, error) {
	if a.Currency != "VND" {
		return 0, fault.New(fault.Invalid, "fund.statement.currency").With("Value", clip(a.Currency))
	}
	return decimal(a.Value, ".")
}

// decimal reads digits with at most a fraction of zeros: there is nothing smaller than a đồng.
func decimal(s, mark string) (money.VND, error) {
	s = strings.TrimSpace(s)
	whole, fraction, _ := strings.Cut(s, mark)
	if strings.Trim(fraction, "0") != "" || whole == "" || strings.Trim(whole, "0123456789") != "" || len(fraction) > 5 {
		return 0, fault.New(fault.Invalid, "fund.statement.amount").With("Value", clip(s))
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		return 0, nil
	}
	return money.Parse(whole)
}
