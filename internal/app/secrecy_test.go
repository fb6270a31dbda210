package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// The marks by which a leak is known: a word in the text, the place, the reasons of officials, the name and the telephone.
const (
	markText   = "quachphungxa"
	markPlace  = "ngõ trangkhuyet"
	markReason = "lydonoiboxyz"
	markName   = "Đinh Thị Kínđáo"
	markPhone  = "0987 123 459"
)

// safeBuffer is a log that many write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestSecrecyOfDenunciations seeds denunciations that came in by three ways – as one, as a report that turned out to be one
// after officials had worked on it, and as a message – and then looks for their words, names and codes: on every page, list,
// export, feed and interface as every role in every place but their receiver's, in the log, in the audit lines, in the
// arguments of jobs, and in every column of every table (Law on Denunciations 25/2018/QH14, article 9).
func TestSecrecyOfDenunciations(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			log := &safeBuffer{}
			s := secrets(t, engine, log)
			if engine == "sqlite" { // pages do not depend on the engine
				s.walk()
			}
			s.tables()
			if found := s.leak(log.String()); found != "" {
				t.Errorf("the log holds %q", found)
			}
		})
	}
}

// keeper is a house with denunciations in it.
type keeper struct {
	*seeded
	cases []feedback.Case
	words []string // of content and person: nowhere in the clear
	keys  []string // ids and codes: on no page but the receiver's
	ids   []string // what is put into the addresses
}

