package identity

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	tenantryv1 "github.com/tenantry/tenantry/api/v1alpha1"
	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/gateway/directory"
	"github.com/tenantry/tenantry/internal/gateway/identity/enduser"
)

const plane = "eu-1"

var (
	epoch = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	seed  = bytes.Repeat([]byte{7}, ed25519.SeedSize)
)

// header is a Header of plain values.
type header map[string][]string

func (h header) Values(key string) []string { return h[key] }

// with adds headers, alternately names and values.
func with(pairs ...string) header {
	h := header{}
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = append(h[pairs[i]], pairs[i+1])
	}
	return h
}

// plane1 is a Directory with what a test puts into it.
type plane1 struct {
	byUID, byID  map[string]*directory.Tenant
	byAccount    map[string]*directory.Tenant
	applications map[string]tenantryv1.TenantFrom
	oidc         directory.OIDC
	key          ed25519.PublicKey
	problems     map[string]*directory.Error // by uid or tenantID
	err          *directory.Error            // of every lookup
}

func newPlane() *plane1 {
	acme := &directory.Tenant{UID: "uid-acme", ID: "acme", Name: "acme", TokenIDs: []string{tokenID('a'), tokenID('b')}}
	globex := &directory.Tenant{UID: "uid-globex", ID: "globex", Name: "globex"}
	return &plane1{
		byUID: map[string]*directory.Tenant{acme.UID: acme, globex.UID: globex},
		byID:  map[string]*directory.Tenant{acme.ID: acme, globex.ID: globex},
		byAccount: map[string]*directory.Tenant{
			"team/worker": acme, "product/both": acme,
		},
		applications: map[string]tenantryv1.TenantFrom{
			"product/api": tenantryv1.TenantFromEndUserToken, "product/batch": tenantryv1.TenantFromHeader,
			"product/both": tenantryv1.TenantFromHeader, "product/new": "Cookie",
		},
		oidc:     directory.OIDC{IssuerURL: "https://id.example.com", Audience: "product", TenantClaim: "tenant_id"},
		key:      ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey),
		problems: map[string]*directory.Error{},
	}
}

func (p *plane1) find(from map[string]*directory.Tenant, key string) (*directory.Tenant, error) {
	switch t, ok := from[key]; {
	case p.err != nil:
		return nil, p.err
	case !ok:
		return nil, &directory.Error{Problem: directory.Unknown, Message: "no such tenant"}
	case p.problems[t.UID] != nil:
		return nil, p.problems[t.UID]
	default:
		return t, nil
	}
}

func (p *plane1) Tenant(uid string) (*directory.Tenant, error) { return p.find(p.byUID, uid) }

func (p *plane1) ByTenantID(id string) (*directory.Tenant, error) { return p.find(p.byID, id) }

func (p *plane1) ByServiceAccount(namespace, name string) (*directory.Tenant, bool, error) {
	_, ok := p.byAccount[namespace+"/"+name]
	if !ok && p.err == nil {
		return nil, false, nil
	}
	t, err := p.find(p.byAccount, namespace+"/"+name)
	return t, ok, err
}

func (p *plane1) Application(namespace, name string) (directory.Application, bool) {
	from, ok := p.applications[namespace+"/"+name]
	return directory.Application{Namespace: namespace, ServiceAccount: name, TenantFrom: from}, ok
}

func (p *plane1) OIDC() (directory.OIDC, bool) { return p.oidc, p.oidc.IssuerURL != "" }

func (p *plane1) VerifyKey() (ed25519.PublicKey, error) {
	if p.err != nil {
		return nil, p.err
	}
	return p.key, nil
}

// tokenID is 32 times the same hex digit.
func tokenID(c byte) string { return strings.Repeat(string(c), 32) }

// mint makes a gateway token of acme.
func mint(t testing.TB, edit ...func(*credential.GatewayClaims)) string {
	t.Helper()
	c := credential.GatewayClaims{
		TokenID: tokenID('a'), TenantUID: "uid-acme", Plane: plane, Issued: epoch, Expires: epoch.Add(credential.GatewayTokenLifetime),
	}
	for _, f := range edit {
		f(&c)
	}
	token, err := credential.MintGatewayToken(seed, c)
	if err != nil {
		t.Fatal(err)
	}
	return token.Reveal()
}

