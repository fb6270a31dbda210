package vntext

// Similarity says how alike two texts are, from 0 (no word in common) to 1 (the same words in the same order once marks,
// case and punctuation are off): the mean of the shared words and the shared pairs of neighbouring words (Dice). It
// suggests duplicates to a person; above 0.6 two questions are usually about the same thing. Two empty texts give 0.
func Similarity(a, b string) float64 {
	ta, tb := Tokens(a), Tokens(b)
	if len(ta) == 0 || len(tb) == 0 {
		return 0
	}
	words := dice(counts(ta), counts(tb))
	if len(ta) == 1 && len(tb) == 1 {
		return words
	}
	return (words + dice(pairs(ta), pairs(tb))) / 2
}

func counts(tokens []string) map[string]int {
	m := make(map[string]int, len(tokens))
	for _, t := range tokens {
		m[t]++
	}
	return m
}

// pairs counts neighbouring words; a text of one word is the pair of itself and the end.
func pairs(tokens []string) map[string]int {
	m := make(map[string]int, len(tokens))
	for i := 0; i+1 < len(tokens); i++ {
		m[tokens[i]+" "+tokens[i+1]]++
	}
	if len(tokens) == 1 {
		m[tokens[0]]++
	}
	return m
}

// dice is twice the common part over the whole, of two bags.
func dice(a, b map[string]int) float64 {
	common, total := 0, 0
	for k, n := range a {
		common += min(n, b[k])
		total += n
	}
	for _, n := range b {
		total += n
	}
	return 2 * float64(common) / float64(total)
}
