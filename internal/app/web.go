package app

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	handbookpages "github.com/nhipcau/nhipcau/docs/handbook"
	"github.com/nhipcau/nhipcau/internal/directive/directiveweb"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/assist/assistweb"
	"github.com/nhipcau/nhipcau/internal/fund/disclosure/disclosureweb"
	"github.com/nhipcau/nhipcau/internal/fund/fundweb"
	"github.com/nhipcau/nhipcau/internal/handbook"
	"github.com/nhipcau/nhipcau/internal/housing/housingweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identityweb"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/obs"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/relief/reliefweb"
	"github.com/nhipcau/nhipcau/internal/subscription/subscriptionweb"
	"github.com/nhipcau/nhipcau/internal/video/videoweb"
)

// jobsPath is where the queue's own page is.
const jobsPath = "/quan-tri/viec-nen"

// jobsCSP lets the queue's page, which is a program of its own in the browser, style itself.
const jobsCSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"

// openWeb builds the table of routes and the chain in front of it.
func (h *House) openWeb(ctx context.Context) error {
	var err error
	if h.book, err = handbook.Load(handbookpages.Pages); err != nil {
		return err
	}
	people := identityweb.New(h.people, h.units, h.authz, h.clock)
	today, err := h.dashboardPages()
	if err != nil {
		return err
	}
	films, err := videoweb.New(h.films)
	if err != nil {
		return err
	}
	for _, p := range append(append(h.featurePages(), h.openPages()...), people, today, films, h.book) {
		p.Routes(&h.routes)
	}
	if err := h.ownRoutes(ctx); err != nil {
		return err
	}
	s := &web.Server{
		Guard:     identityweb.Guard(h.authz),
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		OnRoute:   obs.SetRoute,
		Logger:    h.log,
	}
	wrapTraces, stopTraces, err := obs.Tracing(ctx, h.cfg.Trace, Version)
	if err != nil {
		return err
	}
	h.onClose(stopTraces)
	mux := s.Mux(&h.routes)
	mux.Handle("/", s.NotFound())
	// From the outside in: traced, measured, hardened; kept pages; compressed; forms only from our own pages; in which
	// language; who is asking; the frame of the page.
	handler := http.Handler(h.shell(people, mux))
	handler = h.words.Middleware(people.Middleware(handler))
	handler = h.site().Fast(web.Compress(s.SameOrigin(handler, "/webhook/", "/api/", "/open311/")))
	h.handler = wrapTraces(h.metrics.Middleware(h.log, s.Harden(handler, strings.HasPrefix(h.cfg.PublicURL, "https://"))))
	return nil
}

// ownRoutes are what belongs to no feature: health, figures, the public log, pictures, files of the design system, jobs.
func (h *House) ownRoutes(ctx context.Context) error {
	rt := &h.routes
	plain := func(x http.Handler) web.Handler {
		return func(w http.ResponseWriter, r *http.Request) error { x.ServeHTTP(w, r); return nil }
	}
	rt.Public("GET /healthz", plain(http.HandlerFunc(h.metrics.Healthz)))
	rt.Public("GET /readyz", plain(http.HandlerFunc(h.metrics.Readyz)))
	rt.Public("GET /metrics", h.localOnly(h.metrics.Metrics()))
	rt.Public("GET /log/", plain(http.StripPrefix("/log", h.tlog.Handler())))
	rt.Public("GET /anh/{id}/{name}", h.pictures.Serve)
	rt.Public("GET "+coverPath, serveCover)
	rt.Public("GET /static/", plain(ui.Assets()))
	rt.Public("GET /sw.js", plain(ui.ServiceWorker()))
	rt.Public("GET /khong-mang", func(w http.ResponseWriter, r *http.Request) error {
		web.KeepOffline(w)
		return web.Render(w, r, http.StatusOK, ui.NoNetwork())
	})
	if h.cfg.Rehearsal.SignIn || h.cfg.Log.Level == "debug" {
		rt.Public("GET /_ui", ui.StyleGuide) // the live style guide is for those who build
	}
	jobsPage, err := h.queue.UI(ctx, jobsPath, h.log.With("part", "jobs-page"))
	if err != nil {
		return err
	}
	show := func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Security-Policy", jobsCSP)
		jobsPage.ServeHTTP(w, r)
		return nil
	}
	for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		rt.Can(m+" "+jobsPath+"/", "app.jobs", show)
	}
	return nil
}

// localOnly keeps figures from strangers: they are for the collector on this machine or in the same private network.
func (h *House) localOnly(next http.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !privateAddress(web.ClientIP(r)) {
			return fault.New(fault.NotFound, "web.not_found")
		}
		next.ServeHTTP(w, r)
		return nil
	}
}

// navEntry is one entry of the officials' navigation: shown to those who may do the action somewhere. An entry without
// address is the heading of those after it, shown when one of them is.
type navEntry struct{ key, href, icon, action string }

