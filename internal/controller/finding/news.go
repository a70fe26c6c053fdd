package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
)

const (
	// maxNews is how many Events of one sort one look causes; the rest is counted in one more.
	maxNews = 5
	// maxNote is the API's limit for the note of an Event.
	maxNote = 1024
)

// News is what one look at an object changed.
type News struct {
	Before, After List
	// Corrected are the differences that were put right at this look, where they were drift and no change of spec.
	Corrected boundary.Plan
	// Building: differences are what the spec asks for and does not stand yet, not drift. They are no news.
	Building bool
}

// Tell emits an Event for every finding that appeared, every one that was put right and every one that is gone. The same
// finding within minutes is one Event with a count: its id is part of the action.
func (n News) Tell(r events.EventRecorder, o runtime.Object) {
	corrected := join(boundary.Diff{Plan: n.Corrected}.Findings())
	appeared := append(fresh(n.Before.Shown, corrected), n.appeared()...)
	tell(r, o, appeared, func(f tenantryv1.Finding) (string, string, string) {
		return eventType(f), reason(f), "Found"
	})
	tell(r, o, corrected, func(tenantryv1.Finding) (string, string, string) {
		return corev1.EventTypeNormal, tenantryv1.ReasonDriftCorrected, "Corrected"
	})
	tell(r, o, n.gone(corrected), func(tenantryv1.Finding) (string, string, string) {
		return corev1.EventTypeNormal, tenantryv1.ReasonFindingGone, "Gone"
	})
}

// appeared are the findings that are shown now and were not, but for accepted ones and for what is being built.
func (n News) appeared() []tenantryv1.Finding {
	var out []tenantryv1.Finding
	for _, f := range fresh(n.Before.Shown, n.After.Shown) {
		if f.Accepted == nil && (!n.Building || f.Kind == tenantryv1.FindingKind(boundary.Hazard)) {
			out = append(out, f)
		}
	}
	return out
}

// gone are the findings that were shown and are open no more. Where not all are shown nobody can say.
func (n News) gone(corrected []tenantryv1.Finding) []tenantryv1.Finding {
	if n.Building || n.After.hides() {
		return nil
	}
	return fresh(append(corrected, n.After.Shown...), n.Before.Shown)
}

// fresh are those of now that were not there before.
func fresh(before, now []tenantryv1.Finding) []tenantryv1.Finding {
	known := map[string]bool{}
	for _, f := range before {
		known[f.ID] = true
	}
	var out []tenantryv1.Finding
	for _, f := range now {
		if !known[f.ID] {
			out = append(out, f)
		}
	}
	return out
}

func tell(
	r events.EventRecorder, o runtime.Object, list []tenantryv1.Finding, as func(tenantryv1.Finding) (kind, reason, verb string),
) {
	for i, f := range list {
		kind, reason, verb := as(f)
		if i == maxNews {
			r.Eventf(o, nil, kind, reason, verb, "%s: %d findings more; see status.findings", verb, len(list)-maxNews)
			return
		}
		note := fmt.Sprintf("%s: %s %s %s: %s", verb, f.Severity, f.Layer, f.Object, f.Message)
		r.Eventf(o, nil, kind, reason, verb+"-"+f.ID, "%s", cutNote(note))
	}
}

func eventType(f tenantryv1.Finding) string {
	if boundary.Severity(f.Severity) == boundary.Info {
		return corev1.EventTypeNormal
	}
	return corev1.EventTypeWarning
}

func reason(f tenantryv1.Finding) string {
	switch {
	case f.Check == boundary.CheckFight:
		return tenantryv1.ReasonFight
	case boundary.Kind(f.Kind) == boundary.Hazard:
		return tenantryv1.ReasonHazard
	}
	return tenantryv1.ReasonDrifted
}

// TellPlan emits an Event with a plan that is not carried out, where it is another than before.
func TellPlan(r events.EventRecorder, o runtime.Object, before, after []string) {
	text := strings.Join(after, "; ")
	if len(after) == 0 || text == strings.Join(before, "; ") {
		return
	}
	sum := sha256.Sum256([]byte(text))
	r.Eventf(o, nil, corev1.EventTypeNormal, tenantryv1.ReasonPlanned, "Plan-"+hex.EncodeToString(sum[:6]), "%s",
		cutNote(fmt.Sprintf("Changes that would be made and are not: %d: %s", len(after), text)))
}

// cutNote keeps a note within the API's limit, which counts bytes.
func cutNote(s string) string {
	if len(s) <= maxNote {
		return s
	}
	return strings.ToValidUTF8(s[:maxNote-3], "") + "..."
}
