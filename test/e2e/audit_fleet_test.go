package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/qdrant/go-client/qdrant"
	"golang.org/x/sync/errgroup"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/test/harness"
)

const (
	fewTenants  = 10
	manyTenants = 1000
	// issuedTo is how many of them have credentials and a collection of their own: those that a change is made to.
	issuedTo = 10
	// fleetInterval of the audit, in seconds: a round that a busy machine makes slow still ends within it.
	fleetInterval = 3
	// fleetWithin bounds what a fleet takes, on a machine of any speed.
	fleetWithin = 10 * time.Minute
)

// fleet is a plane with many tenants and an operator whose round trips are counted.
type fleet struct {
	*harness.Cluster
	servers *harness.Servers

	mu    sync.Mutex
	trips map[boundary.Layer]int
	// rounds are the snapshots of PostgreSQL that were begun: one for each round of the audit.
	rounds int
}

func (f *fleet) trace(layer boundary.Layer, kind, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kind == "watch" {
		return
	}
	f.trips[layer]++
	if layer == boundary.Rows && name == "snapshot" {
		f.rounds++
	}
}

func (f *fleet) round() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rounds
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{Cluster: harness.NewCluster(t), trips: map[boundary.Layer]int{}}
	f.servers = harness.NewServers(t, stacktest.NewPostgres(t, stack.PostgresOptions{}), documents)
	f.StartOperator(t, operator.Options{Hooks: planeconnect.Hooks{Trace: f.trace}, SecretMaxAge: time.Hour})
	f.servers.DataPlane(t, f.Cluster, "eu-1", func(dp *tenantryv1.DataPlane) { dp.Spec.Audit.IntervalSeconds = fleetInterval })
	f.AwaitDataPlane(t, "eu-1", harness.Ready)
	return f
}

func fleetName(i int) string { return fmt.Sprintf("t-%04d", i) }

