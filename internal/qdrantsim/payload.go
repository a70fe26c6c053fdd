package qdrantsim

import (
	"maps"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
)

// payload is a point's payload. A payload that a point holds is never changed
// in place: every operation makes a new one, so that answers being sent and
// writes being made cannot meet.
type payload map[string]*qdrant.Value

// merged sets src's keys over p; a null removes the key.
func (p payload) merged(src payload) payload {
	out := maps.Clone(p)
	if out == nil {
		out = payload{}
	}
	mergeInto(out, src)
	return out
}

func mergeInto(dst, src map[string]*qdrant.Value) {
	for k, v := range src {
		if isNull(v) {
			delete(dst, k)
		} else {
			dst[k] = v
		}
	}
}

// mergedAt merges src into the object at path, making objects on the way.
func (p payload) mergedAt(path *jsonPath, src payload) payload {
	if path == nil {
		return p.merged(src)
	}
	out := p.deepClone()
	out[path.first] = setAt(out[path.first], path.rest, src)
	return out
}

func setAt(v *qdrant.Value, rest []pathItem, src payload) *qdrant.Value {
	if len(rest) == 0 || rest[0].kind == pathKey {
		fields := v.GetStructValue().GetFields()
		if fields == nil {
			fields = map[string]*qdrant.Value{}
		}
		if len(rest) == 0 {
			mergeInto(fields, src)
		} else {
			fields[rest[0].key] = setAt(fields[rest[0].key], rest[1:], src)
		}
		return qdrant.NewValueFromFields(fields)
	}
	list := v.GetListValue().GetValues()
	for i := range list {
		if rest[0].kind == pathWildcard || rest[0].index == i {
			list[i] = setAt(list[i], rest[1:], src)
		}
	}
	return qdrant.NewValueFromList(list...)
}

// without removes the values at the paths.
func (p payload) without(paths []jsonPath) payload {
	out := p.deepClone()
	for _, path := range paths {
		if len(path.rest) == 0 {
			delete(out, path.first)
		} else if v, ok := out[path.first]; ok {
			removeAt(v, path.rest)
		}
	}
	return out
}

// removeAt cannot remove one element of an array: Qdrant does not either.
func removeAt(v *qdrant.Value, rest []pathItem) {
	item, last := rest[0], len(rest) == 1
	switch item.kind {
	case pathKey:
		fields := v.GetStructValue().GetFields()
		if last {
			delete(fields, item.key)
		} else if next, ok := fields[item.key]; ok {
			removeAt(next, rest[1:])
		}
	case pathIndex:
		if list := v.GetListValue().GetValues(); !last && item.index < len(list) {
			removeAt(list[item.index], rest[1:])
		}
	case pathWildcard:
		if list := v.GetListValue(); last && list != nil {
			list.Values = nil
		} else {
			for _, e := range list.GetValues() {
				removeAt(e, rest[1:])
			}
		}
	}
}

func (p payload) deepClone() payload {
	out := make(payload, len(p))
	for k, v := range p {
		out[k] = proto.CloneOf(v)
	}
	return out
}

func parsePaths(keys []string) ([]jsonPath, error) {
	out := make([]jsonPath, 0, len(keys))
	for _, k := range keys {
		p, err := parsePath(k)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func isNull(v *qdrant.Value) bool {
	_, null := v.GetKind().(*qdrant.Value_NullValue)
	return null || v.GetKind() == nil
}
