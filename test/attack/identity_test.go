package attack_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/metadata"

	"github.com/tenantry/tenantry/internal/credential"
	"github.com/tenantry/tenantry/internal/gateway/identity"
	"github.com/tenantry/tenantry/test/attack/world"
)

func jwtPart(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// forged makes a JWT: signed with HMAC under a key, or not at all.
func forged(header, claims map[string]any, key []byte) string {
	head := jwtPart(header) + "." + jwtPart(claims)
	if key == nil {
		return head + "."
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(head))
	return head + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// impostors are credentials of nobody, or not of the victim.
func (s *stage) impostors(t *testing.T) map[string][]string {
	t.Helper()
	edit := func(change func(*credential.GatewayClaims)) string {
		c := world.Claims(victim)
		change(&c)
		return s.Mint(t, c)
	}
	claims := map[string]any{
		"iss": "tenantry", "aud": []string{"tenantry-gateway"}, "sub": world.UID(victim), "jti": world.Claims(victim).TokenID, "plane": world.Plane,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	genuine := s.Token(t, mallory)
	parts := strings.Split(genuine, ".")
	victimBody := jwtPart(claims)
	key := "api-key"
	_, otherKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := credential.MintGatewayToken(otherKey.Seed(), world.Claims(victim))
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]string{
		"nothing":                         nil,
		"the server's own key":            {key, world.APIKey},
		"an empty key":                    {key, ""},
		"a token without access (F12)":    {key, forged(map[string]any{"alg": "HS256", "typ": "JWT"}, map[string]any{"exp": time.Now().Add(time.Hour).Unix()}, []byte(world.APIKey))},
		"alg none":                        {key, forged(map[string]any{"alg": "none"}, claims, nil)},
		"alg HS256 under the public key":  {key, forged(map[string]any{"alg": "HS256"}, claims, otherKey.Public().(ed25519.PublicKey))},
		"signed by another":               {key, foreign.Reveal()},
		"my signature, the victim's body": {key, parts[0] + "." + victimBody + "." + parts[2]},
		"of another plane":                {key, edit(func(c *credential.GatewayClaims) { c.Plane = "us-1" })},
		"of another plane, another case":  {key, edit(func(c *credential.GatewayClaims) { c.Plane = "EU-1" })},
		"expired": {key, edit(func(c *credential.GatewayClaims) {
			c.Issued, c.Expires = time.Now().Add(-40*24*time.Hour), time.Now().Add(-10*24*time.Hour)
		})},
		"revoked":                                 {key, edit(func(c *credential.GatewayClaims) { c.TokenID = strings.Repeat("0", 32) })},
		"of a tenant that is not":                 {key, edit(func(c *credential.GatewayClaims) { c.TenantUID = world.UID("nobody") })},
		"of a suspended tenant":                   {key, s.Token(t, frozen)},
		"mine as mallory's other me":              {key, edit(func(c *credential.GatewayClaims) { c.TokenID = world.Claims(mallory).TokenID })},
		"two that differ":                         {key, genuine, "authorization", "Bearer " + s.Token(t, victim)},
		"two keys":                                {key, genuine, key, s.Token(t, victim)},
		"two keys in one":                         {key, genuine + "," + s.Token(t, victim)},
		"basic":                                   {"authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("victim:x"))},
		"bearer of nothing":                       {"authorization", "Bearer "},
		"mine, for the victim":                    {key, genuine, identity.HeaderTenant, victim},
		"mine, for both":                          {key, genuine, identity.HeaderTenant, mallory, identity.HeaderTenant, victim},
		"mine, for a list":                        {key, genuine, identity.HeaderTenant, mallory + "," + victim},
		"mine, for an empty tenant":               {key, genuine, identity.HeaderTenant, ""},
		"mine, in another case":                   {key, genuine, identity.HeaderTenant, strings.ToUpper(victim)},
		"mine and an end user's":                  {key, genuine, identity.HeaderEndUserToken, forged(map[string]any{"alg": "none"}, map[string]any{"tenant": victim}, nil)},
		"mine and an empty end user":              {key, genuine, identity.HeaderEndUserToken, ""},
		"a service account of nobody":             {key, s.AccountToken(world.Stranger), identity.HeaderTenant, victim},
		"my service account, for the victim":      {key, s.AccountToken(world.AccountOf(mallory)), identity.HeaderTenant, victim},
		"a suspended tenant's service account":    {key, s.AccountToken(world.AccountOf(frozen))},
		"an application for nobody":               {key, s.AccountToken(world.HeaderApp)},
		"an application for two":                  {key, s.AccountToken(world.HeaderApp), identity.HeaderTenant, victim, identity.HeaderTenant, mallory},
		"an application for a suspended one":      {key, s.AccountToken(world.HeaderApp), identity.HeaderTenant, frozen},
		"an application for a look-alike":         {key, s.AccountToken(world.HeaderApp), identity.HeaderTenant, "vict\u0131m-7f3a"},
		"an application with an end user too":     {key, s.AccountToken(world.HeaderApp), identity.HeaderTenant, victim, identity.HeaderEndUserToken, "x.y.z"},
		"an application for end users, by header": {key, s.AccountToken(world.EndUserApp), identity.HeaderTenant, victim},
		"an application for end users, forged": {key, s.AccountToken(world.EndUserApp), identity.HeaderEndUserToken,
			forged(map[string]any{"alg": "none"}, map[string]any{"tenant": victim, "exp": time.Now().Add(time.Hour).Unix()}, nil)},
	}
}

// TestNobodyIsTheVictim: with none of these credentials is anything read, over either protocol.
func TestNobodyIsTheVictim(t *testing.T) {
	const family = "identity"
	a := newArena(t)
	for what, pairs := range a.full.impostors(t) {
		a.full.Sim.ResetCalls()
		ctx, header := t.Context(), http.Header{}
		for i := 0; i+1 < len(pairs); i += 2 {
			ctx = metadata.AppendToOutgoingContext(ctx, pairs[i], pairs[i+1])
			header.Add(pairs[i], pairs[i+1])
		}
		scroll := attempt{family: family, name: what, method: pointsRPC + "Scroll",
			message: &pb.ScrollPoints{CollectionName: docs, WithPayload: pb.NewWithPayload(true)}}
		for by, told := range map[way]answer{
			byGateway: invoke(ctx, a.full.Raw, scroll),
			byREST:    a.full.anonymous(t, header),
		} {
			a.showsNothing(t, by, scroll, told)
			if !told.refused {
				t.Errorf("%s by %s: %s", what, by, show(told))
			}
			for i := 1; i < len(pairs); i += 2 {
				if len(pairs[i]) > 20 && strings.Contains(told.text, pairs[i]) {
					t.Errorf("%s by %s: the refusal repeats the credential", what, by)
				}
			}
			book.note(family, by, told)
		}
		if calls := a.full.Sim.Calls(); len(calls) > 0 {
			t.Errorf("%s: %s reached the server", what, calls[0].Method)
		}
	}
	a.controlsOfIdentity(t, family)
}

// controlsOfIdentity: the same requests are served to whoever may, and the server itself would take a token without access.
func (a *arena) controlsOfIdentity(t *testing.T, family string) {
	t.Helper()
	for what, pairs := range map[string][]string{
		"the victim":                 {"api-key", a.full.Token(t, victim)},
		"the victim as bearer":       {"authorization", "bearer " + a.full.Token(t, victim)},
		"the victim says so twice":   {"api-key", a.full.Token(t, victim), identity.HeaderTenant, victim},
		"its service account":        {"api-key", a.full.AccountToken(world.AccountOf(victim))},
		"an application in its name": {"api-key", a.full.AccountToken(world.HeaderApp), identity.HeaderTenant, victim},
	} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), pairs...)
		told := invoke(ctx, a.full.Raw, attempt{method: pointsRPC + "Scroll", message: &pb.ScrollPoints{CollectionName: docs, WithPayload: pb.NewWithPayload(true)}})
		if told.refused || !strings.Contains(told.bytes, canary+victim) {
			t.Errorf("%s is not served: %s", what, show(told))
		}
	}
	allPowerful := forged(map[string]any{"alg": "HS256", "typ": "JWT"}, map[string]any{"exp": time.Now().Add(time.Hour).Unix()}, []byte(world.APIKey))
	told := invoke(metadata.AppendToOutgoingContext(t.Context(), "api-key", allPowerful), a.full.RawDirect,
		attempt{method: pointsRPC + "Scroll", message: &pb.ScrollPoints{CollectionName: sharedName, WithPayload: pb.NewWithPayload(true)}})
	book.control(family, strings.Contains(told.bytes, canary+victim))
	if told.refused {
		t.Errorf("a token without access does not open the server itself: %s", show(told))
	}
}

// anonymous scrolls over REST with the given headers only.
func (s *stage) anonymous(t *testing.T, header http.Header) answer {
	t.Helper()
	x := attempt{verb: http.MethodPost, path: "/collections/docs/points/scroll", body: `{"with_payload":true}`, header: http.Header{"Api-Key": nil}}
	for name, values := range header {
		x.header[name] = values
	}
	return s.sendREST(t, byREST, x)
}
