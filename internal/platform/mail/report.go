package mail

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"net/textproto"
	"strings"
)

// Report is what another mail server tells of letters that the house sent.
type Report struct {
	Kind       ReportKind
	Recipient  string   // the address that took no letter, as the server writes it; "" when it does not say
	Status     string   // "5.1.1"; "" in a complaint
	MessageIDs []string // without brackets: of the letters that it is about
	To         []string // addresses that the report was sent to: a return path may name the letter
}

// ReportKind is what a report says.
type ReportKind string

// The kinds of report.
const (
	ReportNone      ReportKind = ""          // no report, or one of good news
	ReportHard      ReportKind = "hard"      // the address takes no letters for good (RFC 3464, status 5)
	ReportSoft      ReportKind = "soft"      // it did not take this one for the time being (status 4)
	ReportComplaint ReportKind = "complaint" // the reader pressed "this is spam" (RFC 5965)
)

// The limits of a report.
const (
	MaxReport   = 1 << 20 // bytes that are read
	maxParts    = 20
	maxMentions = 10
)

// ParseReport reads a letter that came in and tells whether it is a delivery report (RFC 3464, also inside multipart/report
// of RFC 6522) or a complaint (RFC 5965). A letter that is neither, or is broken, is ReportNone; the error is of the reader.
func ParseReport(r io.Reader) (Report, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxReport))
	if err != nil {
		return Report{}, err
	}
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Report{}, nil //nolint:nilerr // what cannot be read as a letter is no report
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || params["boundary"] == "" {
		return Report{}, nil //nolint:nilerr // as above
	}
	out := Report{}
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "To"} {
		for _, v := range m.Header[textproto.CanonicalMIMEHeaderKey(name)] {
			if a, err := netmail.ParseAddress(v); err == nil && len(out.To) < maxMentions {
				out.To = append(out.To, a.Address)
			}
		}
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for range maxParts {
		p, err := parts.NextRawPart()
		if err != nil {
			break // the end, or a report cut off: what was read so far counts
		}
		out.part(p)
	}
	if out.Kind == ReportNone {
		return Report{}, nil
	}
	return out, nil
}

func (r *Report) part(p *multipart.Part) {
	kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err != nil {
		return
	}
	switch kind {
	case "message/delivery-status", "message/global-delivery-status":
		r.deliveryStatus(p)
	case "message/feedback-report":
		if h, err := fields(bufio.NewReader(p)); err == nil && h.Get("Feedback-Type") != "" && !strings.EqualFold(h.Get("Feedback-Type"), "not-spam") {
			r.Kind, r.Recipient = ReportComplaint, address(h.Get("Original-Rcpt-To"))
		}
	case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
		h, err := fields(bufio.NewReader(p))
		if err != nil {
			return
		}
		if mid := strings.Trim(h.Get("Message-Id"), "<> \t"); mid != "" && len(r.MessageIDs) < maxMentions {
			r.MessageIDs = append(r.MessageIDs, mid)
		}
	}
}

// deliveryStatus reads the groups of a delivery report: one about the letter, then one for each address.
func (r *Report) deliveryStatus(p io.Reader) {
	b := bufio.NewReader(p)
	for range maxParts {
		h, err := fields(b)
		action, status := strings.ToLower(strings.TrimSpace(h.Get("Action"))), strings.TrimSpace(h.Get("Status"))
		switch {
		case action == "failed" && strings.HasPrefix(status, "5"):
			r.Kind, r.Status, r.Recipient = ReportHard, status, address(h.Get("Final-Recipient"))
		case action == "failed" && strings.HasPrefix(status, "4") && r.Kind == ReportNone: // "delayed" is tried again without us
			r.Kind, r.Status, r.Recipient = ReportSoft, status, address(h.Get("Final-Recipient"))
		}
		if err != nil {
			return
		}
	}
}

// fields reads one group of header fields; the error is io.EOF at the end, with what came before it.
func fields(b *bufio.Reader) (textproto.MIMEHeader, error) {
	h, err := textproto.NewReader(b).ReadMIMEHeader()
	if errors.Is(err, io.EOF) && len(h) > 0 {
		return h, nil
	}
	return h, err
}

// address takes the address out of "rfc822; name@example.vn".
func address(s string) string {
	if _, after, ok := strings.Cut(s, ";"); ok {
		s = after
	}
	return strings.Trim(strings.TrimSpace(s), "<>")
}
