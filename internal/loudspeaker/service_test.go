package loudspeaker_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/loudspeaker"
	lt "github.com/nhipcau/nhipcau/internal/loudspeaker/loudspeakertest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/publish"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

// festival is a post of an ordinary length.
func festival() publish.Draft {
	d := pt.Everywhere("Mời dự Ngày hội Đại đoàn kết ngày 18/11/2026")
	d.Lead = "((tên đơn vị)) mời bà con dự Ngày hội lúc 7h30 tại nhà văn hoá."
	d.Body = "<p>" + strings.Repeat("Bà con mặc trang phục truyền thống, mang theo ghế gấp và nước uống. ", 30) + "</p><p>TP. Vinh có 25 phường tham gia.</p>"
	return d
}

func TestDesk(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		w := lt.New(t, d)
		p := w.Live(t, festival())
		desk, err := w.Loud.Open(ctx, pt.An, p.ID, orgunittest.KimLien)
		if err != nil {
			t.Fatal(err)
		}
		if desk.Unit.ID != orgunittest.KimLien || len(desk.Units) != 4 || desk.Version != 1 {
			t.Errorf("unit %s of %d, version %d", desk.Unit.FullName, len(desk.Units), desk.Version)
		}
		for _, want := range []string{"Ủy ban Mặt trận Tổ quốc Việt Nam xã Kim Liên thông báo.", "Xã Kim Liên mời bà con", "ngày 18/11/2026."} {
			if !strings.Contains(desk.Script, want) {
				t.Errorf("%q is not in the script:\n%s", want, desk.Script)
			}
		}
		if n := loudspeaker.SpokenWords(desk.Script); n < 160 || n > 215 {
			t.Errorf("%d words", n)
		}
		if !strings.HasSuffix(desk.Script, "thông báo của Ủy ban Mặt trận Tổ quốc Việt Nam xã Kim Liên.") {
			t.Errorf("the script ends with %q", desk.Script[max(0, len(desk.Script)-120):])
		}
		plain, accented := loudspeaker.Weigh(desk.Plain), loudspeaker.Weigh(desk.Accented)
		if !plain.Plain || plain.Parts != 1 || plain.Used < 120 || accented.Plain || accented.Parts > 2 {
			t.Errorf("%+v %+v", plain, accented)
		}
		if !strings.HasPrefix(desk.Plain, "MTTQ Xa Kim Lien: Moi du Ngay hoi") || !strings.HasSuffix(desk.Plain, desk.Short) || !strings.HasSuffix(desk.Accented, desk.Short) {
			t.Errorf("%q %q", desk.Plain, desk.Accented)
		}
		again, err := w.Loud.Open(ctx, pt.Binh, p.ID, orgunittest.KimLien)
		if err != nil || again.Short != desk.Short || !strings.HasPrefix(desk.Short, "https://nhipcau.example/t/") {
			t.Errorf("the short address changed from %q to %q: %v", desk.Short, again.Short, err)
		}
		to, err := w.Loud.Follow(ctx, strings.TrimPrefix(desk.Short, "https://nhipcau.example/t/"))
		if err != nil || to != desk.Link || !strings.Contains(to, "kim-lien/tin/moi-du") {
			t.Errorf("the short address leads to %q, not %q: %v", to, desk.Link, err)
		}
		if _, err := w.Loud.Follow(ctx, "khongco"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v", err)
		}
		for who, a := range map[string]identity.Actor{"stranger": pt.Cuc, "citizen": identity.Citizen()} {
			if _, err := w.Loud.Open(ctx, a, p.ID, ""); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s: %v", who, err)
			}
		}
		if _, err := w.Loud.Open(ctx, pt.An, p.ID, "nowhere"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
	}, lt.Migrations...)
}

