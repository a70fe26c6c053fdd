// Package conformance checks that a server answers as Qdrant does.
//
// The expectations come from Qdrant's own documentation and source, not from
// the simulator: the same cases run against the simulator and, unchanged,
// against a real server, which then shows where the simulator is wrong. Where
// an expectation was inferred and never seen, the case says "inferred".
//
// The cases use the official client only, and touch nothing but collections
// and aliases whose names begin with a prefix of their own.
package conformance

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Target is the server under test. It must check credentials and tokens.
type Target struct {
	// Addr is its gRPC address, "host:port", without TLS.
	Addr string
	// APIKey gives full access.
	APIKey string
	// Mint signs claims so that the server accepts them as its own token.
	// Default: HS256 with APIKey, as Qdrant does.
	Mint func(claims map[string]any) (string, error)
}

// caseTimeout bounds one case, so that a server that hangs fails it.
const caseTimeout = time.Minute

// Run runs every case as a subtest of t.
func Run(t *testing.T, target Target) {
	t.Helper()
	if target.Mint == nil {
		target.Mint = SignHS256(target.APIKey)
	}
	groups := map[string]map[string]func(*suite){
		"access":               accessCases,
		"aliases":              aliasCases,
		"collections":          collectionCases,
		"snapshots":            snapshotCases,
		"config":               configCases,
		"facet":                facetCases,
		"filter":               filterCases,
		"payload":              payloadCases,
		"points":               pointCases,
		"query":                queryCases,
		"fusion":               fusionCases,
		"formula":              formulaCases,
		"prefetch":             prefetchCases,
		"query by vectors":     vectorQueryCases,
		"query with mmr":       mmrCases,
		"query with order":     orderQueryCases,
		"query in strict mode": strictQueryCases,
		"sparse idf":           sparseIDFCases,
		"read":                 readCases,
		"server":               serverCases,
		"strict mode":          strictCases,
		"tokens":               tokenCases,
		"vectors":              vectorCases,
		"estimate":             estimateCases,
		"batch":                batchCases,
		"conditional":          conditionalCases,
		"legacy":               legacyCases,
		"order by":             orderByCases,
		"matrix":               matrixCases,
		"groups":               groupCases,
	}
	for group, cases := range groups {
		for name, run := range cases {
			t.Run(group+"/"+name, func(t *testing.T) { run(newSuite(t, target)) })
		}
	}
}

// SignHS256 returns a Target.Mint that signs with an API key.
func SignHS256(key string) func(map[string]any) (string, error) {
	return func(claims map[string]any) (string, error) {
		return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims)).SignedString([]byte(key))
	}
}

// suite is what one case works with.
type suite struct {
	*testing.T
	target Target
	ctx    context.Context
	admin  *qdrant.Client
	prefix string
}

func newSuite(t *testing.T, target Target) *suite {
	ctx, cancel := context.WithTimeout(context.Background(), caseTimeout)
	t.Cleanup(cancel)
	s := &suite{T: t, target: target, ctx: ctx, prefix: "conformance-" + uuid.NewString()[:8]}
	s.admin = s.client(target.APIKey)
	return s
}

// client connects with a credential; an empty one is none.
func (s *suite) client(credential string) *qdrant.Client {
	s.Helper()
	host, port, err := net.SplitHostPort(s.target.Addr)
	s.must(err)
	number, err := strconv.Atoi(port)
	s.must(err)
	c, err := qdrant.NewClient(&qdrant.Config{
		Host: host, Port: number, APIKey: credential, PoolSize: 1, SkipCompatibilityCheck: true,
	})
	s.must(err)
	s.Cleanup(func() { _ = c.Close() })
	return c
}

// token connects with a freshly minted token.
func (s *suite) token(claims map[string]any) *qdrant.Client {
	s.Helper()
	token, err := s.target.Mint(claims)
	s.must(err)
	return s.client(token)
}

func (s *suite) name(suffix string) string { return s.prefix + "-" + suffix }

// create makes a collection that goes away with the case.
func (s *suite) create(r *qdrant.CreateCollection) string {
	s.Helper()
	if r.CollectionName == "" {
		r.CollectionName = s.name("c" + strconv.FormatInt(time.Now().UnixNano(), 36))
	}
	s.must(s.admin.CreateCollection(s.ctx, r))
	s.Cleanup(func() { s.drop(r.CollectionName) })
	return r.CollectionName
}

// drop removes a collection even when the case has run out of time.
func (s *suite) drop(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), caseTimeout)
	defer cancel()
	_, err := s.admin.GetCollectionsClient().Delete(ctx, &qdrant.DeleteCollection{CollectionName: name})
	if err != nil {
		s.Errorf("cleaning up %s: %v", name, err)
	}
}

// plain makes a collection with one unnamed vector of two dimensions.
func (s *suite) plain() string {
	s.Helper()
	return s.create(&qdrant.CreateCollection{VectorsConfig: dense(2, qdrant.Distance_Dot)})
}

func (s *suite) upsert(collection string, points ...*qdrant.PointStruct) {
	s.Helper()
	_, err := s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{CollectionName: collection, Wait: yes(), Points: points})
	s.must(err)
}

func (s *suite) index(collection, field string, params *qdrant.PayloadIndexParams) {
	s.Helper()
	_, err := s.admin.CreateFieldIndex(s.ctx, &qdrant.CreateFieldIndexCollection{
		CollectionName: collection, Wait: yes(), FieldName: field,
		FieldType: qdrant.FieldType_FieldTypeKeyword.Enum(), FieldIndexParams: params,
	})
	s.must(err)
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// refused checks an error's code and that its text has the given words.
func (s *suite) refused(err error, code codes.Code, words ...string) {
	s.Helper()
	if got := status.Code(err); got != code {
		s.Fatalf("got %v (%v), want %v", got, err, code)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			s.Errorf("got %q, want it to say %q", err, w)
		}
	}
}

func dense(size uint64, d qdrant.Distance) *qdrant.VectorsConfig {
	return qdrant.NewVectorsConfig(&qdrant.VectorParams{Size: size, Distance: d})
}

// pt is a point with a number for id and the vector (id, 1).
func pt(id uint64, payload map[string]any) *qdrant.PointStruct {
	return &qdrant.PointStruct{
		Id: qdrant.NewIDNum(id), Vectors: qdrant.NewVectors(float32(id), 1), Payload: qdrant.NewValueMap(payload),
	}
}

func yes() *bool { return qdrant.PtrOf(true) }
func no() *bool  { return qdrant.PtrOf(false) }

func must(conditions ...*qdrant.Condition) *qdrant.Filter { return &qdrant.Filter{Must: conditions} }
