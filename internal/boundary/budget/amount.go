package budget

import (
	"fmt"
	"strconv"
	"strings"
)

const microsPerUSD = 1_000_000

// Amount as people write it: whole tokens, or of micro-dollars US dollars with two decimals or as many as it needs.
func Amount(unit string, n int64) string {
	if unit != USD {
		return strconv.FormatInt(n, 10)
	}
	sign := ""
	if n < 0 { // a counter that somebody wrote by hand
		sign = "-"
	}
	text := fmt.Sprintf("%s%d.%06d", sign, abs(n/microsPerUSD), abs(n%microsPerUSD))
	cents := len(text) - 4
	return text[:cents] + strings.TrimRight(text[cents:], "0")
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
