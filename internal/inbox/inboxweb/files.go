package inboxweb

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Bounds of the form of an answer.
const (
	maxForm  = 48 << 20 // with its files
	maxValue = 64 << 10 // one field
	maxKept  = 10       // files that are remembered at once
)

// answerForm is the form of an answer as it came in.
type answerForm struct {
	url.Values
	kept []string // ids of files, in order
	err  error    // why a file was refused
}

// readAnswer reads the form of an answer. Each file goes to the house's store while it comes in; what is refused leaves the
// words and the other files as they are.
func (p *Pages) readAnswer(w http.ResponseWriter, r *http.Request) (answerForm, error) {
	f := answerForm{Values: url.Values{}}
	broken := func(err error) error { return fault.New(fault.Invalid, "inbox.form_broken").Because(err) }
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		if err := r.ParseForm(); err != nil {
			return f, broken(err)
		}
		f.Values = r.PostForm
		f.remember()
		return f, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return f, broken(err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil && f.err != nil {
			return f, nil //nolint:nilerr // the file that is too large was refused already; what comes after it does not count
		}
		if err != nil {
			return f, broken(err)
		}
		if err := p.readPart(r, part, &f); err != nil {
			return f, err
		}
	}
}

// remember notes which files of an earlier try stay; those ticked off are left to be swept away.
func (f *answerForm) remember() {
	for _, id := range f.Values["file"] {
		if !slices.Contains(f.Values["drop"], id) && len(f.kept) < maxKept {
			f.kept = append(f.kept, id)
		}
	}
	f.Values["file"], f.Values["drop"] = nil, nil
}

func (p *Pages) readPart(r *http.Request, part *multipart.Part, f *answerForm) error {
	if part.FormName() != "files" {
		b, err := io.ReadAll(io.LimitReader(part, maxValue))
		if err != nil {
			return fault.New(fault.Invalid, "inbox.form_broken").Because(err)
		}
		f.Add(part.FormName(), string(b))
		return nil
	}
	f.remember()
	if part.FileName() == "" || f.err != nil {
		return nil
	}
	ctx := r.Context()
	kept, err := p.s.KeepFile(ctx, identity.ActorFrom(ctx), r.PathValue("id"), part.FileName(), part, f.Get("shrink") != "")
	switch {
	case err == nil:
		f.kept = append(f.kept, kept.ID)
	case hasField(err, "files"):
		f.err = err
	default:
		return err
	}
	return nil
}

