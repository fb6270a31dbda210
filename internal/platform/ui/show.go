package ui

import (
	"context"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

// Col is the head of one column.
type Col struct {
	Text   string
	Href   string // address that sorts by this column; "" cannot be sorted
	Num    bool   // figures: aligned right
	Sorted string // "asc", "desc" or ""
}

// TableProps describes a table; its rows are the children.
type TableProps struct {
	Caption string
	Head    []Col
	Page    Paging
	Export  string // address of the Excel file
	Print   string // address of the print sheet
	// Stack lays each row out as a card on a narrow screen, so that nobody pulls a wide table sideways. Each cell is then
	// led by the name of its column; the first cell of a row is its heading.
	Stack bool
}

// Paging says which part of a long list is shown.
type Paging struct {
	Page  int // from 1
	Per   int // rows on a page
	Total int // rows altogether
	Most  int // how far rows are counted: a Total that reaches it reads "at least"; 0 counts all
	URL   func(page int) string
}

// total is the number of rows in words: "1.204", or "ít nhất 1.000" when they were not counted further.
func (p Paging) total(ctx context.Context) string {
	if p.Most > 0 && p.Total >= p.Most {
		return i18n.T(ctx, "ui.at_least", "N", Number(ctx, p.Most))
	}
	return Number(ctx, p.Total)
}

// Pages is the number of pages, at least 1.
func (p Paging) Pages() int {
	if p.Per <= 0 || p.Total <= 0 {
		return 1
	}
	return (p.Total + p.Per - 1) / p.Per
}

func (p Paging) from() int { return (p.Page-1)*p.Per + 1 }
func (p Paging) to() int   { return min(p.Page*p.Per, p.Total) }

// near lists the page numbers worth a link: first, last, and two on each side; 0 stands for a gap.
func (p Paging) near() []int {
	var out []int
	last := 0
	for i := 1; i <= p.Pages(); i++ {
		if i == 1 || i == p.Pages() || (i >= p.Page-1 && i <= p.Page+1) {
			if last != 0 && i-last > 1 {
				out = append(out, 0)
			}
			out = append(out, i)
			last = i
		}
	}
	return out
}

// TimelineItem is one thing that happened.
type TimelineItem struct {
	At          time.Time // zero for what is still expected
	Title, Text string
	Who         string // who did it or holds it
	Tone        string // ok, wait, late, info, mute
	Body        templ.Component
}

// Tab is one of several views of the same thing.
type Tab struct {
	Text, Href string
	Active     bool
	Count      int
}

// Cell is one square of a receipt wall.
type Cell struct {
	Tone  string // ok, wait, late, info, mute: colour and shape
	Label string // short number inside the square
	Title string // full name and state, for reading aloud and on hover
	Href  string // opens the reason
	Group string // heading it stands under
	ID    string // stable id, so that a live update changes the square in place
}

// cellGroup is the squares under one heading.
type cellGroup struct {
	Name  string
	Cells []Cell
	Done  int // squares that are "ok"
}

// groupCells puts the cells under their headings in the order of first appearance.
func groupCells(cells []Cell) []cellGroup {
	var out []cellGroup
	at := map[string]int{}
	for _, c := range cells {
		i, ok := at[c.Group]
		if !ok {
			i = len(out)
			at[c.Group] = i
			out = append(out, cellGroup{Name: c.Group})
		}
		out[i].Cells = append(out[i].Cells, c)
		if c.Tone == "ok" {
			out[i].Done++
		}
	}
	return out
}

// toneCount is how many cells have one tone.
type toneCount struct {
	Tone string
	N    int
}

// countTones counts the cells by tone, in the fixed order of the legend; tones without cells are left out.
func countTones(cells []Cell) []toneCount {
	n := map[string]int{}
	for _, c := range cells {
		n[tone(c.Tone)]++
	}
	var out []toneCount
	for _, t := range []string{"ok", "info", "wait", "late", "mute"} {
		if n[t] > 0 {
			out = append(out, toneCount{t, n[t]})
		}
	}
	return out
}

// segment is one part of the bar that sums a wall up, on a scale of 0 to 100.
type segment struct{ Tone, X, Width string }

// wallBar gives every tone its share; all five are always there so that a live update moves them.
func wallBar(cells []Cell) []segment {
	n := map[string]int{}
	for _, c := range countTones(cells) {
		n[c.Tone] = c.N
	}
	out := make([]segment, 0, 5)
	sum := 0
	share := func(k int) string {
		return strconv.FormatFloat(float64(k)*100/float64(max(1, len(cells))), 'f', 2, 64)
	}
	for _, t := range []string{"ok", "info", "wait", "late", "mute"} {
		out = append(out, segment{t, share(sum), share(n[t])})
		sum += n[t]
	}
	return out
}

// Bar is one row of a bar chart.
type Bar struct {
	Label string
	Value int
	Text  string // how the value is written; "" writes the number
	Href  string
	Tone  string
}

// barWidth is the length of a bar on a scale of 0 to 100; a value above zero is always seen.
func barWidth(v int, rows []Bar) string {
	top := 0
	for _, r := range rows {
		top = max(top, r.Value)
	}
	if top == 0 || v <= 0 {
		return "0"
	}
	return strconv.FormatFloat(max(0.8, float64(v)*100/float64(top)), 'f', 1, 64)
}

func (b Bar) text(ctx context.Context) string {
	if b.Text != "" {
		return b.Text
	}
	return Number(ctx, b.Value)
}

// MapProps is a map drawn on the server.
type MapProps struct {
	Title   string // what the map shows, read aloud
	Shapes  []Shape
	ViewBox string // from ShapesFromGeoJSON
	Legend  []LegendItem
}

// Shape is one area of a map; Path is the d of an SVG path.
type Shape struct {
	Code, Name, Path, Href string
	Tone, Value            string
}

// LegendItem explains one tone of a map or wall.
type LegendItem struct{ Tone, Text string }

func (s Shape) title() string {
	if s.Value == "" {
		return s.Name
	}
	return s.Name + ": " + s.Value
}

// DefinitionItem is one line of a list of facts.
type DefinitionItem struct {
	Term, Text string
	Body       templ.Component
}

// DoorItem is one large entrance of a citizen page.
type DoorItem struct{ Title, Text, Href, Icon string }

func timeText(t time.Time) string { return i18n.DateTime(t) }

func itoa(n int) string { return strconv.Itoa(n) }

// TaskGroup is a heading of the list of today with what waits under it.
type TaskGroup struct {
	Title string
	Tone  string
	Tasks []Task
}

// Task is one thing that waits for the signed-in official.
type Task struct {
	What, Href string
	From       string // who or which unit it comes from
	Tone       string
	Clock      string // how much time is left, in words
	Action     templ.Component
}

// NewsItem is one line of a citizen list: a headline, what it says first, and when.
type NewsItem struct{ Title, Href, Text, Meta string }
