package qdrant

import (
	"context"
	"regexp"
	"slices"
	"sync"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"golang.org/x/sync/errgroup"

	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// roundsEvery is how often the server is asked for what costs a call for each collection, or time. Nothing that opens a
// collection to a tenant is among it.
const roundsEvery = time.Hour

// rounds remembers the last one.
type rounds struct {
	mu   sync.Mutex
	at   time.Time
	seen vector.Rounds
}

// goRounds returns what was seen in the last round, after a new one where that is due. One that fails in part says so, and is
// not tried again before the next is due: what it looks for is never urgent.
func (s *Server) goRounds(ctx context.Context, collections []string, o *vector.Observed) vector.Rounds {
	s.rounds.mu.Lock()
	defer s.rounds.mu.Unlock()
	now := s.cfg.Clock.Now()
	if !s.rounds.at.IsZero() && now.Sub(s.rounds.at) < roundsEvery {
		return s.rounds.seen
	}
	seen := vector.Rounds{PlainText: s.plainText(ctx), Doubled: s.doubled(ctx, o)}
	var err error
	if seen.Snapshots, err = s.snapshots(ctx, collections); err != nil {
		if ctx.Err() != nil {
			return s.rounds.seen // given up, not refused: the next snapshot tries again
		}
		seen.SnapshotsUnread = words(err)
	}
	s.rounds.at, s.rounds.seen = now, seen
	return seen
}

// doubled counts the points of shared collections with several tenants. Unlike the other questions about points, this one is
// answered from all of them one by one.
func (s *Server) doubled(ctx context.Context, o *vector.Observed) map[string]int {
	out := map[string]int{}
	for _, name := range s.judge.Countable(o.Collections) {
		r, err := s.calls.points.Scroll(ctx, &pb.ScrollPoints{
			CollectionName: name, Limit: pb.PtrOf(uint32(vector.MaxUnmarkedSeen)), WithPayload: pb.NewWithPayload(false),
			Filter: &pb.Filter{Must: []*pb.Condition{pb.NewValuesCount(vector.TenantField, &pb.ValuesCount{Gt: pb.PtrOf(uint64(1))})}},
		})
		if err == nil {
			out[name] = len(r.GetResult())
		}
	}
	return out
}

// snapshots lists those of the whole server and those of each collection, at most readers at a time.
func (s *Server) snapshots(ctx context.Context, collections []string) ([]vector.Snapshot, error) {
	r, err := s.calls.snapshots.ListFull(ctx, &pb.ListFullSnapshotsRequest{})
	if err != nil {
		return nil, err
	}
	out := snapshotsOf("", r)
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for _, name := range collections {
		g.Go(func() error {
			r, err := s.calls.snapshots.List(ctx, &pb.ListSnapshotsRequest{CollectionName: name})
			if missing(err) {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			out = append(out, snapshotsOf(name, r)...)
			return err
		})
	}
	return out, g.Wait()
}

func snapshotsOf(collection string, r *pb.ListSnapshotsResponse) []vector.Snapshot {
	out := make([]vector.Snapshot, 0, len(r.GetSnapshotDescriptions()))
	for _, d := range r.GetSnapshotDescriptions() {
		out = append(out, vector.Snapshot{Collection: collection, Name: d.GetName(), Made: made(d)})
	}
	return slices.Clip(out)
}

// stamped is the end of a name that Qdrant gives.
var stamped = regexp.MustCompile(`-(\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)\.snapshot$`)

// made is when a snapshot was made. Not every file system knows; then the name does, unless somebody uploaded the file.
func made(d *pb.SnapshotDescription) time.Time {
	if d.GetCreationTime() != nil {
		return d.GetCreationTime().AsTime()
	}
	if m := stamped.FindStringSubmatch(d.GetName()); m != nil {
		if t, err := time.Parse("2006-01-02-15-04-05", m[1]); err == nil {
			return t
		}
	}
	return time.Time{}
}
