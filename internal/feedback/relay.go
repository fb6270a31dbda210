package feedback

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// DoorOpen311 is the way in for other programs (Open311 GeoReport v2).
const DoorOpen311 Door = "open311"

// Relay takes in what another program sends for a person. The actor is the house acting for the key that was checked;
// source names the sender and the sending: the same is taken in once.
func (s *Service) Relay(ctx context.Context, actor identity.Actor, in Intake, source string) (Case, error) {
	if actor.Kind != identity.ActorSystem {
		return Case{}, fault.New(fault.Forbidden, "identity.not_allowed")
	}
	if in.Kind.Secret() || source == "" {
		return Case{}, fault.Field("kind", "feedback.kind_unknown") // these need a person who can be asked back
	}
	in.Door, in.Return, in.SourceKey = DoorOpen311, Return{}, string(DoorOpen311)+":"+source
	return s.take(ctx, actor, in)
}

// Relayed gives a case that came in with a source of the prefix, to the house acting for that sender. A case that became a
// complaint or denunciation is no longer there for them.
func (s *Service) Relayed(ctx context.Context, actor identity.Actor, caseID, prefix string) (Case, error) {
	if actor.Kind != identity.ActorSystem {
		return Case{}, errNoCase()
	}
	var r caseRow
	err := s.DB.Read().NewSelect().Model(&r).Where("c.id = ?", caseID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (!strings.HasPrefix(r.SourceKey, string(DoorOpen311)+":"+prefix) || Kind(r.Kind).Secret()) {
		return Case{}, errNoCase()
	}
	if err != nil {
		return Case{}, err
	}
	return r.domain(), nil
}
