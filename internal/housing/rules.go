package housing

import (
	"regexp"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Step is what can happen to a house.
type Step string

// The steps.
const (
	StepSurvey   Step = "survey"   // it begins
	StepRevise   Step = "revise"   // the survey is corrected
	StepApprove  Step = "approve"  // source and amount are decided
	StepAmend    Step = "amend"    // and decided anew, while it is not handed over
	StepStart    Step = "start"    // work begins
	StepComplete Step = "complete" // the completion minutes are written
	StepHandOver Step = "handover"
	StepPause    Step = "pause"
	StepResume   Step = "resume"
	StepPay      Step = "pay"     // money was handed over
	StepReverse  Step = "reverse" // a payment was taken back
	StepBind     Step = "bind"    // a fund's payment is a part of it
	StepUnbind   Step = "unbind"
	StepPhoto    Step = "photo"
	StepUnphoto  Step = "unphoto"
)

// from says in which states a step can be taken, and to which it leads; "" stays.
type from struct {
	states []State
	to     State
}

// steps is the table of the process.
func steps() map[Step]from {
	alive := []State{Surveyed, Approved, UnderWay}
	all := States[:]
	return map[Step]from{
		StepRevise:   {[]State{Surveyed}, ""},
		StepApprove:  {[]State{Surveyed}, Approved},
		StepAmend:    {[]State{Approved, UnderWay}, ""},
		StepStart:    {[]State{Approved}, UnderWay},
		StepComplete: {[]State{UnderWay}, ""},
		StepHandOver: {[]State{UnderWay}, HandedOver},
		StepPause:    {alive, Paused},
		StepResume:   {[]State{Paused}, ""}, // to where it came from
		StepPay:      {[]State{Approved, UnderWay, HandedOver}, ""},
		StepReverse:  {all, ""},
		StepBind:     {[]State{Approved, UnderWay, HandedOver}, ""},
		StepUnbind:   {all, ""},
		StepPhoto:    {all, ""},
		StepUnphoto:  {all, ""},
	}
}

// May tells whether the step can be taken in the state.
func (s State) May(step Step) bool {
	for _, x := range steps()[step].states {
		if x == s {
			return true
		}
	}
	return false
}

// The bounds of texts.
const (
	MaxText   = 500
	MaxShort  = 150
	MaxReason = 300
	MaxPhotos = 12
	MaxPeople = 12
	maxAmount = money.VND(5_000_000_000)
)

func tidy(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }

// Act is what a step brings along.
type Act struct {
	On     clock.Date // the day it happened
	Today  clock.Date
	Reason string
	Decision
	Completion *Completion
}

// Decision is what an approver decides.
type Decision struct {
	Source     Source
	Donor      string
	Amount     money.VND
	DecisionNo string
	DecisionOn clock.Date
	Norm       money.VND // of the programme, for the kind; 0: none
	NormFor    string    // name of the programme, for the refusal
}

// Take takes a step: it changes the case, or refuses with a Conflict fault when the state does not permit it and an Invalid one
// when something is missing.
func (c *Case) Take(step Step, a Act) error {
	rule, known := steps()[step]
	if !known || !c.State.May(step) {
		return fault.New(fault.Conflict, "housing.wrong_state")
	}
	if err := c.fits(step, a); err != nil {
		return err
	}
	switch step {
	case StepApprove, StepAmend:
		c.Source, c.Donor, c.Amount, c.DecisionNo, c.DecisionOn = a.Source, tidy(a.Donor), a.Amount, tidy(a.DecisionNo), a.DecisionOn
	case StepStart:
		c.StartedOn = a.On
	case StepComplete:
		c.CompletedOn, c.TotalValue = a.Completion.On, a.Completion.Total()
	case StepHandOver:
		c.HandedOn = a.On
	case StepPause:
		c.PausedFrom, c.Why = c.State, tidy(a.Reason)
	case StepResume:
		rule.to = c.PausedFrom
		c.PausedFrom, c.Why = "", ""
	}
	if rule.to != "" {
		c.State, c.StateOn = rule.to, a.Today
		if a.On != "" {
			c.StateOn = a.On
		}
	}
	c.Version++
	return nil
}

// fits says what is missing for a step.
func (c *Case) fits(step Step, a Act) error {
	var bad fault.Fields
	switch step {
	case StepApprove, StepAmend:
		a.Decision.check(&bad, c, a.Today)
	case StepStart:
		day(&bad, "on", a.On, c.DecisionOn, a.Today, "housing.day_before_decision")
	case StepComplete:
		if a.Completion == nil {
			return fault.New(fault.Invalid, "housing.completion_missing")
		}
		a.Completion.check(&bad, c, a.Today)
	case StepHandOver:
		if c.CompletedOn == "" {
			return fault.New(fault.Conflict, "housing.completion_missing")
		}
		day(&bad, "on", a.On, c.CompletedOn, a.Today, "housing.day_before_completion")
	case StepPause, StepReverse:
		reason(&bad, a.Reason)
	}
	return bad.OrNil()
}

func reason(bad *fault.Fields, text string) {
	if n := vntext.Length(tidy(text)); n < 5 || n > MaxReason {
		bad.Add(fault.Field("reason", "housing.reason_missing").With("Limit", MaxReason))
	}
}

// day refuses a day that is none, lies in the future, or before an earlier one.
func day(bad *fault.Fields, field string, on, after, today clock.Date, key string) {
	switch {
	case !on.Valid():
		bad.Add(fault.Field(field, "housing.day_odd"))
	case on > today:
		bad.Add(fault.Field(field, "housing.day_future"))
	case after != "" && on < after:
		bad.Add(fault.Field(field, key).With("Day", after.Vietnamese()))
	}
}

func (d Decision) check(bad *fault.Fields, c *Case, today clock.Date) {
	bad.Check(d.Source.Valid(), "source", "housing.source_missing")
	bad.Check(d.Source != Direct || vntext.Length(tidy(d.Donor)) >= 2, "donor", "housing.donor_missing")
	long(bad, "donor", d.Donor, MaxShort)
	switch {
	case d.Amount <= 0:
		bad.Add(fault.Field("amount", "housing.amount_missing"))
	case d.Amount > maxAmount:
		bad.Add(fault.Field("amount", "housing.amount_large").With("Limit", maxAmount.String()))
	case d.Norm > 0 && d.Source != Direct && d.Amount > d.Norm:
		bad.Add(fault.Field("amount", "housing.amount_norm").With("Limit", d.Norm.String()).With("Programme", d.NormFor))
	case d.Amount < c.Paid:
		bad.Add(fault.Field("amount", "housing.amount_paid").With("Paid", c.Paid.String()))
	}
	if n := vntext.Length(tidy(d.DecisionNo)); n == 0 || n > MaxShort {
		bad.Add(fault.Field("decision_no", "housing.decision_missing"))
	}
	day(bad, "decision_on", d.DecisionOn, c.SurveyedOn, today, "housing.day_before_survey")
}

func long(bad *fault.Fields, field, s string, limit int) {
	if vntext.Length(s) > limit {
		bad.Add(fault.Field(field, "housing.too_long").With("Limit", limit))
	}
}

var areaShape = regexp.MustCompile(`^[1-9][0-9]{0,3}(,[0-9]{1,2})?$`)

// Clean puts spaces in order and drops empty lines.
func (c Completion) Clean() Completion {
	c.Area, c.Note = strings.ReplaceAll(strings.TrimSpace(c.Area), ".", ","), tidy(c.Note)
	var ms []Attendee
	for _, m := range c.Members {
		if m.Name, m.Title = tidy(m.Name), tidy(m.Title); m.Name != "" || m.Title != "" {
			ms = append(ms, m)
		}
	}
	var os []OtherSource
	for _, o := range c.Others {
		if o.Name = tidy(o.Name); o.Name != "" || o.Amount != 0 {
			os = append(os, o)
		}
	}
	c.Members, c.Others = ms, os
	return c
}

func (c Completion) check(bad *fault.Fields, of *Case, today clock.Date) {
	day(bad, "on", c.On, of.StartedOn, today, "housing.day_before_start")
	bad.Check(areaShape.MatchString(c.Area), "area", "housing.area_odd")
	if of.Kind == NewHouse {
		bad.Check(c.Floor && c.Frame && c.Roof, "hard", "housing.hard_missing")
	}
	bad.Check(len(c.Members) >= 2, "members", "housing.members_few")
	if len(c.Members) > MaxPeople || len(c.Others) > MaxPeople {
		bad.Add(fault.Field("members", "housing.too_many").With("Limit", MaxPeople))
	}
	for _, m := range c.Members {
		bad.Check(m.Name != "" && m.Title != "" && vntext.Length(m.Name) <= MaxShort && vntext.Length(m.Title) <= MaxShort, "members", "housing.member_odd")
	}
	for _, o := range c.Others {
		bad.Check(o.Name != "" && o.Amount > 0 && o.Amount <= maxAmount && vntext.Length(o.Name) <= MaxShort, "others", "housing.other_odd")
	}
	switch {
	case c.Programme <= 0 || c.Programme > of.Amount:
		bad.Add(fault.Field("programme", "housing.programme_money").With("Limit", of.Amount.String()))
	case c.Total() < of.Amount:
		bad.Add(fault.Field("programme", "housing.total_small").With("Total", c.Total().String()).With("Amount", of.Amount.String()))
	}
	long(bad, "note", c.Note, MaxText)
}

var idShape = regexp.MustCompile(`^(\d{9}|\d{12})$`)

// Clean puts spaces and numbers in order.
func (p Parties) Clean() Parties {
	for _, s := range []*string{&p.Giver, &p.GiverTitle, &p.Receiver, &p.IDDate, &p.IDPlace, &p.Witness, &p.WitnessTitle, &p.Purpose} {
		*s = tidy(*s)
	}
	p.IDNumber = strings.NewReplacer(" ", "", ".", "", "-", "").Replace(p.IDNumber)
	return p
}

// check says what of a payment cannot be taken; left is what may still be paid.
func (p Payment) check(c Case, left money.VND, today clock.Date) error {
	var bad fault.Fields
	switch {
	case p.Amount <= 0:
		bad.Add(fault.Field("amount", "housing.amount_missing"))
	case p.Amount > left:
		bad.Add(fault.Field("amount", "housing.amount_left").With("Left", left.String()))
	}
	day(&bad, "on", p.On, c.DecisionOn, today, "housing.day_before_decision")
	x := p.Parties
	for _, f := range []struct{ field, text string }{{"giver", x.Giver}, {"giver_title", x.GiverTitle}, {"receiver", x.Receiver}, {"witness", x.Witness}} {
		bad.Check(f.text != "", f.field, "housing.party_missing")
	}
	for _, f := range []struct{ field, text string }{{"giver", x.Giver}, {"giver_title", x.GiverTitle}, {"receiver", x.Receiver}, {"witness", x.Witness}, {"witness_title", x.WitnessTitle},
		{"id_date", x.IDDate}, {"id_place", x.IDPlace}, {"purpose", x.Purpose}} {
		long(&bad, f.field, f.text, MaxShort)
	}
	bad.Check(idShape.MatchString(x.IDNumber), "id_number", "housing.id_number_odd")
	if n := vntext.Length(p.DecisionNo); n == 0 || n > MaxShort {
		bad.Add(fault.Field("decision_no", "housing.decision_missing"))
	}
	return bad.OrNil()
}

// Clean puts spaces in order.
func (s Survey) Clean() Survey {
	for _, x := range []*string{&s.Job, &s.Education, &s.Employment, &s.Ethnicity, &s.Religion, &s.Priority, &s.Condition, &s.Circumstances, &s.Note} {
		*x = tidy(*x)
	}
	return s
}

func (s Survey) check(bad *fault.Fields, n Need) {
	bad.Check(n.Kind() != "", "need", "housing.need_missing")
	bad.Check(s.Land == LandTitled || s.Land == LandUntitled, "land", "housing.land_missing")
	bad.Check(s.Condition != "", "condition", "housing.condition_missing")
	for _, f := range []struct{ field, text string }{{"job", s.Job}, {"education", s.Education}, {"employment", s.Employment}, {"ethnicity", s.Ethnicity}, {"religion", s.Religion}, {"priority", s.Priority}} {
		long(bad, f.field, f.text, MaxShort)
	}
	for _, f := range []struct{ field, text string }{{"condition", s.Condition}, {"circumstances", s.Circumstances}, {"note", s.Note}} {
		long(bad, f.field, f.text, MaxText)
	}
}

// Clean puts spaces in order.
func (p Programme) Clean() Programme {
	p.Name, p.LegalBase = tidy(p.Name), tidy(p.LegalBase)
	return p
}

// Check says what of a programme cannot be taken.
func (p Programme) Check() error {
	var bad fault.Fields
	bad.Check(vntext.Length(p.Name) >= 5 && vntext.Length(p.Name) <= MaxShort, "name", "housing.programme_name")
	bad.Check(p.From >= 2000 && p.From <= 2100, "from", "housing.year_odd")
	bad.Check(p.To >= p.From && p.To <= 2100, "to", "housing.year_odd")
	bad.Check(p.LegalBase != "", "legal", "housing.legal_missing")
	long(&bad, "legal", p.LegalBase, MaxReason)
	bad.Check(p.NormNew >= 0 && p.NormNew <= maxAmount, "norm_new", "housing.amount_missing")
	bad.Check(p.NormFix >= 0 && p.NormFix <= maxAmount, "norm_fix", "housing.amount_missing")
	return bad.OrNil()
}
