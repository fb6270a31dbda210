package directive_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/directive"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

var (
	leader    = identitytest.Official("lanh-dao", identity.RoleLeader, orgunittest.Province)
	ward      = identitytest.Official("phuong", identity.RoleSecretary, orgunittest.VinhHung)
	otherWard = identitytest.Official("phuong-khac", identity.RoleSecretary, orgunittest.TruongVinh)
	editor    = identitytest.Official("bien-tap", identity.RoleEditor, orgunittest.Province)
	citizen   = identity.Actor{Kind: identity.ActorCitizen}
)

type diary struct{ acts []string }

func (d *diary) Record(_ context.Context, _ db.Tx, t identity.Trace) error {
	d.acts = append(d.acts, t.Action)
	return nil
}

type kit struct {
	*directive.Service
	t     *testing.T
	clock *clock.Stub
	queue *jobs.Queue
	diary *diary
}

func newKit(t *testing.T, d *db.DB) *kit {
	t.Helper()
	k := &kit{t: t, clock: clock.NewStub(orgunittest.Now), diary: &diary{}}
	units := orgunittest.SeedAt(t, d, k.clock)
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	var err error
	if k.queue, err = jobs.New(d, jobs.Config{Fast: true}); err != nil {
		t.Fatal(err)
	}
	z, err := identity.NewAuthorizer(units, k.clock, identity.PolicyFile{Feature: "directive", Text: directive.Policies})
	if err != nil {
		t.Fatal(err)
	}
	files, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k.Service = directive.New(directive.Deps{DB: d, Queue: k.queue, Clock: k.clock, Authz: z, Trail: k.diary, Forest: units.Forest, Pictures: picture.NewStore(files), Blobs: files})
	return k
}

func (k *kit) send(in directive.Draft) directive.Directive {
	k.t.Helper()
	d, err := k.Send(k.t.Context(), leader, in, "", nil)
	if err != nil {
		k.t.Fatal(err)
	}
	return d
}

// taskOf is the task of a unit.
func (k *kit) taskOf(directiveID, unitID string) directive.Asked {
	k.t.Helper()
	s, err := k.Sheet(k.t.Context(), leader, directiveID, directive.TaskFilter{})
	if err != nil {
		k.t.Fatal(err)
	}
	for _, a := range s.Tasks {
		if a.Unit.ID == unitID {
			return a
		}
	}
	k.t.Fatalf("%s was not asked", unitID)
	return directive.Asked{}
}

func draft() directive.Draft {
	return directive.Draft{UnitID: orgunittest.Province, Title: "Rà soát hộ bị ngập sau bão số 9", Text: "Đến từng hộ, ghi số nhà bị ngập.", Deadline: "25/11/2026", Level: orgunit.LevelCommune}
}

func photo(t *testing.T) io.Reader {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 64, 48))
	m.Set(3, 3, color.RGBA{200, 20, 20, 255})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return &b
}

func each(t *testing.T, fn func(k *kit)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(newKit(t, d)) }, orgunittest.Migrations, directive.Migrations)
}

func TestDirectiveGoesDownAndReportsComeUp(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		d := k.send(draft())
		sheet, err := k.Sheet(ctx, leader, d.ID, directive.TaskFilter{})
		if err != nil || sheet.Progress.Total() != 3 || sheet.Progress.Waiting != 3 {
			k.t.Fatalf("%+v, %v", sheet.Progress, err)
		}
		task := k.taskOf(d.ID, orgunittest.VinhHung)
		list, n, err := k.ReceivedList(ctx, ward, "ra soat", 1, 20)
		if err != nil || n != 1 || list[0].Task.ID != task.Task.ID {
			k.t.Fatalf("the ward received %d: %v", n, err)
		}
		for _, step := range []func() error{
			func() error { return k.See(ctx, ward, task.Task.ID) },
			func() error { return k.Acknowledge(ctx, ward, task.Task.ID) },
			func() error { return k.Acknowledge(ctx, ward, task.Task.ID) }, // again: nothing more
			func() error {
				return k.Report(ctx, ward, task.Task.ID, directive.Report{Note: "Đã rà soát 42 hộ.", Picture: photo(k.t), PictureAlt: "Họp khối"})
			},
			func() error { return k.See(ctx, ward, task.Task.ID) }, // looking again takes nothing back
		} {
			if err := step(); err != nil {
				k.t.Fatal(err)
			}
		}
		got := k.taskOf(d.ID, orgunittest.VinhHung)
		if got.Step != directive.Done || got.Note != "Đã rà soát 42 hộ." || got.Picture == "" || got.SeenAt.IsZero() || got.AcknowledgedAt.IsZero() {
			k.t.Errorf("%+v", got.Task)
		}
		a, err := k.Task(ctx, ward, task.Task.ID)
		if err != nil || len(a.History) != 3 {
			k.t.Errorf("%d steps in the history, %v", len(a.History), err)
		}
		used, err := k.UsedPictures(ctx, []string{got.Picture, "other"})
		if err != nil || len(used) != 1 {
			k.t.Errorf("used pictures: %v, %v", used, err)
		}
	})
}

