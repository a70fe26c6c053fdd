package qdrantsim

import (
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// rule is a bound on one field: of a number's value, or of a text's length.
type rule struct {
	min, max float64
	text     bool
	message  string // replaces the generated text
}

func atLeast(n float64) rule        { return rule{min: n, max: -1} }
func between(lo, hi float64) rule   { return rule{min: lo, max: hi} }
func notEmpty() rule                { return rule{min: 1, max: -1, text: true} }
func (r rule) bounded() bool        { return r.max >= 0 }
func (r rule) holds(n float64) bool { return n >= r.min && (!r.bounded() || n <= r.max) }

func (r rule) expectation() string {
	unit, hi := "", "%v or larger"
	if r.text {
		unit, hi = " characters", "at least %v"
	}
	if r.bounded() {
		return fmt.Sprintf("must be from %v to %v%s", r.min, r.max, unit)
	}
	return fmt.Sprintf("must be "+hi+"%s", r.min, unit)
}

// rules are the server's bounds on request fields, by message and field.
var rules = map[protoreflect.FullName]rule{
	"qdrant.CreateCollection.shard_number":                 atLeast(1),
	"qdrant.CreateCollection.replication_factor":           atLeast(1),
	"qdrant.CreateCollection.write_consistency_factor":     atLeast(1),
	"qdrant.CollectionParamsDiff.replication_factor":       atLeast(1),
	"qdrant.CollectionParamsDiff.write_consistency_factor": atLeast(1),
	"qdrant.UpdateCollection.timeout":                      atLeast(1),
	"qdrant.DeleteCollection.timeout":                      atLeast(1),
	"qdrant.ChangeAliases.timeout":                         atLeast(1),
	"qdrant.HnswConfigDiff.ef_construct":                   atLeast(4),
	"qdrant.WalConfigDiff.wal_capacity_mb":                 atLeast(1),
	"qdrant.OptimizersConfigDiff.deleted_threshold":        between(0, 1),
	"qdrant.OptimizersConfigDiff.vacuum_min_vector_number": atLeast(100),
	"qdrant.OptimizersConfigDiff.max_segment_size":         atLeast(1),
	"qdrant.VectorParams.size":                             between(1, 65536),
	"qdrant.ScalarQuantization.quantile":                   between(0.5, 1),
	"qdrant.StrictModeConfig.max_query_limit":              atLeast(1),
	"qdrant.StrictModeConfig.max_timeout":                  atLeast(1),
	"qdrant.StrictModeConfig.max_points_count":             atLeast(1),
	"qdrant.StrictModeConfig.read_rate_limit":              atLeast(1),
	"qdrant.StrictModeConfig.write_rate_limit":             atLeast(1),
	"qdrant.CreateFieldIndexCollection.field_name":         notEmpty(),
	"qdrant.DeleteFieldIndexCollection.field_name":         notEmpty(),
	"qdrant.SearchPoints.limit":                            atLeast(1),
	"qdrant.SearchPoints.timeout":                          atLeast(1),
	"qdrant.SearchParams.hnsw_ef":                          atLeast(1),
	"qdrant.ScrollPoints.limit":                            atLeast(1),
	"qdrant.QueryPoints.limit":                             atLeast(1),
	"qdrant.QueryPoints.timeout":                           atLeast(1),
	"qdrant.PrefetchQuery.limit":                           atLeast(1),
	"qdrant.FacetCounts.key":                               notEmpty(),
	"qdrant.FacetCounts.timeout":                           atLeast(1),
	"qdrant.MinShould.min_count":                           {min: 1, max: -1, message: "min_count must be greater than 0"},
	"qdrant.QuantizationSearchParams.oversampling":         atLeast(1),
	"qdrant.UpdateCollectionClusterSetupRequest.timeout":   atLeast(1),
	"qdrant.StrictModeSparse.max_length":                   atLeast(1),
	"qdrant.StrictModeMultivector.max_vectors":             atLeast(1),
	"qdrant.AcornSearchParams.max_selectivity":             between(0, 1),
	"qdrant.WalConfigDiff.wal_retain_closed":               atLeast(1),
	"qdrant.SearchBatchPoints.timeout":                     atLeast(1),
	"qdrant.QueryBatchPoints.timeout":                      atLeast(1),
	"qdrant.SearchPointGroups.group_by":                    notEmpty(),
	"qdrant.SearchPointGroups.group_size":                  atLeast(1),
	"qdrant.SearchPointGroups.limit":                       atLeast(1),
	"qdrant.SearchPointGroups.timeout":                     atLeast(1),
	"qdrant.RecommendPoints.timeout":                       atLeast(1),
	"qdrant.RecommendBatchPoints.timeout":                  atLeast(1),
	"qdrant.RecommendPointGroups.group_by":                 notEmpty(),
	"qdrant.RecommendPointGroups.group_size":               atLeast(1),
	"qdrant.RecommendPointGroups.limit":                    atLeast(1),
	"qdrant.RecommendPointGroups.timeout":                  atLeast(1),
	"qdrant.DiscoverPoints.limit":                          atLeast(1),
	"qdrant.DiscoverPoints.timeout":                        atLeast(1),
	"qdrant.DiscoverBatchPoints.timeout":                   atLeast(1),
	"qdrant.QueryPointGroups.group_by":                     notEmpty(),
	"qdrant.QueryPointGroups.group_size":                   atLeast(1),
	"qdrant.QueryPointGroups.limit":                        atLeast(1),
	"qdrant.QueryPointGroups.timeout":                      atLeast(1),
	"qdrant.SearchMatrixPoints.sample":                     atLeast(2),
	"qdrant.SearchMatrixPoints.limit":                      atLeast(1),
	"qdrant.SearchMatrixPoints.timeout":                    atLeast(1),
	"qdrant.UpdateBatchPoints.operations":                  {min: 1, max: -1, message: "must not be empty"},
	"qdrant.Rrf.k":                                         atLeast(1),
	"qdrant.Mmr.diversity":                                 between(0, 1),
	"qdrant.Mmr.candidates_limit":                          between(0, 16384),
	"qdrant.NaiveFeedbackStrategy.b":                       atLeast(0),
}
