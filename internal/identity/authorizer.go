package identity

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
)

// PolicyFile is the policies of one feature, as text that staff can read.
type PolicyFile struct {
	Feature string
	Text    string
}

// Ancestry answers which units stand above a unit on a day, nearest first. orgunit's tree implements it.
type Ancestry interface {
	AncestorIDs(unitID string, on clock.Date) []string
}

// Resource is the thing an action is done to. UnitID is the unit it belongs to; Attrs are facts that policies speak of,
// for example {"author": "<official id>", "state": "review"}.
type Resource struct {
	Type   string // "Post", "Case", "Unit", …
	ID     string
	UnitID string
	Attrs  map[string]string
}

// InUnit is a resource that is the unit itself, for actions on no single thing yet (create, list).
func InUnit(unitID string) Resource { return Resource{Type: "Unit", ID: unitID, UnitID: unitID} }

// Authorizer decides by the policies of all features.
type Authorizer struct {
	policies *cedar.PolicySet
	files    []PolicyFile
	units    Ancestry
	clock    clock.Clock
}

// NewAuthorizer reads the policy files; an unreadable one is an error that names it.
func NewAuthorizer(units Ancestry, c clock.Clock, files ...PolicyFile) (*Authorizer, error) {
	all := cedar.NewPolicySet()
	for _, f := range files {
		ps, err := cedar.NewPolicySetFromBytes(f.Feature+".cedar", []byte(f.Text))
		if err != nil {
			return nil, fmt.Errorf("identity: policies of %s: %w", f.Feature, err)
		}
		for pid, p := range ps.All() {
			all.Add(cedar.PolicyID(f.Feature+"."+string(pid)), p)
		}
	}
	return &Authorizer{policies: all, files: files, units: units, clock: c}, nil
}

// Files gives the policy texts, for the page that shows them.
func (z *Authorizer) Files() []PolicyFile { return z.files }

// Check returns nil when the actor may do the action to the resource, an Unauthenticated fault for a stranger, otherwise a
// Forbidden fault.
//
// Each grant is tried in turn with the context {role, unit}: a policy reads "permit (principal, action == …, resource) when
// { context.role == "approver" && resource in context.unit }". The resource stands below its unit and all units above that.
// A forbid under any grant wins over every permit.
func (z *Authorizer) Check(a Actor, action string, r Resource) error {
	if a.Kind == ActorSystem {
		return nil // the house carries out what somebody was allowed to decide
	}
	if z.allowed(a, action, r) {
		return nil
	}
	if !a.SignedIn() {
		return fault.New(fault.Unauthenticated, "identity.sign_in_first")
	}
	return fault.New(fault.Forbidden, "identity.not_allowed").Because(fmt.Errorf("%s may not %s on %s %s of unit %s", a.ID, action, r.Type, r.ID, r.UnitID))
}

// Can is Check as a yes or no, for pages that show or hide a button.
func (z *Authorizer) Can(a Actor, action string, r Resource) bool {
	return z.Check(a, action, r) == nil
}

// Scope lists the units in which (and below which) the actor may do the action: what SQL reads are limited to. A policy that
// allows the action only in the very unit is honoured by Check on the single thing, not here.
func (z *Authorizer) Scope(a Actor, action string) []string {
	seen := map[string]bool{}
	var out []string
	for _, g := range a.Grants {
		if seen[g.UnitID] {
			continue
		}
		one := Actor{Kind: a.Kind, ID: a.ID, Grants: []Grant{g}}
		if z.allowed(one, action, InUnit(g.UnitID)) {
			seen[g.UnitID] = true
			out = append(out, g.UnitID)
		}
	}
	sort.Strings(out)
	return out
}

// CanSomewhere tells whether the actor may do the action in at least one unit: the coarse check at a route's door.
func (z *Authorizer) CanSomewhere(a Actor, action string) bool { return len(z.Scope(a, action)) > 0 }

func (z *Authorizer) allowed(a Actor, action string, r Resource) bool {
	principal := cedar.NewEntityUID("Official", types.String(a.ID))
	if a.Kind == ActorCitizen {
		principal = cedar.NewEntityUID("Citizen", "anyone")
	}
	entities, resource := z.entities(r)
	grants := a.Grants
	if len(grants) == 0 {
		grants = []Grant{{}}
	}
	allow := false
	for _, g := range grants {
		decision, diag := cedar.Authorize(z.policies, entities, cedar.Request{
			Principal: principal,
			Action:    cedar.NewEntityUID("Action", types.String(action)),
			Resource:  resource,
			Context: types.NewRecord(types.RecordMap{
				"role": types.String(g.Role),
				"unit": cedar.NewEntityUID("Unit", types.String(g.UnitID)),
			}),
		})
		if decision == cedar.Allow {
			allow = true
		} else if len(diag.Reasons) > 0 {
			return false // a forbid: it wins whatever another role permits
		}
	}
	return allow
}

// entities builds the resource with its unit's chain of ancestors. Attributes become strings, except author, approver and
// the like: a name ending in "_by" or "author" is also the official it names, so that policies can write
// "resource.author == principal".
func (z *Authorizer) entities(r Resource) (types.EntityMap, cedar.EntityUID) {
	m := types.EntityMap{}
	on := clock.DateOf(z.clock.Now())
	chain := []string{r.UnitID}
	if r.UnitID != "" {
		chain = append(chain, z.units.AncestorIDs(r.UnitID, on)...)
	}
	for i, u := range chain {
		var parents []cedar.EntityUID
		if i+1 < len(chain) {
			parents = append(parents, cedar.NewEntityUID("Unit", types.String(chain[i+1])))
		}
		uid := cedar.NewEntityUID("Unit", types.String(u))
		m[uid] = types.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(parents...)}
	}
	unit := cedar.NewEntityUID("Unit", types.String(r.UnitID))
	attrs := types.RecordMap{"unit": unit}
	for k, v := range r.Attrs {
		if k == "author" || strings.HasSuffix(k, "_by") {
			attrs[types.String(k)] = cedar.NewEntityUID("Official", types.String(v))
			continue
		}
		attrs[types.String(k)] = types.String(v)
	}
	if r.Type == "Unit" || r.Type == "" {
		e := m[unit]
		e.Attributes = types.NewRecord(attrs)
		m[unit] = e
		return m, unit
	}
	uid := cedar.NewEntityUID(types.EntityType(r.Type), types.String(r.ID))
	m[uid] = types.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(unit), Attributes: types.NewRecord(attrs)}
	return m, uid
}

var actionName = regexp.MustCompile(`Action::"([^"]+)"`)

// Actions lists, in order, every action that a policy speaks of.
func (z *Authorizer) Actions() []string {
	var out []string
	for _, f := range z.files {
		for _, m := range actionName.FindAllStringSubmatch(f.Text, -1) {
			if !slices.Contains(out, m[1]) {
				out = append(out, m[1])
			}
		}
	}
	sort.Strings(out)
	return out
}
