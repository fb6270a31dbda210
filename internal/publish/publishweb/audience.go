package publishweb

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// audienceOf reads for whom the broadcast is; nil when the form does not ask.
func audienceOf(f url.Values) *channel.Audience {
	a := channel.Audience{Regions: f["aud_region"]}
	a.Gender, _ = strconv.Atoi(f.Get("aud_gender"))
	for _, s := range f["aud_age"] {
		n, err := strconv.Atoi(s)
		if err != nil {
			n = -1 // refused as unknown
		}
		a.Ages = append(a.Ages, n)
	}
	if a.Gender == 0 && len(a.Regions) == 0 && len(a.Ages) == 0 {
		return nil
	}
	return &a
}

func audience(d publish.Draft) channel.Audience {
	if d.Audience == nil {
		return channel.Audience{}
	}
	return *d.Audience
}

func genderOptions(ctx context.Context, chosen int) []ui.Option {
	var out []ui.Option
	for n := range 3 {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Text: i18n.T(ctx, "publish.gender."+strconv.Itoa(n)), Selected: n == chosen})
	}
	return out
}

func ageOptions(ctx context.Context, chosen []int) []ui.Option {
	var out []ui.Option
	for n := range publish.AgeGroups {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Text: i18n.T(ctx, "publish.age."+strconv.Itoa(n)), Selected: slices.Contains(chosen, n)})
	}
	return out
}

func regionOptions(ctx context.Context, chosen []string) []ui.Option {
	var out []ui.Option
	for _, r := range publish.Regions {
		out = append(out, ui.Option{Value: r, Text: i18n.T(ctx, "publish.region."+r), Selected: slices.Contains(chosen, r)})
	}
	return out
}

// AudienceText writes an audience as people say it: "nữ, 18–24 tuổi, miền Trung".
func AudienceText(ctx context.Context, a *channel.Audience) string {
	if a == nil {
		return i18n.T(ctx, "publish.audience_all")
	}
	var parts []string
	if a.Gender > 0 {
		parts = append(parts, i18n.T(ctx, "publish.gender."+strconv.Itoa(a.Gender)))
	}
	for _, n := range a.Ages {
		parts = append(parts, i18n.T(ctx, "publish.age."+strconv.Itoa(n)))
	}
	for _, r := range a.Regions {
		parts = append(parts, i18n.T(ctx, "publish.region."+r))
	}
	return strings.Join(parts, ", ")
}
