package open311

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
)

// Codes of the two services that belong to no category of the table.
const (
	CodeOther    = routing.CodeOther    // what has no category of its own
	CodeProposal = routing.CodeProposal // proposals, whatever they are about
)

// Service is one thing that can be asked for. The names of CodeOther and CodeProposal stand in the catalogue under
// open311.service; those of the others are the names of their categories.
type Service struct {
	Code     string
	Kind     feedback.Kind
	Category string // "" for the services that take what has no category of its own
	Words    string // comma-separated words that speak for the category
	Active   bool   // offered for new requests
	names    routing.Category
}

// Name is the service's name in the language of the words.
func (s Service) Name(w feedback.Words, lang string) string {
	if s.Category == "" {
		return w.T("open311.service." + s.Code)
	}
	return s.names.Name(lang)
}

// Categories reads the table of categories; routing.Service.Categories is one.
type Categories func(ctx context.Context) ([]routing.Category, error)

// Book lists what can be asked for: a service for each category of the table, one for what has none, and one for proposals.
// Complaints and denunciations are not among them: the law wants a person who signs and can be asked back, and nobody
// between them and the receiver.
type Book struct{ list []Service }

// Book reads the table.
func (c Categories) Book(ctx context.Context) (Book, error) {
	cats, err := c(ctx)
	return BookOf(cats), err
}

// BookOf makes the list of services from the categories, in their order.
func BookOf(cats []routing.Category) Book {
	var b Book
	for _, c := range cats {
		if c.Code != CodeOther && c.Code != CodeProposal {
			b.list = append(b.list, Service{Code: c.Code, Kind: feedback.Report, Category: c.Code, Words: c.Words, Active: c.Active, names: c})
		}
	}
	b.list = append(b.list, Service{Code: CodeOther, Kind: feedback.Report, Active: true}, Service{Code: CodeProposal, Kind: feedback.Petition, Active: true})
	return b
}

// Offered lists the services for new requests.
func (b Book) Offered() []Service {
	var out []Service
	for _, s := range b.list {
		if s.Active {
			out = append(out, s)
		}
	}
	return out
}

// Services lists all services, also those that are not offered any more.
func (b Book) Services() []Service { return b.list }

// Of finds a service by its code, also one that is not offered any more: older cases belong to it.
func (b Book) Of(code string) (Service, bool) {
	for _, s := range b.list {
		if s.Code == code {
			return s, true
		}
	}
	return Service{}, false
}

// Picks says which cases belong to the service.
func (b Book) Picks(s Service) published.Matter {
	k := published.Matter{Kind: s.Kind, Category: s.Category}
	if s.Kind == feedback.Report && s.Category == "" {
		for _, o := range b.list {
			if o.Category != "" {
				k.Except = append(k.Except, o.Category)
			}
		}
	}
	return k
}

// For gives the service to which a case belongs.
func (b Book) For(kind feedback.Kind, category string) Service {
	if kind == feedback.Report && category != "" {
		if s, ok := b.Of(category); ok && s.Category != "" {
			return s
		}
	}
	code := CodeOther
	if kind == feedback.Petition {
		code = CodeProposal
	}
	s, _ := b.Of(code)
	return s
}

// Status maps the state of a case to what Open311 knows: "open" or "closed".
func Status(s feedback.State) string {
	if s.Open() {
		return "open"
	}
	return "closed"
}

// StatusAfter is the status that a step leads to.
func StatusAfter(step feedback.Step) string {
	if step == feedback.StepApprove || step == feedback.StepThank || step == feedback.StepRefuse {
		return "closed"
	}
	return "open"
}
