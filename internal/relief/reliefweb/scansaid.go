package reliefweb

import (
	"context"
	"strings"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// scanRefusal says in one sentence why a scan did nothing.
func scanRefusal(ctx context.Context, err error) string {
	var out []string
	for _, f := range web.Faults(err) {
		out = append(out, i18n.Fault(ctx, f))
	}
	return strings.Join(out, " ")
}
