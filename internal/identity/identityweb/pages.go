// Package identityweb is the pages on which officials sign in, look after their account, and on which administrators
// invite people and give them roles. It also tells the rest of the house who stands behind a request.
package identityweb

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the words of these pages and of identity's refusals.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Home is where an official arrives after signing in.
const Home = "/lam-viec"

// Pages serves identity's pages.
type Pages struct {
	svc   *identity.Service
	units *orgunit.Service
	z     *identity.Authorizer
	clock clock.Clock
}

// New makes the pages.
func New(svc *identity.Service, units *orgunit.Service, z *identity.Authorizer, c clock.Clock) *Pages {
	return &Pages{svc: svc, units: units, z: z, clock: c}
}

// Routes adds the pages to the table.
func (p *Pages) Routes(rt *web.Routes) {
	rt.Public("GET /dang-nhap", p.signIn)
	rt.Public("POST /dang-nhap", p.signInPost)
	rt.Public("GET /dang-nhap/ma", p.code)
	rt.Public("POST /dang-nhap/ma", p.codePost)
	rt.Public("POST /dang-nhap/passkey/bat-dau", p.passkeyBegin)
	rt.Public("POST /dang-nhap/passkey/xong", p.passkeyFinish)
	rt.Public("GET /dang-nhap/oidc", p.oidcBegin)
	rt.Public("GET "+identity.OIDCCallbackPath, p.oidcBack)
	rt.Public("GET /dang-nhap/dien-tap", p.rehearsal)
	rt.Public("POST /dang-nhap/dien-tap", p.rehearsalPost)
	rt.Public("GET /dang-xuat", p.signOut)
	rt.Public("POST /dang-xuat", p.signOutPost)
	rt.Public("GET /loi-moi/{secret}", p.invitation)
	rt.Public("POST /loi-moi/{secret}", p.invitationPost)
	rt.Public("POST /loi-moi/{secret}/passkey/bat-dau", p.invitationPasskeyBegin)
	rt.Public("POST /loi-moi/{secret}/passkey/xong", p.invitationPasskeyFinish)

	rt.SignedIn("GET /xac-nhan", p.prove)
	rt.SignedIn("POST /xac-nhan", p.provePost)
	rt.SignedIn("POST /xac-nhan/passkey/xong", p.provePasskey)
	rt.SignedIn("GET /tai-khoan", p.account)
	rt.SignedIn("POST /tai-khoan/ten", p.renamePost)
	rt.SignedIn("POST /tai-khoan/ngon-ngu", p.langPost)
	rt.SignedIn("GET /tai-khoan/mat-khau", p.Fresh(p.password))
	rt.SignedIn("POST /tai-khoan/mat-khau", p.Fresh(p.passwordPost))
	rt.SignedIn("GET /tai-khoan/ma-hai-lop", p.Fresh(p.totp))
	rt.SignedIn("POST /tai-khoan/ma-hai-lop", p.Fresh(p.totpPost))
	rt.SignedIn("POST /tai-khoan/ma-khoi-phuc", p.Fresh(p.recoveryPost))
	rt.SignedIn("GET /tai-khoan/passkey", p.Fresh(p.passkey))
	rt.SignedIn("POST /tai-khoan/passkey/bat-dau", p.newPasskeyBegin)
	rt.SignedIn("POST /tai-khoan/passkey/xong", p.newPasskeyFinish)
	rt.SignedIn("POST /tai-khoan/passkey/{id}/xoa", p.Fresh(p.passkeyRemove))
	rt.SignedIn("POST /tai-khoan/phien/{id}/ket-thuc", p.sessionEnd)
	rt.SignedIn("POST /tai-khoan/phien-khac/ket-thuc", p.sessionsEnd)
	rt.SignedIn("GET /doi-don-vi/{unit}", p.switchUnit)
	rt.SignedIn("POST /doi-don-vi/{unit}", p.switchUnitPost)
	rt.SignedIn("GET /lam-viec/ban-giao", p.handover)
	rt.SignedIn("POST /lam-viec/ban-giao/{id}", p.handoverPost)

	rt.Can("GET /quan-tri/can-bo", "identity.see_people", p.ownPeople)
	rt.Can("GET /quan-tri/can-bo/{unit}", "identity.see_people", p.people)
	rt.Can("GET /quan-tri/can-bo/{unit}/excel", "identity.export_people", p.peopleExcel)
	rt.Can("GET /quan-tri/can-bo/{unit}/moi", "identity.invite", p.invite)
	rt.Can("POST /quan-tri/can-bo/{unit}/moi", "identity.invite", p.invitePost)
	rt.Can("GET /quan-tri/vai-tro/{id}", "identity.see_people", p.role)
	rt.Can("POST /quan-tri/vai-tro/{id}/ket-thuc", "identity.end_role", p.roleEndPost)
	rt.Can("POST /quan-tri/vai-tro/{id}/cap-lai", "identity.reset_access", p.Fresh(p.resetPost))
	rt.Can("POST /quan-tri/vai-tro/{id}/khoa", "identity.reset_access", p.disablePost)
	rt.Can("GET /quan-tri/chinh-sach", "identity.read_policies", p.policies)
}

