package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// busyCases is how many cases the busy desk gets beside those of every commune.
const busyCases = 300

// desk is the busy desk while it is filled.
type desk struct {
	r       app.Rooms
	clk     *history
	past    time.Duration
	unit    orgunit.Unit
	officer identity.Actor
	chair   identity.Actor
	n       *names
	made    int
}

// busyDesk fills the desk of one commune with cases in every state: waiting, paused, in review, answered, refused, closed,
// overdue, merged, followed, with opinions and promises, one complaint and one denunciation.
func busyDesk(ctx context.Context, house *app.House, clk *history, past time.Duration, cast people, n *names) error {
	units := communesOf(house)
	unit := units[min(3, len(units)-1)]
	d := &desk{r: house.Rooms(), clk: clk, past: past, unit: unit, officer: cast.officer[unit.ID], chair: cast.chair[unit.ID], n: n}
	texts, err := feedbackTexts()
	if err != nil {
		return err
	}
	for i := range busyCases {
		t := texts[i%len(texts)]
		text := t.Text
		if i >= len(texts) {
			text = strings.TrimSuffix(text, ".") + fmt.Sprintf(" (xóm %d).", i/len(texts)+1)
		}
		if err := d.one(ctx, i, text, t); err != nil {
			return fmt.Errorf("case %d of the busy desk: %w", i, err)
		}
	}
	for _, part := range []func(context.Context) error{d.secrets, d.together, d.opinions, d.promises, d.outside, d.phrases, d.former} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ago keeps a number of days inside the scenario's past.
func (d *desk) ago(days int) time.Duration {
	back := time.Duration(days) * 24 * time.Hour
	if d.past > 0 {
		back = min(back, d.past-time.Hour)
	}
	return back
}

func (d *desk) ask(ctx context.Context, text string, days int, change ...func(*feedback.Intake)) (c feedback.Case, err error) {
	d.made++
	in := feedback.Intake{UnitID: d.unit.ID, Kind: feedback.Report, Text: text, MayPublish: true, Door: feedback.DoorPortal, SourceKey: fmt.Sprintf("rehearsal/desk/%d", d.made),
		Person: feedback.Person{Name: d.n.citizen(), Phone: fmt.Sprintf("0900%06d", 5000+d.made)}}
	for _, fn := range change {
		fn(&in)
	}
	err = d.clk.play(d.ago(days), func() error {
		if in.Door == feedback.DoorPortal {
			c, err = d.r.Feedback.Ask(ctx, identity.Citizen(), in)
		} else {
			c, err = d.r.Feedback.Take(ctx, d.officer, in)
		}
		return err
	})
	return c, err
}

// one makes a case and leads it as far as its number says.
func (d *desk) one(ctx context.Context, i int, text string, t feedbackText) error {
	days := 1 + (i*7)%24
	c, err := d.ask(ctx, text, days, func(in *feedback.Intake) {
		in.Category, in.Kind = t.Category, kindOf[t.Kind]
		in.MayPublish = i%11 != 3
		in.Place.Text = fmt.Sprintf("xóm %d", 1+i%9)
		if i%5 == 4 {
			in.Door = feedback.DoorCounter
		}
	})
	if err != nil {
		return err
	}
	return d.clk.play(d.ago(max(0, days-3)), func() error {
		switch i % 10 {
		case 0: // nobody has begun
			return nil
		case 1:
			_, err = d.r.Feedback.Claim(ctx, d.officer, c.ID)
		case 2:
			if days-3 < 8 {
				_, err = d.r.Feedback.Pause(ctx, d.officer, c.ID, "Xin ông, bà cho biết rõ đoạn nào, từ số nhà nào đến đâu?", 5)
			}
		case 3:
			err = submit(ctx, d.r, d.officer, c.ID, answers()[i%len(answers())], d.r.Units.Today().AddDays(20))
		case 4:
			_, err = d.r.Feedback.Refuse(ctx, d.officer, c.ID, "Việc này tòa án đang giải quyết, Mặt trận không trả lời thay được.")
		default:
			err = d.answer(ctx, c.ID, answers()[i%len(answers())], i%3 != 0)
			if err == nil && i%10 == 9 {
				_, err = d.r.Feedback.Rate(ctx, identity.Citizen(), c.Code, 1+i%3, true)
			}
		}
		return err
	})
}

// answer writes and approves.
func (d *desk) answer(ctx context.Context, caseID, text string, publish bool) error {
	if err := submit(ctx, d.r, d.officer, caseID, text, d.r.Units.Today().AddDays(20)); err != nil {
		return err
	}
	dossier, err := d.r.Feedback.Dossier(ctx, d.chair, caseID)
	if err != nil {
		return err
	}
	a, ok := dossier.Pending()
	if !ok {
		return fmt.Errorf("case %s has no answer to approve", dossier.Case.Code)
	}
	_, err = d.r.Feedback.Approve(ctx, d.chair, caseID, a.ID, publish)
	return err
}

// submit puts an answer forward; each sentence that promises goes into the ledger, with the day it names or the given one.
func submit(ctx context.Context, r app.Rooms, officer identity.Actor, caseID, text string, due clock.Date) error {
	var list []promise.Decision
	for _, f := range promise.Find(text, r.Answers.Promise.Today(), nil) {
		day := due
		if f.Due >= r.Answers.Promise.Today() {
			day = f.Due
		}
		list = append(list, promise.Decision{Mark: f.Mark, Keep: true, What: strings.TrimSuffix(f.Sentence, "."), Due: string(day)})
	}
	if err := r.Answers.Promise.Decide(ctx, officer, caseID, text, list); err != nil {
		return err
	}
	_, err := r.Feedback.Submit(ctx, officer, caseID, text)
	return err
}

// secrets adds what only the leader of the commune may see.
func (d *desk) secrets(ctx context.Context) error {
	for kind, text := range map[feedback.Kind]string{
		feedback.Denunciation: "Tôi tố cáo một cán bộ đã bớt lại tiền hỗ trợ của ba hộ trong xóm. Xin giữ kín tên tôi.",
		feedback.Complaint:    "Tôi không đồng ý với quyết định thu hồi đất của gia đình, vì diện tích ghi sai so với đo thực tế.",
	} {
		if _, err := d.ask(ctx, text, 3, func(in *feedback.Intake) { in.Kind = kind }); err != nil {
			return err
		}
	}
	return nil
}

// together lets several people ask the same: two are merged, others follow.
func (d *desk) together(ctx context.Context) error {
	main, err := d.ask(ctx, "Cầu tràn xóm 4 ngập sâu mỗi khi mưa, các cháu phải nghỉ học. Đề nghị nâng cầu và cắm biển báo.", 6)
	if err != nil {
		return err
	}
	if err := d.r.Answers.Similar.Open(ctx, d.officer, main.ID, "Cầu tràn xóm 4 ngập sâu khi mưa, học sinh phải nghỉ học"); err != nil {
		return err
	}
	for i, text := range []string{"Cầu tràn ở xóm 4 cứ mưa là ngập, các cháu không đi học được. Bao giờ nâng cầu?", "Đề nghị cắm biển báo và nâng cầu tràn xóm 4, mưa ngập rất sâu."} {
		c, err := d.ask(ctx, text, 4-i)
		if err != nil {
			return err
		}
		if _, err := d.r.Feedback.Merge(ctx, d.officer, c.ID, main.ID, "Cùng một cầu"); err != nil {
			return err
		}
	}
	if _, err := d.ask(ctx, "Cầu tràn xóm 4 mưa to ngập quá đầu gối, các cháu nghỉ học hai hôm nay, đề nghị nâng cầu.", 1); err != nil {
		return err // not merged yet: the desk is shown that it may be the same
	}
	for i := range 7 {
		if _, err := d.r.Answers.Follow.Follow(ctx, main.ID, fmt.Sprintf("rehearsal/follow/%d", i)); err != nil {
			return err
		}
	}
	return nil
}

// opinions asks two neighbours for their opinion; one has answered.
func (d *desk) opinions(ctx context.Context) error {
	c, err := d.ask(ctx, "Bãi rác giáp ranh ba xã bốc mùi, nước đen chảy ra mương. Xin cho biết xã nào chịu trách nhiệm dọn.", 4)
	if err != nil {
		return err
	}
	var bodies []string
	for _, u := range d.r.Units.Forest().Children(d.unit.ParentID, d.r.Units.Today()) {
		if u.Kind == orgunit.KindFront && u.ID != d.unit.ID && len(bodies) < 2 {
			bodies = append(bodies, u.ID)
		}
	}
	if err := d.r.Answers.Opinion.Ask(ctx, d.officer, c.ID, bodies, "Phần bãi rác thuộc địa bàn nào, ai thu gom, mấy ngày một lần?", 5); err != nil {
		return err
	}
	list, err := d.r.Answers.Opinion.OfCase(ctx, d.officer, c.ID)
	if err != nil || len(list) == 0 {
		return err
	}
	_, err = d.r.Answers.Opinion.Give(ctx, d.officer, list[0].ID, "Hai phần ba bãi thuộc xã chúng tôi. Xe thu gom thứ ba và thứ sáu hằng tuần.", "Công văn 45/MTTQ")
	return err
}

// promises gives answers whose promises are kept, late, moved and disputed.
func (d *desk) promises(ctx context.Context) error {
	for i, p := range []struct {
		ask, what string
		due       int // days from the answer
		act       string
	}{
		{"Đường điện xóm 2 chập chờn, xin kiểm tra.", "Điện lực sẽ thay dây xóm 2 trong 9 ngày.", 9, "kept"},
		{"Nắp cống trước trường mầm non vỡ, nguy hiểm cho trẻ.", "Xã sẽ thay nắp cống trong 9 ngày.", 9, "reopened"},
		{"Loa xóm 6 hỏng nửa năm nay.", "Chúng tôi sẽ sửa loa trong 5 ngày.", 5, "late"},
		{"Mương nội đồng xóm 7 sạt lở, xin gia cố.", "Hợp tác xã sẽ kè lại mương trong 8 ngày.", 8, "changed"},
		{"Xin lắp đèn ở ngã ba vào nhà văn hóa xóm 1.", "Xóm sẽ lắp đèn trong 40 ngày.", 40, "waiting"},
	} {
		c, err := d.ask(ctx, p.ask, 14)
		if err != nil {
			return err
		}
		if err := d.clk.play(d.ago(12), func() error { return d.answer(ctx, c.ID, "Cảm ơn ông, bà. "+p.what, true) }); err != nil {
			return err
		}
		if err := d.fulfil(ctx, c.ID, p.act); err != nil {
			return fmt.Errorf("promise %d: %w", i, err)
		}
	}
	return nil
}

// fulfil does with the promise of a case what the story says, once the ledger has it.
func (d *desk) fulfil(ctx context.Context, caseID, act string) error {
	if act == "late" || act == "waiting" {
		return nil
	}
	if err := d.r.Answers.Promise.Settle(ctx, identity.System("rehearsal"), caseID, ""); err != nil {
		return err
	}
	list, _, err := d.r.Answers.Promise.OfCase(ctx, d.officer, caseID)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("the ledger has no promise of case %s", caseID)
	}
	s := d.r.Answers.Promise
	return d.clk.play(d.ago(4), func() (err error) {
		switch act {
		case "changed":
			_, err = s.Change(ctx, d.officer, list[0].ID, string(d.r.Units.Today().AddDays(25)), "Mưa lũ, phải chờ nước rút mới kè được.")
		default:
			_, err = s.Keep(ctx, d.officer, list[0].ID, "", "Đã làm xong, trưởng xóm đã xem.")
		}
		if err != nil || act != "reopened" {
			return err
		}
		picture, err := scene(1)
		if err != nil {
			return err
		}
		_, err = s.Dispute(ctx, list[0].ID, strings.NewReader(string(picture)), "Mới đậy tạm tấm ván, chưa có nắp cống.")
		return err
	})
}

