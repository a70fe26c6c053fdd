package boundary

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSecretNeverShows(t *testing.T) {
	s := Secret("hunter2")
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "secret", s, "credential", Credential{Secret: s})
	marshalled, err := json.Marshal(Tenant{Credentials: map[Layer]Credential{Rows: {Secret: s}}})
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{
		"%v": fmt.Sprintf("%v", s), "String": s.String(), "%q": fmt.Sprintf("%q", s), "%#v": fmt.Sprintf("%#v", s),
		"in a struct": fmt.Sprintf("%+v %#v", Credential{Secret: s}, Credential{Secret: s}),
		"json":        string(marshalled), "slog": logged.String(),
	}
	for how, got := range shown {
		if strings.Contains(got, "hunter2") || got == "" {
			t.Errorf("%s shows %q", how, got)
		}
	}
	if s.Reveal() != "hunter2" {
		t.Error("Reveal does not return the secret")
	}
}

func TestFingerprint(t *testing.T) {
	if Secret("").Fingerprint() != "" {
		t.Error("an empty secret has a fingerprint")
	}
	if Secret("a").Fingerprint() == Secret("b").Fingerprint() {
		t.Error("two secrets share a fingerprint")
	}
	if got := Secret("a").Fingerprint(); strings.Contains(got, "a\x00") || len(got) != 64 {
		t.Errorf("fingerprint = %q", got)
	}
}

func TestMarkerCheck(t *testing.T) {
	ours := Marker{Plane: "eu-1", Installation: "i1", SchemaVersion: 1, KeyFingerprint: "k"}
	with := func(f func(*Marker)) Marker { m := ours; f(&m); return m }
	for name, tc := range map[string]struct {
		found Marker
		want  MarkerProblem
	}{
		"ours":                 {ours, ""},
		"an older schema":      {with(func(m *Marker) { m.SchemaVersion = 0 }), ""},
		"another installation": {with(func(m *Marker) { m.Installation = "i2" }), OwnedElsewhere},
		"another plane":        {with(func(m *Marker) { m.Plane = "eu-2" }), OwnedElsewhere},
		"a newer schema":       {with(func(m *Marker) { m.SchemaVersion = 2 }), SchemaTooNew},
		"other keys":           {with(func(m *Marker) { m.KeyFingerprint = "x" }), KeyMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			problem, message := tc.found.Check(ours)
			if problem != tc.want || (problem == "") != (message == "") {
				t.Errorf("Check() = %q, %q, want %q", problem, message, tc.want)
			}
		})
	}
}

func TestCheckClaim(t *testing.T) {
	tenant := Tenant{ID: "acme", UID: "u1", Access: Open}
	leaving := Tenant{ID: "acme", UID: "u1", Access: Retained}
	for name, tc := range map[string]struct {
		standing *Claim
		tenant   Tenant
		conflict bool
		tomb     bool
	}{
		"nobody's":                      {nil, tenant, false, false},
		"ours":                          {&Claim{"acme", "u1", false}, tenant, false, false},
		"another's":                     {&Claim{"acme", "u2", false}, tenant, true, false},
		"another's tombstone":           {&Claim{"acme", "u2", true}, tenant, true, true},
		"our own tombstone, coming in":  {&Claim{"acme", "u1", true}, tenant, true, true},
		"our own tombstone, on the way": {&Claim{"acme", "u1", true}, leaving, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := CheckClaim(tc.standing, tc.tenant)
			if (got != nil) != tc.conflict || got != nil && got.Tombstone != tc.tomb {
				t.Errorf("CheckClaim() = %+v", got)
			}
		})
	}
}

func TestPlanSortKeepsOrderWithinAPhase(t *testing.T) {
	p := Plan{{Phase: PhaseOpen, Object: "a"}, {Phase: PhaseBuild, Object: "b"}, {Phase: PhaseClose, Object: "c"}, {Phase: PhaseBuild, Object: "d"}}
	p.Sort()
	var got []string
	for _, c := range p {
		got = append(got, c.Object)
	}
	if diff := cmp.Diff([]string{"c", "b", "d", "a"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFindingsAreWorstFirstAndStable(t *testing.T) {
	d := Diff{
		Plan:    Plan{{Layer: Rows, Object: "role x", Kind: Missing, Severity: Warning, Summary: "is missing"}},
		Hazards: []Finding{{Layer: Cache, Object: "user default", Kind: Hazard, Severity: Critical, Check: "open"}},
	}
	got := d.Findings()
	if len(got) != 2 || got[0].Severity != Critical {
		t.Fatalf("Findings() = %+v", got)
	}
	reworded := got[1]
	reworded.Message = "another wording"
	if reworded.ID() != got[1].ID() {
		t.Error("the id depends on the wording")
	}
	elsewhere := got[1]
	elsewhere.Tenant = "other"
	if elsewhere.ID() == got[1].ID() {
		t.Error("two tenants' findings share an id")
	}
}
