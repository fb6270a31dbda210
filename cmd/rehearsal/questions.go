package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/portal"
)

// kinds of feedback.Intake by the words of the data file.
var kindOf = map[string]feedback.Kind{"phan_anh": feedback.Report, "kien_nghi": feedback.Petition, "hoi_dap": feedback.Report}

// answers are invented answers, in the tone of an office that answers.
func answers() []string {
	return []string{
		"Cảm ơn ông, bà đã phản ánh. Ủy ban Mặt trận đã cùng cán bộ địa bàn xuống xem ngày hôm sau. Việc sửa chữa tạm đã làm xong; sửa hẳn được đưa vào kế hoạch quý tới và sẽ báo lại tại trang này.",
		"Ý kiến của ông, bà là đúng. Chúng tôi đã đề nghị đơn vị phụ trách tăng số chuyến thu gom lên ba lần mỗi tuần, bắt đầu từ tuần sau. Nếu còn tồn đọng, xin báo lại để chúng tôi giám sát.",
		"Hồ sơ đã được bổ sung đủ giấy tờ và đang chờ xét duyệt. Theo quy định, kết quả có trong 10 ngày làm việc. Người phụ trách sẽ gọi cho ông, bà khi có kết quả.",
		"Danh sách và tiêu chí được niêm yết tại nhà văn hóa và trên trang của xã. Bà con có 7 ngày để góp ý trước khi trình phê duyệt.",
	}
}

// questions plays questions of the past weeks (at most past back, when that is set) through intake, routing, answering and approval, and leaves each at another
// stage: some answered and public, some waiting, some overdue, one sent on to an agency.
func questions(ctx context.Context, house *app.House, clk *history, past time.Duration, cast people, n *names) error {
	texts, err := feedbackTexts()
	if err != nil {
		return err
	}
	communes := communesOf(house)
	for i, t := range texts {
		unit := communes[(i*17+3)%len(communes)]
		stage := i % 8
		back := time.Duration(2+(i*13)%20) * 24 * time.Hour
		if stage >= 4 {
			back = time.Duration(1+i%6) * 20 * time.Hour
		}
		if i%9 == 8 {
			back = 40 * 24 * time.Hour // long overdue
		}
		if past > 0 {
			back = min(back, past)
		}
		q := question{i: i, text: t, unit: unit, stage: stage}
		err := clk.play(back, func() error { return ask(ctx, house, cast, n, &q) })
		if err == nil && stage < 4 {
			err = clk.play(max(0, back-26*time.Hour), func() error { return answer(ctx, house, cast, &q) })
		}
		if err != nil {
			return fmt.Errorf("question %d: %w", i, err)
		}
	}
	return nil
}

type question struct {
	i     int
	text  feedbackText
	unit  orgunit.Unit
	stage int
	made  feedback.Case
}

func ask(ctx context.Context, house *app.House, cast people, n *names, q *question) (err error) {
	r := house.Rooms()
	in := feedback.Intake{
		UnitID: q.unit.ID, Kind: kindOf[q.text.Kind], Category: q.text.Category, Text: q.text.Text,
		Person: feedback.Person{Name: n.citizen(), Phone: fmt.Sprintf("0900%06d", 1000+q.i)}, Door: feedback.DoorPortal, MayPublish: true,
		SourceKey: "rehearsal/" + strconv.Itoa(q.i),
	}
	if q.i%7 == 6 {
		in.Door = feedback.DoorCounter
		q.made, err = r.Feedback.Take(ctx, cast.officer[q.unit.ID], in)
	} else {
		q.made, err = r.Feedback.Ask(ctx, identity.Citizen(), in)
	}
	if err != nil {
		return err
	}
	officer := cast.officer[q.unit.ID]
	switch q.stage {
	case 5, 6:
		_, err = r.Feedback.Claim(ctx, officer, q.made.ID)
	case 7:
		for _, agency := range r.Units.Forest().Children(q.unit.ID, r.Units.Today()) {
			if agency.Kind == orgunit.KindAgency {
				_, err = r.Feedback.Route(ctx, officer, q.made.ID, agency.ID, "Việc thuộc thẩm quyền của cơ quan này")
				break
			}
		}
	}
	return err
}

// answer drafts, submits and approves, as far as the question's stage goes.
func answer(ctx context.Context, house *app.House, cast people, q *question) error {
	r := house.Rooms()
	officer, chair := cast.officer[q.unit.ID], cast.chair[q.unit.ID]
	text := answers()[q.i%len(answers())]
	if _, err := r.Feedback.Claim(ctx, officer, q.made.ID); err != nil {
		return err
	}
	if q.stage == 3 {
		_, err := r.Feedback.Draft(ctx, officer, q.made.ID, text)
		return err
	}
	if err := submit(ctx, r, officer, q.made.ID, text, r.Units.Today().AddDays(30)); err != nil {
		return err
	}
	if q.stage == 2 {
		return nil
	}
	d, err := r.Feedback.Dossier(ctx, chair, q.made.ID)
	if err != nil {
		return err
	}
	a, ok := d.Pending()
	if !ok {
		return fmt.Errorf("case %s has no answer to approve", q.made.Code)
	}
	_, err = r.Feedback.Approve(ctx, chair, q.made.ID, a.ID, true)
	return err
}

// communesOf lists the committees of communes.
func communesOf(house *app.House) []orgunit.Unit {
	return committees(house, orgunit.LevelCommune)
}

// profiles writes what each unit says of itself.
func profiles(ctx context.Context, house *app.House, units []orgunit.Unit, cast people, n *names) error {
	r := house.Rooms()
	for i, u := range units {
		actor := cast.chair[u.ID]
		if u.ID == cast.province.ID {
			actor = cast.byRole[identity.RoleUnitAdmin]
		}
		site, err := r.Sites.Site(ctx, u.ID)
		if err != nil {
			return err
		}
		site.UnitID, site.Hotline = u.ID, fmt.Sprintf("0238 300 %04d", i)
		site.Address = "Trụ sở Ủy ban MTTQ Việt Nam " + u.FullName
		site.People = []portal.Person{{Name: n.person(), Title: "Chủ tịch", Phone: fmt.Sprintf("0238 301 %04d", i)}}
		if _, err := r.Sites.Save(ctx, actor, site); err != nil {
			return fmt.Errorf("%s: %w", u.FullName, err)
		}
	}
	return nil
}
