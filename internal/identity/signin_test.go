package identity_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

func (h *house) editor() person {
	h.t.Helper()
	return h.join(wardHead, "a@example.vn", orgunittest.VinhHung, identity.RoleEditor)
}

func TestSignInWithPasswordAndCode(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		step, err := h.SignIn(t.Context(), " A@example.vn", good, browser)
		h.need(err)
		if step.Token != "" || step.Step == "" {
			t.Fatal("a password alone opened a session")
		}
		_, err = h.SignInCode(t.Context(), step.Step, "", browser)
		h.refused(err, "identity.code.missing")
		code := h.code(p)
		in, err := h.SignInCode(t.Context(), step.Step, code, browser)
		h.need(err)
		_, v := h.visit(in.Token)
		if v.Session.Method != identity.MethodPassword || v.Session.Device != browser.Device {
			t.Fatalf("%+v", v.Session)
		}
		_, err = h.SignInCode(t.Context(), step.Step, code, browser)
		h.refused(err, "identity.step_expired")

		// The same code a second time, in a new sign-in within its thirty seconds.
		step, err = h.SignIn(t.Context(), p.email, good, browser)
		h.need(err)
		_, err = h.SignInCode(t.Context(), step.Step, code, browser)
		h.refused(err, "identity.code.wrong")

		h.clock.Advance(11 * time.Minute)
		_, err = h.SignInCode(t.Context(), step.Step, h.code(p), browser)
		h.refused(err, "identity.step_expired")
	})
}

// A session that ended long ago leaves no row; one that ended of late does.
func TestOldSessionsGo(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		in := func() {
			step, err := h.SignIn(t.Context(), p.email, good, browser)
			h.need(err)
			_, err = h.SignInCode(t.Context(), step.Step, h.code(p), browser)
			h.need(err)
		}
		rows := func() (n int) {
			h.need(h.db.Read().NewRaw("SELECT count(*) FROM identity_session").Scan(t.Context(), &n))
			return n
		}
		h.clock.Advance(time.Hour)
		in()
		before := rows()
		h.clock.Advance(identity.SessionLife + identity.SessionKept - time.Minute)
		in()
		if got := rows(); got < 2 || got > before+1 {
			t.Fatalf("%d sessions while the last one is kept, %d before", got, before)
		}
		h.clock.Advance(2 * time.Minute)
		in()
		if got := rows(); got != 2 {
			t.Errorf("%d sessions are left, want the two of today", got)
		}
	})
}

func TestWrongPasswordAndUnknownPersonLookAlike(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		for _, email := range []string{p.email, "nobody@example.vn"} {
			for range 5 {
				_, err := h.SignIn(t.Context(), email, "sai mật khẩu rồi", browser)
				h.refused(err, "identity.sign_in.wrong")
			}
			_, err := h.SignIn(t.Context(), email, good, browser)
			h.refused(err, "identity.wait")
			if !fault.Is(err, fault.TooMany) {
				t.Fatal(err)
			}
		}
		invited := h.invite(wardHead, "new@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		_ = invited
		_, err := h.SignIn(t.Context(), "new@example.vn", good, browser)
		h.refused(err, "identity.sign_in.wrong")
	})
}

func TestPausesGrowAndEnd(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		for range 5 {
			_, _ = h.SignIn(t.Context(), p.email, "sai mật khẩu rồi", browser)
		}
		for _, pause := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
			h.clock.Advance(pause - time.Second)
			_, err := h.SignIn(t.Context(), p.email, good, browser)
			h.refused(err, "identity.wait")
			h.clock.Advance(2 * time.Second)
			_, err = h.SignIn(t.Context(), p.email, "sai mật khẩu rồi", browser)
			h.refused(err, "identity.sign_in.wrong")
		}
		h.clock.Advance(5 * time.Minute)
		step, err := h.SignIn(t.Context(), p.email, good, browser)
		h.need(err)
		h.clock.Advance(9 * time.Minute)
		_, err = h.SignInCode(t.Context(), step.Step, h.code(p), browser)
		h.need(err)
		_, err = h.SignIn(t.Context(), p.email, "sai mật khẩu rồi", browser)
		h.refused(err, "identity.sign_in.wrong") // forgiven: no waiting any more
	})
}

