package qdrantrest

import (
	"math"

	pb "github.com/qdrant/go-client/qdrant"
)

// readParts holds the fields of all requests that read points. Most requests share most of them.
type readParts struct {
	set            field
	prefetch       []*pb.PrefetchQuery
	query          *pb.Query
	vector         *namedVector
	positive       []*pb.VectorInput
	negative       []*pb.VectorInput
	strategy       *pb.RecommendStrategy
	target         *pb.VectorExample
	context        []*pb.ContextExamplePair
	filter         *pb.Filter
	params         *pb.SearchParams
	limit          *uint64
	offset         *uint64
	offsetID       *pb.PointId
	threshold      *float32
	using          *string
	lookupFrom     *pb.LookupLocation
	shardKey       *pb.ShardKeySelector
	withPayload    *pb.WithPayloadSelector
	withVectors    *pb.WithVectorsSelector
	orderBy        *pb.OrderBy
	groupBy        string
	groupSize      *uint64
	withLookup     *pb.WithLookup
	ids            []*pb.PointId
	key            string
	exact          *bool
	sample         *uint64
	vectorsByAlias bool
	limitByAlias   bool
}

// field is one field of a request that reads points.
type field uint32

const (
	fPrefetch field = 1 << iota
	fQuery
	fVector
	fPositive
	fNegative
	fStrategy
	fTarget
	fContext
	fFilter
	fParams
	fLimit
	fTop // another name of limit
	fOffset
	fOffsetID
	fThreshold
	fUsing
	fLookupFrom
	fShardKey
	fWithPayload
	fWithVectors
	fOrderBy
	fGroupBy
	fGroupSize
	fWithLookup
	fIDs
	fKey
	fExact
	fSample

	fQueryCore = fQuery | fPrefetch | fFilter | fParams | fThreshold | fUsing | fLookupFrom
	fResults   = fWithPayload | fWithVectors | fShardKey
	fLegacy    = fFilter | fParams | fThreshold | fLimit | fTop | fOffset | fResults
	fGroups    = fGroupBy | fGroupSize | fWithLookup | fLimit
)

// reading says which field of readParts a key stands for, and reads it.
type reading struct {
	field field
	read  func(*reader, *readParts)
}

// readings is filled by init, because the readers of some fields use it again for what is inside.
var readings map[string][]reading

func init() {
	readings = map[string][]reading{
		"prefetch": {{fPrefetch, func(r *reader, p *readParts) {
			p.prefetch = oneOrMany(r, "a prefetch or an array of them", (*reader).prefetchQuery)
		}}},
		"query":           {{fQuery, func(r *reader, p *readParts) { p.query = orNil(r, (*reader).query) }}},
		"vector":          {{fVector, func(r *reader, p *readParts) { p.vector = r.namedVector() }}},
		"positive":        {{fPositive, func(r *reader, p *readParts) { p.positive = r.examples() }}},
		"negative":        {{fNegative, func(r *reader, p *readParts) { p.negative = r.examples() }}},
		"strategy":        {{fStrategy, func(r *reader, p *readParts) { p.strategy = orNil(r, (*reader).strategy) }}},
		"target":          {{fTarget, func(r *reader, p *readParts) { p.target = orNil(r, (*reader).example) }}},
		"context":         {{fContext, func(r *reader, p *readParts) { p.context = orNone(r, "an array of pairs", (*reader).examplePair) }}},
		"filter":          {{fFilter, func(r *reader, p *readParts) { p.filter = orNil(r, (*reader).filter) }}},
		"params":          {{fParams, func(r *reader, p *readParts) { p.params = orNil(r, (*reader).searchParams) }}},
		"limit":           {{fLimit, func(r *reader, p *readParts) { r.readLimit(p) }}},
		"top":             {{fTop, func(r *reader, p *readParts) { r.readLimit(p) }}},
		"score_threshold": {{fThreshold, func(r *reader, p *readParts) { p.threshold = opt(r, (*reader).float32) }}},
		"using":           {{fUsing, func(r *reader, p *readParts) { p.using = opt(r, (*reader).string) }}},
		"lookup_from":     {{fLookupFrom, func(r *reader, p *readParts) { p.lookupFrom = orNil(r, (*reader).lookupFrom) }}},
		"shard_key":       {{fShardKey, func(r *reader, p *readParts) { p.shardKey = orNil(r, (*reader).shardKeys) }}},
		"with_payload":    {{fWithPayload, func(r *reader, p *readParts) { p.withPayload = orNil(r, (*reader).withPayload) }}},
		"with_vector":     {{fWithVectors, readWithVectors}},
		"with_vectors":    {{fWithVectors, readWithVectors}},
		"order_by":        {{fOrderBy, func(r *reader, p *readParts) { p.orderBy = orNil(r, (*reader).orderBy) }}},
		"group_by":        {{fGroupBy, func(r *reader, p *readParts) { p.groupBy = r.string() }}},
		"group_size":      {{fGroupSize, func(r *reader, p *readParts) { p.groupSize = opt(r, (*reader).positive) }}},
		"with_lookup":     {{fWithLookup, func(r *reader, p *readParts) { p.withLookup = orNil(r, (*reader).withLookup) }}},
		"ids":             {{fIDs, func(r *reader, p *readParts) { p.ids = r.ids() }}},
		"key":             {{fKey, func(r *reader, p *readParts) { p.key = r.string() }}},
		"exact":           {{fExact, func(r *reader, p *readParts) { p.exact = opt(r, (*reader).bool) }}},
		"sample":          {{fSample, func(r *reader, p *readParts) { p.sample = opt(r, (*reader).uint64) }}},
		"offset": {
			{fOffset, func(r *reader, p *readParts) { p.offset = opt(r, (*reader).uint64) }},
			{fOffsetID, func(r *reader, p *readParts) { p.offsetID = orNil(r, (*reader).id) }},
		},
	}
}

