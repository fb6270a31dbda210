package housing_test

import (
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/housing/housingtest"
)

const today = "2026-11-21"

// act is a complete act for a step: what is missing is taken out in the tests.
func act(step housing.Step) housing.Act {
	a := housing.Act{Today: today, On: "2026-11-20", Reason: "Gia đình đi vắng", Decision: housingtest.Decision()}
	if step == housing.StepComplete {
		c := housingtest.Completion()
		a.Completion = &c
	}
	return a
}

func caseIn(state housing.State) housing.Case {
	c := housing.Case{State: state, Kind: housing.NewHouse, SurveyedOn: "2026-10-01", Version: 1}
	if state != housing.Surveyed {
		c.Amount, c.Source, c.DecisionOn, c.StartedOn, c.CompletedOn = 60_000_000, housing.Provincial, "2026-10-10", "2026-10-15", "2026-11-15"
	}
	if state == housing.Paused {
		c.PausedFrom, c.Why = housing.UnderWay, "Bão"
	}
	return c
}

// TestStates is the table of the process: where each step leads from each state, and where it is refused ("").
func TestStates(t *testing.T) {
	s, a, u, h, p := housing.Surveyed, housing.Approved, housing.UnderWay, housing.HandedOver, housing.Paused
	const no = housing.State("")
	for _, c := range []struct {
		step housing.Step
		to   [5]housing.State // from surveyed, approved, under way, handed over, paused
	}{
		{housing.StepSurvey, [5]housing.State{no, no, no, no, no}},
		{housing.StepRevise, [5]housing.State{s, no, no, no, no}},
		{housing.StepApprove, [5]housing.State{a, no, no, no, no}},
		{housing.StepAmend, [5]housing.State{no, a, u, no, no}},
		{housing.StepStart, [5]housing.State{no, u, no, no, no}},
		{housing.StepComplete, [5]housing.State{no, no, u, no, no}},
		{housing.StepHandOver, [5]housing.State{no, no, h, no, no}},
		{housing.StepPause, [5]housing.State{p, p, p, no, no}},
		{housing.StepResume, [5]housing.State{no, no, no, no, u}},
		{housing.StepPay, [5]housing.State{no, a, u, h, no}},
		{housing.StepReverse, [5]housing.State{s, a, u, h, p}},
		{housing.StepBind, [5]housing.State{no, a, u, h, no}},
		{housing.StepUnbind, [5]housing.State{s, a, u, h, p}},
		{housing.StepPhoto, [5]housing.State{s, a, u, h, p}},
	} {
		for i, from := range housing.States {
			x := caseIn(from)
			err := x.Take(c.step, act(c.step))
			switch {
			case c.to[i] == no && !fault.Is(err, fault.Conflict):
				t.Errorf("%s from %s: %v", c.step, from, err)
			case c.to[i] != no && (err != nil || x.State != c.to[i] || x.Version != 2):
				t.Errorf("%s from %s leads to %s, %v", c.step, from, x.State, err)
			case (c.to[i] != no) != from.May(c.step):
				t.Errorf("%s from %s: May disagrees", c.step, from)
			}
		}
	}
}

