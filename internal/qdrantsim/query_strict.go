package qdrantsim

// checkStrict applies strict mode to a query, level by level: prefetches first,
// then the level's own vector query against full scans, by the level's own
// filter, then its formula, limit, filter and parameters.
func (q *universalQuery) checkStrict(c *collection) error {
	if c.strict() == nil {
		return nil
	}
	return q.level.checkStrict(c, true)
}

func (l *level) checkStrict(c *collection, root bool) error {
	for _, p := range l.prefetch {
		if err := p.checkStrict(c, false); err != nil {
			return err
		}
	}
	if err := l.checkOwn(c, root); err != nil {
		return err
	}
	return l.checkPlain(c)
}

// checkOwn: a root that only rescores its prefetches needs no index, a prefetch
// always does.
func (l *level) checkOwn(c *collection, root bool) error {
	switch q := l.query.(type) {
	case *vectorQuery:
		if !root || len(l.prefetch) == 0 {
			return c.checkFullScan(l.using, l.filter)
		}
	case *formula:
		return c.checkFormula(q)
	}
	return nil
}

// checkPlain is all that strict mode says of the older searches.
func (l *level) checkPlain(c *collection) error {
	if err := c.checkRead(l.filter, &l.limit); err != nil {
		return err
	}
	return c.checkSearchParams(l.params)
}

func (c *collection) checkSearchParams(p searchParams) error {
	s := c.strict()
	if s == nil || p.SearchParams == nil {
		return nil
	}
	if most, asked := s.SearchMaxOversampling, p.GetQuantization(); most != nil && asked != nil && asked.Oversampling != nil {
		limit := float64(*most)
		if err := checkLimit(asked.Oversampling, &limit, "oversampling"); err != nil {
			return err
		}
	}
	if s.SearchMaxHnswEf != nil {
		limit := uint64(*s.SearchMaxHnswEf)
		if err := checkLimit(p.HnswEf, &limit, "hnsw_ef"); err != nil {
			return err
		}
	}
	if p.idf != nil {
		if err := c.checkFilter(p.idf.corpus, s.UnindexedFilteringRetrieve); err != nil {
			return err
		}
	}
	return c.checkExact(p.GetExact())
}

// checkFormula refuses payload variables and conditions without a fitting index.
func (c *collection) checkFormula(f *formula) error {
	if s := c.strict(); s == nil || !off(s.UnindexedFilteringRetrieve) {
		return nil
	}
	var refusal error
	f.require(func(path jsonPath, uses []indexUse) {
		if x := c.indexes[path.String()]; refusal == nil && (x == nil || !x.serves(uses)) {
			refusal = strictMode("Create an index for this key or use a different formula expression.",
				"Index required but not found for \"%s\" of one of the following types: [%s]", path, labels(uses))
		}
	})
	return refusal
}
