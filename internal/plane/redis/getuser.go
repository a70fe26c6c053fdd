package redis

import (
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tenantry/tenantry/internal/boundary/cache"
)

// ruleOf writes a reply of ACL GETUSER as the words that ACL LIST would show, so that there is one reader for both.
func ruleOf(reply *redis.Cmd) ([]string, error) {
	raw, err := reply.Result()
	if err != nil {
		return nil, err
	}
	fields, err := pairs(raw)
	if err != nil {
		return nil, err
	}
	words := strs(fields["flags"])
	for _, hash := range strs(fields["passwords"]) {
		words = append(words, "#"+hash)
	}
	words = append(words, permissionWords(fields)...)
	selectors, _ := fields["selectors"].([]any)
	for _, sel := range selectors {
		inner, err := pairs(sel)
		if err != nil {
			return nil, err
		}
		// Its commands come last, so that the parenthesis closes behind one.
		words = append(words, cache.Words("("+strings.Join(permissionWords(inner), " ")+")")...)
	}
	return words, nil
}

func permissionWords(fields map[string]any) []string {
	var words []string
	for _, field := range []string{"keys", "channels", "databases", "commands"} {
		for _, text := range strs(fields[field]) {
			words = append(words, cache.Words(text)...)
		}
	}
	return words
}

// pairs reads a map of RESP3, or the flat list that RESP2 has for it.
func pairs(raw any) (map[string]any, error) {
	out := map[string]any{}
	switch v := raw.(type) {
	case map[any]any:
		for k, val := range v {
			out[fmt.Sprint(k)] = val
		}
	case []any:
		for i := 0; i+1 < len(v); i += 2 {
			out[fmt.Sprint(v[i])] = v[i+1]
		}
	default:
		return nil, fmt.Errorf("ACL GETUSER answered in an unknown form (%T)", raw)
	}
	return out, nil
}

// strs reads one string or a list of them.
func strs(raw any) []string {
	switch v := raw.(type) {
	case string:
		return []string{v}
	case []any:
		out := make([]string, 0, len(v))
		for _, x := range v {
			out = append(out, fmt.Sprint(x))
		}
		return out
	}
	return nil
}
