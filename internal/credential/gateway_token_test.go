package credential

import (
	"crypto/ed25519"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

var issued = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func gatewayClaims() GatewayClaims {
	return GatewayClaims{
		TokenID: strings.Repeat("0a", tokenIDSize), TenantUID: "u1", Plane: "eu-1",
		Issued: issued, Expires: issued.Add(GatewayTokenLifetime),
	}
}

func TestGatewayTokenRoundTrip(t *testing.T) {
	k, want := NewPlaneKeys(), gatewayClaims()
	token, err := MintGatewayToken(k.TokenSigning, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := VerifyGatewayToken(k.VerifyKey(), token.Reveal(), issued)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, now := range map[string]time.Time{"at its end": want.Expires, "after it": want.Expires.Add(time.Hour)} {
		if _, err := VerifyGatewayToken(k.VerifyKey(), token.Reveal(), now); err == nil {
			t.Errorf("accepted %s", name)
		}
	}
	if _, err := VerifyGatewayToken(k.VerifyKey(), token.Reveal(), want.Expires.Add(-time.Second)); err != nil {
		t.Errorf("refused before its end: %v", err)
	}
}

// TestGatewayTokenForgeries: whatever is signed otherwise, or says otherwise, is no token.
func TestGatewayTokenForgeries(t *testing.T) {
	k := NewPlaneKeys()
	signer := ed25519.NewKeyFromSeed(k.TokenSigning)
	good := func(edit func(jwt.MapClaims)) jwt.MapClaims {
		c := jwt.MapClaims{
			"iss": "tenantry", "aud": []string{"tenantry-gateway"}, "sub": "u1", "jti": strings.Repeat("0a", tokenIDSize), "plane": "eu-1",
			"iat": issued.Unix(), "exp": issued.Add(time.Hour).Unix(),
		}
		edit(c)
		return c
	}
	without := func(claim string) jwt.MapClaims { return good(func(c jwt.MapClaims) { delete(c, claim) }) }
	with := func(claim string, value any) jwt.MapClaims { return good(func(c jwt.MapClaims) { c[claim] = value }) }
	sign := func(m jwt.SigningMethod, key any, c jwt.MapClaims) string {
		s, err := jwt.NewWithClaims(m, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	same := func(jwt.MapClaims) {}
	if _, err := VerifyGatewayToken(k.VerifyKey(), sign(jwt.SigningMethodEdDSA, signer, good(same)), issued); err != nil {
		t.Fatalf("the control is refused: %v", err)
	}
	other := ed25519.NewKeyFromSeed(NewPlaneKeys().TokenSigning)
	control := sign(jwt.SigningMethodEdDSA, signer, good(same))
	tokens := map[string]string{
		"nothing":                            "",
		"no token":                           "tenantry",
		"unsigned":                           sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good(same)),
		"HS256 with the public key":          sign(jwt.SigningMethodHS256, []byte(k.VerifyKey()), good(same)),
		"HS256 with the seed":                sign(jwt.SigningMethodHS256, k.TokenSigning, good(same)),
		"another plane's key":                sign(jwt.SigningMethodEdDSA, other, good(same)),
		"its signature cut off":              control[:strings.LastIndex(control, ".")+1],
		"text behind it":                     control + "A",
		"expired":                            sign(jwt.SigningMethodEdDSA, signer, with("exp", issued.Add(-time.Second).Unix())),
		"another issuer":                     sign(jwt.SigningMethodEdDSA, signer, with("iss", "kubernetes")),
		"another audience":                   sign(jwt.SigningMethodEdDSA, signer, with("aud", []string{"qdrant"})),
		"another audience too":               sign(jwt.SigningMethodEdDSA, signer, with("aud", []string{"tenantry-gateway", "qdrant"})),
		"an id of another form":              sign(jwt.SigningMethodEdDSA, signer, with("jti", "1")),
		"an id in capitals":                  sign(jwt.SigningMethodEdDSA, signer, with("jti", strings.Repeat("0A", tokenIDSize))),
		"an empty subject":                   sign(jwt.SigningMethodEdDSA, signer, with("sub", "")),
		"an empty plane":                     sign(jwt.SigningMethodEdDSA, signer, with("plane", "")),
		"a beginning after its end":          sign(jwt.SigningMethodEdDSA, signer, with("iat", issued.Add(2*time.Hour).Unix())),
		"an unknown number in place of text": sign(jwt.SigningMethodEdDSA, signer, with("plane", 1)),
		"too long":                           sign(jwt.SigningMethodEdDSA, signer, with("more", strings.Repeat("x", maxGatewayToken))),
	}
	for claim := range good(same) {
		tokens["without "+claim] = sign(jwt.SigningMethodEdDSA, signer, without(claim))
	}
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			got, err := VerifyGatewayToken(k.VerifyKey(), token, issued)
			if err == nil {
				t.Fatalf("accepted as %+v", got)
			}
			if token != "" && strings.Contains(err.Error(), token) {
				t.Error("the error repeats the token")
			}
		})
	}
	if _, err := VerifyGatewayToken(nil, control, issued); err == nil {
		t.Error("accepted without a key")
	}
}

