package routing

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"regexp"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
)

// Letter is one e-mail.
type Letter struct {
	To       string
	FromName string
	Subject  string
	Text     string
	Tag      string // id of the question: the answer carries it back in subject and Message-ID
}

// Post sends letters.
type Post interface {
	Send(ctx context.Context, l Letter) error
}

// SMTP sends letters through one mail server.
type SMTP struct {
	Addr     string // "mail.example.vn:587"
	From     string // the house's address; answers come back to it
	User     string // "" signs in nowhere
	Password string
	Clock    clock.Clock
}

// smtpTimeout bounds one letter.
const smtpTimeout = 30 * time.Second

// Send implements Post. With a server that offers STARTTLS the letter goes encrypted; a password never goes in the clear.
func (s SMTP) Send(ctx context.Context, l Letter) error {
	body, err := s.compose(l)
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return fmt.Errorf("routing: mail server %q: %w", s.Addr, err)
	}
	dial := net.Dialer{Timeout: smtpTimeout}
	conn, err := dial.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("routing: mail server: %w", err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, smtpTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })() // a server that falls silent does not hold a worker
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return fmt.Errorf("routing: mail server: %w", err)
	}
	defer c.Close()
	if ok, _ := c.Extension("STARTTLS"); ok {
		if err := c.StartTLS(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}); err != nil {
			return fmt.Errorf("routing: mail server: %w", err)
		}
	}
	if s.User != "" {
		if err := c.Auth(smtp.PlainAuth("", s.User, s.Password, host)); err != nil {
			return fmt.Errorf("routing: mail server: %w", err)
		}
	}
	if err := errors.Join(c.Mail(s.From), c.Rcpt(l.To)); err != nil {
		return fmt.Errorf("routing: mail server: %w", err)
	}
	w, err := c.Data()
	if err != nil {
		return fmt.Errorf("routing: mail server: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("routing: mail server: %w", err)
	}
	return c.Quit()
}

func (s SMTP) compose(l Letter) ([]byte, error) {
	from, to := mail.Address{Name: l.FromName, Address: s.From}, mail.Address{Address: l.To}
	if strings.ContainsAny(l.To+l.Subject, "\r\n") {
		return nil, errors.New("routing: a line break in the head of a letter")
	}
	_, domain, _ := strings.Cut(s.From, "@")
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
		from.String(), to.String(), mime.QEncoding.Encode("utf-8", l.Subject), s.Clock.Now().Format(time.RFC1123Z), TagOf(l.Tag), domain)
	q := quotedprintable.NewWriter(&b)
	if _, err := io.WriteString(q, strings.ReplaceAll(l.Text, "\n", "\r\n")); err != nil {
		return nil, err
	}
	err := q.Close()
	return b.Bytes(), err
}

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
