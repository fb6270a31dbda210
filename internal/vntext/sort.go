package vntext

import (
	"encoding/hex"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// collator is one Vietnamese collator with its scratch memory: neither may be shared between goroutines.
type collator struct {
	c   *collate.Collator
	buf collate.Buffer
}

var collators = sync.Pool{New: func() any { return &collator{c: collate.New(language.Vietnamese)} }}

// SortKey gives a lower-case hexadecimal text whose plain byte order is the Vietnamese alphabetical order of s: a ă â b c
// d đ e ê …, and within one letter the tones ngang, huyền, hỏi, ngã, sắc, nặng. Stored in a text column it sorts alike on
// both engines. Old and new tone placement have one key. Keys are comparable only within one version of the program.
func SortKey(s string) string {
	k := collators.Get().(*collator)
	defer collators.Put(k)
	k.buf.Reset()
	return hex.EncodeToString(k.c.KeyFromString(&k.buf, FoldTone(s)))
}

// Compare orders a and b alphabetically in Vietnamese: negative, zero or positive.
func Compare(a, b string) int {
	k := collators.Get().(*collator)
	defer collators.Put(k)
	return k.c.CompareString(FoldTone(a), FoldTone(b))
}

// NameSortKey is SortKey for the name of a person, which Vietnamese lists order by the given name (the last word), then
// by family and middle names: "Trần Văn An" comes before "Lê Thị Bình".
func NameSortKey(fullName string) string {
	words := strings.Fields(fullName)
	if len(words) < 2 {
		return SortKey(fullName)
	}
	last := len(words) - 1
	return SortKey(words[last]) + "0000" + SortKey(strings.Join(words[:last], " "))
}
