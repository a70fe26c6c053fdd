package dataplane

import (
	"context"
	"errors"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane"
)

// keys reads the plane's keys. The error says why there are none.
func (r *Reconciler) keys(ctx context.Context, res *resolver) (credential.PlaneKeys, error) {
	s, err := res.secret(ctx, res.dp.Spec.KeysSecretRef.Name)
	if err != nil {
		return credential.PlaneKeys{}, err
	}
	keys, err := credential.ParsePlaneKeys(s.Data)
	if err != nil {
		return credential.PlaneKeys{}, plane.Faultf(secretInvalid, err, "Secret %s/%s: %v", r.Namespace, s.Name, err)
	}
	return keys, nil
}

func (r *Reconciler) makeKeys(ctx context.Context, dp *tenantryv1.DataPlane) (credential.PlaneKeys, error) {
	keys := credential.NewPlaneKeys()
	return keys, r.createSecret(ctx, dp, dp.Spec.KeysSecretRef.Name, keys.Data())
}

// neverClaimed says that keys may be made: at least one server answers, and none of those carries a marker. Keys that are
// lost after that are never remade, for the ids in shared collections could no longer be read.
func neverClaimed(looks []*look, dp *tenantryv1.DataPlane) bool {
	answered := false
	for _, l := range looks {
		if l.desc.Marker != nil || claimedBefore(dp, l.layer.Name) {
			return false
		}
		answered = answered || l.err == nil
	}
	return answered
}

func claimedBefore(dp *tenantryv1.DataPlane, layer boundary.Layer) bool {
	for _, s := range dp.Status.Servers {
		if string(s.Layer) == string(layer) {
			return s.Claimed == tenantryv1.Enabled
		}
	}
	return false
}

// refuseKeys marks every server as not to be used: without the keys nothing can be named or mapped as it was. A server that
// belongs to somebody else says so first: its keys are none of ours.
func refuseKeys(looks []*look, ours boundary.Marker, err error) {
	if plane.CauseOf(err) == secretNotFound {
		err = plane.Faultf(keyMismatch, err, "the plane was claimed with keys that are gone: %s, with the contents it had", err)
	}
	for _, l := range looks {
		if l.err != nil {
			continue
		}
		l.err = err
		if m := l.desc.Marker; m != nil {
			ours.KeyFingerprint = m.KeyFingerprint
			if problem, message := m.Check(ours); problem != "" {
				l.err = plane.Faultf(plane.Cause(problem), nil, "%s", message)
			}
		}
	}
}

// unwrap returns what a fault wraps, or the error itself.
func unwrap(err error) error {
	if f, ok := errors.AsType[*plane.Fault](err); ok && f.Err != nil {
		return f.Err
	}
	return err
}

const (
	keyMismatch   = plane.Cause(tenantryv1.ReasonKeyMismatch)
	markerMissing = plane.Cause(tenantryv1.ReasonMarkerMissing)
)
