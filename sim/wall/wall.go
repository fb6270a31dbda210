// Package wall shows what citizens would see on their phones: every Zalo official account and Facebook Page of the
// simulated world with its newest piece, and for each of them a phone on which one can read as a chosen follower and
// write back. It is a window on sim/zalo and sim/facebook and keeps nothing itself; it needs no JavaScript.
package wall

import (
	"net/http"

	"github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

type wall struct {
	zalo     *zalo.Sim
	facebook *facebook.Sim
}

// Handler serves the wall at / and /wall/.
func Handler(z *zalo.Sim, f *facebook.Sim) http.Handler {
	w := &wall{zalo: z, facebook: f}
	mux := http.NewServeMux()
	w.routes(mux)
	return mux
}
