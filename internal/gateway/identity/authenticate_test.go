package identity

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/gateway/directory"
	"github.com/tenantry/tenantry/internal/gateway/identity/enduser"
)

// endUserProblem is a token that the users of these tests refuse for a reason.
func endUserProblem(p enduser.Problem) string {
	return jwt(map[string]string{"iss": "https://id.example.com", "problem": string(p)})
}

func TestWhoIsLetIn(t *testing.T) {
	token, worker := mint(t), accountToken("team", "worker")
	api, batch := accountToken("product", "api"), accountToken("product", "batch")
	const (
		ambiguous = "Unauthenticated AmbiguousHeader"
		malformed = "Unauthenticated MalformedToken"
		disagrees = "PermissionDenied TenantDisagrees"
		unexpect  = "PermissionDenied UnexpectedEndUserToken"
		noTenant  = "Unauthenticated NoTenant"
	)
	for name, tc := range map[string]struct {
		header header
		want   string
	}{
		"nothing":                      {with(), "Unauthenticated NoCredential"},
		"only a tenant":                {with(HeaderTenant, "acme"), "Unauthenticated NoCredential"},
		"gateway token":                {with(HeaderAPIKey, token), "acme Token"},
		"bearer":                       {with(HeaderAuthorization, "Bearer "+token), "acme Token"},
		"bearer in lower case":         {with(HeaderAuthorization, "bearer "+token), "acme Token"},
		"both, the same":               {with(HeaderAPIKey, token, HeaderAuthorization, "Bearer "+token), "acme Token"},
		"repeated, the same":           {with(HeaderAPIKey, token, HeaderAPIKey, token), "acme Token"},
		"both, different":              {with(HeaderAPIKey, token, HeaderAuthorization, "Bearer "+worker), ambiguous},
		"repeated, different":          {with(HeaderAPIKey, token, HeaderAPIKey, worker), ambiguous},
		"repeated, different at last":  {with(HeaderAPIKey, token, HeaderAPIKey, token, HeaderAPIKey, worker), ambiguous},
		"repeated bearer, different":   {with(HeaderAuthorization, "Bearer "+token, HeaderAuthorization, "Bearer "+worker), ambiguous},
		"joined":                       {with(HeaderAPIKey, token+","+token), ambiguous},
		"joined bearer":                {with(HeaderAuthorization, "Bearer "+token+", Bearer "+token), ambiguous},
		"empty":                        {with(HeaderAPIKey, ""), ambiguous},
		"blank":                        {with(HeaderAPIKey, "  "), ambiguous},
		"empty beside a good one":      {with(HeaderAPIKey, "", HeaderAuthorization, "Bearer "+token), ambiguous},
		"good beside an empty one":     {with(HeaderAPIKey, token, HeaderAuthorization, ""), ambiguous},
		"good, then empty":             {with(HeaderAPIKey, token, HeaderAPIKey, ""), ambiguous},
		"basic":                        {with(HeaderAuthorization, "Basic "+token), malformed},
		"no scheme":                    {with(HeaderAuthorization, token), malformed},
		"scheme alone":                 {with(HeaderAuthorization, "Bearer "), malformed},
		"two spaces":                   {with(HeaderAuthorization, "Bearer  "+token), malformed},
		"basic beside a good one":      {with(HeaderAPIKey, token, HeaderAuthorization, "Basic eDp5"), malformed},
		"password":                     {with(HeaderAPIKey, "hunter2"), malformed},
		"spaces around":                {with(HeaderAPIKey, " "+token), malformed},
		"a null byte":                  {with(HeaderAPIKey, token+"\x00"), malformed},
		"beyond measure":               {with(HeaderAPIKey, token+strings.Repeat("a", maxToken)), malformed},
		"four parts":                   {with(HeaderAPIKey, token+".a"), malformed},
		"no signature":                 {with(HeaderAPIKey, token[:strings.LastIndex(token, ".")+1]), malformed},
		"cut short":                    {with(HeaderAPIKey, token[:len(token)-2]), "Unauthenticated InvalidToken"},
		"itself as tenant":             {with(HeaderAPIKey, token, HeaderTenant, "acme"), "acme Token"},
		"another as tenant":            {with(HeaderAPIKey, token, HeaderTenant, "globex"), disagrees},
		"itself in capitals":           {with(HeaderAPIKey, token, HeaderTenant, "ACME"), disagrees},
		"itself and another":           {with(HeaderAPIKey, token, HeaderTenant, "acme", HeaderTenant, "globex"), ambiguous},
		"an empty tenant":              {with(HeaderAPIKey, token, HeaderTenant, ""), ambiguous},
		"joined tenants":               {with(HeaderAPIKey, token, HeaderTenant, "acme,globex"), ambiguous},
		"gateway token with end user":  {with(HeaderAPIKey, token, HeaderEndUserToken, endUserToken("acme")), unexpect},
		"with an empty end user":       {with(HeaderAPIKey, token, HeaderEndUserToken, ""), unexpect},
		"ServiceAccount":               {with(HeaderAPIKey, worker), "acme ServiceAccount"},
		"ServiceAccount as bearer":     {with(HeaderAuthorization, "Bearer "+worker), "acme ServiceAccount"},
		"ServiceAccount as itself":     {with(HeaderAPIKey, worker, HeaderTenant, "acme"), "acme ServiceAccount"},
		"ServiceAccount as another":    {with(HeaderAPIKey, worker, HeaderTenant, "globex"), disagrees},
		"ServiceAccount with end user": {with(HeaderAPIKey, worker, HeaderEndUserToken, endUserToken("acme")), unexpect},
		"ServiceAccount of nobody":     {with(HeaderAPIKey, accountToken("team", "other")), "Unauthenticated NotListed"},
		"of nobody, with a tenant":     {with(HeaderAPIKey, accountToken("team", "other"), HeaderTenant, "acme"), "Unauthenticated NotListed"},
		"two identities":               {with(HeaderAPIKey, accountToken("product", "both"), HeaderTenant, "globex"), "globex Header"},
		"no ServiceAccount":            {with(HeaderAPIKey, accountToken("team", "worker:x")), "Unauthenticated NotListed"},
		"application by header":        {with(HeaderAPIKey, batch, HeaderTenant, "globex"), "globex Header"},
		"by header, without":           {with(HeaderAPIKey, batch), noTenant},
		"by header, two":               {with(HeaderAPIKey, batch, HeaderTenant, "acme", HeaderTenant, "globex"), ambiguous},
		"by header, no tenantID":       {with(HeaderAPIKey, batch, HeaderTenant, "../acme"), noTenant},
		"by header, unknown":           {with(HeaderAPIKey, batch, HeaderTenant, "initech"), "PermissionDenied Unknown"},
		"by header, with end user":     {with(HeaderAPIKey, batch, HeaderTenant, "acme", HeaderEndUserToken, endUserToken("acme")), unexpect},
		"application for end user":     {with(HeaderAPIKey, api, HeaderEndUserToken, endUserToken("globex")), "globex EndUserToken"},
		"for end user, agreeing":       {with(HeaderAPIKey, api, HeaderEndUserToken, endUserToken("acme"), HeaderTenant, "acme"), "acme EndUserToken"},
		"for end user, disagreeing":    {with(HeaderAPIKey, api, HeaderEndUserToken, endUserToken("acme"), HeaderTenant, "globex"), disagrees},
		"for end user, without":        {with(HeaderAPIKey, api), noTenant},
		"for end user, by header":      {with(HeaderAPIKey, api, HeaderTenant, "acme"), noTenant},
		"two end users": {with(HeaderAPIKey, api, HeaderEndUserToken, endUserToken("acme"), HeaderEndUserToken, endUserToken("globex")),
			ambiguous},
		"end user is no JWT":       {with(HeaderAPIKey, api, HeaderEndUserToken, "acme"), "Unauthenticated InvalidEndUserToken"},
		"end user of another":      {with(HeaderAPIKey, api, HeaderEndUserToken, jwt(map[string]string{"iss": "https://evil"})), "Unauthenticated InvalidEndUserToken"},
		"end user of no tenant":    {with(HeaderAPIKey, api, HeaderEndUserToken, endUserToken("")), noTenant},
		"end user of no tenantID":  {with(HeaderAPIKey, api, HeaderEndUserToken, endUserToken("acme/globex")), noTenant},
		"end user of unknown":      {with(HeaderAPIKey, api, HeaderEndUserToken, endUserToken("initech")), "PermissionDenied Unknown"},
		"end user, no tenant":      {with(HeaderAPIKey, api, HeaderEndUserToken, endUserProblem(enduser.NoTenant)), noTenant},
		"end user, no provider":    {with(HeaderAPIKey, api, HeaderEndUserToken, endUserProblem(enduser.Unavailable)), "Unavailable IssuerUnavailable"},
		"end user as credential":   {with(HeaderAPIKey, endUserToken("acme")), "Unauthenticated InvalidToken"},
		"a tenantFrom of tomorrow": {with(HeaderAPIKey, accountToken("product", "new"), HeaderTenant, "acme"), "PermissionDenied NotListed"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.expect(t, tc.want, tc.header)
			r.expect(t, tc.want, tc.header) // and again, from what is remembered
		})
	}
}