func (p *Pages) reply(w http.ResponseWriter, r *http.Request) error {
	f, err := p.readAnswer(w, r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if err = f.err; err == nil {
		err = p.s.Reply(ctx, identity.ActorFrom(ctx), r.PathValue("id"), f.Get("reply"), f.Get("key"), f.kept)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) || fault.Is(err, fault.TooLarge) {
		return p.render(w, r, web.Status(fault.KindOf(err)), oneView{Act: "tra-loi", Typed: f.Values, Files: f.kept, Err: err}, p.s.Look)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, listView{Q: r.URL.Query()}.address(inbox.Href(r.PathValue("id")), "ok", "inbox.done.replied"))
}

// lendFiles tells what an answer may carry and what lies beside it.
func (p *Pages) lendFiles(ctx context.Context, actor identity.Actor, v *oneView) (err error) {
	v.Takes = p.s.TakesFiles(v.Conversation)
	if len(v.Files) > 0 {
		v.Kept, err = p.s.Kept(ctx, actor, v.ID, v.Files)
	}
	return err
}

// filesHint says what the channel takes with an answer.
func (v oneView) filesHint(ctx context.Context) string {
	types := []string{".jpg", ".png"}
	for _, t := range v.Takes.FileTypes {
		if t == ".pdf" || t == ".docx" {
			types = append(types, t)
		}
	}
	if len(types) == 2 {
		return i18n.T(ctx, "inbox.files_hint_picture", "Count", v.Takes.Attachments, "Picture", v.Takes.PictureBytes>>20)
	}
	return i18n.T(ctx, "inbox.files_hint", "Count", v.Takes.Attachments, "Types", strings.Join(types[2:], ", "), "Picture", v.Takes.PictureBytes>>20, "File", v.Takes.FileBytes>>20)
}

// hasField tells whether the error is about a field of the form.
func hasField(err error, field string) bool {
	return slices.ContainsFunc(web.Faults(err), func(f *fault.Error) bool { return f.Field == field })
}

// tooBig tells whether a picture was refused for its size alone: the form then offers to make it smaller.
func (v oneView) tooBig() bool {
	for _, f := range web.Faults(v.on("tra-loi")) {
		if f.Key == "channel.message.picture_too_big" {
			return true
		}
	}
	return false
}

// shrinkHint says that the picture must be chosen once more: a browser never keeps a file of a refused form.
func (v oneView) shrinkHint(ctx context.Context) string {
	if !v.tooBig() {
		return ""
	}
	return i18n.T(ctx, "inbox.files_shrink_hint")
}

// filesOpen tells whether the part for files stands open: when one of them was refused.
func (v oneView) filesOpen() bool { return v.Act == "tra-loi" && hasField(v.Err, "files") }

// bytesText writes a size in kB or MB.
func bytesText(ctx context.Context, n int64) string {
	if n < 1<<20 {
		return ui.Number(ctx, int(max(1, n>>10))) + " kB"
	}
	return ui.Number(ctx, int(n>>20)) + " MB"
}

func (v oneView) keptHref(f inbox.File) string { return inbox.Href(v.ID) + "/tep/" + f.ID }

func (v oneView) sentHref(m message, n int) string {
	return inbox.Href(v.ID) + "/tin/" + m.ID + "/tep/" + strconv.Itoa(n)
}

func (v oneView) pictureHref(m message, n int) string {
	return inbox.Href(v.ID) + "/tin/" + m.ID + "/anh/" + strconv.Itoa(n)
}

func isPicture(a channel.Attachment) bool { return a.Kind == channel.AttachPicture }

// send gives the content of one of our own files: a picture to look at, a document to keep.
func send(w http.ResponseWriter, f inbox.File, content io.ReadCloser) error {
	defer func() { _ = content.Close() }() // it was read
	how := "attachment"
	if f.Picture {
		how = "inline"
	}
	h := w.Header()
	h.Set("Content-Type", f.MIME)
	h.Set("Content-Length", strconv.FormatInt(f.Bytes, 10))
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": f.Name}))
	h.Set("Cache-Control", "private, max-age=3600")
	_, err := io.Copy(w, content)
	return err
}

func (p *Pages) keptFile(w http.ResponseWriter, r *http.Request) error {
	f, content, err := p.s.OpenKept(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PathValue("file"))
	if err != nil {
		return err
	}
	return send(w, f, content)
}

func (p *Pages) sentFile(w http.ResponseWriter, r *http.Request) error {
	f, content, err := p.s.OpenSent(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PathValue("message"), number(r))
	if err != nil {
		return err
	}
	return send(w, f, content)
}

// number is which picture or file of a message is meant; -1 for none.
func number(r *http.Request) int {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		return -1
	}
	return n
}

// glimpseWidth is how wide what people sent is shown at most, in pixels.
const glimpseWidth = 1280

// picture shows a picture that a person sent, fetched by the house.
func (p *Pages) picture(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	address, err := p.s.PictureOf(ctx, identity.ActorFrom(ctx), r.PathValue("id"), r.PathValue("message"), number(r))
	if err != nil {
		return err
	}
	b, err := p.glimpse.JPEG(ctx, address, glimpseWidth)
	if err != nil {
		return fault.New(fault.NotFound, "inbox.picture_gone").Because(err)
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("Cache-Control", "private, max-age=86400")
	_, err = w.Write(b)
	return err
}
