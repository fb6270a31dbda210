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
// width in pixels, with its viewBox. The properties "code" and "fullName" (or "name") name each shape. Points that fall on
// the same pixel tenth are drawn once.
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
			writeRing(&b, r, func(p point) (int, int) {
				return int(math.Round((p[0] - west) * squeeze * scale * 10)), int(math.Round((north - p[1]) * scale * 10))
			})
		}
		shapes = append(shapes, Shape{Code: o.code, Name: o.name, Path: b.String()})
	}
	return shapes, fmt.Sprintf("0 0 %d %d", width, height), nil
}

// writeRing writes a ring as relative line steps in tenths of a pixel, leaving out steps of zero length.
func writeRing(b *strings.Builder, ring []point, at func(point) (int, int)) {
	var x, y, steps int
	for i, p := range ring {
		nx, ny := at(p)
		switch {
		case i == 0:
			b.WriteString("M" + tenth(nx) + " " + tenth(ny))
		case i == len(ring)-1 && steps > 0: // GeoJSON repeats the first point; z closes the ring
			continue
		case nx == x && ny == y:
			continue
		default:
			b.WriteString("l" + tenth(nx-x) + " " + tenth(ny-y))
			steps++
		}
		x, y = nx, ny
	}
	b.WriteString("z")
}

func tenth(n int) string { return strconv.FormatFloat(float64(n)/10, 'f', -1, 64) }