// grow makes tenants until there are n, and waits until all are settled. Every second of the first has drift only reported.
func (f *fleet) grow(t *testing.T, from, n int) {
	t.Helper()
	g, ctx := errgroup.WithContext(t.Context())
	g.SetLimit(8)
	for i := from; i < n; i++ {
		g.Go(func() error {
			tn := harness.NewTenant("eu-1", fleetName(i), func(tn *tenantryv1.Tenant) {
				if i >= issuedTo {
					tn.Spec.Credentials = nil
				}
				if i%2 == 1 {
					tn.Spec.Drift = tenantryv1.DriftReport
				}
			})
			if err := f.Create(ctx, tn); err != nil || i >= issuedTo {
				return err
			}
			return f.Create(ctx, harness.NewCorpus(tn.Name, tn.Name+"-notes"))
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for i := from; i < n; i++ { // one by one: listing them all over and over would keep the API server busy
		harness.Eventually(t, fleetWithin, fleetName(i), func(ctx context.Context) error {
			tn, err := harness.Read[tenantryv1.Tenant](ctx, f.Cluster, "", fleetName(i))
			issued := tn.Spec.Credentials == nil || len(tn.Status.Credentials) == 3
			if err == nil && (!condition.IsTrue(tn, "Ready") || !issued || tn.Status.AppliedHash == "") {
				err = fmt.Errorf("%+v", tn.Status.Conditions)
			}
			return err
		})
	}
}

// tripsPerRound counts the round trips to each server over several rounds.
func (f *fleet) tripsPerRound(t *testing.T) map[boundary.Layer]float64 {
	t.Helper()
	const rounds = 6
	f.mu.Lock()
	before, first := map[boundary.Layer]int{}, f.rounds
	for l, n := range f.trips {
		before[l] = n
	}
	f.mu.Unlock()
	out := map[boundary.Layer]float64{}
	harness.Eventually(t, fleetWithin, "rounds of the audit", func(context.Context) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		n := f.rounds - first
		if n < rounds {
			return fmt.Errorf("%d rounds", n)
		}
		for l := range f.trips {
			out[l] = float64(f.trips[l]-before[l]) / float64(n)
		}
		return nil
	})
	return out
}

// TestInvariant09AuditsCostTheSame: an audit costs as many round trips to each server for 1,000 tenants as for 10, where
// Qdrant gives away claims by 500. On the same fleet, changes that are made by hand at any moment, in every layer, are found
// within two intervals and mended within three, and what was found is what was changed.
func TestInvariant09AuditsCostTheSame(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	f.grow(t, 0, fewTenants)
	few := f.tripsPerRound(t)
	f.grow(t, fewTenants, manyTenants)
	many := f.tripsPerRound(t)
	t.Logf("round trips per round with %d tenants: %v, with %d: %v", fewTenants, few, manyTenants, many)
	for layer, n := range many {
		pages := 0.0
		if layer == boundary.Vector {
			pages = manyTenants / 500
		}
		// The plane looks at its servers by itself once an interval, which is not in step with the rounds.
		if n > few[layer]+pages+1.5 || n == 0 {
			t.Errorf("%s: %.1f round trips per round with %d tenants, %.1f with %d", layer, n, manyTenants, few[layer], fewTenants)
		}
	}
	found, mended := f.plantMany(t)
	report(t, "from the change to the finding", found, 2)
	report(t, "from the change to the mend", mended, 3)
}

// sample is how long a change was there.
type sample struct {
	layer  boundary.Layer
	rounds int
	took   time.Duration
}

// report prints a distribution and holds it to a number of rounds.
func report(t *testing.T, what string, samples []sample, most int) {
	t.Helper()
	for _, layer := range planeconnect.Order {
		var took []time.Duration
		worst := 0
		for _, s := range samples {
			if s.layer == layer {
				took, worst = append(took, s.took), max(worst, s.rounds)
			}
		}
		if len(took) == 0 {
			t.Errorf("%s, %s: nothing was measured", layer, what)
			continue
		}
		slices.Sort(took)
		t.Logf("%-7s %s: n=%d min=%s median=%s max=%s, at most %d rounds; the interval is %ds", layer, what, len(took),
			took[0].Round(time.Millisecond), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), worst, fleetInterval)
		if worst > most {
			t.Errorf("%s, %s: %d rounds, want at most %d", layer, what, worst, most)
		}
	}
}

// plantMany changes things by hand at random moments of the audit's interval, one after the other.
func (f *fleet) plantMany(t *testing.T) (found, mended []sample) {
	t.Helper()
	hands := f.hands(t)
	for i := range issuedTo {
		for _, layer := range planeconnect.Order {
			pause := time.NewTimer(time.Duration(rand.Int64N(int64(fleetInterval * time.Second)))) // any moment of a round
			<-pause.C
			h := hands[layer]
			begun, start := f.round(), time.Now()
			h.change(fleetName(i))
			if i%2 == 0 {
				harness.Eventually(t, harness.SettleWithin, string(layer)+" to be mended", func(context.Context) error { return h.changed(fleetName(i)) })
				mended = append(mended, sample{layer, f.round() - begun, time.Since(start)})
			} else {
				f.awaitFinding(t, fleetName(i), layer)
				found = append(found, sample{layer, f.round() - begun, time.Since(start)})
			}
		}
	}
	return found, mended
}

func (f *fleet) awaitFinding(t *testing.T, name string, layer boundary.Layer) {
	t.Helper()
	harness.AwaitThat(t, f.Cluster, "", name, func(tn *tenantryv1.Tenant) error {
		for _, o := range tn.Status.Findings {
			if string(o.Layer) == string(layer) {
				return nil
			}
		}
		return fmt.Errorf("no finding of %s: %+v", layer, tn.Status.Findings)
	})
}

// hand changes one thing of a tenant on one server. changed is nil once nothing of it is left.
type hand struct {
	change  func(tenant string)
	changed func(tenant string) error
}

func (f *fleet) hands(t *testing.T) map[boundary.Layer]hand {
	t.Helper()
	db, cache, vectors := f.servers.Database.Superuser(t), f.servers.RedisAdmin(t), f.servers.QdrantAdmin(t)
	role := func(name string) string { return f.Credential(t, name+"-postgres")["username"] }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	limit := func(name string, to uint32) *qdrant.UpdateCollection {
		return &qdrant.UpdateCollection{CollectionName: f.collection(t, name),
			StrictModeConfig: &qdrant.StrictModeConfig{Enabled: qdrant.PtrOf(to != 0)}}
	}
	return map[boundary.Layer]hand{
		boundary.Rows: {
			change: func(name string) {
				_, err := db.Exec(t.Context(), "ALTER ROLE "+pgx.Identifier{role(name)}.Sanitize()+" CREATEDB")
				must(err)
			},
			changed: func(name string) error {
				var may bool
				err := db.QueryRow(t.Context(), "SELECT rolcreatedb FROM pg_roles WHERE rolname = $1", role(name)).Scan(&may)
				return still(may, err)
			},
		},
		boundary.Cache: {
			change: func(name string) { must(cache.Do(t.Context(), "ACL", "SETUSER", "tenant-"+name, "~*").Err()) },
			changed: func(name string) error {
				said, err := cache.Do(t.Context(), "ACL", "DRYRUN", "tenant-"+name, "GET", "somebody").Text()
				return still(said == "OK", err)
			},
		},
		boundary.Vector: {
			change: func(name string) {
				_, err := vectors.GetCollectionsClient().Update(t.Context(), limit(name, 0))
				must(err)
			},
			changed: func(name string) error {
				info, err := vectors.GetCollectionInfo(t.Context(), limit(name, 0).GetCollectionName())
				return still(!info.GetConfig().GetStrictModeConfig().GetEnabled(), err)
			},
		},
	}
}

// collection of a tenant's only corpus.
func (f *fleet) collection(t *testing.T, name string) string {
	t.Helper()
	var list tenantryv1.CorpusList
	if err := f.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Items {
		if c.Spec.Tenant == name && c.Status.Placement != nil {
			return c.Status.Placement.Collection
		}
	}
	t.Fatalf("%s has no collection", name)
	return ""
}

func still(changed bool, err error) error {
	if err == nil && changed {
		return fmt.Errorf("it is still as it was changed")
	}
	return err
}
