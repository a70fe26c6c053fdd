package conformance

import (
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

// grant is the access claim for one collection.
func grant(collection, mode string) []map[string]any {
	return []map[string]any{{"collection": collection, "access": mode}}
}

func (s *suite) try(c *qdrant.Client, collection string) error {
	_, err := c.Count(s.ctx, &qdrant.CountPoints{CollectionName: collection})
	return err
}

var tokenCases = map[string]func(*suite){
	"its collection and no other": func(s *suite) {
		mine, other := s.plain(), s.plain()
		c := s.token(map[string]any{"access": grant(mine, "prw")})
		s.must(s.try(c, mine))
		s.refused(s.try(c, other), codes.PermissionDenied, "Forbidden: Access to collection "+other+" is required")
		s.refused(s.try(c, s.name("none")), codes.PermissionDenied, "Forbidden: Access to collection")
	},
	"a token lists what it was granted": func(s *suite) {
		mine, other := s.plain(), s.plain()
		s.must(s.admin.CreateAlias(s.ctx, s.name("alias"), mine))
		s.must(s.admin.CreateAlias(s.ctx, s.name("alias-2"), other))
		c := s.token(map[string]any{"access": append(grant(mine, "r"), grant(s.name("none"), "r")...)})
		names, err := c.ListCollections(s.ctx)
		s.must(err)
		s.same(names, []string{mine})
		list, err := c.ListAliases(s.ctx)
		s.must(err)
		s.same(len(list) == 1 && list[0].GetCollectionName() == mine, true)
	},
	"an alias is a name of its own": func(s *suite) {
		mine, alias := s.plain(), s.name("alias")
		s.must(s.admin.CreateAlias(s.ctx, alias, mine))
		s.refused(s.try(s.token(map[string]any{"access": grant(mine, "r")}), alias), codes.PermissionDenied, alias)
		s.must(s.try(s.token(map[string]any{"access": grant(alias, "r")}), alias))
	},
	"a lookup needs access too": func(s *suite) {
		mine, other := s.five(), s.five()
		ask := &qdrant.QueryPoints{
			CollectionName: mine, Query: qdrant.NewQueryID(qdrant.NewIDNum(1)), LookupFrom: &qdrant.LookupLocation{CollectionName: other},
		}
		_, err := s.token(map[string]any{"access": grant(mine, "r")}).Query(s.ctx, ask)
		s.refused(err, codes.PermissionDenied, other)
		_, err = s.token(map[string]any{"access": append(grant(mine, "r"), grant(other, "r")...)}).Query(s.ctx, ask)
		s.must(err)
	},
	"without an access claim it may do everything": func(s *suite) {
		c := s.token(map[string]any{"subject": "anyone"})
		name := s.name("made")
		s.must(c.CreateCollection(s.ctx, &qdrant.CreateCollection{CollectionName: name, VectorsConfig: dense(2, qdrant.Distance_Dot)}))
		s.same(s.deleted(name), true)
	},
	"a claim of another spelling is no claim": func(s *suite) { // inferred
		c := s.token(map[string]any{"Access": "r"})
		_, err := c.GetCollectionsClient().Delete(s.ctx, &qdrant.DeleteCollection{CollectionName: s.name("none")})
		s.must(err)
	},
	"another secret": func(s *suite) {
		token, err := SignHS256(s.target.APIKey + "x")(map[string]any{"access": "m"})
		s.must(err)
		s.refused(s.try(s.client(token), s.plain()), codes.PermissionDenied, "InvalidSignature")
	},
	"another algorithm": func(s *suite) {
		for _, token := range []*jwt.Token{
			jwt.NewWithClaims(jwt.SigningMethodHS512, jwt.MapClaims{"access": "m"}),
			jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"access": "m"}),
		} {
			var key any = []byte(s.target.APIKey)
			if token.Method == jwt.SigningMethodNone {
				key = jwt.UnsafeAllowNoneSignatureType
			}
			signed, err := token.SignedString(key)
			s.must(err)
			s.refused(s.try(s.client(signed), s.plain()), codes.Unauthenticated, "Invalid API key or JWT")
		}
	},
	"expiry has a leeway of thirty seconds": func(s *suite) {
		c := s.plain()
		now := time.Now()
		s.must(s.try(s.token(map[string]any{"access": "r", "exp": now.Add(time.Hour).Unix()}), c))
		s.must(s.try(s.token(map[string]any{"access": "r", "exp": now.Add(-5 * time.Second).Unix()}), c))
		s.refused(s.try(s.token(map[string]any{"access": "r", "exp": now.Add(-time.Minute).Unix()}), c),
			codes.PermissionDenied, "ExpiredSignature")
	},
	"not before is not checked": func(s *suite) {
		s.must(s.try(s.token(map[string]any{"access": "r", "nbf": time.Now().Add(time.Hour).Unix(), "aud": "x"}), s.plain()))
	},
	"claims that do not parse": func(s *suite) {
		for _, claims := range []map[string]any{
			{"access": "rw"}, {"access": nil}, {"access": grant("c", "m")}, {"access": []string{"c"}},
			{"access": "r", "exp": "tomorrow"}, {"access": "r", "value_exists": map[string]any{"collection": "c"}},
		} {
			s.refused(s.try(s.token(claims), s.plain()), codes.Unauthenticated, "Invalid API key or JWT")
		}
	},
	"an old payload constraint is refused": func(s *suite) {
		c := s.plain()
		access := []map[string]any{{"collection": c, "access": "r", "payload": map[string]any{"t": "a"}}}
		s.refused(s.try(s.token(map[string]any{"access": access}), c), codes.Unauthenticated, "deprecated")
	},
	"a collection twice is refused": func(s *suite) {
		c := s.plain()
		s.refused(s.try(s.token(map[string]any{"access": append(grant(c, "r"), grant(c, "rw")...)}), c), codes.Unauthenticated, "unique")
	},
	"as a bearer": func(s *suite) {
		c := s.plain()
		token, err := s.target.Mint(map[string]any{"access": "r"})
		s.must(err)
		ctx := metadata.AppendToOutgoingContext(s.ctx, "authorization", "Bearer "+token)
		_, err = s.client("").Count(ctx, &qdrant.CountPoints{CollectionName: c})
		s.must(err)
		_, err = s.client("wrong").Count(ctx, &qdrant.CountPoints{CollectionName: c}) // the api-key header counts first
		s.refused(err, codes.Unauthenticated)
	},
	"value_exists revokes at once": func(s *suite) {
		c, registry := s.plain(), s.plain()
		client := s.token(map[string]any{"access": grant(c, "r"), "value_exists": map[string]any{
			"collection": registry,
			"matches":    []map[string]any{{"key": "token", "value": "t1"}, {"key": "active", "value": true}},
		}})
		const invalid = "Invalid JWT, stateful validation failed"
		s.refused(s.try(client, c), codes.Unauthenticated, invalid)
		s.upsert(registry, pt(1, map[string]any{"token": "t1", "active": true}))
		s.must(s.try(client, c))
		s.upsert(registry, pt(1, map[string]any{"token": "t1", "active": false}))
		s.refused(s.try(client, c), codes.Unauthenticated, invalid)
		s.same(s.deleted(registry), true)
		s.refused(s.try(client, c), codes.PermissionDenied, invalid)
	},
	"value_exists wants all matches on one point": func(s *suite) {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"a": 1}), pt(2, map[string]any{"b": 2}))
		client := s.token(map[string]any{"value_exists": map[string]any{
			"collection": c, "matches": []map[string]any{{"key": "a", "value": 1}, {"key": "b", "value": 2}},
		}})
		s.refused(s.try(client, c), codes.Unauthenticated)
	},
	"not even a token": func(s *suite) {
		c := s.plain()
		good, err := s.target.Mint(map[string]any{"access": "r"})
		s.must(err)
		parts := strings.Split(good, ".")
		slices.Reverse(parts)
		for _, bad := range []string{"a.b.c", strings.Join(parts, "."), parts[0]} {
			s.refused(s.try(s.client(bad), c), codes.Unauthenticated, "Invalid API key or JWT")
		}
	},
}
