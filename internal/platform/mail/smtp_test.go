package mail_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/mail/mailtest"
)

// What is known of a letter after each way a conversation with the mail server can end.
func TestWhatIsKnownAfterwards(t *testing.T) {
	for name, c := range map[string]struct {
		answer            mailtest.Answer
		permanent, unsure bool
		committed         bool
		kept              int
	}{
		"taken":                       {mailtest.Take, false, false, true, 1},
		"the address is refused":      {mailtest.RefuseAddress, true, false, false, 0},
		"the address later":           {mailtest.DeferAddress, false, false, false, 0},
		"the letter is refused":       {mailtest.RefuseLetter, false, false, true, 0},
		"silence after the last word": {mailtest.HangUp, false, true, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			srv := mailtest.Serve(t)
			srv.Say("a@b.example", c.answer)
			committed := false
			err := mail.SMTP{Addr: srv.Addr, From: "nhipcau@mttq.example", Clock: clock.NewStub(time.Now())}.Send(t.Context(),
				mail.Letter{To: "a@b.example", Tag: "x", ReturnTo: "nhipcau+x@mttq.example", Text: "xin chào\n.\nhết", Commit: func() error { committed = true; return nil }})
			if (err == nil) != (c.answer == mailtest.Take) || mail.Permanent(err) != c.permanent || mail.Unsure(err) != c.unsure || mail.Rejected(err) != (c.answer == mailtest.RefuseLetter) || committed != c.committed {
				t.Errorf("%v: permanent %v, unsure %v, committed %v", err, mail.Permanent(err), mail.Unsure(err), committed)
			}
			got := srv.Letters(t)
			if len(got) != c.kept || c.kept == 1 && (got[0].From != "nhipcau+x@mttq.example" || got[0].Text != "xin chào\r\n.\r\nhết") {
				t.Errorf("%+v", got)
			}
		})
	}
	// A letter that is taken back at the last moment has not gone.
	srv := mailtest.Serve(t)
	no := errors.New("no")
	err := mail.SMTP{Addr: srv.Addr, From: "nhipcau@mttq.example", Clock: clock.NewStub(time.Now())}.Send(t.Context(), mail.Letter{To: "a@b.example", Tag: "x", Commit: func() error { return no }})
	if got := srv.Letters(t); !errors.Is(err, no) || len(got) != 0 {
		t.Errorf("%v %+v", err, got)
	}
	for _, bad := range []mail.Letter{{To: "a@b.example>\r\nX: y", Tag: "x"}, {To: "a@b.example", Tag: "x", Subject: "a\r\nBcc: x@y.example"}, {To: "a@b.example", Tag: "x", ReturnTo: "a> NOTIFY"}} {
		if err := (mail.SMTP{Addr: srv.Addr, From: "n@b.example", Clock: clock.NewStub(time.Now())}).Send(t.Context(), bad); err == nil {
			t.Errorf("%+v goes out", bad)
		}
	}
}
