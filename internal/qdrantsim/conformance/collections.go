package conformance

import (
	"slices"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
)

var collectionCases = map[string]func(*suite){
	"create, exists, list, delete": func(s *suite) {
		c := s.plain()
		exists, err := s.admin.CollectionExists(s.ctx, c)
		s.must(err)
		s.same(exists, true)
		names, err := s.admin.ListCollections(s.ctx)
		s.must(err)
		s.same(slices.Contains(names, c), true)
		s.same(s.deleted(c), true)
		exists, err = s.admin.CollectionExists(s.ctx, c)
		s.must(err)
		s.same(exists, false)
	},
	"create twice": func(s *suite) {
		c := s.plain()
		err := s.admin.CreateCollection(s.ctx, &qdrant.CreateCollection{CollectionName: c, VectorsConfig: dense(2, qdrant.Distance_Dot)})
		s.refused(err, codes.AlreadyExists, "Wrong input: Collection `"+c+"` already exists!")
	},
	"delete what is not there": func(s *suite) { s.same(s.deleted(s.name("none")), false) },
	"missing": func(s *suite) {
		name := s.name("none")
		text := "Not found: Collection `" + name + "` doesn't exist!"
		_, err := s.admin.GetCollectionInfo(s.ctx, name)
		s.refused(err, codes.NotFound, text)
		err = s.admin.UpdateCollection(s.ctx, &qdrant.UpdateCollection{CollectionName: name, HnswConfig: &qdrant.HnswConfigDiff{M: qdrant.PtrOf(uint64(8))}})
		s.refused(err, codes.NotFound, text)
		_, err = s.admin.Count(s.ctx, &qdrant.CountPoints{CollectionName: name})
		s.refused(err, codes.NotFound, text)
		_, err = s.admin.Upsert(s.ctx, &qdrant.UpsertPoints{CollectionName: name, Points: []*qdrant.PointStruct{pt(1, nil)}})
		s.refused(err, codes.NotFound, text)
		_, err = s.admin.CreateFieldIndex(s.ctx, &qdrant.CreateFieldIndexCollection{
			CollectionName: name, FieldName: "a", FieldType: qdrant.FieldType_FieldTypeKeyword.Enum(),
		})
		s.refused(err, codes.NotFound, text)
	},
	"names": func(s *suite) {
		for _, bad := range []string{"", strings.Repeat("x", 256), "a/b", "a:b", "a*b", `a"b`} {
			err := s.admin.CreateCollection(s.ctx, &qdrant.CreateCollection{CollectionName: bad, VectorsConfig: dense(2, qdrant.Distance_Dot)})
			s.refused(err, codes.InvalidArgument, "Validation error in body", "collection_name")
		}
	},
	"size of zero": func(s *suite) {
		err := s.admin.CreateCollection(s.ctx, &qdrant.CreateCollection{CollectionName: s.name("c"), VectorsConfig: dense(0, qdrant.Distance_Dot)})
		s.refused(err, codes.InvalidArgument, "Validation error in body")
	},
	"dense and sparse share a name": func(s *suite) {
		err := s.admin.CreateCollection(s.ctx, &qdrant.CreateCollection{
			CollectionName:      s.name("c"),
			VectorsConfig:       qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{"v": {Size: 2, Distance: qdrant.Distance_Dot}}),
			SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"v": {}}),
		})
		s.refused(err, codes.InvalidArgument, "Wrong input: Dense and sparse vector names must be unique")
	},
	"unnamed sparse vector": func(s *suite) {
		err := s.admin.CreateCollection(s.ctx, &qdrant.CreateCollection{
			CollectionName:      s.name("c"),
			SparseVectorsConfig: qdrant.NewSparseVectorsConfig(map[string]*qdrant.SparseVectorParams{"": {}}),
		})
		s.refused(err, codes.InvalidArgument, "Sparse vector name cannot be empty")
	},
	"vector name too long": func(s *suite) {
		err := s.admin.CreateCollection(s.ctx, &qdrant.CreateCollection{
			CollectionName: s.name("c"),
			VectorsConfig: qdrant.NewVectorsConfigMap(map[string]*qdrant.VectorParams{
				strings.Repeat("v", 201): {Size: 2, Distance: qdrant.Distance_Dot},
			}),
		})
		s.refused(err, codes.InvalidArgument, "vector name must be at most 200 bytes long")
	},
}

