package budget_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantry/tenantry/scope"
	"github.com/tenantry/tenantry/scope/budget"
)

// What the child process of these tests is told.
const (
	childDSN    = "TENANTRY_TEST_BUDGET_CHILD"
	childPrefix = "TENANTRY_TEST_BUDGET_PREFIX" // of its request ids
	childSpool  = "TENANTRY_TEST_BUDGET_SPOOL"
)

const kills = 40

// The most that a request of the child may use, and what it does use, which its id decides.
const mostIn, mostOut = 60, 40

func figures(id string) budget.Usage {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return budget.Usage{InputTokens: int64(h.Sum32() % mostIn), OutputTokens: int64(h.Sum32() / mostIn % mostOut)}
}

// child reserves and settles until it is killed. It says which settlements were acknowledged.
func child(dsn string) {
	pool, err := pgxpool.New(context.Background(), dsn)
	if err != nil {
		panic(err)
	}
	o := budget.Options{Spool: os.Getenv(childSpool)}
	if o.Spool != "" {
		o.WhenUnavailable = budget.FailOpen
	}
	c, err := budget.New(pool, o)
	if err != nil {
		panic(err)
	}
	var work sync.WaitGroup
	for worker := range 8 {
		work.Go(func() {
			ctx := scope.WithTenant(context.Background(), scope.Tenant{ID: []string{"acme", "globex"}[worker%2]})
			for n := 0; ; n++ {
				childCall(ctx, c, fmt.Sprintf("%s-%d-%d", os.Getenv(childPrefix), worker, n))
			}
		})
	}
	work.Wait()
}

func childCall(ctx context.Context, c *budget.Client, id string) {
	r, err := c.Reserve(ctx, budget.Request{ID: id, Model: "big", InputTokens: mostIn, MaxOutputTokens: mostOut})
	if err != nil {
		_, _ = fmt.Fprintf(os.Stdout, "failed %v\n", err)
		return
	}
	if err := r.Settle(ctx, figures(id)); err == nil {
		_, _ = fmt.Fprintf(os.Stdout, "settled %s\n", id)
	}
}

// killOne starts a child, and kills it once it has said so much. It returns what the child said.
func killOne(t *testing.T, dsn, prefix, spool string, lines int, on func(line int)) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childDSN+"="+dsn, childPrefix+"="+prefix, childSpool+"="+spool)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var said []string
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		said = append(said, scanner.Text())
		on(len(said))
		if len(said) == lines {
			must(t, cmd.Process.Kill()) // what it said before that still comes
		}
	}
	if err := cmd.Wait(); err == nil || len(said) < lines {
		t.Fatalf("the child ended by itself, %v, after it said %q", err, said)
	}
	return said
}

// acknowledged settlements by request id. A child that failed to reserve for another reason than that it, or one before it,
// did so already is an error.
func acknowledged(t *testing.T, said []string, into map[string]bool) {
	t.Helper()
	for _, line := range said {
		if id, ok := strings.CutPrefix(line, "settled "); ok {
			into[id] = true
		} else if !strings.Contains(line, "TN017") {
			t.Errorf("the child says: %s", line)
		}
	}
}

// charged fails unless every acknowledged settlement stands in the ledger with its figures, and no request more than once. What
// was rejected may stand there in full.
func (w *world) charged(acknowledged map[string]bool, rejected ...string) {
	w.t.Helper()
	if len(acknowledged) == 0 {
		w.t.Fatal("nothing was acknowledged")
	}
	ledger := map[string]string{}
	for row := range strings.Lines(w.value("SELECT string_agg(concat_ws(' ', request_id, state, input_tokens, output_tokens), E'\\n') FROM tenantry.ai_usage_logs")) {
		id, what, _ := strings.Cut(strings.TrimSpace(row), " ")
		if _, twice := ledger[id]; twice {
			w.t.Errorf("%s stands there twice", id)
		}
		ledger[id] = what
	}
	for id := range acknowledged {
		u := figures(id)
		full := fmt.Sprintf("Settled %d %d", mostIn, mostOut)
		if want := fmt.Sprintf("Settled %d %d", u.InputTokens, u.OutputTokens); ledger[id] != want && (ledger[id] != full || !slices.Contains(rejected, id)) {
			w.t.Errorf("%s: %q, want %s", id, ledger[id], want)
		}
	}
	w.agree()
}

// A program that is killed at any point loses no settlement that it was told of, and a retry by the next charges nothing twice.
func TestKilled(t *testing.T) {
	w := newWorld(t, "acme", "globex")
	w.limits("acme", 1<<40, 1<<50)
	w.limits("globex", 1<<40, 1<<50)
	all := map[string]bool{}
	for n := range kills {
		prefix := fmt.Sprint(n / 2) // every other child repeats the calls of the one before it
		acknowledged(t, killOne(t, w.dsn(w.app), prefix, "", 1+rand.IntN(60), func(int) {}), all)
	}
	w.charged(all)
}

// The same while PostgreSQL comes and goes, with a spool that outlives each process.
func TestKilledWithASpool(t *testing.T) {
	w, p, dsn := apart(t)
	w.limits("acme", 1<<40, 1<<50)
	w.limits("globex", 1<<40, 1<<50)
	dir := t.TempDir()
	all := map[string]bool{}
	for n := range kills {
		p.set(rand.IntN(2))
		turn := 1 + rand.IntN(40)
		said := killOne(t, dsn, fmt.Sprint(n/2), dir, 1+rand.IntN(60), func(line int) {
			if line == turn {
				p.set(rand.IntN(2))
			}
		})
		acknowledged(t, said, all)
	}
	p.set(up)
	c, err := budget.New(w.pool(dsn, 4), budget.Options{Spool: dir})
	must(t, err)
	waiting := c.Spooled()
	if err := c.Close(t.Context()); err != nil || c.Spooled() != 0 {
		t.Errorf("%d of %d are left in the spool: %v", c.Spooled(), waiting, err)
	}
	w.charged(all, rejected(t, dir)...)
}

// rejected are the requests of which the ledger took another settlement than the spool's. That cannot be helped where a child
// granted, while PostgreSQL was away, what another had finished: then one of them is charged in full, and no other.
func rejected(t *testing.T, dir string) (ids []string) {
	t.Helper()
	kept, err := os.ReadFile(filepath.Join(dir, "rejected"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(kept)) {
		var r struct{ Request, Error string }
		must(t, json.Unmarshal([]byte(line), &r))
		if !strings.Contains(r.Error, "TN014") {
			t.Errorf("rejected: %s", line)
		}
		ids = append(ids, r.Request)
	}
	return ids
}
