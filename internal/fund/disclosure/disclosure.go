// Package disclosure is the public statement of a fund: every gift as a line that anybody can find, add up, download and prove.
//
// It follows the books (fund.GiftFacts) and writes down, once and in order, what everybody may know of each gift: day,
// amount, bank, the giver's chosen name when there is one, and a memo in which nobody can be recognised. Lines are never
// changed: what went back or was wrong gets a line of its own that names the first. Lines enter the public log in batches, so
// that each has a receipt which can be checked without this house (package giftreceipt). Decree 93/2021/NĐ-CP, article
// 14(4) and (5), says what must be published by when, and for how long.
package disclosure

import (
	"context"
	"embed"
	"encoding/hex"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "disclosure", FS: migrationFS}

// Policies say, in Cedar, who may publish, correct and take out.
//
//go:embed policies.cedar
var Policies string

// The actions.
const (
	ActionSee     = "disclosure.see"     // what is due, done and late
	ActionPublish = "disclosure.publish" // say that what law wants published is published
	ActionCorrect = "disclosure.correct" // add a correcting line, take a name or words out
)

// Kind is what a line of the statement tells.
type Kind string

// The kinds of line.
const (
	KindGift       Kind = "gift"
	KindRefund     Kind = "refund"     // the gift went back to its giver
	KindWithdrawal Kind = "withdrawal" // the line about was no gift of this appeal
	KindCorrection Kind = "correction" // something else about a line was wrong, or changed
)

// Line is a line of a public statement. It holds nothing that is not public.
type Line struct {
	Code    string // of the appeal
	Seq     int64  // from 1 without a gap
	Kind    Kind
	Day     clock.Date
	Time    string // "15:04:05"; "" when not known
	Amount  money.VND
	Channel string // code of the bank ("VCB"), or "cash"
	Purpose string // code of what it was given for; "" is the appeal as a whole
	About   int64  // the line that this one corrects; 0
	Name    string // chosen by the giver; ""
	Memo    string // masked; of a correction, its reason
	Erased  bool   // name or memo were taken out later
}

// ID is the line's public name: "YAGI-2026.15".
func (l Line) ID() string { return LineID(l.Code, l.Seq) }

// LineID names a line of an appeal.
func LineID(code string, seq int64) string { return code + "." + strconv.FormatInt(seq, 10) }

// ParseLineID reads the name of a line.
func ParseLineID(s string) (code string, seq int64, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i <= 0 {
		return "", 0, false
	}
	seq, err := strconv.ParseInt(s[i+1:], 10, 64)
	return strings.ToUpper(s[:i]), seq, err == nil && seq > 0 && s[i+1] != '+' && s[i+1] != '0'
}

// Books is what the statement follows; fund.Service implements it.
type Books interface {
	GiftFacts(ctx context.Context, q bun.IDB, appealID string, after fund.Position, limit int) ([]fund.GiftFact, error)
	AllAppeals(ctx context.Context, q bun.IDB) ([]fund.Appeal, error)
}

// Names knows under which name a giver agreed to be shown: by the id of the gift. Who did not agree is not in the map.
type Names interface {
	DisplayNames(ctx context.Context, q bun.IDB, gifts []fund.GiftFact) (map[string]string, error)
}

// Log is the public log; tlog.Log implements it.
type Log interface {
	Append(ctx context.Context, leaf []byte) (uint64, error)
	Prove(ctx context.Context, index uint64) (tlog.Proof, error)
	VerificationKey() string
}

// Deps is what the service stands on.
type Deps struct {
	DB    *db.DB
	Queue *jobs.Queue
	Clock clock.Clock
	Authz *identity.Authorizer
	Trail identity.Recorder
	Books Books
	Names Names // nil: nobody chose a name
	// Earmarks lists what gifts of an appeal may be given for; nil: nothing apart.
	Earmarks func(ctx context.Context, q bun.IDB, appealID string) ([]fund.Earmark, error)
	// HandedOut gives the day on which the first money of an appeal was handed out; "" while none was. nil: it never is.
	HandedOut func(ctx context.Context, q bun.IDB, appealID string) (clock.Date, error)
	Log       Log
	Logger    *slog.Logger
}

// Service is the use cases of disclosure.
type Service struct {
	Deps
	store store

	mu        sync.Mutex
	following map[string]bool // appeals whose books are being followed by this process
	words     vocabulary
}

// New makes the service and registers its background work.
func New(d Deps) *Service {
	s := &Service{Deps: d, following: map[string]bool{}}
	if d.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Queue != nil {
		s.registerJobs()
	}
	return s
}

// Statement is an appeal as its public statement stands.
type Statement struct {
	fund.Appeal
	Lines   int64
	Amount  money.VND
	Hash    string // SHA-256 of the statement as a CSV file, hexadecimal; "" while it is computed anew
	Size    int64  // bytes of that file
	Edition int64  // grows when words were taken out of published lines
	Updated time.Time
	no      int64
}

// Statements lists every appeal with what its statement holds, newest first. Appeals are public from the first day.
func (s *Service) Statements(ctx context.Context) ([]Statement, error) {
	appeals, err := s.Books.AllAppeals(ctx, s.DB.Read())
	if err != nil {
		return nil, err
	}
	rows, err := s.store.appeals(ctx, s.DB.Read())
	if err != nil {
		return nil, err
	}
	out := make([]Statement, len(appeals))
	for i, a := range appeals {
		out[i] = rows[a.ID].statement(a)
	}
	return out, nil
}

// Statement finds the statement of an appeal by the appeal's code.
func (s *Service) Statement(ctx context.Context, code string) (Statement, error) {
	all, err := s.Statements(ctx)
	if err != nil {
		return Statement{}, err
	}
	for _, st := range all {
		if strings.EqualFold(st.Code, strings.TrimSpace(code)) {
			return st, nil
		}
	}
	return Statement{}, fault.New(fault.NotFound, "disclosure.appeal_none").With("Code", clip(code))
}

// Line finds a line by its public name, with the lines that correct it, oldest first.
func (s *Service) Line(ctx context.Context, lineID string) (Line, []Line, error) {
	code, seq, ok := ParseLineID(lineID)
	if !ok {
		return Line{}, nil, fault.New(fault.NotFound, "disclosure.line_none").With("ID", clip(lineID))
	}
	st, err := s.Statement(ctx, code)
	if err != nil {
		return Line{}, nil, fault.New(fault.NotFound, "disclosure.line_none").With("ID", clip(lineID)).Because(err)
	}
	rows, err := s.store.lines(ctx, s.DB.Read(), st.no, []int64{seq})
	if err != nil {
		return Line{}, nil, err
	}
	if len(rows) == 0 {
		return Line{}, nil, fault.New(fault.NotFound, "disclosure.line_none").With("ID", clip(lineID))
	}
	about, err := s.store.about(ctx, s.DB.Read(), st.no, seq)
	if err != nil {
		return Line{}, nil, err
	}
	out := make([]Line, len(about))
	for i, r := range about {
		out[i] = r.line(st.Code)
	}
	return rows[0].line(st.Code), out, nil
}

// clip keeps an echo of what was asked short.
func clip(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "")); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// giftKey is the id of a gift as it is stored.
func giftKey(giftID string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(giftID, "-", ""))
	if err != nil || len(b) != 16 {
		return []byte(giftID)
	}
	return b
}

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }
