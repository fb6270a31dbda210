package routing

import (
	"encoding/json"
	"fmt"

	"github.com/nhipcau/nhipcau/data"
)

// Places finds the commune of a point on the map from the boundaries the program is delivered with.
type Places struct{ areas []area }

type area struct {
	code                           string
	minLon, minLat, maxLon, maxLat float64
	rings                          [][][2]float64 // outer and inner alike: even-odd
}

// LoadPlaces reads the boundaries. They are simplified: a point within some hundred metres of a boundary may be given to the
// neighbour, which is why a person confirms.
func LoadPlaces() (*Places, error) {
	b, err := data.Read(data.GeoNgheAn)
	if err != nil {
		return nil, err
	}
	var f struct {
		Features []struct {
			Properties struct{ Code string }
			Geometry   struct {
				Type        string
				Coordinates json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("routing: boundaries: %w", err)
	}
	p := &Places{}
	for _, x := range f.Features {
		var polygons [][][][2]float64
		if x.Geometry.Type == "Polygon" {
			polygons = make([][][][2]float64, 1)
			err = json.Unmarshal(x.Geometry.Coordinates, &polygons[0])
		} else {
			err = json.Unmarshal(x.Geometry.Coordinates, &polygons)
		}
		if err != nil {
			return nil, fmt.Errorf("routing: boundary of %s: %w", x.Properties.Code, err)
		}
		a := area{code: x.Properties.Code, minLon: 180, minLat: 90, maxLon: -180, maxLat: -90}
		for _, polygon := range polygons {
			for _, ring := range polygon {
				a.rings = append(a.rings, ring)
				for _, pt := range ring {
					a.minLon, a.maxLon = min(a.minLon, pt[0]), max(a.maxLon, pt[0])
					a.minLat, a.maxLat = min(a.minLat, pt[1]), max(a.maxLat, pt[1])
				}
			}
		}
		p.areas = append(p.areas, a)
	}
	return p, nil
}

// Commune gives the official code of the commune in which the point (WGS84) lies; "" outside the boundaries.
func (p *Places) Commune(lat, lon float64) string {
	if p == nil {
		return ""
	}
	for _, a := range p.areas {
		if lon < a.minLon || lon > a.maxLon || lat < a.minLat || lat > a.maxLat {
			continue
		}
		inside := false
		for _, r := range a.rings {
			if crosses(r, lat, lon) {
				inside = !inside
			}
		}
		if inside {
			return a.code
		}
	}
	return ""
}

// crosses tells whether a line from the point to the east crosses the ring an odd number of times.
func crosses(ring [][2]float64, lat, lon float64) bool {
	odd := false
	for i, j := 0, len(ring)-1; i < len(ring); j, i = i, i+1 {
		a, b := ring[i], ring[j]
		if (a[1] > lat) != (b[1] > lat) && lon < (b[0]-a[0])*(lat-a[1])/(b[1]-a[1])+a[0] {
			odd = !odd
		}
	}
	return odd
}
