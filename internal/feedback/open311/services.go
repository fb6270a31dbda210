package open311

import (
	"slices"

	"github.com/nhipcau/nhipcau/internal/feedback"
)

// Service is one thing that can be asked for. Its name and description stand in the catalogue under open311.service and
// open311.service_text, its group under open311.group.
type Service struct {
	Code     string
	Group    string
	Kind     feedback.Kind
	Category string // "" for the services that take what has no category of its own
}

// Services lists what can be asked for. Complaints and denunciations are not among them: the law wants a person who signs
// and can be asked back, and nobody between them and the receiver.
func Services() []Service {
	list := []Service{}
	for group, codes := range map[string][]string{"works": {"road", "lighting", "drainage"}, "environment": {"waste", "pollution"},
		"people": {"welfare", "procedure", "security", "land"}} {
		for _, c := range codes {
			list = append(list, Service{Code: c, Group: group, Kind: feedback.Report, Category: c})
		}
	}
	slices.SortFunc(list, func(a, b Service) int {
		if a.Group+a.Code < b.Group+b.Code {
			return -1
		}
		return 1
	})
	return append(list, Service{Code: "other", Group: "other", Kind: feedback.Report}, Service{Code: "proposal", Group: "other", Kind: feedback.Petition})
}

// ServiceOf finds a service by its code.
func ServiceOf(code string) (Service, bool) {
	for _, s := range Services() {
		if s.Code == code {
			return s, true
		}
	}
	return Service{}, false
}

// Picks says which cases belong to the service.
func (s Service) Picks() feedback.OpenKind {
	k := feedback.OpenKind{Kind: s.Kind, Category: s.Category}
	if s.Kind == feedback.Report && s.Category == "" {
		for _, o := range Services() {
			if o.Category != "" {
				k.Except = append(k.Except, o.Category)
			}
		}
	}
	return k
}

// ServiceFor gives the service to which a case belongs.
func ServiceFor(kind feedback.Kind, category string) Service {
	if kind == feedback.Report && category != "" {
		if s, ok := ServiceOf(category); ok && s.Category != "" {
			return s
		}
	}
	code := "other"
	if kind == feedback.Petition {
		code = "proposal"
	}
	s, _ := ServiceOf(code)
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
