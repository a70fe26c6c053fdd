package console_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/hack/demo/console"
)

// clock advances by a second with each look at it.
func clock() func() time.Time {
	t := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return func() time.Time {
		t = t.Add(time.Second)
		return t
	}
}

func show(c *console.Console) {
	c.Step("Load")
	c.Say("%d rows", 3)
	c.Command("kubectl get\nsecrets")
	c.Output("a  \n  b\n")
	c.OK("done")
	c.Table([]string{"attempt", "answer"}, []console.Row{
		{Cells: []string{"GET é", "NOPERM\nhint"}}, {Cells: []string{"FLUSHALL", "OK"}, Bad: true},
	})
	c.Failure(errors.New("expected: a\n     got: b"))
}

func TestPlain(t *testing.T) {
	var out strings.Builder
	show(console.New(&out, false, 2, clock()))
	want := `
[1/2] Load (1s)
  3 rows
  $ kubectl get
    secrets
    a
      b
  ✓ done
    attempt   answer
  ✓ GET é     NOPERM
              hint
  ✗ FLUSHALL  OK

FAILED
  expected: a
       got: b
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

func TestColourOnlyPaints(t *testing.T) {
	var plain, coloured strings.Builder
	show(console.New(&plain, false, 2, clock()))
	show(console.New(&coloured, true, 2, clock()))
	text := coloured.String()
	for _, code := range []string{"0", "1", "2", "31", "32", "36"} {
		if !strings.Contains(text, "\x1b["+code+"m") {
			t.Errorf("style %s is not used", code)
		}
		text = strings.ReplaceAll(text, "\x1b["+code+"m", "")
	}
	if diff := cmp.Diff(plain.String(), text); diff != "" {
		t.Errorf("without its colours the output differs (-plain +coloured):\n%s", diff)
	}
}

func TestWantedOnlyOnATerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if console.Wanted(file) {
		t.Error("colours are wanted in a file")
	}
	null, err := os.Open(os.DevNull) // a character device, as a terminal is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = null.Close() })
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	if !console.Wanted(null) {
		t.Error("colours are not wanted on a character device")
	}
	t.Setenv("NO_COLOR", "1")
	if console.Wanted(null) {
		t.Error("NO_COLOR is ignored")
	}
}
