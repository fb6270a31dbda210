package publish

import (
	"net/url"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Hard limits of what is stored at all; the channels' own limits are checked when a post goes to review.
const (
	maxTitle    = 300
	maxLead     = 2000
	maxBody     = 200_000 // characters of HTML
	maxPictures = 20
	maxTargets  = 2000
	maxNote     = 2000
)

// DefaultLimits are the sizes of the kinds of channel, in characters after NFC. Zalo: article API v2.0 (title 150,
// description 300); Facebook: page post 63,206 in all; the portal's are the house's own, for readability.
var DefaultLimits = map[channel.Kind]channel.Limits{
	channel.Zalo:     {Title: 150, Lead: 300, Pictures: 20},
	channel.Facebook: {Body: 60000, Pictures: 10},
	channel.YouTube:  {Title: 100}, // and a description of 5,000 bytes, cut by the channel
	channel.Portal:   {Title: 200, Lead: 500, Pictures: maxPictures},
}

// clean tidies what was typed: NFC, single spaces in titles, allowed marks only, no empty lines of lists.
func (d Draft) clean() Draft {
	d.Words = cleanWords(d.Words)
	d.Category, d.MediaURL, d.Erratum = strings.TrimSpace(d.Category), strings.TrimSpace(d.MediaURL), manyLines(d.Erratum)
	var es []Edition
	for _, e := range d.Editions {
		e.Words = cleanWords(e.Words)
		if e.Words != (Words{}) {
			es = append(es, e)
		}
	}
	d.Editions = es
	var ps []PictureRef
	for _, p := range d.Pictures {
		if p.ID != "" {
			ps = append(ps, PictureRef{ID: p.ID, Alt: oneLine(p.Alt), Caption: oneLine(p.Caption)})
		}
	}
	d.Pictures = ps
	var ts []Target
	for _, t := range d.Targets {
		if t.Ref != "" && !slices.Contains(ts, t) {
			ts = append(ts, t)
		}
	}
	d.Targets, d.Audience = ts, cleanAudience(d.Audience)
	return d
}

func cleanWords(w Words) Words {
	return Words{Title: oneLine(w.Title), Lead: manyLines(w.Lead), Body: CleanBody(w.Body)}
}

// checkSaved finds what cannot be stored even as a draft. A draft may be unfinished, so nothing is required yet.
func (d Draft) checkSaved(categories []Category) error {
	var fs fault.Fields
	limit := func(field, s string, n int) {
		if vntext.Length(s) > n {
			fs.Add(fault.Field(field, "publish.too_long").With("Limit", n).With("Length", vntext.Length(s)))
		}
	}
	limit("title", d.Title, maxTitle)
	limit("lead", d.Lead, maxLead)
	limit("body", d.Body, maxBody)
	limit("erratum", d.Erratum, maxNote)
	for _, e := range d.Editions {
		fs.Check(slices.Contains(Kinds[:], e.Kind), "edition", "publish.edition_unknown")
		limit("title_"+string(e.Kind), e.Title, maxTitle)
		limit("lead_"+string(e.Kind), e.Lead, maxLead)
		limit("body_"+string(e.Kind), e.Body, maxBody)
	}
	if d.Category != "" {
		known := slices.ContainsFunc(categories, func(c Category) bool { return c.Code == d.Category })
		fs.Check(known, "category", "publish.category_unknown")
	}
	if d.MediaURL != "" {
		u, err := url.Parse(d.MediaURL)
		ok := err == nil && u.Scheme == "https" && u.Host != "" && len(d.MediaURL) <= 1000
		fs.Check(ok, "media_url", "publish.media_not_https")
	}
	for _, k := range d.Kinds {
		fs.Check(slices.Contains(Kinds[:], k), "kinds", "publish.edition_unknown")
	}
	fs.Check(len(d.Targets) <= maxTargets, "targets", "publish.targets_too_many")
	if len(d.Pictures) > maxPictures {
		fs.Add(fault.Field("pictures", "publish.pictures_too_many").With("Limit", maxPictures))
	}
	checkAudience(&fs, d.Audience)
	for _, t := range d.Targets {
		fs.Check(t.valid(), "targets", "publish.target_unknown")
	}
	return fs.OrNil()
}

func (t Target) valid() bool {
	switch t.Kind {
	case TargetSubtree, TargetUnit, TargetGroup:
		return t.Level == ""
	case TargetLevel:
		return t.Level.Rank() <= orgunit.LevelCluster.Rank()
	}
	return false
}

// checkReady finds what keeps a version from review. limits are those of the channels; live tells that a version already
// stands in public, so that the public must be told what was wrong.
func (v Version) checkReady(limits map[channel.Kind]channel.Limits, live bool) error {
	var fs fault.Fields
	fs.Check(v.Title != "", "title", "publish.title_missing")
	fs.Check(v.Lead != "", "lead", "publish.lead_missing")
	fs.Check(v.Body != "", "body", "publish.body_missing")
	fs.Check(v.Category != "", "category", "publish.category_missing")
	fs.Check(len(v.Targets) > 0, "targets", "publish.targets_missing")
	fs.Check(!live || v.Erratum != "", "erratum", "publish.erratum_missing")
	for i, p := range v.Pictures {
		if p.Alt == "" {
			fs.Add(fault.Field("pictures", "publish.alt_missing").With("Number", i+1))
		}
	}
	for _, img := range imgTag.FindAllString(v.Body, -1) {
		fs.Check(strings.Contains(img, ` alt="`) && !strings.Contains(img, ` alt=""`), "body", "publish.alt_missing_inside")
	}
	v.checkPlaces(&fs)
	for _, k := range Kinds {
		if v.Goes(k) {
			v.checkLimits(&fs, k, limits[k], v.For(k), "")
		}
	}
	return fs.OrNil()
}

func (v Version) checkPlaces(fs *fault.Fields) {
	check := func(field string, w Words) {
		_, unknown := UsedPlaces(w.Title, w.Lead, w.Body)
		for _, name := range unknown {
			fs.Add(fault.Field(field, "publish.place_unknown").With("Name", name))
		}
		inText, _ := UsedPlaces(BodyText(w.Body))
		inHTML, _ := UsedPlaces(w.Body)
		if len(inText) > len(inHTML) { // a mark stands inside the brackets
			fs.Add(fault.Field(field, "publish.place_broken"))
		}
	}
	check("body", v.Words)
	for _, e := range v.Editions {
		check("body_"+string(e.Kind), e.Words)
	}
}

// checkLimits compares words with the limits of a kind; unit names the unit for which they were filled in, if any.
func (v Version) checkLimits(fs *fault.Fields, kind channel.Kind, l channel.Limits, w Words, unit string) {
	field := func(name string) string {
		for _, e := range v.Editions {
			own := map[string]string{"title": e.Title, "lead": e.Lead, "body": e.Body}
			if e.Kind == kind && own[name] != "" {
				return name + "_" + string(kind)
			}
		}
		return name
	}
	check := func(name, s string, n int) {
		if n <= 0 {
			return
		}
		if got := vntext.Length(s); got > n {
			key := "publish.too_long_for_kind"
			if unit != "" {
				key = "publish.too_long_for_unit"
			}
			fs.Add(fault.Field(field(name), key).With("Kind", kindName(kind)).With("Limit", n).With("Length", got).With("Unit", unit))
		}
	}
	check("title", w.Title, l.Title)
	check("lead", w.Lead, l.Lead)
	if l.Body > 0 {
		check("body", BodyText(w.Body), l.Body)
	}
	if l.Pictures > 0 && len(v.Pictures) > l.Pictures && unit == "" {
		fs.Add(fault.Field("pictures", "publish.pictures_too_many").With("Limit", l.Pictures))
	}
}

// kindName is the proper name of a kind of channel, the same in every language.
func kindName(k channel.Kind) string {
	switch k {
	case channel.Zalo:
		return "Zalo"
	case channel.Facebook:
		return "Facebook"
	case channel.YouTube:
		return "YouTube"
	}
	return "Portal"
}

// noteOK checks a reason, comment or erratum that a person must give.
func noteOK(field, text, missing string) error {
	switch {
	case text == "":
		return fault.Field(field, missing)
	case vntext.Length(text) > maxNote:
		return fault.Field(field, "publish.too_long").With("Limit", maxNote).With("Length", vntext.Length(text))
	}
	return nil
}
