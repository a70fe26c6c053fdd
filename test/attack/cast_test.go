package attack_test

import (
	"fmt"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/test/attack/world"
)

// Who is who. The attacker reads the reference corpora of the EU, the victim those of the US.
const (
	mallory   = "mallory"
	victim    = "victim-7f3a"
	bystander = "bystander-22c1"
	frozen    = "frozen-9b04"

	docs, notes, own, mail, vault = "docs", "notes", "own", "mail", "vault"
	laws, usCodes                 = "laws", "codes"

	canary   = "canary-"
	rareTerm = 424242 // a word that the victim alone has
)

// A number and a UUID that only the victim's points have.
const (
	victimNumber = 770_000_000_001
	victimUUID   = "7ac5b1d0-3c1f-4a8e-9d55-0f6f1c5e7a01"
)

func cast(unbuilt ...string) world.Cast {
	c := world.Cast{
		Tenants: []world.Tenant{
			{ID: mallory, Shared: []string{docs, notes}, Dedicated: []string{own}, Jurisdictions: []string{"eu"}},
			{ID: victim, Shared: []string{docs, mail}, Dedicated: []string{vault}, Jurisdictions: []string{"us"}},
			{ID: bystander, Shared: []string{docs}, Jurisdictions: []string{"eu", "us"}},
			{ID: frozen, Shared: []string{docs}, Suspended: true},
		},
		References: []world.Reference{{Jurisdiction: "eu", Name: laws}, {Jurisdiction: "us", Name: usCodes}},
		Unbuilt:    map[string]bool{},
	}
	for _, name := range unbuilt {
		c.Unbuilt[name] = true
	}
	return c
}

// point i of a corpus. The payload holds a canary; x is a number that could be an id.
func point(owner string, i int) *pb.PointStruct {
	id := pb.NewIDNum(uint64(i))
	if owner == victim+"/"+docs {
		switch i {
		case 5:
			id = pb.NewIDNum(victimNumber)
		case 6:
			id = pb.NewIDUUID(victimUUID)
		}
	}
	terms := []uint32{1, 2, uint32(10 + i)}
	if strings.HasPrefix(owner, victim) {
		terms = append(terms, rareTerm)
	}
	weights := make([]float32, len(terms))
	for k := range weights {
		weights[k] = 1 + float32(k)/4
	}
	f := float32(i)
	if strings.HasPrefix(owner, victim) {
		f = -f / 2
	}
	return &pb.PointStruct{
		Id: id,
		Vectors: pb.NewVectorsMap(map[string]*pb.Vector{
			"":      pb.NewVectorDense([]float32{1, f, f * f / 8, 1 / (f + 9)}),
			"text":  pb.NewVectorSparse(terms, weights),
			"plain": pb.NewVectorSparse(terms, weights),
		}),
		Payload: pb.NewValueMap(map[string]any{
			"color": []string{"red", "blue", "green"}[i%3], "n": i, "secret": fmt.Sprintf("%s%s-%d", canary, owner, i), "x": i,
			"owner": owner, "parts": []any{map[string]any{"color": "red", "n": i}},
		}),
	}
}

func points(owner string, from, n int) []*pb.PointStruct {
	var out []*pb.PointStruct
	for i := from; i < from+n; i++ {
		out = append(out, point(owner, i))
	}
	return out
}

// fill gives everybody their points: through the engine those of shared collections, as the platform those of references.
// Everybody uses the ids 1 to 4. Tenants whose things are unbuilt have nothing.
func fill(t testing.TB, w *world.World) {
	t.Helper()
	sdk := w.SDK(t)
	for _, tenant := range w.Cast.Tenants {
		if tenant.Suspended || w.Cast.Unbuilt[tenant.ID] {
			continue
		}
		ctx := world.SDKContext(t.Context(), tenant.ID)
		for _, name := range append(append([]string{}, tenant.Shared...), tenant.Dedicated...) {
			upsert := &pb.UpsertPoints{CollectionName: name, Wait: proto.Bool(true), Points: points(tenant.ID+"/"+name, 1, 6)}
			if _, err := sdk.Upsert(ctx, upsert); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, r := range w.Cast.References {
		if !w.Cast.Unbuilt[r.Name] {
			upsert := &pb.UpsertPoints{CollectionName: r.Physical(), Wait: proto.Bool(true), Points: points("reference/"+r.Name, 1, 4)}
			if _, err := w.Direct.Upsert(t.Context(), upsert); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range []string{vector.ClaimsCollection, vector.TokensCollection} {
		upsert := &pb.UpsertPoints{CollectionName: name, Wait: proto.Bool(true), Points: points("operator/"+name, 1, 3)}
		if _, err := w.Direct.Upsert(t.Context(), upsert); err != nil {
			t.Fatal(err)
		}
	}
	w.Sim.ResetCalls()
}
