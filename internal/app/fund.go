package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/fundweb"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// fundCmd is the commands of the books. Whoever may run them on the server acts for the house; each act is in the audit log.
type fundCmd struct {
	Appeal struct {
		Create   appealCreateCmd   `cmd:"" help:"Open an appeal with its own bank accounts."`
		Balances appealBalancesCmd `cmd:"" help:"Show what stands on the accounts of an appeal, and what waits to be sorted."`
	} `cmd:"" help:"Appeals."`
	Import fundImportCmd `cmd:"" help:"Take a bank statement in, whole or not at all. The same file twice changes nothing."`
	Export fundExportCmd `cmd:"" help:"Write the books of an appeal for an outside tool to check."`
	QR     fundQRCmd     `cmd:"" name:"qr" help:"Make a reference code of an appeal and the VietQR text that carries it."`
}

// commandLine is who acts at the command line.
func commandLine() identity.Actor { return identity.System("command-line") }

// openFund wires the books of appeals.
func (h *House) openFund() {
	h.features.fund = fund.New(fund.Deps{DB: h.db, Jobs: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Blobs: h.blobs,
		Logger: h.log.With("part", "fund"), Has: func(unitID string) bool { return h.units.Forest().Has(unitID) }})
	h.features.fund.Work(h.queue)
}

func (h *House) fundPages() pages {
	return &fundweb.Pages{Service: h.features.fund, Forest: h.units.Forest}
}

// withFund opens the house for one command and turns a fault into a sentence.
func withFund(s *session, do func(h *House, f *fund.Service) error) error {
	h, err := Open(s.ctx, s.cfg, s.err)
	if err != nil {
		return err
	}
	defer h.Close()
	if err := do(h, h.features.fund); err != nil {
		return h.sentence(err)
	}
	return nil
}

type appealCreateCmd struct {
	Code    string   `required:"" help:"Short code, for example YAGI-2026." placeholder:"CODE"`
	Name    string   `required:"" help:"Full name." placeholder:"NAME"`
	Unit    string   `required:"" help:"Official code of the unit that leads it." placeholder:"CODE"`
	Account []string `required:"" sep:"none" help:"Bank account, for example VCB:1012345678; may be given again." placeholder:"BANK:NUMBER"`
	From    string   `required:"" help:"First day on which gifts are taken." placeholder:"DATE"`
	To      string   `required:"" help:"Last day on which gifts are taken." placeholder:"DATE"`
	Basis   string   `required:"" help:"The document that opens the appeal, with number and date." placeholder:"TEXT"`
}

// Run opens the appeal.
func (c appealCreateCmd) Run(s *session) error {
	from, err := clock.ParseDate(c.From)
	if err != nil {
		return err
	}
	to, err := clock.ParseDate(c.To)
	if err != nil {
		return err
	}
	return withFund(s, func(h *House, f *fund.Service) error {
		unit, err := h.unitByCode(c.Unit)
		if err != nil {
			return err
		}
		a, err := f.OpenAppeal(s.ctx, commandLine(), fund.NewAppeal{Code: c.Code, Name: c.Name, UnitID: unit, Basis: c.Basis, Opens: from, Closes: to, Accounts: c.Account})
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "The appeal %s is open from %s to %s.\n", a.Code, a.Opens.Vietnamese(), a.Closes.Vietnamese())
		return nil
	})
}

type appealBalancesCmd struct {
	Appeal string `required:"" help:"Code of the appeal." placeholder:"CODE"`
	Deep   bool   `help:"Add up every row, line and gift anew, compare bank, books and public statement, and look for what refers to nothing."`
}

var errBooksDiffer = errors.New("the books do not agree with themselves, the bank or the public statement")

// Run shows the balances and the queue. With --deep it exits with 1 when something does not agree.
func (c appealBalancesCmd) Run(s *session) error {
	return withFund(s, func(_ *House, f *fund.Service) error {
		balances, err := f.Balances(s.ctx, commandLine(), c.Appeal)
		if err != nil {
			return err
		}
		waiting, err := f.Queue(s.ctx, commandLine(), c.Appeal)
		if err != nil {
			return err
		}
		for _, b := range balances {
			fmt.Fprintf(s.out, "%-9s %-26s %20s\n", b.Role, b.Bank.Code+" "+b.Number, b.Net())
		}
		for _, w := range waiting {
			fmt.Fprintf(s.out, "waits: row %d of %s, document %s, in %s, out %s: %s (%s)\n", w.Row, w.Day, w.DocNo, w.Credit, w.Debit, w.Reason, w.ID)
		}
		if !c.Deep {
			return nil
		}
		check, err := f.CompareNow(s.ctx, commandLine(), c.Appeal)
		if err != nil {
			return err
		}
		for _, w := range check.Flaws {
			fmt.Fprintf(s.out, "flaw: %s, %d times, first %s\n", w.What, w.Count, w.First)
		}
		for _, d := range check.Days {
			if !d.BankIsLedger() || !check.Open && !d.LedgerIsPublic() {
				fmt.Fprintf(s.out, "differs: %s, bank %s in %s out, books %s in %s out, kept %s in %s out, gifts %d of %s, public %d of %s\n", d.Day, d.BankIn, d.BankOut, d.LedgerIn, d.LedgerOut,
					d.KeptIn, d.KeptOut, d.Gifts, d.GiftAmount, d.PublicGifts, d.PublicSum)
			}
		}
		if !check.Good && !check.Lags() {
			return errBooksDiffer
		}
		fmt.Fprintln(s.out, "Every row, line and gift was added up anew; nothing refers to nothing.")
		return nil
	})
}

