package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// openToStrangers lists the use cases that succeed for somebody who has no right to the thing named, or are refused for
// another reason than the right, each with the ground why that gives nothing away.
var openToStrangers = map[string]string{
	"Feedback.Ask":               "anybody may ask; what comes back is the asker's own",
	"Feedback.SavePicture":       "anybody may add a photo to their own form; what comes back is the form's secret",
	"Feedback.ByCode":            "whoever has the tracking code may follow the case: the code is the key, and this test keeps it back",
	"Feedback.Rate":              "by tracking code, as ByCode",
	"Feedback.Reopen":            "by tracking code, as ByCode",
	"Feedback.Coded":             "by tracking code, as ByCode",
	"Feedback.Surveyed":          "by tracking code, as ByCode",
	"Survey.Of":                  "by tracking code, as Feedback.ByCode",
	"Survey.Say":                 "by tracking code, as Feedback.ByCode",
	"Files.Given":                "by tracking code, as Feedback.ByCode",
	"Files.OpenGiven":            "by tracking code, as Feedback.ByCode",
	"Feedback.Supply":            "by tracking code, as ByCode",
	"Relief.SendOffer":           "anybody may offer goods; what comes back is the giver's own",
	"People.SetLang":             "changes the actor's own account only",
	"People.Rename":              "changes the actor's own account only",
	"People.RevokeOtherSessions": "ends the actor's own sessions only",
	"People.RevokeSession":       "ends one of the actor's own sessions; another's is not found among them and stays",
	"People.BeginPasskey":        "the actor's own account; refused because passkeys do not work at this address",
	"People.FinishPasskey":       "the actor's own account, as BeginPasskey",
	"People.ProvePasskey":        "the actor's own account, as BeginPasskey",
	"People.Prove":               "the actor's own password; refused after a few tries",
	"Channels.FinishConnect":     "refused because no connection was begun that this could finish",
	"People.RemovePasskey":       "removes one of the actor's own passkeys; another's is not found among them and stays",
}

// TestStrangersReadNothing calls every exported use case of every room, found by reflection, as a citizen and as officials of
// a sister commune in each role, with the ids of things that are not theirs. Each call must be refused, or give nothing that
// is the other commune's, and afterwards everything must stand as before. A new use case is covered without a word here.
func TestStrangersReadNothing(t *testing.T) {
	s := seed(t, openHouse(t, "sqlite"))
	r := s.Rooms
	services := []struct {
		name string
		of   any
	}{{"People", r.People}, {"Channels", r.Channels}, {"Publish", r.Publish}, {"Planner", r.Planner}, {"Regulation", r.Regulation}, {"Localise", r.Localise}, {"Feedback", r.Feedback}, {"Deadline", r.Deadline}, {"Routing", r.Routing}, {"Similar", r.Answers.Similar}, {"Follow", r.Answers.Follow}, {"Phone", r.Answers.Phone}, {"Survey", r.Answers.Survey}, {"Promise", r.Answers.Promise}, {"Opinion", r.Answers.Opinion}, {"Files", r.Answers.Files}, {"Inbox", r.Inbox}, {"Loud", r.Loud}, {"Fleet", r.Fleet}, {"Voter", r.Voter}, {"Readers", r.Readers}, {"Audience", r.Audience}, {"Notices", r.Notices}, {"Films", r.Films}, {"Spending", r.Spending}, {"Cash", r.Cash}, {"Award", r.Award}, {"Disclosure", r.Disclosure}, {"Household", r.Household}, {"Relief", r.Relief}, {"Housing", r.Housing}, {"Directive", r.Directive}, {"Correction", r.Correction}, {"Statistics", r.Statistics}, {"Topics", r.Topics}, {"Assist", r.Assist}, {"Sites", r.Sites}, {"Admin", r.Admin}, {"Diary", r.Diary}}
	actors := []identity.Actor{identity.Citizen()}
	for _, role := range identity.Roles {
		if role != identity.RoleSystemAdmin { // looks after the machine everywhere; the table of policies shows what that opens
			actors = append(actors, s.official("la-"+strings.ReplaceAll(string(role), "_", "-"), role, s.Sister))
		}
	}
	before := s.fingerprint()
	w := &walk{s: s, marks: s.marks(), ids: s.ids()}
	for _, svc := range services {
		v := reflect.ValueOf(svc.of)
		for i := range v.NumMethod() {
			m := v.Type().Method(i)
			if takesActor(m.Type) {
				w.method(svc.name+"."+m.Name, v.Method(i), actors)
			}
		}
	}
	if w.methods < 90 || w.calls < 2000 {
		t.Errorf("only %d use cases in %d calls: the walk does not find them any more", w.methods, w.calls)
	}
	if after := s.fingerprint(); after != before {
		t.Errorf("a stranger changed something:\n%s\n%s", before, after)
	}
	for name := range openToStrangers {
		if !w.seen[name] {
			t.Errorf("%s is excused but does not exist", name)
		}
	}
}

