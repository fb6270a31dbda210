package subscriptionweb_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/subscription"
	"github.com/nhipcau/nhipcau/internal/subscription/subscriptionweb"
)

// desk stands in for notices and codes; the code is always 123456.
type desk struct{ codes int }

func (*desk) Notify(_ context.Context, _ db.Tx, n notice.Notice) (string, error) { return n.Key, nil }

func (*desk) Price(context.Context, string, notice.Purpose) (int64, bool, error) {
	return 200, true, nil
}

func (d *desk) SendPhoneCode(context.Context, identity.PhoneSender, string, string) (string, error) {
	d.codes++
	return "the-code", nil
}

func (*desk) ConfirmPhone(_ context.Context, codeID, _, code string) error {
	if codeID != "the-code" || code != "123456" {
		return fault.Field("code", "subscription.no_zalo")
	}
	return nil
}

// A reader's way by telephone: asks wrongly, asks rightly, mistypes the code, proves the number, changes, and ends it; the
// office sees how many there are and what a day may cost.
func TestTheWayOfATelephone(t *testing.T) {
	w := open(t, 0)
	d := &desk{}
	w.s.ByPhone = &subscription.ByPhone{Notices: d, Phones: d, Codes: func() identity.PhoneSender { return nil }, UnitID: func() string { return orgunittest.Province }, Unit: func() string { return "Mặt trận tỉnh" }}
	golden.Body(t, "ask-zalo", []byte(w.do("GET", subscription.Path+"?don_vi="+orgunittest.VinhHung, nil, 200, w.text("subscription.ask_zalo"))), golden.Replace(`data-push="[^"]+"`, `data-push="KEY"`))
	form := url.Values{"kind": {"post"}, "unit": {orgunittest.VinhHung}, "category_post": {"notice"}, "pace": {"now"}, "phone": {"024 3825"}, "go": {"zalo"}}
	w.do("POST", subscription.Path, form, 422, `value="024 3825"`, w.text("subscription.phone_bad"))
	robot := url.Values{"phone": {"0912 000 678"}, "go": {"zalo"}, "website": {"x"}}
	w.do("POST", subscription.Path, robot, 303)
	if d.codes != 0 {
		t.Fatal("a code went out")
	}
	form.Set("phone", "0912 000 678")
	page := w.do("POST", subscription.Path, form, 200, w.text("subscription.code_text"), `name="category_post" value="notice"`)
	golden.Body(t, "code", []byte(page))
	form.Set("id", "the-code")
	form.Set("code", "1")
	w.do("POST", subscription.Path+"/zalo", form, 422, w.text("subscription.no_zalo"), `name="phone" value="0912 000 678"`)
	form.Set("code", "123456")
	w.do("POST", subscription.Path+"/zalo", form, 303)
	token, err := w.s.ConfirmPhone(t.Context(), "the-code", subscription.PhoneWish{Phone: "0912000678", Topics: []subscription.Topic{{Kind: "post", UnitID: orgunittest.KimLien}}, Pace: subscription.Daily, Lang: "vi"}, "123456")
	if err != nil {
		t.Fatal(err)
	}
	mine := w.do("GET", subscription.Path+"/"+token, nil, 200, w.text("subscription.by_zalo"), "Vinh Hưng", "Kim Liên")
	if strings.Contains(mine, `value="now"`) || strings.Contains(mine, "0912") {
		t.Error("the page offers what costs too much, or shows the number")
	}
	w.do("POST", subscription.Path+"/"+token+"/nhip", url.Values{"pace": {"now"}}, 422, w.text("subscription.pace_zalo"))
	if err := w.s.Announce(t.Context(), subscription.Thing{Kind: "post", ID: "a", Mark: "1", UnitID: orgunittest.VinhHung, Units: []string{orgunittest.VinhHung}, Category: "notice", Title: "Lịch tiếp dân"}); err != nil {
		t.Fatal(err)
	}
	w.as = identitytest.Official("editor", identity.RoleEditor, orgunittest.VinhHung)
	golden.Body(t, "office-zalo", []byte(w.do("GET", subscriptionweb.OfficePath+"?don_vi="+orgunittest.VinhHung, nil, 200, "Mỗi tin Zalo tốn 200 đ")))
	w.as = identity.Citizen()
	w.do("POST", subscription.Path+"/"+token+"/thoi", nil, 200, w.text("subscription.stopped_text"))
	w.do("GET", subscription.Path+"/"+token, nil, 404)
}
