package conformance

import (
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var snapshotCases = map[string]func(*suite){
	"a snapshot stands until it is deleted": func(s *suite) {
		c := s.plain()
		made, err := s.admin.CreateSnapshot(s.ctx, c)
		s.must(err)
		s.same(strings.HasPrefix(made.GetName(), c+"-") && strings.HasSuffix(made.GetName(), ".snapshot"), true)
		s.same(s.snapshots(c), []string{made.GetName()})
		s.must(s.admin.DeleteSnapshot(s.ctx, c, made.GetName()))
		s.same(s.snapshots(c), []string(nil))
		s.refused(s.admin.DeleteSnapshot(s.ctx, c, made.GetName()), codes.NotFound, "Snapshot")
	},
	// inferred: nothing removes the parts.
	"one of the whole server leaves its parts with the collections": func(s *suite) {
		c := s.plain()
		made, err := s.admin.CreateFullSnapshot(s.ctx)
		s.must(err)
		defer func() { s.must(s.admin.DeleteFullSnapshot(s.ctx, made.GetName())) }()
		parts := s.snapshots(c)
		s.same(len(parts), 1)
		s.same(slices.Contains(parts, made.GetName()), false)
		s.must(s.admin.DeleteSnapshot(s.ctx, c, parts[0]))
		all, err := s.admin.ListFullSnapshots(s.ctx)
		s.must(err)
		s.same(slices.ContainsFunc(all, func(d *qdrant.SnapshotDescription) bool { return d.GetName() == made.GetName() }), true)
		s.same(strings.HasPrefix(made.GetName(), "full-snapshot-"), true)
	},
	"a collection that is not there": func(s *suite) {
		_, err := s.admin.ListSnapshots(s.ctx, s.name("gone"))
		s.refused(err, codes.NotFound, "doesn't exist!")
	},
}

// snapshots lists the names of a collection's snapshots.
func (s *suite) snapshots(collection string) []string {
	s.Helper()
	list, err := s.admin.ListSnapshots(s.ctx, collection)
	s.must(err)
	var out []string
	for _, d := range list {
		out = append(out, d.GetName())
	}
	return out
}
