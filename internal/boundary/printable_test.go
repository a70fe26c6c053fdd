package boundary

import "testing"

func TestPrintable(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"plain":     {`table "public"."é"`, `table "public"."é"`},
		"a line":    {"x\nGRANT owner TO evil", `x\u000aGRANT owner TO evil`},
		"terminal":  {"x\x1b[31m", `x\u001b[31m`},
		"direction": {"a\u202eb", `a\u202eb`},
		"separator": {"a\u2028b", `a\u2028b`},
		"invalid":   {"a\xffb", "a\uFFFDb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Printable(tc.in); got != tc.want {
				t.Errorf("%q", got)
			}
		})
	}
}
