package boundary

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Phase orders the changes of a plan: access is closed before anything else, and opened last.
type Phase int

// The phases, in the order in which they are applied.
const (
	// PhaseClose takes access away.
	PhaseClose Phase = iota
	// PhaseBuild makes or mends what isolates.
	PhaseBuild
	// PhaseOpen gives access.
	PhaseOpen
	// PhaseRemove takes away what is no longer needed, after access was closed.
	PhaseRemove
)

// Op is what a layer's applier executes for a change. String describes it without any secret.
type Op interface{ String() string }

// Change is one step of a plan.
type Change struct {
	Layer Layer
	Phase Phase
	// Tenant is the tenantID it concerns; "" for the plane as a whole.
	Tenant string
	// Object such as "role tenantry_1f2e_9a8b7c", "table public.documents", "user tenant-acme on redis-0:6379".
	Object string
	Kind   Kind
	// Severity of leaving it undone.
	Severity Severity
	// Summary says what is wrong and what the change does, in one sentence without secrets.
	Summary string
	Op      Op
}

// Finding is the difference that the change puts right.
func (c Change) Finding() Finding {
	return Finding{Layer: c.Layer, Tenant: c.Tenant, Object: c.Object, Kind: c.Kind, Severity: c.Severity, Message: c.Summary}
}

// Plan is an ordered list of changes. It can be printed, counted, tested and applied.
type Plan []Change

// Sort orders the plan by phase and keeps the order within a phase.
func (p Plan) Sort() {
	slices.SortStableFunc(p, func(a, b Change) int { return cmp.Compare(a.Phase, b.Phase) })
}

// Lines describes the plan, one line a change.
func (p Plan) Lines() []string {
	lines := make([]string, 0, len(p))
	for _, c := range p {
		lines = append(lines, Printable(fmt.Sprintf("%s %s: %s", c.Layer, c.Object, c.Summary)))
	}
	return lines
}

// Finding is one difference, or one hazard.
type Finding struct {
	Layer    Layer
	Tenant   string
	Object   string
	Kind     Kind
	Severity Severity
	// Check names the rule for hazards, such as "rls-not-forced", and after a space what of the object breaks it, where
	// several things can; it is part of the id and never changes.
	Check string
	// Message says what is wrong and names the remedy (SQL, ACL command or API call).
	Message string
	// Accepted is the decision to live with it; the zero value where there is none. It is no part of the id.
	Accepted Acceptance
}

// IsAccepted says that somebody decided to live with it: it is shown, and does not count.
func (f Finding) IsAccepted() bool { return f.Accepted != Acceptance{} }

// Rule is the first word of Check, the same on every plane.
func (f Finding) Rule() string {
	rule, _, _ := strings.Cut(f.Check, " ")
	return rule
}

// ID is stable for as long as the finding is open: it depends on what is found where, not on the wording.
func (f Finding) ID() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%s", f.Layer, f.Tenant, f.Object, f.Kind, f.Check))
	return hex.EncodeToString(sum[:6])
}

// CheckFight is the rule that what Tenantry puts right stays right: another hand changes it back over and over.
const CheckFight = "fight"

// Diff is what separates observed from desired.
type Diff struct {
	// Plan turns one into the other.
	Plan Plan
	// Hazards are findings that no change of ours mends.
	Hazards []Finding
	// Objects is how many boundary objects stand as desired.
	Objects int
	// Conflict is set, and Plan empty, where somebody else holds the claim.
	Conflict *Conflict
}

// Conflict is a claim held by somebody else.
type Conflict struct {
	// Object that is claimed, such as "tenantID acme" or "collection tenant_acme_notes".
	Object string
	// Holder is the UID that the claim is made in, "" for an object that nobody claimed but that Tenantry did not make.
	Holder string
	// Tombstone: the holder is gone and its data was retained.
	Tombstone bool
	// Message for the user.
	Message string
}

// Findings lists the open differences and hazards, worst first.
func (d Diff) Findings() []Finding {
	out := slices.Clone(d.Hazards)
	for _, c := range d.Plan {
		out = append(out, c.Finding())
	}
	SortFindings(out)
	return out
}

// Settled says that nothing is to be done.
func (d Diff) Settled() bool { return len(d.Plan) == 0 && d.Conflict == nil }

// SortFindings orders findings worst first, then by layer, object and kind. Accepted ones come last.
func SortFindings(f []Finding) {
	rank := map[Severity]int{Critical: 0, Warning: 1, Info: 2}
	slices.SortStableFunc(f, func(a, b Finding) int {
		return cmp.Or(
			compareBools(a.IsAccepted(), b.IsAccepted()),
			cmp.Compare(rank[a.Severity], rank[b.Severity]),
			cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Object, b.Object),
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Check, b.Check),
		)
	})
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
