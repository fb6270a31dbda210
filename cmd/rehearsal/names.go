package main

import "math/rand/v2"

// names makes invented Vietnamese names, the same in every run.
type names struct{ r *rand.Rand }

func newNames(seed uint64) *names { return &names{rand.New(rand.NewPCG(seed, 40))} }

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (n *names) person() string {
	family := []string{"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Hồ", "Ngô", "Lô", "Vi", "Lương", "Cao", "Đậu"}
	if n.r.IntN(2) == 0 {
		return pick(n.r, family) + " Thị " + pick(n.r, []string{"Hà", "Lan", "Hoa", "Thu", "Mai", "Nga", "Hiền", "Thảo", "Nhàn", "Yến", "Liên", "Oanh", "Quỳnh", "Dung", "Tâm"})
	}
	return pick(n.r, family) + " " + pick(n.r, []string{"Văn", "Đình", "Xuân", "Hữu", "Quốc", "Đức", "Công", "Bá"}) + " " +
		pick(n.r, []string{"An", "Bình", "Cường", "Dũng", "Hải", "Hùng", "Khánh", "Long", "Minh", "Nam", "Phúc", "Sơn", "Thắng", "Tuấn", "Vinh"})
}
