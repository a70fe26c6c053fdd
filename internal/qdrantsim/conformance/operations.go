package conformance

import (
	"github.com/qdrant/go-client/qdrant"
)

// operations is who may do what: see accessModes for the columns.
var operations = map[string]operation{
	"get":          {tryGet, "+++++"},
	"scroll":       {tryScroll, "+++++"},
	"count":        {tryCount, "+++++"},
	"query":        {tryQuery, "+++++"},
	"facet":        {tryFacet, "+++++"},
	"groups":       {tryGroups, "+++++"},
	"matrix":       {tryMatrix, "+++++"},
	"recommend":    {tryRecommend, "+++++"},
	"discover":     {tryDiscover, "+++++"},
	"batch":        {tryUpdateBatch, "-+-++"},
	"info":         {tryInfo, "+++++"},
	"exists":       {tryExists, "+++++"},
	"aliases":      {tryAliases, "+++++"},
	"shard keys":   {tryShardKeys, "+++++"},
	"upsert":       {tryUpsert, "-+-++"},
	"delete":       {tryDelete, "-+-++"},
	"set payload":  {trySetPayload, "-+-++"},
	"overwrite":    {tryOverwrite, "-+-++"},
	"delete keys":  {tryDeletePayload, "-+-++"},
	"clear":        {tryClear, "-+-++"},
	"put vectors":  {tryUpdateVectors, "-+-++"},
	"drop vectors": {tryDeleteVectors, "-+-++"},
	"make index":   {tryCreateIndex, "-+-+-"},
	"drop index":   {tryDeleteIndex, "-+-+-"},
	"cluster info": {tryClusterInfo, "++++-"},
	"snapshots":    {tryListSnapshots, "++++-"},
	"snapshot":     {trySnapshot, "-+-+-"},
	"rm snapshot":  {tryDropSnapshot, "-+-+-"},
	"full list":    {tryFullList, "++---"},
	"create":       {tryCreate, "-+---"},
	"update":       {tryUpdate, "-+---"},
	"drop":         {tryDrop, "-+---"},
	"alias":        {tryAlias, "-+---"},
	"shard key":    {tryShardKey, "-+---"},
}

func tryGet(s *suite, c *qdrant.Client, name string) error {
	_, err := c.Get(s.ctx, &qdrant.GetPoints{CollectionName: name, Ids: nums(1)})
	return err
}

func tryScroll(s *suite, c *qdrant.Client, name string) error {
	_, err := c.Scroll(s.ctx, &qdrant.ScrollPoints{CollectionName: name})
	return err
}

func tryCount(s *suite, c *qdrant.Client, name string) error { return s.try(c, name) }

func tryQuery(s *suite, c *qdrant.Client, name string) error {
	_, err := c.Query(s.ctx, &qdrant.QueryPoints{CollectionName: name, Query: qdrant.NewQuery(1, 1)})
	return err
}

func tryInfo(s *suite, c *qdrant.Client, name string) error {
	_, err := c.GetCollectionInfo(s.ctx, name)
	return err
}

func tryExists(s *suite, c *qdrant.Client, name string) error {
	_, err := c.CollectionExists(s.ctx, name)
	return err
}

func tryAliases(s *suite, c *qdrant.Client, name string) error {
	_, err := c.ListCollectionAliases(s.ctx, name)
	return err
}

func tryShardKeys(s *suite, c *qdrant.Client, name string) error {
	_, err := c.ListShardKeys(s.ctx, name)
	return err
}

func tryUpsert(s *suite, c *qdrant.Client, name string) error {
	_, err := c.Upsert(s.ctx, &qdrant.UpsertPoints{CollectionName: name, Wait: yes(), Points: []*qdrant.PointStruct{pt(2, nil)}})
	return err
}

func tryDelete(s *suite, c *qdrant.Client, name string) error {
	_, err := c.Delete(s.ctx, &qdrant.DeletePoints{CollectionName: name, Wait: yes(), Points: one(1)})
	return err
}

func setPayload(name string) *qdrant.SetPayloadPoints {
	return &qdrant.SetPayloadPoints{
		CollectionName: name, Wait: yes(), PointsSelector: one(1), Payload: qdrant.NewValueMap(map[string]any{"b": 1}),
	}
}

