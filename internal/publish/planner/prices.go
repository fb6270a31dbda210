package planner

import (
	_ "embed" // prices
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
)

//go:embed prices.csv
var priceText string

// What is paid for.
const (
	PriceBroadcast = "broadcast"  // one message of a broadcast to one follower
	PriceZNS       = "zns_public" // one message by phone number with a template of the public service
)

// Price is what one thing costs from a day on.
type Price struct {
	What   string
	From   clock.Date
	VND    money.VND
	Per    string // "message", "account-year"
	Source string
}

// Prices are what the channels cost.
type Prices []Price

// DefaultPrices are those that come with the house; the platforms change them, so each has its day and its source.
func DefaultPrices() (Prices, error) { return readPrices(priceText) }

func readPrices(text string) (Prices, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("planner: prices: %w", err)
	}
	var out Prices
	for i, r := range rows[1:] {
		n, err := strconv.ParseInt(r[2], 10, 64)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("planner: prices: row %d: %q is no price", i+2, r[2])
		}
		day, err := clock.ParseDate(r[1])
		if err != nil {
			return nil, fmt.Errorf("planner: prices: row %d: %w", i+2, err)
		}
		out = append(out, Price{What: r[0], From: day, VND: money.VND(n), Per: r[3], Source: r[4]})
	}
	return out, nil
}

// Of is what n of a thing cost at a moment; 0 when no price is known.
func (p Prices) Of(what string, at time.Time, n int64) money.VND {
	x, ok := p.At(what, at)
	if !ok {
		return 0
	}
	return x.VND * money.VND(n)
}

// At is the price of a thing at a moment: the one that began last.
func (p Prices) At(what string, at time.Time) (Price, bool) {
	var out Price
	day := clock.DateOf(at)
	for _, x := range p {
		if x.What == what && x.From <= day && x.From >= out.From {
			out = x
		}
	}
	return out, out.What != ""
}
