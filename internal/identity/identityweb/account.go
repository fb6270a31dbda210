package identityweb

import (
	"net/http"
	"net/url"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// accountPage is everything about one's own account.
type accountPage struct {
	identity.Account
	Here     string // id of the session that looks
	Roles    []accountRole
	Passkeys bool // passkeys can be made at this address
	Name     string
	Lang     string
	Err      error
}

type accountRole struct {
	Role       identity.Role
	Unit       string
	From, Last string // days as text; Last "" for no end
}

func (p *Pages) accountData(r *http.Request) (accountPage, error) {
	a, err := p.svc.Account(r.Context(), identity.ActorFrom(r.Context()))
	if err != nil {
		return accountPage{}, err
	}
	ses, _ := identity.SessionFrom(r.Context())
	d := accountPage{Account: a, Here: ses.ID, Passkeys: p.svc.PasskeysUsable(), Name: a.Official.Name, Lang: a.Official.Lang}
	for _, m := range a.Memberships {
		d.Roles = append(d.Roles, accountRole{m.Role, p.unitName(m.UnitID), m.ValidFrom.Vietnamese(), m.LastDay().Vietnamese()})
	}
	return d, nil
}

func (p *Pages) account(w http.ResponseWriter, r *http.Request) error {
	d, err := p.accountData(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, accountView(d))
}

// accountRefused shows the account page again with what was refused.
func (p *Pages) accountRefused(w http.ResponseWriter, r *http.Request, refused error) error {
	if !refusedForm(refused) {
		return refused
	}
	d, err := p.accountData(r)
	if err != nil {
		return err
	}
	d.Err = refused
	if r.PostForm.Has("name") {
		d.Name = r.PostForm.Get("name")
	}
	return web.Render(w, r, status(refused), accountView(d))
}

func done(w http.ResponseWriter, r *http.Request, to, key string) error {
	return web.SeeOther(w, r, ui.WithFlash(to, key))
}

func (p *Pages) renamePost(w http.ResponseWriter, r *http.Request) error {
	if err := p.svc.Rename(r.Context(), identity.ActorFrom(r.Context()), r.FormValue("name")); err != nil {
		return p.accountRefused(w, r, err)
	}
	return done(w, r, "/tai-khoan", "identity.account.saved")
}

func (p *Pages) langPost(w http.ResponseWriter, r *http.Request) error {
	lang := r.FormValue("lang")
	if err := p.svc.SetLang(r.Context(), identity.ActorFrom(r.Context()), lang); err != nil {
		return p.accountRefused(w, r, err)
	}
	setLang(w, lang)
	return done(w, r, "/tai-khoan", "identity.account.saved")
}

// provePage asks who one is once more.
type provePage struct {
	Back     string
	ByCode   bool // a code of the second factor; otherwise the password
	Passkeys bool
	Err      error
}

func (p *Pages) proveData(r *http.Request) (provePage, error) {
	a, err := p.svc.Account(r.Context(), identity.ActorFrom(r.Context()))
	return provePage{Back: local(r.FormValue("ve")), ByCode: a.HasTOTP, Passkeys: len(a.Passkeys) > 0 && p.svc.PasskeysUsable()}, err
}

func (p *Pages) prove(w http.ResponseWriter, r *http.Request) error {
	d, err := p.proveData(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, proveView(d))
}

func (p *Pages) provePost(w http.ResponseWriter, r *http.Request) error {
	d, err := p.proveData(r)
	if err != nil {
		return err
	}
	ses, _ := identity.SessionFrom(r.Context())
	if err := p.svc.Prove(r.Context(), identity.ActorFrom(r.Context()), ses.ID, r.FormValue("code"), client(r)); err != nil {
		if !refusedForm(err) {
			return err
		}
		d.Err = err
		return web.Render(w, r, status(err), proveView(d))
	}
	return web.SeeOther(w, r, d.Back)
}

func (p *Pages) provePasskey(w http.ResponseWriter, r *http.Request) error {
	answer, form, err := answerOf(w, r)
	if err != nil {
		return err
	}
	ses, _ := identity.SessionFrom(r.Context())
	if err := p.svc.ProvePasskey(r.Context(), identity.ActorFrom(r.Context()), ses.ID, p.cookie(r, cookieStep), answer); err != nil {
		return err
	}
	p.dropCookie(w, cookieStep)
	return sendJSON(w, next{local(form["ve"])})
}

func (p *Pages) password(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, passwordView(nil))
}

func (p *Pages) passwordPost(w http.ResponseWriter, r *http.Request) error {
	ses, _ := identity.SessionFrom(r.Context())
	err := p.svc.ChangePassword(r.Context(), identity.ActorFrom(r.Context()), ses.ID, r.FormValue("password"), r.FormValue("repeat"))
	if err != nil {
		if !refusedForm(err) {
			return err
		}
		return web.Render(w, r, status(err), passwordView(err))
	}
	return done(w, r, "/tai-khoan", "identity.account.password_changed")
}

// totpPage shows a new seed to put into an authenticator app.
type totpPage struct {
	identity.TOTPSetup
	Err error
}