func TestMintGatewayTokenRefuses(t *testing.T) {
	seed := NewPlaneKeys().TokenSigning
	for name, edit := range map[string]func(*GatewayClaims){
		"no id":     func(c *GatewayClaims) { c.TokenID = "" },
		"no tenant": func(c *GatewayClaims) { c.TenantUID = "" },
		"no plane":  func(c *GatewayClaims) { c.Plane = "" },
		"no end":    func(c *GatewayClaims) { c.Expires = c.Issued },
	} {
		t.Run(name, func(t *testing.T) {
			c := gatewayClaims()
			edit(&c)
			if token, err := MintGatewayToken(seed, c); err == nil || token != "" {
				t.Error("minted")
			}
		})
	}
	if _, err := MintGatewayToken(seed[:31], gatewayClaims()); err == nil {
		t.Error("minted with a key that is too short")
	}
}

// TestGatewayTokenRenewal: a token is replaced when a third of its life is left, and the one it replaced is certainly dead a
// third of a life later.
func TestGatewayTokenRenewal(t *testing.T) {
	c, day := gatewayClaims(), 24*time.Hour
	for name, tc := range map[string]struct {
		after           time.Duration
		renew, outlived bool
	}{
		"new":                {0, false, false},
		"before the tenth":   {10*day - 1, false, false},
		"on the tenth":       {10 * day, false, true},
		"before the 20th":    {20*day - 1, false, true},
		"on the 20th":        {20 * day, true, true},
		"when it has ended":  {31 * day, true, true},
		"from the future":    {-day, false, false},
		"a moment after one": {time.Second, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			now := issued.Add(tc.after)
			if c.NeedsRenewal(now) != tc.renew || c.OutlivesPrevious(now) != tc.outlived {
				t.Errorf("renew %v, outlived %v", c.NeedsRenewal(now), c.OutlivesPrevious(now))
			}
		})
	}
}

func TestGatewayBinding(t *testing.T) {
	for name, tc := range map[string]struct {
		url, grpc string
		names     []string
		want      map[string]string
	}{
		"both": {"https://v.example.com:6333", "v.example.com:6334", []string{"a", "b"}, map[string]string{
			"host": "v.example.com", "port": "6334", "grpc-address": "v.example.com:6334", "uri": "https://v.example.com:6333",
			"collections": `["a","b"]`}},
		"gRPC over IPv6": {"", "[::1]:6334", nil, map[string]string{
			"host": "::1", "port": "6334", "grpc-address": "[::1]:6334", "collections": "[]"}},
		"REST":              {"https://v.example.com", "", nil, map[string]string{"host": "v.example.com", "port": "443", "uri": "https://v.example.com", "collections": "[]"}},
		"REST in the clear": {"http://[::1]:80", "", nil, map[string]string{"host": "::1", "port": "80", "uri": "http://[::1]:80", "collections": "[]"}},
	} {
		t.Run(name, func(t *testing.T) {
			maps.Copy(tc.want, map[string]string{"type": "qdrant-gateway", "provider": "tenantry", "api-key": "jwt"})
			b, err := Gateway(tc.url, tc.grpc, tc.names, "jwt")
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for k, v := range b {
				got[k] = string(v)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if b.PreviousID() != "" || b.Replacing("0a").PreviousID() != "0a" || b.Secret() != "jwt" {
				t.Error("the binding does not say what it replaced, or what it authenticates with")
			}
		})
	}
	if _, err := Gateway("", "no-port", nil, "jwt"); err == nil {
		t.Error("no error for an address without a port")
	}
}
