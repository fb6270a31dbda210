package fleet_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

// outside is what lies at the platforms, by address.
type outside map[string][]byte

func (o outside) Bytes(_ context.Context, address string) ([]byte, error) {
	if b, ok := o[address]; ok {
		return b, nil
	}
	return nil, errors.New("no such host")
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withPictures lets the kit keep pictures and look at what lies outside.
func (k *kit) withPictures(t testing.TB, at outside) {
	t.Helper()
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k.fleet.Pictures, k.fleet.Glimpse = picture.NewStore(blobs), at
}

// TestLogo: the channels below are looked at when a logo is set and after every probe; another picture opens an alert that goes
// when it is replaced, and what cannot be fetched accuses nobody.
func TestLogo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), newKit(t, d)
		at := outside{"good": jpegOf(t, simkit.Emblem(0, 100)), "bad": jpegOf(t, simkit.Emblem(4, 240)), "page": []byte("<html>")}
		k.withPictures(t, at)
		install := func(unit, external, address string) channel.Account {
			a := well(channel.Zalo)
			a.UnitID, a.ExternalID, a.Name, a.CreatedAt, a.Health.Picture = unit, external, "MTTQ "+external, now, address
			return k.AccountWith(t, a, channel.Tokens{Access: external, Refresh: external})
		}
		good, bad := install(orgunittest.VinhHung, "1", "good"), install(orgunittest.VinhHung, "2", "bad")
		install(orgunittest.KimLien, "3", "gone")
		install(orgunittest.KimLien, "4", "page")
		for name, c := range map[string]struct {
			actor identity.Actor
			unit  string
			file  []byte
			kind  fault.Kind
		}{
			"a ward for the province": {ward, orgunittest.Province, at["good"], fault.Forbidden},
			"nothing":                 {province, orgunittest.Province, nil, fault.Invalid},
			"no picture":              {province, orgunittest.Province, at["page"], fault.Invalid},
			"one colour":              {province, orgunittest.Province, pngOf(t, image.NewGray(image.Rect(0, 0, 300, 300))), fault.Invalid},
		} {
			if err := k.fleet.SetLogo(ctx, c.actor, c.unit, bytes.NewReader(c.file)); !fault.Is(err, c.kind) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := k.fleet.SetLogo(ctx, province, orgunittest.Province, bytes.NewReader(pngOf(t, simkit.Emblem(0, 300)))); err != nil {
			t.Fatal(err)
		}
		if err := k.fleet.SetLogo(ctx, ward, orgunittest.VinhHung, bytes.NewReader(at["bad"])); err != nil { // the province's goes first
			t.Fatal(err)
		}
		k.Idle(t)
		list := k.open(t, province, fleet.ViewOpen)
		if len(list) != 1 || list[0].AccountID != bad.ID || list[0].Cause != fleet.LogoOff {
			t.Fatalf("%+v", list)
		}
		see := func(actor identity.Actor, a channel.Account) fleet.Sight {
			t.Helper()
			s, err := k.fleet.SightOf(ctx, actor, a.ID)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if s := see(ward, bad); !s.Off || s.Face == "" || s.Logo == "" || s.By != "Tỉnh Nghệ An" || s.Missed() {
			t.Fatalf("%+v", s)
		}
		if s := see(province, good); s.Off || s.Face == "" {
			t.Fatalf("%+v", s)
		}
		if _, err := k.fleet.SightOf(ctx, sister, bad.ID); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("a neighbour looks: %v", err)
		}

		was := see(ward, bad)
		used, err := k.fleet.UsedPictures(ctx, []string{"nobody's", was.Face, was.Logo})
		if slices.Sort(used); err != nil || len(used) != 2 || slices.Contains(used, "nobody's") {
			t.Fatalf("%v %v", used, err)
		}

		// The platform is down: yesterday's look stands, for three days.
		probe := func(later time.Duration) {
			t.Helper()
			k.clock.Set(k.clock.Now().Add(later))
			if _, err := k.Service.Probe(ctx, ward, bad.ID); err != nil {
				t.Fatal(err)
			}
			k.Idle(t)
		}
		delete(at, "bad")
		probe(24 * time.Hour)
		if s := see(ward, bad); !s.Off || !s.Missed() || s.Face != was.Face {
			t.Fatalf("%+v", s)
		}
		probe(49 * time.Hour)
		if s := see(ward, bad); s.Off || !s.Missed() {
			t.Fatalf("seen three days ago: %+v", s)
		}
		// The picture was replaced under the same address.
		at["bad"] = jpegOf(t, simkit.Emblem(5, 240))
		probe(time.Hour)
		if s := see(ward, bad); !s.Off || s.Face == was.Face {
			t.Fatalf("%+v", s)
		}
		at["bad"] = at["good"]
		probe(time.Hour)
		if s := see(ward, bad); s.Off || s.Missed() {
			t.Fatalf("%+v", s)
		}
		for _, x := range k.open(t, ward, fleet.ViewOpen) {
			if x.Cause == fleet.LogoOff {
				t.Fatalf("cured and still open: %+v", x)
			}
		}

		// Without the province's logo the ward's own holds.
		if err := k.fleet.DropLogo(ctx, ward, orgunittest.Province); !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
		if err := k.fleet.DropLogo(ctx, province, orgunittest.Province); err != nil {
			t.Fatal(err)
		}
		if s := see(ward, bad); !s.Off || s.By != "Phường Vinh Hưng" {
			t.Fatalf("%+v", s)
		}
		l, err := k.fleet.LogoOf(ctx, ward, orgunittest.VinhHung)
		if err != nil || l.UnitID != orgunittest.VinhHung || l.Picture == "" {
			t.Fatal(l, err)
		}
		if _, err := k.fleet.LogoOf(ctx, desk, orgunittest.VinhHung); !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
		if err := k.Service.Close(ctx, ward, bad.ID); err != nil {
			t.Fatal(err)
		}
		k.Idle(t)
		if s := see(ward, bad); s.Face != "" {
			t.Fatalf("the picture of a closed channel is kept: %+v", s)
		}
		if acts := strings.Join(k.diary.acts, " "); !strings.HasPrefix(acts, "fleet.logo fleet.logo fleet.logo_drop") {
			t.Fatal(acts)
		}
	}, migrations...)
}
