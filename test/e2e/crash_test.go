package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/test/harness"
)

// The environment that turns this test binary into an operator which kills itself.
const (
	envManager = "TENANTRY_E2E_MANAGER" // path of a kubeconfig
	envDieAt   = "TENANTRY_E2E_DIE_AT"  // the step before which to die, counted from 1
	envDieOf   = "TENANTRY_E2E_DIE_OF"  // what counts as a step: changes, or dieOfBudgets
)

const dieOfBudgets = "budgets"

// mortal counts steps, and kills its process right before one of them.
type mortal struct {
	mu       sync.Mutex
	n, dieAt int
}

func (m *mortal) step(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n++
	_, _ = fmt.Fprintln(os.Stdout, m.n, what)
	if m.n == m.dieAt {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// onChanges has the operator die before a change to some server.
func (m *mortal) onChanges() operator.Options {
	return operator.Options{Hooks: planeconnect.Hooks{BeforeChange: func(c boundary.Change) error {
		m.step(fmt.Sprint(c.Layer, " ", c.Object))
		return nil
	}}}
}

// dyingManager is an operator in a process of its own that sends itself SIGKILL right before its n-th step.
func dyingManager() {
	dieAt, err := strconv.Atoi(os.Getenv(envDieAt))
	if err != nil {
		panic(err)
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", os.Getenv(envManager))
	if err != nil {
		panic(err)
	}
	m := &mortal{dieAt: dieAt}
	options := m.onChanges()
	if os.Getenv(envDieOf) == dieOfBudgets {
		options = m.onBudgets()
		cfg.Wrap(m.onBudgetsInTheAPI)
	}
	ctx := context.Background()
	mgr, err := harness.NewManager(ctx, cfg, options)
	if err != nil {
		panic(err)
	}
	if err := mgr.Start(ctx); err != nil {
		panic(err)
	}
}

// TestInvariant01NoBoundaryNoAccess kills the operator with SIGKILL before each change that a first tenant takes, on every server. At no
// moment does a Secret exist before every layer is verified, and a new operator always finishes the work.
func TestInvariant01NoBoundaryNoAccess(t *testing.T) {
	t.Parallel()
	c, s := harness.NewCluster(t), newServers(t)
	first := c.StartOperator(t, operator.Options{})
	s.DataPlane(t, c, "eu-1")
	c.AwaitDataPlane(t, "eu-1", harness.Ready)
	first.Stop()
	for step := 1; ; step++ {
		name := fmt.Sprintf("victim-%d", step)
		c.Make(t, harness.NewTenant("eu-1", name))
		c.Make(t, harness.NewCorpus(name, name+"-notes"))
		died := runUntilKilled(t, c, step, "changes", func(ctx context.Context) error { return secretsOf(ctx, c, name, 3) })
		noCredentialBeforeItsBoundary(t, c, name)
		survivor := c.StartOperator(t, operator.Options{})
		c.AwaitTenant(t, name, harness.Isolated...)
		c.AwaitCorpus(t, harness.TenantNamespace, name+"-notes", harness.Ready)
		harness.Eventually(t, harness.SettleWithin, "Secrets of "+name, func(ctx context.Context) error { return secretsOf(ctx, c, name, 3) })
		if _, err := harness.Connect(t, c.Credential(t, name+"-postgres")["uri"]).Exec(t.Context(), `SELECT count(*) FROM documents`); err != nil {
			t.Errorf("step %d: the credential does not work: %v", step, err)
		}
		survivor.Stop()
		if !died {
			if step < 8 {
				t.Errorf("a tenant took only %d changes", step-1)
			}
			t.Logf("killed before each of %d changes", step-1)
			return
		}
	}
}

// runUntilKilled runs an operator that dies before its n-th step. It says whether it did; otherwise done came true first.
func runUntilKilled(t *testing.T, c *harness.Cluster, n int, of string, done func(context.Context) error) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), envManager+"="+c.Kubeconfig, envDieAt+"="+strconv.Itoa(n), envDieOf+"="+of)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			t.Log(lines.Text())
		}
		exited <- cmd.Wait()
	}()
	died := false
	harness.Eventually(t, harness.SettleWithin, "the operator to die or to finish", func(ctx context.Context) error {
		select {
		case err := <-exited:
			if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
				t.Fatalf("the operator ended by itself: %v", err)
			}
			died = true
			return nil
		default:
			return done(ctx)
		}
	})
	if !died {
		cancel()
		if err := <-exited; err == nil {
			t.Error("the operator ended by itself")
		}
	}
	return died
}

func secretsOf(ctx context.Context, c *harness.Cluster, tenant string, want int) error {
	var list corev1.SecretList
	if err := c.List(ctx, &list, client.InNamespace(harness.TenantNamespace), client.MatchingLabels{tenantryv1.TenantLabel: tenant}); err != nil {
		return err
	}
	if len(list.Items) != want {
		return fmt.Errorf("%d Secrets of %d", len(list.Items), want)
	}
	return nil
}

// noCredentialBeforeItsBoundary: where a Secret exists, what it opens must have been verified in every layer, so what it
// says must work or be dead, and an operator in mode Plan must find nothing missing but what opens.
func noCredentialBeforeItsBoundary(t *testing.T, c *harness.Cluster, tenant string) {
	t.Helper()
	for _, layer := range []string{"postgres", "redis", "qdrant"} {
		var secret corev1.Secret
		name := types.NamespacedName{Namespace: harness.TenantNamespace, Name: tenant + "-" + layer}
		if err := c.Get(t.Context(), name, &secret); client.IgnoreNotFound(err) != nil {
			t.Fatal(err)
		} else if err != nil {
			continue
		}
		if layer == "postgres" {
			if _, err := harness.Connect(t, string(secret.Data["uri"])).Exec(t.Context(), `SELECT count(*) FROM documents`); err != nil {
				t.Errorf("%s exists, but its boundary does not stand: %v", name, err)
			}
		}
		if layer == "redis" {
			err := harness.Redis(t, c.Credential(t, tenant+"-redis")["uri"]).Get(t.Context(), "ai:other:k").Err()
			if err == nil || !strings.HasPrefix(err.Error(), "NOPERM") {
				t.Errorf("%s exists, and another tenant's key is not refused: %v", name, err)
			}
		}
	}
}