// outside has three bodies without a place in the house: one has been asked and is silent, one has answered by its link.
func (d *desk) outside(ctx context.Context) error {
	for i, b := range []struct{ name, ask, text, why, answer string }{
		{"Công ty Điện lực Nghệ An", "Điện xóm 4 yếu, tối nào cũng tắt từ 18 đến 20 giờ.", "Điện xóm 4 yếu, tối nào cũng tắt từ 18 đến 20 giờ. Xin cho biết lịch sửa.", "Đường dây thuộc công ty quản lý", ""},
		{"Công ty Cấp nước Nghệ An", "Nước máy có mùi tanh, cặn vàng đã ba tuần.", "Nước máy có mùi tanh, cặn vàng đã ba tuần. Xin cho biết kết quả xét nghiệm.", "Công ty cấp nước cho xã", "Đã súc rửa đường ống ngày hôm qua; mẫu nước lấy lại đạt quy chuẩn."},
		{"Bưu điện văn hóa xã", "", "", "", ""},
	} {
		body, err := d.r.Routing.SaveBody(ctx, d.chair, routing.Body{UnitID: d.unit.ID, Name: b.name, Active: true})
		if err != nil || b.ask == "" {
			if err != nil {
				return err
			}
			continue
		}
		c, err := d.ask(ctx, b.ask, 3+i)
		if err != nil {
			return err
		}
		link, err := d.r.Routing.AskBody(ctx, d.officer, c.ID, body.ID, b.text, b.why, false)
		if err != nil {
			return err
		}
		if b.answer == "" {
			continue
		}
		if err := d.r.Routing.AnswerByLink(ctx, link[strings.LastIndex(link, "/")+1:], b.answer, "Phòng Kỹ thuật"); err != nil {
			return err
		}
	}
	return nil
}