func navigation() []navEntry {
	return []navEntry{
		{"nav.today", "/lam-viec", "today", "dashboard.today"},
		{"nav.overview", "/lam-viec/toan-canh", "map", "dashboard.overview"},
		{"nav.directives", directiveweb.Base, "post", "directive.read"},
		{key: "nav.group_people"},
		{"nav.assist", assistweb.Base, "people", "feedback.assist"},
		{"nav.inbox", "/lam-viec/hop-thu", "inbox", "inbox.read"},
		{"nav.correction", "/lam-viec/dinh-chinh", "read", "correction.read"},
		{"nav.cases", "/lam-viec/vu-viec", "case", "feedback.read"},
		{"nav.deadlines", "/lam-viec/dung-han", "clock", "deadline.watch"},
		{"nav.voter", "/lam-viec/cu-tri", "people", "voter.read"},
		{"nav.topics", "/lam-viec/tinh-hinh", "read", "topics.read"},
		{key: "nav.group_posts"},
		{"nav.posts", "/lam-viec/tin-bai", "post", "publish.read"},
		{"nav.calendar", "/lam-viec/lich-dang", "clock", "publish.read"},
		{"nav.locals", "/lam-viec/ban-dia-phuong", "post", "publish.read"},
		{"nav.channels", "/lam-viec/kenh", "channel", "channel.see"},
		{"nav.fleet", "/lam-viec/doi-kenh", "channel", "fleet.see"},
		{"nav.statistics", "/lam-viec/thong-ke", "map", "statistics.read"},
		{"nav.readers", subscriptionweb.OfficePath, "people", "subscription.see"},
		{"nav.site", "/lam-viec/trang-don-vi", "read", "portal.edit"},
		{key: "nav.group_help"},
		{"nav.fund", fundweb.Base, "read", "fund.read"},
		{"nav.cash", "/lam-viec/phieu-thu", "read", "cash.read"},
		{"nav.spending", "/lam-viec/phan-bo", "read", "spending.read"},
		{"nav.award", "/lam-viec/tri-an", "people", "award.read"},
		{"nav.disclosure", disclosureweb.OfficeBase, "read", "disclosure.see"},
		{"nav.relief", "/lam-viec/cuu-tro", "gift", "relief.see"},
		{"nav.households", "/lam-viec/ho-dan", "people", "household.read"},
		{"nav.housing", "/lam-viec/nha-o", "unit", "housing.read"},
		{key: "nav.group_house"},
		{"nav.people", "/quan-tri/can-bo", "people", "identity.see_people"},
		{"nav.units", "/quan-tri/don-vi", "unit", "orgunit.manage_areas"},
		{"nav.mail", subscriptionweb.SettingsPath, "gear", "subscription.settings"},
		{"nav.routing", "/quan-tri/phan-luong", "case", "routing.edit"},
		{"nav.terms", "/quan-tri/thoi-han", "clock", "deadline.edit"},
		{"nav.audit", "/quan-tri/nhat-ky", "clock", "audit.read"},
		{"nav.policies", "/quan-tri/chinh-sach", "lock", "identity.read_policies"},
		{"nav.jobs", jobsPath + "/", "gear", "app.jobs"},
	}
}

// shell puts the frame of the page around every request.
func (h *House) shell(people *identityweb.Pages, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ui.SwitchType(w, r) {
			return
		}
		w.Header().Add("Vary", "Cookie") // language, size of type, who is signed in
		ctx := r.Context()
		a := identity.ActorFrom(ctx)
		sh := ui.Shell{Large: ui.Large(r), Path: r.URL.Path, Flash: ui.Flash(r), Search: "/tim", SignedIn: a.SignedIn(),
			House: []ui.Crumb{{Text: i18n.T(ctx, "nav.statements"), Href: disclosureweb.Base}, {Text: i18n.T(ctx, "nav.houses_public"), Href: housingweb.PublicPath}, {Text: i18n.T(ctx, "nav.relief_public"), Href: reliefweb.PublicPath}, {Text: i18n.T(ctx, "nav.handbook"), Href: ui.HelpPath}, {Text: i18n.T(ctx, "nav.log"), Href: "/log/checkpoint"}}}
		size := "nav.large_type"
		if sh.Large {
			size = "nav.usual_type"
		}
		sh.House = append(sh.House, ui.Crumb{Text: i18n.T(ctx, size), Href: ui.LargeHref(r.URL.Path, sh.Large)})
		sh.Brand, sh.Footer = h.site().Around(ctx)
		if a.SignedIn() {
			sh.UserName = a.Name
			active := identity.ActiveUnit(ctx)
			if u, err := h.units.Forest().Unit(active, h.units.Today()); err == nil {
				sh.UnitID, sh.UnitName = u.ID, u.FullName
				sh.UnitHref = h.features.portal.Links.Unit(u)
			}
			sh.Units = people.UnitChoices(ctx, r.URL.RequestURI())
			sh.Nav = h.nav(a, r.URL.Path)
		}
		next.ServeHTTP(w, r.WithContext(ui.WithShell(ctx, sh)))
	})
}

func (h *House) nav(a identity.Actor, path string) []ui.NavItem {
	var out []ui.NavItem
	best := -1
	heading := ""
	for _, e := range navigation() {
		if e.href == "" {
			heading = e.key
			continue
		}
		if e.action != "" && !h.authz.CanSomewhere(a, e.action) {
			continue
		}
		out = append(out, ui.NavItem{Heading: heading, Key: e.key, Href: e.href, Icon: e.icon})
		heading = ""
		if strings.HasPrefix(path, e.href) && (best < 0 || len(e.href) > len(out[best].Href)) {
			best = len(out) - 1
		}
	}
	if best >= 0 {
		out[best].Active = true
	}
	return out
}