type fundImportCmd struct {
	Appeal  string `required:"" help:"Code of the appeal." placeholder:"CODE"`
	Bank    string `required:"" enum:"vcb,agri,vietin,bidv,camt053,mt940" help:"Layout of the file: ${enum}."`
	Account string `help:"Number of the account, when the appeal has several that fit." placeholder:"NUMBER"`
	Rows    int    `help:"Number of rows that the bank states; the import is refused when it differs." placeholder:"N"`
	Sum     string `help:"Sum of money in that the bank states; the import is refused when it differs." placeholder:"AMOUNT"`
	JSON    bool   `help:"Print the result as JSON."`
	File    string `arg:"" help:"The statement." placeholder:"FILE"`
}

// importReport is what --json prints; names of fields are kept stable.
type importReport struct {
	Appeal       string       `json:"appeal"`
	Bank         string       `json:"bank"`
	Account      string       `json:"account"`
	File         string       `json:"file"`
	SHA256       string       `json:"sha256"`
	Status       string       `json:"status"` // posted, known, refused
	RowsRead     int          `json:"rows_read"`
	Posted       int          `json:"posted"`
	AlreadyKnown int          `json:"already_known"`
	Queued       int          `json:"queued"`
	Refused      int          `json:"refused"` // problems found; above zero nothing was posted
	Sum          int64        `json:"sum"`     // money in, đồng
	SumDebit     int64        `json:"sum_debit"`
	Opening      *int64       `json:"opening_balance,omitempty"`
	Closing      *int64       `json:"closing_balance,omitempty"`
	Unproved     int          `json:"rows_without_balance"` // after the last balance that the file states
	Days         []reportDay  `json:"days"`
	QueuedRows   []queuedRow  `json:"queued_rows"`
	RefusedRows  []refusedRow `json:"refused_rows"`
}

type reportDay struct {
	Date   string `json:"date"`
	Rows   int    `json:"rows"`
	Credit int64  `json:"credit"`
	Debit  int64  `json:"debit"`
}

type queuedRow struct {
	Row    int    `json:"row"`
	Reason string `json:"reason"`
}

type refusedRow struct {
	Row     int    `json:"row"` // 0: the file as a whole
	Code    string `json:"code"`
	Message string `json:"message"`
}

var errNothingPosted = errors.New("the statement was refused and nothing was posted")

// Run takes the statement in and prints what became of it. A refused statement exits with 1.
func (c fundImportCmd) Run(s *session) error {
	var sum money.VND
	if c.Sum != "" {
		var err error
		if sum, err = money.Parse(c.Sum); err != nil {
			return fmt.Errorf("--sum %q is not an amount", c.Sum)
		}
	}
	f, err := os.Open(c.File)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %s", c.File)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", c.File)
	}
	return withFund(s, func(h *House, svc *fund.Service) error {
		if err := frugal(s.ctx, h.db); err != nil {
			return err
		}
		res, err := svc.Import(s.ctx, commandLine(), fund.ImportRequest{Appeal: c.Appeal, Layout: statement.Layout(c.Bank), Account: c.Account,
			Name: filepath.Base(c.File), File: f, Size: info.Size(), Rows: c.Rows, Sum: sum})
		if err != nil {
			return c.failed(s, h, err)
		}
		if err := c.print(s.out, c.report(h, res)); err != nil {
			return err
		}
		if res.State == fund.ImportRefused {
			return errNothingPosted
		}
		return nil
	})
}

// frugal keeps the memory of a long import small: a house may be serving on the same box.
func frugal(ctx context.Context, d *db.DB) error {
	debug.SetGCPercent(25)
	debug.SetMemoryLimit(140 << 20)
	if d.Engine() != db.SQLite {
		return nil
	}
	_, err := d.SQLWriter().ExecContext(ctx, "PRAGMA mmap_size = 0; PRAGMA cache_size = -16384")
	return err
}

