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
	ReturnTo string // address to which mail servers return what cannot be delivered; "" is the house's own address

	// Commit is called once, when everything but the last word has been said to the mail server: before it the letter has
	// certainly not gone, after it it may have. An error takes the letter back. May be nil.
	Commit func() error
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
	Sign     func(letter []byte) ([]byte, error) // gives the letter with its DKIM signature in front; nil signs nothing
}

// timeout bounds one letter.
const timeout = 30 * time.Second

// Send implements Post. With a server that offers STARTTLS the letter goes encrypted; a password never goes in the clear.
func (s SMTP) Send(ctx context.Context, l Letter) error {
	body, err := s.compose(l)
	if err != nil {
		return err
	}
	if s.Sign != nil {
		if body, err = s.Sign(body); err != nil {
			return err
		}
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
	return s.deliver(c, l, body)
}

func (s SMTP) deliver(c *smtp.Client, l Letter, body []byte) error {
	from := s.From
	if l.ReturnTo != "" {
		from = l.ReturnTo
	}
	if err := c.Mail(from); err != nil {
		return fmt.Errorf("mail: server: %w", err)
	}
	if err := c.Rcpt(l.To); err != nil {
		return refusal(err)
	}
	w, err := c.Data()
	if err != nil {
		return fmt.Errorf("mail: server: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return err
	}
	if l.Commit != nil {
		if err := l.Commit(); err != nil {
			return err // the line is dropped without the last dot: the server forgets what it heard
		}
	}
	if err := w.Close(); err != nil {
		err = fmt.Errorf("mail: server: %w", err)
		if answer := (*textproto.Error)(nil); errors.As(err, &answer) {
			if answer.Code >= 500 {
				return rejected{err} // no to this letter, for good
			}
			return err // not now
		}
		return unsure{err}
	}
	_ = c.Quit() // the letter was taken: a farewell that fails changes nothing, and must not send it again
	return nil
}

// rejected is the word of a mail server that does not take this very letter.
type rejected struct{ error }

func (r rejected) Unwrap() error { return r.error }

// Rejected tells whether the mail server read the letter and does not take it (a reply of 5xx to its last word): sending the
// same again cannot help.
func Rejected(err error) bool {
	var r rejected
	return errors.As(err, &r)
}

// unsure is the error of a line that broke before the mail server had answered the last word.
type unsure struct{ error }

func (u unsure) Unwrap() error { return u.error }

// Unsure tells whether the letter may have gone all the same: the line broke after its last word.
func Unsure(err error) bool {
	var u unsure
	return errors.As(err, &u)
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
	if strings.ContainsAny(l.Subject, "\r\n") || strings.ContainsAny(l.To+l.Stop+l.Tag+l.ReturnTo, "\r\n<>") {
		return nil, errors.New("mail: a line break or a bracket in the head of a letter")
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
