package zalo_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/sim/zalo"
)

// TestAnonymousChat: a visitor's message is told with its conversation, and answered by naming both; no call about users knows
// the visitor.
func TestAnonymousChat(t *testing.T) {
	l := listen(t)
	w, user := hooked(t, l, nil)
	said, v, err := w.sim.SayAnonymous(oaID, "khách ở quầy", zalo.Utterance{Text: "Xin hỏi"})
	if err != nil || v.ID == "" || v.Conversation == "" || said.User != v.ID {
		t.Fatal(said, v, err)
	}
	e := l.wait(t, 1)[0]
	if e.event.Name != "anonymous_send_text" || e.event.Sender.ID != v.ID || e.event.Recipient.ID != oaID || e.event.Message.MsgID != said.ID ||
		!strings.Contains(string(e.body), `"conversation_id":"`+v.Conversation+`"`) || strings.Contains(string(e.body), "user_id_by_app") {
		t.Fatalf("%s", e.body)
	}
	to := func(id, conversation string) object {
		return object{"anonymous_id": id, "conversation_id": conversation}
	}
	send := func(recipient object, message any) answer {
		return w.post("/v2.0/oa/message", object{"recipient": recipient, "message": message})
	}
	text := object{"text": "Chào bạn"}
	w.want(send(to(v.ID, v.Conversation), text), 0, "an answer")
	if e := l.wait(t, 2)[1]; e.event.Name != "oa_send_anonymous_text" || e.event.Sender.ID != oaID || e.event.Recipient.ID != v.ID {
		t.Fatalf("%s", e.body)
	}
	if ms := w.sim.Messages(oaID, v.ID); len(ms) != 2 || !ms[1].FromOA || ms[1].Conversation != v.Conversation {
		t.Fatalf("%+v", ms)
	}
	w.want(send(to(v.ID, "another"), text), -201, "another conversation")
	w.want(send(to(user, v.Conversation), text), -201, "a known user as a visitor")
	w.want(send(object{"user_id": v.ID}, text), -240, "an OA of v3 by v2")
	w.want(w.post("/v3.0/oa/message/cs", object{"recipient": object{"user_id": v.ID}, "message": text}), -201, "a visitor as a known user")
	w.want(send(to(v.ID, v.Conversation), object{"attachment": object{"type": "template", "payload": object{"template_type": "request_user_info", "elements": []object{{"title": "Thông tin"}}}}}), -233, "a form")
	w.want(send(to(v.ID, v.Conversation), object{"text": strings.Repeat("a", 2001)}), -210, "a long text")
	w.want(w.get(`/v3.0/oa/user/detail?data={"user_id":"`+v.ID+`"}`), -201, "their profile")
	w.want(w.get(`/v2.0/oa/conversation?data={"user_id":"`+v.ID+`","offset":0,"count":5}`), -201, "their history")
	if list := string(w.get(`/v2.0/oa/listrecentchat?data={"offset":0,"count":10}`).Data); strings.Contains(list, v.ID) {
		t.Error("the list of recent chats shows visitors")
	}
	if list := string(w.get(`/v3.0/oa/user/getlist?data={"offset":0,"count":50}`).Data); strings.Contains(list, v.ID) {
		t.Error("the list of users shows visitors")
	}
	_, old, err := w.sim.SayAnonymous(oaID, "tuần trước", zalo.Utterance{Text: "Xin hỏi", Quiet: true, At: w.clock.Now().AddDate(0, 0, -8)})
	if err != nil {
		t.Fatal(err)
	}
	w.want(send(to(old.ID, old.Conversation), text), -230, "after seven days")
	if _, _, err := w.sim.SayAnonymous("0", "x", zalo.Utterance{Text: "x"}); err == nil {
		t.Error("an OA that does not exist was written to")
	}
}

