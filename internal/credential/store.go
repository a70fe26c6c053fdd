package credential

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// Store reads and writes credential Secrets in tenants' namespaces.
//
// It reads the API server directly: a cache would need the right to list every Secret of those namespaces in one watch,
// and the platform grants rights namespace by namespace. What was read is remembered for MaxAge, so that a settled fleet
// costs few reads; an edited or deleted Secret is noticed after that time at the latest.
type Store struct {
	Reader client.Reader
	Writer client.Writer
	Clock  clock.PassiveClock
	MaxAge time.Duration
	// ServiceAccount of the operator as namespace:name, for the remedy when a right is missing.
	ServiceAccount types.NamespacedName

	mu      sync.Mutex
	seen    map[types.NamespacedName]remembered
	refused map[types.NamespacedName]time.Time // since when reading has been forbidden
}

type remembered struct {
	binding Binding
	uid     types.UID
	at      time.Time
}

// Owner is what a credential is made for: a Tenant, or a reference Corpus.
type Owner interface {
	client.Object
	// CredentialLabels are put on its Secrets.
	CredentialLabels() map[string]string
}

// NotOursError says that a Secret stands where a credential should go and that Tenantry did not make it, or that somebody
// has deleted it.
type NotOursError struct {
	Name types.NamespacedName
	// Leaving: it was deleted, and a finalizer keeps it.
	Leaving bool
}

// Error names the Secret and the remedy.
func (e *NotOursError) Error() string {
	if e.Leaving {
		return fmt.Sprintf("Secret %s is being deleted, and a finalizer on it keeps it there; take the finalizer off, and it is made anew", e.Name)
	}
	return fmt.Sprintf("Secret %s exists and was not made by Tenantry for this object; it is left alone: "+
		"delete it, or choose another name in the spec", e.Name)
}

// ForbiddenError says that the operator lacks the right to keep Secrets in a namespace.
type ForbiddenError struct {
	Namespace      string
	ServiceAccount types.NamespacedName
	// Since when this process has been refused to read the Secret; zero where it was to be written.
	Since time.Time
}

// GoneError says that a Secret was deleted since it was last read. That revokes what it held: it is not written again.
type GoneError struct{ Name types.NamespacedName }

// Error names the Secret.
func (e *GoneError) Error() string {
	return fmt.Sprintf("Secret %s was deleted since it was last read; what it held is revoked first", e.Name)
}

// Error prints the command that grants the right.
func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("the operator may not keep Secrets in namespace %s; grant it: kubectl -n %s create rolebinding "+
		"tenantry-credentials --clusterrole=tenantry-credentials --serviceaccount=%s:%s",
		e.Namespace, e.Namespace, e.ServiceAccount.Namespace, e.ServiceAccount.Name)
}

// Reason names an error that only the user can mend, as the API does; "" for any other.
func Reason(err error) string {
	if _, ok := errors.AsType[*NotOursError](err); ok {
		return tenantryv1.ReasonSecretExists
	}
	if _, ok := errors.AsType[*ForbiddenError](err); ok {
		return tenantryv1.ReasonSecretForbidden
	}
	return ""
}

// IsForbidden says that an error is a right that the operator lacks.
func IsForbidden(err error) bool {
	_, ok := errors.AsType[*ForbiddenError](err)
	return ok
}

// Get returns the binding in a Secret that was made for owner, nil where the Secret does not exist. Together with an error
// that only the user can mend it returns what this process read there last, nil where it read nothing or the Secret has been
// gone since: whoever spoils a Secret must not thereby stop what else is done for its owner.
func (s *Store) Get(ctx context.Context, name types.NamespacedName, owner Owner) (Binding, error) {
	if b, ok := s.recall(name, owner.GetUID()); ok {
		return b, nil
	}
	secret, err := s.read(ctx, name)
	if err == nil {
		err = ours(secret, name, owner)
	}
	if forbidden, ok := errors.AsType[*ForbiddenError](err); ok {
		forbidden.Since = s.refusedSince(name)
	}
	if Reason(err) != "" {
		return s.last(name, owner.GetUID()), err
	}
	if err == nil && secret == nil {
		s.Forget(name)
	}
	if err != nil || secret == nil {
		return nil, err
	}
	s.remember(name, owner.GetUID(), secret.Data)
	return secret.Data, nil
}

// ours says why a Secret does not hold what was issued to owner, nil where it does or there is none.
func ours(secret *corev1.Secret, name types.NamespacedName, owner Owner) error {
	switch {
	case secret == nil:
		return nil
	case secret.Annotations[tenantryv1.OwnerUIDAnnotation] != string(owner.GetUID()):
		return &NotOursError{Name: name}
	case !secret.DeletionTimestamp.IsZero(): // whoever deletes it revokes what it holds, whoever holds it back
		return &NotOursError{Name: name, Leaving: true}
	}
	return nil
}

