// Package simkit is the workshop that the simulators of the outside world share: a journal that keeps what happened, a
// table of faults that a rehearsal switches on and off, a meter of requests per minute and a postman that delivers signed
// webhooks with retries. It knows nothing of Zalo or Facebook; a simulator of YouTube or of a bank would use it the same way.
package simkit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
)

// RandomHex gives n random bytes as 2n hexadecimal characters.
func RandomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // crypto/rand never fails on the systems Go supports since 1.24
	return hex.EncodeToString(b)
}

// StableID makes a decimal identifier of 19 digits (always above 2^53, so that a client that decodes it as a float loses
// it) from the given words: the same words give the same identifier in every run.
func StableID(words ...string) string {
	h := sha256.New()
	for _, w := range words {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	n := binary.BigEndian.Uint64(h.Sum(nil))
	const low, span = 1_000_000_000_000_000_000, 8_000_000_000_000_000_000
	return strconv.FormatUint(low+n%span, 10)
}

// WriteJSON answers with v as JSON, leaving <, > and & as they are.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client went away: nobody is left to tell
}

// ReadJSON decodes the body of a control request into v and answers 400 with the reason when it cannot; it tells whether
// v may be used. An empty body leaves v as it is.
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	if r.ContentLength == 0 {
		return true
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 8<<20)).Decode(v); err != nil {
		WriteJSON(w, http.StatusBadRequest, map[string]string{"error": "the body is not the JSON expected here: " + err.Error()})
		return false
	}
	return true
}
