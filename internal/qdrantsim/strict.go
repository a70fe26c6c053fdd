package qdrantsim

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
)

// strict is the collection's strict mode, or nil when it is not enabled.
func (c *collection) strict() *qdrant.StrictModeConfig {
	if s := c.config.GetStrictModeConfig(); s.GetEnabled() {
		return s
	}
	return nil
}

// off says that a switch is set, and set to false.
func off(b *bool) bool { return b != nil && !*b }

// checkFilter refuses filters on keys without a fitting index, and those that are too long.
func (c *collection) checkFilter(f *filter, allowed *bool) error {
	if f == nil {
		return nil
	}
	if err := c.checkFilterKeys(f, allowed); err != nil {
		return err
	}
	return checkFilterSize(f, c.strict())
}

// checkFilterSize counts conditions, those of filters in filters in place of the filter, and the values of the longest.
func checkFilterSize(f *filter, s *qdrant.StrictModeConfig) error {
	conditions, longest := f.size()
	if most := s.FilterMaxConditions; most != nil && conditions > *most {
		return strictMode("Reduce the amount of conditions of your filter.", "Filter condition limit reached (%d > %d)", conditions, *most)
	}
	if most := s.ConditionMaxSize; most != nil && longest > *most {
		return strictMode("Reduce the size of your condition.", "Condition size limit reached (%d > %d)", longest, *most)
	}
	return nil
}

func (f *filter) size() (conditions, longest uint64) {
	f.each(func(c condition) {
		n, long := uint64(1), uint64(0)
		switch c := c.(type) {
		case *filter:
			n, long = c.size()
		case nestedCondition:
			n, long = c.filter.size()
		case hasIDCondition:
			long = uint64(len(c))
		case fieldCondition:
			long = c.listed
		}
		conditions, longest = conditions+n, max(longest, long)
	})
	return conditions, longest
}

func (c *collection) checkFilterKeys(f *filter, allowed *bool) error {
	if !off(allowed) {
		return nil
	}
	var refusal error
	f.require(nil, func(path jsonPath, uses []indexUse) {
		if x := c.indexes[path.String()]; refusal == nil && (x == nil || !x.serves(uses)) {
			refusal = strictMode("Create an index for this key or use a different filter.",
				"Index required but not found for \"%s\" of one of the following types: [%s]", path, labels(uses))
		}
	})
	return refusal
}

func labels(uses []indexUse) string {
	names := make([]string, 0, len(uses))
	for _, u := range uses {
		names = append(names, u.label())
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// checkRead applies strict mode to a filtered read; limit is nil where the
// request has none.
func (c *collection) checkRead(f *filter, limit *uint64) error {
	s := c.strict()
	if s == nil {
		return nil
	}
	var most *uint64
	if s.MaxQueryLimit != nil {
		n := uint64(*s.MaxQueryLimit)
		most = &n
	}
	if err := checkLimit(limit, most, "limit"); err != nil {
		return err
	}
	return c.checkFilter(f, s.UnindexedFilteringRetrieve)
}

func (c *collection) checkFilteredUpdate(f *filter) error {
	s := c.strict()
	if s == nil {
		return nil
	}
	return c.checkFilter(f, s.UnindexedFilteringUpdate)
}

func checkLimit[T cmp.Ordered](value, limit *T, name string) error {
	if value == nil || limit == nil || *value <= *limit {
		return nil
	}
	return badRequest("Limit exceeded %v > %v for \"%s\". Help: Reduce the \"%s\" parameter to or below %v.",
		*value, *limit, name, name, *limit)
}

func (c *collection) checkBatch(size int, name string) error {
	n := uint64(size)
	s := c.strict()
	if s == nil {
		return nil
	}
	return checkLimit(&n, s.UpsertMaxBatchsize, name)
}

func (c *collection) checkExact(exact bool) error {
	if s := c.strict(); s != nil && off(s.SearchAllowExact) && exact {
		return strictMode("Set exact=false.", "Exact search disabled!")
	}
	return nil
}

// checkGrouping refuses to group by a key without an index that can match.
func (c *collection) checkGrouping(by jsonPath) error {
	s := c.strict()
	if s == nil || !off(s.UnindexedFilteringRetrieve) {
		return nil
	}
	const help = "Create an index supporting `match` for this key."
	switch x := c.indexes[by.String()]; {
	case x == nil:
		return strictMode(help, "Index required but not found for \"%s\"", by)
	case !x.groupable():
		return strictMode(help, "Index of type \"%s\" found for \"%s\"", x.kind, by)
	}
	return nil
}

// groupable: an integer index with settings must say that it looks values up.
func (x *fieldIndex) groupable() bool {
	if p := x.params.GetIntegerIndexParams(); p != nil {
		return p.GetLookup()
	}
	return x.hasMap()
}

// checkFullScan refuses a vector query that no HNSW graph can serve: the global
// graph is off, and no condition is on a key indexed with is_tenant.
func (c *collection) checkFullScan(using string, f *filter) error {
	s := c.strict()
	if _, sparse := c.sparseParams(using); s == nil || !off(s.SearchAllowExact) || sparse {
		return nil
	}
	m, payloadM := c.graphLinks(using)
	if m > 0 {
		return nil
	}
	on := ""
	if using != "" {
		on = " on '" + using + "'"
	}
	if !c.hasTenantCondition(f) {
		return strictMode("Use tenant-specific filter, enable global vector indexing or enable strict mode `search_allow_exact` option",
			"Request is forbidden%s because global vector indexing is disabled (hnsw_config.m = 0)", on)
	}
	if payloadM == 0 {
		return strictMode("Enable vector indexing, use a prefetch query with indexed vectors or enable strict mode `search_allow_exact` option",
			"Request is forbidden%s because vector indexing is disabled (hnsw_config.m = 0 and hnsw_config.payload_m = 0)", on)
	}
	return nil
}

// graphLinks resolves m and payload_m of a vector, its own before the collection's.
func (c *collection) graphLinks(using string) (m, payloadM uint64) {
	own, all := c.denseParams(using).GetHnswConfig(), c.config.GetHnswConfig()
	m = all.GetM()
	if own != nil && own.M != nil {
		m = *own.M
	}
	switch {
	case own != nil && own.PayloadM != nil:
		return m, *own.PayloadM
	case all.PayloadM != nil:
		return m, *all.PayloadM
	}
	return m, m
}

// hasTenantCondition looks at the filter's own conditions, in any group: also in must_not.
func (c *collection) hasTenantCondition(f *filter) bool {
	found := false
	f.each(func(cond condition) {
		if path, ok := targetedKey(cond); ok {
			if x := c.indexes[path.String()]; x != nil && x.isTenant() {
				found = true
			}
		}
	})
	return found
}

func targetedKey(c condition) (jsonPath, bool) {
	switch c := c.(type) {
	case fieldCondition:
		return c.path, true
	case isEmptyCondition:
		return c.path, true
	case isNullCondition:
		return c.path, true
	case nestedCondition:
		return c.path, true
	case *filter:
		return firstTargetedKey(c)
	}
	return jsonPath{}, false
}

// firstTargetedKey: of a filter within a filter only the first key counts.
func firstTargetedKey(f *filter) (key jsonPath, found bool) {
	f.each(func(c condition) {
		if !found {
			key, found = targetedKey(c)
		}
	})
	return key, found
}
