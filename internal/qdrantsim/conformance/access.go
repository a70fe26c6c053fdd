package conformance

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// operation is one kind of request, tried with every kind of token.
type operation struct {
	try func(s *suite, c *qdrant.Client, collection string) error
	// allowed says for each of accessModes whether the operation is let in.
	allowed string
}

// accessModes are the kinds of token, in the order of operation.allowed: global
// read, global manage, and on the collection r, rw and prw.
var accessModes = []func(collection string) map[string]any{
	func(string) map[string]any { return map[string]any{"access": "r"} },
	func(string) map[string]any { return map[string]any{"access": "m"} },
	func(c string) map[string]any { return map[string]any{"access": grant(c, "r")} },
	func(c string) map[string]any { return map[string]any{"access": grant(c, "rw")} },
	func(c string) map[string]any { return map[string]any{"access": grant(c, "prw")} },
}

// accessCases tries every operation with every kind of token.
var accessCases = func() map[string]func(*suite) {
	cases := map[string]func(*suite){
		"writing is refused in words": func(s *suite) {
			c := s.plain()
			put := func(access any) error {
				_, err := s.token(map[string]any{"access": access}).Upsert(s.ctx, &qdrant.UpsertPoints{CollectionName: c, Points: []*qdrant.PointStruct{pt(1, nil)}})
				return err
			}
			s.refused(put("r"), codes.PermissionDenied, "Forbidden: Global manage access is required")
			s.refused(put(grant(c, "r")), codes.PermissionDenied, "Forbidden: Write access to collection "+c+" is required")
		},
		"extras are refused in words": func(s *suite) {
			c := s.plain()
			_, err := s.token(map[string]any{"access": grant(c, "prw")}).GetCollectionClusterInfo(s.ctx, c)
			s.refused(err, codes.PermissionDenied, "Forbidden: Only points access is allowed for collection "+c)
		},
		"managing is refused in words": func(s *suite) {
			c := s.plain()
			s.refused(s.token(map[string]any{"access": grant(c, "rw")}).DeleteCollection(s.ctx, c),
				codes.PermissionDenied, "Forbidden: Global access is required")
		},
		"strict mode speaks before the right to write": func(s *suite) {
			c := s.shared()
			_, err := s.token(map[string]any{"access": grant(c, "r")}).Delete(s.ctx, &qdrant.DeletePoints{
				CollectionName: c, Points: qdrant.NewPointsSelectorFilter(must(qdrant.NewMatch("other", "x"))),
			})
			s.refused(err, codes.InvalidArgument, indexRequired)
		},
	}
	for name, op := range operations {
		cases[name] = func(s *suite) { s.tryAll(op) }
	}
	return cases
}()

func (s *suite) tryAll(op operation) {
	s.Helper()
	for i, claims := range accessModes {
		c := s.plain()
		s.upsert(c, pt(1, map[string]any{"a": 1}))
		err := op.try(s, s.token(claims(c)), c)
		allowed := status.Code(err) != codes.PermissionDenied
		if want := op.allowed[i] == '+'; allowed != want {
			s.Errorf("token %v: allowed is %v, want %v (%v)", claims("c"), allowed, want, err)
		}
		if allowed && err != nil && status.Code(err) != codes.Unimplemented {
			s.Errorf("token %v: %v", claims("c"), err)
		}
	}
}
