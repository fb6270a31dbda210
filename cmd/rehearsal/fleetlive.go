package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/video/videotest"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

// wake is what needs the platforms to answer and the queue to run: what the probe finds, groups and templates of Zalo, a film.
// Where troubled is false every channel is sound, as on the day that the 482 Official Accounts are shown at.
func (w *world) wake(ctx context.Context, house *app.House, cast people, troubled bool) error {
	parts := []func(context.Context, *app.House, people) error{w.templates, w.groups, film}
	if troubled {
		parts = append(parts, w.troubles)
	}
	for _, part := range parts {
		if err := part(ctx, house, cast); err != nil {
			return err
		}
	}
	return nil
}

// troubles gives some communes what goes wrong with channels, and has the probe look.
func (w *world) troubles(ctx context.Context, house *app.House, cast people) error {
	r := house.Rooms()
	now := r.Clock.Now()
	units := communesOf(house)
	for i, change := range []func(*zalo.OA){
		func(o *zalo.OA) { o.Disabled = true },                                      // looked healthy the day before, and takes nothing
		func(o *zalo.OA) { o.PackageUntil = now.AddDate(0, 0, -3) },                 // the package ended
		func(o *zalo.OA) { o.AppRemoved = true },                                    // somebody must grant again
		func(o *zalo.OA) { o.Denied = []string{"/article/"} },                       // a box was not ticked
		func(o *zalo.OA) { o.PackageUntil = now.AddDate(0, 0, 9) },                  // ends next week
		func(o *zalo.OA) { o.Name = strings.Replace(o.Name, "MTTQ", "Tin tức", 1) }, // a name against the rule
		func(o *zalo.OA) { o.Emblem = 4 },                                           // a picture of their own instead of the logo
	} {
		u := units[(20+21*i)%len(units)]
		if err := w.zalo.ChangeOA(oaID(u.ID), change); err != nil {
			return err
		}
		a, err := account(ctx, r, u, channel.Zalo)
		if err != nil {
			return err
		}
		if _, err := r.Channels.Probe(ctx, cast.chair[u.ID], a.ID); err != nil {
			return fmt.Errorf("probe of %s: %w", u.FullName, err)
		}
	}
	return nil
}

func account(ctx context.Context, r app.Rooms, u orgunit.Unit, kind channel.Kind) (channel.Account, error) {
	list, err := r.Channels.AccountsOfUnits(ctx, []string{u.ID}, kind)
	if err != nil {
		return channel.Account{}, err
	}
	if len(list) == 0 {
		return channel.Account{}, fmt.Errorf("%s has no %s", u.FullName, kind)
	}
	return list[0], nil
}

// templates gives the province's OA messages that Zalo has approved, one that waits and one that was refused.
func (w *world) templates(ctx context.Context, house *app.House, cast people) error {
	r := house.Rooms()
	param := func(name string, longest int) zalo.TemplateParam {
		return zalo.TemplateParam{Name: name, Require: true, MaxLength: longest}
	}
	purposes := map[notice.Purpose]string{}
	for _, t := range []struct {
		purpose notice.Purpose
		zalo.Template
	}{
		{notice.ConfirmPhone, zalo.Template{Name: "Mã xác nhận số điện thoại", Tag: "OTP", Price: 300, Params: []zalo.TemplateParam{param("code", 10), param("unit", 60)}}},
		{notice.AnswerReady, zalo.Template{Name: "Đã có trả lời cho câu hỏi", Price: 200, Params: []zalo.TemplateParam{param("code", 20), param("unit", 60), param("link", 200)}}},
		{notice.Announcement, zalo.Template{Name: "Tin mới của Mặt trận", Tag: "CUSTOMER_CARE", Price: 200, Params: []zalo.TemplateParam{param("what", 200), param("link", 200), param("stop", 200)}}},
		{"", zalo.Template{Name: "Nhắc lịch tiếp xúc cử tri", Tag: "CUSTOMER_CARE", Price: 200, Status: zalo.TemplatePending, Params: []zalo.TemplateParam{param("what", 60), param("date", 20)}}},
		{"", zalo.Template{Name: "Mời dự chương trình", Tag: "PROMOTION", Price: 500, Status: zalo.TemplateRejected, Reason: "Nội dung mang tính quảng bá, cần nêu rõ giao dịch với người nhận", Params: []zalo.TemplateParam{param("what", 60)}}},
	} {
		id, err := w.zalo.AddTemplate(oaID(cast.province.ID), t.Template)
		if err != nil {
			return err
		}
		if t.purpose != "" {
			purposes[t.purpose] = id
		}
	}
	a, err := account(ctx, r, cast.province, channel.Zalo)
	if err != nil {
		return err
	}
	admin := cast.byRole[identity.RoleUnitAdmin]
	if err := r.Notices.Refresh(ctx, admin, a.ID); err != nil {
		return err
	}
	for p, id := range purposes {
		if err := r.Notices.Serve(ctx, admin, a.ID, p, id); err != nil {
			return err
		}
	}
	return nil
}

