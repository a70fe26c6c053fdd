package probe

import (
	"context"
	"fmt"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/qdrantsim"
)

// token stands for the tenant's at the gateway.
const token = boundary.Secret("token-of-acme")

// standIn is something that answers where a gateway should: it holds these collections, for whoever has the token, or for all.
func standIn(t *testing.T, everybody bool, collections ...string) *tenantryv1.DataPlane {
	t.Helper()
	sim, err := qdrantsim.Start(qdrantsim.Options{APIKey: token.Reveal(), NoAuth: everybody})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Close)
	conn, err := grpc.NewClient(sim.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ctx := metadata.AppendToOutgoingContext(t.Context(), "api-key", token.Reveal())
	for _, name := range collections {
		if _, err := pb.NewCollectionsClient(conn).Create(ctx, &pb.CreateCollection{
			CollectionName: name, VectorsConfig: pb.NewVectorsConfig(&pb.VectorParams{Size: 4, Distance: pb.Distance_Cosine}),
		}); err != nil {
			t.Fatal(err)
		}
	}
	dp := &tenantryv1.DataPlane{}
	dp.Spec.Gateway = &tenantryv1.GatewaySpec{URL: "http://gateway", GRPCAddress: sim.Addr()}
	dp.Spec.Qdrant = &tenantryv1.QdrantSpec{SharedCollections: []tenantryv1.SharedCollection{{Name: "shared-documents"}}}
	return dp
}

var (
	atGateway = subject{tenant: boundary.Tenant{ID: "acme"}, gateway: token, logical: []string{"notes", "mail"}, served: []string{"notes"}}
	globex    = boundary.Tenant{ID: "globex", Corpora: []boundary.Corpus{
		{Name: "notes", Collection: "tenant_globex_notes"}, {Name: "plans", Collection: "shared-documents"},
	}}
)

func TestProbeAtTheGateway(t *testing.T) {
	for name, c := range map[string]struct {
		dp      func(t *testing.T) *tenantryv1.DataPlane
		failed  []string
		void    bool
		passing int
	}{
		"a gateway that keeps tenants apart": {dp: func(t *testing.T) *tenantryv1.DataPlane { return standIn(t, false, "notes") }, passing: 5},
		"one that lists what is another's": {
			dp:     func(t *testing.T) *tenantryv1.DataPlane { return standIn(t, false, "notes", "others") },
			failed: []string{gatewayLists},
		},
		"one that knows another's name": {
			dp:     func(t *testing.T) *tenantryv1.DataPlane { return standIn(t, false, "notes", "plans") },
			failed: []string{gatewayLists, gatewayReads},
		},
		"one that passes names on": {
			dp:     func(t *testing.T) *tenantryv1.DataPlane { return standIn(t, false, "notes", "tenant_globex_notes") },
			failed: []string{gatewayLists, gatewayStamps},
		},
		"one that passes the shared collection on": {
			dp:     func(t *testing.T) *tenantryv1.DataPlane { return standIn(t, false, "notes", "shared-documents") },
			failed: []string{gatewayLists, gatewayStamps},
		},
		"one that asks for no credential": {
			dp:     func(t *testing.T) *tenantryv1.DataPlane { return standIn(t, true, "notes") },
			failed: []string{gatewayNobody},
		},
		"one that has lost the tenant's own": {dp: func(t *testing.T) *tenantryv1.DataPlane { return standIn(t, false, "mail") }, void: true},
		"none at all": {dp: func(t *testing.T) *tenantryv1.DataPlane {
			dp := standIn(t, false)
			dp.Spec.Gateway.GRPCAddress = "127.0.0.1:1"
			return dp
		}, void: true},
		"one that speaks no TLS": {dp: func(t *testing.T) *tenantryv1.DataPlane {
			dp := standIn(t, false, "notes")
			dp.Spec.Gateway.URL = ""
			return dp
		}, void: true},
	} {
		t.Run(name, func(t *testing.T) {
			var g gates
			t.Cleanup(g.close)
			got := g.probe(context.Background(), c.dp(t), atGateway, []boundary.Tenant{globex}, 0)
			o := trial.Outcome{}.Next(map[boundary.Layer][]trial.Attempt{boundary.Vector: got})
			if o.Count(trial.Failed) != len(c.failed) || o.Proven() == c.void || c.void && o.Count(trial.Passed) != 0 {
				t.Errorf("outcome:\n%s", lines(got))
			}
			if c.passing > 0 && o.Count(trial.Passed) != c.passing {
				t.Errorf("not everything passes:\n%s", lines(got))
			}
			for _, words := range c.failed {
				if !strings.Contains(lines(got), "Failed "+words) {
					t.Errorf("%q is not seen:\n%s", words, lines(got))
				}
			}
			if strings.Contains(lines(got), token.Reveal()) {
				t.Error("the evidence holds the token")
			}
		})
	}
}

func lines(attempts []trial.Attempt) string {
	var out []string
	for _, a := range attempts {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s: %s", a.Result, a.Words, a.Answer)))
	}
	return strings.Join(out, "\n")
}

func TestAGatewayWithoutAGRPCAddressIsNotTried(t *testing.T) {
	dp := &tenantryv1.DataPlane{}
	dp.Spec.Gateway = &tenantryv1.GatewaySpec{URL: "https://gateway"}
	var g gates
	if got := g.probe(context.Background(), dp, atGateway, nil, 0); got != nil {
		t.Errorf("tried:\n%s", lines(got))
	}
}
