package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/tenantry/tenantry/hack/demo/console"
)

// attempt is one try to cross a boundary.
type attempt struct {
	// what is tried, as a person would type it.
	what string
	// try returns the server's answer. The error says how the boundary did not hold; it is nil where it did.
	try func(ctx context.Context) (answer string, err error)
}

// named is the same attempt under a name that says more than its statements.
func (a attempt) named(what string) attempt {
	a.what = what
	return a
}

// outcome of the attempts of one attacker.
type outcome struct {
	rows   []console.Row
	failed []string
}

// attack makes every attempt, also after one that got through.
func attack(ctx context.Context, attempts []attempt) outcome {
	var out outcome
	for _, a := range attempts {
		answer, err := a.try(ctx)
		if err != nil {
			out.failed = append(out.failed, fmt.Sprintf("%s: %v", a.what, err))
		}
		out.rows = append(out.rows, console.Row{Cells: []string{a.what, answer}, Bad: err != nil})
	}
	return out
}

// held is nil where every attempt was refused or found nothing.
func (o outcome) held(who string) error {
	if len(o.failed) == 0 {
		return nil
	}
	return &mismatch{
		what: "what " + who + " tried", want: "every attempt refused by the server, or answered with nothing",
		got: strings.Join(o.failed, "\n            "),
	}
}

// front is one attacker's attempts against one server.
type front struct {
	who      string
	attempts []attempt
}

// storm shows the first front in full. The others make the same attempts in other directions: they are counted, and shown
// in full only where something got through. kind of callers, for the summary.
func (d *demo) storm(ctx context.Context, server, kind string, fronts []front) error {
	total := 0
	for i, f := range fronts {
		o := attack(ctx, f.attempts)
		total += len(o.rows)
		if err := o.held(f.who); i == 0 || err != nil {
			d.console.Say("%s, %s:", server, f.who)
			d.console.Table([]string{"attempt", "the server's answer"}, o.rows)
			if err != nil {
				return err
			}
		}
	}
	for _, f := range fronts[1:] {
		d.console.OK("%s, %s: the same %d attempts, all refused or empty", server, f.who, len(f.attempts))
	}
	d.note("%s, %s: %d attempts to cross a boundary, each refused by the server or answered with nothing", server, kind, total)
	return nil
}

// wants compares what came back with what a boundary that holds gives.
func wants(want, got string) error {
	if want == got {
		return nil
	}
	return fmt.Errorf("expected %q, got %q", want, got)
}
