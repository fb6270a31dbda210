package fund

// Head is what money is spent on: a letter of Decree 93/2021/NĐ-CP, article 11(1), or running costs.
type Head string

// The heads of article 11(1), in the order and with the letters of the decree (there is no letter j; "đ" stands between d and
// e), and running costs, which article 12(3) allows only when donors agreed and it is published.
const (
	HeadInjured Head = "a"       // the injured, the missing, funerals
	HeadFood    Head = "b"       // food, water, medicine and other essentials
	HeadHousing Head = "c"       // houses repaired or rebuilt
	HeadMoving  Head = "d"       // people moved out of danger
	HeadShelter Head = "dd"      // "đ": temporary shelters
	HeadHygiene Head = "e"       // environment and disease prevention
	HeadMedical Head = "g"       // medical equipment
	HeadFarming Head = "h"       // seed, livestock, tools, farmland
	HeadPublic  Head = "i"       // public works, schools, clinics
	HeadOther   Head = "k"       // meals, quarantine and others that the province sets
	HeadRunning Head = "running" // running costs
)

// Heads lists the heads of the decree in its order; running costs are not among them.
func Heads() []Head {
	return []Head{HeadInjured, HeadFood, HeadHousing, HeadMoving, HeadShelter, HeadHygiene, HeadMedical, HeadFarming, HeadPublic, HeadOther}
}

// Letter is the head as the decree writes it: "đ" for HeadShelter; running costs have none.
func (h Head) Letter() string {
	switch h {
	case HeadShelter:
		return "đ"
	case HeadRunning:
		return ""
	}
	return string(h)
}

// Valid tells whether there is such a head.
func (h Head) Valid() bool {
	for _, x := range Heads() {
		if h == x {
			return true
		}
	}
	return h == HeadRunning
}
