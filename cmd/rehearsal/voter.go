package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/voter"
)

// petition is one invented petition with what the body says to it.
type petition struct {
	text, field, body string // body: the beginning of the agency's name
	kind              voter.AnswerKind
	answer            string
}

// earlierPetitions are those of the round that is finished.
func earlierPetitions() []petition {
	return []petition{
		{"Đề nghị sửa chữa cầu tràn qua suối ở đầu xã, mùa mưa nước ngập, học sinh không qua lại được.", "transport", "Sở Xây dựng", voter.InProgress, "Sở đã khảo sát và đưa cầu tràn vào kế hoạch sửa chữa, bảo trì. Công trình khởi công sau mùa mưa."},
		{"Đề nghị đẩy nhanh việc cấp giấy chứng nhận quyền sử dụng đất cho các hộ đã đo đạc từ năm trước.", "land", "Sở Nông nghiệp", voter.Solved, "Đã hoàn thành cấp giấy chứng nhận cho 46 hộ; 3 hộ còn lại đang bổ sung hồ sơ thừa kế."},
		{"Đề nghị nạo vét tuyến kênh tưới dài 2 km đã bồi lấp, cuối kênh không có nước cho vụ xuân.", "water", "Sở Nông nghiệp", voter.Solved, "Đã bố trí kinh phí và nạo vét xong 2 km kênh trước ngày mở nước vụ xuân."},
		{"Đường dây điện qua khu dân cư đã cũ, nhiều cột nghiêng, đề nghị ngành điện thay thế.", "industry", "Công ty Điện lực", voter.Solved, "Điện lực đã thay 14 cột và kéo lại 1,2 km dây; phần còn lại không có nguy cơ mất an toàn."},
		{"Đề nghị bổ sung giáo viên mầm non, hiện một cô phải trông hơn 30 cháu.", "education", "Sở Giáo dục", voter.Explained, "Biên chế giáo viên mầm non do tỉnh giao theo số lớp; Sở đã đề nghị tuyển bổ sung và hướng dẫn xã hợp đồng giáo viên theo quy định."},
		{"Bãi rác tạm cạnh khu dân cư bốc mùi, đề nghị di dời và tăng chuyến thu gom.", "environment", "Sở Nông nghiệp", voter.Forwarded, "Việc thu gom rác thuộc thẩm quyền của cấp xã; Sở đã chuyển kiến nghị và hướng dẫn kỹ thuật đóng bãi."},
	}
}

// presentPetitions are those of the meeting of these days, not sorted yet.
func presentPetitions() []petition {
	return []petition{
		{text: "Cầu tràn qua suối ở đầu xã vẫn ngập mỗi khi mưa, đề nghị sớm sửa chữa để học sinh qua lại."},
		{text: "Đề nghị có thêm chuyến xe buýt từ xã ra trung tâm vào buổi sáng."},
		{text: "Đề nghị trạm y tế xã có bác sĩ trực cả ngày thứ bảy."},
		{text: "Giá phân bón tăng cao, đề nghị có chính sách hỗ trợ bà con trồng lúa."},
		{text: "Đề nghị lắp camera an ninh ở ngã ba chợ để phòng trộm cắp."},
	}
}

// petitions plays a finished round of voter meetings at a commune of the province, and a meeting of the next round that was
// held yesterday and whose petitions wait to be sorted. The bodies that answer get an official each.
func petitions(ctx context.Context, house *app.House, clk *history, cast people) error {
	n := newNames(2027)
	r := house.Rooms()
	s, desk, leader := r.Voter, cast.byRole[identity.RoleVoterDesk], cast.byRole[identity.RoleLeader]
	commune, bodies, err := voterBodies(ctx, house, cast, n)
	if err != nil {
		return err
	}
	err = clk.play(16*24*time.Hour, func() error {
		round, err := s.SaveRound(ctx, desk, voter.Round{UnitID: cast.province.ID, Level: voter.LevelProvince, Session: "Kỳ họp thứ nhất, HĐND tỉnh", Phase: voter.Before, SessionOn: s.Today().AddDays(6)})
		if err != nil {
			return err
		}
		m, err := voterMeeting(ctx, s, desk, round, commune, n)
		if err != nil {
			return err
		}
		if err := minutes(ctx, s, desk, m, earlierPetitions(), bodies); err != nil {
			return err
		}
		return answered(ctx, s, desk, leader, round, m, bodies)
	})
	if err != nil {
		return err
	}
	return clk.play(24*time.Hour, func() error {
		round, err := s.SaveRound(ctx, desk, voter.Round{UnitID: cast.province.ID, Level: voter.LevelProvince, Session: "Kỳ họp thứ hai, HĐND tỉnh", Phase: voter.Before, SessionOn: s.Today().AddDays(20),
			LockOn: s.Today().AddDays(12), LockNote: "Kiến nghị gửi sau ngày này sẽ tổng hợp vào kỳ họp tới."})
		if err != nil {
			return err
		}
		m, err := voterMeeting(ctx, s, desk, round, commune, n)
		if err != nil {
			return err
		}
		if err := minutes(ctx, s, desk, m, presentPetitions(), nil); err != nil {
			return err
		}
		_, err = s.PlanMeeting(ctx, desk, voter.Meeting{RoundID: round.ID, PlaceUnitID: commune.ID, Place: "Trường tiểu học xã", StartsAt: s.Today().AddDays(5).Time().Add(8 * time.Hour), Delegates: n.person() + ", đại biểu HĐND tỉnh", Published: true})
		return err
	})
}

