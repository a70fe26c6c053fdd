package qdrantsim

import (
	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// SetRace makes the next read that works in two phases call f between them,
// once: first the server finds ids by the request's filter, then it fetches
// payloads and vectors by these ids alone, without the filter. Whatever f
// changes, such as the owner of an id, the fetch takes as it then is.
//
// Every query and search works so while a race is set (Qdrant does it for large
// limits and offsets), as do groups, the distance matrix and a scroll with
// order_by. The call of f may use the server, also by requests of its own.
func (s *Server) SetRace(f func(fullMethod string)) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.race = f
}

// betweenPhases runs the race, if there is one, and says so.
func (s *Server) betweenPhases(method string) bool {
	s.faults.mu.Lock()
	race := s.faults.race
	s.faults.race = nil
	s.faults.mu.Unlock()
	if race == nil {
		return false
	}
	race(method)
	return true
}

// raceReply repeats the second phase of a query's answer after a race.
func (s *Server) raceReply(method string, msg proto.Message, reply any) {
	switch m := reply.(type) {
	case *qdrant.QueryResponse:
		s.raceBatch(method, msg, &m.Result)
	case *qdrant.SearchResponse:
		s.raceBatch(method, msg, &m.Result)
	case *qdrant.RecommendResponse:
		s.raceBatch(method, msg, &m.Result)
	case *qdrant.DiscoverResponse:
		s.raceBatch(method, msg, &m.Result)
	case *qdrant.QueryBatchResponse:
		s.raceBatch(method, msg, resultsOf(m.GetResult())...)
	case *qdrant.SearchBatchResponse:
		s.raceBatch(method, msg, resultsOf(m.GetResult())...)
	case *qdrant.RecommendBatchResponse:
		s.raceBatch(method, msg, resultsOf(m.GetResult())...)
	case *qdrant.DiscoverBatchResponse:
		s.raceBatch(method, msg, resultsOf(m.GetResult())...)
	}
}

func resultsOf(batch []*qdrant.BatchResult) []*[]*qdrant.ScoredPoint {
	out := make([]*[]*qdrant.ScoredPoint, 0, len(batch))
	for _, b := range batch {
		out = append(out, &b.Result)
	}
	return out
}

func (s *Server) raceBatch(method string, msg proto.Message, results ...*[]*qdrant.ScoredPoint) {
	queries := queriesOf(msg)
	if len(queries) != len(results) || !s.betweenPhases(method) {
		return
	}
	for i, result := range results {
		q := queries[i]
		view, err := parseShown(q.GetWithPayload(), false, q.GetWithVectors())
		if err == nil {
			*result = s.fetched(q.GetCollectionName(), *result, view)
		}
	}
}

// fetched is the second phase: hits as their ids are stored now. What is gone
// is left out.
func (s *Server) fetched(name string, hits []*qdrant.ScoredPoint, view shown) []*qdrant.ScoredPoint {
	s.store.mu.RLock()
	defer s.store.mu.RUnlock()
	c, err := s.store.resolve(name)
	if err != nil {
		return nil
	}
	var out []*qdrant.ScoredPoint
	for _, h := range hits {
		if c.hydrate(h, view) {
			out = append(out, h)
		}
	}
	return out
}

// hydrate gives a hit the payload and vectors that its id has now, and says
// whether the id is still there.
func (c *collection) hydrate(h *qdrant.ScoredPoint, view shown) bool {
	id, err := parseID(h.GetId())
	p, ok := c.points[id]
	if err != nil || !ok {
		return false
	}
	h.Payload, h.Vectors = view.payload.of(p.payload), view.vectors.of(p)
	return true
}
