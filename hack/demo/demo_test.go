package main

import (
	"runtime"
	"strings"
	"testing"
)

// TestDemo plays the whole demo: what `make demo` shows stays true.
func TestDemo(t *testing.T) {
	runtime.LockOSThread() // as main does
	var out strings.Builder
	if code := run(t.Context(), &out, false); code != 0 {
		t.Fatalf("exit status %d:\n%s", code, out.String())
	}
	for _, want := range append(titles(), "TenantIDRetained", "Every expectation came true") {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the demo does not say %q:\n%s", want, out.String())
		}
	}
}

func titles() []string {
	out := make([]string, 0, len(steps))
	for _, s := range steps {
		out = append(out, s.title)
	}
	return out
}
