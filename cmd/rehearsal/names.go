package main

import (
	"math/rand/v2"
	"slices"
)

// names makes invented Vietnamese names, the same in every run.
type names struct{ r *rand.Rand }

func newNames(seed uint64) *names { return &names{rand.New(rand.NewPCG(seed, 40))} }

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (n *names) person() string {
	family := families()
	if n.r.IntN(2) == 0 {
		return pick(n.r, family) + " Thị " + pick(n.r, []string{"Hà", "Lan", "Hoa", "Thu", "Mai", "Nga", "Hiền", "Thảo", "Nhàn", "Yến", "Liên", "Oanh", "Quỳnh", "Dung", "Tâm"})
	}
	return pick(n.r, family) + " " + pick(n.r, []string{"Văn", "Đình", "Xuân", "Hữu", "Quốc", "Đức", "Công", "Bá"}) + " " +
		pick(n.r, []string{"An", "Bình", "Cường", "Dũng", "Hải", "Hùng", "Khánh", "Long", "Minh", "Nam", "Phúc", "Sơn", "Thắng", "Tuấn", "Vinh"})
}

func families() []string {
	return []string{"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Hồ", "Ngô", "Lô", "Vi", "Lương", "Cao", "Đậu"}
}

// citizen is somebody who never agreed to be named: a giver, who asks something, the head of a household. No official has such a
// name, so that a test can look for them on every public page.
func (n *names) citizen() string {
	middle, given := citizenNames()
	return pick(n.r, families()) + " " + pick(n.r, middle) + " " + pick(n.r, given)
}

func citizenNames() (middle, given []string) {
	return []string{"Thị Bích", "Thị Minh", "Khắc", "Trọng", "Viết", "Doãn"}, []string{"Ngân", "Phượng", "Sương", "Thoa", "Xoan", "Kiên", "Lực", "Nghĩa", "Quyết", "Toản", "Vượng", "Chiến"}
}

// citizens lists every name that citizen can give.
func citizens() []string {
	middle, given := citizenNames()
	var out []string
	for _, f := range families() {
		for _, m := range middle {
			for _, g := range given {
				out = append(out, f+" "+m+" "+g)
			}
		}
	}
	slices.Sort(out)
	return out
}
