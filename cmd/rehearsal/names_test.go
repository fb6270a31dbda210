package main

import (
	"slices"
	"testing"
)

// Nobody who did not agree to be named bears the name of an official, whose name stands on public pages.
func TestCitizensAreNoOfficials(t *testing.T) {
	n, all := newNames(1), citizens()
	for range 2000 {
		if official := n.person(); slices.Contains(all, official) {
			t.Fatal("an official is called as a citizen", official)
		}
		if c := n.citizen(); !slices.Contains(all, c) {
			t.Fatal("not every citizen is listed", c)
		}
	}
}
