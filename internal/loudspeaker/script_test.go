package loudspeaker_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/nhipcau/nhipcau/internal/loudspeaker"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

func TestWeigh(t *testing.T) {
	for _, c := range []struct {
		text              string
		plain             bool
		used, parts, room int
	}{
		{"", true, 0, 1, 160},
		{strings.Repeat("a", 160), true, 160, 1, 0},
		{strings.Repeat("a", 161), true, 161, 2, 145},
		{strings.Repeat("[", 80), true, 160, 1, 0},
		{strings.Repeat("a", 307), true, 307, 3, 152},
		{"Mời họp", false, 7, 1, 63},
		{strings.Repeat("ơ", 70), false, 70, 1, 0},
		{strings.Repeat("ơ", 71), false, 71, 2, 63},
		{"họp 😀", false, 6, 1, 64},
	} {
		m := loudspeaker.Weigh(c.text)
		if m.Plain != c.plain || m.Used != c.used || m.Parts != c.parts || m.Room != c.room {
			t.Errorf("%.20q: %+v", c.text, m)
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Ủy ban MTTQ xã Đồng Lộc": "Uy ban MTTQ xa Dong Loc", "“Ngày hội” – 5m²…": `"Ngay hoi" - 5m2...`, "e\u0323\u0302m 😀": "em ", "Nghĩa Đàn": "Nghia Dan",
	} {
		if got := loudspeaker.Fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Mời bà con [họp] lúc 7h30 – “nhà văn hoá” 😀\xff")
	f.Fuzz(func(t *testing.T, s string) {
		out := loudspeaker.Fold(s)
		if m := loudspeaker.Weigh(out); !m.Plain {
			t.Fatalf("%q became %q, which is not plain", s, out)
		}
		if m := loudspeaker.Weigh(s); !m.Plain && m.Used != len(utf16.Encode([]rune(s))) {
			t.Fatalf("%q: %+v", s, m)
		}
		if vntext.Length(loudspeaker.Fold(out)) != vntext.Length(out) {
			t.Fatalf("%q: folding twice changes %q", s, out)
		}
	})
}

func TestVoiceCommand(t *testing.T) {
	v := loudspeaker.NewCommand("")
	if v.Name() != "espeak-ng -v vi -s 110" {
		t.Errorf("name %q", v.Name())
	}
	if err := v.Ready(); err != nil {
		t.Fatalf("make deps installs espeak-ng: %v", err)
	}
	wav, err := v.Speak(t.Context(), "mời bà con xóm Sen về dự họp")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := loudspeaker.Length(wav); err != nil || d.Seconds() < 1 || d.Seconds() > 10 {
		t.Errorf("%v %v", d, err)
	}
	piped, err := loudspeaker.NewCommand("espeak-ng -v vi --stdin --stdout").Speak(t.Context(), "xin chào")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := loudspeaker.Length(piped); err != nil || d.Seconds() < 0.2 || d.Seconds() > 5 {
		t.Errorf("from a pipe: %v %v", d, err)
	}
	if err := loudspeaker.NewCommand("no-such-voice {in} {out}").Ready(); err == nil {
		t.Error("a voice that is not installed says it is ready")
	}
	if _, err := loudspeaker.NewCommand("false {in} {out}").Speak(t.Context(), "x"); err == nil {
		t.Error("a program that fails gives sound")
	}
	for _, bad := range [][]byte{nil, []byte("RIFF"), []byte("RIFF\x00\x00\x00\x00WAVEdata\x00\x00\x00\x00"), []byte("RIFF\x00\x00\x00\x00WAVEfmt \xff\xff\xff\xff")} {
		if _, err := loudspeaker.Length(bad); err == nil {
			t.Errorf("%q passes for sound", bad)
		}
	}
}
