package app_test

import (
	"testing"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// A fresh installation has a section of the portal for the province and each of its communes, without anybody's doing.
func TestEveryCommitteeHasItsPortal(t *testing.T) {
	h := house(t)
	r := h.Rooms()
	f, today := r.Units.Forest(), r.Units.Today()
	province, err := f.ByCode(orgunit.LevelProvince, "40", today)
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{province.ID}
	for _, u := range f.AtLevel(orgunit.LevelCommune, orgunit.KindFront, province.ID, today) {
		ids = append(ids, u.ID)
	}
	accounts, err := r.Channels.AccountsOfUnits(t.Context(), ids, channel.Portal)
	if err != nil || len(accounts) != 131 {
		t.Fatal(len(accounts), err)
	}
}
