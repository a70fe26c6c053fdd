package qdrantsim

import (
	"maps"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
)

// formula scores the points that prefetches found by an expression over their
// scores and their payload. It looks at no filter again.
type formula struct {
	root     term
	defaults map[string]*qdrant.Value // by "$score[i]", or the path of a payload key
	keys     []formulaKey
	deferred error // what is wrong, but found only once the query is prepared
}

// formulaKey is a payload key that is read, and the indexes that would serve it.
type formulaKey struct {
	path jsonPath
	uses []indexUse
}

// term is one compiled expression: its value for a point.
type term func(*formulaPoint) (float64, error)

func compileFormula(f *qdrant.Formula) (*formula, error) {
	out := &formula{defaults: map[string]*qdrant.Value{}}
	if f.GetExpression() == nil {
		return nil, malformed("missing field: expression")
	}
	var err error
	if out.root, err = out.compile(f.GetExpression()); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(f.GetDefaults())) {
		name, _, err := parseVariable(key)
		if err != nil {
			out.fail(err)
		}
		out.defaults[name] = f.GetDefaults()[key]
	}
	return out, nil
}

// fail keeps the first thing that is wrong for later.
func (f *formula) fail(err error) {
	if f.deferred == nil {
		f.deferred = err
	}
}

func (f *formula) require(report func(jsonPath, []indexUse)) {
	for _, k := range f.keys {
		report(k.path, k.uses)
	}
}

// parseVariable reads "$score", "$score[2]" or a payload key. The name is how a
// default for it is found; the path is nil for scores.
func parseVariable(s string) (name string, path *jsonPath, err error) {
	reserved, isReserved := strings.CutPrefix(s, "$")
	p, parseErr := parsePath(reserved)
	switch {
	case !isReserved && parseErr != nil:
		return "", nil, badVariable(s, "Invalid payload variable: "+s)
	case !isReserved:
		return p.String(), &p, nil
	case parseErr == nil && p.first != "score":
		return "", nil, badVariable(s, "Invalid reserved word: "+s)
	case parseErr != nil || len(p.rest) > 1 || len(p.rest) == 1 && p.rest[0].kind != pathIndex:
		return "", nil, badVariable(s, "Invalid reserved variable: "+s)
	case len(p.rest) == 0:
		p.rest = []pathItem{{kind: pathIndex}}
	}
	return "$" + p.String(), nil, nil
}

func badVariable(name, why string) error {
	return invalid("failed to parse variable ID %s: %s", name, why)
}

func (*formula) leaf(*execution, *level, *filter, uint64) ([]hit, error) {
	return nil, invalid("cannot apply Formula without prefetches")
}

func (f *formula) rescore(x *execution, l *level, sources [][]hit, limit uint64) ([]hit, error) {
	scores := make([]map[pointID]float32, len(sources))
	for i, source := range sources {
		scores[i] = map[pointID]float32{}
		for _, h := range source {
			scores[i][h.point.id] = h.score
		}
	}
	var hits []hit
	for _, id := range x.c.present(sources) {
		p := &formulaPoint{point: x.c.points[id], c: x.c, scores: scores, defaults: f.defaults}
		score, err := f.root(p)
		if err == nil {
			err = finite(float64(float32(score)), "%s as f32 = %s", score, float64(float32(score)))
		}
		if err != nil {
			return nil, err
		}
		hits = append(hits, hit{point: p.point, score: float32(score)})
	}
	return atLeastThreshold(l.threshold, best(hits, ^uint64(0)), limit), nil
}
