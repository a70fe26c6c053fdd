package qdrantrest

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzSyntax holds checkSyntax to encoding/json: nothing is taken that is not JSON, and of JSON nothing is refused but
// what is no UTF-8, too deep, or has half a surrogate pair.
func FuzzSyntax(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e+3,true,false,null,"\"\\\/\b\f\n\r\t\u00e9"]}`, `[]`, `""`, ` 1 `, `{"a":{"b":[{}]}}`, `[1,]`, `{"a"}`, `[1 2]`,
		`"\ud800"`, `"\ud83d\ude00"`, `-`, `01`, `1.e1`, `tru`, `nulll`, `[[[[`, `]`, `{"a":1,}`, "\"\x7f\"", strings.Repeat("[", 65) + strings.Repeat("]", 65),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		valid := json.Valid([]byte(text))
		err := checkSyntax(text)
		switch {
		case err == nil && !valid:
			t.Errorf("took %q", text)
		case err != nil && valid && utf8.ValidString(text) && !excused(err.Error()):
			t.Errorf("refused %q: %v", text, err)
		}
	})
}

func excused(message string) bool {
	return strings.Contains(message, "levels") || strings.Contains(message, "surrogate")
}

func TestDepth(t *testing.T) {
	nested := func(n int) string { return strings.Repeat(`{"a":[`, n/2) + strings.Repeat("]}", n/2) }
	if err := checkSyntax(nested(MaxDepth)); err != nil {
		t.Errorf("%d levels: %v", MaxDepth, err)
	}
	if err := checkSyntax(nested(MaxDepth + 2)); err == nil || !strings.Contains(err.Error(), "levels") {
		t.Errorf("%d levels: got %v", MaxDepth+2, err)
	}
	if err := checkSyntax("[" + strings.Repeat("[],", 10_000) + "{}]"); err != nil {
		t.Errorf("siblings count as depth: %v", err)
	}
}
