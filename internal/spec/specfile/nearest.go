package specfile

import "strings"

// DidYouMean gives " (did you mean X?)" for the known name nearest to a misspelt one, or "" when none is near.
func DidYouMean(name string, known ...string) string {
	best, least := "", 3
	if len(name) > 64 {
		return ""
	}
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return " (did you mean " + k + "?)"
		}
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < least && d < len(k)/2 {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// distance is Levenshtein's: the fewest insertions, deletions and substitutions of bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
