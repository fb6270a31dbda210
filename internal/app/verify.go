package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/receipt"
	"github.com/nhipcau/nhipcau/internal/fund/giftreceipt"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// exitCode ends the program with the number; what there was to say has been said.
type exitCode int

// Error implements error.
func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

type verifyCmd struct {
	Receipt string `arg:"" optional:"" help:"Receipt of a case or of a gift, as it was downloaded (bien-nhan-….json); - reads standard input." placeholder:"FILE"`
	Key     string `help:"Verification key of the log, as it was published. Without one the key in the receipt is taken, and named." placeholder:"VKEY"`
	KeyFile string `help:"File whose last line is the verification key." placeholder:"FILE"`
	Cases   bool   `help:"Check every case of this installation against its log instead: is one altered, or gone?"`
	JSON    bool   `help:"Print the verdict as JSON." name:"json"`
}

// Validate refuses a command line that asks for nothing or for two things at once.
func (v verifyCmd) Validate() error {
	switch {
	case v.Cases == (v.Receipt != ""):
		return errors.New("give either a receipt or --cases")
	case v.Cases && (v.Key != "" || v.KeyFile != ""):
		return errors.New("--cases takes the key of this installation, not --key")
	case v.Key != "" && v.KeyFile != "":
		return errors.New("give either --key or --key-file")
	}
	return nil
}

// Run checks a receipt without network or database, or every case with the database.
func (v verifyCmd) Run(s *session) error {
	if v.Cases {
		return v.cases(s)
	}
	key := v.Key
	if v.KeyFile != "" {
		b, err := os.ReadFile(v.KeyFile)
		if err != nil {
			return unusable(s, err)
		}
		lines := strings.Split(strings.TrimSpace(string(b)), "\n")
		if key = strings.TrimSpace(lines[len(lines)-1]); key == "" {
			return unusable(s, errors.New("there is no key in "+v.KeyFile))
		}
	}
	b, err := readReceipt(v.Receipt)
	if err != nil {
		return unusable(s, err)
	}
	var verdict any
	var sentence string
	var valid bool
	if giftreceipt.Is(b) {
		g := giftreceipt.Check(b, key)
		verdict, sentence, valid = g, g.Sentence(), g.Valid
	} else {
		c := receipt.Check(b, key)
		verdict, sentence, valid = c, c.Sentence(), c.Valid
	}
	if err := v.print(s.out, verdict, sentence); err != nil {
		return err
	}
	if !valid {
		return exitCode(exitFailed)
	}
	return nil
}

// unusable is a command line that names something that cannot be read.
func unusable(s *session, err error) error {
	fmt.Fprintln(s.err, "nhipcau:", err)
	return exitCode(exitUsage)
}

func readReceipt(name string) ([]byte, error) {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil {
			return nil, err
		}
		defer f.Close()
	}
	return io.ReadAll(io.LimitReader(f, receipt.MaxSize+1))
}

func (v verifyCmd) print(w io.Writer, verdict any, sentences string) error {
	if v.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(verdict)
	}
	_, err := fmt.Fprintln(w, sentences)
	return err
}

// cases checks every case against the log of this installation.
func (v verifyCmd) cases(s *session) error {
	h, err := Open(s.ctx, s.cfg, s.err)
	if err != nil {
		return err
	}
	defer h.Close()
	r, err := h.features.feedback.CheckLog(s.ctx, identity.System("command-line"), h.tlog)
	if err != nil {
		return err
	}
	if err := v.print(s.out, r, caseSentences(r)); err != nil {
		return err
	}
	if !r.OK() {
		return exitCode(exitFailed)
	}
	return nil
}

// caseSentences says what was found, one line to a finding, the verdict first.
func caseSentences(r feedback.LogReport) string {
	verdict := "VALID: every case is as it was received and every receipt of the log has its case"
	if !r.OK() {
		verdict = fmt.Sprintf("NOT VALID: %d cases were altered, %d stand nowhere in the log, %d receipts of the log have no case", len(r.Altered), len(r.Missing), len(r.Lost))
	}
	lines := []string{fmt.Sprintf("%s (%d cases, %d of them in the log, %d on their way; %d entries of the log).", verdict, r.Cases, r.Logged, r.Waiting, r.Leaves)}
	for _, code := range r.Altered {
		lines = append(lines, "altered: "+code)
	}
	for _, code := range r.Missing {
		lines = append(lines, "not in the log: "+code)
	}
	for _, l := range r.Lost {
		where := ""
		if l.After != "" {
			where += ", after " + l.After
		}
		if l.Before != "" {
			where += ", before " + l.Before
		}
		lines = append(lines, fmt.Sprintf("gone: the case of entry %d%s", l.Index, where))
	}
	return strings.Join(lines, "\n")
}
