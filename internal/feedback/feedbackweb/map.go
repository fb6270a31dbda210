package feedbackweb

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// mapPath is the map of public questions.
const mapPath = "/hoi-dap/ban-do"

// The states by which the map can be narrowed; "" shows both.
const (
	onlyAnswered = "da-tra-loi"
	onlyOpen     = "dang-giai-quyet"
)

const (
	mapRows   = 30          // places listed at once
	mapFresh  = time.Minute // for so long counts are kept
	mapKept   = 300         // filters whose counts are kept
	nearCount = 4           // open cases nearby that are offered
)

// mapView is the map of public questions by commune.
type mapView struct {
	answeredView
	State          string
	Map            ui.MapProps
	Rows           []mapRow
	Answered, Open int
	Places         int
	All            string // the address that lists every place; "" when all are listed
}

// mapRow is what one commune, or the province itself, has.
type mapRow struct {
	ID, Name, Code string
	Answered, Open int
	AnsweredHref   string
	OpenHref       string
}

// tallies keeps the counts of the map for a minute: everybody looks at the same few.
type tallies struct {
	mu   sync.Mutex
	kept map[string]tally
}

type tally struct {
	answered, open map[string]int
	until          time.Time
}

// counts gives the answered and open cases by unit, at most a minute old.
func (p *Pages) counts(ctx context.Context, v mapView) (tally, error) {
	key := v.Category + " " + strconv.Itoa(v.Year) + " " + v.State
	now := p.s.Clock.Now()
	p.tallies.mu.Lock()
	defer p.tallies.mu.Unlock()
	if t, ok := p.tallies.kept[key]; ok && now.Before(t.until) && t.until.Sub(now) <= mapFresh {
		return t, nil
	}
	t := tally{until: now.Add(mapFresh)}
	var err error
	if v.State != onlyOpen {
		if t.answered, err = p.public.Counts(ctx, v.closedOnes()); err != nil {
			return t, err
		}
	}
	if v.State != onlyAnswered {
		if t.open, err = p.rooms.Similar.OpenCounts(ctx, v.openOnes()); err != nil {
			return t, err
		}
	}
	if p.tallies.kept == nil || len(p.tallies.kept) > mapKept {
		p.tallies.kept = map[string]tally{}
	}
	p.tallies.kept[key] = t
	return t, nil
}

