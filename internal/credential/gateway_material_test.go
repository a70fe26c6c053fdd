package credential

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenantry/tenantry/internal/boundary"
	scopeqdrant "github.com/tenantry/tenantry/scope/qdrant"
)

const apiKey = boundary.Secret("an API key that is long enough")

func read(name string) scopeqdrant.Access  { return scopeqdrant.Access{Collection: name} }
func write(name string) scopeqdrant.Access { return scopeqdrant.Access{Collection: name, Write: true} }

func upstream(t *testing.T, life time.Duration, access ...scopeqdrant.Access) UpstreamToken {
	t.Helper()
	token, err := MintUpstreamToken(apiKey, access, issued.Add(life))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func material(tokens ...UpstreamToken) GatewayMaterial {
	k := NewPlaneKeys()
	return GatewayMaterial{
		Plane: "eu-1", Installation: "i1", IDMapping: k.IDMapping, VerifyKey: k.VerifyKey(), ServerVersion: "1.19.0",
		CA: []byte("pem"), Tokens: tokens, Issued: issued.Add(time.Millisecond),
	}
}

func TestGatewayMaterialRoundTrip(t *testing.T) {
	for name, want := range map[string]GatewayMaterial{
		"full":  material(upstream(t, time.Hour, write("a"), read("b"))),
		"empty": func() GatewayMaterial { m := material(); m.CA, m.ServerVersion = nil, ""; return m }(),
	} {
		t.Run(name, func(t *testing.T) {
			data, err := want.Data()
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseGatewayMaterial(data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(GatewayMaterial{})); diff != "" {
				t.Error(diff)
			}
			if len(got.Tokens) > 0 && !got.Tokens[0].Genuine(apiKey) {
				t.Error("the token does not survive")
			}
		})
	}
}

func TestGatewayMaterialRefuses(t *testing.T) {
	for name, edit := range map[string]func(map[string][]byte){
		"no plane":              func(d map[string][]byte) { delete(d, keyPlane) },
		"no installation":       func(d map[string][]byte) { delete(d, keyInstallation) },
		"a short mapping key":   func(d map[string][]byte) { d[keyIDMapping] = d[keyIDMapping][1:] },
		"no public key":         func(d map[string][]byte) { delete(d, keyVerify) },
		"tokens that are none":  func(d map[string][]byte) { d[keyTokens] = []byte("{secret") },
		"a time that is none":   func(d map[string][]byte) { d[keyIssued] = []byte("yesterday") },
		"nothing in the Secret": func(d map[string][]byte) { clear(d) },
	} {
		t.Run(name, func(t *testing.T) {
			data, err := material().Data()
			if err != nil {
				t.Fatal(err)
			}
			edit(data)
			if _, err = ParseGatewayMaterial(data); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("error = %v", err)
			}
		})
	}
	bad := material()
	bad.IDMapping = nil
	if _, err := bad.Data(); err == nil {
		t.Error("wrote material that no gateway would read")
	}
}

// TestGatewayMaterialHoldsNoSigningKey: who reads it can check gateway tokens and make none, and has no API key.
func TestGatewayMaterialHoldsNoSigningKey(t *testing.T) {
	k := NewPlaneKeys()
	m := material(upstream(t, time.Hour, read("a")))
	m.VerifyKey = k.VerifyKey()
	data, err := m.Data()
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range data {
		for what, secret := range map[string][]byte{"signing seed": k.TokenSigning, "naming key": k.Naming, "API key": []byte(apiKey.Reveal())} {
			if bytes.Contains(value, secret) {
				t.Errorf("key %q holds the %s", key, what)
			}
		}
	}
	if text := fmt.Sprintf("%v %+v", m.Tokens, m); strings.Contains(text, m.Tokens[0].Token.Reveal()) {
		t.Error("printing shows a token")
	}
}

