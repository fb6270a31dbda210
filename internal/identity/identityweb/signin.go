package identityweb

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// signInPage is the first page of a sign-in.
type signInPage struct {
	Email, Back string
	Err         error
	Passkeys    bool
	OIDC        string // name of the province's sign-in; "" for none
	Rehearsal   bool
}

func (p *Pages) signInData(r *http.Request) signInPage {
	return signInPage{Back: local(r.FormValue("ve")), Passkeys: p.svc.PasskeysUsable(), OIDC: p.svc.OIDCName(), Rehearsal: p.svc.Config().RehearsalSignIn}
}

func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	d := p.signInData(r)
	if identity.ActorFrom(r.Context()).SignedIn() {
		return web.SeeOther(w, r, d.Back)
	}
	return web.Render(w, r, http.StatusOK, signInView(d))
}

func (p *Pages) signInPost(w http.ResponseWriter, r *http.Request) error {
	d := p.signInData(r)
	d.Email = r.FormValue("email")
	in, err := p.svc.SignIn(r.Context(), d.Email, r.FormValue("password"), client(r))
	if err != nil {
		if !refusedForm(err) && !hasKey(err, "identity.sign_in.no_second_factor") {
			return err
		}
		d.Err = err
		return web.Render(w, r, status(err), signInView(d))
	}
	if in.Step != "" {
		p.setCookie(w, cookieStep, in.Step, identity.ProofLife)
		return web.SeeOther(w, r, "/dang-nhap/ma?ve="+url.QueryEscape(d.Back))
	}
	p.enter(w, in)
	return web.SeeOther(w, r, d.Back)
}

// codePage asks for the code of the second factor.
type codePage struct {
	Back string
	Err  error
}

func (p *Pages) code(w http.ResponseWriter, r *http.Request) error {
	back := local(r.FormValue("ve"))
	if p.cookie(r, cookieStep) == "" {
		return web.SeeOther(w, r, "/dang-nhap?ve="+url.QueryEscape(back))
	}
	return web.Render(w, r, http.StatusOK, codeView(codePage{Back: back}))
}

func (p *Pages) codePost(w http.ResponseWriter, r *http.Request) error {
	d := codePage{Back: local(r.FormValue("ve"))}
	in, err := p.svc.SignInCode(r.Context(), p.cookie(r, cookieStep), r.FormValue("code"), client(r))
	if hasKey(err, "identity.step_expired") {
		s := p.signInData(r)
		s.Err = err
		return web.Render(w, r, status(err), signInView(s))
	}
	if err != nil {
		if !refusedForm(err) {
			return err
		}
		d.Err = err
		return web.Render(w, r, status(err), codeView(d))
	}
	p.enter(w, in)
	return web.SeeOther(w, r, d.Back)
}

// sendCeremony answers the first half of a passkey ceremony as the browser wants it.
func (p *Pages) sendCeremony(w http.ResponseWriter, c identity.Ceremony, err error) error {
	if err != nil {
		return err
	}
	p.setCookie(w, cookieStep, c.Step, identity.ProofLife)
	return sendJSON(w, c.Options)
}

func sendJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(v)
}

// next tells the page where to go after a ceremony.
type next struct {
	Next string `json:"next"`
}

// answerOf reads what the browser made: the authenticator's answer with the fields of the form around it.
func answerOf(w http.ResponseWriter, r *http.Request) (answer []byte, form map[string]string, err error) {
	if answer, err = io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10)); err != nil {
		return nil, nil, err
	}
	var around struct {
		Form map[string]string `json:"form"`
	}
	if err := json.Unmarshal(answer, &around); err != nil {
		return nil, nil, fault.New(fault.Invalid, "identity.passkey.refused").Because(err)
	}
	return answer, around.Form, nil
}

func (p *Pages) passkeyBegin(w http.ResponseWriter, r *http.Request) error {
	c, err := p.svc.BeginPasskeySignIn(r.Context())
	return p.sendCeremony(w, c, err)
}

func (p *Pages) passkeyFinish(w http.ResponseWriter, r *http.Request) error {
	answer, form, err := answerOf(w, r)
	if err != nil {
		return err
	}
	in, err := p.svc.FinishPasskeySignIn(r.Context(), p.cookie(r, cookieStep), answer, client(r))
	if err != nil {
		return err
	}
	p.enter(w, in)
	return sendJSON(w, next{local(form["ve"])})
}

func (p *Pages) oidcBegin(w http.ResponseWriter, r *http.Request) error {
	to, step, err := p.svc.BeginOIDC(r.Context(), local(r.FormValue("ve")))
	if err != nil {
		return p.signInRefused(w, r, err)
	}
	p.setCookie(w, cookieStep, step, identity.ProofLife)
	return web.SeeOther(w, r, to)
}

func (p *Pages) oidcBack(w http.ResponseWriter, r *http.Request) error {
	in, back, err := p.svc.FinishOIDC(r.Context(), p.cookie(r, cookieStep), r.URL.Query(), client(r))
	if err != nil {
		return p.signInRefused(w, r, err)
	}
	p.enter(w, in)
	return web.SeeOther(w, r, local(back))
}

