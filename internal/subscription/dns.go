package subscription

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/nhipcau/nhipcau/internal/identity"
)

// DNS is asked what stands at a name; *net.Resolver has it.
type DNS interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Record is one entry that the DNS needs so that letters arrive.
type Record struct {
	What  string   // dkim, spf, dmarc
	Name  string   // always of type TXT
	Value string   // what should stand there
	State string   // unchecked, good, missing, other, twice, failed
	Found []string // what stands there and differs
}

// Records lists what the DNS needs. With dns nil nothing is asked.
func (s *Service) Records(ctx context.Context, a identity.Actor, dns DNS) ([]Record, error) {
	if err := s.Authz.Check(a, ActionSettings, identity.Resource{Type: "Readers", ID: "house"}); err != nil {
		return nil, err
	}
	if s.Signer == nil {
		return nil, nil
	}
	name, value, err := s.Signer.Record()
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(s.Relay)
	if err != nil {
		return nil, err
	}
	domain := s.Signer.Domain
	out := []Record{{What: "dkim", Name: name, Value: value}, {What: "spf", Name: domain, Value: "v=spf1 mx a:" + host + " ~all"},
		{What: "dmarc", Name: "_dmarc." + domain, Value: "v=DMARC1; p=none; rua=mailto:" + s.From}}
	for i := range out {
		out[i].State = "unchecked"
		if dns != nil {
			out[i].look(ctx, dns)
		}
	}
	return out, nil
}

// look asks the DNS for one record.
func (r *Record) look(ctx context.Context, dns DNS) {
	texts, err := dns.LookupTXT(ctx, r.Name)
	var no *net.DNSError
	if err != nil && !(errors.As(err, &no) && no.IsNotFound) {
		r.State = "failed"
		return
	}
	mark, _, _ := strings.Cut(r.Value, " ")
	mark = strings.TrimSuffix(mark, ";")
	var found []string
	for _, t := range texts {
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(t)), strings.ToLower(mark)) || r.What == "dkim" && strings.Contains(t, "p=") {
			found = append(found, t)
		}
	}
	switch {
	case len(found) == 0:
		r.State = "missing"
	case len(found) > 1:
		r.State, r.Found = "twice", found
	case r.What == "dkim" && key(found[0]) != key(r.Value):
		r.State, r.Found = "other", found
	default: // SPF and DMARC may say more than we know
		r.State = "good"
	}
}

// key takes the public key out of a DKIM record; DNS servers cut long texts with blanks.
func key(text string) string {
	for _, part := range strings.Split(text, ";") {
		if p, ok := strings.CutPrefix(strings.TrimSpace(part), "p="); ok {
			return strings.Join(strings.Fields(p), "")
		}
	}
	return ""
}
