package boundary

import (
	"strings"
	"testing"
	"time"
)

func day(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// TestAccept: only a hazard, only the one that is named, and only until its day.
func TestAccept(t *testing.T) {
	hazard := Finding{Layer: Cache, Object: "user default", Kind: Hazard, Severity: Critical, Check: "default-open", Message: "open"}
	by := func(id, object string) []Acceptance {
		return []Acceptance{{ID: id, Object: object, Severity: Critical, Reason: "test rig", Expires: "2027-03-01"}}
	}
	before, on := day("2027-02-28T23:59:59Z"), day("2027-03-01T00:00:00Z")
	mended := hazard
	mended.Kind = Changed
	expired, milder := by(hazard.ID(), "user default"), by("default-open", "user default")
	expired[0].Expires, milder[0].Severity = "2027-01-01", ""
	crossed, weird, warned := hazard, hazard, hazard
	crossed.Check, weird.Object, warned.Severity = "probe-crossed", "user a\nb", Warning
	unnamed := hazard
	unnamed.Check = ""
	for name, tc := range map[string]struct {
		f        Finding
		list     []Acceptance
		now      time.Time
		accepted bool
		says     string
	}{
		"by its id":               {hazard, by(hazard.ID(), "user default"), before, true, "open"},
		"by its check":            {hazard, by("default-open", "user default"), before, true, "open"},
		"another object":          {hazard, by("default-open", "user app"), before, false, "open"},
		"another check":           {hazard, by("default", "user default"), before, false, "open"},
		"without a check":         {unnamed, by("", "user default"), before, false, "open"},
		"expired":                 {hazard, by("default-open", "user default"), on, false, "open; it was accepted (test rig), and that expired on 2027-03-01"},
		"what Tenantry mends":     {mended, by(mended.ID(), "user default"), before, false, "open"},
		"a day that is none":      {hazard, []Acceptance{{ID: "default-open", Object: "user default", Expires: "soon"}}, before, false, "expired on soon"},
		"nothing was accepted":    {hazard, nil, before, false, "open"},
		"worse than was accepted": {hazard, milder, before, false, "was not Critical: add severity: Critical"},
		"a Warning, by default":   {warned, milder, before, true, ""},
		"another one expired":     {hazard, append(expired, by("default-open", "user default")...), before, true, "open"},
		"a crossing by its rule":  {crossed, by("probe-crossed", "user default"), before, false, ""},
		"a crossing by its id":    {crossed, by(crossed.ID(), "user default"), before, true, ""},
		"an object as shown":      {weird, by("default-open", `user a\u000ab`), before, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := Accept([]Finding{tc.f}, tc.list, tc.now)[0]
			if got.IsAccepted() != tc.accepted || !strings.Contains(got.Message, tc.says) {
				t.Errorf("accepted %t: %q", got.IsAccepted(), got.Message)
			}
			if got.ID() != tc.f.ID() {
				t.Error("an acceptance changes the id")
			}
		})
	}
}

func TestNextExpiry(t *testing.T) {
	list := []Acceptance{{Expires: "2027-03-01"}, {Expires: "2027-02-01"}, {Expires: "2026-01-01"}, {Expires: "never"}}
	now := day("2027-01-15T12:00:00Z")
	if got := NextExpiry(list, now); !got.Equal(day("2027-02-01T00:00:00Z")) {
		t.Errorf("next is %s", got)
	}
	if got := NextExpiry(list, day("2028-01-01T00:00:00Z")); !got.IsZero() {
		t.Errorf("next is %s", got)
	}
}

// TestAcceptedComeLast: the bound on what is shown must not hide what counts.
func TestAcceptedComeLast(t *testing.T) {
	f := []Finding{{Severity: Critical, Object: "a", Accepted: Acceptance{Expires: "2027-03-01"}}, {Severity: Info, Object: "b"}}
	if SortFindings(f); f[0].Object != "b" {
		t.Errorf("first is %s", f[0].Object)
	}
}
