package mail

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// A verifier that nobody here wrote finds the signature good, and bad after any change that matters.
func TestSignatureIsGood(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := clock.NewStub(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC))
	s := Signer{Domain: "mttq.example", Selector: "nc1", Key: key, Clock: now}
	post := SMTP{From: "nhipcau@mttq.example", Clock: now}
	raw, err := post.compose(Letter{To: "ba.con@thu.example", FromName: "Mặt trận Tổ quốc – Nhịp Cầu", Subject: strings.Repeat("Lịch tiếp công dân tháng 12 ", 5),
		Text: "Kính gửi bà con,\n\nhai  khoảng trắng \n.dòng có dấu chấm\n\n\n", Tag: "NB-1", Stop: "https://mttq.example/bao-tin/x/thoi"})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	name, value, err := s.Record()
	if err != nil || name != "nc1._domainkey.mttq.example" {
		t.Fatal(name, err)
	}
	good := func(letter []byte) bool {
		t.Helper()
		vs, err := dkim.VerifyWithOptions(bytes.NewReader(letter), &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
			if domain != name {
				t.Errorf("the key is looked for at %s", domain)
			}
			return []string{value}, nil
		}})
		if err != nil || len(vs) != 1 {
			t.Fatalf("%d signatures: %v", len(vs), err)
		}
		for _, h := range []string{"list-unsubscribe", "list-unsubscribe-post", "from", "subject"} {
			if vs[0].Err == nil && !strings.Contains(strings.ToLower(strings.Join(vs[0].HeaderKeys, " ")), h) {
				t.Errorf("%s is not signed", h)
			}
		}
		return vs[0].Err == nil
	}
	if !good(signed) {
		t.Errorf("a good signature is not taken:\n%s", signed)
	}
	for was, is := range map[string]string{"ba.con": "ba.com", "g=C3=A2n": "g=C3=A3n", "k=E1=BA=BFp": "x", "Kính": "kinh", "bao-tin/x": "bao-tin/y"} {
		if changed := bytes.Replace(signed, []byte(was), []byte(is), 1); !bytes.Equal(changed, signed) && good(changed) {
			t.Errorf("after changing %q to %q it is still good", was, is)
		}
	}
	if good(append([]byte("From: gia.mao@xau.example\r\n"), signed...)) {
		t.Error("a second sender is taken")
	}
	// Mail servers on the way may fold and pad.
	if padded := bytes.Replace(signed, []byte("MIME-Version: 1.0"), []byte("MIME-Version:   1.0 "), 1); !good(padded) {
		t.Error("a blank on the way breaks the signature")
	}
	if _, err := s.Sign([]byte("kein Ende")); err == nil {
		t.Error("a letter without a body is signed")
	}
}
