package budget

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var records = []record{
	{op: opHold, tenant: "acme", id: "one", model: "gpt-4o", in: 100, out: 200, at: 1_900_000_000},
	{op: opUse, tenant: "acme", id: "one", model: "gpt-4o", in: 90, out: 7, at: 1_900_000_001},
	{op: opFree, tenant: "globex", id: recordMark + recordMark, model: ""},
	{op: opDone, tenant: strings.Repeat("t", 36), id: strings.Repeat("i", maxName), model: strings.Repeat("m", maxName), in: maxTokens, out: maxTokens, at: 1 << 40},
}

func encode(records []record) (b []byte) {
	for _, r := range records {
		b = r.appendTo(b)
	}
	return b
}

func equal(a, b []record) string { return cmp.Diff(a, b, cmp.AllowUnexported(record{})) }

func TestRecordsComeBack(t *testing.T) {
	b := encode(records)
	got, whole, lost := readRecords(b)
	if diff := equal(records, got); diff != "" || whole != len(b) || lost != 0 {
		t.Errorf("whole %d of %d, lost %d: %s", whole, len(b), lost, diff)
	}
	if n := len(records[3].appendTo(nil)); n > recordMost {
		t.Errorf("a record has %d bytes, more than %d", n, recordMost)
	}
}

// A file may end anywhere: the program was killed while it wrote.
func TestTornTail(t *testing.T) {
	b := encode(records)
	for end := range b {
		got, whole, lost := readRecords(b[:end])
		if lost != 0 || whole > end || !bytes.Equal(encode(got), b[:whole]) || len(got) == len(records) {
			t.Fatalf("of %d bytes: %d records, whole %d, lost %d", end, len(got), whole, lost)
		}
		if end-whole > recordMost {
			t.Fatalf("of %d bytes only %d are read", end, whole)
		}
	}
}

// Whatever byte is damaged, only its record is lost, and that is said.
func TestDamage(t *testing.T) {
	b := encode(records)
	last := len(b) - len(records[3].appendTo(nil))
	for at := range last {
		damaged := slices.Clone(b)
		damaged[at] ^= 0x40
		got, whole, lost := readRecords(damaged)
		if len(got) != len(records)-1 || lost == 0 || whole != len(b) {
			t.Fatalf("byte %d: %d records, lost %d bytes", at, len(got), lost)
		}
		for _, r := range got {
			if !slices.Contains(records, r) {
				t.Fatalf("byte %d: read %+v", at, r)
			}
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add(encode(records), 17)
	f.Add([]byte(recordMark+"\xff\xff"), 0)
	f.Add([]byte{}, 3)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		got, whole, lost := readRecords(b)
		if whole > len(b) || lost > whole || lost < 0 {
			t.Fatalf("%d bytes: whole %d, lost %d", len(b), whole, lost)
		}
		for _, r := range got {
			if !bytes.Contains(b, r.appendTo(nil)) {
				t.Fatalf("read %+v, which was not written", r)
			}
		}
		// What was appended is read, whatever stands before it.
		if diff := equal(append(slices.Clip(got), records...), mustRead(append(slices.Clone(b[:whole]), encode(records)...))); diff != "" {
			t.Fatal(diff)
		}
		cut = min(max(cut, 0), whole)
		if shorter, _, _ := readRecords(b[:cut]); len(shorter) > len(got) {
			t.Fatalf("%d records in %d bytes, and %d in fewer", len(got), len(b), len(shorter))
		}
	})
}

func mustRead(b []byte) []record {
	got, _, _ := readRecords(b)
	return got
}