// deleted deletes a collection and returns what the server says about it.
func (s *suite) deleted(name string) bool {
	s.Helper()
	reply, err := s.admin.GetCollectionsClient().Delete(s.ctx, &qdrant.DeleteCollection{CollectionName: name})
	s.must(err)
	return reply.GetResult()
}

var aliasCases = map[string]func(*suite){
	"an alias stands for its collection": func(s *suite) {
		c, alias := s.plain(), s.name("alias")
		s.must(s.admin.CreateAlias(s.ctx, alias, c))
		s.upsert(alias, pt(1, nil))
		s.same(s.all(c, nil), "1")
		exists, err := s.admin.CollectionExists(s.ctx, alias)
		s.must(err)
		s.same(exists, true)
		names, err := s.admin.ListCollections(s.ctx)
		s.must(err)
		s.same(slices.Contains(names, alias), false)
	},
	"creating an alias again moves it in silence": func(s *suite) {
		a, b, alias := s.plain(), s.plain(), s.name("alias")
		s.upsert(b, pt(7, nil))
		s.must(s.admin.CreateAlias(s.ctx, alias, a))
		s.must(s.admin.CreateAlias(s.ctx, alias, b))
		s.same(s.all(alias, nil), "7")
		s.same(s.aliases(a), []string(nil))
		s.same(s.aliases(b), []string{alias})
	},
	"an alias may not take a collection's name": func(s *suite) {
		a, b := s.plain(), s.plain()
		s.refused(s.admin.CreateAlias(s.ctx, a, b), codes.AlreadyExists, "Collection `"+a+"` already exists!")
	},
	"a collection may not take an alias's name": func(s *suite) {
		c, alias := s.plain(), s.name("alias")
		s.must(s.admin.CreateAlias(s.ctx, alias, c))
		err := s.admin.CreateCollection(s.ctx, &qdrant.CreateCollection{CollectionName: alias, VectorsConfig: dense(2, qdrant.Distance_Dot)})
		s.refused(err, codes.InvalidArgument, "Alias with the same name already exists")
	},
	"to a missing collection": func(s *suite) {
		none := s.name("none")
		s.refused(s.admin.CreateAlias(s.ctx, s.name("alias"), none), codes.NotFound, "Collection `"+none+"` doesn't exist!")
	},
	"deleting a collection drops its aliases": func(s *suite) {
		c, alias := s.plain(), s.name("alias")
		s.must(s.admin.CreateAlias(s.ctx, alias, c))
		s.same(s.deleted(c), true)
		exists, err := s.admin.CollectionExists(s.ctx, alias)
		s.must(err)
		s.same(exists, false)
		s.must(s.admin.CreateCollection(s.ctx, &qdrant.CreateCollection{CollectionName: c, VectorsConfig: dense(2, qdrant.Distance_Dot)}))
		s.same(s.aliases(c), []string(nil)) // and they do not come back with the name
	},
	"deleting by an alias deletes nothing": func(s *suite) {
		c, alias := s.plain(), s.name("alias")
		s.must(s.admin.CreateAlias(s.ctx, alias, c))
		s.same(s.deleted(alias), false)
		s.same(s.aliases(c), []string{alias})
	},
	"rename and delete": func(s *suite) {
		c, alias, next := s.plain(), s.name("alias"), s.name("next")
		s.must(s.admin.CreateAlias(s.ctx, alias, c))
		s.must(s.admin.RenameAlias(s.ctx, alias, next))
		s.same(s.aliases(c), []string{next})
		s.refused(s.admin.RenameAlias(s.ctx, alias, next), codes.NotFound, alias)
		s.must(s.admin.DeleteAlias(s.ctx, next))
		s.must(s.admin.DeleteAlias(s.ctx, next))
		s.same(s.aliases(c), []string(nil))
	},
	"one listing for all": func(s *suite) {
		c, alias := s.plain(), s.name("alias")
		s.must(s.admin.CreateAlias(s.ctx, alias, c))
		list, err := s.admin.ListAliases(s.ctx)
		s.must(err)
		found := slices.ContainsFunc(list, func(a *qdrant.AliasDescription) bool {
			return a.GetAliasName() == alias && a.GetCollectionName() == c
		})
		s.same(found, true)
	},
}

// aliases lists a collection's aliases; none is nil.
func (s *suite) aliases(collection string) []string {
	s.Helper()
	list, err := s.admin.ListCollectionAliases(s.ctx, collection)
	s.must(err)
	return append([]string(nil), list...)
}
