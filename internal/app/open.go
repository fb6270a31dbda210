package app

import (
	"github.com/nhipcau/nhipcau/internal/feedback/receiptweb"
)

// openPages are the doors of the house for everybody's own eyes and programs: the check of receipts.
func (h *House) openPages() []pages {
	return []pages{receiptweb.New(h.tlog.VerificationKey(), 60)}
}
