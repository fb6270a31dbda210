package routing

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	mailer "github.com/nhipcau/nhipcau/internal/platform/mail"
)

// Letter is one e-mail.
type Letter = mailer.Letter

// Post sends letters.
type Post = mailer.Post

// TagOf is what subject and Message-ID of a letter carry: "NC-" and the id of the question without dashes.
func TagOf(askID string) string { return "NC-" + strings.ReplaceAll(askID, "-", "") }

var tagForm = regexp.MustCompile(`NC-([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})`)

func askOf(head string) string {
	m := tagForm.FindStringSubmatch(head)
	if m == nil {
		return ""
	}
	return strings.Join(m[1:], "-")
}

// MaxLetter is how many bytes of a letter are read.
const MaxLetter = 10 << 20

// MailIn takes one letter as a mail server hands it over (RFC 5322) and threads it into its case as the answer of the body
// that was asked. Only letters from the very address that was asked are taken; others, and those that answer nothing we
// know, give a fault that says why, and the mail server keeps or returns them. What stands in the letter becomes a draft
// that the desk reads: an address can be forged, so nothing more depends on it.
func (s *Service) MailIn(ctx context.Context, r io.Reader) error {
	m, err := mail.ReadMessage(io.LimitReader(r, MaxLetter))
	if err != nil {
		return fault.New(fault.Invalid, "routing.letter_unreadable").Because(err)
	}
	var dec mime.WordDecoder
	subject, err := dec.DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		subject = m.Header.Get("Subject")
	}
	askID := ""
	for _, head := range []string{m.Header.Get("In-Reply-To"), m.Header.Get("References"), subject} {
		if askID = askOf(head); askID != "" {
			break
		}
	}
	if askID == "" {
		return fault.New(fault.NotFound, "routing.letter_unknown")
	}
	a, err := s.store.askBy(ctx, s.db().Read(), "id", askID)
	if err != nil {
		return fault.New(fault.NotFound, "routing.letter_unknown").Because(err)
	}
	from, err := mail.ParseAddress(m.Header.Get("From"))
	if err != nil || !strings.EqualFold(from.Address, a.Email) || a.Email == "" {
		return fault.New(fault.Forbidden, "routing.letter_stranger")
	}
	text, err := plainPart(textproto.MIMEHeader(m.Header), m.Body, 0)
	if err != nil {
		return fault.New(fault.Invalid, "routing.letter_unreadable").Because(err)
	}
	who := from.Name
	if who == "" {
		who = a.BodyName
	}
	return s.answer(ctx, a.ID, withoutQuote(text), who, strings.ToLower(from.Address))
}

// plainPart finds the plain text of a letter, of its first such part when it has several.
func plainPart(h textproto.MIMEHeader, body io.Reader, depth int) (string, error) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	switch {
	case kind == "text/plain":
		b, err := io.ReadAll(io.LimitReader(body, 1<<20))
		return strings.ToValidUTF8(string(b), ""), err
	case strings.HasPrefix(kind, "multipart/") && depth < 4:
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if errors.Is(err, io.EOF) {
				return "", nil
			}
			if err != nil {
				return "", err
			}
			if text, err := plainPart(p.Header, p, depth+1); err != nil || strings.TrimSpace(text) != "" {
				return text, err
			}
		}
	}
	return "", nil
}

var quoteHead = regexp.MustCompile(`(?i)^(on .+ wrote:|vào .+ (đã )?viết:|-----\s*(original message|thư gốc).*|_{10,}|from: .+|từ: .+)$`)

// withoutQuote leaves out our own letter that the answer repeats below itself.
func withoutQuote(text string) string {
	var out []string
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\r\n")
		if quoteHead.MatchString(strings.TrimSpace(l)) {
			break
		}
		if !strings.HasPrefix(l, ">") {
			out = append(out, l)
		}
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

func (s *Service) vietnamese(t time.Time) string { return clock.DateOf(t).Vietnamese() }
