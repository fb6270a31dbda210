package ui

import (
	"net/http"
	"net/url"
)

// largeCookie remembers, in the reader's browser alone, that citizen pages shall be drawn in large type.
const largeCookie = "co_chu"

// largeParam of an address switches: "lon" is large, anything else the usual size.
const largeParam = "co-chu"

// Large tells whether the reader chose large type.
func Large(r *http.Request) bool {
	c, err := r.Cookie(largeCookie)
	return err == nil && c.Value == "lon"
}

// SwitchesType tells whether the request asks for another size of type; such a page is never taken from a cache.
func SwitchesType(r *http.Request) bool { return r.URL.RawQuery != "" && r.URL.Query().Has(largeParam) }

// SwitchType remembers the size that the request asks for and leads back to the page without the wish in its address; false
// when it asks for none. It needs no script.
func SwitchType(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet || !SwitchesType(r) {
		return false
	}
	q := r.URL.Query()
	c := &http.Cookie{Name: largeCookie, Value: "lon", Path: "/", MaxAge: 365 * 86400, SameSite: http.SameSiteLaxMode, HttpOnly: true}
	if q.Get(largeParam) != "lon" {
		c.Value, c.MaxAge = "", -1
	}
	http.SetCookie(w, c)
	q.Del(largeParam)
	to := url.URL{Path: "/" + trimSlashes(r.URL.Path), RawQuery: q.Encode()} // never "//elsewhere.example"
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
	return true
}

func trimSlashes(path string) string {
	for len(path) > 0 && (path[0] == '/' || path[0] == '\\') {
		path = path[1:]
	}
	return path
}

// LargeHref is the address that switches the page at path between the sizes.
func LargeHref(path string, large bool) string {
	if large {
		return path + "?" + largeParam + "=thuong"
	}
	return path + "?" + largeParam + "=lon"
}
