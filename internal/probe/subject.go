package probe

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/boundary"
	"github.com/tenantry/tenantry/internal/boundary/trial"
	"github.com/tenantry/tenantry/internal/boundary/vector"
	"github.com/tenantry/tenantry/internal/controller/condition"
	"github.com/tenantry/tenantry/internal/controller/desired"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/plane/connect"
)

// subject is one tenant with what it has in hand.
type subject struct {
	tenant boundary.Tenant
	// unfit are the layers whose Secret holds what is not the tenant's own credential: it is presented to no server.
	unfit map[boundary.Layer]bool
	// before are the crossings that status shows.
	before []trial.Attempt
	// whole: something of it is open or wavers, so that everything is tried at once.
	whole bool
	// gateway token of its Secret; "" for none.
	gateway boundary.Secret
	// logical are the collections that it may name at the gateway; served those that must be there.
	logical, served []string
}

// ripe says whether a Tenant can be probed: its whole boundary was verified once, or every way in was verified closed. Before
// that an attempt that gets through says nothing.
func ripe(t *tenantryv1.Tenant) bool {
	if !t.DeletionTimestamp.IsZero() || t.Spec.Mode == tenantryv1.ModePlan && t.Status.AppliedHash == "" {
		return false
	}
	if t.Spec.Access == tenantryv1.AccessSuspended {
		ready := condition.Get(t, tenantryv1.ConditionReady)
		return ready != nil && ready.ObservedGeneration == t.Generation && (ready.Reason == tenantryv1.ReasonSuspended || failedBefore(t))
	}
	return t.Status.AppliedHash != "" && t.Status.TenantID == t.EffectiveTenantID()
}

// failedBefore says that status shows a crossing, which must be looked at again whatever else is wrong.
func failedBefore(t *tenantryv1.Tenant) bool {
	return t.Status.Probe != nil && t.Status.Probe.Failed > 0
}

// gather reads what a Tenant has in hand. Secrets that may not be read, or are not there, leave their layer without a
// credential, and so without a probe: the Tenant's conditions say so already.
func (r *Runner) gather(ctx context.Context, t *tenantryv1.Tenant, p *connect.Plane) (subject, error) {
	corpora, references, err := r.corpora(ctx, t)
	if err != nil {
		return subject{}, err
	}
	s := subject{tenant: desired.Tenant(t, corpora, references), unfit: map[boundary.Layer]bool{}, before: crossedBefore(t)}
	if err := r.credentials(ctx, t, p, &s); err != nil {
		return subject{}, err
	}
	if t.Status.GatewaySecretName == "" || len(t.Status.GatewayTokenIDs) == 0 {
		return s, nil
	}
	b, err := r.Secrets.Get(ctx, types.NamespacedName{Namespace: t.Status.CredentialsNamespace, Name: t.Status.GatewaySecretName}, t)
	if credential.Reason(err) == "" && err != nil {
		return subject{}, err
	}
	s.gateway = b.Secret()
	s.logical, s.served = referenceNames(s.tenant.References, references), nil
	for i := range corpora {
		c := &corpora[i]
		s.logical = append(s.logical, c.Name)
		if desired.OwnsCorpus(t, c) && desired.Available(c) {
			s.served = append(s.served, c.Name)
		}
	}
	return s, nil
}

// credentials takes from the Secrets what is the tenant's own.
func (r *Runner) credentials(ctx context.Context, t *tenantryv1.Tenant, p *connect.Plane, s *subject) error {
	s.tenant.Credentials = map[boundary.Layer]boundary.Credential{}
	for _, c := range t.Status.Credentials {
		b, err := r.Secrets.Get(ctx, types.NamespacedName{Namespace: t.Status.CredentialsNamespace, Name: c.SecretName}, t)
		if credential.Reason(err) != "" || err == nil && b == nil {
			continue
		} else if err != nil {
			return err
		}
		layer := boundary.Layer(c.Layer)
		if issued, ok := p.Accept(s.tenant, layer, b.Username(), b.Secret(), r.Clock.Now()); ok {
			s.tenant.Credentials[layer] = issued
		} else if layer != boundary.Vector || len(vector.AccessList(s.tenant)) > 0 {
			s.unfit[layer] = true
		}
	}
	return nil
}

// crossedBefore reads back the crossings that status shows.
func crossedBefore(t *tenantryv1.Tenant) []trial.Attempt {
	var out []trial.Attempt
	for _, f := range t.Status.Findings {
		if a, ok := trial.Recall(boundary.Finding{
			Layer: boundary.Layer(f.Layer), Tenant: t.EffectiveTenantID(), Object: f.Object, Severity: boundary.Severity(f.Severity), Message: f.Message,
		}); ok {
			out = append(out, a)
		}
	}
	return out
}

func (r *Runner) corpora(ctx context.Context, t *tenantryv1.Tenant) (own, references []tenantryv1.Corpus, err error) {
	var corpora, shared tenantryv1.CorpusList
	if err := r.Client.List(ctx, &corpora, client.MatchingFields{r.IndexTenant: t.Name}); err != nil {
		return nil, nil, fmt.Errorf("list Corpora: %w", err)
	}
	if err := r.Client.List(ctx, &shared, client.MatchingFields{r.IndexDataPlane: t.Spec.DataPlane}); err != nil {
		return nil, nil, fmt.Errorf("list reference Corpora: %w", err)
	}
	return corpora.Items, shared.Items, nil
}

// other is a tenant as somebody whom the subject must not reach: its names, without a credential.
func (r *Runner) other(ctx context.Context, t *tenantryv1.Tenant) (boundary.Tenant, error) {
	corpora, references, err := r.corpora(ctx, t)
	return desired.Tenant(t, corpora, references), err
}
