package loudspeaker

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/loudspeaker/poster"
	"github.com/nhipcau/nhipcau/internal/loudspeaker/speech"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Posts gives what was approved; *publish.Service has it. It also decides who may read it.
type Posts interface {
	Approved(ctx context.Context, a identity.Actor, postID, unitID string) (publish.Approved, error)
	Unit(unitID string) orgunit.Unit
}

// Pictures gives the JPEG of a stored picture; *picture.Store has it.
type Pictures interface {
	JPEG(ctx context.Context, pid string) ([]byte, error)
}

// Deps are what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Trail    identity.Recorder // audit log; nil: none
	Posts    Posts
	Profiles publish.Profiles
	Pictures Pictures
	Links    publish.Links
	Blobs    blob.Store
	Voice    Voice
	Words    Words // Vietnamese
	Logger   *slog.Logger
}

// Service is the use cases of the loudspeaker. Whoever may read a post may make its recording, poster and message.
type Service struct {
	Deps
	store store
}

// speakArgs is the job that reads a script aloud.
type speakArgs struct {
	RecordingID string `json:"recording_id"`
}

// Kind implements jobs.Args.
func (speakArgs) Kind() string { return "loudspeaker.speak" }

// New makes the service and registers its background work.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{Deps: d}
	jobs.HandleLong(d.Queue, 2*speakTime, func(ctx context.Context, j *jobs.Job[speakArgs]) error { return s.speak(ctx, j.Args.RecordingID) })
	return s
}

// Desk is everything about the loudspeaker of one post for one unit.
type Desk struct {
	publish.Approved
	Body       string // the unit as one that speaks: "Ủy ban Mặt trận Tổ quốc Việt Nam xã …"
	Hotline    string
	Script     string // proposal of what to read
	Recordings []Recording
	Short      string // short public address; "" while the post has none
	Plain      string // proposal of a message without diacritics
	Accented   string // and with them
	VoiceName  string
	NoVoice    string // the program that must be installed before anything can be spoken; "" when it is there
}

// Busy tells whether a recording is being made.
func (d Desk) Busy() bool {
	for _, r := range d.Recordings {
		if r.State == StateQueued {
			return true
		}
	}
	return false
}

// Open gives the desk of a post for one of its units ("" means the one that wrote it).
func (s *Service) Open(ctx context.Context, a identity.Actor, postID, unitID string) (Desk, error) {
	ap, err := s.Posts.Approved(ctx, a, postID, unitID)
	if err != nil {
		return Desk{}, err
	}
	d := Desk{Approved: ap, Body: s.body(ap.Unit), VoiceName: s.Voice.Name()}
	if s.Voice.Ready() != nil {
		d.NoVoice, _, _ = strings.Cut(d.VoiceName, " ")
	}
	profile, err := s.Profiles.Profile(ctx, ap.Unit.ID)
	if err != nil {
		return Desk{}, err
	}
	d.Hotline = profile.Hotline
	if d.Recordings, err = s.store.recordings(ctx, s.DB.Read(), postID, ap.Unit.ID); err != nil {
		return Desk{}, err
	}
	if ap.Link != "" {
		if d.Short, err = s.short(ctx, ap); err != nil {
			return Desk{}, err
		}
	}
	d.Script = script(s.Words, story{Title: ap.Words.Title, Lead: ap.Words.Lead, Text: ap.Text, Unit: d.Body, Hotline: d.Hotline})
	d.Plain, d.Accented = stubs(s.Words, s.Words.T("loudspeaker.sms.from", "Unit", ap.Unit.FullName), ap.Words.Title, ap.Words.Lead, d.Short)
	return d, nil
}

// body names a unit as one that speaks.
func (s *Service) body(u orgunit.Unit) string {
	switch {
	case u.Kind != orgunit.KindFront:
		return u.FullName
	case u.Level == orgunit.LevelArea || u.Level == orgunit.LevelCluster:
		return s.Words.T("loudspeaker.body.area", "Unit", lowerFirst(u.FullName))
	}
	return s.Words.T("loudspeaker.body.front", "Unit", lowerFirst(u.FullName))
}

