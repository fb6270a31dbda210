package channel

import (
	"context"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
)

var (
	errNoButtons  = fault.Field("buttons", "channel.message.no_buttons")
	errBadButton  = fault.Field("buttons", "channel.message.bad_button")
	errNoFiles    = fault.Field("files", "channel.message.no_files")
	errManyFiles  = fault.Field("files", "channel.message.many_files")
	errFileBig    = fault.Field("files", "channel.message.file_too_big")
	errPictureBig = fault.Field("files", "channel.message.picture_too_big")
	errFileType   = fault.Field("files", "channel.message.file_type")
	errNoAsk      = fault.Field("ask", "channel.message.no_ask")
	errOneThing   = fault.Field("files", "channel.message.one_thing")
)

// composable tells, before anything is written down, what the kind of channel would refuse of a message.
func (s *Service) composable(kind Kind, r ReplyRequest) error {
	l, _ := s.Limits(kind)
	if r.Text == "" && len(r.Files) == 0 && r.Ask == nil {
		return errNoText
	}
	if l.Message > 0 && Length(r.Text) > l.Message {
		return errTooLong.With("Limit", l.Message)
	}
	if err := checkButtons(l, r); err != nil {
		return err
	}
	switch things := min(len(r.Files), 1) + min(len(r.Buttons), 1); {
	case r.Ask != nil && !l.Ask:
		return errNoAsk
	case r.Ask != nil && things > 0, things > 1:
		return errOneThing
	case len(r.Files) > l.Attachments && l.Attachments == 0:
		return errNoFiles
	case len(r.Files) > l.Attachments:
		return errManyFiles.With("Limit", l.Attachments)
	}
	for _, f := range r.Files {
		if err := l.Takes(f.Kind, f.Name, f.Bytes); err != nil {
			return err
		}
	}
	return nil
}

func checkButtons(l Limits, r ReplyRequest) error {
	if len(r.Buttons) == 0 {
		return nil
	}
	if r.Text == "" {
		return errNoText
	}
	if len(r.Buttons) > l.Buttons {
		return errNoButtons.With("Limit", l.Buttons)
	}
	for _, b := range r.Buttons {
		set := 0
		for _, v := range []string{b.URL, b.Phone, b.Words} {
			set += min(len(v), 1)
		}
		u, err := url.Parse(b.URL)
		if strings.TrimSpace(b.Title) == "" || Length(b.Title) > 100 || set != 1 || (b.URL != "" && (err != nil || u.Scheme != "https" || u.Host == "")) {
			return errBadButton.With("Title", b.Title)
		}
	}
	return nil
}

// Takes tells whether a message may carry such an attachment; the fault names the limit. One about a picture that is too
// big says so by its key, so that a form can offer to make it smaller.
func (l Limits) Takes(kind AttachmentKind, name string, bytes int64) error {
	if l.Attachments == 0 {
		return errNoFiles
	}
	if kind == AttachPicture {
		if l.PictureBytes > 0 && bytes > l.PictureBytes {
			return errPictureBig.With("Name", name).With("Limit", l.PictureBytes>>20)
		}
		return nil
	}
	ext := strings.ToLower(path.Ext(name))
	if !slices.Contains(l.FileTypes, ext) {
		return errFileType.With("Name", name).With("Types", strings.Join(l.FileTypes, ", "))
	}
	if l.FileBytes > 0 && bytes > l.FileBytes {
		return errFileBig.With("Name", name).With("Limit", l.FileBytes>>20)
	}
	return nil
}

// opened gives each attachment the way to its content.
func (s *Service) opened(fs []Attachment) []Attachment {
	out := slices.Clone(fs)
	for i, f := range out {
		out[i].Open = func(ctx context.Context) (io.ReadCloser, error) {
			if s.files == nil {
				return nil, fault.New(fault.Internal, "channel.message.no_files")
			}
			return s.files.Open(ctx, f.Key)
		}
	}
	return out
}
