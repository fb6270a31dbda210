package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/fleet/regulation"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/localise"
	"github.com/nhipcau/nhipcau/internal/statistics"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

// fleetScene is the week of those who run the channels: a calendar in which two posts want the same followers on the same
// day, a post of the province to which communes add something, the regulation, and what the channels did in the last weeks.
func fleetScene(ctx context.Context, house *app.House, clk *history, cast people) error {
	for _, part := range []func(context.Context, *app.House, *history, people) error{earlierWeeks, leftBehind, localVoices, storyFromBelow, campaign, regulations} {
		if err := part(ctx, house, clk, cast); err != nil {
			return err
		}
	}
	return nil
}

// campaign puts five posts into the calendar of the coming days. The first has booked the day for every account; the second
// wishes for the same followers on the same day, and the planner says so. The day is today by day, so that the week which the
// calendar opens with shows it also on a Sunday, else tomorrow.
func campaign(ctx context.Context, house *app.House, clk *history, cast people) error {
	first := clock.DateOf(clk.Now()).Time()
	if now := clk.Now(); now.Sub(first) < 5*time.Hour || now.Sub(first) > 17*time.Hour {
		first = clock.DateOf(now).AddDays(1).Time()
	}
	for _, c := range []struct {
		title, lead, category string
		at                    time.Duration // after the midnight that begins the first day
		tell, all             bool
		unit                  int
		stage                 string
	}{
		{"Tuần cao điểm Vì người nghèo: lễ phát động toàn tỉnh", "Bà con theo dõi lễ phát động và cách ủng hộ minh bạch từng khoản.", "activity", 18 * time.Hour, true, true, 0, "scheduled"},
		{"Mời góp ý dự thảo chương trình phối hợp giám sát năm tới", "Dự thảo ngắn trong hai trang; bà con góp ý ngay tại trang này đến hết tuần sau.", "oversight", 20 * time.Hour, true, true, 0, "review"},
		{"Lịch trao nhà Đại đoàn kết trong tuần", "Ba gia đình nhận nhà mới; mời bà con chung vui.", "notice", 33 * time.Hour, true, false, 3, "scheduled"},
		{"Kết quả ủng hộ tuần đầu: từng khoản một", "Danh sách niêm yết tại nhà văn hóa và trên trang này.", "oversight", 57 * time.Hour, true, true, 0, "scheduled"},
		{"Gương điển hình: tổ tự quản bến sông", "Mười năm, không để ai qua sông một mình mùa lũ.", "people", 80 * time.Hour, false, false, 5, "review"},
	} {
		unit, author, approver := cast.province, cast.byRole[identity.RoleEditor], cast.byRole[identity.RoleApprover]
		if c.unit > 0 {
			list := communesOf(house)
			unit = list[min(c.unit, len(list)-1)]
			author, approver = cast.officer[unit.ID], cast.chair[unit.ID]
		}
		d := publish.Draft{Words: publish.Words{Title: c.title, Lead: c.lead, Body: "<p>" + c.lead + "</p><p>Đường dây nóng: ((đường dây nóng)).</p>"}, Category: c.category,
			PublishAt: first.Add(c.at), WantAnnounce: c.tell, Targets: []publish.Target{{Kind: publish.TargetUnit, Ref: unit.ID}}}
		if c.all {
			d.Targets[0].Kind = publish.TargetSubtree
		}
		p, err := house.Rooms().Publish.Create(ctx, author, unit.ID, d)
		if err == nil {
			p, err = house.Rooms().Publish.Submit(ctx, author, p.ID, p.Rev)
		}
		if err == nil && c.stage == "scheduled" {
			_, err = house.Rooms().Publish.Approve(ctx, approver, p.ID, p.Rev, publish.Approval{Mode: publish.ModeAt, At: d.PublishAt, Announce: c.tell})
		}
		if err != nil {
			return fmt.Errorf("%q: %w", c.title, err)
		}
	}
	return nil
}

