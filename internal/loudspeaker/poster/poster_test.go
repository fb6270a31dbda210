package poster_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/loudspeaker/poster"
)

func photo(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			m.Set(x, y, color.RGBA{uint8(x / 4), uint8(y / 3), 120, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read gives the text and the number of pages that pdftotext and pdfinfo see. With POSTER_PNG set it also draws the page there.
func read(t *testing.T, name string, pdf []byte) (string, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command("pdftotext", "-layout", file, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext: %v: %s", err, text)
	}
	info, err := exec.Command("pdfinfo", file).CombinedOutput()
	if err != nil {
		t.Fatalf("pdfinfo: %v: %s", err, info)
	}
	fonts, err := exec.Command("pdffonts", file).CombinedOutput()
	if err != nil || strings.Count(string(fonts), "yes") < 4 {
		t.Errorf("the fonts are not inside: %v\n%s", err, fonts)
	}
	if dir := os.Getenv("POSTER_PNG"); dir != "" {
		if out, err := exec.Command("pdftoppm", "-r", "60", "-png", file, filepath.Join(dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("pdftoppm: %v: %s", err, out)
		}
	}
	return strings.Join(strings.Fields(string(text)), " "), string(info)
}

func TestDraw(t *testing.T) {
	whole := poster.Sheet{Unit: "Ủy ban Mặt trận Tổ quốc Việt Nam xã Kim Liên", Title: "Mời bà con dự Ngày hội Đại đoàn kết toàn dân tộc",
		Lead: "Ngày hội bắt đầu lúc 7 giờ 30 ngày 18/11/2026 tại nhà văn hoá xóm Sen.",
		Body: strings.Repeat("Bà con mặc trang phục truyền thống, mang theo ghế gấp. Có thi nấu ăn, kéo co và văn nghệ quần chúng.\n", 12),
		Link: "https://mattran.nghean.example/dv/xa-kim-lien/tin/moi-ba-con-du-ngay-hoi", Scan: "Quét mã để đọc cả bài", Date: "Ngày 21 tháng 11 năm 2026", Contact: "Đường dây nóng: 0238 000 0000"}
	withPicture := whole
	withPicture.Picture = photo(t, 1200, 800)
	long := withPicture
	long.Unit = strings.Repeat("Ủy ban Mặt trận Tổ quốc Việt Nam ", 8)
	long.Title = strings.Repeat("Nghiêng mình trước những người ngã xuống vì đất nước ", 12)
	long.Lead = strings.Repeat("Lời dẫn rất dài kể hết mọi chuyện trong một đoạn. ", 40)
	long.Link += "-" + strings.Repeat("rat-dai-", 30)
	for name, s := range map[string]poster.Sheet{"whole": whole, "picture": withPicture, "long": long,
		"bare": {Unit: "Xã Kim Liên", Title: "Thông báo", Made: whole.Made}, "tall": {Title: "Ảnh đứng", Picture: photo(t, 300, 2000)}, "broken": {Title: "Ảnh hỏng", Picture: []byte("no")}} {
		pdf, err := poster.Draw(s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text, info := read(t, name, pdf)
		if !strings.Contains(strings.Join(strings.Fields(info), " "), "Pages: 1 ") || !strings.Contains(info, "(A4)") {
			t.Errorf("%s: not one A4 page: %s", name, info)
		}
		want := []string{}
		switch name {
		case "whole", "picture":
			want = []string{s.Unit, s.Title, s.Lead, "Bà con mặc trang phục truyền thống", s.Scan, s.Date, s.Contact, "mattran.nghean.example"}
		case "long":
			want = []string{"Nghiêng mình trước những người ngã xuống", "Lời dẫn rất dài", "…", s.Contact}
		default:
			want = []string{s.Title}
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q is not in: %s", name, w, text)
			}
		}
	}
}
