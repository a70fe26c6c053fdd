package gateway

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/credential"
)

// standing reads the plane's Secret, nil where none exists.
func (r *Reconciler) standing(ctx context.Context, plane string) (*corev1.Secret, error) {
	var s corev1.Secret
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: r.Namespace, Name: credential.GatewayMaterialName(plane)}, &s)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the Secret of the gateway: %w", err)
	}
	return &s, nil
}

// ours says whether Tenantry made a Secret for a gateway. The type cannot be changed after a Secret was made.
func ours(s *corev1.Secret) bool {
	return s.Type == credential.GatewayMaterialType && s.Labels[tenantryv1.ManagedByLabel] == tenantryv1.ManagedByValue
}

// usable says that a Secret is as we leave one: for this DataPlane, and without the label with which a DataPlane could refer
// to it.
func usable(s *corev1.Secret, dp *tenantryv1.DataPlane) bool {
	if s == nil {
		return false
	}
	_, labelled := s.Labels[tenantryv1.DataPlaneLabel]
	return !labelled && s.Annotations[tenantryv1.OwnerUIDAnnotation] == string(dp.UID)
}

// put writes the material, over a Secret of ours or into a new one.
func (r *Reconciler) put(ctx context.Context, s *corev1.Secret, dp *tenantryv1.DataPlane, m credential.GatewayMaterial) error {
	data, err := m.Data()
	if err != nil {
		return fmt.Errorf("material of the gateway: %w", err)
	}
	if s == nil {
		if err := r.Client.Create(ctx, r.mark(&corev1.Secret{Type: credential.GatewayMaterialType, Data: data}, dp)); err != nil {
			return fmt.Errorf("create the Secret of the gateway: %w", err)
		}
		return nil
	}
	next := r.mark(s.DeepCopy(), dp)
	next.Data = data
	if err := r.Client.Update(ctx, next); err != nil { // with the resource version that was read
		return fmt.Errorf("update the Secret of the gateway: %w", err)
	}
	return nil
}

func (r *Reconciler) mark(s *corev1.Secret, dp *tenantryv1.DataPlane) *corev1.Secret {
	s.Name, s.Namespace = credential.GatewayMaterialName(dp.Name), r.Namespace
	metav1.SetMetaDataLabel(&s.ObjectMeta, tenantryv1.ManagedByLabel, tenantryv1.ManagedByValue)
	metav1.SetMetaDataAnnotation(&s.ObjectMeta, tenantryv1.OwnerUIDAnnotation, string(dp.UID))
	delete(s.Labels, tenantryv1.DataPlaneLabel)
	s.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: tenantryv1.GroupVersion.String(), Kind: "DataPlane", Name: dp.Name, UID: dp.UID,
	}}
	return s
}

// remove deletes the plane's Secret if it is ours.
func (r *Reconciler) remove(ctx context.Context, plane string) error {
	s, err := r.standing(ctx, plane)
	if err != nil || s == nil || !ours(s) {
		return err
	}
	unchanged := client.Preconditions{UID: &s.UID, ResourceVersion: &s.ResourceVersion}
	if err := r.Client.Delete(ctx, s, unchanged); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete the Secret of the gateway: %w", err)
	}
	return nil
}
