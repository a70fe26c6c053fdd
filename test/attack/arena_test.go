package attack_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/test/attack/world"
)

// arena is one data plane twice: in full the victim and a bystander hold data, in empty they never did. What the attacker
// is told must be the same in both: then it has learned nothing of the victim, whatever it asked.
type arena struct {
	full, empty *stage
	stored      []*pb.PointId   // the ids under which the server keeps the victim's points
	foreign     map[string]bool // "collection/id" of all that is not the attacker's
	known       []string        // needles, made once
}

// stage is one of the two, with its state after filling and the attacker's ways in.
type stage struct {
	*world.World
	baseline world.Points
	victims  world.Points // of others than the attacker
	sdk      *grpc.ClientConn
	token    string
	// planted is an id under which the server keeps a point of the victim: one of the attacker's own points has it as a
	// value, for what takes ids from payloads.
	planted string
}

func newArena(t testing.TB) *arena {
	t.Helper()
	a := &arena{full: newStage(t, cast()), empty: newStage(t, cast(victim, bystander, usCodes)), foreign: map[string]bool{}}
	a.stored = a.full.storedIDs(t)
	for _, s := range []*stage{a.full, a.empty} {
		s.planted = a.stored[0].GetUuid()
		s.refill(t)
	}
	for place := range a.full.victims {
		a.foreign[place] = true
	}
	return a
}

func newStage(t testing.TB, c world.Cast) *stage {
	t.Helper()
	s := &stage{World: world.Start(t, c)}
	s.token = s.Token(t, mallory)
	s.sdk = s.SDK(t).GetConnection()
	s.refill(t)
	return s
}

// refill puts everything back to where it was.
func (s *stage) refill(t testing.TB) {
	t.Helper()
	s.Build(t)
	fill(t, s.World)
	if s.planted != "" {
		s.plant(t)
	}
	s.baseline = s.Dump(t)
	s.victims = s.othersOf(t, s.baseline)
	s.Sim.ResetCalls()
}

func (s *stage) plant(t testing.TB) {
	t.Helper()
	p := point(mallory+"/"+docs, 4)
	p.Id, p.Payload["secret"] = pb.NewIDNum(40), pb.NewValueString(s.planted)
	for _, name := range []string{docs, own} {
		upsert := &pb.UpsertPoints{CollectionName: name, Wait: pb.PtrOf(true), Points: []*pb.PointStruct{proto.CloneOf(p)}}
		if err := s.sdk.Invoke(world.SDKContext(t.Context(), mallory), pointsRPC+"Upsert", upsert, &pb.PointsOperationResponse{}); err != nil {
			t.Fatal(err)
		}
	}
}

// restore undoes what was done to points.
func (s *stage) restore(t testing.TB, now world.Points) {
	t.Helper()
	s.Restore(t, now, s.baseline)
	s.Sim.ResetCalls()
}

// othersOf leaves what is not the attacker's: no point of its corpora, of its dedicated collection, of what it may read.
func (s *stage) othersOf(t testing.TB, all world.Points) world.Points {
	t.Helper()
	out := maps.Clone(all)
	for _, p := range s.Scroll(t, world.SharedName) {
		if p.GetPayload()[vector.TenantField].GetStringValue() == mallory {
			delete(out, world.SharedName+"/"+world.IDText(p.GetId()))
		}
	}
	maps.DeleteFunc(out, func(place, _ string) bool { return ofMallorysOwn(place) })
	return out
}

func ofMallorysOwn(place string) bool {
	return strings.HasPrefix(place, world.DedicatedName(mallory, own)+"/") || ofLaws(place)
}

func ofLaws(place string) bool {
	return strings.HasPrefix(place, world.Reference{Jurisdiction: "eu", Name: laws}.Physical()+"/")
}

// storedIDs are the victim's in its corpus docs, as the server keeps them.
func (s *stage) storedIDs(t testing.TB) []*pb.PointId {
	t.Helper()
	var out []*pb.PointId
	for _, p := range s.Scroll(t, world.SharedName) {
		if strings.HasPrefix(p.GetPayload()["secret"].GetStringValue(), canary+victim+"/"+docs) {
			out = append(out, p.GetId())
		}
	}
	if len(out) != 6 {
		t.Fatalf("the victim has %d points", len(out))
	}
	return out
}

// way is one way for the attacker to send a request to a stage.
type way string

const (
	byGateway way = "gateway"
	bySDK     way = "sdk"
	byREST    way = "rest"
	directly  way = "direct" // past both, with the server's key: the control
)

// grpcConn is the connection of a way, and the context that makes the caller the attacker.
func (s *stage) grpcConn(ctx context.Context, by way) (context.Context, *grpc.ClientConn) {
	switch by {
	case byGateway:
		return world.WithKey(ctx, s.token), s.Raw
	case bySDK:
		return world.SDKContext(ctx, mallory), s.sdk
	}
	return world.WithKey(ctx, world.APIKey), s.RawDirect
}

// restURL is the base of a way over REST, with its credential.
func (s *stage) restURL(by way) (url, key string) {
	if by == directly {
		return s.Sim.RESTURL(), world.APIKey
	}
	return s.Gateway.RESTURL(), s.token
}

// needles are strings that no answer to the attacker may hold: others' data and ids, and the platform's names.
func (a *arena) needles() []string {
	out := []string{
		canary + victim, canary + bystander, canary + "reference/codes", canary + "operator", victimUUID, "770000000001", victim, bystander,
		strings.ReplaceAll(victimUUID, "-", ""),
		world.SharedName, world.DedicatedName(victim, vault), world.DedicatedName(mallory, own), world.Reference{Jurisdiction: "us", Name: usCodes}.Physical(),
		vector.ClaimsCollection, vector.TokensCollection, world.APIKey,
		world.UID(mallory), world.UID(mallory + "/" + docs), world.UID(mallory + "/" + notes), world.UID(mallory + "/" + own),
		world.UID(victim), world.UID(victim + "/" + docs), world.UID(victim + "/" + mail), world.UID(victim + "/" + vault),
	}
	for _, id := range a.stored[1:] { // the first is planted among the attacker's own values
		out = append(out, id.GetUuid(), strings.ReplaceAll(id.GetUuid(), "-", ""))
	}
	for place := range a.full.baseline { // the attacker's own points, as the server calls them
		if name, id, _ := strings.Cut(place, "/"); name == world.SharedName && !slices.Contains(out, id) && id != a.full.planted {
			out = append(out, id)
		}
	}
	return out
}

var plainHTTP = &http.Client{Transport: &http.Transport{DisableCompression: true}}
