package glimpse

import (
	"net/netip"
	"testing"
)

func TestPublic(t *testing.T) {
	for at, want := range map[string]bool{
		"203.162.4.190": true, "2405:4800::1": true, "1.1.1.1": true,
		"127.0.0.1": false, "10.1.2.3": false, "192.168.1.1": false, "172.16.0.1": false, "169.254.169.254": false, "0.0.0.0": false, "255.255.255.255": false,
		"100.64.0.1": false, "198.18.0.1": false, "192.0.0.8": false, "240.0.0.1": false, "224.0.0.1": false,
		"::1": false, "fd00::1": false, "fe80::1": false, "64:ff9b::a00:1": false, "2002:a00:1::1": false,
	} {
		if got := public(netip.MustParseAddr(at)); got != want {
			t.Errorf("%s: %v", at, got)
		}
	}
}
