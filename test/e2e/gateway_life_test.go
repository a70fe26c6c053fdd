package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/operator"
	planeconnect "github.com/tenantry/tenantry/internal/plane/connect"
	"github.com/tenantry/tenantry/test/harness"
)

// TestGatewaySuspension: from the moment that the gateway learns of it, nobody comes in, by whatever credential and protocol;
// and a token whose Secret was deleted is dead.
func TestGatewaySuspension(t *testing.T) {
	t.Parallel()
	w := newServed(t, func(*tenantryv1.DataPlane) {})
	secret := w.Credential(t, "acme-gateway")
	account := w.AccountToken(t, harness.TenantNamespace, "worker", harness.GatewayAudience)
	acme := w.tenant(t, "acme")
	soon(t, "acme's first point", func(ctx context.Context) error { return put(ctx, acme, "files", 1, "of acme") })
	rest := func(credential string) func(context.Context) error {
		return func(ctx context.Context) error {
			got, err := overREST(ctx, secret["uri"], "files", "api-key", credential)
			if diff := cmp.Diff([]string{"of acme"}, got); err == nil && diff != "" {
				err = errors.New(diff)
			}
			return err
		}
	}
	ways := map[string]func(context.Context) error{
		"gRPC with the Secret": reading(acme, "files"), "gRPC as its ServiceAccount": reading(w.client(t, account), "files"),
		"REST with the Secret": rest(secret["api-key"]), "REST as its ServiceAccount": rest(account),
		"a write": func(ctx context.Context) error { return put(ctx, acme, "files", 1, "of acme") },
	}
	for name, way := range ways {
		soon(t, name, way)
	}
	stranger := w.AccountToken(t, harness.TenantNamespace, "worker", "another-audience")
	w.refused(t, codes.Unauthenticated, reading(w.client(t, stranger), "files"))
	w.refused(t, codes.Unauthenticated, rest(stranger))

	harness.Update(t, w.Cluster, "", "acme", suspend)
	soonRefused(t, codes.PermissionDenied, reading(acme, "files"))
	for range 5 { // it stays so while the operator closes the rest
		for name, way := range ways {
			t.Log(name)
			w.refused(t, codes.PermissionDenied, way)
		}
	}
	w.AwaitTenant(t, "acme", harness.Suspended...)
	for _, way := range ways {
		w.refused(t, codes.PermissionDenied, way)
	}
	harness.Update(t, w.Cluster, "", "acme", func(tn *tenantryv1.Tenant) { tn.Spec.Access = tenantryv1.AccessActive })
	for name, way := range ways {
		soon(t, name+" again", way)
	}
	t.Run("a deleted Secret", func(t *testing.T) { w.revoke(t, acme, secret["api-key"]) })
}

// revoke deletes the Secret of acme: its token is dead, and another one takes its place.
func (w *served) revoke(t *testing.T, acme *qdrant.Client, old string) {
	t.Helper()
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = harness.TenantNamespace, "acme-gateway"
	if err := w.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	soonRefused(t, codes.Unauthenticated, reading(acme, "files"))
	w.refused(t, codes.Unauthenticated, reading(acme, "files"))
	soon(t, "a new one", func(ctx context.Context) error {
		var s corev1.Secret
		if err := w.Get(ctx, client.ObjectKeyFromObject(secret), &s); err != nil {
			return err
		}
		if string(s.Data["api-key"]) == old {
			return errors.New("still the old one")
		}
		return reading(w.client(t, string(s.Data["api-key"])), "files")(ctx)
	})
	w.refused(t, codes.Unauthenticated, reading(acme, "files"))
}

