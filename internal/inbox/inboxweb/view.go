package inboxweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// badge is a state in words with its colour and shape; without words there is none.
type badge struct{ Tone, Text string }

// listView is the left side: tabs, search and conversations.
type listView struct {
	View  inbox.View
	Q     url.Values
	Rows  []row
	Page  ui.Paging
	Open  string      // id of the opened conversation
	Units []ui.Option // empty when there is only one
	Many  bool        // conversations of several units may stand together
	Topic []ui.Option // topics to filter by; empty when there are none
}

// row is one conversation of the list.
type row struct {
	inbox.Conversation
	Name, Unit, Href, Where string
	Clock                   badge // when the first answer is due, or that ours did not arrive
}

// filterOf reads the filter that stands in the address.
func filterOf(q url.Values) inbox.Filter {
	f := inbox.Filter{View: inbox.View(q.Get("xem")), Kind: channel.Kind(q.Get("kenh")), UnderUnitID: q.Get("don_vi"), Label: q.Get("linh_vuc"),
		Text: strings.TrimSpace(vntext.Truncate(q.Get("q"), 200)), Page: 1, Per: inbox.PageSize}
	if !slices.Contains(inbox.Views[:], f.View) {
		f.View = inbox.ViewOpen
	}
	if n, err := strconv.Atoi(q.Get("trang")); err == nil && n > 0 && n <= 100_000 {
		f.Page = n
	}
	return f
}

func (p *Pages) readList(ctx context.Context, q url.Values, open string) (listView, error) {
	actor := identity.ActorFrom(ctx)
	f := filterOf(q)
	v := listView{View: f.View, Q: q, Open: open}
	list, total, err := p.s.List(ctx, actor, f)
	if err != nil {
		return v, err
	}
	for _, c := range list {
		v.Rows = append(v.Rows, p.row(ctx, c, q))
	}
	v.Page = ui.Paging{Page: f.Page, Per: f.Per, Total: total, Most: inbox.CountedTo, URL: func(n int) string { return v.address(path, "trang", strconv.Itoa(n)) }}
	v.Units = p.unitFilter(ctx, actor, q.Get("don_vi"))
	v.Many = len(v.Units) > 0
	topics, err := p.s.Topics(ctx)
	v.Topic = topicOptions(ctx, topics, f.Label)
	return v, err
}

// unitFilter offers the units in which the official reads, and for a province the communes below; empty when there is one.
func (p *Pages) unitFilter(ctx context.Context, actor identity.Actor, chosen string) []ui.Option {
	today := clock.DateOf(p.s.Now())
	var units []string
	for _, u := range p.s.Scope(actor) {
		units = append(units, u)
		for _, kid := range p.s.Forest().Children(u, today) {
			if kid.Level == orgunit.LevelCommune && kid.Kind != orgunit.KindAgency {
				units = append(units, kid.ID)
			}
		}
	}
	if chosen != "" && !slices.Contains(units, chosen) {
		units = append(units, chosen)
	}
	if len(units) < 2 {
		return nil
	}
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "inbox.all_units"), Selected: chosen == ""}}
	for _, u := range units {
		if name := p.s.UnitName(u); name != "" {
			out = append(out, ui.Option{Value: u, Text: name, Selected: u == chosen})
		}
	}
	return out
}

func (p *Pages) row(ctx context.Context, c inbox.Conversation, q url.Values) row {
	r := row{Conversation: c, Name: c.PersonName, Unit: p.s.UnitName(c.UnitID), Href: listView{Q: q}.address(inbox.Href(c.ID), "", ""), Where: where(ctx, c),
		Clock: clockBadge(ctx, c, p.s.Now())}
	if r.Name == "" {
		r.Name = i18n.T(ctx, "inbox.nameless")
	}
	return r
}

// badges are what the list says of a conversation beside its words.
func (r row) badges(ctx context.Context) []badge {
	var out []badge
	if r.Unread > 0 {
		out = append(out, badge{"info", i18n.T(ctx, "inbox.unread", "Count", r.Unread)})
	}
	if r.Clock.Text != "" {
		out = append(out, r.Clock)
	}
	if r.CaseCode != "" {
		out = append(out, badge{"ok", i18n.T(ctx, "inbox.has_case")})
	}
	return out
}