func secrets(t *testing.T, engine string, log io.Writer) *keeper {
	t.Helper()
	c := app.Defaults()
	c.Data, c.Log.Level, c.Rehearsal.SignIn = t.TempDir(), "debug", true
	if engine == "postgres" {
		c.Database = dbtest.PostgresURL(t)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	h, err := app.Open(t.Context(), c, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	s := &keeper{seeded: seed(t, h), words: []string{markText, "trangkhuyet", markReason, "kindao", "Kínđáo", "0987123459", "0987 123 459"}}
	ctx, f := t.Context(), s.Rooms.Feedback
	in := feedback.Intake{UnitID: s.Unit, Kind: feedback.Denunciation, Text: "Tôi tố cáo chuyện " + markText + " ở xã ta.", Place: feedback.Place{Text: markPlace, Lat: 18.6734, Lon: 105.6923},
		Person: feedback.Person{Name: markName, Phone: markPhone, Address: markPlace}, MayPublish: true}
	direct, err := f.Ask(ctx, identity.Citizen(), in)
	s.must(err)
	in.Kind = feedback.Report
	later, err := f.Ask(ctx, identity.Citizen(), in)
	s.must(err)
	_, err = f.Note(ctx, s.Desk, later.ID, "Ghi chú "+markReason)
	s.must(err)
	_, err = f.Pause(ctx, s.Desk, later.ID, "Việc "+markReason+" ở đâu?", 3)
	s.must(err)
	_, err = f.Supply(ctx, identity.Citizen(), later.Code, "Ở "+markPlace)
	s.must(err)
	_, err = f.Draft(ctx, s.Desk, later.ID, "Trả lời về "+markText)
	s.must(err)
	_, err = f.Classify(ctx, s.Desk, later.ID, feedback.Denunciation, "Có tố cáo "+markReason)
	s.must(err)
	said := s.say("Tôi tố cáo chuyện " + markText + " tại " + markPlace)
	s.cases = []feedback.Case{direct, later, said}
	for _, x := range s.cases {
		s.keys = append(s.keys, x.ID, x.Code)
		s.ids = append(s.ids, x.ID)
	}
	s.ids = append(s.ids, s.Unit, s.Conversation.ID)
	s.settle()
	return s
}

// say lets a person write by Zalo, and the desk make a denunciation of it.
func (s *keeper) say(text string) feedback.Case {
	ctx := s.t.Context()
	fake := channeltest.NewFake(channel.Zalo, 0)
	head, body := fake.Incoming(zaloID, channel.Message{ExternalID: "m-kin", PersonID: "p-kin", PersonName: "Người nhắn", Text: text, At: s.Rooms.Clock.Now(),
		Pictures: []channel.Picture{{URL: "https://photo.example/" + markText + ".jpg"}}})
	s.must(s.Rooms.Channels.Intake(ctx, channel.Zalo, head, body))
	var c inbox.Conversation
	s.await("the second conversation", func() bool {
		list, n, err := s.Rooms.Inbox.List(ctx, s.Desk, inbox.Filter{View: inbox.ViewAll, Text: markText})
		s.must(err)
		if n == 1 {
			c = list[0]
		}
		return n == 1
	})
	s.Conversation = c
	made, err := s.Rooms.Inbox.BecomeCase(ctx, s.Desk, c.ID, feedback.Denunciation, nil)
	s.must(err)
	return made
}

// settle waits until the jobs that put words away are done.
func (s *keeper) settle() {
	s.await("the words to be put away", func() bool {
		for _, table := range []string{"channel_message", "channel_webhook", "inbox_conversation", "inbox_words"} {
			if s.leak(s.dump(table)) != "" {
				return false
			}
		}
		return true
	})
	time.Sleep(300 * time.Millisecond) // what else still wants to say something, says it
}

// leak gives the first mark that stands in the text, in whatever letters.
func (s *keeper) leak(text string) string {
	low := strings.ToLower(text)
	for _, w := range s.words {
		if strings.Contains(low, strings.ToLower(w)) {
			return w
		}
	}
	return ""
}

// tables looks into every column of every table.
func (s *keeper) tables() {
	s.t.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
	if s.Rooms.DB.Engine() == db.Postgres {
		query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
	}
	var names []string
	s.must(s.Rooms.DB.Read().NewRaw(query).Scan(s.t.Context(), &names))
	if len(names) < 40 {
		s.t.Fatalf("only %d tables", len(names))
	}
	for _, table := range names {
		text := s.dump(table)
		if found := s.leak(text); found != "" {
			s.t.Errorf("the table %s holds %q", table, found)
		}
		if table != "river_job" && !strings.HasPrefix(table, "audit_") {
			continue
		}
		for _, c := range s.cases {
			if strings.Contains(text, c.Code) {
				s.t.Errorf("the table %s holds the code of a denunciation", table)
			}
		}
	}
}

func (s *keeper) dump(table string) string {
	s.t.Helper()
	rows, err := s.Rooms.DB.Read().QueryContext(s.t.Context(), `SELECT * FROM "`+table+`"`)
	s.must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	s.must(err)
	var b strings.Builder
	for rows.Next() {
		cells, at := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range cells {
			at[i] = &cells[i]
		}
		s.must(rows.Scan(at...))
		for _, c := range cells {
			b.Write(c)
			b.WriteByte('\n')
		}
	}
	s.must(rows.Err())
	return b.String()
}

// walk asks for everything that can be read, as everybody who is not the receiver.
func (s *keeper) walk() {
	s.t.Helper()
	cookies := map[string]string{"a citizen": ""}
	near := []identity.Role{identity.RoleLeader, identity.RoleDeskOfficer, identity.RoleApprover, identity.RoleUnitAdmin, identity.RoleSystemAdmin, identity.RoleAuditor}
	for place, unit := range map[string]string{"own": s.Unit, "sister": s.Sister, "province": s.Province} {
		for _, role := range identity.Roles {
			if role == identity.RoleLeader && place == "own" || place != "own" && !slices.Contains(near, role) {
				continue // the receiver; and who has nothing to do with cases is asked in the commune itself
			}
			a := s.official("kin-"+place+"-"+strings.ReplaceAll(string(role), "_", "-"), role, unit)
			in, err := s.Rooms.People.RehearsalSignIn(s.t.Context(), a.ID, identity.Client{})
			s.must(err)
			cookies[string(role)+" of "+place] = in.Token
		}
	}
	var paths []string
	for _, rt := range s.House.Routes() {
		if rt.Method() == http.MethodGet && !strings.HasSuffix(rt.Path(), "/dang-xuat") {
			paths = append(paths, s.addresses(rt.Path())...)
		}
	}
	asked, read := 0, 0
	for who, cookie := range cookies {
		for _, path := range paths {
			body, code := s.fetch(path, cookie)
			asked++
			if code == http.StatusOK {
				read++
			}
			echo := code == http.StatusNotFound || strings.Contains(path, "?")
			s.check(who, path, body, echo)
		}
	}
	if asked < 5_000 || read < 1_500 {
		s.t.Errorf("only %d pages asked for, %d read: the walk does not find them any more", asked, read)
	}
	leader, err := s.Rooms.People.RehearsalSignIn(s.t.Context(), s.Leader.ID, identity.Client{})
	s.must(err)
	if body, _ := s.fetch("/lam-viec/vu-viec/"+s.cases[0].ID, leader.Token); !strings.Contains(body, markText) {
		s.t.Error("the receiver does not read the denunciation: the walk looks for nothing")
	}
}

// check fails when a page says something it must not. A page that repeats what was asked for may repeat the id or word in
// its address, and nothing beyond.
func (s *keeper) check(who, path, body string, echo bool) {
	s.t.Helper()
	if echo {
		for _, k := range append([]string{markText}, s.ids...) {
			if strings.Contains(path, url.QueryEscape(k)) || strings.Contains(path, k) {
				body = strings.ReplaceAll(strings.ReplaceAll(body, k, ""), url.QueryEscape(k), "")
			}
		}
	}
	if found := s.leak(body); found != "" {
		s.t.Errorf("%s reads %q on %s", who, found, path)
	}
	for _, k := range s.keys {
		if strings.HasPrefix(path, "/quan-tri/nhat-ky") && slices.Contains(s.ids, k) {
			continue // the diary of acts names things by id, of ordinary cases too: that one is a denunciation it does not say
		}
		if strings.Contains(body, k) && !strings.Contains(path, k) {
			s.t.Errorf("%s reads the key %s on %s", who, k, path)
		}
	}
}

// addresses fills a pattern with everything that could open it, and lists with searches.
func (s *keeper) addresses(pattern string) []string {
	if strings.Contains(pattern, "{$}") {
		pattern = strings.ReplaceAll(pattern, "{$}", "")
	}
	if !strings.Contains(pattern, "{") {
		return []string{pattern + "?q=" + markText + "&xem=all", pattern + "?don_vi=" + s.Unit + "&xem=all&in=1"}
	}
	ids := s.ids[:2]
	switch {
	case strings.Contains(pattern, "hop-thu"):
		ids = []string{s.Conversation.ID}
	case strings.Contains(pattern, "{unit}") || strings.Contains(pattern, "don-vi"):
		ids = []string{s.Unit}
	}
	var out []string
	for _, v := range ids {
		path := pattern
		for strings.Contains(path, "{") {
			from, to := strings.Index(path, "{"), strings.Index(path, "}")
			path = path[:from] + v + path[to+1:]
		}
		out = append(out, path)
	}
	return out
}

// fetch asks for a page and gives its text, that of files inside a packed one too.
func (s *keeper) fetch(path, cookie string) (string, int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Second) // a live stream does not end by itself
	defer cancel()
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: "nhipcau", Value: cookie})
	}
	rec := httptest.NewRecorder()
	s.House.Handler().ServeHTTP(rec, req)
	if rec.Code >= 500 {
		s.t.Errorf("%s: %d", path, rec.Code)
	}
	body := rec.Body.Bytes()
	if !bytes.HasPrefix(body, []byte("PK")) {
		return rec.Body.String() + fmt.Sprint(rec.Header()), rec.Code
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	s.must(err)
	var b strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		s.must(err)
		_, err = io.Copy(&b, r)
		s.must(err)
		_ = r.Close()
	}
	return b.String(), rec.Code
}