// phrases keeps the texts that the desk writes again and again.
func (d *desk) phrases(ctx context.Context) error {
	s := phrase.Service{Cases: d.r.Feedback}
	for title, body := range map[string]string{
		"Cảm ơn, đã nhận":       "Cảm ơn ông, bà đã phản ánh. Chúng tôi đã chuyển tới nơi có trách nhiệm và sẽ trả lời đúng hạn.",
		"Hỏi thêm địa chỉ":      "Xin ông, bà cho biết rõ chỗ xảy ra việc: số nhà, ngõ, gần công trình nào, để cán bộ đến đúng nơi.",
		"Việc của công ty điện": "Đường dây này do công ty điện lực quản lý. Chúng tôi đã gửi ý kiến của ông, bà tới công ty và sẽ báo lại khi có trả lời.",
	} {
		if _, err := s.Save(ctx, d.officer, phrase.Text{UnitID: d.unit.ID, Title: title, Body: body}); err != nil {
			return err
		}
	}
	return nil
}

// former is a question that names a commune as people still call it.
func (d *desk) former(ctx context.Context) error {
	name := d.unit.FullName
	for _, u := range d.r.Units.Forest().AllIDs() {
		old, err := d.r.Units.Forest().Unit(u, d.r.Units.Today())
		if err != nil || old.Level != orgunit.LevelCommune || old.Stands(d.r.Units.Today()) {
			continue
		}
		if d.r.Units.Forest().Under(old.ID, d.unit.ID, d.r.Units.Today()) {
			name = old.FullName
			break
		}
	}
	_, err := d.ask(ctx, "Đường liên xóm ở "+lowerFirst(name)+" cũ sụt một đoạn dài sau mưa, xe máy khó qua, xin xã sửa giúp.", 2)
	return err
}

// lowerFirst writes the type of a unit as inside a sentence: "xã Nghi Kim".
func lowerFirst(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return s
	}
	return strings.ToLower(string(r[:1])) + string(r[1:])
}
