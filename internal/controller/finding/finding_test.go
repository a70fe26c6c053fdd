package finding

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

func TestMerge(t *testing.T) {
	first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	warning := boundary.Finding{Layer: boundary.Rows, Object: "table t", Kind: boundary.Missing, Severity: boundary.Warning, Message: "x"}
	before, total := Merge(nil, []boundary.Finding{warning, warning}, first)
	if *total != 1 || len(before) != 1 {
		t.Fatalf("the same finding twice counts %d times", *total)
	}
	var many []boundary.Finding
	for i := range 30 {
		f := warning
		f.Object = "table " + strconv.Itoa(i)
		many = append(many, f)
	}
	critical := boundary.Finding{Layer: boundary.Cache, Object: "user", Severity: boundary.Critical, Message: strings.Repeat("é", 2000)}
	after, total := Merge(before, append(many, warning, critical), first.Add(time.Hour))
	if *total != 32 || len(after) != shown {
		t.Fatalf("total %d, shown %d", *total, len(after))
	}
	if after[0].Severity != "Critical" || len([]rune(after[0].Message)) > maxMessage {
		t.Errorf("first is %+v", after[0])
	}
	again, _ := Merge(before, []boundary.Finding{warning}, first.Add(time.Hour))
	if !again[0].Since.Time.Equal(first) {
		t.Errorf("since moved to %s", again[0].Since)
	}
}
