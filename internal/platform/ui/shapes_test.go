package ui

import (
	"strings"
	"testing"
)

func TestShapesFromGeoJSON(t *testing.T) {
	shapes, box, err := ShapesFromGeoJSON([]byte(`{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"17236","name":"Môn Sơn","fullName":"Xã Môn Sơn"},"geometry":{"type":"Polygon","coordinates":[[[104,0.5],[105,0.5],[105,-0.5],[104,-0.5],[104,0.5]],[[104.4,0.1],[104.6,0.1],[104.6,-0.1],[104.4,0.1]]]}},
{"type":"Feature","properties":{"code":"16813","name":"Na Loi"},"geometry":{"type":"MultiPolygon","coordinates":[[[[105,0.5],[106,0.5],[106,0],[106,0.00001],[105,0.5]]],[[[105,-0.5],[105.5,-0.5],[106,-0.5],[106,-0.1],[105,-0.5]]],[[],[[104,-0.5],[104.001,-0.5],[104.001,-0.499],[104,-0.5]]]]}}
]}`), 200)
	if err != nil {
		t.Fatal(err)
	}
	if box != "0 0 200 100" {
		t.Errorf("viewBox %q", box)
	}
	want := []Shape{
		{Code: "17236", Name: "Xã Môn Sơn", Path: "M0 0l100 0 0 100-100 0zM40 40l20 0 0 20z"},
		{Code: "16813", Name: "Na Loi", Path: "M100 0l100 0 0 50zM100 100l100 0 0-40zM0 100h1v1h-1z"},
	}
	for i, w := range want {
		if shapes[i] != w {
			t.Errorf("got %+v, want %+v", shapes[i], w)
		}
	}
}

func TestShapesAwayFromEquatorKeepProportion(t *testing.T) {
	_, box, err := ShapesFromGeoJSON([]byte(`{"features":[{"geometry":{"type":"Polygon","coordinates":[[[104,59.5],[105,59.5],[105,60.5],[104,60.5],[104,59.5]]]}}]}`), 100)
	if err != nil || !strings.HasPrefix(box, "0 0 100 20") { // at 60° a degree of longitude is half as long
		t.Errorf("viewBox %q, %v", box, err)
	}
}

func TestShapesRefuses(t *testing.T) {
	for _, data := range []string{
		`nonsense`, `{"features":[]}`,
		`{"features":[{"geometry":{"type":"Point","coordinates":[1,2]}}]}`,
		`{"features":[{"geometry":{"type":"Polygon","coordinates":"x"}}]}`,
		`{"features":[{"geometry":{"type":"Polygon","coordinates":[[[1,1],[1,1]]]}}]}`,
	} {
		if _, _, err := ShapesFromGeoJSON([]byte(data), 100); err == nil || !strings.HasPrefix(err.Error(), "ui: ") {
			t.Errorf("%s: %v", data, err)
		}
	}
}

func TestPaging(t *testing.T) {
	for _, c := range []struct {
		p     Paging
		pages int
		near  []int
	}{
		{Paging{Page: 1, Per: 50, Total: 0}, 1, []int{1}},
		{Paging{Page: 1, Per: 50, Total: 50}, 1, []int{1}},
		{Paging{Page: 2, Per: 50, Total: 51}, 2, []int{1, 2}},
		{Paging{Page: 4, Per: 50, Total: 1204}, 25, []int{1, 0, 3, 4, 5, 0, 25}},
		{Paging{Page: 25, Per: 50, Total: 1204}, 25, []int{1, 0, 24, 25}},
	} {
		got := c.p.near()
		if c.p.Pages() != c.pages || len(got) != len(c.near) {
			t.Errorf("%+v: %d pages, %v", c.p, c.p.Pages(), got)
			continue
		}
		for i := range got {
			if got[i] != c.near[i] {
				t.Errorf("%+v: %v, want %v", c.p, got, c.near)
			}
		}
	}
}
