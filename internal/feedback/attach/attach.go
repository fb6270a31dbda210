// Package attach keeps the files that go with an answer: a PDF, a Word document or a picture. What a file is is read from its
// bytes, never from its name; pictures are drawn anew without position and camera data, documents with macros and files that
// unpack into something enormous are refused with a sentence that says what to do.
package attach

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/gabriel-vasile/mimetype"
	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "attach", FS: migrationFS}

// Limits of the files of one answer.
const (
	MaxFiles    = 5
	MaxBytes    = 10 << 20  // one file
	maxUnpacked = 100 << 20 // what a Word document may unpack into
	maxParts    = 5000
)

// The kinds of files that are taken.
const (
	mediaPDF  = "application/pdf"
	mediaWord = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	mediaJPEG = "image/jpeg"
)

// File is one file of an answer.
type File struct {
	ID       string
	CaseID   string
	AnswerID string // "" until the answer is given
	Name     string
	Media    string
	Size     int64 // bytes
	SHA256   string
}

// Cases is what this package asks the cases; feedback.Service implements it.
type Cases interface {
	Look(ctx context.Context, actor identity.Actor, caseID string) (feedback.Case, error)
	Check(actor identity.Actor, action string, c feedback.Case) error
	Coded(ctx context.Context, actor identity.Actor, code string) (feedback.Case, error)
}

// Pictures draws pictures anew; picture.Store implements it.
type Pictures interface {
	Save(ctx context.Context, r io.Reader) (picture.Picture, error)
	JPEG(ctx context.Context, id string) ([]byte, error)
}

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Blobs    blob.Store
	Pictures Pictures
	Cases    Cases
	Audit    identity.Recorder
}

// Service keeps the files.
type Service struct{ Deps }

// New makes the service; a file belongs to the answer that is given next.
func New(d Deps) *Service {
	s := &Service{d}
	jobs.On(d.Queue, "attach", func(ctx context.Context, e feedback.Answered) error {
		return d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.NewUpdate().Model((*fileRow)(nil)).Set("answer_id = ?", e.AnswerID).Where("case_id = ?", e.CaseID).Where("answer_id = ''").Exec(ctx)
			return err
		})
	})
	return s
}

type fileRow struct {
	bun.BaseModel `bun:"table:attach_file,alias:f"`
	ID            string `bun:",pk"`
	CaseID        string
	AnswerID      string
	Name          string
	Media         string
	Size          int64
	SHA256        string `bun:"sha256"`
	ByID          string
	At            time.Time
}

func (r fileRow) domain() File {
	return File{ID: r.ID, CaseID: r.CaseID, AnswerID: r.AnswerID, Name: r.Name, Media: r.Media, Size: r.Size, SHA256: r.SHA256}
}

func keyOf(fileID string) string { return "answer-file/" + fileID }

// Add takes one file for the answer that is being written. Only the desk that works on the case may.
func (s *Service) Add(ctx context.Context, actor identity.Actor, caseID, name string, r io.Reader) (File, error) {
	c, err := s.Cases.Look(ctx, actor, caseID)
	if err != nil {
		return File{}, err
	}
	if err := s.Cases.Check(actor, feedback.ActionWork, c); err != nil {
		return File{}, err
	}
	if c.Kind.Secret() || !c.State.Allows(feedback.StepSubmit) {
		return File{}, fault.New(fault.Conflict, "feedback.step_not_now")
	}
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return File{}, err
	}
	body, media, err := s.check(ctx, raw)
	if err != nil {
		return File{}, err
	}
	sum := sha256.Sum256(body)
	f := fileRow{ID: id.New(), CaseID: c.ID, Name: nameOf(name, media), Media: media, Size: int64(len(body)), SHA256: hex.EncodeToString(sum[:]), ByID: actor.ID, At: s.Clock.Now()}
	if err := s.Blobs.Put(ctx, keyOf(f.ID), bytes.NewReader(body), f.Size, media); err != nil {
		return File{}, fmt.Errorf("attach: keep file: %w", err)
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		n, err := tx.NewSelect().Model((*fileRow)(nil)).Where("case_id = ?", c.ID).Where("answer_id = ''").Count(ctx)
		if err != nil {
			return err
		}
		if n >= MaxFiles {
			return fault.Field("file", "feedback.attach_many").With("Limit", MaxFiles)
		}
		if _, err := tx.NewInsert().Model(&f).Exec(ctx); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, c, "feedback.attach")
	})
	if err != nil {
		return File{}, errors.Join(err, s.Blobs.Delete(ctx, keyOf(f.ID)))
	}
	return f.domain(), nil
}

func (s *Service) record(ctx context.Context, tx db.Tx, actor identity.Actor, c feedback.Case, action string) error {
	return s.Audit.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: c.HolderUnitID, Action: action, ResourceType: "Case", ResourceID: c.ID})
}

// check reads what a file is and gives the bytes that are kept of it.
func (s *Service) check(ctx context.Context, raw []byte) (body []byte, media string, err error) {
	switch {
	case len(raw) == 0:
		return nil, "", fault.Field("file", "feedback.attach_empty")
	case len(raw) > MaxBytes:
		return nil, "", fault.Field("file", "feedback.attach_heavy").With("Limit", MaxBytes>>20)
	}
	m := mimetype.Detect(raw)
	switch {
	case m.Is(mediaPDF):
		return raw, mediaPDF, nil
	case m.Is(mediaWord):
		return raw, mediaWord, checkWord(raw)
	case m.Is("image/jpeg"), m.Is("image/png"), m.Is("image/webp"):
		p, err := s.Pictures.Save(ctx, bytes.NewReader(raw))
		if err != nil {
			return nil, "", asField(err)
		}
		body, err = s.Pictures.JPEG(ctx, p.ID)
		return body, mediaJPEG, err
	}
	return nil, "", fault.Field("file", "feedback.attach_kind")
}