// groups opens Zalo groups of residential areas at three communes, and one of the communes' officers at the province.
func (w *world) groups(ctx context.Context, house *app.House, cast people) error {
	r := house.Rooms()
	units := communesOf(house)
	lead := map[string]identity.Actor{cast.province.ID: cast.byRole[identity.RoleUnitAdmin]}
	for _, u := range []orgunit.Unit{cast.province, units[min(3, len(units)-1)], units[min(5, len(units)-1)], units[min(8, len(units)-1)]} {
		actor, ok := lead[u.ID]
		names := []string{"Cán bộ Mặt trận các xã, phường"}
		if !ok {
			actor, names = cast.chair[u.ID], []string{"Tổ hai chiều khu dân cư 1", "Tổ hai chiều khu dân cư 2"}
		}
		var members []string
		for _, f := range w.zalo.Followers(oaID(u.ID)) {
			members = append(members, f.UserID)
		}
		for i, name := range names {
			if _, err := w.zalo.AddGroup(oaID(u.ID), zalo.Group{ID: "nhom-" + u.Code + fmt.Sprint(i+1), Name: name, Members: members[:len(members)/(i+1)]}); err != nil {
				return err
			}
		}
		a, err := account(ctx, r, u, channel.Zalo)
		if err != nil {
			return err
		}
		if err := r.Audience.ReadAgain(ctx, actor, a.ID); err != nil {
			return err
		}
	}
	return nil
}

// film publishes a post with a film, once the house has looked at the film.
func film(ctx context.Context, house *app.House, cast people) error {
	r := house.Rooms()
	editor := cast.byRole[identity.RoleEditor]
	p, err := r.Publish.Create(ctx, editor, cast.province.ID, publish.Draft{Category: "people", Targets: []publish.Target{{Kind: publish.TargetUnit, Ref: cast.province.ID}},
		Words: publish.Words{Title: "Một phút ở bản: bếp ăn của tổ tự quản sau lũ", Lead: "Đoạn phim ngắn do cộng tác viên quay bằng điện thoại.",
			Body: "<p>Mỗi sáng bếp nấu trăm suất cho các gia đình đang dọn bùn. Bà con góp củi, góp rau, thay nhau đứng bếp.</p>"}})
	if err != nil {
		return err
	}
	raw := videotest.MP4(videotest.Film{Width: 720, Height: 1280, Duration: 58 * time.Second, Pad: 4000, Sound: true})
	id, err := r.Publish.TakeFilm(ctx, editor, p.ID, "bep-an-sau-lu.mp4", int64(len(raw)), bytes.NewReader(raw))
	if err != nil {
		return err
	}
	still, err := scene(2)
	if err != nil {
		return err
	}
	if err := r.Films.Poster(ctx, editor, id, bytes.NewReader(still)); err != nil {
		return err
	}
	if err := r.Films.Caption(ctx, editor, id, "1\n00:00:01,000 --> 00:00:04,000\nBếp ăn của tổ tự quản\n\n2\n00:00:04,500 --> 00:00:09,000\nnấu trăm suất mỗi sáng\n"); err != nil {
		return err
	}
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		err := r.Films.Done(ctx, id)
		if err == nil {
			break
		}
		if !fault.Is(err, fault.Invalid) || time.Since(began) > 30*time.Second {
			return fmt.Errorf("the film is not ready: %w", err)
		}
	}
	f, err := r.Publish.Open(ctx, editor, p.ID)
	if err != nil {
		return err
	}
	d := publish.Draft{Words: f.Now.Words, Category: f.Now.Category, VideoID: id, Targets: f.Now.Targets}
	if p, err = r.Publish.Save(ctx, editor, p.ID, f.Rev, d); err != nil {
		return err
	}
	if p, err = r.Publish.Submit(ctx, editor, p.ID, p.Rev); err != nil {
		return err
	}
	_, err = r.Publish.Approve(ctx, cast.byRole[identity.RoleApprover], p.ID, p.Rev, publish.Approval{Mode: publish.ModeNow})
	return err
}