func (s *Store) read(ctx context.Context, name types.NamespacedName) (*corev1.Secret, error) {
	var secret corev1.Secret
	err := s.Reader.Get(ctx, name, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case apierrors.IsForbidden(err):
		return nil, &ForbiddenError{Namespace: name.Namespace, ServiceAccount: s.ServiceAccount}
	case err != nil:
		return nil, fmt.Errorf("read Secret %s: %w", name, err)
	}
	return &secret, nil
}

// Put writes a binding for owner. It never writes over a Secret that was not made for that Tenant, nor in place of one that
// was deleted since it was read: that fails with a *GoneError, and the next Get finds nothing.
func (s *Store) Put(ctx context.Context, name types.NamespacedName, owner Owner, b Binding) error {
	standing, err := s.read(ctx, name)
	if err == nil {
		err = ours(standing, name, owner)
	}
	if err != nil {
		return err
	}
	switch {
	case standing == nil && s.last(name, owner.GetUID()) != nil:
		s.Forget(name)
		return &GoneError{Name: name}
	case standing == nil:
		err = s.Writer.Create(ctx, newSecret(name, owner, b))
	default:
		standing.Data = b
		err = s.Writer.Update(ctx, standing)
	}
	if apierrors.IsForbidden(err) {
		return &ForbiddenError{Namespace: name.Namespace, ServiceAccount: s.ServiceAccount}
	}
	if err != nil {
		return fmt.Errorf("write Secret %s: %w", name, err)
	}
	s.remember(name, owner.GetUID(), b)
	return nil
}

// Delete removes a Secret that was made for owner. Any other is left alone.
func (s *Store) Delete(ctx context.Context, name types.NamespacedName, owner Owner) error {
	s.Forget(name)
	standing, err := s.read(ctx, name)
	if err != nil || standing == nil || standing.Annotations[tenantryv1.OwnerUIDAnnotation] != string(owner.GetUID()) {
		return err
	}
	unchanged := client.Preconditions{UID: &standing.UID, ResourceVersion: &standing.ResourceVersion}
	if err := s.Writer.Delete(ctx, standing, unchanged); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete Secret %s: %w", name, err)
	}
	return nil
}

func newSecret(name types.NamespacedName, owner Owner, b Binding) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: name.Name, Namespace: name.Namespace,
			Labels:          owner.CredentialLabels(),
			Annotations:     map[string]string{tenantryv1.OwnerUIDAnnotation: string(owner.GetUID())},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, kindOf(owner))},
		},
		Type: corev1.SecretType("servicebinding.io/" + b.Type()),
		Data: b,
	}
}

// kindOf an owner. Objects read through a typed client carry no kind of their own.
func kindOf(owner Owner) schema.GroupVersionKind {
	if _, ok := owner.(*tenantryv1.Corpus); ok {
		return tenantryv1.GroupVersion.WithKind("Corpus")
	}
	return tenantryv1.GroupVersion.WithKind("Tenant")
}

func (s *Store) recall(name types.NamespacedName, uid types.UID) (Binding, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.seen[name]
	if !ok || r.uid != uid || s.Clock.Since(r.at) > s.MaxAge {
		return nil, false
	}
	return r.binding, true
}

// Known is what this process read or wrote there last, however long ago, nil where there was nothing. It asks nobody.
func (s *Store) Known(name types.NamespacedName, owner Owner) Binding {
	return s.last(name, owner.GetUID())
}

// Due is when a Secret has to be read again, the zero time where nothing is known of it.
func (s *Store) Due(name types.NamespacedName, owner Owner) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.seen[name]; ok && r.uid == owner.GetUID() {
		return r.at.Add(s.MaxAge)
	}
	return time.Time{}
}

// last is what was read there last, however long ago.
func (s *Store) last(name types.NamespacedName, uid types.UID) Binding {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.seen[name]; ok && r.uid == uid {
		return r.binding
	}
	return nil
}

func (s *Store) remember(name types.NamespacedName, uid types.UID, b Binding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[types.NamespacedName]remembered{}
	}
	s.seen[name] = remembered{binding: b, uid: uid, at: s.Clock.Now()}
	delete(s.refused, name)
}

// Forget drops what is known of a Secret, so that nothing of it comes back before it was read again.
func (s *Store) Forget(name types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, name)
	delete(s.refused, name)
}

// refusedSince notes that reading is forbidden, and returns since when it has been without a break.
func (s *Store) refusedSince(name types.NamespacedName) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == nil {
		s.refused = map[types.NamespacedName]time.Time{}
	}
	if _, ok := s.refused[name]; !ok {
		s.refused[name] = s.Clock.Now()
	}
	return s.refused[name]
}
