package portalweb

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
)

func TestMark(t *testing.T) {
	for _, c := range []struct{ text, query, want string }{
		{"Sửa cống ở ngõ 12", "cong ngo", "Sửa [cống] ở [ngõ] 12"},
		{"Hoà Bình, hòa bình", "hòa", "[Hoà] Bình, [hòa] bình"},
		{"Đường Lê Viết Thuật", "duong thu", "[Đường] Lê Viết [Thuật]"},
		{"ngo\u0303 12", "ngõ", "[ngo\u0303] 12"}, // decomposed letters
		{"không có gì", "", "không có gì"},
		{"<b>", "b", "<[b]>"},
		{"", "x", ""},
	} {
		var b strings.Builder
		for _, p := range mark(c.text, c.query) {
			if p.Hit {
				b.WriteString("[" + p.Text + "]")
			} else {
				b.WriteString(p.Text)
			}
		}
		if b.String() != c.want {
			t.Errorf("%q in %q: %q, want %q", c.query, c.text, b.String(), c.want)
		}
	}
}

// The cache never grows over its bound, forgets what was not used for longest, and keeps nothing too large.
func TestCacheBound(t *testing.T) {
	c := newCache(20_000)
	body := make([]byte, 1000)
	for i := range 100 {
		c.put(fmt.Sprint(i), &answer{body: body})
		c.get("0")
	}
	if c.size > c.max || len(c.items) != c.order.Len() {
		t.Errorf("%d bytes in %d answers", c.size, len(c.items))
	}
	if c.get("0") == nil || c.get("99") == nil || c.get("1") != nil {
		t.Error("it forgets the wrong ones")
	}
	c.put("large", &answer{body: make([]byte, answerBytes+1)})
	if c.get("large") != nil {
		t.Error("it keeps an answer that is too large")
	}
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := range 500 {
				k := fmt.Sprint((i + n) % 30)
				if c.get(k) == nil {
					c.put(k, &answer{body: body})
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for k, e := range c.items {
		total += e.Value.(item).a.bytes() + len(k)
	}
	if total != c.size || c.size > c.max {
		t.Errorf("counts %d bytes, holds %d", c.size, total)
	}
}

func TestKey(t *testing.T) {
	at := func(s string) *url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	if key("", "vi", at("/dv/x?trang=2&loai=notice&fbclid=1")) != key("", "vi", at("/dv/x?loai=notice&trang=2&lang=vi")) {
		t.Error("one page has two names")
	}
	names := map[string]bool{}
	for _, k := range []string{key("", "vi", at("/a")), key("", "en", at("/a")), key("u", "vi", at("/a")), key("", "vi", at("/a?trang=2")), key("", "vi", at("/a?loai=2")), key("", "vi", at("/b"))} {
		if names[k] {
			t.Errorf("two pages have the name %s", k)
		}
		names[k] = true
	}
	if key("", "vi", at("/a?tu="+strings.Repeat("x", 300))) != "" || key("", "vi", at("/"+strings.Repeat("x", 500))) != "" {
		t.Error("odd addresses fill the memory")
	}
}

func TestZaloShare(t *testing.T) {
	u, err := url.Parse(zaloShare("https://mattran.example/tin/x"))
	if err != nil || u.Host != "button-share.zalo.me" || u.Query().Get("d") != "eyJ1cmwiOiJodHRwczovL21hdHRyYW4uZXhhbXBsZS90aW4veCJ9" {
		t.Errorf("%v %v", u, err)
	}
}
