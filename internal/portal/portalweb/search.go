package portalweb

import (
	"net/http"
	"strings"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// searchLongest is the longest text that is searched for, in bytes.
const searchLongest = 200

func (s *Pages) search(w http.ResponseWriter, r *http.Request) error {
	host, err := s.hostUnit(r)
	if err != nil {
		return err
	}
	v := visit{Request: r, pages: s, host: host}
	q := strings.Join(strings.Fields(strings.ToValidUTF8(r.URL.Query().Get("q"), "")), " ")
	if len(q) > searchLongest {
		q = strings.ToValidUTF8(q[:searchLongest], "")
	}
	found, err := s.p.Search(r.Context(), r.URL.Query().Get("don_vi"), q, v.page())
	if err != nil {
		return err
	}
	if found.Unit != nil {
		v.unit = *found.Unit
	} else if v.unit, err = s.p.Province(); err != nil {
		return err
	}
	ctx := s.frame(r.Context(), v)
	view := searchView{SearchPage: found, pages: s, meta: s.meta(ctx, v, i18n.T(ctx, "portal.search"))}
	view.meta.noindex = true
	w.Header().Set("Cache-Control", "private, max-age=30")
	return web.Render(w, r.WithContext(ctx), http.StatusOK, searchPage(view))
}
