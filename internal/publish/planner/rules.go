package planner

import (
	_ "embed" // packages
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
)

//go:embed packages.csv
var packageText string

// DefaultRules are what the platforms allow. Zalo takes broadcasts from 06:00 to 21:59 and 4,000 calls a minute from one app;
// an article costs about five calls and its broadcast one. YouTube takes 100 uploads a day from one project.
func DefaultRules() (Rules, error) {
	r := Rules{BroadcastFrom: 6 * 60, BroadcastTo: 22 * 60,
		PerMinute: map[channel.Kind]int{channel.Zalo: 4000, channel.Facebook: 4000},
		CallCost:  map[channel.Kind]int{channel.Zalo: 6, channel.Facebook: 2, "youtube": 3},
		PerDay:    map[channel.Kind]int{"youtube": 100}}
	var err error
	if r.PerMonth, err = readPackages(packageText); err != nil {
		return r, err
	}
	r.Prices, err = DefaultPrices()
	return r, err
}

func readPackages(text string) (map[string]int, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("planner: packages: %w", err)
	}
	out := map[string]int{}
	for i, row := range rows[1:] {
		n, err := strconv.Atoi(row[1])
		if err != nil || n < 0 {
			return nil, fmt.Errorf("planner: packages: row %d: %q is no number of broadcasts", i+2, row[1])
		}
		out[row[0]] = n
	}
	return out, nil
}
