package conformance

import (
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

var serverCases = map[string]func(*suite){
	"version needs no credential": func(s *suite) {
		reply, err := s.client("").HealthCheck(s.ctx)
		s.must(err)
		s.same(reply.GetTitle(), "qdrant - vector search engine")
		if strings.Count(reply.GetVersion(), ".") != 2 {
			s.Errorf("version %q is not major.minor.patch", reply.GetVersion())
		}
	},
	"health needs no credential": func(s *suite) {
		reply, err := healthpb.NewHealthClient(s.client("").GetConnection()).Check(s.ctx, &healthpb.HealthCheckRequest{})
		s.must(err)
		s.same(reply.GetStatus(), healthpb.HealthCheckResponse_SERVING)
	},
	"no credential": func(s *suite) {
		_, err := s.client("").ListCollections(s.ctx)
		s.refused(err, codes.Unauthenticated, "Must provide an API key or an Authorization bearer token")
	},
	"wrong key": func(s *suite) {
		_, err := s.client("not-the-key").ListCollections(s.ctx)
		s.refused(err, codes.Unauthenticated, "Invalid API key or JWT")
	},
	"a single server has no shard keys": func(s *suite) {
		c := s.plain()
		err := s.admin.CreateShardKey(s.ctx, c, &qdrant.CreateShardKey{ShardKey: qdrant.NewShardKey("a")})
		s.refused(err, codes.Unimplemented, "standalone mode")
		keys, err := s.admin.ListShardKeys(s.ctx, c)
		s.must(err)
		s.same(len(keys), 0)
	},
	"cluster info counts the points": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, nil), pt(2, nil))
		info, err := s.admin.GetCollectionClusterInfo(s.ctx, c)
		s.must(err)
		s.same(info.GetShardCount(), uint64(1))
		s.same(info.GetLocalShards()[0].GetPointsCount(), uint64(2))
	},
}
