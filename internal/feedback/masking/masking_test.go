package masking

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestMask(t *testing.T) {
	say := func(k Kind) string { return string(k) }
	for in, want := range map[string]string{
		"Gọi tôi số 0912 345 678 nhé":                      "Gọi tôi số [phone] nhé",
		"liên hệ 0912.345.678, cảm ơn":                     "liên hệ [phone], cảm ơn",
		"sđt +84 912 345 678":                              "sđt [phone]",
		"máy bàn 0238.384.5678":                            "máy bàn [phone]",
		"CCCD 040085001234 của tôi":                        "CCCD [id_number] của tôi",
		"CMND 186 123 456":                                 "CMND [id_number]",
		"thẻ BHYT GD4400123456789":                         "thẻ BHYT [id_number]",
		"chuyển vào tài khoản 19036482910018 ngày 3/10":    "chuyển vào tài khoản [account] ngày 3/10",
		"thư gửi ha.nguyen@vidu.vn":                        "thư gửi [email]",
		"nhà số 12/5 đường Lê Lợi bị ngập":                 "[address] bị ngập",
		"ở 15 ngõ 8 Hồng Sơn, mưa là ngập":                 "ở [address], mưa là ngập",
		"Tôi là Nguyễn Thị Hà, ở khối 3":                   "Tôi là [name], ở khối 3",
		"Cống đầu ngõ 12 bị tắc từ tháng 9":                "Cống đầu ngõ 12 bị tắc từ tháng 9",
		"đóng 1.500.000 đồng và 250.000.000 đồng":          "đóng 1.500.000 đồng và 250.000.000 đồng",
		"Đoạn đường liên xóm 5 ra quốc lộ 46 hỏng 2 tháng": "Đoạn đường liên xóm 5 ra quốc lộ 46 hỏng 2 tháng",
		"Nghị định 154/2026/NĐ-CP ngày 21/11/2026":         "Nghị định 154/2026/NĐ-CP ngày 21/11/2026",
		"tôi là người dân xóm 5":                           "tôi là người dân xóm 5",
		"":                                                 "",
		// What people write in earnest.
		"gọi (0912) 345-678 gặp tôi":                       "gọi [phone] gặp tôi",
		"số 0912/345/678":                                  "số [phone]",
		"máy O912 345 678":                                 "máy [phone]",
		"máy 0912 345 67o":                                 "máy [phone]",
		"０９１２３４５６７８ là số tôi":                             "[phone] là số tôi",
		"0 9 1 2 3 4 5 6 7 8":                              "[phone]",
		"không chín một hai ba bốn năm sáu bảy tám nhé":    "[phone] nhé",
		"ha.nguyen(at)vidu.vn":                             "[email]",
		"ha nguyen a còng vidu chấm vn":                    "ha [email]",
		"trang facebook.com/ha.nguyen.39 của tôi":          "trang [page] của tôi",
		"xe 37A-123.45 đỗ trước cổng":                      "xe [plate] đỗ trước cổng",
		"tôi sinh ngày 12/3/1956, chưa có thẻ":             "tôi sinh ngày [birth], chưa có thẻ",
		"ông cụ sinh năm 1940 ở một mình":                  "ông cụ sinh năm [birth] ở một mình",
		"địa chỉ: khối 5, phường Vinh Hưng. Xin cảm ơn":    "địa chỉ: [address]. Xin cảm ơn",
		"hộ khẩu thường trú tại xóm 3 xã Nghi Kim; đã nộp": "hộ khẩu thường trú tại [address]; đã nộp",
		"thửa đất số 112, tờ bản đồ số 7 bị đo sai":        "[address], [address] bị đo sai",
		"ông Nguyễn Văn Mẫu lấn đất":                       "ông [name] lấn đất",
		"bà TRẦN THỊ MẪU chưa trả":                         "bà [name] chưa trả",
		"hỏi chị Vi Thị Mẫu ở bản":                         "hỏi chị [name] ở bản",
		"mẹ tôi là Lô Thị Mẫu bị bệnh":                     "mẹ tôi là [name] bị bệnh",
		"Xồng Bá Mẫu đã nhận tiền":                         "[name] đã nhận tiền",
		"người bán là Hồ Thị Mẫu và Phan Văn Thử":          "người bán là [name] và [name]",
		"nhà gần đường Nguyễn Văn Linh ngập":               "nhà gần đường Nguyễn Văn Linh ngập",
		"trước trường THPT Lê Hồng Phong":                  "trước trường THPT Lê Hồng Phong",
		"khu lưu niệm Phan Bội Châu xuống cấp":             "khu lưu niệm Phan Bội Châu xuống cấp",
		"ông bà cho hỏi lịch tiếp dân":                     "ông bà cho hỏi lịch tiếp dân",
		"thông báo số 12 của xã":                           "thông báo số 12 của xã",
		"từ ngày 20/11/2026 đến 25/11/2026":                "từ ngày 20/11/2026 đến 25/11/2026",
		"Luật Đất đai 31/2024/QH15 điều 79":                "Luật Đất đai 31/2024/QH15 điều 79",
		"quốc lộ 46B km 12+300 sạt":                        "quốc lộ 46B km 12+300 sạt",
		"có hai ba nhà năm sáu người":                      "có hai ba nhà năm sáu người",
		"đo được 18.67340, 105.69230":                      "đo được 18.67340, 105.69230",
	} {
		got := Mask(in, say)
		if got != want {
			t.Errorf("%q\n got %q\nwant %q", in, got, want)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("Tôi là Nguyễn Thị Hà, 0912 345 678, a@b.vn, số 12/5 đường Lê Lợi")
	f.Add("\xff\xfe 123456789 \u0301")
	f.Add("０９１２ (O) a còng x chấm vn; ông Nguyễn Văn Mẫu sinh năm 1940 37A-123.45")
	f.Fuzz(func(t *testing.T, s string) {
		at := 0
		for _, found := range Find(s) {
			if found.From < at || found.To <= found.From || found.To > len(s) {
				t.Fatalf("%q: a finding at %d to %d after %d", s, found.From, found.To, at)
			}
			at = found.To
		}
		masked := Mask(s, func(Kind) string { return "ẩn" })
		if utf8.ValidString(s) && !utf8.ValidString(masked) {
			t.Fatalf("broken text from %q", s)
		}
		if strings.TrimSpace(s) != "" && masked == "" {
			t.Fatalf("nothing left of %q", s)
		}
	})
}

func TestPersonMasked(t *testing.T) {
	got := []string{Initials("Nguyễn Thị Hà"), Initials("đặng  văn á"), Initials(""), PhoneTail("0912 345 678"), PhoneTail("12"), PhoneTail("")}
	if d := cmp.Diff([]string{"N.T.H.", "Đ.V.Á.", "", "678", "", ""}, got); d != "" {
		t.Error(d)
	}
	for in, ok := range map[string]bool{"0912345678": true, "+84 912-345-678": true, "(0238) 384 567": true, "số nhà tôi": false, "123": false, "0912345678901234": false} {
		if ValidPhone(in) != ok {
			t.Errorf("ValidPhone(%q) = %v", in, !ok)
		}
	}
}
