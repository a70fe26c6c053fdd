package attack_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/test/attack/world"
)

// Attacks of more than one step.

var anyUUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// TestMappingOracle asks for points that are not there, under the victim's stored ids, and takes every id that the answers
// name for its own: one that the engine maps to the stored id would replace the victim's point.
func TestMappingOracle(t *testing.T) {
	const family = "F8 whose point"
	a := newArena(t)
	asked := func(stored *pb.PointId, lookup string) []attempt {
		from := &pb.LookupLocation{CollectionName: lookup}
		id := pb.NewQueryID(stored)
		return []attempt{
			{method: pointsRPC + "Query", message: &pb.QueryPoints{CollectionName: docs, Query: id, LookupFrom: from}},
			{method: pointsRPC + "Query", message: &pb.QueryPoints{
				CollectionName: docs, Query: pb.NewQueryFusion(pb.Fusion_RRF), Prefetch: []*pb.PrefetchQuery{{Query: id, LookupFrom: from}},
			}},
			{method: pointsRPC + "Query", message: &pb.QueryPoints{CollectionName: own, Query: id, LookupFrom: &pb.LookupLocation{CollectionName: docs}}},
			{method: pointsRPC + "Recommend", message: &pb.RecommendPoints{CollectionName: docs, Positive: []*pb.PointId{stored}, LookupFrom: from, Limit: 1}},
			{method: pointsRPC + "SetPayload", message: &pb.SetPayloadPoints{
				CollectionName: docs, Payload: red(), PointsSelector: pb.NewPointsSelectorIDs([]*pb.PointId{stored}), Wait: pb.PtrOf(true),
			}},
		}
	}
	learned := 0
	for _, stored := range a.views()[1].ids {
		for _, lookup := range []string{own, laws, notes, docs} {
			for _, x := range asked(stored, lookup) {
				x.family, x.name = family, "ask for a stored id"
				told := a.try(t, byGateway, x)
				for _, id := range anyUUID.FindAllString(told.text, -1) {
					learned++
					p := ownPoint()
					p.Id = pb.NewIDUUID(id)
					for _, name := range []string{docs, notes} {
						a.try(t, byGateway, attempt{family: family, name: "use what the answer names", method: pointsRPC + "Upsert",
							message: &pb.UpsertPoints{CollectionName: name, Points: []*pb.PointStruct{p}, Wait: pb.PtrOf(true)}})
					}
				}
			}
		}
	}
	if learned == 0 {
		t.Error("no answer names an id: nothing was tried")
	}
}

// TestBetweenTwoPhases: the server finds points by the filter and fetches them by their ids alone (F10). Whatever is written
// in between, nothing of others comes back.
func TestBetweenTwoPhases(t *testing.T) {
	const family = "F10 two phases"
	a := newArena(t)
	group := &pb.QueryPointGroups{
		CollectionName: docs, Query: pb.NewQueryNearest(near()), GroupBy: "x", WithPayload: pb.NewWithPayload(true), Limit: pb.PtrOf(uint64(10)),
	}
	victimWrites := func(s *stage, ids []*pb.PointId) func(string) {
		return func(string) {
			// The attacker deletes its points, and the victim stores points under all ids that it can get hold of.
			gone := &pb.DeletePoints{CollectionName: docs, Points: pb.NewPointsSelectorFilter(&pb.Filter{}), Wait: pb.PtrOf(true)}
			err := s.sdk.Invoke(world.SDKContext(t.Context(), mallory), pointsRPC+"Delete", gone, &pb.PointsOperationResponse{})
			if err != nil {
				t.Error(err)
			}
			var ps []*pb.PointStruct
			for i, id := range ids {
				p := point(victim+"/"+docs, i+1)
				p.Id = id
				ps = append(ps, p)
			}
			stored := &pb.UpsertPoints{CollectionName: docs, Points: ps, Wait: pb.PtrOf(true)}
			err = s.sdk.Invoke(world.SDKContext(t.Context(), victim), pointsRPC+"Upsert", stored, &pb.PointsOperationResponse{})
			if err != nil {
				t.Error(err)
			}
		}
	}
	var ids []*pb.PointId
	for i := range 6 {
		ids = append(ids, pb.NewIDNum(uint64(i+1)))
	}
	var once sync.Once
	ran := false
	a.full.Sim.SetRace(func(method string) {
		once.Do(func() {
			ran = true
			victimWrites(a.full, ids)(method)
		})
	})
	x := attempt{family: family, name: "groups", method: pointsRPC + "QueryGroups", message: group}
	told := a.full.send(t, byGateway, x)
	a.showsNothing(t, byGateway, x, told)
	book.note(family, byGateway, told)
	if !ran {
		t.Error("nothing happened between the phases")
	}
	a.full.refill(t)

	// The control: with ids that everybody shares and a filter alone, the same gives the victim's points away.
	a.full.Sim.SetRace(func(string) {
		for _, p := range points(victim+"/"+docs, 1, 4) {
			p.Payload["tenant_id"] = pb.NewValueString(victim)
			if _, err := a.full.Direct.Upsert(t.Context(), &pb.UpsertPoints{CollectionName: ownPhysical, Points: []*pb.PointStruct{p}, Wait: pb.PtrOf(true)}); err != nil {
				t.Error(err)
			}
		}
	})
	told = a.full.send(t, directly, attempt{method: pointsRPC + "QueryGroups", message: &pb.QueryPointGroups{
		CollectionName: ownPhysical, Query: pb.NewQueryNearest(near()), GroupBy: "x", WithPayload: pb.NewWithPayload(true), Limit: pb.PtrOf(uint64(10)),
		Filter: &pb.Filter{MustNot: []*pb.Condition{match("tenant_id", victim)}},
	}})
	crossed := strings.Contains(told.bytes, canary+victim)
	book.control(family, crossed)
	if !crossed {
		t.Errorf("the control does not cross: %s", show(told))
	}
}

