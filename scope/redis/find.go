package redis

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// finder returns the positions of keys and channels among a command's arguments, its name at 0. It fails where the
// arguments do not have the form that it knows: then nothing is sent.
type finder func(args []any) ([]int, error)

var errNoKey = errors.New("it has no key")

// at finds keys at fixed positions.
func at(positions ...int) finder {
	return func(args []any) ([]int, error) {
		if len(args) <= positions[len(positions)-1] {
			return nil, errNoKey
		}
		return positions, nil
	}
}

// span finds every step-th argument from first on, leaving out the last spare ones.
func span(first, spare, step int) finder {
	return func(args []any) ([]int, error) {
		var out []int
		for i := first; i < len(args)-spare; i += step {
			out = append(out, i)
		}
		if len(out) == 0 {
			return nil, errNoKey
		}
		return out, nil
	}
}

// counted finds the keys that follow their number, which stands at position n, and those at fixed positions before it.
func counted(n int, before ...int) finder {
	return func(args []any) ([]int, error) {
		if len(args) <= n {
			return nil, errNoKey
		}
		count, err := strconv.Atoi(word(args[n]))
		if err != nil || count < 1 || count > len(args)-n-1 {
			return nil, fmt.Errorf("argument %d is not the number of keys that follow, at least 1", n)
		}
		out := append(make([]int, 0, len(before)+count), before...)
		for i := range count {
			out = append(out, n+1+i)
		}
		return out, nil
	}
}

// georadius finds the key and the destinations behind STORE and STOREDIST. No place that the words may take otherwise
// comes behind the fourth argument.
func georadius(args []any) ([]int, error) {
	if len(args) < 2 {
		return nil, errNoKey
	}
	out := []int{1}
	for i := 5; i < len(args); i++ {
		switch args[i].(type) {
		case string, []byte, int, int64, float64:
		default:
			return nil, fmt.Errorf("argument %d is neither text nor a number", i) // it might be written as STORE
		}
		if w := word(args[i]); w != "store" && w != "storedist" {
			continue
		}
		if i++; i == len(args) {
			return nil, errors.New("STORE names no key")
		}
		out = append(out, i)
	}
	return out, nil
}

// streams finds the keys behind STREAMS, which are the first half of what follows it. options are the words that may come
// before, and how many arguments each takes.
func streams(options map[string]int) finder {
	return func(args []any) ([]int, error) {
		i := 1
		for ; i < len(args) && word(args[i]) != "streams"; i++ {
			takes, ok := options[word(args[i])]
			if !ok {
				return nil, fmt.Errorf("argument %d is no option that is known", i)
			}
			i += takes
		}
		rest := len(args) - i - 1
		if rest < 2 || rest%2 != 0 {
			return nil, errors.New("STREAMS is not followed by as many ids as keys")
		}
		out := make([]int, rest/2)
		for k := range out {
			out[k] = i + 1 + k
		}
		return out, nil
	}
}

// word is an argument as a word of the protocol: lower case, "" for what no word is written as.
func word(arg any) string {
	switch v := arg.(type) {
	case string:
		return strings.ToLower(v)
	case []byte:
		return strings.ToLower(string(v))
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}
