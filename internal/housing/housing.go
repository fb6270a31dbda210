// Package housing is the programme of replacing makeshift and dilapidated houses and of building houses of great unity: each
// house is a case from the survey at the family's home to the handover, in five states. A survey records what is there; an
// approver, who is never the one who surveyed, decides source and amount; what happens at the building site are facts that the
// commune records; two minutes are written, of the handed over money and of the finished house. The family stands in the
// register of households, which also keeps the help once a house is handed over, and only once: what a fund paid towards it is a
// part of the same help.
package housing

import (
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/money"
)

// State is how far a house has come.
type State string

// The states.
const (
	Surveyed   State = "surveyed"
	Approved   State = "approved"
	UnderWay   State = "under_way"
	HandedOver State = "handed_over"
	Paused     State = "paused"
)

// States lists the states in the order pages show them.
var States = [...]State{Surveyed, Approved, UnderWay, HandedOver, Paused}

// Kind is what is done to the house.
type Kind string

// The kinds.
const (
	NewHouse Kind = "new"
	Repair   Kind = "repair"
)

// Kinds lists the kinds in the order pages show them.
var Kinds = [...]Kind{NewHouse, Repair}

// Need is what the family asks for.
type Need string

// The needs of the survey form.
const (
	NeedPrefab Need = "prefab" // nhà lắp ghép
	NeedBuild  Need = "build"  // tự xây mới
	NeedRepair Need = "repair" // tự sửa chữa
)

// Needs lists the needs in the order of the form.
var Needs = [...]Need{NeedPrefab, NeedBuild, NeedRepair}

// Kind is the kind of work that meets the need; "" for none.
func (n Need) Kind() Kind {
	switch n {
	case NeedPrefab, NeedBuild:
		return NewHouse
	case NeedRepair:
		return Repair
	}
	return ""
}

// Source is who gives the money.
type Source string

// The sources, named as the committees name them.
const (
	Provincial Source = "provincial"
	Commune    Source = "commune"
	Direct     Source = "direct" // a donor gives to this very house and is named
	Central    Source = "central"
)

// Sources lists the sources in the order pages show them.
var Sources = [...]Source{Provincial, Commune, Direct, Central}

// Valid tells whether s is one of the four.
func (s Source) Valid() bool {
	for _, x := range Sources {
		if x == s {
			return true
		}
	}
	return false
}

// Land is what right the family has to the ground.
type Land string

// The answers about the ground.
const (
	LandTitled   Land = "titled"   // with a certificate of land use right
	LandUntitled Land = "untitled" // without
)

// Survey is what the survey form asks beside what stands in the register of households. All of it is sealed; ethnicity, religion,
// priority group and circumstances are sensitive and may stay empty.
type Survey struct {
	Job           string
	Education     string
	Employment    string
	Ethnicity     string
	Religion      string
	Priority      string // such as family of a person with merit, disabled
	Land          Land
	Condition     string // of the house now
	Circumstances string // of the family
	Note          string
}

// Case is one house.
type Case struct {
	ID          string
	Code        string // XXXX-XXXX-XXX, on papers
	HouseholdID string
	UnitID      string // area or commune, as the household stood when it was surveyed; follows mergers
	ProgrammeID string
	State       State
	PausedFrom  State // the state to which a paused house goes back
	Why         string
	Need        Need
	Kind        Kind
	Category    household.Category // of the household when it was surveyed

	SurveyedBy, SurveyedName string
	SurveyedOn               clock.Date
	StateOn                  clock.Date // since when it is in its state

	Source     Source // "" until approved
	Donor      string // named donor of a direct gift
	Amount     money.VND
	DecisionNo string
	DecisionOn clock.Date
	ApprovedBy string
	Approver   string // name

	StartedOn   clock.Date
	CompletedOn clock.Date // day of the completion minutes; "" while there are none
	HandedOn    clock.Date
	TotalValue  money.VND // what the house cost altogether
	Paid        money.VND // handed over with minutes of this room, without what a fund paid
	Version     int
	CreatedAt   time.Time
}

// Matter is the name under which the register of households knows the house.
func (c Case) Matter() string { return matterPrefix + c.ID }

const matterPrefix = "housing:"

// HelpSource is this room's name in the register of help.
const HelpSource = "housing"

// Completion is the minutes of a finished house.
type Completion struct {
	On        clock.Date
	Members   []Attendee // steering board of the commune, People's Committee, Front, hamlet
	Area      string     // floor, in square metres: "45,5"
	Floor     bool       // the three hard parts: floor,
	Frame     bool       // frame and walls,
	Roof      bool       // roof
	Programme money.VND  // money of the programme
	Others    []OtherSource
	Note      string
}

// Total is what the house cost altogether.
func (c Completion) Total() money.VND {
	sum := c.Programme
	for _, o := range c.Others {
		sum += o.Amount
	}
	return sum
}

// Attendee is somebody who signs minutes.
type Attendee struct{ Name, Title string }

// OtherSource is money, material or labour that came from elsewhere.
type OtherSource struct {
	Name   string
	Amount money.VND
}

// Payment is money handed to the family, with minutes.
type Payment struct {
	ID         string
	CaseID     string
	Amount     money.VND
	On         clock.Date
	DecisionNo string
	PaidBy     string // official
	PaidName   string
	Parties    Parties // sealed
	ReversedAt time.Time
	Why        string // of the reversal
}

// Reversed tells whether the payment was taken back.
func (p Payment) Reversed() bool { return !p.ReversedAt.IsZero() }

// Parties are the people of the minutes of a payment.
type Parties struct {
	Giver, GiverTitle     string
	Receiver              string
	IDNumber              string
	IDDate                string // as on the card
	IDPlace               string
	Witness, WitnessTitle string
	Purpose               string
}

// Programme is what houses are built under. All its figures are data: programmes differ and change.
type Programme struct {
	ID        string
	Name      string
	UnitID    string // who leads it
	From, To  int    // years
	LegalBase string
	NormNew   money.VND // most that the programme gives for a new house; 0: no norm
	NormFix   money.VND // and for a repair
	Closed    bool      // no more surveys
}

// Norm is the most that the programme gives for a kind; 0: no norm.
func (p Programme) Norm(k Kind) money.VND {
	if k == Repair {
		return p.NormFix
	}
	return p.NormNew
}

// Event is one step in the life of a house.
type Event struct {
	ID        string
	CaseID    string
	Step      Step
	From, To  State
	At        time.Time
	ActorID   string
	ActorName string
	Reason    string
}

// Moment is when a photo was taken.
type Moment string

// The moments.
const (
	Before Moment = "before"
	After  Moment = "after"
)

// Photo is one photo of a house, with the family's consent.
type Photo struct {
	ID      string // the picture store's
	CaseID  string
	Moment  Moment
	Consent string // who consented, and how: "chủ hộ, ký trên phiếu khảo sát"
	At      time.Time
	ByName  string
}