func TestReportIsSentBack(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		d := k.send(draft())
		task := k.taskOf(d.ID, orgunittest.VinhHung).Task.ID
		if err := k.SendBack(ctx, leader, task, "chưa có số liệu"); !fault.Is(err, fault.Conflict) {
			k.t.Errorf("nothing was reported yet: %v", err)
		}
		if err := k.Report(ctx, ward, task, directive.Report{Note: "xong"}); err != nil {
			k.t.Fatal(err)
		}
		if err := k.SendBack(ctx, leader, task, " "); !fault.Is(err, fault.Invalid) {
			k.t.Errorf("without a reason: %v", err)
		}
		if err := k.SendBack(ctx, leader, task, "chưa có số hộ"); err != nil {
			k.t.Fatal(err)
		}
		if got := k.taskOf(d.ID, orgunittest.VinhHung); got.Step != directive.Acknowledged {
			k.t.Errorf("stands at %s", got.Step)
		}
		if err := k.Report(ctx, ward, task, directive.Report{Note: "42 hộ"}); err != nil {
			k.t.Error(err)
		}
	})
}

func TestWhoMayDoWhat(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		for who, actor := range map[string]identity.Actor{"an editor": editor, "a ward": ward, "a citizen": citizen} {
			if _, err := k.Send(ctx, actor, draft(), "", nil); err == nil {
				k.t.Errorf("%s sends in the name of the province", who)
			}
		}
		d := k.send(draft())
		task := k.taskOf(d.ID, orgunittest.VinhHung).Task.ID
		if err := k.Acknowledge(ctx, otherWard, task); !fault.Is(err, fault.NotFound) {
			k.t.Errorf("another ward answers: %v", err)
		}
		if _, err := k.Task(ctx, otherWard, task); !fault.Is(err, fault.NotFound) {
			k.t.Errorf("another ward reads: %v", err)
		}
		if _, err := k.Sheet(ctx, ward, d.ID, directive.TaskFilter{}); !fault.Is(err, fault.NotFound) {
			k.t.Errorf("a ward sees how the others stand: %v", err)
		}
		if err := k.Acknowledge(ctx, leader, task); !fault.Is(err, fault.NotFound) {
			k.t.Errorf("the province answers for the ward: %v", err)
		}
		in := draft()
		in.Units = []string{orgunittest.Department}
		if _, err := k.Send(ctx, leader, in, "", nil); !fault.Is(err, fault.Invalid) {
			k.t.Errorf("an agency is asked: %v", err)
		}
	})
}

func TestPassedOn(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		d := k.send(draft())
		task := k.taskOf(d.ID, orgunittest.VinhHung).Task.ID
		in := directive.Draft{UnitID: orgunittest.VinhHung, ParentTask: task, Title: "Rà soát hộ ngập", Text: "Báo trước ngày 23.", Deadline: "2026-11-23", Level: orgunit.LevelArea}
		if _, err := k.Send(ctx, ward, in, "", nil); err != nil {
			k.t.Fatal(err)
		}
		if got := k.taskOf(d.ID, orgunittest.VinhHung); got.Below.Total() != 2 || got.Below.Waiting != 2 {
			k.t.Errorf("the province sees %+v below the ward", got.Below)
		}
		in.UnitID, in.Units = orgunittest.TruongVinh, nil
		if _, err := k.Send(ctx, otherWard, in, "", nil); !fault.Is(err, fault.NotFound) {
			k.t.Errorf("another ward's task is passed on: %v", err)
		}
	})
}