// local keeps only addresses of this house, so that a link cannot send a person who has just signed in elsewhere.
func local(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return Home
	}
	return to
}

func (p *Pages) today() clock.Date { return clock.DateOf(p.clock.Now()) }

// unitName is the full name of a unit today; its id when it is unknown.
func (p *Pages) unitName(unitID string) string {
	u, err := p.units.Forest().Unit(unitID, p.today())
	if err != nil {
		return unitID
	}
	return u.FullName
}

// unitPath names a unit with the one above it: "Khối Kim Tân, Phường Vinh Hưng".
func (p *Pages) unitPath(unitID string) string {
	name := p.unitName(unitID)
	if up := p.units.Forest().Ancestors(unitID, p.today()); len(up) > 0 {
		return name + ", " + up[0].FullName
	}
	return name
}

// UnitChoices lists the units the signed-in official may act for, for the shell's switcher; nothing when there is one only.
func (p *Pages) UnitChoices(ctx context.Context, back string) []ui.UnitChoice {
	ids := identity.ActorFrom(ctx).Units()
	if len(ids) < 2 {
		return nil
	}
	active := identity.ActiveUnit(ctx)
	out := make([]ui.UnitChoice, 0, len(ids))
	for _, id := range ids {
		c := ui.UnitChoice{Name: p.unitName(id), Href: "/doi-don-vi/" + id + "?ve=" + url.QueryEscape(back), Active: id == active}
		if up := p.units.Forest().Ancestors(id, p.today()); len(up) > 0 {
			c.Hint = up[0].FullName
		}
		out = append(out, c)
	}
	return out
}

// Fresh lets a handler run only within ten minutes of a proof of presence; otherwise the person is asked for one first.
func (p *Pages) Fresh(h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if p.svc.Proved(r.Context()) {
			return h(w, r)
		}
		back := r.URL.RequestURI()
		if r.Method != http.MethodGet {
			back = refererPath(r)
		}
		return web.SeeOther(w, r, "/xac-nhan?ve="+url.QueryEscape(back))
	}
}

// refererPath is the page a form was sent from; the account page when it is unknown.
func refererPath(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Path == "" || (u.Host != "" && u.Host != r.Host) {
		return "/tai-khoan"
	}
	return local(u.RequestURI())
}

// refusedForm tells whether a form must be shown again with what was typed; other faults go to the error page.
func refusedForm(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) || fault.Is(err, fault.TooMany)
}

// status is the HTTP status of a form shown again.
func status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return web.Status(fault.KindOf(err))
}

// hasKey tells whether a fault with the key is inside err.
func hasKey(err error, key string) bool {
	var fe *fault.Error
	return errors.As(err, &fe) && fe.Key == key
}