// checkWord refuses a document with macros and one that unpacks into something enormous.
func checkWord(raw []byte) error {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return fault.Field("file", "feedback.attach_broken").Because(err)
	}
	if len(z.File) > maxParts {
		return fault.Field("file", "feedback.attach_broken")
	}
	var left int64 = maxUnpacked
	for _, f := range z.File {
		if strings.EqualFold(path.Base(f.Name), "vbaProject.bin") {
			return fault.Field("file", "feedback.attach_macro")
		}
		part, err := f.Open()
		if err != nil {
			return fault.Field("file", "feedback.attach_broken").Because(err)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(part, left+1))
		_ = part.Close()
		if err != nil {
			return fault.Field("file", "feedback.attach_broken").Because(err)
		}
		if left -= n; left < 0 {
			return fault.Field("file", "feedback.attach_bomb")
		}
	}
	return nil
}

func asField(err error) error {
	var e *fault.Error
	if !errors.As(err, &e) || (e.Kind != fault.Invalid && e.Kind != fault.TooLarge) {
		return err
	}
	c := *e
	c.Kind, c.Field = fault.Invalid, "file"
	return &c
}

// nameOf keeps the name a person gave, with the ending of what the file is.
func nameOf(name, media string) string {
	name = strings.ReplaceAll(strings.ToValidUTF8(name, ""), "\\", "/")
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`"<>|:*?;`, r) || r == 0x7f {
			return -1
		}
		return r
	}, path.Base(vntext.NFC(name)))
	name = strings.TrimSpace(strings.TrimSuffix(name, path.Ext(name)))
	if name == "" || name == "." || name == "/" {
		name = "tep"
	}
	return vntext.Truncate(name, 80) + map[string]string{mediaPDF: ".pdf", mediaWord: ".docx", mediaJPEG: ".jpg"}[media]
}

// OfCase lists the files of a case for an official who may read it, oldest first.
func (s *Service) OfCase(ctx context.Context, actor identity.Actor, caseID string) ([]File, error) {
	if _, err := s.Cases.Look(ctx, actor, caseID); err != nil {
		return nil, err
	}
	return s.list(ctx, caseID, false)
}

// Given lists the files of the given answers to whoever has the code of the case.
func (s *Service) Given(ctx context.Context, actor identity.Actor, code string) ([]File, error) {
	c, err := s.Cases.Coded(ctx, actor, code)
	if err != nil || c.Kind.Secret() {
		return nil, err
	}
	return s.list(ctx, c.ID, true)
}

func (s *Service) list(ctx context.Context, caseID string, given bool) ([]File, error) {
	var rows []fileRow
	sel := s.DB.Read().NewSelect().Model(&rows).Where("f.case_id = ?", caseID).Order("id")
	if given {
		sel = sel.Where("f.answer_id <> ''")
	}
	err := sel.Scan(ctx)
	out := make([]File, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, err
}

// Open gives a file of a case to an official who may read it; the caller closes it.
func (s *Service) Open(ctx context.Context, actor identity.Actor, caseID, fileID string) (File, io.ReadCloser, error) {
	if _, err := s.Cases.Look(ctx, actor, caseID); err != nil {
		return File{}, nil, err
	}
	return s.open(ctx, caseID, fileID, false)
}

// OpenGiven gives a file of a given answer to whoever has the code of the case; the caller closes it.
func (s *Service) OpenGiven(ctx context.Context, actor identity.Actor, code, fileID string) (File, io.ReadCloser, error) {
	c, err := s.Cases.Coded(ctx, actor, code)
	if err != nil {
		return File{}, nil, err
	}
	return s.open(ctx, c.ID, fileID, true)
}

func (s *Service) open(ctx context.Context, caseID, fileID string, given bool) (File, io.ReadCloser, error) {
	var r fileRow
	sel := s.DB.Read().NewSelect().Model(&r).Where("f.id = ?", fileID).Where("f.case_id = ?", caseID)
	if given {
		sel = sel.Where("f.answer_id <> ''")
	}
	err := sel.Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return File{}, nil, fault.New(fault.NotFound, "feedback.attach_gone")
	}
	if err != nil {
		return File{}, nil, err
	}
	b, _, err := s.Blobs.Get(ctx, keyOf(r.ID))
	return r.domain(), b, err
}

// Remove takes a file out of an answer that is not given yet.
func (s *Service) Remove(ctx context.Context, actor identity.Actor, caseID, fileID string) error {
	c, err := s.Cases.Look(ctx, actor, caseID)
	if err != nil {
		return err
	}
	if err := s.Cases.Check(actor, feedback.ActionWork, c); err != nil {
		return err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		res, err := tx.NewDelete().Model((*fileRow)(nil)).Where("id = ?", fileID).Where("case_id = ?", caseID).Where("answer_id = ''").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fault.New(fault.NotFound, "feedback.attach_gone").Because(err)
		}
		return s.record(ctx, tx, actor, c, "feedback.detach")
	})
	if err != nil {
		return err
	}
	return s.Blobs.Delete(ctx, keyOf(fileID))
}
