package condition

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	corev1 "k8s.io/api/core/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// maxNote is the API's limit for the note of an Event.
const maxNote = 1024

// Recorder emits Events.
type Recorder = events.EventRecorder

// ClientObject is a kind with conditions as the client knows it.
type ClientObject interface {
	Object
	client.Object
}

// Commit writes the status of after where it differs from before, as one merge patch, and emits an Event for every
// condition that changed its status or reason, and for a new one that is news. A settled object costs nothing.
func Commit(ctx context.Context, c client.Client, r Recorder, before, after ClientObject) error {
	if equality.Semantic.DeepEqual(before, after) {
		return nil
	}
	patch := client.MergeFrom(before)
	if err := c.Status().Patch(ctx, after.DeepCopyObject().(client.Object), patch); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("write status: %w", err))
	}
	announce(r, before, after)
	return nil
}

func announce(r Recorder, before, after ClientObject) {
	for _, c := range after.GetConditions() {
		old := Get(before, c.Type)
		if !isNews(old, c) {
			continue
		}
		note := c.Type + ": " + c.Message
		if len(note) > maxNote {
			note = note[:maxNote-3] + "..."
		}
		r.Eventf(after, nil, eventType(c), c.Reason, "Reconcile", "%s", note)
	}
}

// isNews: of the conditions that are new and good, only Ready is, because it speaks for all of them. A fleet that is made is
// one Event each.
func isNews(old *metav1.Condition, c metav1.Condition) bool {
	if old != nil {
		return old.Status != c.Status || old.Reason != c.Reason
	}
	return c.Type == tenantryv1.ConditionReady || c.Status != metav1.ConditionUnknown && eventType(c) == corev1.EventTypeWarning
}

// eventType is Warning for anything that is worse than it could be: not True, or Stalled.
func eventType(c metav1.Condition) string {
	bad := c.Status != metav1.ConditionTrue
	switch c.Type {
	case "Stalled":
		bad = true
	case "Reconciling":
		bad = false
	}
	if bad {
		return corev1.EventTypeWarning
	}
	return corev1.EventTypeNormal
}
