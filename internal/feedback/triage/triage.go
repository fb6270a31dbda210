// Package triage reads the words of a letter and says, by rules that anybody can check, of which legal kind it probably is,
// whether it holds several matters, and whether somebody is in danger now. It only suggests: a person decides, and says why.
package triage

import (
	"strings"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Suggestion is a legal kind with the words that speak for it.
type Suggestion struct {
	Kind  feedback.Kind
	Words []string // as rules know them, without diacritics
}

// signs are words, folded, that speak for a kind, the strongest kind first: who accuses somebody must be heard by the
// receiver alone even when the letter also asks for something.
var signs = []struct {
	kind  feedback.Kind
	words []string
}{
	{feedback.Denunciation, []string{"to cao", "nhan hoi lo", "tham o", "tham nhung", "bao ke", "an chan", "chiem doat", "bien thu", "vi pham phap luat cua can bo", "lam quyen", "loi dung chuc vu", "thu tien trai"}},
	{feedback.Complaint, []string{"khieu nai", "khong dong y voi quyet dinh", "huy quyet dinh", "xem xet lai quyet dinh", "quyet dinh thu hoi dat cua toi", "quyet dinh xu phat toi", "giai quyet khieu nai"}},
	{feedback.Petition, []string{"kien nghi", "de nghi sua", "de nghi bo sung", "de xuat", "nen xem xet", "mong muon duoc xay", "de nghi xay", "de nghi lap them", "de nghi mo"}},
}

// Kind suggests the legal kind of a text; Words is empty when nothing speaks for another kind than a report.
func Kind(text string) Suggestion {
	folded := padded(text)
	for _, s := range signs {
		if found := find(folded, s.words); len(found) > 0 {
			return Suggestion{s.kind, found}
		}
	}
	return Suggestion{Kind: feedback.Report}
}

// Mixed lists the kinds that words of one text speak for, when there are several: the letter may want to be split (Decree
// 154/2026, article 14, paragraph 4).
func Mixed(text string) []feedback.Kind {
	folded := padded(text)
	var out []feedback.Kind
	for _, s := range signs {
		if len(find(folded, s.words)) > 0 {
			out = append(out, s.kind)
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// Danger is a number to call now.
type Danger string

// The numbers: police, fire brigade, ambulance, and the national line for children.
const (
	Police    Danger = "113"
	Fire      Danger = "114"
	Ambulance Danger = "115"
	Children  Danger = "111"
)

var dangers = []struct {
	call  Danger
	words []string
}{
	{Police, []string{"danh nhau", "chem nhau", "dang bi danh", "de doa giet", "doa giet", "giet nguoi", "cuop", "bat coc", "hiep dam", "bao hanh", "danh dap vo", "cam dao", "no sung"}},
	{Fire, []string{"chay nha", "dam chay", "dang chay", "hoa hoan", "chay rung", "no binh ga", "mac ket", "nuoc cuon", "lu cuon", "sap nha", "sat lo dang", "duoi nuoc"}},
	{Ambulance, []string{"cap cuu", "ngat xiu", "bat tinh", "tai nan giao thong nghiem trong", "co nguoi bi thuong", "tu tu", "muon chet", "chay mau nhieu", "ngo doc", "dien giat"}},
	{Children, []string{"xam hai tre", "bao hanh tre", "danh tre em", "xam hai chau", "tre bi bo roi", "chau be bi danh", "be bi danh", "quay roi tre em"}},
}

// Dangers lists the numbers to call now that the words of a text speak for, each once.
func Dangers(text string) []Danger {
	folded := padded(text)
	var out []Danger
	for _, d := range dangers {
		if len(find(folded, d.words)) > 0 {
			out = append(out, d.call)
		}
	}
	return out
}

// padded folds a text to words with one space around each, so that "cuop" is not found in "cuopluoc".
func padded(text string) string { return " " + strings.Join(vntext.Tokens(text), " ") + " " }

func find(folded string, words []string) []string {
	var out []string
	for _, w := range words {
		if strings.Contains(folded, " "+w+" ") {
			out = append(out, w)
		}
	}
	return out
}
