package orgunit

import "github.com/nhipcau/nhipcau/internal/clock"

// Reorganised tells that a decision changed the tree: units ended, were made or were renamed. It is published in the
// transaction of the change; the day may lie in the future.
type Reorganised struct {
	ID    string // of the reorganisation
	On    clock.Date
	Ended []string // units that end on the day
	Moved []Moved  // who carries on whose work
}

// Moved says that memberships, channels and open work of From go to To.
type Moved struct{ From, To string }

// Kind names the event.
func (Reorganised) Kind() string { return "orgunit.reorganised" }
