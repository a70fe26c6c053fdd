package equivalence_test

import (
	"context"
	"testing"

	"github.com/go-logr/logr"
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tenantry/tenantry/test/attack/world"
)

const (
	alpha, beta, gamma     = "alpha", "beta", "gamma"
	docs, notes, own, laws = "docs", "notes", "own", "laws"
)

// corpora are what alpha has: two in one shared collection, one of its own, and one that it reads.
var corpora = []string{docs, notes, own, laws}

func shared(corpus string) bool { return corpus == docs || corpus == notes }

// side is one way to the data: the official client, a context, and what collections are called there.
type side struct {
	name   string
	client *pb.Client
	ctx    context.Context
	names  map[string]string
}

// pair is a world with alpha's data twice: once where the operator places it, once in plain collections.
type pair struct {
	w        *world.World
	plain    side
	tested   []side // the gateway, the SDK
	platform side   // writes what tenants only read
}

func newPair(t *testing.T) *pair {
	t.Helper()
	log.SetLogger(logr.Discard())
	w := world.Start(t, world.Cast{
		Tenants: []world.Tenant{
			{ID: alpha, Shared: []string{docs, notes}, Dedicated: []string{own}, Jurisdictions: []string{"eu"}},
			{ID: beta, Shared: []string{docs}, Jurisdictions: []string{"us"}}, {ID: gamma, Shared: []string{docs, notes}},
		},
		References: []world.Reference{{Jurisdiction: "eu", Name: laws}, {Jurisdiction: "us", Name: "codes"}},
	})
	plain, same := map[string]string{}, map[string]string{}
	for _, c := range corpora {
		plain[c], same[c] = "plain-"+c, c
		w.Create(t, plain[c])
	}
	lawsAlone := map[string]string{laws: world.Reference{Jurisdiction: "eu", Name: laws}.Physical()}
	return &pair{
		w: w, plain: side{"plain", w.Direct, t.Context(), plain}, platform: side{"platform", w.Direct, t.Context(), lawsAlone},
		tested: []side{
			{"gateway", w.As(t, alpha), t.Context(), same}, {"sdk", w.SDK(t), world.SDKContext(t.Context(), alpha), same},
		},
	}
}

// writer is the side that writes a corpus, turn by turn.
func (p *pair) writer(corpus string, turn int) side {
	if corpus == laws {
		return p.platform
	}
	return p.tested[turn%len(p.tested)]
}

// renamed is a request with the names of a side, at every depth.
func (s side) renamed(m proto.Message) proto.Message {
	out := proto.Clone(m)
	s.rename(out.ProtoReflect())
	return out
}

func (s side) rename(m protoreflect.Message) {
	for _, field := range []protoreflect.Name{"collection_name", "collection"} {
		if f := m.Descriptor().Fields().ByName(field); f != nil && f.Kind() == protoreflect.StringKind && m.Has(f) {
			m.Set(f, protoreflect.ValueOfString(s.names[m.Get(f).String()]))
		}
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				s.rename(v.List().Get(i).Message())
			}
		default:
			s.rename(v.Message())
		}
		return true
	})
}

// call makes a request and returns the reply.
func (s side) call(m proto.Message, method string) (proto.Message, error) {
	d := methodOf(method)
	reply := newMessage(d.Output())
	err := s.client.GetConnection().Invoke(s.ctx, "/qdrant.Points/"+method, s.renamed(m), reply)
	return reply, err
}