func TestRecordForReal(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		w := lt.New(t, d)
		p := w.Live(t, festival())
		desk, err := w.Loud.Open(ctx, pt.Hoa, p.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(desk.Script, "0238 000 0000") {
			t.Errorf("the hotline is not read: %s", desk.Script)
		}
		r, err := w.Loud.Record(ctx, pt.Hoa, p.ID, "", desk.Script)
		if err != nil {
			t.Fatal(err)
		}
		if desk, err = w.Loud.Open(ctx, pt.Hoa, p.ID, ""); err != nil || !desk.Busy() {
			t.Errorf("nothing is being made: %v", err)
		}
		if _, _, err := w.Loud.Sound(ctx, pt.Hoa, p.ID, r.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a recording before it is made: %v", err)
		}
		w.Drain(t)
		got, sound, err := w.Loud.Sound(ctx, pt.Hoa, p.ID, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Seconds < loudspeaker.ShortSeconds || got.Seconds > loudspeaker.LongSeconds {
			t.Errorf("%d seconds for %d words", got.Seconds, loudspeaker.SpokenWords(desk.Script))
		}
		if got.State != loudspeaker.StateReady || got.Bytes != int64(len(sound)) || got.Version != 1 || got.UnitID != orgunittest.Province || got.AskedName != pt.Hoa.Name ||
			!strings.HasPrefix(got.Voice, "espeak-ng") || got.DoneAt.IsZero() {
			t.Errorf("receipt %+v", got)
		}
		if _, _, err := w.Loud.Sound(ctx, pt.Cuc, p.ID, r.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger hears it: %v", err)
		}
		if _, _, err := w.Loud.Sound(ctx, pt.An, w.Live(t, pt.Everywhere("Bài khác")).ID, r.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("it is given out under another post: %v", err)
		}
		found := false
		for _, x := range w.Trail.Acts {
			found = found || x.Action == "loudspeaker.record" && x.ResourceID == p.ID
		}
		if !found {
			t.Error("the audit log says nothing")
		}
		p, err = w.Publish.Retract(ctx, pt.Binh, p.ID, p.Rev, "Hoãn vì bão")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Loud.Sound(ctx, pt.Hoa, p.ID, r.ID); !fault.Is(err, fault.Conflict) {
			t.Errorf("a post that was taken down is still given out: %v", err)
		}
	}, lt.Migrations...)
}

func TestWhatCannotBeRecorded(t *testing.T) {
	ctx := context.Background()
	w := lt.New(t, dbtest.SQLite(t, lt.Migrations...))
	draft := w.Write(t, pt.Everywhere("Chưa duyệt"))
	if _, err := w.Loud.Open(ctx, pt.An, draft.ID, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("a draft: %v", err)
	}
	held := w.Approve(t, draft, publish.Approval{Mode: publish.ModeHold})
	desk, err := w.Loud.Open(ctx, pt.An, held.ID, "")
	if err != nil || desk.Link != "" || desk.Short != "" || strings.Contains(desk.Plain, "http") || !strings.Contains(desk.Script, "Xin nhắc lại") {
		t.Errorf("approved and held: %+v %v", desk, err)
	}
	for _, text := range []string{"", " \n\t", strings.Repeat("a", 3001)} {
		if _, err := w.Loud.Record(ctx, pt.An, held.ID, "", text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%.10q: %v", text, err)
		}
	}
	for range 3 {
		if _, err := w.Loud.Record(ctx, pt.An, held.ID, "", "Xin chào"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Loud.Record(ctx, pt.An, held.ID, "", "Xin chào"); !fault.Is(err, fault.Conflict) {
		t.Errorf("the fourth at once: %v", err)
	}
}

// dumb is a voice that fails as told.
type dumb struct{ err, ready error }

func (dumb) Name() string                                    { return "dumb -v" }
func (d dumb) Ready() error                                  { return d.ready }
func (d dumb) Speak(context.Context, string) ([]byte, error) { return nil, d.err }

func TestVoicesThatFail(t *testing.T) {
	ctx := context.Background()
	w := lt.New(t, dbtest.SQLite(t, lt.Migrations...))
	p := w.Live(t, pt.Everywhere("Họp"))
	w.Loud.Voice = dumb{err: errors.New("no sound card")}
	if _, err := w.Loud.Record(ctx, pt.An, p.ID, "", "Xin chào"); err != nil {
		t.Fatal(err)
	}
	w.Drain(t)
	desk, err := w.Loud.Open(ctx, pt.An, p.ID, "")
	if err != nil || len(desk.Recordings) != 1 || desk.Recordings[0].State != loudspeaker.StateFailed || desk.Recordings[0].Reason != "loudspeaker.reason.failed" {
		t.Errorf("%+v %v", desk.Recordings, err)
	}
	w.Loud.Voice = dumb{ready: loudspeaker.ErrNoVoice}
	if desk, err = w.Loud.Open(ctx, pt.An, p.ID, ""); err != nil || desk.NoVoice != "dumb" {
		t.Errorf("%q %v", desk.NoVoice, err)
	}
	if _, err = w.Loud.Record(ctx, pt.An, p.ID, "", "Xin chào"); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
}

func TestPoster(t *testing.T) {
	ctx := context.Background()
	w := lt.New(t, dbtest.SQLite(t, lt.Migrations...))
	p := w.Live(t, festival())
	pdf, _, err := w.Loud.Poster(ctx, pt.An, p.ID, orgunittest.KimLien)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "poster.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", file, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text := strings.Join(strings.Fields(string(out)), " ")
	for _, want := range []string{"Ủy ban Mặt trận Tổ quốc Việt Nam xã Kim Liên", "Mời dự Ngày hội Đại đoàn kết", "Xã Kim Liên mời bà con", "Quét mã để đọc cả bài", "ngày 21 tháng 11 năm 2026"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the poster: %s", want, text)
		}
	}
}
