package gateway

import (
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
)

// action of every Event of this package.
const action = "Reconcile"

// warn emits an Event on the DataPlane if it says something new. Its conditions belong to the DataPlane's own reconciler:
// two writers of one list would take each other's away.
func (r *Reconciler) warn(dp *tenantryv1.DataPlane, reason, message string) {
	if r.problems.news(dp.Name, message) {
		r.Recorder.Eventf(dp, nil, corev1.EventTypeWarning, reason, action, "Gateway: %s", message)
	}
}

func (r *Reconciler) warnLeftOut(dp *tenantryv1.DataPlane, leftOut int) {
	message := ""
	if leftOut > 0 {
		message = fmt.Sprintf("%d sets of collections have no token for the gateway, because all together do not fit into one Secret; "+
			"requests over several collections are refused to the tenants with the most. Give those fewer Dedicated corpora, or use a "+
			"second DataPlane", leftOut)
	}
	r.warn(dp, tenantryv1.ReasonQuotaExceeded, message)
}

// problems remembers what was last said about each plane: an Event tells news, not the same thing at every look.
type problems struct {
	mu   sync.Mutex
	said map[string]string
}

// news records what is wrong with a plane, "" for nothing, and says whether that is something else than before.
func (p *problems) news(plane, message string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said == nil {
		p.said = map[string]string{}
	}
	changed := p.said[plane] != message
	p.said[plane] = message
	return changed && message != ""
}

func (p *problems) forget(plane string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.said, plane)
}
