package attack_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// ledger counts attempts: how many were refused, how many answered with the attacker's own data only, and how many of the
// same attempts crossed where no gateway stood in between.
type ledger struct {
	mu     sync.Mutex
	counts map[string]*counts
	wrong  int // checks that failed
}

type counts struct{ refused, own, crossed, controls int }

var book = &ledger{counts: map[string]*counts{}}

func (l *ledger) of(family string) *counts {
	if l.counts[family] == nil {
		l.counts[family] = &counts{}
	}
	return l.counts[family]
}

func (l *ledger) note(family string, _ way, told answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if told.refused {
		l.of(family).refused++
		return
	}
	l.of(family).own++
}

func (l *ledger) control(family string, crossed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of(family).controls++
	if crossed {
		l.of(family).crossed++
	}
}

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	code := m.Run()
	book.print()
	os.Exit(code)
}

// print writes the table that make attack ends with.
func (l *ledger) print() {
	if len(l.counts) == 0 {
		return
	}
	line := func(family string, c counts) {
		fmt.Fprintf(os.Stdout, "%-28s %8d %8d %18s\n", family, c.refused, c.own, fmt.Sprintf("%d of %d", c.crossed, c.controls))
	}
	fmt.Fprintf(os.Stdout, "\n%-28s %8s %8s %18s\n", "attempts (SIMULATED server)", "refused", "own only", "crossed ungated")
	total := counts{}
	for _, family := range slices.Sorted(maps.Keys(l.counts)) {
		c := *l.counts[family]
		line(family, c)
		total.refused, total.own = total.refused+c.refused, total.own+c.own
		total.crossed, total.controls = total.crossed+c.crossed, total.controls+c.controls
	}
	line("all", total)
}