// takesActor tells whether a method has the shape of a use case: (receiver, context, actor, …).
func takesActor(m reflect.Type) bool {
	return m.NumIn() >= 3 && m.In(1) == reflect.TypeFor[context.Context]() && m.In(2) == reflect.TypeFor[identity.Actor]()
}

// ids are the things a stranger asks for. The two tracking codes are kept back: they are keys.
func (s *seeded) ids() []string {
	return []string{s.Unit, s.Draft.ID, s.Post.ID, s.Case.ID, s.Secret.ID, s.Answer, s.Account.ID, s.Conversation.ID, s.Message, s.Group, s.MembershipID, s.Desk.ID, s.Delivery}
}

// marks are words and ids by which the other commune's things are known wherever they turn up.
func (s *seeded) marks() []string {
	return append(s.ids()[1:], draftTitle, publishedTitle, ordinaryWords, secretWords, spokenWords, s.Case.Code, s.Secret.Code, "Phan Văn Hỏi", "Bùi Thị Nhắn", s.Account.ExternalID,
		"Nhóm riêng", "bien-tap@nghean.example", "duyet@nghean.example", "tiep-nhan@nghean.example", s.Editor.ID, s.Leader.ID)
}

// fingerprint is what the owners see of their things.
func (s *seeded) fingerprint() string {
	ctx, r := s.t.Context(), s.Rooms
	var out []any
	keep := func(x any, err error) {
		s.must(err)
		out = append(out, x)
	}
	for _, postID := range []string{s.Draft.ID, s.Post.ID} {
		f, err := r.Publish.Open(ctx, s.Editor, postID)
		keep([]any{f.Post.State, f.Rev, f.UnitID, len(f.Comments), len(f.Pictures), f.Now.Title}, err)
	}
	for _, caseID := range []string{s.Case.ID, s.Secret.ID} {
		d, err := r.Feedback.Dossier(ctx, s.Leader, caseID)
		keep([]any{d.Case.State, d.Case.Version, d.Case.HolderUnitID, len(d.Events), len(d.Answers)}, err)
	}
	c, err := r.Inbox.Look(ctx, s.Desk, s.Conversation.ID)
	keep([]any{c.State, c.Unread, c.ClaimedBy, c.CaseID, len(c.Lines)}, err)
	a, err := r.Channels.AccountByID(ctx, s.Account.ID)
	keep([]any{a.State, a.UnitID}, err)
	_, n, err := r.People.People(ctx, s.ProvinceAdmin, identity.PeopleQuery{UnitID: s.Unit})
	keep(n, err)
	site, err := r.Sites.Site(ctx, s.Unit)
	keep(site, err)
	gs, err := r.Publish.Groups(ctx, s.Editor)
	keep(gs, err)
	keep(len(r.Units.Forest().Children(s.Unit, r.Units.Today())), nil)
	return fmt.Sprintf("%+v", out)
}

// walk calls use cases with things that are not the actor's.
type walk struct {
	s              *seeded
	marks, ids     []string
	methods, calls int
	seen           map[string]bool
	told           map[string]bool
}

