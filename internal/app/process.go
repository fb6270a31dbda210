package app

import (
	"bytes"
	"context"
	"io"
	"os"

	"github.com/nhipcau/nhipcau/internal/feedback/deadlineweb"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/mail"
)

// deadlinePages draws the clocks of cases.
func (h *House) deadlinePages() *deadlineweb.Pages {
	return &deadlineweb.Pages{S: h.features.deadline, Categories: func(ctx context.Context) []deadlineweb.Category {
		cats, err := h.features.routing.Categories(ctx)
		if err != nil {
			h.log.Warn("the categories cannot be read", "error", err)
		}
		var out []deadlineweb.Category
		for _, c := range cats {
			out = append(out, deadlineweb.Category{Code: c.Code, Name: c.Name(i18n.Lang(ctx))})
		}
		return out
	}}
}

// openRouting makes the room that knows which body answers for what.
func (h *House) openRouting() error {
	places, err := routing.LoadPlaces()
	if err != nil {
		return err
	}
	h.features.routing = routing.New(routing.Deps{Cases: h.features.feedback, Root: h.provinceID(), Places: places, Post: h.post()})
	return nil
}

// post is the mail server of the house; nil when none is configured.
func (h *House) post() mail.Post {
	m := h.cfg.Mail
	if m.SMTP == "" {
		return nil
	}
	out := mail.SMTP{Addr: m.SMTP, From: m.From, User: m.User, Password: m.Password, Clock: h.clock}
	if h.signer != nil {
		out.Sign = h.signer.Sign
	}
	return out
}

type mailInCmd struct{}

// Run takes one letter. A mail server that gets an exit code other than 0 keeps the letter or returns it to its sender.
func (mailInCmd) Run(s *session) error {
	h, err := Open(s.ctx, s.cfg, s.err)
	if err != nil {
		return err
	}
	defer h.Close()
	letter, err := io.ReadAll(io.LimitReader(os.Stdin, routing.MaxLetter+1))
	if err != nil {
		return err
	}
	report, err := mail.ParseReport(bytes.NewReader(letter))
	if err != nil {
		return err
	}
	if ours, err := h.features.readers.Returned(s.ctx, report); ours || err != nil {
		return err // a letter to a reader that came back, or that the reader called spam
	}
	return h.features.routing.MailIn(s.ctx, bytes.NewReader(letter))
}