// TestStreams opens streams where calls are due, and sends a second message after the first: only the first may count, and
// only if it is the attacker's own.
func TestStreams(t *testing.T) {
	const family = "streams"
	a := newArena(t)
	desc := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	scroll := func(name string) proto.Message {
		return &pb.ScrollPoints{CollectionName: name, WithPayload: pb.NewWithPayload(true)}
	}
	for what, messages := range map[string][]proto.Message{
		"one":              {scroll(docs)},
		"mine, then":       {scroll(docs), scroll(sharedName)},
		"theirs, then":     {scroll(sharedName), scroll(docs)},
		"none":             nil,
		"two of mine":      {scroll(docs), scroll(notes)},
		"what is no query": {raw(vaultPhysical), scroll(docs)},
	} {
		for _, method := range []string{pointsRPC + "Scroll", "/qdrant.StorageRead/ReadBytesStream", "/grpc.health.v1.Health/Watch"} {
			for _, by := range []way{byGateway, bySDK} {
				x := attempt{family: family, name: what, method: method, message: raw(what)}
				a.full.Sim.ResetCalls()
				ctx, conn := a.full.grpcConn(t.Context(), by)
				told := converse(ctx, conn, desc, method, messages)
				a.showsNothing(t, by, x, told)
				a.touchesNothing(t, by, x)
				if n := len(a.full.Sim.Calls()); by == bySDK && n > 0 || n > 1 {
					t.Errorf("%s %s %s: %d calls reached the server", by, method, what, n)
				}
				book.note(family, by, told)
			}
		}
	}
	ctx, conn := a.full.grpcConn(t.Context(), directly)
	told := converse(ctx, conn, desc, pointsRPC+"Scroll", []proto.Message{scroll(sharedName)})
	crossed := strings.Contains(told.bytes, canary+victim)
	book.control(family, crossed)
	if !crossed {
		t.Errorf("the control does not cross: %s", show(told))
	}
}

// converse sends all messages and reads all answers.
func converse(ctx context.Context, conn *grpc.ClientConn, desc *grpc.StreamDesc, method string, messages []proto.Message) answer {
	stream, err := conn.NewStream(ctx, desc, method)
	if err != nil {
		return answer{refused: true, code: grpcCode(err), text: grpcText(err)}
	}
	for _, m := range messages {
		if stream.SendMsg(m) != nil {
			break // the answer says why
		}
	}
	_ = stream.CloseSend()
	out := answer{}
	for {
		reply := &pb.ScrollResponse{}
		if err := stream.RecvMsg(reply); err != nil {
			out.refused, out.code, out.text = out.bytes == "", grpcCode(err), grpcText(err)
			return out
		}
		out.bytes += asComparable(reply, false)
	}
}
