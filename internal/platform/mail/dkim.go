package mail

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Signer puts a DKIM signature (RFC 6376: rsa-sha256, relaxed/relaxed) in front of letters, so that the reader's mail server
// can tell that the house wrote them and that nobody changed them on the way.
type Signer struct {
	Domain   string // of the house's address
	Selector string // names the key: its public half stands in the DNS at SELECTOR._domainkey.DOMAIN
	Key      *rsa.PrivateKey
	Clock    clock.Clock
}

// signedHeads are the parts of the head that the signature covers. From stands twice: nobody may add a second one. RFC 8058
// wants the two for leaving a list covered.
var signedHeads = [...]string{"from", "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post", "auto-submitted"}

// Sign gives the letter with its signature in front.
func (s Signer) Sign(letter []byte) ([]byte, error) {
	head, body, ok := bytes.Cut(letter, []byte("\r\n\r\n"))
	if !ok {
		return nil, errors.New("mail: a letter without an end of its head")
	}
	fields := map[string]string{}
	for _, f := range unfold(string(head)) {
		name, _, _ := strings.Cut(f, ":")
		fields[strings.ToLower(strings.TrimSpace(name))] = f
	}
	var names []string
	var signed strings.Builder
	seen := map[string]bool{}
	for _, n := range signedHeads {
		f, there := fields[n]
		if !there && n != "from" {
			continue
		}
		names = append(names, n)
		if !seen[n] { // the second From does not exist, and that is what is signed
			signed.WriteString(relaxedHead(f) + "\r\n")
		}
		seen[n] = true
	}
	sum := sha256.Sum256(relaxedBody(body))
	value := fmt.Sprintf("v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=%s; t=%d;\r\n\th=%s;\r\n\tbh=%s;\r\n\tb=",
		s.Domain, s.Selector, s.Clock.Now().Unix(), strings.Join(names, ":"), base64.StdEncoding.EncodeToString(sum[:]))
	signed.WriteString(relaxedHead("DKIM-Signature: " + value))
	hash := sha256.Sum256([]byte(signed.String()))
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.Key, crypto.SHA256, hash[:])
	if err != nil {
		return nil, fmt.Errorf("mail: the signature: %w", err)
	}
	b64 := base64.StdEncoding.EncodeToString(sig)
	var out bytes.Buffer
	out.WriteString("DKIM-Signature: " + value)
	for len(b64) > 70 {
		out.WriteString(b64[:70] + "\r\n\t")
		b64 = b64[70:]
	}
	out.WriteString(b64 + "\r\n")
	out.Write(letter)
	return out.Bytes(), nil
}

// Record is what the DNS must hold: the name and the text of a TXT record.
func (s Signer) Record() (name, value string, err error) {
	der, err := x509.MarshalPKIXPublicKey(&s.Key.PublicKey)
	if err != nil {
		return "", "", err
	}
	return s.Selector + "._domainkey." + s.Domain, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), nil
}

// unfold gives the fields of a head, each with its continued lines.
func unfold(head string) []string {
	var out []string
	for _, line := range strings.Split(head, "\r\n") {
		if len(out) > 0 && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")) {
			out[len(out)-1] += "\r\n" + line
			continue
		}
		out = append(out, line)
	}
	return out
}

// relaxedHead is one field as RFC 6376 3.4.2 hashes it.
func relaxedHead(field string) string {
	name, value, _ := strings.Cut(field, ":")
	value = strings.ReplaceAll(value, "\r\n", "")
	return strings.ToLower(strings.TrimRight(name, " \t")) + ":" + strings.Trim(oneSpace(value), " ")
}

// relaxedBody is the body as RFC 6376 3.4.4 hashes it.
func relaxedBody(body []byte) []byte {
	lines := strings.Split(string(body), "\r\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(oneSpace(l), " ")
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		return nil
	}
	return []byte(strings.Join(lines, "\r\n") + "\r\n")
}

// oneSpace makes each run of blanks and tabs one blank.
func oneSpace(s string) string {
	var b strings.Builder
	blank := false
	for _, r := range []byte(s) {
		if r == ' ' || r == '\t' {
			blank = true
			continue
		}
		if blank {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteByte(r)
	}
	if blank {
		b.WriteByte(' ')
	}
	return b.String()
}
