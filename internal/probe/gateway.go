package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
)

// gatewayTimeout bounds one tenant's probe at a gateway.
const gatewayTimeout = 10 * time.Second

// gates are the connections to gateways, by what leads to them. The zero value has none.
type gates struct {
	mu    sync.Mutex
	conns map[string]*grpc.ClientConn
}

// connect returns the connection to a plane's gateway, nil where none can be made.
func (g *gates) connect(spec *tenantryv1.GatewaySpec) *grpc.ClientConn {
	transport, kind := credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12}), "tls"
	if strings.HasPrefix(spec.URL, "http://") {
		transport, kind = insecure.NewCredentials(), "plain"
	}
	key := kind + " " + spec.GRPCAddress
	g.mu.Lock()
	defer g.mu.Unlock()
	if conn := g.conns[key]; conn != nil {
		return conn
	}
	conn, err := grpc.NewClient(spec.GRPCAddress, grpc.WithTransportCredentials(transport))
	if err != nil {
		return nil
	}
	if g.conns == nil {
		g.conns = map[string]*grpc.ClientConn{}
	}
	g.conns[key] = conn
	return conn
}

func (g *gates) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		_ = c.Close()
	}
	clear(g.conns)
}

// The attempts at a gateway.
const (
	gatewayOwn    = "gateway: lists and counts its own collections"
	gatewayLists  = "gateway: lists collections of others"
	gatewayReads  = "gateway: reads collections of others"
	gatewayStamps = "gateway: reads collections by their names in Qdrant"
	gatewayNobody = "gateway: is answered without a credential"
)

// probe presents the tenant's token to the gateway. Everything it sends reads. A plane whose gateway has no gRPC address is
// not tried.
func (g *gates) probe(ctx context.Context, dp *tenantryv1.DataPlane, s subject, others []boundary.Tenant, turn int) []trial.Attempt {
	if dp.Spec.Gateway.GRPCAddress == "" {
		return nil
	}
	sheet := trial.NewSheet(boundary.Vector)
	conn := g.connect(dp.Spec.Gateway)
	if conn == nil {
		sheet.Control(gatewayOwn).Unproven("its address cannot be used")
		return sheet.Attempts()
	}
	ctx, cancel := context.WithTimeout(ctx, gatewayTimeout)
	defer cancel()
	p := &gatewayProbe{
		sheet: sheet, collections: pb.NewCollectionsClient(conn), points: pb.NewPointsClient(conn),
		nobody: ctx, ctx: metadata.AppendToOutgoingContext(ctx, "api-key", s.gateway.Reveal()),
	}
	p.own(s, turn)
	for _, name := range foreignNames(s, others, dp) {
		p.refused(name.words, name.collection)
	}
	_, err := p.collections.List(p.nobody, &pb.ListCollectionsRequest{})
	p.judge(gatewayNobody, "the gateway", err)
	return sheet.Attempts()
}

type gatewayProbe struct {
	sheet       *trial.Sheet
	collections pb.CollectionsClient
	points      pb.PointsClient
	// ctx carries the token, nobody none.
	ctx, nobody context.Context
}

// own is the positive control: what the tenant is served is listed and counted; whatever else is listed is somebody else's.
func (p *gatewayProbe) own(s subject, turn int) {
	control, others := p.sheet.Control(gatewayOwn), p.sheet.Negative(gatewayLists, boundary.Critical)
	r, err := p.collections.List(p.ctx, &pb.ListCollectionsRequest{})
	if err != nil {
		control.Unproven("it answered " + status.Code(err).String())
		return
	}
	listed := map[string]bool{}
	for _, c := range r.GetCollections() {
		listed[c.GetName()] = true
		if slices.Contains(s.logical, c.GetName()) {
			others.Held()
		} else {
			others.Crossed("one that is not the tenant's", gatewayRemedy)
		}
	}
	others.Held()
	if len(s.served) == 0 {
		control.Held()
		return
	}
	name := s.served[turn%len(s.served)]
	if _, err := p.points.Count(p.ctx, &pb.CountPoints{CollectionName: name, Exact: pb.PtrOf(false)}); err != nil || !listed[name] {
		control.Unproven(fmt.Sprintf("of a collection of its own it answered %s", status.Code(err)))
		return
	}
	control.Held()
}

const gatewayRemedy = "Take the gateway out of service (scale its Deployment to zero) and look at its version and its logs"

// referenceNames are the names by which a tenant may be served what it may read: the long ones, and the bare names of the
// corpora. The gateway leaves a bare name out that means two things; another tenant's collection it never is.
func referenceNames(readable []string, references []tenantryv1.Corpus) []string {
	out := slices.Clone(readable)
	for i := range references {
		if p := references[i].Status.Placement; p != nil && slices.Contains(readable, p.Collection) {
			out = append(out, references[i].Name)
		}
	}
	return out
}

type foreignName struct{ words, collection string }

// foreignNames are names that the gateway must not know for this tenant: what others call their collections, and what Qdrant
// calls the collections behind. At most four.
func foreignNames(s subject, others []boundary.Tenant, dp *tenantryv1.DataPlane) []foreignName {
	var out []foreignName
	add := func(words, name string) {
		if !slices.Contains(s.logical, name) && !slices.Contains(out, foreignName{words, name}) && len(out) < 4 {
			out = append(out, foreignName{words, name})
		}
	}
	for _, o := range others {
		for _, c := range o.Corpora {
			add(gatewayReads, c.Name)
			add(gatewayStamps, c.Collection)
		}
	}
	if dp.Spec.Qdrant != nil {
		for _, c := range dp.Spec.Qdrant.SharedCollections {
			add(gatewayStamps, c.Name)
		}
	}
	return out
}

func (p *gatewayProbe) refused(words, collection string) {
	_, err := p.points.Count(p.ctx, &pb.CountPoints{CollectionName: collection, Exact: pb.PtrOf(false)})
	p.judge(words, "a collection", err)
}

func (p *gatewayProbe) judge(words, what string, err error) {
	a := p.sheet.Negative(words, boundary.Critical)
	switch code := status.Code(err); code {
	case codes.OK:
		a.Crossed(what+" answered", gatewayRemedy)
	case codes.NotFound, codes.PermissionDenied, codes.Unauthenticated:
		a.Held()
	default:
		a.Unproven("it answered " + code.String())
	}
}
