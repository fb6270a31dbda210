// Package identity knows who is acting: officials with roles in units for a term, citizens without an account, and the
// house itself. It signs officials in, and it decides by readable Cedar policies what each may do. Nothing is allowed that
// no policy allows, and what a policy forbids no other can permit.
package identity

import (
	"context"
)

// Role is what an official does in a unit.
type Role string

// The roles. A role holds in one unit (and, where the policy says so, below it) for a term.
const (
	RoleSystemAdmin  Role = "system_admin" // the IT team: settings, jobs, backups; sees no content
	RoleUnitAdmin    Role = "unit_admin"   // people, channels and units below
	RoleEditor       Role = "editor"       // writes posts
	RoleApprover     Role = "approver"     // approves posts and answers
	RoleDeskOfficer  Role = "desk_officer" // answers questions
	RoleSecretary    Role = "secretary"    // keeps documents and meetings
	RoleLeader       Role = "leader"       // sees everything of the unit and below, decides
	RoleAuditor      Role = "auditor"      // reads the audit log
	RoleCollaborator Role = "collaborator" // sends stories and suggestions up

	RoleAreaHead      Role = "area_head"      // heads the Front's board of a residential area: helps people there to be heard and surveyed
	RoleVoterDesk     Role = "voter_desk"     // serves delegates: voter meetings, their minutes, petitions and answers
	RoleCollector     Role = "collector"      // takes gifts in and writes receipts; records what households need
	RoleAccountant    Role = "accountant"     // keeps the books: statements, reconciliation, periods
	RoleTreasurer     Role = "treasurer"      // pays out what was decided
	RoleFundApprover  Role = "fund_approver"  // decides what gifts are spent on
	RoleFundPublisher Role = "fund_publisher" // puts statements before the public
	RoleStorekeeper   Role = "storekeeper"    // answers for a warehouse of relief goods
	RolePacker        Role = "packer"         // packs and scans boxes of relief goods
)

// Roles lists every role, in the order pages show them.
var Roles = [...]Role{RoleSystemAdmin, RoleUnitAdmin, RoleEditor, RoleApprover, RoleDeskOfficer, RoleSecretary, RoleLeader, RoleAuditor, RoleCollaborator,
	RoleAreaHead, RoleVoterDesk, RoleCollector, RoleAccountant, RoleTreasurer, RoleFundApprover, RoleFundPublisher, RoleStorekeeper, RolePacker}

// ActorKind tells officials, citizens and the house apart.
type ActorKind string

// The kinds of actor.
const (
	ActorCitizen  ActorKind = "citizen"  // anybody at a public page
	ActorOfficial ActorKind = "official" // signed in
	ActorSystem   ActorKind = "system"   // a job of the house acting on an earlier decision
)

// Grant is one role of an actor in one unit, valid now.
type Grant struct {
	Role   Role
	UnitID string
}

// Actor is who does something. Use cases take it first and check it first.
type Actor struct {
	Kind   ActorKind
	ID     string // the official's id; "" for a citizen; the job's name for the system
	Name   string // shown in histories: "Nguyễn Thị Hà"
	Grants []Grant
}

// Citizen is an actor without an account.
func Citizen() Actor { return Actor{Kind: ActorCitizen} }

// System is the house acting through the named job.
func System(job string) Actor { return Actor{Kind: ActorSystem, ID: job, Name: job} }

// SignedIn tells whether the actor is an official.
func (a Actor) SignedIn() bool { return a.Kind == ActorOfficial }

// Units lists the units in which the actor has any role, without repeats.
func (a Actor) Units() []string {
	var out []string
	seen := map[string]bool{}
	for _, g := range a.Grants {
		if !seen[g.UnitID] {
			seen[g.UnitID] = true
			out = append(out, g.UnitID)
		}
	}
	return out
}

// Has tells whether the actor holds the role in the very unit.
func (a Actor) Has(role Role, unitID string) bool {
	for _, g := range a.Grants {
		if g.Role == role && g.UnitID == unitID {
			return true
		}
	}
	return false
}

type actorKey struct{}

// WithActor puts the actor of a request into its context.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom gives the actor of a request: a citizen when nobody signed in.
func ActorFrom(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return Citizen()
}
