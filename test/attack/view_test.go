package attack_test

import (
	"strings"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/test/attack/world"
)

// view is how an attacker names things: by the names that it was given, by those that stand in the server, or mixed.
type view struct {
	name       string
	collection string   // the one that it asks
	elsewhere  []string // the ones that it names inside of requests
	ids        []*pb.PointId
}

var (
	codesPhysical = world.Reference{Jurisdiction: "us", Name: usCodes}.Physical()
	lawsPhysical  = world.Reference{Jurisdiction: "eu", Name: laws}.Physical()
	vaultPhysical = world.DedicatedName(victim, vault)
	ownPhysical   = world.DedicatedName(mallory, own)

	// inside are names to smuggle into requests.
	inside = []string{docs, notes, own, laws, sharedName, vaultPhysical, codesPhysical, mail, vault}
)

// views are those that an attacker has. direct is the one of the control.
func (a *arena) views() []view {
	clients := []*pb.PointId{pb.NewIDNum(1), pb.NewIDNum(victimNumber), pb.NewIDUUID(victimUUID)}
	return []view{
		{name: "logical", collection: docs, elsewhere: inside, ids: clients},
		{name: "stored", collection: docs, elsewhere: inside, ids: cloneIDs(a.stored)},
		{name: "spelled", collection: docs, elsewhere: inside, ids: spellings(a.stored)},
		{name: "physical", collection: sharedName, elsewhere: inside, ids: cloneIDs(a.stored)},
		{name: "dedicated", collection: own, elsewhere: inside, ids: cloneIDs(a.stored)},
		{name: "reference", collection: laws, elsewhere: inside, ids: cloneIDs(a.stored)},
	}
}

func (a *arena) direct() view {
	return view{name: "direct", collection: sharedName, elsewhere: []string{sharedName, vaultPhysical, codesPhysical}, ids: cloneIDs(a.stored)}
}

func cloneIDs(ids []*pb.PointId) []*pb.PointId {
	out := make([]*pb.PointId, 0, len(ids))
	for _, id := range ids {
		out = append(out, proto.CloneOf(id))
	}
	return out
}

// spellings are UUIDs as a server may read them too, and some that it does not.
func spellings(ids []*pb.PointId) []*pb.PointId {
	s := ids[0].GetUuid()
	simple := strings.ReplaceAll(s, "-", "")
	var out []*pb.PointId
	for _, text := range []string{
		strings.ToUpper(s), simple, strings.ToUpper(simple), "{" + s + "}", "urn:uuid:" + s, "urn:uuid:" + strings.ToUpper(s),
	} {
		out = append(out, pb.NewIDUUID(text))
	}
	return out
}

// id is the i-th id of a view.
func (v view) id(i int) *pb.PointId { return proto.CloneOf(v.ids[i%len(v.ids)]) }

func (v view) all() []*pb.PointId { return cloneIDs(v.ids) }

// tenantKeys are spellings of the key that holds the owner.
var tenantKeys = []string{
	vector.TenantField, vector.CorpusField, `"tenant_id"`, "tenant_id[]", "tenant_id[0]", `"tenant_id"[]`, "tenant_id.x", `"tenant_id"."x"`,
	"tenant_id.", ".tenant_id", " tenant_id", "tenant_id ", "Tenant_id", "tenant\u005fid", "tenant\u200b_id", `"tenant\u005fid"`, "tenant_ıd",
	"[].tenant_id", `""tenant_id`, "parts[].tenant_id", "", "$tenant_id",
}
