package identityweb

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// policiesPage shows the rules of the house, each in words and as it is written.
type policiesPage struct{ Features []featurePolicies }

type featurePolicies struct {
	Feature string
	Text    string
	Rules   []ruleInWords
}

// ruleInWords is one policy taken apart.
type ruleInWords struct {
	Forbid  bool
	Actions []string        // "publish.approve"; none for every action
	Roles   []identity.Role // none for everybody
	Place   place
	ID      string // its @id, by which a catalogue explains it: "publish.rule.four_eyes"; "" for none
	Remark  string // the remark above the policy in its file, in English
	Signed  bool   // only for signed-in officials, whatever their role
	Except  bool   // it has an exception or a further condition: the text says which
	Text    string
}

// place is where a rule holds.
type place string

// The places.
const (
	placeBelow  place = "below"  // in the own unit and below
	placeOwn    place = "own"    // in the very unit
	placeAnyone place = "anyone" // everywhere
)

var (
	actionName = regexp.MustCompile(`Action::"([^"]+)"`)
	roleName   = regexp.MustCompile(`"([a-z_]+)"`)
	annotation = regexp.MustCompile(`(?m)^@\w+\([^)]*\)\s*`)
	remarkLine = regexp.MustCompile(`(?m)^[ \t]*//[ \t]?(.*)$`)
)

// explain takes a policy file apart; a file that Authorizer accepted is always readable.
func explain(f identity.PolicyFile) featurePolicies {
	out := featurePolicies{Feature: f.Feature, Text: f.Text}
	list, err := cedar.NewPolicyListFromBytes(f.Feature+".cedar", []byte(f.Text))
	if err != nil {
		return out
	}
	from := 0
	for i, pol := range list {
		start, end := pol.Position().Offset, len(f.Text)
		if i+1 < len(list) {
			end = list[i+1].Position().Offset
		}
		body := f.Text[start:end]
		if semi := strings.LastIndex(body, ";"); semi >= 0 {
			body = body[:semi+1]
		}
		rule := explainOne(f.Text[from:start], body, pol.Effect() == cedar.Forbid)
		rule.ID = string(pol.Annotations()["id"])
		out.Rules = append(out.Rules, rule)
		from = start + len(body)
	}
	return out
}

func explainOne(before, body string, forbid bool) ruleInWords {
	r := ruleInWords{Forbid: forbid, Text: body, Place: placeAnyone}
	var remarks []string
	for _, m := range remarkLine.FindAllStringSubmatch(before, -1) {
		remarks = append(remarks, m[1])
	}
	r.Remark = strings.TrimSpace(strings.Join(remarks, " "))
	head, conditions, _ := strings.Cut(annotation.ReplaceAllString(body, ""), ")\n")
	for _, m := range actionName.FindAllStringSubmatch(head, -1) {
		r.Actions = append(r.Actions, m[1])
	}
	when, unless, hasUnless := strings.Cut(conditions, "unless")
	for _, m := range roleName.FindAllStringSubmatch(when, -1) {
		if role := identity.Role(m[1]); role.Known() && strings.Contains(when, "context.role") && !slices.Contains(r.Roles, role) {
			r.Roles = append(r.Roles, role)
		}
	}
	switch {
	case strings.Contains(when, "context.unit == resource") || strings.Contains(when, "resource == context.unit") || strings.Contains(when, "resource.unit == context.unit"):
		r.Place = placeOwn
	case strings.Contains(when, "resource in context.unit"):
		r.Place = placeBelow
	}
	r.Signed = len(r.Roles) == 0 && strings.Contains(when, `context.role != ""`)
	r.Except = hasUnless || strings.Contains(when, "resource has") || strings.Contains(unless, "resource")
	return r
}

func (p *Pages) policies(w http.ResponseWriter, r *http.Request) error {
	var d policiesPage
	for _, f := range p.z.Files() {
		d.Features = append(d.Features, explain(f))
	}
	return web.Render(w, r, http.StatusOK, policiesView(d))
}
