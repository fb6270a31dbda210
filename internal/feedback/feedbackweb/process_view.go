package feedbackweb

import (
	"context"
	"strings"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/feedback/triage"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

func joined(words []string) string { return strings.Join(words, ", ") }

func kindList(ctx context.Context, kinds []feedback.Kind) string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = kindText(ctx, k)
	}
	return strings.Join(out, ", ")
}

// askFrom says by which way a body outside answered.
func askFrom(ctx context.Context, a routing.Ask) string {
	if a.AnswerFrom == "link" {
		return i18n.T(ctx, "feedback.process.by_link")
	}
	return a.AnswerFrom
}

func bodyOf(s routing.Suggestion) string {
	if s.Body == nil {
		return ""
	}
	return s.Body.ID
}

func phraseHead(ctx context.Context, t phrase.Text) string {
	if t.ID == "" {
		return i18n.T(ctx, "phrase.add")
	}
	return i18n.T(ctx, "phrase.change")
}

// question is what the citizen was asked last.
func question(events []feedback.Event) string {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Step == feedback.StepPause {
			return events[i].Reason
		}
	}
	return ""
}

// dangers lists the numbers to call now that the words of the question speak for.
func (f askForm) dangers() []triage.Danger { return triage.Dangers(f.In.Text) }

// kindDoubt says which legal kind the words of the question speak for when it is another than the one chosen; the person
// decides.
func (f askForm) kindDoubt() (triage.Suggestion, bool) {
	k := triage.Kind(f.In.Text)
	return k, len(k.Words) > 0 && k.Kind != f.In.Kind && !f.In.Kind.Secret()
}

// draftText is what stands in the form of the answer: the draft, with the saved text that was just chosen behind it.
func draftText(v dossierView) string {
	if v.Extra.Reply.Text != "" {
		return v.Extra.Reply.Text
	}
	return pendingText(v)
}
