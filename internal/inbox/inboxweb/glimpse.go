package inboxweb

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
	glimpseWait  = 10 * time.Second
	glimpseBytes = 15 << 20 // more is not fetched
	glimpseWidth = 1280
)

// glimpse fetches pictures that people sent from the channel's servers, so that the browser of an official speaks to the house
// alone. It goes to public addresses by https only, but for the named hosts (the simulators of a rehearsal), follows few
// redirects, and draws each picture anew: nothing but pixels comes through, and nothing is kept.
type glimpse struct {
	hosts  []string // "127.0.0.1:9310": may lie in a private network and speak plain http
	client *http.Client
}

func newGlimpse(hosts []string) *glimpse {
	g := &glimpse{hosts: hosts}
	d := &net.Dialer{Timeout: 5 * time.Second}
	t := &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 5 * time.Second}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil || slices.Contains(g.hosts, addr) {
			return conn, err
		}
		if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err != nil || !public(at.Addr().Unmap()) {
			return nil, errors.Join(errors.New("inbox: the address of the picture leads into a private network"), conn.Close())
		}
		return conn, nil
	}
	g.client = &http.Client{Transport: t, Timeout: glimpseWait, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > 3 || !g.may(r.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return g
}

func public(a netip.Addr) bool { return a.IsGlobalUnicast() && !a.IsPrivate() }

// may tells whether an address may be asked at all.
func (g *glimpse) may(u *url.URL) bool {
	return u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && slices.Contains(g.hosts, u.Host))
}

// fetch gives the picture at an address as a JPEG.
func (g *glimpse) fetch(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || !g.may(u) {
		return nil, errors.New("inbox: this is no address of a picture")
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
		return nil, fmt.Errorf("inbox: the channel gives no picture: %s", res.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, glimpseBytes+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > glimpseBytes {
		return nil, errors.New("inbox: the picture is too large")
	}
	img, err := picture.Decode(raw)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = jpeg.Encode(&out, narrow(img, glimpseWidth), &jpeg.Options{Quality: 82})
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
