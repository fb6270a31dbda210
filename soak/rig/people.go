package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/id"
)

// ErrRefused is returned when the product answered, but not as the act hoped.
var ErrRefused = errors.New("the product refused")

// Person uses the product's pages as a browser without script does.
type Person struct {
	client *http.Client
	base   func() string
}

// NewPerson opens a browser of its own; base gives the address of the product at each request.
func NewPerson(base func() string) (*Person, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &Person{base: base, client: &http.Client{Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// Do sends one request; a nil form is a GET. It gives the status, the Location and the page.
func (p *Person) Do(ctx context.Context, path string, form url.Values, header ...string) (status int, location, page string, err error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, p.base()+path, body)
	if err != nil {
		return 0, "", "", err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, "", "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header.Get("Location"), string(b), err
}

// SignIn enters as an invented official of the rehearsal.
func (p *Person) SignIn(ctx context.Context, officialID string) error {
	status, _, page, err := p.Do(ctx, "/dang-nhap/dien-tap", url.Values{"id": {officialID}})
	if err != nil {
		return err
	}
	if status != http.StatusSeeOther {
		return fmt.Errorf("%w: sign-in answered %d: %s", ErrRefused, status, tail(page, 500))
	}
	return nil
}

// Question is what a citizen sends through the portal.
type Question struct {
	Nonce, UnitID, Text string
	From                string // the address it comes from, as the proxy in front tells
}

// Nonce names a form: sent twice, it is taken in once.
func Nonce() string { return id.NewSecret()[:32] }

// Form is the last page of the portal's form as a browser sends it.
func (q Question) Form() url.Values {
	return url.Values{"step": {"4"}, "go": {"send"}, "nonce": {q.Nonce}, "unit": {q.UnitID}, "kind": {"report"}, "text": {q.Text}}
}

// Ask sends a question and gives the tracking code.
func (p *Person) Ask(ctx context.Context, q Question) (string, error) {
	status, location, page, err := p.Do(ctx, "/hoi", q.Form(), "X-Forwarded-For", q.From)
	if err != nil {
		return "", err
	}
	rest, ok := strings.CutPrefix(location, "/vu-viec/")
	if status != http.StatusSeeOther || !ok {
		return "", fmt.Errorf("%w: the question was answered %d: %s", ErrRefused, status, tail(page, 500))
	}
	code, _, _ := strings.Cut(rest, "?")
	return code, nil
}

var revField = regexp.MustCompile(`name="rev" value="(\d+)"`)

// Write stores a post and sends it to review; targets are such as "subtree:ID" and "unit:ID". It gives the post's id.
func (p *Person) Write(ctx context.Context, unitID, title string, kinds, targets []string) (string, error) {
	form := url.Values{"unit": {unitID}, "title": {title}, "lead": {"Bà con xem lịch của xóm, khối, bản mình tại trang của xã, phường."},
		"body": {"<p>Ngày hội gồm hai phần: phần lễ và phần hội. " + title + "</p>"}, "category": {"activity"}, "targets": targets, "kinds": kinds,
		"kinds_asked": {"1"}, "act": {"submit"}}
	status, location, page, err := p.Do(ctx, "/lam-viec/tin-bai/moi", form)
	if err != nil {
		return "", err
	}
	rest, ok := strings.CutPrefix(location, "/lam-viec/tin-bai/")
	if status != http.StatusSeeOther || !ok {
		return "", fmt.Errorf("%w: the post was answered %d: %s", ErrRefused, status, tail(page, 2000))
	}
	postID, _, _ := strings.Cut(rest, "?")
	postID, _, _ = strings.Cut(postID, "/")
	return postID, nil
}

// Approve lets a post out at once. A post that is out already is what was asked for.
func (p *Person) Approve(ctx context.Context, postID string) error {
	path := "/lam-viec/tin-bai/" + postID
	status, _, page, err := p.Do(ctx, path, nil)
	if err != nil {
		return err
	}
	m := revField.FindStringSubmatch(page)
	if status != http.StatusOK || m == nil {
		return fmt.Errorf("%w: the page of the post answered %d without a form", ErrRefused, status)
	}
	status, _, page, err = p.Do(ctx, path+"/duyet", url.Values{"rev": {m[1]}, "mode": {"now"}})
	if err != nil {
		return err
	}
	if status != http.StatusSeeOther {
		return fmt.Errorf("%w: approval answered %d: %s", ErrRefused, status, tail(page, 2000))
	}
	return nil
}