// TestLeastToken: the token that opens least among those that open enough.
func TestLeastToken(t *testing.T) {
	tokens := map[string]UpstreamToken{
		"a":        upstream(t, time.Hour, write("a")),
		"b":        upstream(t, time.Hour, write("b")),
		"ref":      upstream(t, time.Hour, read("ref")),
		"a+ref":    upstream(t, time.Hour, write("a"), read("ref")),
		"a+b+ref":  upstream(t, time.Hour, write("a"), write("b"), read("ref")),
		"c, short": upstream(t, time.Minute, write("c")),
		"c, long":  upstream(t, 2*time.Hour, write("c")),
		"d, read":  upstream(t, time.Hour, read("d")),
		"d, write": upstream(t, time.Hour, write("d")),
	}
	all := material()
	for _, token := range tokens {
		all.Tokens = append(all.Tokens, token)
	}
	data, err := all.Data()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ParseGatewayMaterial(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		access []scopeqdrant.Access
		after  time.Duration
		want   string
	}{
		"one, to write":              {[]scopeqdrant.Access{write("a")}, 0, "a"},
		"one, to read":               {[]scopeqdrant.Access{read("a")}, 0, "a"},
		"a reference":                {[]scopeqdrant.Access{read("ref")}, 0, "ref"},
		"a reference, to write":      {[]scopeqdrant.Access{write("ref")}, 0, ""},
		"two":                        {[]scopeqdrant.Access{write("a"), read("ref")}, 0, "a+ref"},
		"two, unsorted":              {[]scopeqdrant.Access{read("ref"), read("a")}, 0, "a+ref"},
		"two that only three cover":  {[]scopeqdrant.Access{read("a"), write("b")}, 0, "a+b+ref"},
		"never together":             {[]scopeqdrant.Access{read("a"), read("c")}, 0, ""},
		"unknown":                    {[]scopeqdrant.Access{read("e")}, 0, ""},
		"nothing":                    {nil, 0, ""},
		"the one that lives longest": {[]scopeqdrant.Access{write("c")}, 0, "c, long"},
		"the one that still lives":   {[]scopeqdrant.Access{write("c")}, 90 * time.Minute, "c, long"},
		"none lives":                 {[]scopeqdrant.Access{write("a")}, time.Hour, ""},
		"reading is enough":          {[]scopeqdrant.Access{read("d")}, 0, "d, read"},
		"reading is not enough":      {[]scopeqdrant.Access{write("d")}, 0, "d, write"},
	} {
		for how, m := range map[string]*GatewayMaterial{"as made": &all, "as parsed": &parsed} {
			t.Run(name+", "+how, func(t *testing.T) {
				got, ok := m.Token(tc.access, issued.Add(tc.after))
				if want := tokens[tc.want].Token; ok != (tc.want != "") || got != want {
					t.Errorf("ok = %v, and not the token %q", ok, tc.want)
				}
			})
		}
	}
}

func TestUpstreamToken(t *testing.T) {
	token := upstream(t, time.Hour, write("b"), read("a"), read("b"))
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(token.Token.Reveal(), ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"exp": float64(issued.Add(time.Hour).Unix()), "subject": "tenantry:gateway",
		"access": []any{map[string]any{"collection": "a", "access": "r"}, map[string]any{"collection": "b", "access": "prw"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]scopeqdrant.Access{read("a"), write("b")}, token.Access); diff != "" {
		t.Error(diff)
	}
	for name, edit := range map[string]func(*UpstreamToken){
		"wider than it says":  func(u *UpstreamToken) { u.Access = u.Access[:1] },
		"longer than it says": func(u *UpstreamToken) { u.Expires = u.Expires.Add(-time.Second) },
		"another token":       func(u *UpstreamToken) { u.Token = "x" },
	} {
		edited := token
		if edit(&edited); edited.Genuine(apiKey) {
			t.Errorf("%s, and genuine", name)
		}
	}
	if !token.Genuine(apiKey) || token.Genuine("another key") || token.Genuine("") {
		t.Error("genuine is what was signed with the key, and nothing else")
	}
}

func TestUpstreamTokenRefuses(t *testing.T) {
	for name, access := range map[string][]scopeqdrant.Access{
		"everything":     nil,
		"no name":        {read("")},
		"the claims":     {read("a"), read("tenantry_claims")},
		"a grant record": {write("tenantry_tokens")},
	} {
		if got, err := MintUpstreamToken(apiKey, access, issued); err == nil || got.Token != "" {
			t.Errorf("minted a token for %s", name)
		}
	}
	if _, err := MintUpstreamToken("", []scopeqdrant.Access{read("a")}, issued); err == nil {
		t.Error("minted without a key")
	}
	if _, err := MintUpstreamToken(apiKey, []scopeqdrant.Access{read("a")}, time.Time{}); err == nil {
		t.Error("minted without an end")
	}
}
