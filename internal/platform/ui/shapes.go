package ui

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

type featureCollection struct {
	Features []struct {
		Properties map[string]any `json:"properties"`
		Geometry   struct {
			Type        string          `json:"type"`
			Coordinates json.RawMessage `json:"coordinates"`
		} `json:"geometry"`
	} `json:"features"`
}

type point [2]float64 // longitude, latitude in degrees

// outline is one feature as rings of points, before it is projected.
type outline struct {
	code, name string
	rings      [][]point
}

// ShapesFromGeoJSON turns a GeoJSON FeatureCollection (WGS84, Polygon or MultiPolygon) into the shapes of a Map of the given
// width in pixels, with its viewBox. The properties "code" and "fullName" (or "name") name each shape. Points lie on whole
// pixels: a smaller width gives a smaller page, 400 is right for citizens, 1000 for a leader's screen.
func ShapesFromGeoJSON(data []byte, width int) ([]Shape, string, error) {
	var fc featureCollection
	if err := json.Unmarshal(data, &fc); err != nil {
		return nil, "", fmt.Errorf("ui: not GeoJSON: %w", err)
	}
	var outlines []outline
	for i, f := range fc.Features {
		rings, err := ringsOf(f.Geometry.Type, f.Geometry.Coordinates)
		if err != nil {
			return nil, "", fmt.Errorf("ui: feature %d: %w", i, err)
		}
		name := text(f.Properties["fullName"])
		outlines = append(outlines, outline{text(f.Properties["code"]), or(name, text(f.Properties["name"])), rings})
	}
	return project(outlines, width)
}

func text(v any) string { s, _ := v.(string); return s }

// ringsOf reads the rings of a polygon or of several; holes are rings too, the even-odd rule keeps them open.
func ringsOf(kind string, raw json.RawMessage) ([][]point, error) {
	switch kind {
	case "Polygon":
		var rings [][]point
		return rings, json.Unmarshal(raw, &rings)
	case "MultiPolygon":
		var polys [][][]point
		if err := json.Unmarshal(raw, &polys); err != nil {
			return nil, err
		}
		var rings [][]point
		for _, p := range polys {
			rings = append(rings, p...)
		}
		return rings, nil
	}
	return nil, fmt.Errorf("geometry %q is no polygon", kind)
}

// project lays degrees on a plane that is true to scale in the middle of the map, good enough for one province or country.
func project(outlines []outline, width int) ([]Shape, string, error) {
	west, east, south, north := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, o := range outlines {
		for _, r := range o.rings {
			for _, p := range r {
				west, east = min(west, p[0]), max(east, p[0])
				south, north = min(south, p[1]), max(north, p[1])
			}
		}
	}
	if west >= east || south >= north || width <= 0 {
		return nil, "", fmt.Errorf("ui: the map has no area")
	}
	squeeze := math.Cos((south + north) / 2 * math.Pi / 180)
	scale := float64(width) / ((east - west) * squeeze)
	height := int(math.Ceil((north - south) * scale))
	shapes := make([]Shape, 0, len(outlines))
	for _, o := range outlines {
		var b strings.Builder
		for _, r := range o.rings {
			writeRing(&b, snap(r, func(p point) pixel {
				return pixel{int(math.Round((p[0] - west) * squeeze * scale)), int(math.Round((north - p[1]) * scale))}
			}))
		}
		shapes = append(shapes, Shape{Code: o.code, Name: o.name, Path: b.String()})
	}
	return shapes, fmt.Sprintf("0 0 %d %d", width, height), nil
}

type pixel struct{ x, y int }

// snap puts the points of a ring on the grid of pixels and leaves out those that add nothing: the same pixel again, or the
// middle of a straight line. Neighbours share their border points, so no gaps open between them.
func snap(ring []point, at func(point) pixel) []pixel {
	var out []pixel
	for _, p := range ring {
		q := at(p)
		n := len(out)
		switch {
		case n > 0 && out[n-1] == q:
		case n > 1 && between(out[n-2], out[n-1], q):
			out[n-1] = q
		default:
			out = append(out, q)
		}
	}
	if n := len(out); n > 1 && out[0] == out[n-1] { // GeoJSON repeats the first point; z closes the ring
		out = out[:n-1]
	}
	return out
}

// between tells whether b lies on the straight way from a to c.
func between(a, b, c pixel) bool {
	ux, uy, vx, vy := b.x-a.x, b.y-a.y, c.x-b.x, c.y-b.y
	return ux*vy == uy*vx && ux*vx+uy*vy > 0
}

// writeRing writes a ring as steps from point to point; a ring smaller than a pixel becomes a dot, so that an island is
// not lost.
func writeRing(b *strings.Builder, ring []pixel) {
	if len(ring) == 0 {
		return
	}
	b.WriteString("M" + strconv.Itoa(ring[0].x) + " " + strconv.Itoa(ring[0].y))
	if len(ring) < 3 {
		b.WriteString("h1v1h-1z")
		return
	}
	for i := 1; i < len(ring); i++ {
		sep := " "
		if i == 1 {
			sep = "l"
		}
		dx, dy := strconv.Itoa(ring[i].x-ring[i-1].x), strconv.Itoa(ring[i].y-ring[i-1].y)
		if sep == " " && dx[0] == '-' {
			sep = ""
		}
		b.WriteString(sep + dx)
		if dy[0] != '-' {
			b.WriteByte(' ')
		}
		b.WriteString(dy)
	}
	b.WriteByte('z')
}
