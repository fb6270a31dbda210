package voter

import (
	"context"
	"sort"
	"strings"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// fieldWords are folded words and phrases by which the field of a petition is suggested; a person decides.
func fieldWords() map[string][]string {
	return map[string][]string{
		"land":           {"dat dai", "giay chung nhan", "so do", "quy hoach", "giai phong mat bang", "den bu", "boi thuong", "dat o", "dat nong nghiep", "thu hoi dat", "tai dinh cu", "do dac", "lan chiem"},
		"transport":      {"duong", "cau tran", "cay cau", "cau treo", "cau duong", "xe buyt", "ben xe", "giao thong", "quoc lo", "tinh lo", "o ga", "via he", "den duong", "bien bao", "vuot toc", "xe tai", "xe qua tai", "ngap duong", "hanh lang"},
		"water":          {"thuy loi", "kenh tuoi", "tuyen kenh", "kenh muong", "muong", "de dieu", "bo de", "bo ke", "ho dap", "nuoc sach", "nuoc sinh hoat", "thoat nuoc", "tieu ung", "sat lo", "ngap ung", "tram bom"},
		"farming":        {"nong nghiep", "trong lua", "lua giong", "cay giong", "phan bon", "chan nuoi", "dich ta", "trau bo", "thuy san", "trong rung", "bao ve rung", "hop tac xa", "nong thon moi", "ocop"},
		"environment":    {"moi truong", "rac", "o nhiem", "nuoc thai", "khoi bui", "tieng on", "bai rac", "mui hoi", "khai thac cat", "mo da"},
		"industry":       {"luoi dien", "nganh dien", "duong dien", "day dien", "duong day dien", "mat dien", "tram bien ap", "cot dien", "cho dan sinh", "ngoi cho", "cum cong nghiep", "doanh nghiep", "kinh doanh", "gia dien", "vien thong", "internet", "song dien thoai"},
		"education":      {"truong hoc", "giao vien", "hoc sinh", "mam non", "hoc phi", "lop hoc", "giao duc", "sach giao khoa", "truong mam non", "truong tieu hoc", "truong trung hoc"},
		"health":         {"tram y te", "benh vien", "bao hiem y te", "kham benh", "chua benh", "thuoc bao hiem", "bac si", "y te", "dich benh", "tiem chung"},
		"social":         {"ho ngheo", "chinh sach", "nguoi co cong", "thuong binh", "liet si", "tro cap", "nguoi cao tuoi", "khuyet tat", "viec lam", "nha tam", "bao tro", "luong huu"},
		"culture":        {"nha van hoa", "di tich", "le hoi", "the thao", "du lich", "san bong", "thu vien", "den chua", "truyen thanh", "loa"},
		"security":       {"an ninh", "trat tu", "ma tuy", "trom cap", "co bac", "lua dao", "cong an", "tin dung den", "chay no", "phong chay"},
		"administration": {"thu tuc", "can bo", "cong chuc", "mot cua", "ho tich", "can cuoc", "sap nhap", "khoi xom", "cai cach hanh chinh", "dich vu cong", "tru so", "xom truong", "ban cong tac mat tran"},
	}
}

// fieldBody tells which type of agency is usually competent in a field, by folded words of its name; communes first, then the
// province.
func fieldBody() map[string][]string {
	return map[string][]string{
		"land": {"nong nghiep va moi truong"}, "transport": {"so xay dung"}, "water": {"nong nghiep va moi truong"}, "farming": {"nong nghiep va moi truong"}, "environment": {"nong nghiep va moi truong"},
		"industry": {"so cong thuong", "dien luc"}, "education": {"giao duc va dao tao"}, "health": {"so y te", "bao hiem xa hoi"}, "social": {"so noi vu"}, "culture": {"van hoa"}, "security": {"cong an"}, "administration": {"so noi vu"},
	}
}

// Suggestion is what a petition seems to be about, and why.
type Suggestion struct {
	Field      string
	BodyUnitID string
	Words      []string // the words that spoke for the field
	LikeCode   string   // an earlier item that was sorted so; "" when the words decided
}

// guessField counts the words of each field in a folded text.
func guessField(folded string) (string, []string) {
	text := " " + strings.Join(vntext.Tokens(folded), " ") + " "
	best, score := "", 0
	var why []string
	for _, f := range Fields() {
		n := 0
		var found []string
		for _, w := range fieldWords()[f] {
			if c := strings.Count(text, " "+w+" "); c > 0 {
				n += c * len(strings.Fields(w)) // a phrase says more than a word
				found = append(found, w)
			}
		}
		if n > score {
			best, score, why = f, n, found
		}
	}
	return best, why
}

// Suggest says how petitions of a unit would be sorted: as an earlier item that is much alike, or by their words.
func (s *Service) Suggest(ctx context.Context, actor identity.Actor, unitID string, texts []string) ([]Suggestion, error) {
	if err := s.may(actor, ActionRead, unitID); err != nil {
		return nil, err
	}
	earlier, err := s.store.alike(ctx, s.DB.Read(), Item{UnitID: unitID}, 1500)
	if err != nil {
		return nil, err
	}
	bodies := s.Bodies(unitID)
	known := map[string]bool{}
	for _, b := range bodies {
		known[b.ID] = true
	}
	out := make([]Suggestion, len(texts))
	for i, text := range texts {
		best := 0.0
		for _, x := range earlier {
			if x.Field == "" || !known[x.BodyUnitID] || x.Text == text {
				continue
			}
			if l := vntext.Similarity(text, x.Text); l > best && l >= 0.45 {
				best = l
				out[i] = Suggestion{Field: x.Field, BodyUnitID: x.BodyUnitID, LikeCode: x.Code}
			}
		}
		if out[i].LikeCode != "" {
			continue
		}
		folded := vntext.Fold(text)
		out[i].Field, out[i].Words = guessField(folded)
		wanted := fieldBody()[out[i].Field]
		type scored struct {
			id string
			n  int
		}
		var list []scored
		for rank, b := range bodies {
			name := vntext.Fold(b.FullName)
			n := 0
			if strings.Contains(folded, vntext.Fold(b.Name)) {
				n += 100
			}
			for _, w := range wanted {
				if strings.Contains(name, w) {
					n += 10
				}
			}
			if out[i].Field != "" && strings.HasPrefix(name, "uy ban nhan dan") {
				n += 5
			}
			if n > 0 {
				list = append(list, scored{b.ID, n*1000 - rank})
			}
		}
		sort.SliceStable(list, func(a, b int) bool { return list[a].n > list[b].n })
		if len(list) > 0 && out[i].Field != "" {
			out[i].BodyUnitID = list[0].id
		}
	}
	return out, nil
}