// badges are the state of the opened conversation, its clock and the channel's.
func (v oneView) badges(ctx context.Context) []badge {
	out := []badge{{stateTone(v.Conversation), i18n.T(ctx, "inbox.state."+string(v.State))}}
	for _, b := range []badge{v.Row.Clock, v.Window} {
		if b.Text != "" {
			out = append(out, b)
		}
	}
	return out
}

// clockBadge says how long the desk still has for its first answer, or that an answer did not arrive.
func clockBadge(ctx context.Context, c inbox.Conversation, now time.Time) badge {
	switch left := c.AnswerDue.Sub(now); {
	case c.Failed:
		return badge{"late", i18n.T(ctx, "inbox.failed")}
	case !c.Waits():
		return badge{}
	case left < 0:
		return badge{"late", i18n.T(ctx, "inbox.clock.late", "Time", span(ctx, -left))}
	case left < 4*time.Hour:
		return badge{"wait", i18n.T(ctx, "inbox.clock.left", "Time", span(ctx, left))}
	default:
		return badge{"mute", i18n.T(ctx, "inbox.clock.left", "Time", span(ctx, left))}
	}
}

// windowBadge says how long the channel still lets us answer.
func windowBadge(ctx context.Context, c inbox.Conversation, now time.Time) badge {
	w := c.Window()
	switch {
	case w.Until.IsZero():
		return badge{}
	case w.Closed(now):
		return badge{"late", i18n.T(ctx, "inbox.window.closed")}
	case now.After(w.FreeUntil):
		return badge{"wait", i18n.T(ctx, "inbox.window.paid", "Time", span(ctx, w.Until.Sub(now)))}
	case w.FreeUntil.Before(w.Until):
		return badge{"info", i18n.T(ctx, "inbox.window.free", "Time", span(ctx, w.FreeUntil.Sub(now)))}
	default:
		return badge{"info", i18n.T(ctx, "inbox.window.left", "Time", span(ctx, w.Until.Sub(now)))}
	}
}

// span writes a length of time in its largest whole unit: days from two days on, else hours, else minutes.
func span(ctx context.Context, d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return i18n.T(ctx, "inbox.span.days", "Count", int(d.Hours()/24))
	case d >= time.Hour:
		return i18n.T(ctx, "inbox.span.hours", "Count", int(d.Hours()))
	}
	return i18n.T(ctx, "inbox.span.minutes", "Count", max(1, int(d.Minutes())))
}

// where says on which channel, and whether in private.
func where(ctx context.Context, c inbox.Conversation) string {
	if c.Public() {
		return i18n.T(ctx, "inbox.comment_on", "Channel", channelText(ctx, c.Kind))
	}
	return i18n.T(ctx, "inbox.message_on", "Channel", channelText(ctx, c.Kind))
}

func channelText(ctx context.Context, k channel.Kind) string {
	return i18n.T(ctx, "inbox.channel."+string(k))
}

// address is another page with the same filter; key "" changes nothing.
func (v listView) address(to, key, value string) string {
	q := url.Values{}
	for _, k := range []string{"xem", "kenh", "don_vi", "linh_vuc", "q", "trang"} {
		if s := v.Q.Get(k); s != "" {
			q.Set(k, s)
		}
	}
	if key == "xem" {
		q.Del("trang")
	}
	if key != "" {
		q.Set(key, value)
	}
	if len(q) == 0 {
		return to
	}
	return to + "?" + q.Encode()
}

// self is the address of the page itself, to ask again for what is new.
func (v listView) self() string {
	if v.Open != "" {
		return v.address(inbox.Href(v.Open), "", "")
	}
	return v.address(path, "", "")
}

func (v listView) tabs(ctx context.Context) []ui.Tab {
	var out []ui.Tab
	for _, t := range inbox.Views {
		out = append(out, ui.Tab{Text: i18n.T(ctx, "inbox.view."+string(t)), Href: v.address(path, "xem", string(t)), Active: t == v.View})
	}
	return out
}

// excelRows bounds an Excel file; a longer list is filtered first.
const excelRows = 20_000

