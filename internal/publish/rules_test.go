package publish

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

func TestPlaces(t *testing.T) {
	v := Values{PlaceUnit: "Phường Vinh Hưng", PlaceHotline: `0238 <1> & "2"`}
	for name, c := range map[string]struct {
		in, text, html string
		known          []Place
		unknown        []string
	}{
		"none":              {in: "Chào bà con (và các cháu)", text: "Chào bà con (và các cháu)"},
		"with marks":        {in: "((Tên đơn vị)) kính mời", text: "Phường Vinh Hưng kính mời", known: []Place{PlaceUnit}},
		"without marks":     {in: "((ten  DON vi))", text: "Phường Vinh Hưng", known: []Place{PlaceUnit}},
		"english":           {in: "((unit name))", text: "Phường Vinh Hưng", known: []Place{PlaceUnit}},
		"hard space":        {in: "((tên&nbsp;đơn vị))", text: "Phường Vinh Hưng", known: []Place{PlaceUnit}},
		"value is escaped":  {in: "((hotline))", text: `0238 <1> & "2"`, html: `0238 &lt;1&gt; &amp; &#34;2&#34;`, known: []Place{PlaceHotline}},
		"no value":          {in: "((chủ tịch))", text: "((chủ tịch))", known: []Place{PlaceChair}},
		"unknown":           {in: "((giám đốc))", text: "((giám đốc))", unknown: []string{"((giám đốc))"}},
		"three brackets":    {in: "(((tên đơn vị)))", text: "(Phường Vinh Hưng)", known: []Place{PlaceUnit}},
		"never closed":      {in: "((tên đơn vị", text: "((tên đơn vị"},
		"arithmetic":        {in: "((1)+(2))", text: "((1)+(2))"},
		"across a mark":     {in: "((tên <b>đơn</b> vị))", text: "((tên <b>đơn</b> vị))"},
		"twice, other text": {in: "a((unit name))b((unit name))c", text: "aPhường Vinh HưngbPhường Vinh Hưngc", known: []Place{PlaceUnit}},
		"empty":             {in: "(( ))", text: "(( ))"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := FillText(c.in, v); got != c.text {
				t.Errorf("text %q, want %q", got, c.text)
			}
			if c.html == "" {
				c.html = c.text
			}
			if got := FillHTML(c.in, v); got != c.html {
				t.Errorf("html %q, want %q", got, c.html)
			}
			known, unknown := UsedPlaces(c.in)
			if d := cmp.Diff(c.known, known); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(c.unknown, unknown); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestEveryPlaceCanBeTyped(t *testing.T) {
	seen := map[Place]bool{}
	for _, p := range placeNames {
		seen[p] = true
	}
	for _, p := range Places {
		if !seen[p] {
			t.Errorf("nobody can type the place %q", p)
		}
	}
	if len(seen) != len(Places) {
		t.Errorf("%d places can be typed, %d are explained", len(seen), len(Places))
	}
}

func FuzzPlaces(f *testing.F) {
	for _, s := range []string{"((tên đơn vị))", "(((((", "((a))))((", "((đường dây nóng)) ((", "((\xff))", "((a&amp;b))"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var b strings.Builder
		for _, x := range tokens(s) {
			b.WriteString(x.text)
		}
		if b.String() != s {
			t.Fatalf("tokens of %q join to %q", s, b.String())
		}
		if got := FillText(s, nil); got != s {
			t.Fatalf("without values %q became %q", s, got)
		}
		filled := FillText(s, Values{PlaceUnit: "X", PlaceShort: "X", PlaceSuperior: "X", PlaceChair: "X", PlaceHotline: "X", PlaceAddress: "X", PlaceEmail: "X", PlaceLink: "X"})
		before, _ := UsedPlaces(s)
		if len(before) > 0 && filled == s {
			t.Fatalf("%q has places but nothing was filled in", s)
		}
	})
}

func TestCleanBody(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain text":     {"Dòng một\nDòng hai\n\nĐoạn 2 < 3 & 4", "<p>Dòng một<br>Dòng hai</p>\n<p>Đoạn 2 &lt; 3 &amp; 4</p>"},
		"script":         {`<p>a<script>alert(1)</script>b</p>`, "<p>ab</p>"},
		"event":          {`<p onclick="x()">a</p>`, "<p>a</p>"},
		"style":          {`<p style="color:red" class="x">a</p>`, "<p>a</p>"},
		"javascript":     {`<p><a href="javascript:alert(1)">a</a></p>`, "<p>a</p>"},
		"relative":       {`<p><a href="/admin">a</a></p>`, "<p>a</p>"},
		"link":           {`<p><a href="https://nghean.gov.vn">a</a></p>`, `<p><a href="https://nghean.gov.vn">a</a></p>`},
		"telephone":      {`<p><a href="tel:+84238">a</a></p>`, `<p><a href="tel:+84238">a</a></p>`},
		"frame":          {`<p>a</p><iframe src="https://x"></iframe>`, "<p>a</p>"},
		"picture":        {`<p>a<img src=x onerror=y></p>`, "<p>a</p>"},
		"own picture":    {`<p><img src="/anh/01a1ff70-c6af-7000-8d09-5d7b979c9a32/800.webp" alt="Họp" onerror="x"></p>`, `<p><img src="/anh/01a1ff70-c6af-7000-8d09-5d7b979c9a32/800.webp" alt="Họp"></p>`},
		"other picture":  {`<p>a<img src="https://x.vn/a.png" alt="x"></p>`, "<p>a</p>"},
		"list":           {`<ul><li>a</li></ul>`, "<ul><li>a</li></ul>"},
		"only marks":     {`<p> </p><p><br></p>`, ""},
		"svg":            {`<p>a<svg><a xlink:href="javascript:x"><text>b</text></a></svg></p>`, "<p>ab</p>"},
		"decomposed":     {"<p>Hòa</p>", "<p>Hòa</p>"},
		"nul":            {"<p>a\x00b</p>", "<p>ab</p>"},
		"heading one":    {"<h1>a</h1><p>b</p>", "a<p>b</p>"},
		"heading alone":  {"<h1>a & b</h1>", "<p>a &amp; b</p>"},
		"table":          {`<table><tr><td colspan="2" onclick="x">a</td></tr></table>`, `<table><tr><td colspan="2">a</td></tr></table>`},
		"plain, a < b p": {"Nếu a<b thì p>q", "<p>Nếu a&lt;b thì p&gt;q</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := CleanBody(c.in); got != c.want {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

func FuzzCleanBody(f *testing.F) {
	for _, s := range []string{"<p>a</p>", "a\n\nb", "<p><a href='https://x'>y</a></p>", "<p><<script>script>alert(1)</script></p>", "<table><p>", "<p>&lt;script&gt;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := CleanBody(s)
		if twice := CleanBody(once); twice != once {
			t.Fatalf("cleaning %q again changed\n%q to\n%q", s, once, twice)
		}
		low := strings.ToLower(once)
		for _, bad := range []string{"<script", "<iframe", "<style", "<svg", "<object", "<form"} {
			if strings.Contains(low, bad) {
				t.Fatalf("%q left %s in %q", s, bad, once)
			}
		}
	})
}

func TestBodyText(t *testing.T) {
	in := `<h2>Mời họp</h2><p>Kính gửi <strong>bà con</strong>,<br>khối A.</p><ul><li>Một</li><li><p>Hai</p></li></ul><p>Xem <a href="https://x.vn">đây</a>.</p>`
	want := "Mời họp\n\nKính gửi bà con,\nkhối A.\n\n– Một\n– Hai\n\nXem đây (https://x.vn)."
	if got := BodyText(in); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestEditorValue(t *testing.T) {
	plain := "Dòng một\nDòng hai\n\nĐoạn 2 < 3"
	if got := EditorValue(CleanBody(plain)); got != plain {
		t.Errorf("plain text came back as %q", got)
	}
	rich := "<p>a <strong>b</strong></p>"
	if got := EditorValue(rich); got != rich {
		t.Errorf("rich text came back as %q", got)
	}
}

func TestDiffRebuildsBothTexts(t *testing.T) {
	word := rapid.SampledFrom([]string{"Mặt", "trận", "xã", " ", "  ", "\n", "họp", "ngày", "21/11", "."})
	rapid.Check(t, func(t *rapid.T) {
		a := strings.Join(rapid.SliceOf(word).Draw(t, "a"), "")
		b := strings.Join(rapid.SliceOf(word).Draw(t, "b"), "")
		var older, newer strings.Builder
		for _, p := range Diff(a, b) {
			if p.Op <= 0 {
				older.WriteString(p.Text)
			}
			if p.Op >= 0 {
				newer.WriteString(p.Text)
			}
		}
		if older.String() != a || newer.String() != b {
			t.Fatalf("%q → %q came out as %q → %q", a, b, older.String(), newer.String())
		}
	})
}

func TestDiffReadsWell(t *testing.T) {
	got := Diff("Họp lúc 7 giờ tại nhà văn hóa", "Họp lúc 8 giờ tại nhà văn hóa xóm")
	want := []Piece{{0, "Họp lúc "}, {-1, "7"}, {+1, "8"}, {0, " giờ tại nhà văn hóa"}, {+1, " xóm"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReady(t *testing.T) {
	full := Version{Words: Words{Title: "T", Lead: "L", Body: "<p>B</p>"}, Category: "notice", Targets: []Target{{Kind: TargetUnit, Ref: "u"}}}
	long := strings.Repeat("ơ", 151)
	for name, c := range map[string]struct {
		change func(*Version)
		live   bool
		want   []string // field:key
	}{
		"complete":          {func(*Version) {}, false, nil},
		"empty":             {func(v *Version) { *v = Version{} }, false, []string{"title:publish.title_missing", "lead:publish.lead_missing", "body:publish.body_missing", "category:publish.category_missing", "targets:publish.targets_missing"}},
		"correction":        {func(*Version) {}, true, []string{"erratum:publish.erratum_missing"}},
		"correction, said":  {func(v *Version) { v.Erratum = "Giờ họp" }, true, nil},
		"alt":               {func(v *Version) { v.Pictures = []PictureRef{{ID: "a", Alt: "x"}, {ID: "b"}} }, false, []string{"pictures:publish.alt_missing"}},
		"zalo title":        {func(v *Version) { v.Title = long }, false, []string{"title:publish.too_long_for_kind"}},
		"zalo not meant":    {func(v *Version) { v.Title = long; v.Kinds = []channel.Kind{channel.Facebook} }, false, nil},
		"zalo has its own":  {func(v *Version) { v.Title = long; v.Editions = []Edition{{channel.Zalo, Words{Title: "ngắn"}}} }, false, nil},
		"zalo's own":        {func(v *Version) { v.Editions = []Edition{{channel.Zalo, Words{Title: long}}} }, false, []string{"title_zalo:publish.too_long_for_kind"}},
		"150 fit":           {func(v *Version) { v.Title = strings.Repeat("ơ", 150) }, false, nil},
		"unknown place":     {func(v *Version) { v.Lead = "((ai đó))" }, false, []string{"body:publish.place_unknown"}},
		"unknown, edition":  {func(v *Version) { v.Editions = []Edition{{channel.Zalo, Words{Lead: "((x y))"}}} }, false, []string{"body_zalo:publish.place_unknown"}},
		"place with a mark": {func(v *Version) { v.Body = "<p>((tên <em>đơn</em> vị))</p>" }, false, []string{"body:publish.place_broken"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := full
			c.change(&v)
			var got []string
			for _, e := range web.Faults(v.checkReady(DefaultLimits, c.live)) {
				got = append(got, e.Field+":"+e.Key)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestSaved(t *testing.T) {
	cats := []Category{{Code: "notice"}}
	for name, c := range map[string]struct {
		d    Draft
		want string
	}{
		"empty":          {Draft{}, ""},
		"title":          {Draft{Words: Words{Title: strings.Repeat("a", 301)}}, "title:publish.too_long"},
		"category":       {Draft{Category: "x"}, "category:publish.category_unknown"},
		"known category": {Draft{Category: "notice"}, ""},
		"media":          {Draft{MediaURL: "http://x.vn/a.mp3"}, "media_url:publish.media_not_https"},
		"media ok":       {Draft{MediaURL: "https://x.vn/a.mp3"}, ""},
		"target":         {Draft{Targets: []Target{{Kind: "all", Ref: "x"}}}, "targets:publish.target_unknown"},
		"level":          {Draft{Targets: []Target{{Kind: TargetLevel, Ref: "x", Level: "village"}}}, "targets:publish.target_unknown"},
		"kind":           {Draft{Kinds: []channel.Kind{"sms"}}, "kinds:publish.edition_unknown"},
		"pictures":       {Draft{Pictures: make([]PictureRef, 21)}, "pictures:publish.pictures_too_many"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			for _, e := range web.Faults(c.d.checkSaved(cats)) {
				got += e.Field + ":" + e.Key
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTypedEntitiesAreText(t *testing.T) {
	if got := BodyText(CleanBody("x &lt; y & z")); got != "x &lt; y & z" {
		t.Errorf("what was typed came back as %q", got)
	}
}