func (p *Pages) totp(w http.ResponseWriter, r *http.Request) error {
	setup, step, err := p.svc.BeginTOTP(r.Context(), identity.ActorFrom(r.Context()))
	if err != nil {
		return err
	}
	p.setCookie(w, cookieStep, step, identity.ProofLife)
	return web.Render(w, r, http.StatusOK, totpView(totpPage{TOTPSetup: setup}))
}

func (p *Pages) totpPost(w http.ResponseWriter, r *http.Request) error {
	a, step := identity.ActorFrom(r.Context()), p.cookie(r, cookieStep)
	codes, err := p.svc.ConfirmTOTP(r.Context(), a, step, r.FormValue("code"))
	if err != nil {
		if !refusedForm(err) {
			return err
		}
		setup, perr := p.svc.PendingTOTP(r.Context(), a, step)
		if perr != nil {
			return perr
		}
		return web.Render(w, r, status(err), totpView(totpPage{TOTPSetup: setup, Err: err}))
	}
	p.dropCookie(w, cookieStep)
	return web.Render(w, r, http.StatusOK, codesView(codesPage{Codes: codes, Next: "/tai-khoan"}))
}

// codesPage shows recovery codes, once.
type codesPage struct {
	Codes []string
	Next  string
	First bool // after accepting an invitation
}

func (p *Pages) recoveryPost(w http.ResponseWriter, r *http.Request) error {
	codes, err := p.svc.NewRecoveryCodes(r.Context(), identity.ActorFrom(r.Context()))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, codesView(codesPage{Codes: codes, Next: "/tai-khoan"}))
}

func (p *Pages) passkey(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, passkeyView())
}

func (p *Pages) newPasskeyBegin(w http.ResponseWriter, r *http.Request) error {
	c, err := p.svc.BeginPasskey(r.Context(), identity.ActorFrom(r.Context()))
	return p.sendCeremony(w, c, err)
}

func (p *Pages) newPasskeyFinish(w http.ResponseWriter, r *http.Request) error {
	answer, form, err := answerOf(w, r)
	if err != nil {
		return err
	}
	if err := p.svc.FinishPasskey(r.Context(), identity.ActorFrom(r.Context()), p.cookie(r, cookieStep), form["name"], answer); err != nil {
		return err
	}
	p.dropCookie(w, cookieStep)
	return sendJSON(w, next{ui.WithFlash("/tai-khoan", "identity.account.passkey_added")})
}

func (p *Pages) passkeyRemove(w http.ResponseWriter, r *http.Request) error {
	if err := p.svc.RemovePasskey(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")); err != nil {
		return p.accountRefused(w, r, err)
	}
	return done(w, r, "/tai-khoan", "identity.account.passkey_removed")
}

func (p *Pages) sessionEnd(w http.ResponseWriter, r *http.Request) error {
	if err := p.svc.RevokeSession(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")); err != nil {
		return err
	}
	return done(w, r, "/tai-khoan", "identity.account.session_ended")
}

func (p *Pages) sessionsEnd(w http.ResponseWriter, r *http.Request) error {
	ses, _ := identity.SessionFrom(r.Context())
	if err := p.svc.RevokeOtherSessions(r.Context(), identity.ActorFrom(r.Context()), ses.ID); err != nil {
		return err
	}
	return done(w, r, "/tai-khoan", "identity.account.session_ended")
}

// switchPage asks before it changes the unit one acts for, when the wish came from another site.
type switchPage struct{ UnitID, Unit, Back string }

// switchUnit follows the unit switcher's links. A link on another site gets a question first.
func (p *Pages) switchUnit(w http.ResponseWriter, r *http.Request) error {
	if from := r.Header.Get("Sec-Fetch-Site"); from == "cross-site" || from == "same-site" {
		id := r.PathValue("unit")
		return web.Render(w, r, http.StatusOK, switchView(switchPage{UnitID: id, Unit: p.unitName(id), Back: local(r.FormValue("ve"))}))
	}
	return p.switchUnitPost(w, r)
}

func (p *Pages) switchUnitPost(w http.ResponseWriter, r *http.Request) error {
	ses, _ := identity.SessionFrom(r.Context())
	if err := p.svc.ChooseUnit(r.Context(), identity.ActorFrom(r.Context()), ses.ID, r.PathValue("unit")); err != nil {
		return err
	}
	return web.SeeOther(w, r, local(r.FormValue("ve")))
}

// handoverPage is what predecessors left.
type handoverPage struct{ List []handoverRow }

type handoverRow struct {
	identity.Handover
	Unit string
}

func (p *Pages) handover(w http.ResponseWriter, r *http.Request) error {
	list, err := p.svc.Handovers(r.Context(), identity.ActorFrom(r.Context()))
	if err != nil {
		return err
	}
	var d handoverPage
	for _, h := range list {
		d.List = append(d.List, handoverRow{h, p.unitName(h.UnitID)})
	}
	return web.Render(w, r, http.StatusOK, handoverView(d))
}

func (p *Pages) handoverPost(w http.ResponseWriter, r *http.Request) error {
	if err := p.svc.TakeOver(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")); err != nil {
		return err
	}
	return done(w, r, "/lam-viec/ban-giao", "identity.handover.taken")
}

func backQuery(back string) string { return "?ve=" + url.QueryEscape(back) }
