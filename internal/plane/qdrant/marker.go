package qdrant

import (
	"context"

	pb "github.com/qdrant/go-client/qdrant"

	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/plane"
)

// Claim writes the marker where none stands and returns the one that stands afterwards.
func (s *Server) Claim(ctx context.Context, want boundary.Marker) (boundary.Marker, error) {
	standing, err := s.marker(ctx)
	if err != nil {
		return boundary.Marker{}, err
	}
	if standing != nil {
		return *standing, nil
	}
	_, err = s.calls.collections.Create(ctx, createRequest(s.judge.Claims()))
	if err != nil && !exists(err) {
		return boundary.Marker{}, s.fault(err, "create collection %s", vector.ClaimsCollection)
	}
	if err := s.insert(ctx, vector.ClaimsCollection, markerPoint(want)); err != nil {
		return boundary.Marker{}, s.fault(err, "write the marker")
	}
	standing, err = s.marker(ctx)
	if err != nil {
		return boundary.Marker{}, err
	}
	if standing == nil {
		return boundary.Marker{}, plane.Faultf(plane.ApplyFailed, nil, "Qdrant at %s took the marker but does not hold it; "+
			"look at collection %s", s.cfg.Address, vector.ClaimsCollection)
	}
	return *standing, nil
}

// marker reads the marker, nil where none stands.
func (s *Server) marker(ctx context.Context) (*boundary.Marker, error) {
	p, err := s.point(ctx, vector.ClaimsCollection, markerID())
	if err != nil || p == nil {
		return nil, s.fault(err, "read the marker")
	}
	m := markerOf(p.GetPayload())
	return &m, nil
}

// ours refuses to write to a server that does not carry our marker.
func (s *Server) ours(ctx context.Context) error {
	m, err := s.marker(ctx)
	if err != nil {
		return err
	}
	if m == nil {
		return plane.Faultf(plane.OwnedElsewhere, nil, "Qdrant at %s carries no marker of this installation; nothing was written. "+
			"It is claimed before anything is built on it", s.cfg.Address)
	}
	if cause, why := m.Check(s.cfg.Marker); cause != "" {
		return plane.Faultf(plane.Cause(cause), nil, "Qdrant at %s: %s", s.cfg.Address, why)
	}
	return nil
}

// insert writes a point where none of its id stands. Servers from 1.17 know the mode; 1.16 ignores it and keeps a standing
// point because no record of ours matches the filter.
func (s *Server) insert(ctx context.Context, collection string, p *pb.PointStruct) error {
	r := upsertRequest(collection, p)
	r.UpdateMode = pb.UpdateMode_InsertOnly.Enum()
	r.UpdateFilter = &pb.Filter{Must: []*pb.Condition{pb.NewIsEmpty(fieldKind)}}
	_, err := s.calls.points.Upsert(ctx, r)
	return err
}

// point reads one point with its payload, nil where it does not stand.
func (s *Server) point(ctx context.Context, collection string, id *pb.PointId) (*pb.RetrievedPoint, error) {
	r, err := s.calls.points.Get(ctx, &pb.GetPoints{
		CollectionName: collection, Ids: []*pb.PointId{id}, WithPayload: pb.NewWithPayload(true),
	})
	if missing(err) {
		return nil, nil
	}
	if err != nil || len(r.GetResult()) == 0 {
		return nil, err
	}
	return r.GetResult()[0], nil
}
