// Package inboxweb draws the inbox: on a wide screen the list of conversations on the left and the opened one on the right, on
// a telephone each on its own page. Everything works without script; with it the list and the conversation keep themselves
// fresh.
package inboxweb

import (
	"embed"

	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the texts of the inbox.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Pages serves the pages of the inbox.
type Pages struct{ s *inbox.Service }

// New makes the pages of the service.
func New(s *inbox.Service) *Pages { return &Pages{s: s} }

// Routes adds the pages.
func (p *Pages) Routes(rt *web.Routes) {}