// TestUserFields: an OA makes up fields, notes values that fit, reads them as text, and loses them with the field.
func TestUserFields(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	user := w.sim.AddFollower(oaID, zalo.Person{Key: "an", Name: "Nguyễn Văn An"})
	const field, info = "/v3.0/oa/userfield/", "/v3.0/oa/user/update/custominfo"
	w.want(w.post(field+"create", object{"key": "hamlet", "name": "Xóm", "data_type": "text"}), 0, "create")
	w.want(w.post(field+"create", object{"key": "people", "data_type": "number"}), 0, "create a number")
	for what, body := range map[string]object{"twice": {"key": "hamlet", "data_type": "text"}, "the system's": {"key": "phone", "data_type": "text"}, "no type": {"key": "x", "data_type": "colour"}, "no key": {"data_type": "text"}, "a bad key": {"key": "a b", "data_type": "text"}} {
		w.want(w.post(field+"create", body), -201, "create "+what)
	}
	w.want(w.post(field+"update", object{"key": "hamlet", "name": "Thôn, xóm"}), 0, "rename")
	w.want(w.post(field+"update", object{"key": "hamlet", "data_type": "number"}), -201, "another type")
	w.want(w.post(field+"update", object{"key": "phone", "name": "Máy"}), -201, "rename the system's")
	var list struct {
		Total  int              `json:"total"`
		Fields []zalo.UserField `json:"fields"`
	}
	for query, total := range map[string]int{"?field_type=oa_custom": 2, `?data={"field_type":"system"}`: 6, "?fields_to_get=hamlet,phone": 2, "": 8} {
		_ = json.Unmarshal(w.get(field+"get"+query).Data, &list)
		if list.Total != total {
			t.Errorf("%q: %d fields, want %d", query, list.Total, total)
		}
	}
	w.want(w.get(field+"get?field_type=other"), -201, "a strange kind")
	w.want(w.post(info, object{"user_id": user, "custom_info": object{"hamlet": "Xóm 5", "people": 4}}), 0, "note")
	for what, custom := range map[string]object{"unknown": {"other": "x"}, "no number": {"people": "bốn"}, "too long": {"hamlet": strings.Repeat("ă", 256)}, "a list": {"hamlet": []int{1}}} {
		w.want(w.post(info, object{"user_id": user, "custom_info": custom}), -201, what)
	}
	w.want(w.post(info, object{"user_id": "0", "custom_info": object{}}), -201, "nobody")
	read := func() map[string]string {
		var out struct {
			Name   string            `json:"name"`
			Custom map[string]string `json:"custom_info"`
		}
		if err := json.Unmarshal(w.get(`/v3.0/oa/user/detail/custominfo?data={"user_id":"`+user+`"}`).Data, &out); err != nil || out.Name != "Nguyễn Văn An" {
			t.Fatal(out, err)
		}
		return out.Custom
	}
	if got := read(); got["hamlet"] != "Xóm 5" || got["people"] != "4" {
		t.Error(got)
	}
	w.want(w.post(field+"delete", object{"key": "hamlet"}), 0, "delete")
	w.want(w.post(field+"delete", object{"key": "hamlet"}), -201, "delete twice")
	w.want(w.post(field+"delete", object{"key": "phone"}), -201, "delete the system's")
	if got := read(); len(got) != 1 {
		t.Error("a value without a field:", got)
	}
}

// TestUserUpdate: both ways of writing a person's contact are taken, and the detail shows them; a contact that was handed over in
// the newer form comes under full_address.
func TestUserUpdate(t *testing.T) {
	l := listen(t)
	w, user := hooked(t, l, nil)
	detail := func() (out struct {
		Alias    string            `json:"user_alias"`
		External string            `json:"user_external_id"`
		Shared   map[string]string `json:"shared_info"`
	}) {
		_ = json.Unmarshal(w.get(`/v3.0/oa/user/detail?data={"user_id":"`+user+`"}`).Data, &out)
		return out
	}
	w.want(w.post("/v2.0/oa/updatefollowerinfo", object{"user_id": user, "name": "An", "phone": "84912000111", "address": "Xóm 5", "city_id": 59, "notes": []string{"tổ trưởng"}}), 0, "the older form")
	if d := detail(); d.Shared["phone"] != "84912000111" || d.Shared["city"] != "59" || d.Shared["address"] != "Xóm 5" {
		t.Errorf("%+v", d)
	}
	w.want(w.post("/v3.0/oa/user/update", object{"user_id": user, "user_alias": "Bác An", "user_external_id": "H-17", "shared_info": object{"phone": "84912000222", "user_dob": "31/12/1979"}}), 0, "the newer form")
	if d := detail(); d.Alias != "Bác An" || d.External != "H-17" || d.Shared["phone"] != "84912000222" || d.Shared["name"] != "An" {
		t.Errorf("%+v", d)
	}
	w.want(w.post("/v3.0/oa/user/update", object{"user_id": user, "shared_info": object{"user_dob": "31/12/1969"}}), -201, "born before 1970")
	w.want(w.post("/v3.0/oa/user/update", object{"user_id": "0"}), -201, "nobody")
	if err := w.sim.Submit(oaID, user, zalo.Contact{Name: "Nguyễn Văn An", Phone: "84912000333", Address: "Xóm 5", City: "Nghệ An", Ward: "Kim Liên", Nested: true}); err != nil {
		t.Fatal(err)
	}
	if b := string(l.wait(t, 1)[0].body); !strings.Contains(b, `"full_address":{"user_address":"Xóm 5","user_city":"Nghệ An","user_ward":"Kim Liên"}`) {
		t.Error(b)
	}
	if d := detail(); d.Shared["phone"] != "84912000333" || d.Shared["city"] != "Nghệ An" {
		t.Errorf("%+v", d)
	}
}