// TestTenantsThatAreNotServed: the directory's word counts on every way in, also for what is remembered.
func TestTenantsThatAreNotServed(t *testing.T) {
	ways := map[string]header{
		"token":    with(HeaderAPIKey, mint(t)),
		"account":  with(HeaderAPIKey, accountToken("team", "worker")),
		"header":   with(HeaderAPIKey, accountToken("product", "batch"), HeaderTenant, "acme"),
		"end user": with(HeaderAPIKey, accountToken("product", "api"), HeaderEndUserToken, endUserToken("acme")),
	}
	for problem, want := range map[directory.Problem]string{
		directory.Suspended: "PermissionDenied Suspended", directory.Deleted: "PermissionDenied Deleted",
		directory.Unknown: "PermissionDenied Unknown", directory.Ambiguous: "PermissionDenied Ambiguous",
		directory.NotVerified: "Unavailable NotVerified",
	} {
		for name, h := range ways {
			t.Run(string(problem)+" by "+name, func(t *testing.T) {
				r := newRig(t)
				if got := r.outcomeOf(t, h); !strings.HasPrefix(got, "acme ") {
					t.Fatal(got)
				}
				r.plane.problems["uid-acme"] = &directory.Error{Problem: problem, Message: "no"}
				r.expect(t, want, h)
				delete(r.plane.problems, "uid-acme")
				r.plane.err = &directory.Error{Problem: directory.Stale, Message: "stale"}
				r.expect(t, "Unavailable Stale", h)
			})
		}
	}
}

