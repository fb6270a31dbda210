package identityweb

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Middleware puts the official behind the session cookie, with the roles valid today, into the context of each request.
// Without a good cookie the request is a citizen's.
func (p *Pages) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie(p.cookieName(cookieSession))
		if err != nil || c.Value == "" || strings.HasPrefix(r.URL.Path, "/static/") {
			next.ServeHTTP(w, r)
			return
		}
		v, err := p.svc.Resolve(r.Context(), c.Value)
		if err != nil {
			if fault.Is(err, fault.Unauthenticated) {
				p.dropCookie(w, cookieSession)
			} else {
				slog.WarnContext(r.Context(), "identity: session not read; the request goes on as a citizen's", "err", err)
			}
			next.ServeHTTP(w, r)
			return
		}
		ctx := identity.WithSession(identity.WithActor(r.Context(), v.Actor), v.Session)
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Guard decides at the door of each route: anybody, signed-in officials, or officials who may do the route's action in at
// least one unit. The use case behind the door still judges the single thing.
func Guard(z *identity.Authorizer) func(r *http.Request, a web.Access) error {
	return func(r *http.Request, a web.Access) error {
		actor := identity.ActorFrom(r.Context())
		switch {
		case a.Door == web.DoorPublic:
			return nil
		case !actor.SignedIn():
			return fault.New(fault.Unauthenticated, "identity.sign_in_first")
		case a.Door == web.DoorSignedIn, a.Door == web.DoorAction && z.CanSomewhere(actor, a.Action):
			return nil
		}
		return fault.New(fault.Forbidden, "identity.not_allowed")
	}
}

// The cookies. Over https their names carry __Host-, which browsers tie to this very host.
const (
	cookieSession = "nhipcau"
	cookieStep    = "nhipcau-step"
)

func (p *Pages) cookieName(name string) string {
	if p.svc.Secure() {
		return "__Host-" + name
	}
	return name
}

func (p *Pages) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: p.cookieName(name), Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, Secure: p.svc.Secure(),
		SameSite: http.SameSiteLaxMode,
	})
}

func (p *Pages) dropCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{
		Name: p.cookieName(name), Path: "/", MaxAge: -1, HttpOnly: true, Secure: p.svc.Secure(), SameSite: http.SameSiteLaxMode,
	})
}

func (p *Pages) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(p.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// client says what is known of the browser.
func client(r *http.Request) identity.Client {
	return identity.Client{Device: device(r.UserAgent()), IP: web.ClientIP(r)}
}

// device names browser and system in words a person recognises; order matters, since browsers claim to be each other.
func device(ua string) string {
	pick := func(list ...[2]string) string {
		for _, e := range list {
			if strings.Contains(ua, e[0]) {
				return e[1]
			}
		}
		return ""
	}
	browser := pick([2]string{"Zalo", "Zalo"}, [2]string{"Edg", "Edge"}, [2]string{"OPR/", "Opera"}, [2]string{"coc_coc", "Cốc Cốc"}, [2]string{"SamsungBrowser", "Samsung Internet"},
		[2]string{"Firefox", "Firefox"}, [2]string{"Chrome", "Chrome"}, [2]string{"Safari", "Safari"})
	system := pick([2]string{"Android", "Android"}, [2]string{"iPhone", "iPhone"}, [2]string{"iPad", "iPad"}, [2]string{"Windows", "Windows"},
		[2]string{"Mac OS X", "macOS"}, [2]string{"CrOS", "ChromeOS"}, [2]string{"Linux", "Linux"})
	switch {
	case browser != "" && system != "":
		return browser + ", " + system
	case browser+system != "":
		return browser + system
	}
	return "?"
}

// enter sets the cookies of a finished sign-in.
func (p *Pages) enter(w http.ResponseWriter, in identity.SignedIn) {
	p.dropCookie(w, cookieStep)
	p.setCookie(w, cookieSession, in.Token, identity.SessionLife)
	setLang(w, in.Lang)
}

// setLang sets the cookie that the house's language middleware reads.
func setLang(w http.ResponseWriter, lang string) {
	if lang != "vi" && lang != "en" {
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "lang", Value: lang, Path: "/", MaxAge: 365 * 86400, SameSite: http.SameSiteLaxMode, HttpOnly: true})
}