// TestWhatStepsDemand: each thing that a step needs, taken away.
func TestWhatStepsDemand(t *testing.T) {
	for name, c := range map[string]struct {
		step  housing.Step
		from  housing.State
		spoil func(*housing.Case, *housing.Act)
		field string
	}{
		"no source":           {housing.StepApprove, housing.Surveyed, func(_ *housing.Case, a *housing.Act) { a.Source = "" }, "source"},
		"unknown source":      {housing.StepApprove, housing.Surveyed, func(_ *housing.Case, a *housing.Act) { a.Source = "bank" }, "source"},
		"direct, unnamed":     {housing.StepApprove, housing.Surveyed, func(_ *housing.Case, a *housing.Act) { a.Source, a.Donor = housing.Direct, " " }, "donor"},
		"no amount":           {housing.StepApprove, housing.Surveyed, func(_ *housing.Case, a *housing.Act) { a.Amount = 0 }, "amount"},
		"negative":            {housing.StepApprove, housing.Surveyed, func(_ *housing.Case, a *housing.Act) { a.Amount = -5 }, "amount"},
		"above the norm":      {housing.StepApprove, housing.Surveyed, func(_ *housing.Case, a *housing.Act) { a.Norm = 50_000_000 }, "amount"},
		"absurd":              {housing.StepApprove, housing.Surveyed, func(_ *housing.Case, a *housing.Act) { a.Amount = 6_000_000_000 }, "amount"},
		"no decision":         {housing.StepApprove, housing.Surveyed, func(_ *housing.Case, a *housing.Act) { a.DecisionNo = "" }, "decision_no"},
		"31 February":         {housing.StepApprove, housing.Surveyed, func(_ *housing.Case, a *housing.Act) { a.DecisionOn = "2026-02-31" }, "decision_on"},
		"before the survey":   {housing.StepApprove, housing.Surveyed, func(_ *housing.Case, a *housing.Act) { a.DecisionOn = "2026-09-30" }, "decision_on"},
		"less than paid":      {housing.StepAmend, housing.Approved, func(c *housing.Case, a *housing.Act) { c.Paid, a.Amount = 20_000_000, 10_000_000 }, "amount"},
		"tomorrow":            {housing.StepStart, housing.Approved, func(_ *housing.Case, a *housing.Act) { a.On = "2026-11-22" }, "on"},
		"before the decision": {housing.StepStart, housing.Approved, func(_ *housing.Case, a *housing.Act) { a.On = "2026-10-09" }, "on"},
		"no reason":           {housing.StepPause, housing.UnderWay, func(_ *housing.Case, a *housing.Act) { a.Reason = "a b" }, "reason"},
		"long reason":         {housing.StepPause, housing.UnderWay, func(_ *housing.Case, a *housing.Act) { a.Reason = strings.Repeat("lý do ", 60) }, "reason"},
		"over before done":    {housing.StepHandOver, housing.UnderWay, func(_ *housing.Case, a *housing.Act) { a.On = "2026-11-14" }, "on"},
		"two of three hard":   {housing.StepComplete, housing.UnderWay, func(_ *housing.Case, a *housing.Act) { a.Completion.Roof = false }, "hard"},
		"nobody":              {housing.StepComplete, housing.UnderWay, func(_ *housing.Case, a *housing.Act) { a.Completion.Members = nil }, "members"},
		"no title":            {housing.StepComplete, housing.UnderWay, func(_ *housing.Case, a *housing.Act) { a.Completion.Members[0].Title = "" }, "members"},
		"odd area":            {housing.StepComplete, housing.UnderWay, func(_ *housing.Case, a *housing.Act) { a.Completion.Area = "45m2" }, "area"},
		"more than decided":   {housing.StepComplete, housing.UnderWay, func(_ *housing.Case, a *housing.Act) { a.Completion.Programme = 61_000_000 }, "programme"},
		"cheaper than help": {housing.StepComplete, housing.UnderWay, func(_ *housing.Case, a *housing.Act) {
			a.Completion.Programme, a.Completion.Others = 10_000_000, nil
		}, "programme"},
		"free brick":    {housing.StepComplete, housing.UnderWay, func(_ *housing.Case, a *housing.Act) { a.Completion.Others[0].Amount = 0 }, "others"},
		"before it all": {housing.StepComplete, housing.UnderWay, func(_ *housing.Case, a *housing.Act) { a.Completion.On = "2026-10-14" }, "on"},
	} {
		x, a := caseIn(c.from), act(c.step)
		c.spoil(&x, &a)
		before := x
		err := x.Take(c.step, a)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "("+c.field+")") {
			t.Errorf("%s: %v", name, err)
		}
		if x != before {
			t.Errorf("%s: a refused step changed the house", name)
		}
	}
	x := caseIn(housing.UnderWay)
	x.CompletedOn = ""
	if err := x.Take(housing.StepHandOver, act(housing.StepHandOver)); !fault.Is(err, fault.Conflict) {
		t.Errorf("handed over without minutes: %v", err)
	}
	x = caseIn(housing.Surveyed)
	a := act(housing.StepApprove)
	a.Norm, a.Source, a.Donor, a.Amount = 60_000_000, housing.Direct, "Công ty Ánh Dương", 90_000_000
	if err := x.Take(housing.StepApprove, a); err != nil || x.Donor != "Công ty Ánh Dương" {
		t.Errorf("a named donor may give more than the norm: %v", err)
	}
}