// localVoices is a post of the province that waits two days for what communes add: one part is approved, one waits for its
// chair, one unit adds nothing, the others have not begun.
func localVoices(ctx context.Context, house *app.House, clk *history, cast people) error {
	r := house.Rooms()
	editor := cast.byRole[identity.RoleEditor]
	p, err := r.Publish.Create(ctx, editor, cast.province.ID, publish.Draft{Category: "activity", WantAnnounce: false, Targets: []publish.Target{{Kind: publish.TargetSubtree, Ref: cast.province.ID}},
		Words: publish.Words{Title: "Cả tỉnh chung tay: những việc làm được trong tháng", Lead: "Mỗi xã, phường kể thêm một việc của địa phương mình; phần chung do tỉnh viết.",
			Body: "<p>Trong tháng, các tổ công tác Mặt trận đã đến từng khu dân cư, ghi lại việc khó và cùng bà con gỡ từng việc một.</p>"}})
	if err != nil {
		return err
	}
	if err := r.Localise.SetWindow(ctx, editor, p.ID, clk.Now().Add(50*time.Hour), true); err != nil {
		return err
	}
	if p, err = r.Publish.Submit(ctx, editor, p.ID, p.Rev); err != nil {
		return err
	}
	if _, err = r.Publish.Approve(ctx, cast.byRole[identity.RoleApprover], p.ID, p.Rev, publish.Approval{Mode: publish.ModeNow}); err != nil {
		return err
	}
	photo, err := scene(1)
	if err != nil {
		return err
	}
	units := communesOf(house)
	first, second, third := units[min(3, len(units)-1)], units[min(5, len(units)-1)], units[min(8, len(units)-1)]
	part, err := r.Localise.Save(ctx, cast.officer[first.ID], p.ID, first.ID, 0, localise.Typed{Alt: "Bức tranh cây cầu bắc qua sông dưới trời xanh",
		Words: "Bà con bốn xóm ven sông góp 230 ngày công, làm xong 1,2 km đường vào nhà văn hóa trước mùa mưa."}, bytes.NewReader(photo), true)
	if err != nil {
		return err
	}
	if _, err := r.Localise.Approve(ctx, cast.chair[first.ID], p.ID, first.ID, part.Rev); err != nil {
		return err
	}
	if _, err := r.Localise.Save(ctx, cast.officer[second.ID], p.ID, second.ID, 0, localise.Typed{Words: "Tổ tự quản bến sông trực đủ 24 giờ trong đợt lũ vừa qua, đưa 41 lượt người qua sông an toàn."}, nil, true); err != nil {
		return err
	}
	_, err = r.Localise.AsIs(ctx, cast.officer[third.ID], p.ID, third.ID, 0)
	return err
}

// leftBehind is two drafts of the officer of the fourth commune whose term is over: the successor finds them in the handover.
func leftBehind(ctx context.Context, house *app.House, clk *history, cast people) error {
	if len(cast.former.Grants) == 0 {
		return nil
	}
	unit := cast.former.Grants[0].UnitID
	for i, title := range []string{"Kế hoạch thăm hỏi dịp Tết: bản nháp", "Danh sách hộ cần sửa nhà trước mùa rét: chờ số liệu hai xóm"} {
		err := clk.play(time.Duration(31+i)*24*time.Hour, func() error {
			_, err := house.Rooms().Publish.Create(ctx, cast.former, unit, publish.Draft{Words: publish.Words{Title: title, Lead: "Đang chờ số liệu từ các khu dân cư."}, Category: "activity",
				Targets: []publish.Target{{Kind: publish.TargetUnit, Ref: unit}}})
			return err
		})
		if err != nil {
			return fmt.Errorf("%q: %w", title, err)
		}
	}
	return nil
}

// storyFromBelow offers the province the commune's story that went out the day before.
func storyFromBelow(ctx context.Context, house *app.House, _ *history, cast people) error {
	units := communesOf(house)
	u := units[33%len(units)] // who told it, see stories
	list, _, err := house.Rooms().Publish.List(ctx, cast.officer[u.ID], publish.Filter{States: []publish.State{publish.StatePublished}, Unit: u.ID}, 1)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.UnitID == u.ID {
			_, err := house.Rooms().Localise.Offer(ctx, cast.officer[u.ID], p.ID, localise.Suggestion{ToUnit: cast.province.ID, Note: "Câu chuyện được bà con chia sẻ nhiều, mong tỉnh dùng chung."})
			return err
		}
	}
	return fmt.Errorf("no story of %s to offer", u.FullName)
}

// regulations sets what the province demands of its channels, and who answers for those of the province and of one commune.
func regulations(ctx context.Context, house *app.House, clk *history, cast people) error {
	r := house.Rooms()
	admin, today := cast.byRole[identity.RoleUnitAdmin], clock.DateOf(clk.Now())
	for _, k := range []channel.Kind{channel.Zalo, channel.Facebook} {
		rule := fleet.DefaultRule(k)
		rule.UnitID, rule.Names = cast.province.ID, []string{"MTTQ {unit}"}
		if err := r.Fleet.SetRule(ctx, admin, rule); err != nil {
			return err
		}
	}
	var logo bytes.Buffer
	if err := png.Encode(&logo, simkit.Emblem(0, 320)); err != nil {
		return err
	}
	if err := r.Fleet.SetLogo(ctx, admin, cast.province.ID, &logo); err != nil {
		return err
	}
	if err := r.Regulation.Set(ctx, admin, regulation.Rule{UnitID: cast.province.ID, Bands: []regulation.Band{{From: 2 * 60, To: 4*60 + 30, Why: "Đêm khuya không đăng tin"}}}); err != nil {
		return err
	}
	list := communesOf(house)
	commune := list[min(3, len(list)-1)]
	n := newNames(77)
	for i, m := range []regulation.Member{
		{UnitID: cast.province.ID, Body: regulation.BodyBoard, Title: "Trưởng ban biên tập", From: today.AddDays(-400), Until: today.AddDays(330)},
		{UnitID: cast.province.ID, Body: regulation.BodyBoard, Title: "Phó Trưởng ban", From: today.AddDays(-400), Until: today.AddDays(330)},
		{UnitID: cast.province.ID, Body: regulation.BodySecretariat, Title: "Tổ trưởng thư ký", From: today.AddDays(-200)},
		{UnitID: cast.province.ID, Body: regulation.BodyAdmin, Title: "Quản trị kênh", From: today.AddDays(-355), Until: today.AddDays(10)},
		{UnitID: cast.province.ID, Body: regulation.BodyAdmin, Title: "Quản trị kênh", From: today.AddDays(-900), Until: today.AddDays(-170)},
		{UnitID: commune.ID, Body: regulation.BodyAdmin, Title: "Quản trị kênh", From: today.AddDays(-120), Until: today.AddDays(610)},
	} {
		m.Name = n.person()
		if _, err := r.Regulation.AddMember(ctx, admin, m); err != nil {
			return fmt.Errorf("member %d: %w", i, err)
		}
	}
	return nil
}

