package main

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/directive"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// directives plays one that is under way, sent three days ago, and one of last week that is done but for a few.
func directives(ctx context.Context, house *app.House, clk *history, cast people) error {
	s := house.Rooms().Directive
	leader := cast.byRole[identity.RoleLeader]
	for i, c := range []struct {
		title, text string
		days, due   int // sent so many days ago, to be done so many days from then
	}{
		{"Rà soát hộ bị thiệt hại sau bão số 9", "Đến từng hộ, ghi số nhà tốc mái, nhà ngập, hoa màu mất trắng.\nHộ cần giúp ngay thì báo qua điện thoại, không chờ báo cáo.\nGửi kết quả kèm một ảnh.", 3, 5},
		{"Chuẩn bị Ngày hội Đại đoàn kết toàn dân tộc", "Thống nhất ngày tổ chức với từng khu dân cư.\nGửi lịch và tên người phụ trách.", 8, 6},
	} {
		err := clk.play(time.Duration(c.days)*24*time.Hour, func() error {
			d, err := s.Send(ctx, leader, directive.Draft{UnitID: cast.province.ID, Title: c.title, Text: c.text, Deadline: string(s.Today().AddDays(c.due)), Level: orgunit.LevelCommune}, "", nil)
			if err != nil {
				return err
			}
			return reports(ctx, s, d, leader, cast, i)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// reports lets the communes answer, each as far as its place in the list says.
func reports(ctx context.Context, s *directive.Service, d directive.Directive, leader identity.Actor, cast people, round int) error {
	sheet, err := s.Sheet(ctx, leader, d.ID, directive.TaskFilter{})
	if err != nil {
		return err
	}
	for i, a := range sheet.Tasks {
		officer := cast.officer[a.Unit.ID]
		done := i%3 == 0 || round == 1 && i%11 != 0
		switch {
		case done:
			err = s.Report(ctx, officer, a.Task.ID, directive.Report{Note: []string{"Đã rà soát xong, không có hộ nào phải di dời.", "Xong. 12 nhà tốc mái, đã cử người giúp lợp lại.", "Đã xong ở các xóm, khối."}[i%3]})
		case i%3 == 1:
			err = s.Acknowledge(ctx, officer, a.Task.ID)
		case i%5 == 0:
			err = s.See(ctx, officer, a.Task.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