// read reads the body of a request that may have the fields of allowed, and must have those of required.
func (r *reader) read(allowed, required field) *readParts {
	p := &readParts{}
	r.object("an object", func(key string) bool {
		for _, f := range readings[key] {
			if f.field&allowed != 0 {
				p.set |= f.field
				f.read(r, p)
				return true
			}
		}
		return false
	})
	r.require(p, required)
	return p
}

// names of the fields that some request requires.
var requiredNames = map[field]string{
	fVector: "vector", fLimit: "limit", fGroupBy: "group_by", fGroupSize: "group_size", fIDs: "ids", fKey: "key",
}

func (r *reader) require(p *readParts, required field) {
	if p.set&fTop != 0 {
		p.set |= fLimit
	}
	for f := field(1); f <= fSample; f <<= 1 {
		if required&f != 0 {
			r.need(p.set&f != 0, requiredNames[f])
		}
	}
	// Limits that are required may not be null either.
	r.need(required&fLimit == 0 || p.limit != nil, "limit")
	r.need(required&fGroupSize == 0 || p.groupSize != nil, "group_size")
}

func (r *reader) readLimit(p *readParts) {
	r.once(&p.limitByAlias)
	p.limit = opt(r, (*reader).positive)
}

func readWithVectors(r *reader, p *readParts) {
	r.once(&p.vectorsByAlias)
	p.withVectors = orNil(r, (*reader).withVectors)
}

// limit32 is the limit where the message has only 32 bits for it.
func (r *reader) limit32(limit *uint64) *uint32 {
	if limit == nil {
		return nil
	}
	if *limit > math.MaxUint32 {
		r.fail("limit must be at most %d", uint32(math.MaxUint32))
	}
	n := uint32(*limit)
	return &n
}

func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// wants notes what the client asked to get with each point; unset stands for payload's default.
func (p *readParts) wants(payloadByDefault bool) wants {
	return wanted(p.withPayload, p.withVectors, payloadByDefault)
}

// lookupWants notes the same for the record of each group.
func (p *readParts) lookupWants() wants {
	return wanted(p.withLookup.GetWithPayload(), p.withLookup.GetWithVectors(), true)
}

func wanted(payload *pb.WithPayloadSelector, vectors *pb.WithVectorsSelector, payloadByDefault bool) wants {
	w := wants{payload: payloadByDefault}
	switch s := payload.GetSelectorOptions().(type) {
	case nil:
	case *pb.WithPayloadSelector_Enable:
		w.payload = s.Enable
	default:
		w.payload = true
	}
	switch s := vectors.GetSelectorOptions().(type) {
	case *pb.WithVectorsSelector_Enable:
		w.vectors = s.Enable
	case *pb.WithVectorsSelector_Include:
		w.vectors = true
	}
	return w
}