// signInRefused shows the sign-in page with the reason; our own mistakes go to the error page.
func (p *Pages) signInRefused(w http.ResponseWriter, r *http.Request, err error) error {
	if fault.Is(err, fault.Internal) || fault.Is(err, fault.NotFound) {
		return err
	}
	d := p.signInData(r)
	d.Err = err
	return web.Render(w, r, status(err), signInView(d))
}

// rehearsalPage lists the invented people one can be.
type rehearsalPage struct {
	Text, Back string
	People     []rehearsalRow
	Cut        bool // there are more than are shown
}

type rehearsalRow struct {
	ID, Name string
	Roles    []roleIn
}

// roleIn is a role with the name of its unit.
type roleIn struct {
	Role identity.Role
	Unit string
}

const rehearsalShown = 60

func (p *Pages) rehearsal(w http.ResponseWriter, r *http.Request) error {
	d := rehearsalPage{Text: r.FormValue("q"), Back: local(r.FormValue("ve"))}
	list, err := p.svc.RehearsalPeople(r.Context(), d.Text, rehearsalShown+1)
	if err != nil {
		return err
	}
	if d.Cut = len(list) > rehearsalShown; d.Cut {
		list = list[:rehearsalShown]
	}
	for _, one := range list {
		row := rehearsalRow{ID: one.OfficialID, Name: one.Name}
		for _, g := range one.Grants {
			row.Roles = append(row.Roles, roleIn{g.Role, p.unitName(g.UnitID)})
		}
		d.People = append(d.People, row)
	}
	return web.Render(w, r, http.StatusOK, rehearsalView(d))
}

func (p *Pages) rehearsalPost(w http.ResponseWriter, r *http.Request) error {
	in, err := p.svc.RehearsalSignIn(r.Context(), r.FormValue("id"), client(r))
	if err != nil {
		return err
	}
	p.enter(w, in)
	return web.SeeOther(w, r, local(r.FormValue("ve")))
}

func (p *Pages) signOut(w http.ResponseWriter, r *http.Request) error {
	if !identity.ActorFrom(r.Context()).SignedIn() {
		return web.SeeOther(w, r, "/dang-nhap")
	}
	return web.Render(w, r, http.StatusOK, signOutView())
}

func (p *Pages) signOutPost(w http.ResponseWriter, r *http.Request) error {
	if t := p.cookie(r, cookieSession); t != "" {
		if err := p.svc.SignOut(r.Context(), t); err != nil {
			return err
		}
	}
	p.dropCookie(w, cookieSession)
	return web.SeeOther(w, r, "/dang-nhap?ok=identity.signed_out")
}

// invitationPage is the page behind the link of an invitation.
type invitationPage struct {
	identity.Invitation
	Secret   string
	Unit     string
	InRoles  []roleIn
	Passkeys bool
	Err      error
}

func (p *Pages) invitationData(r *http.Request) (invitationPage, error) {
	secret := r.PathValue("secret")
	inv, err := p.svc.OpenInvitation(r.Context(), secret)
	if err != nil {
		return invitationPage{}, err
	}
	d := invitationPage{Invitation: inv, Secret: secret, Unit: p.unitName(inv.UnitID), Passkeys: p.svc.PasskeysUsable()}
	for _, m := range inv.Roles {
		d.InRoles = append(d.InRoles, roleIn{m.Role, p.unitName(m.UnitID)})
	}
	return d, nil
}

func (p *Pages) invitation(w http.ResponseWriter, r *http.Request) error {
	d, err := p.invitationData(r)
	if err != nil {
		return err
	}
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is a secret
	return web.Render(w, r, http.StatusOK, invitationView(d))
}

func (p *Pages) invitationPost(w http.ResponseWriter, r *http.Request) error {
	d, err := p.invitationData(r)
	if err != nil {
		return err
	}
	in, err := p.svc.Accept(r.Context(), d.Secret, identity.Acceptance{
		Password: r.FormValue("password"), Repeat: r.FormValue("repeat"), Code: r.FormValue("code"),
	}, client(r))
	if err != nil {
		if !refusedForm(err) {
			return err
		}
		d.Err = err
		return web.Render(w, r, status(err), invitationView(d))
	}
	p.enter(w, in)
	return web.Render(w, r, http.StatusOK, codesView(codesPage{Codes: in.Codes, Next: Home, First: true}))
}

func (p *Pages) invitationPasskeyBegin(w http.ResponseWriter, r *http.Request) error {
	c, err := p.svc.BeginAcceptPasskey(r.Context(), r.PathValue("secret"))
	return p.sendCeremony(w, c, err)
}

func (p *Pages) invitationPasskeyFinish(w http.ResponseWriter, r *http.Request) error {
	answer, form, err := answerOf(w, r)
	if err != nil {
		return err
	}
	in, err := p.svc.FinishAcceptPasskey(r.Context(), r.PathValue("secret"), p.cookie(r, cookieStep), form["name"], answer, client(r))
	if err != nil {
		return err
	}
	p.enter(w, in)
	return sendJSON(w, next{Home})
}