func TestManyGuessesAtOnceDoNotSlipThrough(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		var tried atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := h.SignIn(t.Context(), p.email, "sai mật khẩu rồi", browser)
				if fault.Is(err, fault.Invalid) {
					tried.Add(1)
				}
			})
		}
		wg.Wait()
		if tried.Load() != 5 {
			t.Fatalf("%d guesses were judged, want 5", tried.Load())
		}
	})
}

func TestOneAddressTryingManyAccounts(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		var refused int
		for i := range 60 {
			_, err := h.SignIn(t.Context(), string(rune('a'+i%26))+string(rune('a'+i/26))+"@example.vn", "sai mật khẩu rồi", browser)
			if fault.Is(err, fault.TooMany) {
				refused++
			}
		}
		if refused != 10 {
			t.Fatalf("%d refused, want 10", refused)
		}
		_, err := h.SignIn(t.Context(), p.email, good, identity.Client{IP: "198.51.100.9"})
		h.need(err) // others are not disturbed
	})
}

func TestRecoveryCodeWorksOnce(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		try := func(code string) (identity.SignedIn, error) {
			step, err := h.SignIn(t.Context(), p.email, good, browser)
			h.need(err)
			return h.SignInCode(t.Context(), step.Step, code, browser)
		}
		in, err := try(" " + p.codes[3][:5] + " " + p.codes[3][6:])
		h.need(err)
		_, err = try(p.codes[3])
		h.refused(err, "identity.code.wrong")
		ctx, v := h.visit(in.Token)
		acc, err := h.Account(ctx, v.Actor)
		h.need(err)
		if acc.RecoveryLeft != identity.RecoveryCodes-1 || !acc.HasPassword || !acc.HasTOTP || len(acc.Memberships) != 1 {
			t.Fatalf("%+v", acc)
		}
		fresh, err := h.NewRecoveryCodes(ctx, v.Actor)
		h.need(err)
		_, err = try(p.codes[4])
		h.refused(err, "identity.code.wrong")
		_, err = try(fresh[0])
		h.need(err)
	})
}

func TestSessionsEnd(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		h.clock.Advance(identity.SessionIdle - time.Minute)
		h.visit(p.token)
		h.clock.Advance(identity.SessionIdle - time.Minute)
		h.visit(p.token) // kept alive by being used
		h.clock.Advance(identity.SessionIdle)
		if _, err := h.Resolve(t.Context(), p.token); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal("idle:", err)
		}
		q := h.join(wardHead, "b@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		for range 24 { // seven days of steady use
			h.clock.Advance(7 * time.Hour)
			_, err := h.Resolve(t.Context(), q.token)
			if h.clock.Now().Sub(orgunittest.Now) < identity.SessionLife && err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.Resolve(t.Context(), q.token); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal("absolute:", err)
		}
		if _, err := h.Resolve(t.Context(), "made up"); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal(err)
		}
	})
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p, other := h.editor(), h.join(wardHead, "b@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		signIn := func() string {
			step, err := h.SignIn(t.Context(), p.email, good, identity.Client{Device: "Firefox, Windows", IP: "198.51.100.1"})
			h.need(err)
			in, err := h.SignInCode(t.Context(), step.Step, h.code(p), identity.Client{Device: "Firefox, Windows", IP: "198.51.100.1"})
			h.need(err)
			return in.Token
		}
		second, third := signIn(), signIn()
		_, v := h.visit(second)
		list, err := h.Sessions(t.Context(), v.Actor)
		h.need(err)
		if len(list) != 3 || list[0].Device != "Firefox, Windows" {
			t.Fatalf("%+v", list)
		}
		_, w := h.visit(other.token)
		h.refused(h.RevokeSession(t.Context(), w.Actor, list[2].ID), "identity.session.gone")
		h.need(h.RevokeSession(t.Context(), v.Actor, list[2].ID))
		if _, err := h.Resolve(t.Context(), p.token); err == nil {
			t.Fatal("revoked session still stands")
		}
		h.need(h.RevokeOtherSessions(t.Context(), v.Actor, v.Session.ID))
		if _, err := h.Resolve(t.Context(), third); err == nil {
			t.Fatal("other session still stands")
		}
		h.visit(second)
		h.need(h.SignOut(t.Context(), second))
		if _, err := h.Resolve(t.Context(), second); err == nil {
			t.Fatal("signed out and still there")
		}
		h.visit(other.token)
	})
}

