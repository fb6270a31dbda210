package fundweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

func heads(ctx context.Context, numbers string, names ...string) []ui.Col {
	var out []ui.Col
	for _, n := range names {
		out = append(out, ui.Col{Text: i18n.T(ctx, "fund.col."+n), Num: strings.Contains(" "+numbers+" ", " "+n+" ")})
	}
	return out
}

func listHead(ctx context.Context) []ui.Col {
	return heads(ctx, "given left", "name", "unit", "kind", "state", "given", "left")
}

func balanceHead(ctx context.Context) []ui.Col {
	return heads(ctx, "debit credit net", "account", "debit", "credit", "net")
}

func queueHead(ctx context.Context, sorted bool) []ui.Col {
	last := "reason"
	if sorted {
		last = "decision"
	}
	return heads(ctx, "amount", "day", "memo", "amount", last)
}

func giftHead(ctx context.Context) []ui.Col {
	return heads(ctx, "amount", "day", "memo", "amount", "earmark", "state")
}

func purseHead(ctx context.Context) []ui.Col {
	return heads(ctx, "given spent passed left", "earmark", "given", "spent", "passed", "left")
}

func transferHead(ctx context.Context) []ui.Col {
	return heads(ctx, "amount", "day", "way", "amount", "state")
}

func stateOptions(ctx context.Context, selected string) []ui.Option {
	out := []ui.Option{{Text: i18n.T(ctx, "fund.state.all")}}
	for _, s := range []string{"coming", "open", "over"} {
		out = append(out, ui.Option{Value: s, Text: i18n.T(ctx, "fund.state."+s), Selected: s == selected})
	}
	return out
}

func kindOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, k := range fund.FundKinds() {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "fund.kind."+string(k))})
	}
	return out
}

func levelOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, k := range fund.Levels() {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "fund.level."+string(k))})
	}
	return out
}

func ruleOptions(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, k := range fund.RuleKinds() {
		out = append(out, ui.Option{Value: string(k), Text: i18n.T(ctx, "fund.rules.does_"+string(k))})
	}
	return out
}

func given(p fund.Purse) money.VND  { return p.Given }
func spent(p fund.Purse) money.VND  { return p.Spent }
func passed(p fund.Purse) money.VND { return p.Passed }
func left(p fund.Purse) money.VND   { return p.Left() }

func giftTone(s fund.GiftState) string {
	if s == fund.GiftStands {
		return "ok"
	}
	return "mute"
}

// undoable tells whether a sorting is taken back on the page of the queue; gifts are withdrawn on theirs.
func undoable(s fund.Sorting) bool {
	switch s {
	case fund.SortReturned, fund.SortCleared, fund.SortCash, fund.SortInterest, fund.SortFee:
		return true
	}
	return false
}

func headsText(ctx context.Context, list []fund.Head) string {
	var out []string
	for _, h := range list {
		out = append(out, headText(ctx, h))
	}
	return strings.Join(out, "; ")
}

// ruleTarget is what a rule points to: the other appeal, or the earmark.
func (v queueView) ruleTarget(r fund.Rule) string {
	for _, o := range v.Earmarks {
		if r.EarmarkID != "" && o.Value == r.EarmarkID {
			return o.Text
		}
	}
	return v.Targets[r.TargetID]
}

func (p *Pages) addRule(w http.ResponseWriter, r *http.Request) error {
	f := r.PostFormValue
	err := p.Service.AddRule(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), f("contains"), fund.RuleDoes(f("does")), f("target"), f("earmark"))
	return p.afterRule(w, r, "fund.flash.rule", err)
}

func (p *Pages) endRule(w http.ResponseWriter, r *http.Request) error {
	return p.afterRule(w, r, "fund.flash.rule_ended", p.Service.EndRule(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"), r.PathValue("id")))
}

func (p *Pages) afterRule(w http.ResponseWriter, r *http.Request, flash string, err error) error {
	if refused(err) {
		return p.showQueue(w, r, queueView{Query: url.Values{}, Typed: r.PostForm, Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(AppealPath(r.PathValue("code"))+"/cho", flash))
}

// lastRow is the number of the last row; nothing for "to the end".
func lastRow(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