func (w *walk) method(name string, fn reflect.Value, actors []identity.Actor) {
	if w.seen == nil {
		w.seen, w.told = map[string]bool{}, map[string]bool{}
	}
	w.seen[name] = true
	w.methods++
	typ := fn.Type()
	texts := 0
	for i := 2; i < typ.NumIn(); i++ {
		if typ.In(i).Kind() == reflect.String {
			texts++
		}
	}
	for _, actor := range actors {
		for _, thing := range w.ids {
			others := []string{thing}
			if texts > 1 {
				others = append(others, "Một lý do đủ dài để được nhận")
			}
			for _, other := range others {
				args := []reflect.Value{reflect.ValueOf(w.s.t.Context()), reflect.ValueOf(actor)}
				first := true
				for i := 2; i < typ.NumIn(); i++ {
					text := other
					if first {
						text = thing
					}
					if typ.In(i).Kind() == reflect.String {
						first = false
					}
					args = append(args, w.fill(typ.In(i), "", text, 0))
				}
				w.judge(name, actor, thing, fn.Call(args))
				if typ.NumIn() == 2 {
					break
				}
			}
			if typ.NumIn() == 2 { // takes nothing: once is enough
				break
			}
		}
	}
}

// judge checks what came of one call.
func (w *walk) judge(name string, actor identity.Actor, thing string, out []reflect.Value) {
	w.calls++
	who := string(actor.Kind)
	if len(actor.Grants) > 0 {
		who = string(actor.Grants[0].Role)
	}
	err, _ := out[len(out)-1].Interface().(error)
	if err != nil {
		refusals := []fault.Kind{fault.Forbidden, fault.NotFound, fault.Unauthenticated, fault.Invalid}
		if openToStrangers[name] != "" {
			refusals = append(refusals, fault.Conflict, fault.TooMany)
		}
		var known *fault.Error
		var fields fault.Fields
		if (!errors.As(err, &known) && !errors.As(err, &fields)) || !slices.Contains(refusals, fault.KindOf(err)) {
			w.tell(fmt.Sprintf("%s: %v", name, err), who, thing)
		}
		return
	}
	if len(out) == 1 && openToStrangers[name] == "" {
		w.tell(name+": done", who, thing)
	}
	if openToStrangers[name] != "" && len(out) == 1 {
		return
	}
	for _, v := range out[:len(out)-1] {
		said := fmt.Sprintf("%+v", v.Interface())
		for _, mark := range w.marks {
			if strings.Contains(said, mark) && !(openToStrangers[name] != "" && mark == thing) {
				w.tell(fmt.Sprintf("%s gives away %q", name, mark), who, thing)
			}
		}
	}
}

// tell reports a finding once, with the first who found it.
func (w *walk) tell(what, who, thing string) {
	w.s.t.Helper()
	if !w.told[what] {
		w.told[what] = true
		w.s.t.Errorf("%s (as %s, with %s)", what, who, thing)
	}
}

// fill makes an argument: every plain text in it names the thing, every date and time is now, kinds are real ones.
func (w *walk) fill(typ reflect.Type, field, thing string, depth int) reflect.Value {
	v := reflect.New(typ).Elem()
	switch typ {
	case reflect.TypeFor[io.Reader]():
		return reflect.ValueOf(io.Reader(strings.NewReader("x"))).Convert(typ)
	case reflect.TypeFor[time.Time]():
		return reflect.ValueOf(w.s.Rooms.Clock.Now())
	case reflect.TypeFor[clock.Date]():
		return reflect.ValueOf(w.s.Rooms.Units.Today())
	case reflect.TypeFor[channel.Kind]():
		return reflect.ValueOf(channel.Zalo)
	case reflect.TypeFor[feedback.Kind]():
		return reflect.ValueOf(feedback.Report)
	case reflect.TypeFor[identity.Role]():
		return reflect.ValueOf(identity.RoleEditor)
	case reflect.TypeFor[identity.Actor]():
		return v
	}
	switch typ.Kind() {
	case reflect.String:
		if typ == reflect.TypeFor[string]() && (field == "" || naming(field)) {
			v.SetString(thing)
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Bool:
		v.SetBool(field == "" || field == "Below")
	case reflect.Slice:
		if depth < 3 && typ.Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.Append(v, w.fill(typ.Elem(), field, thing, depth+1)))
		}
	case reflect.Struct:
		for i := range typ.NumField() {
			f := typ.Field(i)
			if f.IsExported() && depth < 3 && !f.Anonymous {
				v.Field(i).Set(w.fill(f.Type, f.Name, thing, depth+1))
			}
		}
	}
	return v
}

// naming tells whether a field names a thing rather than describing it.
func naming(field string) bool {
	return strings.HasSuffix(field, "ID") || strings.HasSuffix(field, "IDs") || slices.Contains([]string{"Unit", "From", "Ref", "Author", "ClaimedBy", "Actor"}, field)
}
