package qdrantsim

// fetchReferences checks that every point that is asked with exists: any point
// of the collection, whatever the filter and whoever it belongs to.
func (x *execution) fetchReferences(root *level) error {
	if err := root.walk(func(l *level) error {
		if l.lookup == nil {
			return nil
		}
		if _, err := x.st.resolve(l.lookup.collection); err != nil {
			return notFound("Collection %s not found", l.lookup.collection)
		}
		return nil
	}); err != nil {
		return err
	}
	return root.walk(func(l *level) error {
		q, ok := l.query.(*vectorQuery)
		if !ok {
			return nil
		}
		for _, id := range q.ids() {
			if _, ok := x.referred(l).points[id]; !ok {
				return pointMissing(id)
			}
		}
		return nil
	})
}

// referred is the collection in which a level's ids are looked up.
func (x *execution) referred(l *level) *collection {
	if l.lookup == nil {
		return x.c
	}
	c, err := x.st.resolve(l.lookup.collection)
	if err != nil { // checked before, under the same lock
		return x.c
	}
	return c
}

// excluded keeps the points that are asked with out of the answer, at any level,
// unless they were looked up in a collection of another name.
func (x *execution) excluded(root *level) []condition {
	ids := hasIDCondition{}
	_ = root.walk(func(l *level) error {
		q, ok := l.query.(*vectorQuery)
		if !ok || l.lookup != nil && l.lookup.collection != x.c.name {
			return nil
		}
		for _, id := range q.ids() {
			ids[id] = true
		}
		return nil
	})
	if len(ids) == 0 {
		return nil
	}
	return []condition{ids}
}

// prepare validates one level and puts vectors in the place of ids.
func (x *execution) prepare(l *level) error {
	if err := l.validate(); err != nil {
		return err
	}
	switch q := l.query.(type) {
	case *vectorQuery:
		return x.resolveVectors(l, q)
	case *formula:
		return q.deferred
	}
	return nil
}

func (l *level) validate() error {
	if l.query == nil && len(l.prefetch) > 0 {
		return badRequest("A query is needed to merge the prefetches. Can't have prefetches without defining a query.")
	}
	if _, ordered := l.query.(*orderBy); ordered && l.threshold != nil {
		return badRequest("Can't use score_threshold with an order_by query.")
	}
	if l.query == nil && l.threshold != nil {
		return badRequest("A query is needed to use the score_threshold. Can't have score_threshold without defining a query.")
	}
	if _, fused := l.query.(fusion); fused && l.using != "" {
		return badRequest("Fusion queries cannot be combined with the 'using' field.")
	}
	return nil
}

func (x *execution) resolveVectors(l *level, q *vectorQuery) error {
	name := l.using
	if l.lookup != nil && l.lookup.vector != nil {
		name = *l.lookup.vector
	}
	q.vectors = nil
	for _, in := range q.inputs {
		v := in.vector
		if in.id != nil {
			var ok bool
			if v, ok = x.referred(l).points[*in.id].vectors[name]; !ok {
				return notFound("Vector with name %q for point not found", name)
			}
		}
		q.vectors = append(q.vectors, v)
	}
	if q.merge == nil {
		return nil
	}
	merged, err := q.merge(q.vectors)
	q.vectors = []vector{merged}
	return err
}

// checkPlan refuses what can only work on prefetches and has none, innermost first.
func (l *level) checkPlan() error {
	for _, p := range l.prefetch {
		if err := p.checkPlan(); err != nil {
			return err
		}
	}
	switch q := l.query.(type) {
	case fusion:
		if len(l.prefetch) == 0 {
			return invalid("cannot apply Fusion without prefetches")
		}
		if len(q.weights) > 0 && len(q.weights) != len(l.prefetch) {
			return invalid("RRF weights length (%d) does not match number of prefetches (%d)", len(q.weights), len(l.prefetch))
		}
	case *formula:
		if len(l.prefetch) == 0 {
			return invalid("cannot apply Formula without prefetches")
		}
	}
	return nil
}

// invalid is a refusal by the server's query planner.
func invalid(format string, args ...any) error {
	return badInput("Validation failed: "+format, args...)
}

// merge is both filters as the server combines them: group by group, which is an
// "and" but for should, where two lists become one.
func (f *filter) merge(g *filter) *filter {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return &filter{
		must:      append(f.must[:len(f.must):len(f.must)], g.must...),
		should:    append(f.should[:len(f.should):len(f.should)], g.should...),
		mustNot:   append(f.mustNot[:len(f.mustNot):len(f.mustNot)], g.mustNot...),
		minShould: f.minShould.merge(g.minShould),
	}
}

func (m *minShould) merge(n *minShould) *minShould {
	switch {
	case m == nil:
		return n
	case n == nil:
		return m
	}
	return &minShould{
		conditions: append(m.conditions[:len(m.conditions):len(m.conditions)], n.conditions...),
		count:      max(m.count, n.count),
	}
}
