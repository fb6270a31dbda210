package app_test

import (
	"net/url"
	"testing"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// The consent page of a platform must send the official back to a route of this very house, or no channel can be connected.
func TestConsentComesBackToThisHouse(t *testing.T) {
	h := house(t)
	unit := places(t, h)["own"]
	known := map[string]bool{}
	for _, rt := range h.Routes() {
		known[rt.Pattern] = true
	}
	if !known["GET /lam-viec/kenh/ket-noi/ve/{kind}"] {
		t.Fatal("the house has no route for the way back")
	}
	for _, kind := range []channel.Kind{channel.Zalo, channel.Facebook} {
		to, err := h.Rooms().Channels.Connect(t.Context(), identity.System("test"), channel.ConnectRequest{Kind: kind, UnitID: unit})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := u.Query().Get("redirect_uri"), "http://127.0.0.1:8080/lam-viec/kenh/ket-noi/ve/"+string(kind); got != want {
			t.Errorf("%s sends the official back to %q, want %q", kind, got, want)
		}
	}
}
