package qdrantsim

import (
	"encoding/json"
	"errors"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// valueExists is the claim that keeps a token alive only while some point of a
// collection matches; it is looked up on every request.
type valueExists struct {
	collection string
	filter     *filter
}

func decodeValueExists(raw json.RawMessage) (*valueExists, error) {
	if raw == nil || string(raw) == "null" {
		return nil, nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, err
	}
	var name *string
	var matches []map[string]json.RawMessage
	err := errors.Join(optional(m, "collection", &name), optional(m, "matches", &matches))
	if err != nil || name == nil || matches == nil {
		return nil, errors.New("value_exists needs a collection and matches")
	}
	f := &qdrant.Filter{}
	for _, pair := range matches {
		c, err := decodeMatch(pair)
		if err != nil {
			return nil, err
		}
		f.Must = append(f.Must, c)
	}
	compiled, err := compileFilter(f)
	if err != nil {
		return nil, err
	}
	return &valueExists{collection: *name, filter: compiled}, nil
}

// decodeMatch reads {key, value}; a value is a string, an integer or a boolean.
func decodeMatch(m map[string]json.RawMessage) (*qdrant.Condition, error) {
	var key *string
	if err := optional(m, "key", &key); err != nil || key == nil {
		return nil, errors.New("a match needs a key")
	}
	var s string
	var i int64
	var b bool
	switch raw := m["value"]; {
	case raw == nil || string(raw) == "null":
		return nil, errors.New("a match needs a value")
	case json.Unmarshal(raw, &s) == nil:
		return qdrant.NewMatchKeyword(*key, s), nil
	case json.Unmarshal(raw, &i) == nil:
		return qdrant.NewMatchInt(*key, i), nil
	case json.Unmarshal(raw, &b) == nil:
		return qdrant.NewMatchBool(*key, b), nil
	}
	return nil, errors.New("a match value is a string, an integer or a boolean")
}

func (st *store) checkValueExists(v *valueExists) error {
	st.mu.RLock()
	defer st.mu.RUnlock()
	const text = "Invalid JWT, stateful validation failed"
	c, err := st.resolve(v.collection)
	if err != nil {
		return status.Error(codes.PermissionDenied, text)
	}
	for _, p := range c.points {
		if v.filter.matches(c.scope(p)) {
			return nil
		}
	}
	return status.Error(codes.Unauthenticated, text)
}