func (p *Pages) caseMap(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := mapView{}
	if err := p.narrowing(ctx, url.Values{"linh_vuc": q["linh_vuc"], "nam": q["nam"]}, &v.answeredView); err != nil {
		return err
	}
	if s := q.Get("tinh_trang"); s == onlyAnswered || s == onlyOpen {
		v.State = s
	}
	t, err := p.counts(ctx, v)
	if err != nil {
		return err
	}
	p.fillMap(ctx, &v, t)
	if v.Places > mapRows && q.Get("tat_ca") == "" {
		v.Rows, v.All = v.Rows[:mapRows], pageURL(mapPath, plus(q, "tat_ca", "1"), 1)
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	return web.Render(w, r, http.StatusOK, mapPage(v))
}

// fillMap gathers the counts of units under their communes and paints these.
func (p *Pages) fillMap(ctx context.Context, v *mapView, t tally) {
	rows := map[string]*mapRow{}
	at := func(unitID string) *mapRow {
		id, name, code := unitID, p.s.Unit(unitID).FullName, ""
		if p.rooms.Place != nil {
			id, name, code = p.rooms.Place(unitID)
		}
		if rows[id] == nil {
			q := url.Values{"don_vi": {id}}
			v.keep(q)
			rows[id] = &mapRow{ID: id, Name: name, Code: code, AnsweredHref: withQuery("/hoi-dap", q), OpenHref: withQuery("/dang-giai-quyet", q)}
		}
		return rows[id]
	}
	for u, n := range t.answered {
		at(u).Answered += n
		v.Answered += n
	}
	for u, n := range t.open {
		at(u).Open += n
		v.Open += n
	}
	byCode := map[string]*mapRow{}
	for _, row := range rows {
		v.Rows = append(v.Rows, *row)
		byCode[row.Code] = row
	}
	v.Places = len(v.Rows)
	slices.SortFunc(v.Rows, func(a, b mapRow) int {
		return cmp.Or(cmp.Compare(b.Answered+b.Open, a.Answered+a.Open), cmp.Compare(a.Name, b.Name))
	})
	if len(p.rooms.Shapes) == 0 || v.Places == 0 {
		return
	}
	v.Map = ui.MapProps{Title: i18n.T(ctx, "feedback.map.title"), ViewBox: p.rooms.ViewBox, Legend: v.legend(ctx)}
	for _, s := range p.rooms.Shapes {
		if s.Tone = "mute"; byCode[s.Code] != nil {
			row := byCode[s.Code]
			s.Tone, s.Href, s.Value = row.paint(ctx)
		}
		v.Map.Shapes = append(v.Map.Shapes, s)
	}
}

func (v mapView) legend(ctx context.Context) (out []ui.LegendItem) {
	for _, l := range []struct{ tone, key string }{{"wait", "feedback.map.tone_open"}, {"ok", "feedback.map.tone_done"}, {"mute", "feedback.map.tone_none"}} {
		if l.tone == "wait" && v.State == onlyAnswered || l.tone == "ok" && v.State == onlyOpen {
			continue
		}
		out = append(out, ui.LegendItem{Tone: l.tone, Text: i18n.T(ctx, l.key)})
	}
	return out
}

func (m mapRow) paint(ctx context.Context) (tone, href, value string) {
	tone, href = "ok", m.AnsweredHref
	if m.Open > 0 {
		tone = "wait"
	}
	if m.Answered == 0 {
		href = m.OpenHref
	}
	return tone, href, i18n.T(ctx, "feedback.map.value", "Answered", ui.Number(ctx, m.Answered), "Open", ui.Number(ctx, m.Open))
}

// keep puts the matter and year that were chosen into an address.
func (v answeredView) keep(q url.Values) {
	if v.Category != "" {
		q.Set("linh_vuc", v.Category)
	}
	if v.Year != 0 {
		q.Set("nam", strconv.Itoa(v.Year))
	}
}

// mapHref is the map of the same matter and year.
func (v answeredView) mapHref() string {
	q := url.Values{}
	v.keep(q)
	return withQuery(mapPath, q)
}

func (v mapView) states(ctx context.Context) []ui.Option {
	return []ui.Option{{Value: "", Text: i18n.T(ctx, "feedback.map.both"), Selected: v.State == ""},
		{Value: onlyAnswered, Text: i18n.T(ctx, "feedback.map.answered"), Selected: v.State == onlyAnswered},
		{Value: onlyOpen, Text: i18n.T(ctx, "feedback.map.open"), Selected: v.State == onlyOpen}}
}

// plus is the query with one value more.
func plus(q url.Values, key, value string) url.Values {
	c := url.Values{}
	for k, x := range q {
		c[k] = x
	}
	c.Set(key, value)
	return c
}

// nearby puts the open cases around the point that the person gave behind those that say the same.
func (p *Pages) nearby(ctx context.Context, in feedback.Intake, same []offerRow) ([]offerRow, error) {
	if p.rooms.Similar == nil || !in.Place.HasPoint() {
		return same, nil
	}
	list, err := p.rooms.Similar.Nearby(ctx, similar.Near{UnitID: in.UnitID, Lat: in.Place.Lat, Lon: in.Place.Lon}, nearCount+len(same))
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(o similar.Offer) bool {
		return slices.ContainsFunc(same, func(x offerRow) bool { return x.CaseID == o.CaseID })
	})
	rows, err := p.offers(ctx, list[:min(len(list), nearCount)])
	return append(same, rows...), err
}
