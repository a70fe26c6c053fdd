package identity

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tenantry/tenantry/hack/stack"
	"github.com/tenantry/tenantry/hack/stack/stacktest"
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	stacktest.Main(m)
}

// cluster is a real API server, and an Authenticator that may do nothing there but ask about tokens.
type cluster struct {
	*rig
	t     *testing.T
	cp    *stack.ControlPlane
	admin *kubernetes.Clientset
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, cp: stacktest.NewControlPlane(t, stack.ControlPlaneOptions{WithoutCRDs: true})}
	c.admin = kubernetes.NewForConfigOrDie(c.cp.Config)
	if _, err := c.admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "gateway"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "tokenreviewer"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "gateway"}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.admin.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "tokenreviewer"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"authentication.k8s.io"}, Resources: []string{"tokenreviews"}, Verbs: []string{"create"}}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	config, err := c.cp.AddUser("gateway")
	if err != nil {
		t.Fatal(err)
	}
	c.rig = &rig{plane: newPlane(), clock: clocktesting.NewFakeClock(time.Now())}
	c.Authenticator, err = New(Options{
		Directory: c.plane, Plane: plane, EndUsers: users{}, Clock: c.clock,
		Reviews: kubernetes.NewForConfigOrDie(config).AuthenticationV1().TokenReviews(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// account makes a ServiceAccount.
func (c *cluster) account(namespace, name string) {
	c.t.Helper()
	_, _ = c.admin.CoreV1().Namespaces().Create(c.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	sa := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := c.admin.CoreV1().ServiceAccounts(namespace).Create(c.t.Context(), sa, metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

// token is what the TokenRequest API issues for audiences.
func (c *cluster) token(namespace, name string, audiences ...string) string {
	c.t.Helper()
	r, err := c.admin.CoreV1().ServiceAccounts(namespace).CreateToken(c.t.Context(), name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{Audiences: audiences, ExpirationSeconds: ptr.To(int64(24 * 3600))},
	}, metav1.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return r.Status.Token
}

// await asks again and again, a minute later by the clock of the Authenticator each time.
func (c *cluster) await(want string, h Header) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		c.clock.Step(believed)
		got := c.outcomeOf(c.t, h)
		if got == want {
			return
		}
		select {
		case <-ctx.Done():
			c.t.Fatalf("%s, want %s", got, want)
		case <-tick.C:
		}
	}
}

func TestTokensOfARealCluster(t *testing.T) {
	c := newCluster(t)
	for _, name := range []string{"team/worker", "team/other", "product/api", "product/batch", "product/both"} {
		namespace, name, _ := strings.Cut(name, "/")
		c.account(namespace, name)
	}
	of := func(namespace, name string) string { return c.token(namespace, name, Audience) }
	worker := of("team", "worker")
	for name, tc := range map[string]struct {
		header header
		want   string
	}{
		"a tenant's":           {with(HeaderAPIKey, worker), "acme ServiceAccount"},
		"as bearer":            {with(HeaderAuthorization, "Bearer "+worker), "acme ServiceAccount"},
		"naming another":       {with(HeaderAPIKey, worker, HeaderTenant, "globex"), "PermissionDenied TenantDisagrees"},
		"among more audiences": {with(HeaderAPIKey, c.token("team", "worker", "other", Audience)), "acme ServiceAccount"},
		"for another audience": {with(HeaderAPIKey, c.token("team", "worker", "other")), "Unauthenticated InvalidToken"},
		"for the API server":   {with(HeaderAPIKey, c.token("team", "worker")), "Unauthenticated InvalidToken"},
		"of nobody":            {with(HeaderAPIKey, of("team", "other")), "Unauthenticated NotListed"},
		"two identities":       {with(HeaderAPIKey, of("product", "both")), "Unauthenticated NoTenant"},
		"an application":       {with(HeaderAPIKey, of("product", "batch"), HeaderTenant, "globex"), "globex Header"},
		"for an end user":      {with(HeaderAPIKey, of("product", "api"), HeaderEndUserToken, endUserToken("globex")), "globex EndUserToken"},
		"signature of another": {with(HeaderAPIKey, transplant(worker, of("team", "other"))), "Unauthenticated InvalidToken"},
		"nobody's signature":   {with(HeaderAPIKey, accountToken("team", "worker")), "Unauthenticated InvalidToken"},
	} {
		t.Run(name, func(t *testing.T) { c.expect(t, tc.want, tc.header) })
	}
}

// transplant is the first token with the signature of the second.
func transplant(token, from string) string {
	return token[:strings.LastIndex(token, ".")] + from[strings.LastIndex(from, "."):]
}

// TestADeletedServiceAccount is refused when the answer about it is a minute old, also where one of that name is made anew.
func TestADeletedServiceAccount(t *testing.T) {
	c := newCluster(t)
	c.account("team", "worker")
	h := with(HeaderAPIKey, c.token("team", "worker", Audience))
	c.expect(t, "acme ServiceAccount", h)
	if err := c.admin.CoreV1().ServiceAccounts("team").Delete(t.Context(), "worker", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	c.await("Unauthenticated InvalidToken", h) // the API server itself remembers an answer for ten seconds
	c.account("team", "worker")
	c.clock.Step(disbelieved)
	c.expect(t, "Unauthenticated InvalidToken", h)
	c.expect(t, "acme ServiceAccount", with(HeaderAPIKey, c.token("team", "worker", Audience)))
}

// TestTheAPIServerGoesAway: who was known goes on for ten minutes, gateway tokens do not depend on it at all.
func TestTheAPIServerGoesAway(t *testing.T) {
	c := newCluster(t)
	c.account("team", "worker")
	known, fresh := with(HeaderAPIKey, c.token("team", "worker", Audience)), with(HeaderAPIKey, c.token("team", "worker", Audience, "other"))
	c.expect(t, "acme ServiceAccount", known)
	c.cp.Stop()
	c.clock.Step(believedAlone - 1)
	c.expect(t, "acme ServiceAccount", known)
	c.expect(t, "Unavailable TokenReviewUnavailable", fresh)
	c.clock.Step(1)
	c.expect(t, "Unavailable TokenReviewUnavailable", known)
	c.clock.SetTime(epoch.Add(time.Hour))
	c.expect(t, "acme Token", with(HeaderAPIKey, mint(t)))
}