// earlierWeeks is what every account did in the nine weeks before, three days a week.
func earlierWeeks(ctx context.Context, house *app.House, clk *history, cast people) error {
	r := house.Rooms()
	admin, today := cast.byRole[identity.RoleUnitAdmin], clock.DateOf(clk.Now())
	accounts, err := r.Channels.Every(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(accounts, func(x, y channel.Account) int { return bytes.Compare([]byte(x.ExternalID), []byte(y.ExternalID)) })
	rnd := rand.New(rand.NewPCG(11, 9))
	titles := []string{"Thông báo lịch họp khu dân cư", "Chung tay xây dựng nông thôn mới", "Kết quả giám sát cộng đồng", "Ngày thứ Bảy tình nguyện", "Hỏi đáp về chính sách hộ nghèo"}
	var days []statistics.EarlierDay
	var posts []statistics.EarlierPost
	const weeks = 9
	for _, a := range accounts {
		if a.Kind == channel.Portal {
			continue
		}
		busy := 1 + rnd.IntN(3) // some units do more than others
		for back := weeks*7 + rnd.IntN(3); back > 0; back -= 2 + rnd.IntN(2) {
			day := today.AddDays(-back)
			asked := rnd.IntN(2 * busy)
			answered := asked - rnd.IntN(asked+1)/2
			d := statistics.EarlierDay{AccountID: a.ID, UnitID: a.UnitID, Kind: a.Kind, Day: day, Followers: max(1, a.Followers-a.Followers*int64(back)/160), Posts: rnd.IntN(busy + 1),
				Messages: asked + rnd.IntN(busy), Asked: asked, Answered: answered, Waited: time.Duration(answered*(20+rnd.IntN(400))) * time.Minute}
			if a.Kind == channel.YouTube {
				d.Messages, d.Asked, d.Answered, d.Waited, d.Posts = 0, 0, 0, 0, d.Posts/2
			}
			days = append(days, d)
			for i := range d.Posts {
				posts = append(posts, statistics.EarlierPost{AccountID: a.ID, UnitID: a.UnitID, Kind: a.Kind, Day: day, ExternalID: fmt.Sprintf("cu-%s-%d", day, i),
					Title: titles[rnd.IntN(len(titles))], Views: d.Followers/2 + rnd.Int64N(2*d.Followers+20), Reactions: rnd.Int64N(d.Followers/4 + 3)})
			}
		}
	}
	if err := r.Statistics.Bring(ctx, days, posts); err != nil {
		return err
	}
	var high []string
	for _, u := range r.Units.Forest().AtLevel(orgunit.LevelCommune, orgunit.KindFront, cast.province.ID, today) {
		if slices.Contains(mountains(), u.Name) {
			high = append(high, u.ID)
		}
	}
	return r.Statistics.SetMountains(ctx, admin, cast.province.ID, high)
}

// mountains names communes in the west of the province.
func mountains() []string {
	return []string{"Mường Xén", "Hữu Kiệm", "Nậm Cắn", "Chiêu Lưu", "Na Loi", "Mường Típ", "Na Ngoi", "Mỹ Lý", "Bắc Lý", "Keng Đu", "Huồi Tụ", "Mường Lống", "Quế Phong", "Tiền Phong", "Tri Lễ", "Mường Quàng",
		"Thông Thụ", "Quỳ Châu", "Châu Tiến", "Hùng Chân", "Châu Bình", "Con Cuông", "Môn Sơn", "Mậu Thạch", "Cam Phục", "Châu Khê", "Bình Chuẩn", "Tương Dương", "Tam Quang", "Tam Thái", "Nga My", "Nhôn Mai",
		"Hữu Khuông", "Lượng Minh", "Yên Na", "Yên Hòa"}
}
