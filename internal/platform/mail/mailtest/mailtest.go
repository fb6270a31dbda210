// Package mailtest is a mail server on the loopback for tests: it speaks SMTP, keeps the letters it is given, and answers
// for single addresses as it is told.
package mailtest

import (
	"bufio"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
)

// Answer is how the server treats an address.
type Answer string

// The answers.
const (
	Take          Answer = ""
	RefuseAddress Answer = "550 5.1.1 no such user"
	DeferAddress  Answer = "450 4.2.1 try again later"
	RefuseLetter  Answer = "554 5.7.1 not wanted" // after the last word
	HangUp        Answer = "hang up"              // keeps the letter, and is silent after its last word
)

// Server is the mail server.
type Server struct {
	Addr    string // HOST:PORT
	mu      sync.Mutex
	got     []raw
	answers map[string]Answer
}

type raw struct{ from, to, text string }

// Letter is one letter as it came in.
type Letter struct {
	mail.Header
	From string // the return path
	To   string // the envelope's
	Text string
	Raw  string
}

// Subject is the subject as a reader sees it.
func (l Letter) Subject() string {
	s, err := (&mime.WordDecoder{}).DecodeHeader(l.Get("Subject"))
	if err != nil {
		return l.Get("Subject")
	}
	return s
}

// Serve begins a server that ends with the test.
func Serve(t testing.TB) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &Server{Addr: l.Addr().String(), answers: map[string]Answer{}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.talk(conn)
		}
	}()
	return s
}

// Say tells the server how to treat an address from now on.
func (s *Server) Say(address string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[address] = a
}

func (s *Server) talk(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	fmt.Fprint(conn, "220 test\r\n")
	var now raw
	var all strings.Builder
	for data := false; ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		s.mu.Lock()
		answer := s.answers[now.to]
		s.mu.Unlock()
		switch {
		case data && line == ".\r\n":
			data = false
			if answer != RefuseLetter {
				now.text = all.String()
				s.mu.Lock()
				s.got = append(s.got, now)
				s.mu.Unlock()
			}
			switch answer {
			case HangUp:
				return
			case RefuseLetter:
				fmt.Fprintf(conn, "%s\r\n", answer)
			default:
				fmt.Fprint(conn, "250 ok\r\n")
			}
			all.Reset()
		case data:
			all.WriteString(strings.TrimPrefix(line, "."))
		case strings.HasPrefix(line, "MAIL FROM:<"):
			now.from, _, _ = strings.Cut(line[len("MAIL FROM:<"):], ">")
			fmt.Fprint(conn, "250 ok\r\n")
		case strings.HasPrefix(line, "RCPT TO:<"):
			now.to, _, _ = strings.Cut(line[len("RCPT TO:<"):], ">")
			s.mu.Lock()
			answer = s.answers[now.to]
			s.mu.Unlock()
			if answer == RefuseAddress || answer == DeferAddress {
				fmt.Fprintf(conn, "%s\r\n", answer)
				continue
			}
			fmt.Fprint(conn, "250 ok\r\n")
		case strings.HasPrefix(line, "DATA"):
			data = true
			fmt.Fprint(conn, "354 go\r\n")
		case strings.HasPrefix(line, "QUIT"):
			fmt.Fprint(conn, "221 bye\r\n")
			return
		default:
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
}

// Letters gives what came in since the last look.
func (s *Server) Letters(t testing.TB) []Letter {
	t.Helper()
	s.mu.Lock()
	got := s.got
	s.got = nil
	s.mu.Unlock()
	var out []Letter
	for _, x := range got {
		m, err := mail.ReadMessage(strings.NewReader(x.text))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, Letter{Header: m.Header, From: x.from, To: x.to, Text: strings.TrimSuffix(string(b), "\r\n"), Raw: x.text})
	}
	return out
}
