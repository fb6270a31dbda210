package triage_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/triage"
)

func TestKind(t *testing.T) {
	for text, want := range map[string]feedback.Kind{
		"Đèn đường khối 5 hỏng hai tháng nay":                              feedback.Report,
		"Tôi viết đơn tố cáo ông Trần Văn Mốc nhận hối lộ":                 feedback.Denunciation,
		"Toi to cao can bo thon an chan tien ho tro":                       feedback.Denunciation,
		"Tôi khiếu nại quyết định thu hồi đất":                             feedback.Complaint,
		"Kiến nghị lắp thêm đèn ở ngõ 4":                                   feedback.Petition,
		"Kiến nghị làm đường; tôi cũng tố cáo việc thu tiền trái quy định": feedback.Denunciation,
		"Xin hỏi nộp tố cáo ở đâu?":                                        feedback.Denunciation, // the careful side: a person decides
		"Xã tổ chức hội thảo cao điểm":                                     feedback.Report,
	} {
		if got := triage.Kind(text); got.Kind != want || (want == feedback.Report) != (len(got.Words) == 0) {
			t.Errorf("%q: %+v, want %s", text, got, want)
		}
	}
}

func TestMixed(t *testing.T) {
	if got := triage.Mixed("Kiến nghị lắp đèn"); got != nil {
		t.Errorf("one matter: %v", got)
	}
	want := []feedback.Kind{feedback.Denunciation, feedback.Petition}
	if d := cmp.Diff(want, triage.Mixed("Kiến nghị làm đường. Tôi tố cáo ông trưởng thôn tham ô.")); d != "" {
		t.Error(d)
	}
}

func TestDangers(t *testing.T) {
	for text, want := range map[string][]triage.Danger{
		"Nhà bên đang cháy, có người mắc kẹt, cấp cứu": {triage.Fire, triage.Ambulance},
		"Cháu bé bị đánh nhiều lần, có bạo hành trẻ":   {triage.Police, triage.Children},
		"Chạy xe quá tốc độ trước cổng trường":         nil,
		"Tôi hỏi chế độ cho người có công":             nil,
	} {
		if d := cmp.Diff(want, triage.Dangers(text)); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}
