package qdrant

import (
	"bytes"
	"crypto/aes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"testing/quick"

	pb "github.com/qdrant/go-client/qdrant"
)

var update = flag.Bool("update", false, "write the golden files")

func testNamespace(t testing.TB, tenant, corpus string) *namespace {
	t.Helper()
	n, err := newNamespace(testKey, tenant, corpus)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// sealed is the stored form of an id.
func sealed(t testing.TB, n *namespace, id *pb.PointId) string {
	t.Helper()
	if f := n.seal(id, &scratch{}); f != nil {
		t.Fatal(f.refusal())
	}
	return id.GetUuid()
}

// mappedID is one line of testdata/id-mapping.json, the scheme by which points are found again.
type mappedID struct{ Tenant, Corpus, ID, Stored string }

// TestMappingNeverChanges holds the scheme: whoever changes it loses every stored point. Do not update the file.
func TestMappingNeverChanges(t *testing.T) {
	raw, err := os.ReadFile("testdata/id-mapping.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []mappedID
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("%d vectors", len(all))
	}
	for _, v := range all {
		n := testNamespace(t, v.Tenant, v.Corpus)
		if got := sealed(t, n, parseTestID(t, v.ID)); got != v.Stored {
			t.Errorf("%s of %s/%s is stored as %s, was %s", v.ID, v.Tenant, v.Corpus, got, v.Stored)
		}
		back := pb.NewIDUUID(v.Stored)
		if !n.open(back, &scratch{}) || idText(back) != v.ID {
			t.Errorf("%s came back as %s, was %s", v.Stored, idText(back), v.ID)
		}
	}
}

func parseTestID(t testing.TB, s string) *pb.PointId {
	t.Helper()
	if strings.Contains(s, "-") {
		return pb.NewIDUUID(s)
	}
	var n uint64
	if err := json.Unmarshal([]byte(s), &n); err != nil {
		t.Fatal(err)
	}
	return pb.NewIDNum(n)
}

// reference maps as the specification says, by another way than the engine: HKDF, then one block.
func reference(t testing.TB, tenant, corpus string, high *uint64, raw [16]byte) string {
	t.Helper()
	derived, err := hkdf.Key(sha256.New, testKey, nil, "tenantry/id-mapping/v1\x00"+tenant+"\x00"+corpus, 24)
	if err != nil {
		t.Fatal(err)
	}
	if high != nil {
		copy(raw[:8], derived[16:])
		binary.BigEndian.PutUint64(raw[8:], *high)
	}
	block, err := aes.NewCipher(derived[:16])
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 16)
	block.Encrypt(out, raw[:])
	h := hex.EncodeToString(out)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func TestMappingIsABijection(t *testing.T) {
	n := testNamespace(t, "t", "c")
	numbers := func(num uint64) bool {
		id := pb.NewIDNum(num)
		if sealed(t, n, id) != reference(t, "t", "c", &num, [16]byte{}) {
			return false
		}
		_, isNum := id.GetPointIdOptions().(*pb.PointId_Num)
		return !isNum && n.open(id, &scratch{}) && id.GetNum() == num && id.GetUuid() == ""
	}
	uuids := func(raw [16]byte) bool {
		text := formatUUID(&raw)
		id := pb.NewIDUUID(text)
		return sealed(t, n, id) == reference(t, "t", "c", nil, raw) && n.open(id, &scratch{}) && id.GetUuid() == text
	}
	for name, f := range map[string]any{"numbers": numbers, "uuids": uuids} {
		if err := quick.Check(f, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamespacesNeverMeet(t *testing.T) {
	spaces := map[string]*namespace{
		"acme/docs": testNamespace(t, "acme", "docs"), "acme/notes": testNamespace(t, "acme", "notes"),
		"acmed/ocs": testNamespace(t, "acmed", "ocs"), "evil/docs": testNamespace(t, "evil", "docs"),
	}
	stored := map[string]string{}
	for name, n := range spaces {
		for num := range uint64(500) {
			at := sealed(t, n, pb.NewIDNum(num))
			if other, taken := stored[at]; taken {
				t.Fatalf("%s and %s both store %s", name, other, at)
			}
			stored[at] = name
		}
	}
	for at, name := range stored {
		for other, n := range spaces {
			id := pb.NewIDUUID(at)
			if !n.open(id, &scratch{}) {
				t.Fatalf("%s is no stored id", at)
			}
			if _, isNum := id.GetPointIdOptions().(*pb.PointId_Num); isNum != (other == name) {
				t.Errorf("%s of %s reads as %s in %s", at, name, idText(id), other)
			}
		}
	}
}

// TestTaggedUUID: the one UUID that would read as a number is refused, or two ids would be one point.
func TestTaggedUUID(t *testing.T) {
	n := testNamespace(t, "t", "c")
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], n.tag)
	if f := n.seal(pb.NewIDUUID(formatUUID(&raw)), &scratch{}); f == nil || f.Reason != ReasonInvalidID {
		t.Errorf("it was mapped: %v", f)
	}
	raw[7]++
	if f := n.seal(pb.NewIDUUID(formatUUID(&raw)), &scratch{}); f != nil {
		t.Errorf("its neighbour was refused: %v", f.refusal())
	}
}

func TestSpellingsOfUUIDs(t *testing.T) {
	const canonical = "550e8400-e29b-41d4-a716-446655440000"
	const simple = "550e8400e29b41d4a716446655440000"
	cases := map[string]bool{
		canonical: true, simple: true, "{" + canonical + "}": true, "urn:uuid:" + canonical: true,
		strings.ToUpper(canonical): true, strings.ToUpper(simple): true, "{" + strings.ToUpper(canonical) + "}": true,
		"urn:uuid:" + strings.ToUpper(canonical): true,

		"": false, "42": false, "{" + simple + "}": false, "urn:uuid:" + simple: false, "URN:UUID:" + canonical: false,
		canonical + " ": false, " " + canonical: false, canonical[:35]: false, canonical + "0": false, "(" + canonical + ")": false,
		"550e8400-e29b-41d4-a716-44665544000g": false, "550e8400e-29b-41d4-a716-446655440000": false, "{" + canonical: false,
		"550e8400-e29b-41d4-a716-4466554400-0": false, "５５０e8400e29b41d4a7164466554400": false,
	}
	n := testNamespace(t, "t", "c")
	want := sealed(t, n, pb.NewIDUUID(canonical))
	for text, ok := range cases {
		got, parsed := n.uuid(text, &scratch{})
		if parsed != ok {
			t.Errorf("%q parsed: %v, want %v", text, parsed, ok)
		}
		if ok && got != want {
			t.Errorf("%q is stored as %s, the canonical spelling as %s", text, got, want)
		}
	}
}

func FuzzUUID(f *testing.F) {
	f.Add("550e8400-e29b-41d4-a716-446655440000")
	f.Add("{550E8400-E29B-41D4-A716-446655440000}")
	f.Fuzz(func(t *testing.T, text string) {
		var raw, again [16]byte
		if !parseUUID(text, &raw) {
			return
		}
		digits := strings.Trim(strings.TrimPrefix(text, "urn:uuid:"), "{}")
		want, err := hex.DecodeString(strings.ReplaceAll(digits, "-", ""))
		if err != nil || !bytes.Equal(want, raw[:]) {
			t.Errorf("%q was read as %x", text, raw)
		}
		if !parseUUID(formatUUID(&raw), &again) || again != raw {
			t.Errorf("%q is not what it was when written", text)
		}
	})
}