func TestGatewayTokens(t *testing.T) {
	claims := func(edit func(*credential.GatewayClaims)) header { return with(HeaderAPIKey, mint(t, edit)) }
	for name, tc := range map[string]struct {
		header header
		want   string
	}{
		"the other that counts": {claims(func(c *credential.GatewayClaims) { c.TokenID = tokenID('b') }), "acme Token"},
		"revoked":               {claims(func(c *credential.GatewayClaims) { c.TokenID = tokenID('c') }), "Unauthenticated RevokedToken"},
		"id of another tenant's token": {claims(func(c *credential.GatewayClaims) { c.TenantUID = "uid-globex" }),
			"Unauthenticated RevokedToken"},
		"another plane's":   {claims(func(c *credential.GatewayClaims) { c.Plane = "us-1" }), "Unauthenticated InvalidToken"},
		"an unknown tenant": {claims(func(c *credential.GatewayClaims) { c.TenantUID = "uid-initech" }), "PermissionDenied Unknown"},
		"expired": {claims(func(c *credential.GatewayClaims) {
			c.Issued, c.Expires = epoch.Add(-2*time.Second), epoch.Add(-time.Second)
		}), "Unauthenticated InvalidToken"},
		"nobody signed it": {with(HeaderAPIKey, jwt(map[string]any{
			"iss": gatewayIssuer, "aud": []string{Audience}, "sub": "uid-acme", "jti": tokenID('a'), "plane": plane,
			"iat": epoch.Unix(), "exp": epoch.Add(time.Hour).Unix(),
		})), "Unauthenticated InvalidToken"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.expect(t, tc.want, tc.header)
			r.expect(t, tc.want, tc.header)
			if n := r.server.asked.Load(); n != 0 {
				t.Errorf("the API server was asked %d times about a gateway token", n)
			}
		})
	}
}

// TestWhatEndsAGatewayToken while it is remembered.
func TestWhatEndsAGatewayToken(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(*rig)
		want string
	}{
		"its id is taken out": {func(r *rig) { r.plane.byUID["uid-acme"].TokenIDs = []string{tokenID('b')} }, "Unauthenticated RevokedToken"},
		"no id is left":       {func(r *rig) { r.plane.byUID["uid-acme"].TokenIDs = nil }, "Unauthenticated RevokedToken"},
		"its time":            {func(r *rig) { r.clock.Step(credential.GatewayTokenLifetime) }, "Unauthenticated InvalidToken"},
		"another key":         {func(r *rig) { r.plane.key = make([]byte, 32) }, "Unauthenticated InvalidToken"},
		"the tenant is gone":  {func(r *rig) { delete(r.plane.byUID, "uid-acme") }, "PermissionDenied Unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			r, h := newRig(t), with(HeaderAPIKey, mint(t))
			r.expect(t, "acme Token", h)
			tc.end(r)
			r.expect(t, tc.want, h)
		})
	}
}

func TestOptions(t *testing.T) {
	good := Options{Directory: newPlane(), Plane: plane, Reviews: &server{}}
	for name, edit := range map[string]func(*Options){
		"no directory": func(o *Options) { o.Directory = nil }, "no plane": func(o *Options) { o.Plane = "" },
		"nobody to ask": func(o *Options) { o.Reviews = nil },
	} {
		o := good
		edit(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	good.HTTP = &http.Client{Transport: nowhere{}}
	a, err := New(good)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Authenticator: a}
	h := with(HeaderAPIKey, jwt(map[string]any{"aud": Audience, "exp": time.Now().Add(time.Hour).Unix(), "sub": "system:serviceaccount:product:api"}),
		HeaderEndUserToken, endUserToken("acme"))
	r.expect(t, "Unavailable IssuerUnavailable", h) // by default, the provider is asked; it does not exist
}

// nowhere is a network without anybody.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to host")
}

// TestOIDCTakenOut: the DataPlane no longer says whose end users count.
func TestOIDCTakenOut(t *testing.T) {
	r, h := newRig(t), with(HeaderAPIKey, accountToken("product", "api"), HeaderEndUserToken, endUserToken("acme"))
	r.expect(t, "acme EndUserToken", h)
	r.plane.oidc = directory.OIDC{}
	r.expect(t, "Unavailable NoMaterial", h)
}
