package ui

import "testing"

func TestCellsOfCardsAreNamed(t *testing.T) {
	head := []Col{{Text: "Kênh"}, {Text: "Đơn vị"}, {Text: "Số <b>"}, {}}
	for in, want := range map[string]string{
		`<tr><td>A</td><td class="num">B <b>c</b></td><td>1</td><td>x</td></tr>`:         `<tr><td>A</td><td class="num" data-th="Đơn vị"><div>B <b>c</b></div></td><td data-th="Số &lt;b&gt;"><div>1</div></td><td>x</td></tr>`,
		`<tr><th scope="row">A</th><td></td><td data-th="own">1</td></tr><tr><td>B</td>`: `<tr><th scope="row">A</th><td></td><td data-th="own">1</td></tr><tr><td>B</td>`,
		`<tr><td>A</td><td>b<br/>c</td></tr><tr><td>D</td><td>e</td></tr>`:               `<tr><td>A</td><td data-th="Đơn vị"><div>b<br/>c</div></td></tr><tr><td>D</td><td data-th="Đơn vị"><div>e</div></td></tr>`,
		`<tr><td colspan="4">Nhóm</td></tr>`:                                             `<tr><td colspan="4">Nhóm</td></tr>`,
		`no tag, a < b`:                                                                  `no tag, a < b`,
	} {
		if got := nameCells(in, head); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}
