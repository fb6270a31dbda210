package maplink_test

import (
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback/maplink"
)

func TestRead(t *testing.T) {
	for in, want := range map[string][2]float64{
		"https://www.google.com/maps/@18.6734,105.6923,17z":      {18.6734, 105.6923},
		"https://maps.google.com/?q=18.67,105.69":                {18.67, 105.69},
		"https://www.google.com/maps?q=18.673456%2C105.692345":   {18.673456, 105.692345},
		"https://www.openstreetmap.org/#map=16/18.6700/105.6900": {18.67, 105.69},
		"18.6734, 105.6923": {18.6734, 105.6923},
		"https://www.google.com/maps/@48.8566,2.3522,17z": {},
		"https://maps.app.goo.gl/abc":                     {},
		"":                                                {},
		"ngã tư 18.5 phố 105":                             {},
	} {
		lat, lon, ok := maplink.Read(in)
		if ok != (want != [2]float64{}) || lat != want[0] || lon != want[1] {
			t.Errorf("%q = %v, %v, %v", in, lat, lon, ok)
		}
	}
}