func trySetPayload(s *suite, c *qdrant.Client, name string) error {
	_, err := c.SetPayload(s.ctx, setPayload(name))
	return err
}

func tryOverwrite(s *suite, c *qdrant.Client, name string) error {
	_, err := c.OverwritePayload(s.ctx, setPayload(name))
	return err
}

func tryDeletePayload(s *suite, c *qdrant.Client, name string) error {
	_, err := c.DeletePayload(s.ctx, &qdrant.DeletePayloadPoints{CollectionName: name, Wait: yes(), Keys: []string{"a"}, PointsSelector: one(1)})
	return err
}

func tryClear(s *suite, c *qdrant.Client, name string) error {
	_, err := c.ClearPayload(s.ctx, &qdrant.ClearPayloadPoints{CollectionName: name, Wait: yes(), Points: one(1)})
	return err
}

func tryUpdateVectors(s *suite, c *qdrant.Client, name string) error {
	_, err := c.UpdateVectors(s.ctx, &qdrant.UpdatePointVectors{CollectionName: name, Wait: yes(), Points: []*qdrant.PointVectors{
		{Id: qdrant.NewIDNum(1), Vectors: qdrant.NewVectors(2, 2)},
	}})
	return err
}

func tryDeleteVectors(s *suite, c *qdrant.Client, name string) error {
	_, err := c.DeleteVectors(s.ctx, &qdrant.DeletePointVectors{
		CollectionName: name, Wait: yes(), PointsSelector: one(1), Vectors: &qdrant.VectorsSelector{Names: []string{""}},
	})
	return err
}

func tryCreateIndex(s *suite, c *qdrant.Client, name string) error {
	_, err := c.CreateFieldIndex(s.ctx, &qdrant.CreateFieldIndexCollection{
		CollectionName: name, Wait: yes(), FieldName: "a", FieldType: qdrant.FieldType_FieldTypeInteger.Enum(),
	})
	return err
}

func tryDeleteIndex(s *suite, c *qdrant.Client, name string) error {
	_, err := c.DeleteFieldIndex(s.ctx, &qdrant.DeleteFieldIndexCollection{CollectionName: name, Wait: yes(), FieldName: "a"})
	return err
}

func tryClusterInfo(s *suite, c *qdrant.Client, name string) error {
	_, err := c.GetCollectionClusterInfo(s.ctx, name)
	return err
}

func tryListSnapshots(s *suite, c *qdrant.Client, name string) error {
	_, err := c.ListSnapshots(s.ctx, name)
	return err
}

// trySnapshot makes a snapshot and removes it: it would outlive its collection.
func trySnapshot(s *suite, c *qdrant.Client, name string) error {
	made, err := c.CreateSnapshot(s.ctx, name)
	if err == nil {
		s.must(s.admin.DeleteSnapshot(s.ctx, name, made.GetName()))
	}
	return err
}

func tryDropSnapshot(s *suite, c *qdrant.Client, name string) error {
	made, err := s.admin.CreateSnapshot(s.ctx, name)
	s.must(err)
	return c.DeleteSnapshot(s.ctx, name, made.GetName())
}

func tryFullList(s *suite, c *qdrant.Client, _ string) error {
	_, err := c.ListFullSnapshots(s.ctx)
	return err
}

func tryCreate(s *suite, c *qdrant.Client, name string) error {
	err := c.CreateCollection(s.ctx, &qdrant.CreateCollection{CollectionName: name + "-made", VectorsConfig: dense(2, qdrant.Distance_Dot)})
	s.drop(name + "-made")
	return err
}

func tryUpdate(s *suite, c *qdrant.Client, name string) error {
	return c.UpdateCollection(s.ctx, &qdrant.UpdateCollection{
		CollectionName: name, OptimizersConfig: &qdrant.OptimizersConfigDiff{DefaultSegmentNumber: qdrant.PtrOf(uint64(1))},
	})
}

func tryDrop(s *suite, c *qdrant.Client, name string) error { return c.DeleteCollection(s.ctx, name) }

func tryAlias(s *suite, c *qdrant.Client, name string) error {
	return c.CreateAlias(s.ctx, name+"-alias", name)
}

func tryShardKey(s *suite, c *qdrant.Client, name string) error {
	return c.CreateShardKey(s.ctx, name, &qdrant.CreateShardKey{ShardKey: qdrant.NewShardKey("k")})
}
