package identity

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Trace is one act for the audit log. Details hold short facts without personal data ("role": "editor"); names, telephone
// numbers, e-mail addresses and texts of citizens do not belong there.
type Trace struct {
	Actor        Actor
	UnitID       string // the unit in which it was done; "" for the whole house
	Action       string // "<feature>.<verb>", for example "publish.approve"
	ResourceType string // "Post", "Case", "Official", …
	ResourceID   string
	Details      map[string]string
}

// Recorder writes a trace down in the transaction of the act. The audit package implements it; identity stands before audit
// in the order of the house and so only knows this much of it.
type Recorder interface {
	Record(ctx context.Context, tx db.Tx, t Trace) error
}