func lowerFirst(s string) string {
	rs := []rune(s)
	if len(rs) > 0 {
		rs[0] = []rune(strings.ToLower(string(rs[0])))[0]
	}
	return string(rs)
}

// Spoken is a text as it will be heard.
func Spoken(text string) string { return speech.Expand(text) }

// Record has a text read aloud for a unit; the recording is made in the background.
func (s *Service) Record(ctx context.Context, a identity.Actor, postID, unitID, text string) (Recording, error) {
	ap, err := s.Posts.Approved(ctx, a, postID, unitID)
	if err != nil {
		return Recording{}, err
	}
	text = tidy(text)
	var fs fault.Fields
	fs.Check(text != "", "script", "loudspeaker.script_missing")
	if n := vntext.Length(text); n > maxScript {
		fs.Add(fault.Field("script", "loudspeaker.script_long").With("Limit", maxScript).With("N", n))
	}
	if err := fs.OrNil(); err != nil {
		return Recording{}, err
	}
	if err := s.Voice.Ready(); err != nil {
		return Recording{}, fault.New(fault.Conflict, "loudspeaker.no_voice").With("Program", program(s.Voice)).Because(err)
	}
	r := Recording{ID: id.New(), PostID: postID, Version: ap.Version, UnitID: ap.Unit.ID, Script: text, State: StateQueued,
		Voice: s.Voice.Name(), AskedBy: a.ID, AskedName: a.Name, CreatedAt: s.Clock.Now()}
	return r, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		n, err := s.store.waiting(ctx, tx, postID)
		if err != nil {
			return err
		}
		if n >= 3 {
			return fault.New(fault.Conflict, "loudspeaker.busy")
		}
		if err := s.store.insert(ctx, tx, &r); err != nil {
			return err
		}
		if err := s.note(ctx, tx, a, r); err != nil {
			return err
		}
		return s.Queue.Enqueue(ctx, tx, speakArgs{r.ID}, nil)
	})
}

func program(v Voice) string {
	name, _, _ := strings.Cut(v.Name(), " ")
	return name
}

func (s *Service) note(ctx context.Context, tx db.Tx, a identity.Actor, r Recording) error {
	if s.Trail == nil {
		return nil
	}
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: a, UnitID: r.UnitID, Action: "loudspeaker.record", ResourceType: "Post", ResourceID: r.PostID})
}

