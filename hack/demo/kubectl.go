package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/hack/demo/console"
)

// kubectl runs the real kubectl as one user.
type kubectl struct {
	path, kubeconfig string
	dir              string // working directory: the repository
	console          *console.Console
}

// as is the same kubectl for another user.
func (k *kubectl) as(kubeconfig string) *kubectl {
	other := *k
	other.kubeconfig = kubeconfig
	return &other
}

// refusal is what kubectl said on standard error.
type refusal struct{ command, words string }

func (r *refusal) Error() string { return fmt.Sprintf("%s: %s", r.command, r.words) }

// run returns standard output. The error is a refusal where kubectl ran and failed.
func (k *kubectl) run(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, k.path, args...)
	cmd.Dir, cmd.Stdin = k.dir, strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+k.kubeconfig)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return out.String(), &refusal{command: line(args), words: strings.TrimSpace(errs.String())}
	}
	return out.String(), err
}

// show prints the command, runs it and prints what it answered.
func (k *kubectl) show(ctx context.Context, args ...string) error {
	return k.feed(ctx, "", line(args), args...)
}

// feed is show with something on standard input and another line to print, for what cannot be typed as it is run.
func (k *kubectl) feed(ctx context.Context, stdin, typed string, args ...string) error {
	k.console.Command(typed)
	out, err := k.run(ctx, stdin, args...)
	k.console.Output(out)
	return err
}

// apply feeds manifests to a server-side apply, or applies a directory, and prints how many objects of each kind it made.
func (k *kubectl) apply(ctx context.Context, stdin, typed string, args ...string) error {
	k.console.Command(typed)
	out, err := k.run(ctx, stdin, append([]string{"apply", "--server-side"}, args...)...)
	k.console.Output(tally(out))
	return err
}

// tally turns "kind.group/name serverside-applied" lines into "2 kind, 1 other".
func tally(applied string) string {
	counts := map[string]int{}
	var kinds []string
	for line := range strings.Lines(applied) {
		kind, _, _ := strings.Cut(line, "/")
		kind, _, _ = strings.Cut(kind, ".")
		if counts[kind]++; counts[kind] == 1 {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", counts[kind], kind)
	}
	return "applied: " + strings.Join(kinds, ", ")
}

// decode runs a command with "-o json" and decodes its output.
func (k *kubectl) decode(ctx context.Context, into any, args ...string) error {
	out, err := k.run(ctx, "", append(args, "-o", "json")...)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(out), into)
}

// line is what a person would type.
func line(args []string) string {
	words := []string{"kubectl"}
	for _, a := range args {
		switch {
		case strings.Contains(a, "'"):
			a = strconv.Quote(a)
		case strings.ContainsAny(a, " {}$*?\"[]()"):
			a = "'" + a + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

// field returns one member of a flat JSON object as text, "" where there is none.
func field(object, name string) string {
	var members map[string]any
	if json.Unmarshal([]byte(object), &members) != nil || members[name] == nil {
		return ""
	}
	return fmt.Sprint(members[name])
}