func (p *Pages) excel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f := filterOf(r.URL.Query())
	f.Page, f.Per = 1, excelRows
	list, _, err := p.s.List(ctx, identity.ActorFrom(ctx), f)
	if err != nil {
		return err
	}
	var head []string
	for _, k := range []string{"person", "where", "unit", "state", "text", "at", "since", "due", "by", "case"} {
		head = append(head, i18n.T(ctx, "inbox.col."+k))
	}
	sheet := xlsx.Sheet{Name: i18n.T(ctx, "inbox.title"), Head: head}
	for _, c := range list {
		o := p.row(ctx, c, nil)
		sheet.Rows = append(sheet.Rows, []any{o.Name, o.Where, o.Unit, i18n.T(ctx, "inbox.state."+string(c.State)), c.LastText, c.LastAt, moment(c.WaitingSince),
			moment(c.AnswerDue), c.ClaimedByName, c.CaseCode})
	}
	return xlsx.Send(w, "hop-thu.xlsx", sheet)
}

// moment is a cell of Excel: empty without a time.
func moment(t time.Time) any {
	if t.IsZero() {
		return ""
	}
	return t
}

// message is one line of the conversation as it is drawn.
type message struct {
	inbox.Line
	Who, Tone string
	State     badge // how far an answer of ours has come
	CanRetry  bool
}

// messages draws the lines of the conversation, the oldest first.
func (v oneView) messages(ctx context.Context) []message {
	var out []message
	for _, l := range v.Lines {
		m := message{Line: l, Who: v.Row.Name, Tone: "info"}
		if l.Outgoing {
			m.Tone, m.State = "mute", badge{"wait", i18n.T(ctx, "inbox.sent_state."+string(l.State))}
			if m.Who = i18n.T(ctx, "inbox.by_house", "Unit", v.Row.Unit); l.Author != "" {
				m.Who = i18n.T(ctx, "inbox.by_official", "Name", l.Author, "Unit", v.Row.Unit)
			}
			switch l.State {
			case channel.MessageSent:
				m.State.Tone = "ok"
			case channel.MessageFailed:
				m.Tone, m.State.Tone, m.CanRetry = "late", "late", v.CanReply && l.Author != ""
			}
		}
		out = append(out, m)
	}
	return out
}

// newestShown is how many messages are seen at once; those before are folded away.
const newestShown = 12

func (v *oneView) split(all []message) {
	cut := max(0, len(all)-newestShown)
	v.Earlier, v.Messages = all[:cut], all[cut:]
}

// items are the messages as items of a timeline.
func (v oneView) items(list []message) []ui.TimelineItem {
	out := make([]ui.TimelineItem, len(list))
	for i, m := range list {
		out[i] = ui.TimelineItem{At: m.At, Title: m.Who, Tone: m.Tone, Body: messageBody(v, m)}
	}
	return out
}

func stateTone(c inbox.Conversation) string {
	if c.State == inbox.StateOpen {
		return "info"
	}
	return "ok"
}

// pictureText names the link to a picture that the person sent.
func pictureText(ctx context.Context, alt string, n int) string {
	if alt != "" {
		return i18n.T(ctx, "inbox.picture_of", "Alt", alt)
	}
	return i18n.T(ctx, "inbox.picture", "Number", n)
}

// action is the address of one act, with the filter of the list.
func (v oneView) action(name string) string {
	return v.List.address(inbox.Href(v.ID)+"/"+name, "", "")
}

func kinds(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, k := range feedback.Kinds {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "feedback.kind."+string(k)), Selected: string(k) == chosen})
	}
	return out
}

func channels(ctx context.Context, chosen string) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "inbox.any_channel")}}
	for _, k := range []channel.Kind{channel.Zalo, channel.Facebook, channel.YouTube} {
		out = append(out, ui.Option{Value: string(k), Text: channelText(ctx, k), Selected: string(k) == chosen})
	}
	return out
}

// colleagues offers whom the conversation can be handed to.
func (v oneView) colleagues() []ui.Option {
	var out []ui.Option
	for _, c := range v.Colleagues {
		if c.ID != v.ClaimedBy {
			out = append(out, ui.Option{Value: c.ID, Text: c.Name})
		}
	}
	return out
}

// caseBadge says how the case stands: its state, and the working days left while it is open.
func (v oneView) caseBadge(ctx context.Context) badge {
	text := i18n.T(ctx, "feedback.state."+string(v.Case.State))
	switch {
	case !v.Case.State.Open():
		return badge{"ok", text}
	case v.CaseDays < 0:
		return badge{"late", i18n.T(ctx, "inbox.case_late", "State", text, "Count", -v.CaseDays)}
	}
	return badge{"wait", i18n.T(ctx, "inbox.case_left", "State", text, "Count", v.CaseDays)}
}

func fieldErr(ctx context.Context, err error, field string) string {
	return web.FieldError(ctx, err, field)
}
