// Package data carries the public facts that the program is delivered with: the lists of administrative units of four
// dates, the table of how the communes of 2025 came about, and the boundaries for overview maps. README.md in this folder
// names the source and licence of each file. Everything is compressed inside the program and opened when asked for.
package data

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"strings"
)

//go:embed units geo banks feedback/feedback_vi.json
var files embed.FS

// The files of units. The lists have the columns level, code, name, full_name, type, slug, parent_code, province_code.
const (
	Units202411 = "units/units_2024-11_v2.2.0.csv.gz" // before the mergers of December 2024 to March 2025
	Units202503 = "units/units_2025-03_v2.4.1.csv.gz" // the last state with districts
	Units202507 = "units/units_2025-07_v3.0.2.csv.gz" // from 1 July 2025
	Units202604 = "units/units_2026-04_v4.2.0.csv.gz" // from 30 April 2026
	OldToNew    = "units/map_old_to_new_2025-07.csv.gz"
	Mergers     = "units/mergers_2024-2025.csv" // what became of the units that went between the first two lists
	AreasNgheAn = "units/synthetic_residential_areas_nghe_an_3804.csv.gz"
	Agencies    = "units/agencies.csv"
)

// FeedbackTexts is invented messages of citizens, for the rehearsal and for tests: {"items":[{"text","category","kind",…}]}.
const FeedbackTexts = "feedback/feedback_vi.json"

// Banks is the members of NAPAS: bin,code,short_name,name,swift,vietqr_status,in_source. VietQRVectors is known payloads of
// VietQR codes with invented accounts, for tests.
const (
	Banks         = "banks/napas_bins.csv"
	VietQRVectors = "banks/vietqr_vectors.json"
)

// The boundaries, WGS84; their property "code" is that of Units202604.
const (
	GeoProvinces    = "geo/provinces34.topo.json.gz"
	GeoNgheAn       = "geo/nghe_an_communes.geojson.gz"
	GeoNgheAnTopo   = "geo/nghe_an_communes.topo.json.gz"
	maxUncompressed = 16 << 20
)

// Read gives the content of one of the files, uncompressed.
func Read(name string) ([]byte, error) {
	b, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return b, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	out, err := io.ReadAll(io.LimitReader(z, maxUncompressed))
	if err != nil {
		return nil, fmt.Errorf("data: %s: %w", name, err)
	}
	return out, nil
}
