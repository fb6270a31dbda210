// Package mail sends letters by e-mail through the mail server of the house. It knows nothing of what they say: a feature
// hands over one letter to one address and learns whether the server took it, and if not, whether trying again can help.
package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Letter is one e-mail.
type Letter struct {
	To       string
	FromName string
	Subject  string
	Text     string
	Tag      string // the part of the Message-ID before the @; the same letter sent twice has the same one
	Stop     string // address at which one click ends letters of this kind (RFC 8058); "" for letters that are no mailing
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

// timeout bounds one letter.
const timeout = 30 * time.Second

// Send implements Post. With a server that offers STARTTLS the letter goes encrypted; a password never goes in the clear.
func (s SMTP) Send(ctx context.Context, l Letter) error {
	body, err := s.compose(l)
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return fmt.Errorf("mail: server %q: %w", s.Addr, err)
	}
	dial := net.Dialer{Timeout: timeout}
	conn, err := dial.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return fmt.Errorf("mail: server: %w", err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.Close() })() // a server that falls silent does not hold a worker
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return fmt.Errorf("mail: server: %w", err)
	}
	defer c.Close()
	if ok, _ := c.Extension("STARTTLS"); ok {
		if err := c.StartTLS(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}); err != nil {
			return fmt.Errorf("mail: server: %w", err)
		}
	}
	if s.User != "" {
		if err := c.Auth(smtp.PlainAuth("", s.User, s.Password, host)); err != nil {
			return fmt.Errorf("mail: server: %w", err)
		}
	}
	return s.deliver(c, l.To, body)
}

func (s SMTP) deliver(c *smtp.Client, to string, body []byte) error {
	if err := c.Mail(s.From); err != nil {
		return fmt.Errorf("mail: server: %w", err)
	}
	if err := c.Rcpt(to); err != nil {
		return refusal(err)
	}
	w, err := c.Data()
	if err != nil {
		return fmt.Errorf("mail: server: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("mail: server: %w", err)
	}
	_ = c.Quit() // the letter was taken: a farewell that fails changes nothing, and must not send it again
	return nil
}

// refused is the word of a mail server that the address does not take letters.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

func refusal(err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code >= 500 {
		return refused{fmt.Errorf("mail: the address: %w", err)}
	}
	return fmt.Errorf("mail: the address: %w", err)
}

// Permanent tells whether the mail server said that the address itself takes no letters (a reply of 5xx to the address):
// trying again soon cannot help.
func Permanent(err error) bool {
	var r refused
	return errors.As(err, &r)
}

// Refused makes the error of an address that takes no letters, for stand-ins of a mail server.
func Refused(err error) error { return refused{err} }

func (s SMTP) compose(l Letter) ([]byte, error) {
	from, to := netmail.Address{Name: l.FromName, Address: s.From}, netmail.Address{Address: l.To}
	if strings.ContainsAny(l.To+l.Subject+l.Stop+l.Tag, "\r\n") {
		return nil, errors.New("mail: a line break in the head of a letter")
	}
	_, domain, _ := strings.Cut(s.From, "@")
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n", from.String(), to.String(), mime.QEncoding.Encode("utf-8", l.Subject),
		s.Clock.Now().Format(time.RFC1123Z), l.Tag, domain)
	if l.Stop != "" {
		fmt.Fprintf(&b, "List-Unsubscribe: <%s>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nPrecedence: bulk\r\nAuto-Submitted: auto-generated\r\n", l.Stop)
	}
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	q := quotedprintable.NewWriter(&b)
	if _, err := io.WriteString(q, strings.ReplaceAll(l.Text, "\n", "\r\n")); err != nil {
		return nil, err
	}
	err := q.Close()
	return b.Bytes(), err
}