// voterBodies gives the commune whose voters are met and the agencies by the beginning of their names, each with an official.
func voterBodies(ctx context.Context, house *app.House, cast people, n *names) (orgunit.Unit, map[string]orgunit.Unit, error) {
	r := house.Rooms()
	var commune orgunit.Unit
	for _, u := range committees(house, orgunit.LevelCommune) {
		if u.Name == "Kim Liên" || commune.ID == "" {
			commune = u
		}
	}
	bodies := map[string]orgunit.Unit{}
	list := []identity.SeedOfficial{{Name: n.person(), Email: "cu-tri.kim-lien@nghean.example", Password: password, Memberships: []identity.Term{{UnitID: commune.ID, Role: identity.RoleVoterDesk, From: r.Units.Today().AddDays(-30)}}}}
	for _, b := range [][2]string{{"Sở Xây dựng", "so-xay-dung"}, {"Sở Nông nghiệp", "so-nong-nghiep"}, {"Sở Giáo dục", "so-giao-duc"}, {"Công ty Điện lực", "dien-luc"}, {"Sở Y tế", "so-y-te"}, {"Đoàn đại biểu", "doan-dai-bieu"}} {
		name, email := b[0], b[1]
		for _, u := range r.Voter.Bodies(cast.province.ID) {
			if len(u.FullName) >= len(name) && u.FullName[:len(name)] == name {
				bodies[name] = u
			}
		}
		if bodies[name].ID == "" {
			return commune, nil, fmt.Errorf("there is no agency %q", name)
		}
		list = append(list, identity.SeedOfficial{Name: n.person(), Email: email + "@nghean.example", Password: password, Memberships: []identity.Term{{UnitID: bodies[name].ID, Role: identity.RoleVoterDesk, From: r.Units.Today().AddDays(-30)}}})
	}
	return commune, bodies, r.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := r.People.SeedOfficials(ctx, tx, list)
		return err
	})
}

func voterMeeting(ctx context.Context, s *voter.Service, desk identity.Actor, round voter.Round, commune orgunit.Unit, n *names) (voter.Meeting, error) {
	m, err := s.PlanMeeting(ctx, desk, voter.Meeting{RoundID: round.ID, PlaceUnitID: commune.ID, Place: "Hội trường UBND xã", StartsAt: s.Today().AddDays(-1).Time().Add(8 * time.Hour), Delegates: n.person() + ", đại biểu HĐND tỉnh\n" + n.person() + ", đại biểu HĐND tỉnh"})
	if err != nil {
		return m, err
	}
	return s.Hold(ctx, desk, m.ID, voter.Meeting{Attendance: 124, Chair: n.person(), Clerk: n.person(), Summary: "Cử tri phấn khởi trước kết quả phát triển kinh tế - xã hội; mong các kiến nghị được trả lời cụ thể, có thời hạn."})
}

// minutes writes the petitions down, finishes the minutes and sorts what has a body.
func minutes(ctx context.Context, s *voter.Service, desk identity.Actor, m voter.Meeting, list []petition, bodies map[string]orgunit.Unit) error {
	items := make([]voter.NewItem, len(list))
	for i, p := range list {
		items[i] = voter.NewItem{Text: p.text, Field: p.field, BodyUnitID: bodies[p.body].ID}
	}
	if _, err := s.AddItems(ctx, desk, m.ID, items, voter.Typed); err != nil {
		return err
	}
	return s.FinishMinutes(ctx, desk, m.ID)
}

// answered sends, answers, approves and carries back everything of a meeting.
func answered(ctx context.Context, s *voter.Service, desk, leader identity.Actor, round voter.Round, m voter.Meeting, bodies map[string]orgunit.Unit) error {
	ready, _, err := s.Ready(ctx, desk, round.ID)
	if err != nil {
		return err
	}
	for i, g := range ready {
		if _, err := s.Send(ctx, desk, voter.Letter{RoundID: round.ID, BodyUnitID: g.Body.ID, Number: fmt.Sprintf("%02d/MTTQ-BTT", 41+i), DueOn: s.Today().AddDays(12)}); err != nil {
			return err
		}
	}
	d, err := s.Meeting(ctx, desk, m.ID)
	if err != nil {
		return err
	}
	for i, p := range earlierPetitions() {
		a := voter.Answer{Kind: p.kind, Text: p.answer}
		switch p.kind {
		case voter.InProgress:
			a.DueOn = s.Today().AddDays(90)
		case voter.Forwarded:
			a.ForwardedTo = "Ủy ban nhân dân xã"
		case voter.Solved, voter.Explained:
			a.DocNumber, a.DocOn = fmt.Sprintf("%d/CV", 120+i), s.Today()
		}
		author := identity.Actor{Kind: identity.ActorOfficial, ID: "co-quan", Name: "Cán bộ " + bodies[p.body].Name, Grants: []identity.Grant{{Role: identity.RoleVoterDesk, UnitID: bodies[p.body].ID}}}
		if err := s.Answer(ctx, author, d.Items[i].ID, a); err != nil {
			return err
		}
	}
	wait, err := s.Waiting(ctx, leader)
	if err != nil {
		return err
	}
	for _, v := range wait {
		if err := s.Approve(ctx, leader, v.Wait.ID); err != nil {
			return err
		}
	}
	return s.Return(ctx, desk, m.ID)
}
