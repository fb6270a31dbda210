// Package glimpse fetches pictures that lie at outside platforms: what people sent along with their words, the profile pictures
// of channels. It goes to public addresses by https only, but for the named hosts (the simulators of a rehearsal), follows few
// redirects and takes no more than a picture may weigh, so that an address written by a stranger leads nowhere inside the house.
package glimpse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"golang.org/x/image/draw"

	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

const (
	wait     = 10 * time.Second
	maxBytes = 15 << 20 // more is not fetched
)

// Fetcher fetches pictures; it keeps nothing and may be used by many at once.
type Fetcher struct {
	hosts  []string // "127.0.0.1:9310": may lie in a private network and speak plain http
	client *http.Client
}

// New makes a fetcher. The hosts ("127.0.0.1:9310") may be asked although they lie in a private network and speak plain http.
func New(hosts []string) *Fetcher {
	g := &Fetcher{hosts: hosts}
	d := &net.Dialer{Timeout: 5 * time.Second}
	t := &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 5 * time.Second}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil || slices.Contains(g.hosts, addr) {
			return conn, err
		}
		if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err != nil || !public(at.Addr().Unmap()) {
			return nil, errors.Join(errors.New("glimpse: the address of the picture leads into a private network"), conn.Close())
		}
		return conn, nil
	}
	g.client = &http.Client{Transport: t, Timeout: wait, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > 3 || !g.may(r.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return g
}

// inside are networks that netip does not call private and that may lead into one all the same (RFC 6890): of a carrier, of
// tests and of the future, and those that wrap an IPv4 address.
var inside = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"),
}

func public(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(inside, func(p netip.Prefix) bool { return p.Contains(a) })
}

// may tells whether an address may be asked at all.
func (g *Fetcher) may(u *url.URL) bool {
	return u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && slices.Contains(g.hosts, u.Host))
}

// Bytes gives what lies at an address, as it came; whether it is a picture is for picture.Decode to say.
func (g *Fetcher) Bytes(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || !g.may(u) {
		return nil, errors.New("glimpse: this is no address of a picture")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	res, err := g.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // it was read
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("glimpse: the channel gives no picture: %s", res.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxBytes {
		return nil, errors.New("glimpse: the picture is too large")
	}
	return raw, nil
}

// JPEG gives the picture at an address drawn anew, at most as wide as said, in pixels: nothing but pixels comes through.
func (g *Fetcher) JPEG(ctx context.Context, address string, width int) ([]byte, error) {
	raw, err := g.Bytes(ctx, address)
	if err != nil {
		return nil, err
	}
	img, err := picture.Decode(raw)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = jpeg.Encode(&out, narrow(img, width), &jpeg.Options{Quality: 82})
	return out.Bytes(), err
}

// narrow draws a picture anew, at most as wide as said, on white.
func narrow(src image.Image, width int) image.Image {
	b := src.Bounds()
	width = min(width, b.Dx())
	dst := image.NewRGBA(image.Rect(0, 0, width, max(1, b.Dy()*width/b.Dx())))
	draw.Draw(dst, dst.Bounds(), image.White, image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, b, draw.Over, nil)
	return dst
}
