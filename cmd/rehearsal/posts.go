package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// story is one invented post and how far it has come.
type story struct {
	back              time.Duration // how long ago it was written
	title, lead, body string
	category          string
	picture, alt      string
	stage             string // "published", "review", "draft", "returned"
	all               bool   // goes to every unit; otherwise to the writer's own
	unit              int    // 0: the province; n: the n-th commune
}

func stories() []story {
	day := 24 * time.Hour
	return []story{
		{back: 6 * day, title: "Ngày hội Đại đoàn kết toàn dân tộc ở khu dân cư năm nay", category: "activity", all: true, stage: "published",
			lead:    "Từ ngày 01 đến 18/11, các khu dân cư trong toàn tỉnh tổ chức Ngày hội. Bà con xem lịch của xóm, khối, bản mình tại trang của xã, phường.",
			body:    "<p>Ngày hội gồm hai phần: phần lễ ôn lại truyền thống ngày 18/11, biểu dương gia đình, cá nhân tiêu biểu; phần hội có văn nghệ, trò chơi dân gian và bữa cơm đoàn kết.</p><h2>Bà con chuẩn bị gì</h2><ul><li>Đăng ký tiết mục với Trưởng ban công tác Mặt trận trước ngày hội 3 ngày.</li><li>Góp ý danh sách gia đình văn hóa được niêm yết tại nhà văn hóa.</li></ul><p>Mọi thắc mắc xin gọi ((đường dây nóng)) hoặc hỏi ngay tại trang này.</p>",
			picture: "Bức tranh cây cầu đỏ bắc qua sông lúc bình minh", alt: "Bức tranh cây cầu đỏ bắc qua sông lúc bình minh"},
		{back: 4 * day, title: "Công khai mức thu, chi Quỹ Vì người nghèo quý III", category: "oversight", all: true, stage: "published",
			lead: "Toàn bộ khoản thu, chi quý III được niêm yết tại nhà văn hóa các khu dân cư và trên trang này trong 30 ngày.",
			body: "<p>Bà con có thể hỏi về bất cứ khoản nào. Câu hỏi và câu trả lời được công khai tại mục Dân hỏi – Mặt trận trả lời.</p><p>Người trả lời: ((tên đơn vị)).</p>", alt: "Bức tranh cây cầu dưới trời xanh", picture: "x"},
		{back: 2 * day, title: "Lấy ý kiến về hương ước, quy ước mới của khu dân cư", category: "policy", all: true, stage: "published",
			lead: "Mỗi hộ nhận một phiếu. Hạn gửi lại phiếu là ngày 30 tháng này.",
			body: "<p>Theo Luật Thực hiện dân chủ ở cơ sở, hương ước được thông qua khi trên 50% tổng số đại diện hộ gia đình tán thành. Bà con ở xa có thể gửi ý kiến qua trang này.</p>"},
		{back: 30 * time.Hour, title: "Đoàn cán bộ Mặt trận xã thăm các gia đình có hoàn cảnh khó khăn", category: "people", unit: 3, stage: "published",
			lead: "Sáng nay, đoàn đã đến thăm năm gia đình và ghi lại những việc cần giúp trước Tết.",
			body: "<p>Các gia đình mong được sửa mái nhà trước mùa rét và có thêm con giống. ((tên đơn vị)) sẽ báo lại kết quả trên trang này trong tháng.</p>", picture: "x", alt: "Bức tranh dòng sông và cây cầu buổi chiều"},
		{back: 5 * time.Hour, title: "Kế hoạch cứu trợ sau đợt mưa lũ: điểm nhận hàng và số điện thoại", category: "relief", all: true, stage: "review",
			lead: "Danh sách điểm tiếp nhận hàng cứu trợ và những thứ bà con vùng lũ đang cần.",
			body: "<p>Đang cần: nước uống, thuốc sát khuẩn, áo ấm trẻ em. Xin không gửi quần áo cũ và thực phẩm dễ hỏng.</p><p>Đường dây nóng: ((đường dây nóng)).</p>", picture: "x", alt: "Bức tranh cây cầu trong chiều tím"},
		{back: 26 * time.Hour, title: "Thông báo lịch tiếp xúc cử tri cuối năm", category: "notice", unit: 5, stage: "review",
			lead: "Đại biểu Hội đồng nhân dân tiếp xúc cử tri tại hội trường xã, 8 giờ sáng thứ Bảy.", body: "<p>Bà con gửi trước kiến nghị bằng cách bấm Hỏi Mặt trận.</p>"},
		{back: 50 * time.Hour, title: "Gương sáng khuyến học ở bản vùng cao", category: "people", unit: 8, stage: "returned",
			lead: "Một gia đình ba đời giữ nếp học.", body: "<p>Bài viết đang được bổ sung ảnh và lời kể của nhân vật.</p>"},
		{back: 3 * time.Hour, title: "Hội diễn văn nghệ chào mừng Ngày truyền thống 18/11", category: "culture", stage: "draft",
			lead: "Bản nháp: chờ danh sách tiết mục của các cụm.", body: "<p>Các cụm gửi danh sách trước ngày 10.</p>"},
	}
}

// posts plays the stories through the same use cases that people use, each at its own time in the past.
func posts(ctx context.Context, house *app.House, clk *history, cast people) error {
	for i, s := range stories() {
		if err := clk.play(s.back, func() error { return tell(ctx, house, cast, s, i) }); err != nil {
			return fmt.Errorf("%q: %w", s.title, err)
		}
	}
	return nil
}

func tell(ctx context.Context, house *app.House, cast people, s story, kind int) error {
	r := house.Rooms()
	unit, author, approver := cast.province, cast.byRole[identity.RoleEditor], cast.byRole[identity.RoleApprover]
	if s.unit > 0 {
		communes := communesOf(house)
		unit = communes[(s.unit*11)%len(communes)]
		author, approver = cast.officer[unit.ID], cast.chair[unit.ID]
	}
	d := publish.Draft{Words: publish.Words{Title: s.title, Lead: s.lead, Body: s.body}, Category: s.category,
		Targets: []publish.Target{{Kind: publish.TargetUnit, Ref: unit.ID}}}
	if s.all {
		d.Targets = []publish.Target{{Kind: publish.TargetSubtree, Ref: unit.ID}}
	}
	p, err := r.Publish.Create(ctx, author, unit.ID, d)
	if err != nil {
		return err
	}
	if s.picture != "" {
		raw, err := scene(kind)
		if err != nil {
			return err
		}
		pic, err := r.Publish.AddPicture(ctx, author, p.ID, bytes.NewReader(raw))
		if err != nil {
			return err
		}
		d.Pictures = []publish.PictureRef{{ID: pic.ID, Alt: s.alt}}
		if p, err = r.Publish.Save(ctx, author, p.ID, p.Rev, d); err != nil {
			return err
		}
	}
	if s.stage == "draft" {
		return nil
	}
	if p, err = r.Publish.Submit(ctx, author, p.ID, p.Rev); err != nil {
		return err
	}
	switch s.stage {
	case "published":
		_, err = r.Publish.Approve(ctx, approver, p.ID, p.Rev, publish.Approval{Mode: publish.ModeNow})
	case "returned":
		_, err = r.Publish.Return(ctx, approver, p.ID, p.Rev, "Xin bổ sung một ảnh có lời chú thích và xác nhận của nhân vật đồng ý đăng.")
	}
	return err
}
