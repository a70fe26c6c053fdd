package isolation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
	"github.com/tenantry/tenantry/internal/boundary/rows"
	"github.com/tenantry/tenantry/internal/operator"
	"github.com/tenantry/tenantry/test/harness"
)

// plane is a DataPlane and the tenants that the tests find on it.
type plane struct {
	name    string
	context tenantryv1.TenantContext
	db      *harness.Database
	// open tenants have rows, and a login each.
	open []string
	// suspended has rows and had a login; retained has rows, and its Tenant is gone.
	suspended, retained string
}

// undeclared is a tenantID that nobody ever declared.
const undeclared = "nobody"

// world is what all tests share: one control plane, one operator, and two planes, of which the second has a database only.
//
//   - On "eu", applications name their tenant by use_tenant(); a superuser installed the event trigger. acme-2 is a
//     look-alike of acme; acme, acme-2 and beta have a Dedicated corpus, delta has a Shared one; acme and beta read the
//     reference corpus of their jurisdiction.
//   - On "us", applications name their tenant by the bare setting; there is no event trigger.
type world struct {
	*harness.Cluster
	*harness.Servers

	stamped, setting *plane
	// lost are the credentials of tenants that are suspended or gone, as they were when they worked, by Secret.
	lost map[string]map[string]string
}

func (w *world) planes() []*plane { return []*plane{w.stamped, w.setting} }

const (
	appUser      = "app"
	jurisdiction = "eu-law"
	corpus       = "notes"
	reference    = "statutes"
)

var shared struct {
	once  sync.Once
	suite *harness.Suite
	world *world
}

// theWorld starts everything for the first test that asks.
func theWorld(t *testing.T) *world {
	t.Helper()
	shared.once.Do(func() {
		shared.suite = harness.NewSuite(t)
		shared.world = newWorld(shared.suite)
	})
	if shared.world == nil {
		t.Fatal("the servers or the tenants did not come up: see the first test")
	}
	return shared.world
}

func endWorld() bool { return shared.suite == nil || shared.suite.Close() }

func newWorld(t testing.TB) *world {
	pg := stacktest.NewPostgres(t, stack.PostgresOptions{Settings: map[string]string{"max_prepared_transactions": "10"}})
	w := &world{Cluster: harness.NewCluster(t), Servers: harness.NewServers(t, pg, schema...), lost: map[string]map[string]string{}}
	other := &harness.Servers{Database: harness.NewDatabase(t, pg, schema...)}
	w.stamped = &plane{
		name: "eu", context: tenantryv1.TenantContextStamped, db: w.Database,
		open: []string{"acme", "acme-2", "beta", "delta"}, suspended: "idle", retained: "gone",
	}
	w.setting = &plane{
		name: "us", context: tenantryv1.TenantContextSetting, db: other.Database,
		open: []string{"north", "south"}, suspended: "quiet", retained: "left",
	}
	w.StartOperator(t, operator.Options{})
	w.DataPlane(t, w.Cluster, "eu", func(dp *tenantryv1.DataPlane) { dp.Spec.Redis.AppUser = appUser })
	other.DataPlane(t, w.Cluster, "us", func(dp *tenantryv1.DataPlane) {
		dp.Spec.Postgres.TenantContext = tenantryv1.TenantContextSetting
	})
	w.guard(t)
	w.declare(t)
	for _, p := range w.planes() {
		w.load(t, p)
		w.close(t, p)
	}
	return w
}

// guard does what docs/postgres tells a superuser to do, and waits until the event trigger knows what to protect.
func (w *world) guard(t testing.TB) {
	t.Helper()
	w.AwaitDataPlane(t, "eu", harness.Ready)
	db := w.stamped.db
	db.Exec(t, rows.SuperuserScript(rows.Spec{AppRoles: []string{db.App.Name}, MaintenanceRoles: []string{db.Maintenance.Name}}))
	admin := db.Superuser(t)
	harness.Eventually(t, harness.SettleWithin, "the event trigger's list", func(ctx context.Context) error {
		var n int
		if err := admin.QueryRow(ctx, "SELECT count(*) FROM tenantry_guard.protected").Scan(&n); err != nil || n > 0 {
			return err
		}
		return fmt.Errorf("it is empty")
	})
}

