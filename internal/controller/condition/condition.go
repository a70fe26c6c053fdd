// Package condition keeps the conditions of Tenantry's kinds: positive ones with Unknown as a value, and the kstatus pair
// Reconciling and Stalled, which are present only while True.
package condition

import (
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
)

// maxMessage keeps messages readable and below the API's limit of 32 KiB.
const maxMessage = 2000

// Object is any kind that has conditions.
type Object interface {
	metav1.Object
	GetConditions() []metav1.Condition
	SetConditions([]metav1.Condition)
}

// Put sets one condition of o for its current generation. The transition time moves only when the status does.
func Put(o Object, kind string, status metav1.ConditionStatus, reason, message string) {
	list := o.GetConditions()
	meta.SetStatusCondition(&list, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: cut(message), ObservedGeneration: o.GetGeneration(),
	})
	o.SetConditions(list)
}

// Drop removes one condition.
func Drop(o Object, kind string) {
	list := o.GetConditions()
	meta.RemoveStatusCondition(&list, kind)
	o.SetConditions(list)
}

// Get returns one condition, nil where it is not set.
func Get(o Object, kind string) *metav1.Condition {
	return meta.FindStatusCondition(o.GetConditions(), kind)
}

// IsTrue says whether a condition is True.
func IsTrue(o Object, kind string) bool { return meta.IsStatusConditionTrue(o.GetConditions(), kind) }

// Ready says that the object is in effect, and takes Reconciling and Stalled away.
func Ready(o Object, reason, message string) {
	Put(o, tenantryv1.ConditionReady, metav1.ConditionTrue, reason, message)
	Drop(o, tenantryv1.ConditionReconciling)
	Drop(o, tenantryv1.ConditionStalled)
}

// NotReady says that the object is not in effect and that nobody is working on it either.
func NotReady(o Object, reason, message string) {
	Put(o, tenantryv1.ConditionReady, metav1.ConditionFalse, reason, message)
	Drop(o, tenantryv1.ConditionReconciling)
	Drop(o, tenantryv1.ConditionStalled)
}

// Reconciling says that the object is not in effect yet and that work goes on or will be tried again.
func Reconciling(o Object, reason, message string) {
	Put(o, tenantryv1.ConditionReady, metav1.ConditionFalse, reason, message)
	Drop(o, tenantryv1.ConditionStalled) // only the other one: what is dropped and put again gets a new transition time
	Put(o, tenantryv1.ConditionReconciling, metav1.ConditionTrue, reason, message)
}

// Stalled says that nothing will happen until somebody changes something.
func Stalled(o Object, reason, message string) {
	Put(o, tenantryv1.ConditionReady, metav1.ConditionFalse, reason, message)
	Drop(o, tenantryv1.ConditionReconciling)
	Put(o, tenantryv1.ConditionStalled, metav1.ConditionTrue, reason, message)
}

func cut(s string) string {
	s = boundary.Printable(s)
	if len(s) <= maxMessage {
		return s
	}
	s = s[:maxMessage-3]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "..."
}
