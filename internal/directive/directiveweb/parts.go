package directiveweb

import (
	"context"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/directive"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// lines are the paragraphs of a text.
func lines(text string) []string {
	var out []string
	for l := range strings.SplitSeq(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func facts(ctx context.Context, d directive.Directive, from string) []ui.DefinitionItem {
	out := []ui.DefinitionItem{{Term: i18n.T(ctx, "directive.col.from"), Text: from}, {Term: i18n.T(ctx, "directive.col.deadline"), Text: d.Deadline.Vietnamese()},
		{Term: i18n.T(ctx, "directive.sent_at"), Text: i18n.DateTime(d.SentAt)}, {Term: i18n.T(ctx, "directive.author"), Text: d.AuthorName}}
	if d.Number != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "directive.field.number"), Text: d.Number})
	}
	return out
}

func stepOptions(ctx context.Context) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "directive.step.any")}, {Value: string(directive.Open), Text: i18n.T(ctx, "directive.step.open")}}
	for _, s := range directive.Steps {
		out = append(out, ui.Option{Value: string(s), Text: stepText(ctx, s)})
	}
	return out
}

// lastAt is when the task came where it stands.
func lastAt(t directive.Task) time.Time {
	switch t.Step {
	case directive.Done:
		return t.DoneAt
	case directive.Acknowledged:
		return t.AcknowledgedAt
	}
	return t.SeenAt
}

func timeline(ctx context.Context, list []directive.Passed) []ui.TimelineItem {
	out := make([]ui.TimelineItem, len(list))
	for i, x := range list {
		tone := "info"
		switch x.Step {
		case directive.Done:
			tone = "ok"
		case directive.Nudge, directive.Return:
			tone = "wait"
		}
		out[i] = ui.TimelineItem{At: x.At, Title: stepText(ctx, x.Step), Text: x.Note, Who: x.By, Tone: tone}
	}
	return out
}

func alt(ctx context.Context, text string) string {
	if text == "" {
		return i18n.T(ctx, "directive.report.photo_alt")
	}
	return text
}