// declare makes the tenants and corpora, and waits until their boundaries stand.
func (w *world) declare(t testing.TB) {
	t.Helper()
	w.Make(t, harness.NewReference("eu", jurisdiction, reference))
	w.AwaitCorpus(t, harness.TrustedNamespace, reference, harness.Ready)
	for _, p := range w.planes() {
		w.AwaitDataPlane(t, p.name, harness.Ready)
		for _, id := range p.all() {
			w.Make(t, harness.NewTenant(p.name, id, func(tn *tenantryv1.Tenant) {
				if slices.Contains([]string{"acme", "beta"}, id) {
					tn.Spec.Jurisdictions = []string{jurisdiction}
				}
			}))
		}
	}
	for _, id := range w.tokenHolders() {
		w.Make(t, harness.NewCorpus(id, corpusOf(id)))
	}
	w.Make(t, harness.NewCorpus("delta", corpusOf("delta"), harness.InSharedCollection))
	for _, id := range append(w.tokenHolders(), "delta") {
		w.AwaitCorpus(t, harness.TenantNamespace, corpusOf(id), harness.Ready)
	}
	for _, p := range w.planes() {
		for _, id := range p.all() {
			w.AwaitTenant(t, id, harness.Isolated...)
		}
	}
	for _, id := range w.tokenHolders() {
		w.awaitSecret(t, id+"-qdrant")
	}
}

// dedicated are the tenants that hold a Qdrant token.
var dedicated = []string{"acme", "acme-2", "beta"}

// tokenHolders are those who hold or held one.
func (w *world) tokenHolders() []string {
	return slices.Concat(dedicated, []string{w.stamped.suspended, w.stamped.retained})
}

// corpusOf is the name of a tenant's Corpus object: objects of one namespace cannot all be called notes.
func corpusOf(tenant string) string { return tenant + "-" + corpus }

func collectionOf(tenant string) string { return "tenant_" + tenant + "_" + corpusOf(tenant) }

const referenceCollection = "reference_" + jurisdiction + "_" + reference

func (w *world) awaitSecret(t testing.TB, name string) {
	t.Helper()
	harness.Eventually(t, harness.SettleWithin, "Secret "+name, func(ctx context.Context) error {
		return w.Get(ctx, types.NamespacedName{Namespace: harness.TenantNamespace, Name: name}, &corev1.Secret{})
	})
}

func (p *plane) all() []string { return append(slices.Clone(p.open), p.suspended, p.retained) }

// close suspends one tenant and deletes another, keeping what they held.
func (w *world) close(t testing.TB, p *plane) {
	t.Helper()
	for _, id := range []string{p.suspended, p.retained} {
		w.keepSecrets(t, id)
	}
	harness.Update(t, w.Cluster, "", p.suspended, func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessSuspended })
	gone, err := harness.Read[tenantryv1.Tenant](t.Context(), w.Cluster, "", p.retained)
	if err != nil {
		t.Fatal(err)
	}
	w.Remove(t, gone)
	w.AwaitTenant(t, p.suspended, harness.Suspended...)
}

func (w *world) keepSecrets(t testing.TB, tenant string) {
	t.Helper()
	var list corev1.SecretList
	if err := w.List(t.Context(), &list, client.InNamespace(harness.TenantNamespace)); err != nil {
		t.Fatal(err)
	}
	for _, s := range list.Items {
		if name, ok := strings.CutPrefix(s.Name, tenant+"-"); ok && !strings.Contains(name, "-") {
			w.lost[s.Name] = w.Credential(t, s.Name)
		}
	}
}

// pairs calls f for every ordered pair of the ids.
func pairs(ids []string, f func(me, other string)) {
	for _, me := range ids {
		for _, other := range ids {
			if me != other {
				f(me, other)
			}
		}
	}
}