// jwt is a token that nobody signed.
func jwt(claims any) string {
	body, _ := json.Marshal(claims)
	return "eyJhbGciOiJSUzI1NiJ9." + base64.RawURLEncoding.EncodeToString(body) + ".c2lnbmF0dXJl"
}

// accountToken looks like a ServiceAccount token that lives for an hour. server says what is thought of it.
func accountToken(namespace, name string) string {
	return jwt(map[string]any{
		"iss": "https://kubernetes.default.svc", "aud": []string{Audience}, "exp": epoch.Add(time.Hour).Unix(),
		"sub": "system:serviceaccount:" + namespace + ":" + name,
	})
}

// server stands for an API server that believes every token's sub.
type server struct {
	asked   atomic.Int32
	away    atomic.Bool
	revoke  atomic.Bool
	hold    chan struct{} // if not nil, an answer waits for it, and each question is announced in arrived
	arrived chan struct{}
}

func (s *server) Create(
	ctx context.Context, r *authenticationv1.TokenReview, _ metav1.CreateOptions,
) (*authenticationv1.TokenReview, error) {
	s.asked.Add(1)
	if s.hold != nil {
		s.arrived <- struct{}{}
		select {
		case <-s.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.away.Load() {
		return nil, errors.New("connection refused")
	}
	if len(r.Spec.Audiences) != 1 || r.Spec.Audiences[0] != Audience {
		return nil, fmt.Errorf("asked for audiences %q", r.Spec.Audiences)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(r.Spec.Token, ".")[1])
	var claims struct {
		Subject string `json:"sub"`
	}
	_ = json.Unmarshal(raw, &claims)
	r.Status = authenticationv1.TokenReviewStatus{
		Authenticated: !s.revoke.Load() && claims.Subject != "", Audiences: []string{Audience}, User: authenticationv1.UserInfo{Username: claims.Subject},
	}
	return r, nil
}

// holdAnswers until the returned function is called.
func (s *server) holdAnswers() (release func()) {
	s.hold, s.arrived = make(chan struct{}), make(chan struct{}, 1000)
	return func() { close(s.hold) }
}

// users believes the claim that an end user's token holds.
type users struct{}

func (users) TenantID(_ context.Context, c directory.OIDC, token string) (string, error) {
	raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	var claims map[string]string
	if json.Unmarshal(raw, &claims) != nil || claims["iss"] != c.IssuerURL {
		return "", &enduser.Error{Problem: enduser.Invalid, Message: "not valid"}
	}
	if problem := claims["problem"]; problem != "" {
		return "", &enduser.Error{Problem: enduser.Problem(problem), Message: "as asked"}
	}
	return claims[c.TenantClaim], nil
}

func endUserToken(id string) string {
	return jwt(map[string]string{"iss": "https://id.example.com", "tenant_id": id})
}

// rig is an Authenticator with what it asks.
type rig struct {
	*Authenticator
	plane  *plane1
	server *server
	clock  *clocktesting.FakeClock
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{plane: newPlane(), server: &server{}, clock: clocktesting.NewFakeClock(epoch)}
	var err error
	r.Authenticator, err = New(Options{Directory: r.plane, Plane: plane, Reviews: r.server, EndUsers: users{}, Clock: r.clock})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// outcomeOf is "tenant via" or "Code Reason".
func (r *rig) outcomeOf(t testing.TB, h Header) string {
	t.Helper()
	c, err := r.Authenticate(t.Context(), h)
	if err == nil {
		return c.Tenant.ID + " " + c.Via
	}
	var refused *Refused
	if !errors.As(err, &refused) || c != nil {
		t.Fatalf("%v, %v: not a *Refused alone", c, err)
	}
	for _, token := range append(h.Values(HeaderAPIKey), h.Values(HeaderEndUserToken)...) {
		for _, part := range strings.Split(token, ".") {
			if len(part) > 8 && strings.Contains(refused.Message, part) {
				t.Errorf("the message repeats a part of the token: %s", refused.Message)
			}
		}
	}
	if refused.Message == "" || refused.GRPCStatus().Code() != refused.Code || refused.Code == codes.OK {
		t.Errorf("%+v says too little", refused)
	}
	return refused.Code.String() + " " + refused.Reason
}

func (r *rig) expect(t testing.TB, want string, h Header) {
	t.Helper()
	if got := r.outcomeOf(t, h); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