// TestGatewayWaitsForTheBoundary: while one layer of a tenant was never verified, no request of its reaches Qdrant, whoever
// vouches for the caller.
func TestGatewayWaitsForTheBoundary(t *testing.T) {
	t.Parallel()
	var blocked atomic.Bool
	w := newPlane(t, operator.Options{Hooks: planeconnect.Hooks{BeforeChange: func(ch boundary.Change) error {
		if blocked.Load() && ch.Layer == boundary.Cache && ch.Tenant != "" {
			return errors.New("blocked by the test")
		}
		return nil
	}}}, func(*tenantryv1.DataPlane) {})
	w.Make(t, harness.NewTenant("eu-1", "beta"))
	w.Make(t, harness.NewCorpus("beta", "papers", harness.InSharedCollection))
	awaitIDs(t, w.Cluster, "beta")
	beta := w.tenant(t, "beta")
	soon(t, "another tenant of the same collection", func(ctx context.Context) error { return put(ctx, beta, "papers", 1, "of beta") })

	blocked.Store(true)
	w.Make(t, harness.NewTenant("eu-1", "acme", worker))
	w.Make(t, harness.NewCorpus("acme", "files", harness.InSharedCollection))
	w.AwaitCorpus(t, harness.TenantNamespace, "files", harness.Ready)
	w.AwaitTenant(t, "acme", harness.Want{Type: "VectorIsolated", Status: "True"}, harness.Want{Type: "CredentialsIssued", Status: "False"})
	account := w.client(t, w.AccountToken(t, harness.TenantNamespace, "worker", harness.GatewayAudience))
	soonRefused(t, codes.Unavailable, func(ctx context.Context) error {
		err := reading(account, "files")(ctx)
		if !strings.Contains(status.Convert(err).Message(), "not verified yet") { // it knows the tenant, and what is missing
			return fmt.Errorf("another answer: %v", err) //nolint:errorlint // it must not have the code that is waited for
		}
		return err
	})
	w.refused(t, codes.Unavailable, func(ctx context.Context) error { return put(ctx, account, "files", 1, "too early") })
	blocked.Store(false)
	soon(t, "the same, verified", func(ctx context.Context) error { return put(ctx, account, "files", 1, "in time") })
	w.holds(t, account, "files", "in time")
}

// TestGatewayGoesOn: two gateways answer alike, neither the operator nor the API server is needed for a request, and without the
// operator a suspension still closes the gateway.
func TestGatewayGoesOn(t *testing.T) {
	t.Parallel()
	w := newServed(t, func(*tenantryv1.DataPlane) {})
	acme, beta := w.tenant(t, "acme"), w.tenant(t, "beta")
	soon(t, "acme's first point", func(ctx context.Context) error { return put(ctx, acme, "files", 1, "of acme") })
	soon(t, "beta's first point", func(ctx context.Context) error { return put(ctx, beta, "papers", 1, "of beta") })
	second := harness.StartGateway(t, w.Config)
	other := harness.Qdrant(t, second.GRPCAddress(), w.Credential(t, "acme-gateway")["api-key"])
	soon(t, "the second gateway", reading(other, "files"))
	if err := put(t.Context(), other, "files", 2, "too"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(answers(t, acme), answers(t, other), protocmp.Transform()); diff != "" {
		t.Errorf("two gateways differ:\n%s", diff)
	}
	second.Stop()
	w.operator.Stop()
	w.holds(t, acme, "files", "of acme", "too")
	harness.Update(t, w.Cluster, "", "beta", suspend)
	soonRefused(t, codes.PermissionDenied, reading(beta, "papers"))
	w.refused(t, codes.PermissionDenied, reading(beta, "papers"))
	w.Stop()
	w.holds(t, acme, "files", "of acme", "too")
	w.refused(t, codes.PermissionDenied, reading(beta, "papers"))
}

// answers of one gateway to one client, in the order of its questions.
func answers(t *testing.T, c *qdrant.Client) []any {
	t.Helper()
	all := qdrant.NewWithPayload(true)
	var out []any
	add := func(answer any, err error) {
		if err != nil {
			answer = fmt.Sprintf("%s: %s", status.Code(err), status.Convert(err).Message())
		}
		out = append(out, answer)
	}
	add(c.Query(t.Context(), &qdrant.QueryPoints{CollectionName: "files", Query: qdrant.NewQueryDense([]float32{1, 0, 0, 2}), WithPayload: all}))
	add(c.Get(t.Context(), &qdrant.GetPoints{CollectionName: "files", Ids: []*qdrant.PointId{qdrant.NewIDNum(2), qdrant.NewIDNum(3)}, WithPayload: all}))
	add(c.Count(t.Context(), &qdrant.CountPoints{CollectionName: "files"}))
	add(c.ListCollections(t.Context()))
	add(c.Count(t.Context(), &qdrant.CountPoints{CollectionName: "papers"}))
	if len(out) != 5 || fmt.Sprint(out[2]) != "2" {
		t.Errorf("answers: %v", out)
	}
	return out
}
