// Package maplink finds the point that a map link or typed coordinates speak of.
package maplink

import (
	"math"
	"net/url"
	"regexp"
	"strconv"
)

var coordinates = regexp.MustCompile(`(-?\d{1,2}[.]\d{2,})\s*[,; ]\s*(-?\d{1,3}[.]\d{2,})`)

// Read finds a point in a map link ("…/@18.6734,105.6923,17z", "?q=18.67,105.69", "#map=16/18.67/105.69") or in
// coordinates typed as "18.67, 105.69". Points outside Vietnam and its seas are not accepted: ok is false.
func Read(s string) (lat, lon float64, ok bool) {
	if u, err := url.QueryUnescape(s); err == nil {
		s = u
	}
	m := coordinates.FindStringSubmatch(s)
	if m == nil {
		m = osmPoint.FindStringSubmatch(s)
	}
	if m == nil {
		return 0, 0, false
	}
	lat, _ = strconv.ParseFloat(m[1], 64)
	lon, _ = strconv.ParseFloat(m[2], 64)
	lat, lon = math.Round(lat*1e6)/1e6, math.Round(lon*1e6)/1e6
	if lat < 6 || lat > 24 || lon < 101 || lon > 118 {
		return 0, 0, false
	}
	return lat, lon, true
}

var osmPoint = regexp.MustCompile(`map=\d+(?:[.]\d+)?/(-?\d{1,2}[.]\d+)/(-?\d{1,3}[.]\d+)`)
