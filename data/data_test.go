package data_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/nhipcau/nhipcau/data"
)

func TestEveryFileOpens(t *testing.T) {
	for name, lines := range map[string]int{
		data.Units202411: 11_240, data.Units202503: 10_795, data.Units202507: 3_356, data.Units202604: 3_356,
		data.OldToNew: 10_572, data.Mergers: 180, data.AreasNgheAn: 3_805, data.Agencies: 21,
		data.Banks: 67,
	} {
		b, err := data.Read(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if n := bytes.Count(b, []byte("\n")); n != lines {
			t.Errorf("%s has %d lines, want %d", name, n, lines)
		}
	}
	for _, name := range []string{data.GeoProvinces, data.GeoNgheAn, data.GeoNgheAnTopo} {
		b, err := data.Read(name)
		if err != nil || !json.Valid(b) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := data.Read("units/nothing.csv"); err == nil {
		t.Error("an unknown file must be an error")
	}
}