// tidy takes away what nobody typed on purpose: spaces at the ends of lines, more than one empty line.
func tidy(s string) string {
	var out []string
	for _, l := range strings.Split(vntext.NFC(strings.ToValidUTF8(s, "")), "\n") {
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// speak makes the recording and its receipt. It may run twice: a finished recording stays as it is.
func (s *Service) speak(ctx context.Context, recordingID string) error {
	r, err := s.store.recording(ctx, s.DB.Read(), recordingID)
	if err != nil || r.State != StateQueued {
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	wav, err := s.Voice.Speak(ctx, speech.Expand(r.Script))
	var length time.Duration
	if err == nil {
		length, err = Length(wav)
	}
	if err != nil {
		if ctx.Err() != nil { // the process stops: another goes on
			return err
		}
		s.Logger.Warn("a recording could not be made", "recording", r.ID, "err", err)
		r.State, r.Reason = StateFailed, "loudspeaker.reason.failed"
		if errors.Is(err, ErrNoVoice) {
			r.Reason = "loudspeaker.reason.no_voice"
		}
		return s.finish(ctx, r)
	}
	sound, format := encode(ctx, wav)
	r.State, r.Format, r.Bytes, r.Seconds = StateReady, format, int64(len(sound)), int(length.Round(time.Second)/time.Second)
	if err := s.Blobs.Put(ctx, r.key(), bytes.NewReader(sound), r.Bytes, MIME(format)); err != nil {
		return fmt.Errorf("loudspeaker: store recording %s: %w", r.ID, err)
	}
	return s.finish(ctx, r)
}

func (s *Service) finish(ctx context.Context, r Recording) error {
	r.DoneAt = s.Clock.Now()
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.finish(ctx, tx, r) })
}

// MIME is the media type of a format.
func MIME(format string) string {
	switch format {
	case "mp3":
		return "audio/mpeg"
	case "ogg":
		return "audio/ogg"
	}
	return "audio/wav"
}

// Sound gives a finished recording of a post. One of a post that was taken down is no longer given out.
func (s *Service) Sound(ctx context.Context, a identity.Actor, postID, recordingID string) (Recording, []byte, error) {
	if _, err := s.Posts.Approved(ctx, a, postID, ""); err != nil {
		return Recording{}, nil, err
	}
	r, err := s.store.recording(ctx, s.DB.Read(), recordingID)
	if err != nil {
		return Recording{}, nil, err
	}
	if r.PostID != postID || r.State != StateReady {
		return Recording{}, nil, errNotFound
	}
	if _, err := s.Posts.Approved(ctx, a, postID, r.UnitID); err != nil { // the post no longer stands there, or it is not theirs
		return Recording{}, nil, errNotFound
	}
	f, _, err := s.Blobs.Get(ctx, r.key())
	if errors.Is(err, blob.ErrNotFound) {
		return Recording{}, nil, errNotFound
	}
	if err != nil {
		return Recording{}, nil, err
	}
	defer f.Close()
	sound, err := io.ReadAll(io.LimitReader(f, maxSound))
	return r, sound, err
}

// Poster draws the A4 sheet of a post for a unit.
func (s *Service) Poster(ctx context.Context, a identity.Actor, postID, unitID string) ([]byte, publish.Approved, error) {
	d, err := s.Open(ctx, a, postID, unitID)
	if err != nil {
		return nil, publish.Approved{}, err
	}
	now := s.Clock.Now()
	day := d.Post.PublishedAt
	if day.IsZero() {
		day = now
	}
	sheet := poster.Sheet{Unit: d.Body, Title: d.Words.Title, Lead: d.Words.Lead, Body: d.Text, Link: d.Link,
		Scan: s.Words.T("loudspeaker.poster.scan"), Date: s.Words.T("loudspeaker.poster.date", "Date", vntext.DateLine(clock.DateOf(day))), Made: now}
	if d.Hotline != "" {
		sheet.Contact = s.Words.T("loudspeaker.poster.hotline", "Hotline", d.Hotline)
	}
	if d.Cover.ID != "" {
		if sheet.Picture, err = s.Pictures.JPEG(ctx, d.Cover.ID); err != nil && !errors.Is(err, blob.ErrNotFound) {
			return nil, publish.Approved{}, err
		}
	}
	pdf, err := poster.Draw(sheet)
	return pdf, d.Approved, err
}

// CodePath is where short addresses begin.
const CodePath = "/t/"

// codeSigns are those of a short address: no signs that look alike.
const codeSigns = "abcdefghjkmnpqrstuvwxyz23456789"

// short gives the short public address of a post on a unit's page, and writes it down at the first time.
func (s *Service) short(ctx context.Context, ap publish.Approved) (string, error) {
	c, err := s.store.codeOf(ctx, s.DB.Read(), ap.Post.ID, ap.Unit.ID)
	for try := 0; fault.Is(err, fault.NotFound) && try < 5; try++ { // again when the code was taken
		row := code{Code: newCode(), PostID: ap.Post.ID, UnitID: ap.Unit.ID, Slug: ap.Post.Slug, CreatedAt: s.Clock.Now()}
		if err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.putCode(ctx, tx, &row) }); err == nil {
			c, err = s.store.codeOf(ctx, s.DB.Read(), ap.Post.ID, ap.Unit.ID)
		}
	}
	return s.Links.Absolute(CodePath + c.Code), err
}

func newCode() string {
	raw := make([]byte, 6)
	_, _ = rand.Read(raw) // never fails
	for i, b := range raw {
		raw[i] = codeSigns[int(b)%len(codeSigns)]
	}
	return string(raw)
}

// Follow gives the public address that a short one stands for. Whether the post may be seen there, its page decides.
func (s *Service) Follow(ctx context.Context, text string) (string, error) {
	c, err := s.store.code(ctx, s.DB.Read(), strings.ToLower(text))
	if err != nil {
		return "", err
	}
	return s.Links.Article(s.Posts.Unit(c.UnitID), c.Slug), nil
}
