package orgunit

import "testing"

func BenchmarkBuild(b *testing.B) {
	n, err := nationRecords()
	if err != nil {
		b.Fatal(err)
	}
	if err := n.areas("40"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := build(n.out, 1); err != nil {
			b.Fatal(err)
		}
	}
}