// failed is a file that could not be read at all: with --json it is a report too.
func (c fundImportCmd) failed(s *session, h *House, err error) error {
	said := h.sentence(err)
	if c.JSON && said != err {
		r := importReport{Appeal: c.Appeal, Bank: c.Bank, File: c.File, Status: string(fund.ImportRefused), Refused: 1, Days: []reportDay{}, QueuedRows: []queuedRow{}}
		r.RefusedRows = []refusedRow{{Code: faultCode(err), Message: said.Error()}}
		if err := c.print(s.out, r); err != nil {
			return err
		}
	}
	return said
}

// faultCode is the stable name of what was wrong.
func faultCode(err error) string {
	if f := web.Faults(err); len(f) > 0 {
		return f[0].Key
	}
	return ""
}

func (c fundImportCmd) report(h *House, res fund.ImportResult) importReport {
	t := res.Totals
	r := importReport{Appeal: c.Appeal, Bank: c.Bank, Account: res.Account.Bank.Code + ":" + res.Account.Number, File: c.File, SHA256: res.Hash,
		Status: string(res.State), RowsRead: res.RowsRead, Posted: res.Posted, AlreadyKnown: res.Known, Queued: res.Queued, Refused: t.Refused,
		Sum: int64(t.Credit), SumDebit: int64(t.Debit), Unproved: t.Unproved, Days: []reportDay{}, QueuedRows: []queuedRow{}, RefusedRows: []refusedRow{}}
	if t.HasBalance {
		opening, closing := int64(t.Opening), int64(t.Closing)
		r.Opening, r.Closing = &opening, &closing
	}
	for _, d := range t.Days {
		r.Days = append(r.Days, reportDay{string(d.Date), d.Rows, int64(d.Credit), int64(d.Debit)})
	}
	for _, q := range res.QueuedRows {
		r.QueuedRows = append(r.QueuedRows, queuedRow{q.Row, string(q.Reason)})
	}
	ctx := i18n.With(context.Background(), h.words.In("en"))
	for _, p := range t.Problems {
		r.RefusedRows = append(r.RefusedRows, refusedRow{p.Row, p.Fault.Key, i18n.Fault(ctx, p.Fault)})
	}
	return r
}

func (c fundImportCmd) print(w io.Writer, r importReport) error {
	if c.JSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	}
	fmt.Fprintf(w, "%s: %d rows read, %d posted, %d already known, %d queued, %d refused.\n", r.File, r.RowsRead, r.Posted, r.AlreadyKnown, r.Queued, r.Refused)
	fmt.Fprintf(w, "Money in %s, money out %s.\n", money.VND(r.Sum), money.VND(r.SumDebit))
	for _, d := range r.Days {
		fmt.Fprintf(w, "%s: %d rows, in %s, out %s\n", d.Date, d.Rows, money.VND(d.Credit), money.VND(d.Debit))
	}
	for _, q := range r.QueuedRows {
		fmt.Fprintf(w, "queued: row %d: %s\n", q.Row, q.Reason)
	}
	for _, p := range r.RefusedRows {
		if p.Row == 0 {
			fmt.Fprintf(w, "refused: the file: %s\n", p.Message)
			continue
		}
		fmt.Fprintf(w, "refused: row %d: %s\n", p.Row, p.Message)
	}
	if r.Status == string(fund.ImportPosted) && r.Unproved > 0 {
		fmt.Fprintf(w, "%d rows at the end have no balance after them that proves them; give --rows and --sum if the bank states them.\n", r.Unproved)
	}
	_, err := fmt.Fprintf(w, "SHA-256 %s\n", r.SHA256)
	return err
}

type fundExportCmd struct {
	Appeal string `required:"" help:"Code of the appeal." placeholder:"CODE"`
	Format string `required:"" enum:"hledger" help:"Format: ${enum}."`
}

// Run writes the journal.
func (c fundExportCmd) Run(s *session) error {
	return withFund(s, func(_ *House, f *fund.Service) error { return f.ExportHledger(s.ctx, commandLine(), c.Appeal, s.out) })
}

type fundQRCmd struct {
	Appeal string `required:"" help:"Code of the appeal." placeholder:"CODE"`
	Amount int64  `help:"Amount in đồng; without it the donor types one." placeholder:"N"`
}

// Run makes a reference and prints the text of the code for each account.
func (c fundQRCmd) Run(s *session) error {
	return withFund(s, func(_ *House, f *fund.Service) error {
		a, err := f.Appeal(s.ctx, commandLine(), c.Appeal)
		if err != nil {
			return err
		}
		ref, err := f.NewReference(s.ctx, commandLine(), c.Appeal)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "Reference %s\n", ref)
		for _, acct := range a.Accounts {
			text, err := fund.VietQR(acct.Bank.BIN, acct.Number, money.VND(c.Amount), ref)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%s %s: %s\n", acct.Bank.Code, acct.Number, text)
		}
		return nil
	})
}
