package qdrantsim

import (
	"slices"

	"github.com/qdrant/go-client/qdrant"
)

// payloadView says which part of a payload an answer carries.
type payloadView struct {
	enabled          bool
	include, exclude []jsonPath
}

func parsePayloadView(sel *qdrant.WithPayloadSelector, byDefault bool) (payloadView, error) {
	var names []string
	view := payloadView{enabled: byDefault}
	switch o := sel.GetSelectorOptions().(type) {
	case *qdrant.WithPayloadSelector_Enable:
		view.enabled = o.Enable
	case *qdrant.WithPayloadSelector_Include:
		view.enabled, names = true, o.Include.GetFields()
	case *qdrant.WithPayloadSelector_Exclude:
		view.enabled, names = true, o.Exclude.GetFields()
	}
	paths, err := parsePaths(names)
	if sel.GetInclude() != nil {
		view.include = append([]jsonPath{}, paths...)
	} else {
		view.exclude = paths
	}
	return view, err
}

// of is the visible part of p; a non-nil empty include shows nothing.
func (w payloadView) of(p payload) payload {
	switch {
	case !w.enabled:
		return nil
	case w.include == nil && len(w.exclude) == 0:
		return p
	}
	out := payload{}
	for k, v := range p {
		if path := (jsonPath{first: k}); w.shows(path) {
			out[k] = w.trim(path, v)
		}
	}
	return out
}

func (w payloadView) trim(path jsonPath, v *qdrant.Value) *qdrant.Value {
	child := func(item pathItem) jsonPath {
		return jsonPath{path.first, append(slices.Clone(path.rest), item)}
	}
	switch kind := v.GetKind().(type) {
	case *qdrant.Value_StructValue:
		out := map[string]*qdrant.Value{}
		for k, e := range kind.StructValue.GetFields() {
			if c := child(pathItem{kind: pathKey, key: k}); w.shows(c) {
				out[k] = w.trim(c, e)
			}
		}
		return qdrant.NewValueFromFields(out)
	case *qdrant.Value_ListValue:
		out := []*qdrant.Value{}
		for _, e := range kind.ListValue.GetValues() {
			if c := child(pathItem{kind: pathWildcard}); w.shows(c) {
				out = append(out, w.trim(c, e))
			}
		}
		return qdrant.NewValueFromList(out...)
	}
	return v
}

func (w payloadView) shows(path jsonPath) bool {
	if w.include != nil {
		return slices.ContainsFunc(w.include, func(p jsonPath) bool { return commonPrefix(p, path) })
	}
	return !slices.ContainsFunc(w.exclude, func(p jsonPath) bool {
		return len(p.rest) <= len(path.rest) && commonPrefix(p, path)
	})
}

// commonPrefix says whether one of the paths is a prefix of the other.
func commonPrefix(a, b jsonPath) bool {
	n := min(len(a.rest), len(b.rest))
	return a.first == b.first && slices.Equal(a.rest[:n], b.rest[:n])
}