func TestSensitiveActsAskForProof(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		h.clock.Advance(identity.ProofLife)
		ctx, v := h.visit(p.token)
		const newer = "con trâu đi trước cái cày"
		h.refused(h.ChangePassword(ctx, v.Actor, v.Session.ID, newer, newer), "identity.prove_again")
		_, err := h.NewRecoveryCodes(ctx, v.Actor)
		h.refused(err, "identity.prove_again")
		_, _, err = h.BeginTOTP(ctx, v.Actor)
		h.refused(err, "identity.prove_again")
		_, err = h.BeginPasskey(ctx, v.Actor)
		h.refused(err, "identity.prove_again")
		h.refused(h.Prove(ctx, v.Actor, v.Session.ID, "000000", browser), "identity.code.wrong")
		h.need(h.Prove(ctx, v.Actor, v.Session.ID, h.code(p), browser))
		ctx, v = h.visit(p.token)
		h.refused(h.ChangePassword(ctx, v.Actor, v.Session.ID, newer, "khác"), "identity.password.differs")
		h.need(h.ChangePassword(ctx, v.Actor, v.Session.ID, newer, newer))
		h.visit(p.token)
		_, err = h.SignIn(ctx, p.email, good, browser)
		h.refused(err, "identity.sign_in.wrong")
		_, err = h.SignIn(ctx, p.email, newer, browser)
		h.need(err)
	})
}

func TestChangingTheSecondFactor(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		ctx, v := h.visit(p.token)
		setup, step, err := h.BeginTOTP(ctx, v.Actor)
		h.need(err)
		again, err := h.PendingTOTP(ctx, v.Actor, step)
		h.need(err)
		if again.Seed != setup.Seed {
			t.Fatal("the seed changed between two pages")
		}
		_, err = h.ConfirmTOTP(ctx, v.Actor, step, "000000")
		h.refused(err, "identity.code.wrong_setup")
		next := person{seed: plain(setup.Seed)}
		codes, err := h.ConfirmTOTP(ctx, v.Actor, step, h.code(next))
		h.need(err)
		if len(codes) != identity.RecoveryCodes {
			t.Fatal(len(codes))
		}
		in, err := h.SignIn(ctx, p.email, good, browser)
		h.need(err)
		_, err = h.SignInCode(ctx, in.Step, h.code(p), browser)
		h.refused(err, "identity.code.wrong")
		_, err = h.SignInCode(ctx, in.Step, h.code(next), browser)
		h.need(err)
	})
}

func TestUnitSwitch(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		h.need(h.GiveRole(t.Context(), wardHead, p.id, identity.Term{UnitID: orgunittest.AreaKimTan, Role: identity.RoleSecretary, From: h.today()}))
		ctx, v := h.visit(p.token)
		if identity.ActiveUnit(ctx) != orgunittest.VinhHung {
			t.Fatal(identity.ActiveUnit(ctx))
		}
		if err := h.ChooseUnit(ctx, v.Actor, v.Session.ID, orgunittest.KimLien); !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
		h.need(h.ChooseUnit(ctx, v.Actor, v.Session.ID, orgunittest.AreaKimTan))
		ctx, _ = h.visit(p.token)
		if identity.ActiveUnit(ctx) != orgunittest.AreaKimTan {
			t.Fatal(identity.ActiveUnit(ctx))
		}
		if identity.ActiveUnit(t.Context()) != "" {
			t.Fatal("a citizen acts in no unit")
		}
	})
}

func TestOwnNameAndLanguage(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.editor()
		ctx, v := h.visit(p.token)
		h.refused(h.Rename(ctx, v.Actor, "  "), "identity.name.missing")
		h.need(h.Rename(ctx, v.Actor, " Hồ  Thị Mận B "))
		h.refused(h.SetLang(ctx, v.Actor, "fr"), "identity.lang.unknown")
		h.need(h.SetLang(ctx, v.Actor, "en"))
		if _, v := h.visit(p.token); v.Actor.Name != "Hồ Thị Mận B" || v.Lang != "en" {
			t.Fatalf("%+v", v)
		}
	})
}
