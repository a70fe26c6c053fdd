package qdrant

import (
	"maps"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Why RPCs are refused.
const (
	declared  = "collections, their vectors and their indexes are declared on Corpus and DataPlane resources: change them there"
	noShards  = "shards belong to the platform"
	noFiles   = "a snapshot holds whole collections: the platform makes them"
	noAliases = "aliases are one namespace for all tenants: use the names of your collections"
	noStreams = "streams are not served: use Check"
	notListed = "services are not listed: use Check"
)

// rpcs is the policy of every RPC, by its full method.
var rpcs = map[string]*rpc{
	"/qdrant.Points/Upsert":              {treatment: served, write: true},
	"/qdrant.Points/Delete":              {treatment: served, write: true},
	"/qdrant.Points/Get":                 {treatment: served, convert: getToScroll, reason: "becomes Scroll, because Get has no filter"},
	"/qdrant.Points/UpdateVectors":       {treatment: served, write: true},
	"/qdrant.Points/DeleteVectors":       {treatment: served, write: true},
	"/qdrant.Points/SetPayload":          {treatment: served, write: true},
	"/qdrant.Points/OverwritePayload":    {treatment: served, write: true, replaces: true},
	"/qdrant.Points/DeletePayload":       {treatment: served, write: true},
	"/qdrant.Points/ClearPayload":        {treatment: served, write: true, convert: clearToOverwrite, reason: "becomes OverwritePayload with tenant_id and corpus_id"},
	"/qdrant.Points/UpdateBatch":         {treatment: served, write: true},
	"/qdrant.Points/Search":              {treatment: served},
	"/qdrant.Points/SearchBatch":         {treatment: served},
	"/qdrant.Points/SearchGroups":        {treatment: served},
	"/qdrant.Points/Scroll":              {treatment: served},
	"/qdrant.Points/Recommend":           {treatment: served},
	"/qdrant.Points/RecommendBatch":      {treatment: served},
	"/qdrant.Points/RecommendGroups":     {treatment: served},
	"/qdrant.Points/Discover":            {treatment: served},
	"/qdrant.Points/DiscoverBatch":       {treatment: served},
	"/qdrant.Points/Count":               {treatment: served, convert: countToFacet, reason: "becomes an exact Facet of tenant_id: an estimate shows other tenants' values, and strict mode refuses exact counts"},
	"/qdrant.Points/Query":               {treatment: served},
	"/qdrant.Points/QueryBatch":          {treatment: served},
	"/qdrant.Points/QueryGroups":         {treatment: served},
	"/qdrant.Points/Facet":               {treatment: served},
	"/qdrant.Points/SearchMatrixPairs":   {treatment: served},
	"/qdrant.Points/SearchMatrixOffsets": {treatment: served},
	"/qdrant.Points/CreateFieldIndex":    {treatment: refused, reason: declared},
	"/qdrant.Points/DeleteFieldIndex":    {treatment: refused, reason: declared},

	"/qdrant.Collections/Get":                          {treatment: served, convert: infoToFacet, reason: "becomes an exact Facet of tenant_id; the rest is the collection's declaration"},
	"/qdrant.Collections/List":                         {treatment: local, answer: listCollections},
	"/qdrant.Collections/CollectionExists":             {treatment: local, answer: collectionExists},
	"/qdrant.Collections/ListAliases":                  {treatment: local, answer: noAlias},
	"/qdrant.Collections/ListCollectionAliases":        {treatment: local, answer: noAliasOf},
	"/qdrant.Collections/Create":                       {treatment: refused, reason: declared},
	"/qdrant.Collections/Update":                       {treatment: refused, reason: declared},
	"/qdrant.Collections/Delete":                       {treatment: refused, reason: declared},
	"/qdrant.Collections/UpdateAliases":                {treatment: refused, reason: noAliases},
	"/qdrant.Collections/CollectionClusterInfo":        {treatment: refused, reason: noShards},
	"/qdrant.Collections/UpdateCollectionClusterSetup": {treatment: refused, reason: noShards},
	"/qdrant.Collections/CreateShardKey":               {treatment: refused, reason: noShards},
	"/qdrant.Collections/DeleteShardKey":               {treatment: refused, reason: noShards},
	"/qdrant.Collections/ListShardKeys":                {treatment: refused, reason: noShards},

	"/qdrant.Snapshots/Create":     {treatment: refused, reason: noFiles},
	"/qdrant.Snapshots/List":       {treatment: refused, reason: noFiles},
	"/qdrant.Snapshots/Delete":     {treatment: refused, reason: noFiles},
	"/qdrant.Snapshots/CreateFull": {treatment: refused, reason: noFiles},
	"/qdrant.Snapshots/ListFull":   {treatment: refused, reason: noFiles},
	"/qdrant.Snapshots/DeleteFull": {treatment: refused, reason: noFiles},

	"/qdrant.Qdrant/HealthCheck":   {treatment: local, answer: serverVersion},
	"/grpc.health.v1.Health/Check": {treatment: local, answer: serving},
	"/grpc.health.v1.Health/List":  {treatment: refused, reason: notListed},
	"/grpc.health.v1.Health/Watch": {treatment: refused, reason: noStreams},
}

// services are those whose RPCs have a policy. Any other is unknown.
var services = []protoreflect.FullName{
	"qdrant.Points", "qdrant.Collections", "qdrant.Snapshots", "qdrant.Qdrant", "grpc.health.v1.Health",
}

// The client library and the health service register the descriptors that the tables are joined with.
var (
	_ = pb.File_points_service_proto
	_ = healthpb.File_grpc_health_v1_health_proto
)

var (
	requestTables = merged(pointTables, batchTables, valueTables, filterTables, queryTables, formulaTables, searchTables, serviceTables)
	requestPlans  = compile(requestTables, acceptedEnums)
	methods       = joinMethods(rpcs, requestPlans)
)

// method is an RPC with its messages.
type method struct {
	*rpc
	in, out protoreflect.MessageType
	plan    *plan // of in; nil unless served or local
}

func joinMethods(policies map[string]*rpc, all plans) map[string]*method {
	out := map[string]*method{}
	for name, policy := range policies {
		d := methodDescriptor(name)
		m := &method{rpc: policy, in: messageType(d.Input()), out: messageType(d.Output())}
		if policy.treatment != refused {
			m.plan = all[d.Input().FullName()]
		}
		out[name] = m
	}
	return out
}

func methodDescriptor(full string) protoreflect.MethodDescriptor {
	service, name, _ := cutLast(full[1:], '/')
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		panic("a policy for a service that does not exist: " + full)
	}
	m := d.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(name))
	if m == nil {
		panic("a policy for an RPC that does not exist: " + full)
	}
	return m
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func messageType(d protoreflect.MessageDescriptor) protoreflect.MessageType {
	t, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic("a message without a type: " + d.FullName())
	}
	return t
}

// Methods returns every RPC that is served or answered, as "/qdrant.Points/Query", sorted.
func Methods() []string {
	var out []string
	for name, m := range methods {
		if m.treatment != refused {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Declared returns every RPC that has a policy, sorted, also the refused: a server registers them all, so that whoever calls
// one is told why.
func Declared() []string { return slices.Sorted(maps.Keys(methods)) }

// NewRequest returns an empty request message of an RPC that has a policy, also of one that is refused.
func NewRequest(method string) (proto.Message, bool) {
	m, ok := methods[method]
	if !ok {
		return nil, false
	}
	return m.in.New().Interface(), true
}