func TestLinks(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		in := draft()
		in.Level = orgunit.LevelArea
		d := k.send(in)
		first, err := k.Links(ctx, leader, d.ID)
		if err != nil || len(first) != 4 {
			k.t.Fatalf("%d links, %v", len(first), err)
		}
		again, err := k.Links(ctx, leader, d.ID)
		if err != nil {
			k.t.Fatal(err)
		}
		key := func(err error) string {
			if e, ok := err.(*fault.Error); ok {
				return e.Key
			}
			return ""
		}
		if _, err := k.ByLink(ctx, first[0].Token); key(err) != "directive.link_gone" {
			k.t.Errorf("the replaced link: %v", err)
		}
		if _, err := k.ByLink(ctx, strings.Repeat("0", 64)); key(err) != "directive.link_gone" {
			k.t.Errorf("a guessed link: %v", err)
		}
		token := again[0].Token
		a, err := k.ByLink(ctx, token)
		if err != nil || a.Directive.ID != d.ID || a.Step != directive.Waiting {
			k.t.Fatalf("%+v, %v", a, err)
		}
		if err := k.AnswerByLink(ctx, token, directive.Acknowledged, directive.Report{}); err != nil {
			k.t.Fatal(err)
		}
		if err := k.AnswerByLink(ctx, token, directive.Done, directive.Report{}); !fault.Is(err, fault.Invalid) {
			k.t.Errorf("an empty report: %v", err)
		}
		if err := k.AnswerByLink(ctx, token, directive.Done, directive.Report{Note: "7 hộ ngập"}); err != nil {
			k.t.Fatal(err)
		}
		if err := k.AnswerByLink(ctx, token, directive.Done, directive.Report{Note: "thêm"}); key(err) != "directive.link_used" {
			k.t.Errorf("the used link: %v", err)
		}
		k.clock.Advance(20 * 24 * time.Hour)
		if _, err := k.ByLink(ctx, again[1].Token); key(err) != "directive.link_gone" {
			k.t.Errorf("the old link: %v", err)
		}
		if err := k.End(ctx, leader, d.ID, directive.Withdrawn, ""); !fault.Is(err, fault.Invalid) {
			k.t.Errorf("taken back without a reason: %v", err)
		}
		if err := k.End(ctx, leader, d.ID, directive.Closed, ""); err != nil {
			k.t.Fatal(err)
		}
		if err := k.End(ctx, leader, d.ID, directive.Closed, ""); !fault.Is(err, fault.Conflict) {
			k.t.Errorf("closed twice: %v", err)
		}
		if _, err := k.Links(ctx, leader, d.ID); !fault.Is(err, fault.Conflict) {
			k.t.Errorf("links of a closed directive: %v", err)
		}
	})
}

func TestRemindersAreCountedOnce(t *testing.T) {
	each(t, func(k *kit) {
		ctx := k.t.Context()
		d := k.send(draft())
		done := k.taskOf(d.ID, orgunittest.KimLien).Task.ID
		if err := k.Report(ctx, identitytest.Official("kl", identity.RoleLeader, orgunittest.KimLien), done, directive.Report{Note: "xong"}); err != nil {
			k.t.Fatal(err)
		}
		for _, c := range []struct {
			days, want int
		}{{1, 0}, {1, 1}, {0, 1}, {2, 2}, {3, 3}, {30, 5}} {
			k.clock.Advance(time.Duration(c.days) * 24 * time.Hour)
			if err := k.Nudge(ctx); err != nil {
				k.t.Fatal(err)
			}
			if got := k.taskOf(d.ID, orgunittest.VinhHung); got.Nudges != c.want {
				k.t.Errorf("%s: %d reminders, want %d", k.Today(), got.Nudges, c.want)
			}
		}
		if got := k.taskOf(d.ID, orgunittest.KimLien); got.Nudges != 0 {
			k.t.Error("who is done was reminded")
		}
		if got := k.taskOf(d.ID, orgunittest.VinhHung); !got.Late {
			k.t.Error("the ward is late")
		}
	})
}

func TestDraftsAreRefused(t *testing.T) {
	d := dbtest.SQLite(t, orgunittest.Migrations, directive.Migrations)
	k := newKit(t, d)
	for name, c := range map[string]struct {
		change func(*directive.Draft)
		field  string
	}{
		"no title":      {func(in *directive.Draft) { in.Title = " " }, "title"},
		"long title":    {func(in *directive.Draft) { in.Title = strings.Repeat("a", 201) }, "title"},
		"no text":       {func(in *directive.Draft) { in.Text = "" }, "text"},
		"no day":        {func(in *directive.Draft) { in.Deadline = "" }, "deadline"},
		"no such day":   {func(in *directive.Draft) { in.Deadline = "31/02/2027" }, "deadline"},
		"yesterday":     {func(in *directive.Draft) { in.Deadline = "20/11/2026" }, "deadline"},
		"no level":      {func(in *directive.Draft) { in.Level = "" }, "level"},
		"nobody there":  {func(in *directive.Draft) { in.Level = orgunit.LevelDistrict }, "level"},
		"somebody else": {func(in *directive.Draft) { in.Units = []string{"x"} }, "units"},
	} {
		in := draft()
		c.change(&in)
		_, err := k.Send(t.Context(), leader, in, "", nil)
		if err == nil || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, body := range map[string]string{"empty": "", "program": "MZ\x90\x00", "page": "<html><script>"} {
		if _, err := k.Send(t.Context(), leader, draft(), "ke-hoach.pdf", strings.NewReader(body)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s as attachment: %v", name, err)
		}
	}
	sent, err := k.Send(t.Context(), leader, draft(), `C:\chỉ đạo\kế hoạch.exe`, strings.NewReader("%PDF-1.4\n%âãÏÓ\n1 0 obj\n"))
	if err != nil || sent.File.Name != "kế hoạch.pdf" {
		t.Fatalf("%+v, %v", sent.File, err)
	}
	f, r, err := k.File(t.Context(), leader, sent.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, _ := io.ReadAll(r); f.Type != "application/pdf" || !strings.HasPrefix(string(b), "%PDF") {
		t.Errorf("%s, %q", f.Type, b)
	}
}
