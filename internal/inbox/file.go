package inbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/enclosure"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Keeper keeps pictures and files that go with an answer; enclosure.Keeper implements it.
type Keeper interface {
	Keep(ctx context.Context, u enclosure.Upload) (channel.Attachment, error)
	Open(ctx context.Context, key string) (io.ReadCloser, error)
}

// File is a picture or file that stands beside an answer.
type File struct {
	ID      string
	Name    string
	MIME    string
	Bytes   int64
	Picture bool
}

type fileRow struct {
	bun.BaseModel `bun:"table:inbox_file,alias:f"`

	ID             string `bun:",pk"`
	ConversationID string
	OfficialID     string
	Attachment     string
	Form           string
	KeptAt         time.Time
}

func (r fileRow) attachment() (a channel.Attachment) {
	_ = json.Unmarshal([]byte(r.Attachment), &a) // written by us
	return a
}

func fileOf(fileID string, a channel.Attachment) File {
	return File{ID: fileID, Name: a.Name, MIME: a.MIME, Bytes: a.Bytes, Picture: a.Kind == channel.AttachPicture}
}

// keptFor is how long a file may lie beside an answer that is not sent; after that its content is swept away too.
const keptFor = 24 * time.Hour

// TakesFiles tells how many pictures or files one answer of the conversation may carry, and of what kind; the zero value
// where none may: comments, and channels that take none.
func (s *Service) TakesFiles(c Conversation) channel.Limits {
	l, _ := s.Channels.Limits(c.Kind)
	if s.Keeper == nil || c.Public() || l.Attachments == 0 {
		return channel.Limits{}
	}
	return l
}

// KeepFile takes in one picture or file for an answer to a conversation. What the channel would refuse is refused here with
// its limit, as a fault of the field "files". It lies there for a day, for this official alone, until an answer names it.
func (s *Service) KeepFile(ctx context.Context, actor identity.Actor, conversationID, name string, content io.Reader, shrink bool) (File, error) {
	c, err := s.store.conversation(ctx, s.DB.Read(), conversationID)
	if err != nil {
		return File{}, err
	}
	if err := s.may(actor, ActionReply, c); err != nil {
		return File{}, err
	}
	if s.TakesFiles(c).Attachments == 0 {
		return File{}, fault.Field("files", "channel.message.no_files")
	}
	a, err := s.Keeper.Keep(ctx, enclosure.Upload{Channel: c.Kind, Name: name, Content: content, Shrink: shrink})
	if err != nil {
		return File{}, err
	}
	text, err := json.Marshal(a)
	if err != nil {
		return File{}, err
	}
	now := s.Clock.Now()
	row := fileRow{ID: id.New(), ConversationID: c.ID, OfficialID: actor.ID, Attachment: string(text), KeptAt: now}
	return fileOf(row.ID, a), s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewDelete().Model((*fileRow)(nil)).Where("kept_at < ?", now.Add(-keptFor)).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// files reads what an official keeps beside an answer, in the order of the ids; others' and unknown ones are left out.
func (store) files(ctx context.Context, q bun.IDB, conversationID, officialID string, ids []string) ([]fileRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []fileRow
	err := q.NewSelect().Model(&rows).Where("f.id IN (?)", bun.In(ids)).Where("f.conversation_id = ?", conversationID).Where("f.official_id = ?", officialID).Scan(ctx)
	slices.SortFunc(rows, func(a, b fileRow) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return rows, err
}

// Kept lists the official's own files beside an answer that is not sent yet.
func (s *Service) Kept(ctx context.Context, actor identity.Actor, conversationID string, ids []string) ([]File, error) {
	rows, err := s.store.files(ctx, s.DB.Read(), conversationID, actor.ID, ids)
	var out []File
	for _, r := range rows {
		if r.Form == "" {
			out = append(out, fileOf(r.ID, r.attachment()))
		}
	}
	return out, err
}

// useFiles gives the attachments of an answer and notes by which form they went. The same form may use them again; another
// may not.
func (s *Service) useFiles(ctx context.Context, tx db.Tx, actor identity.Actor, conversationID, form string, ids []string) ([]channel.Attachment, error) {
	rows, err := s.store.files(ctx, tx, conversationID, actor.ID, ids)
	if err != nil {
		return nil, err
	}
	var out []channel.Attachment
	for _, r := range rows {
		if r.Form != "" && r.Form != form {
			continue
		}
		out = append(out, r.attachment())
	}
	if len(out) < len(ids) {
		return nil, fault.Field("files", "inbox.file_gone")
	}
	if len(ids) > 0 {
		_, err = tx.NewUpdate().Model((*fileRow)(nil)).Set("form = ?", form).Where("id IN (?)", bun.In(ids)).Exec(ctx)
	}
	return out, err
}

// OpenKept opens a file that the official keeps beside an answer, for its preview.
func (s *Service) OpenKept(ctx context.Context, actor identity.Actor, conversationID, fileID string) (File, io.ReadCloser, error) {
	var r fileRow
	err := s.DB.Read().NewSelect().Model(&r).Where("f.id = ?", fileID).Where("f.conversation_id = ?", conversationID).Where("f.official_id = ?", actor.ID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || s.Keeper == nil {
		return File{}, nil, errNone()
	}
	if err != nil {
		return File{}, nil, err
	}
	return s.open(ctx, fileID, r.attachment())
}

// OpenSent opens the n-th file (from 0) that went out with a message of the conversation, for who may read it.
func (s *Service) OpenSent(ctx context.Context, actor identity.Actor, conversationID, messageID string, n int) (File, io.ReadCloser, error) {
	l, err := s.line(ctx, actor, conversationID, messageID)
	if err != nil {
		return File{}, nil, err
	}
	if n < 0 || n >= len(l.Files) || s.Keeper == nil {
		return File{}, nil, errNone()
	}
	return s.open(ctx, messageID, l.Files[n])
}

func (s *Service) open(ctx context.Context, fileID string, a channel.Attachment) (File, io.ReadCloser, error) {
	r, err := s.Keeper.Open(ctx, a.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, nil, errNone()
	}
	return fileOf(fileID, a), r, err
}

// PictureOf gives the address, at the channel, of the n-th picture (from 0) that a person sent in the conversation, for who may
// read it. It is for the house to fetch and not for a browser.
func (s *Service) PictureOf(ctx context.Context, actor identity.Actor, conversationID, messageID string, n int) (string, error) {
	l, err := s.line(ctx, actor, conversationID, messageID)
	if err != nil {
		return "", err
	}
	if n < 0 || n >= len(l.Pictures) {
		return "", errNone()
	}
	return l.Pictures[n].URL, nil
}

// line reads one message of a conversation as the actor may see it: what is hidden from them has no files and pictures.
func (s *Service) line(ctx context.Context, actor identity.Actor, conversationID, messageID string) (Line, error) {
	t, err := s.Look(ctx, actor, conversationID)
	if err != nil {
		return Line{}, err
	}
	for _, l := range t.Lines {
		if l.ID == messageID {
			return l, nil
		}
	}
	return Line{}, errNone()
}
