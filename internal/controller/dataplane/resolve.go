package dataplane

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

const defaultInterval = 15 * time.Second

// resolver turns a DataPlane into settings by reading the Secrets it refers to. Only Secrets in the operator's namespace
// that carry the plane's label are read: otherwise the author of a DataPlane could send any Secret to an address of his.
type resolver struct {
	client    client.Reader
	namespace string
	dp        *tenantryv1.DataPlane
	out       connect.Settings
}

func (r *resolver) resolve(ctx context.Context, installation string, keys credential.PlaneKeys) connect.Settings {
	fingerprint := ""
	if !keys.Empty() {
		fingerprint = keys.Fingerprint()
	}
	r.out = connect.Settings{
		Name: r.dp.Name, Keys: keys, IDFormat: idFormat(r.dp), Interval: interval(r.dp),
		Marker: boundary.Marker{
			Plane: r.dp.Name, Installation: installation, SchemaVersion: boundary.SchemaVersion, KeyFingerprint: fingerprint,
		},
		TLS:    map[boundary.Layer]string{},
		Faults: map[boundary.Layer]error{},
	}
	for layer, f := range map[boundary.Layer]func(context.Context) error{
		boundary.Vector: r.qdrant, boundary.Rows: r.postgres, boundary.Cache: r.redis,
	} {
		if err := f(ctx); err != nil {
			r.out.Faults[layer] = err
		}
	}
	return r.out
}

func idFormat(dp *tenantryv1.DataPlane) string {
	if dp.Spec.TenantIDFormat == "" {
		return string(tenantryv1.TenantIDText)
	}
	return string(dp.Spec.TenantIDFormat)
}

func interval(dp *tenantryv1.DataPlane) time.Duration {
	if dp.Spec.Audit == nil || dp.Spec.Audit.IntervalSeconds == 0 {
		return defaultInterval
	}
	return time.Duration(dp.Spec.Audit.IntervalSeconds) * time.Second
}

// Causes of a Secret that cannot be used; the words are those of the API's reasons.
const (
	secretNotFound    = plane.Cause(tenantryv1.ReasonSecretNotFound)
	secretNotLabelled = plane.Cause(tenantryv1.ReasonSecretNotLabelled)
	secretInvalid     = plane.Cause(tenantryv1.ReasonSecretInvalid)
)

// secret reads a Secret that the plane may use, or says why it may not.
func (r *resolver) secret(ctx context.Context, name string) (*corev1.Secret, error) {
	var s corev1.Secret
	err := r.client.Get(ctx, types.NamespacedName{Namespace: r.namespace, Name: name}, &s)
	if apierrors.IsNotFound(err) {
		return nil, plane.Faultf(secretNotFound, err, "Secret %s/%s does not exist; create it with the label %s=%s",
			r.namespace, name, tenantryv1.DataPlaneLabel, r.dp.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %s/%s: %w", r.namespace, name, err)
	}
	if s.Labels[tenantryv1.DataPlaneLabel] != r.dp.Name {
		return nil, plane.Faultf(secretNotLabelled, nil, "Secret %s/%s is not meant for this DataPlane; if it is, label it: "+
			"kubectl -n %s label secret %s %s=%s", r.namespace, name, r.namespace, name, tenantryv1.DataPlaneLabel, r.dp.Name)
	}
	return &s, nil
}

func (r *resolver) value(ctx context.Context, ref tenantryv1.SecretKeyReference) (boundary.Secret, error) {
	s, err := r.secret(ctx, ref.Name)
	if err != nil {
		return "", err
	}
	v, ok := s.Data[ref.Key]
	if !ok || len(v) == 0 {
		return "", plane.Faultf(secretInvalid, nil, "Secret %s/%s has no key %q, or it is empty", r.namespace, ref.Name, ref.Key)
	}
	return boundary.Secret(v), nil
}

// tls returns the client settings for a layer, nil for plain text, and notes what they are.
func (r *resolver) tls(ctx context.Context, layer boundary.Layer, spec *tenantryv1.TLSSpec) (*tls.Config, error) {
	mode := tenantryv1.TLSSystem
	if spec != nil {
		mode = spec.Mode
	}
	r.out.TLS[layer] = string(mode)
	switch mode {
	case tenantryv1.TLSDisabled:
		return nil, nil
	case tenantryv1.TLSCA:
		return r.privateCA(ctx, layer, *spec.CASecretRef)
	case tenantryv1.TLSSystem:
	}
	return &tls.Config{MinVersion: tls.VersionTLS12}, nil
}

func (r *resolver) privateCA(ctx context.Context, layer boundary.Layer, ref tenantryv1.SecretKeyReference) (*tls.Config, error) {
	pem, err := r.value(ctx, ref)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(pem.Reveal())) {
		return nil, plane.Faultf(secretInvalid, nil, "key %q of Secret %s/%s holds no PEM certificate", ref.Key, r.namespace, ref.Name)
	}
	sum := sha256.Sum256([]byte(pem.Reveal()))
	r.out.TLS[layer] = "CA " + hex.EncodeToString(sum[:])
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}
