package conformance

import (
	"github.com/qdrant/go-client/qdrant"
)

func tryFacet(s *suite, c *qdrant.Client, name string) error {
	s.index(name, "k", nil)
	_, err := c.Facet(s.ctx, &qdrant.FacetCounts{CollectionName: name, Key: "k"})
	return err
}

func tryGroups(s *suite, c *qdrant.Client, name string) error {
	_, err := c.QueryGroups(s.ctx, &qdrant.QueryPointGroups{CollectionName: name, Query: qdrant.NewQuery(1, 1), GroupBy: "a"})
	return err
}

func tryMatrix(s *suite, c *qdrant.Client, name string) error {
	_, err := c.GetPointsClient().SearchMatrixOffsets(s.ctx, &qdrant.SearchMatrixPoints{CollectionName: name})
	return err
}

func tryRecommend(s *suite, c *qdrant.Client, name string) error {
	_, err := c.GetPointsClient().Recommend(s.ctx, &qdrant.RecommendPoints{CollectionName: name, Positive: nums(1), Limit: 1})
	return err
}

func tryDiscover(s *suite, c *qdrant.Client, name string) error {
	_, err := c.GetPointsClient().Discover(s.ctx, &qdrant.DiscoverPoints{
		CollectionName: name, Target: &qdrant.TargetVector{Target: &qdrant.TargetVector_Single{Single: exampleID(1)}}, Limit: 1,
	})
	return err
}

func tryUpdateBatch(s *suite, c *qdrant.Client, name string) error {
	_, err := c.UpdateBatch(s.ctx, &qdrant.UpdateBatchPoints{CollectionName: name, Wait: yes(), Operations: []*qdrant.PointsUpdateOperation{
		qdrant.NewPointsUpdateDeletePoints(&qdrant.PointsUpdateOperation_DeletePoints{Points: one(1)}),
	}})
	return err
}
