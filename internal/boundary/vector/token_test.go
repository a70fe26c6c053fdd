package vector

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/tenantry/tenantry/internal/boundary"
)

const apiKey boundary.Secret = "0123456789abcdef0123456789abcdef"

var grants = []Grant{{"tenant_acme_notes", PointsReadWrite}, {"reference_eu_rules", Read}}

func TestMintWritesWhatQdrantReads(t *testing.T) {
	token, err := Mint(apiKey, "uid-acme", "one", append(grants, Grant{"tenant_acme_notes", Read}), expiry)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		t.Fatalf("a token has three parts, this one %d", len(parts))
	}
	want := []string{
		`{"alg":"HS256","typ":"JWT"}`,
		`{"exp":1796126400,"subject":"tenant:uid-acme","access":[{"collection":"reference_eu_rules","access":"r"},` +
			`{"collection":"tenant_acme_notes","access":"prw"}],"value_exists":{"collection":"tenantry_tokens",` +
			`"matches":[{"key":"token","value":"one"},{"key":"tenant_uid","value":"uid-acme"}]}}`,
	}
	for i, w := range want {
		got, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(w, string(got)); diff != "" {
			t.Errorf("part %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestMintRefusesTokensThatOpenTooMuch(t *testing.T) {
	for name, f := range map[string]func() (boundary.Secret, error){
		"no grants":     func() (boundary.Secret, error) { return Mint(apiKey, "uid", "one", nil, expiry) },
		"no key":        func() (boundary.Secret, error) { return Mint("", "uid", "one", grants, expiry) },
		"no owner":      func() (boundary.Secret, error) { return Mint(apiKey, "", "one", grants, expiry) },
		"no id":         func() (boundary.Secret, error) { return Mint(apiKey, "uid", "", grants, expiry) },
		"no end":        func() (boundary.Secret, error) { return Mint(apiKey, "uid", "one", grants, time.Time{}) },
		"manage":        func() (boundary.Secret, error) { return Mint(apiKey, "uid", "one", []Grant{{"a", "m"}}, expiry) },
		"rw":            func() (boundary.Secret, error) { return Mint(apiKey, "uid", "one", []Grant{{"a", "rw"}}, expiry) },
		"no collection": func() (boundary.Secret, error) { return Mint(apiKey, "uid", "one", []Grant{{"", Read}}, expiry) },
		"our own": func() (boundary.Secret, error) {
			return Mint(apiKey, "uid", "one", []Grant{{TokensCollection, Read}}, expiry)
		},
		"probe of all": func() (boundary.Secret, error) { return MintProbe(apiKey, "", expiry) },
	} {
		t.Run(name, func(t *testing.T) {
			if token, err := f(); err == nil || token != "" {
				t.Errorf("Mint signed a token; it must refuse, got error %v", err)
			}
		})
	}
}

func TestInspectReturnsWhatWasMinted(t *testing.T) {
	token, err := Mint(apiKey, "uid-acme", "one", grants, expiry)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Inspect(token, apiKey)
	if err != nil {
		t.Fatal(err)
	}
	want := Claims{
		TokenID: "one", Owner: "uid-acme", Expires: expiry,
		Grants: []Grant{{"reference_eu_rules", Read}, {"tenant_acme_notes", PointsReadWrite}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-minted +read:\n%s", diff)
	}
}

// forged signs any claims with the right key, as an administrator could by hand.
func forged(t testing.TB, method jwt.SigningMethod, key any, body string) boundary.Secret {
	t.Helper()
	var claims jwt.MapClaims
	if err := json.Unmarshal([]byte(body), &claims); err != nil {
		t.Fatal(err)
	}
	s, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return boundary.Secret(s)
}

func TestInspectRefusesWhatMintNeverMakes(t *testing.T) {
	const exists = `"value_exists":{"collection":"tenantry_tokens","matches":[{"key":"token","value":"one"},{"key":"tenant_uid","value":"u"}]}`
	const access = `"access":[{"collection":"tenant_acme_notes","access":"prw"}]`
	key := []byte(apiKey.Reveal())
	minted, err := Mint(apiKey, "u", "one", grants, expiry)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]boundary.Secret{
		"empty":               "",
		"no token":            "abc",
		"API key":             apiKey,
		"other key":           forged(t, jwt.SigningMethodHS256, []byte("another key"), `{"exp":1,"subject":"tenant:u",`+access+`,`+exists+`}`),
		"other algorithm":     forged(t, jwt.SigningMethodHS512, key, `{"exp":1,"subject":"tenant:u",`+access+`,`+exists+`}`),
		"no algorithm":        forged(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, `{"exp":1,"subject":"tenant:u",`+access+`,`+exists+`}`),
		"changed body":        minted[:40] + "x" + minted[41:],
		"no access":           forged(t, jwt.SigningMethodHS256, key, `{"exp":1,"subject":"tenant:u",`+exists+`}`),
		"empty access":        forged(t, jwt.SigningMethodHS256, key, `{"exp":1,"subject":"tenant:u","access":[],`+exists+`}`),
		"global access":       forged(t, jwt.SigningMethodHS256, key, `{"exp":1,"subject":"tenant:u","access":"m",`+exists+`}`),
		"no record":           forged(t, jwt.SigningMethodHS256, key, `{"exp":1,"subject":"tenant:u",`+access+`}`),
		"record elsewhere":    forged(t, jwt.SigningMethodHS256, key, `{"exp":1,"subject":"tenant:u",`+access+`,`+strings.Replace(exists, "tenantry_tokens", "tenant_acme_notes", 1)+`}`),
		"no end":              forged(t, jwt.SigningMethodHS256, key, `{"subject":"tenant:u",`+access+`,`+exists+`}`),
		"subject of another":  forged(t, jwt.SigningMethodHS256, key, `{"exp":1,"subject":"tenant:v",`+access+`,`+exists+`}`),
		"access to our own":   forged(t, jwt.SigningMethodHS256, key, `{"exp":1,"subject":"tenant:u",`+strings.Replace(access, "tenant_acme_notes", "tenantry_tokens", 1)+`,`+exists+`}`),
		"access beyond ours":  forged(t, jwt.SigningMethodHS256, key, `{"exp":1,"subject":"tenant:u",`+strings.Replace(access, "prw", "rw", 1)+`,`+exists+`}`),
		"record of one field": forged(t, jwt.SigningMethodHS256, key, `{"exp":1,"subject":"tenant:u",`+access+`,"value_exists":{"collection":"tenantry_tokens","matches":[{"key":"token","value":"one"}]}}`),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Inspect(token, apiKey)
			if err == nil {
				t.Fatalf("accepted as %+v", c)
			}
			if len(token) > 8 && strings.Contains(err.Error(), token.Reveal()) {
				t.Error("the error repeats the token")
			}
		})
	}
}

func TestNeedsRenewal(t *testing.T) {
	standing := Claims{TokenID: "one", Owner: "u", Grants: []Grant{{"a", Read}, {"b", PointsReadWrite}}, Expires: expiry}
	for name, c := range map[string]struct {
		grants []Grant
		at     time.Time
		want   bool
	}{
		"young":                  {[]Grant{{"b", PointsReadWrite}, {"a", Read}}, now, false},
		"more than a third left": {[]Grant{{"a", Read}, {"b", PointsReadWrite}}, expiry.Add(-TokenLifetime/3 - time.Second), false},
		"a third left":           {[]Grant{{"a", Read}, {"b", PointsReadWrite}}, expiry.Add(-TokenLifetime / 3), true},
		"expired":                {[]Grant{{"a", Read}, {"b", PointsReadWrite}}, expiry, true},
		"narrower wanted":        {[]Grant{{"a", Read}}, now, true},
		"wider wanted":           {[]Grant{{"a", Read}, {"b", PointsReadWrite}, {"c", Read}}, now, true},
		"other access":           {[]Grant{{"a", PointsReadWrite}, {"b", PointsReadWrite}}, now, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := NeedsRenewal(standing, c.grants, c.at); got != c.want {
				t.Errorf("NeedsRenewal = %t, want %t", got, c.want)
			}
		})
	}
}

func FuzzInspect(f *testing.F) {
	minted, err := Mint(apiKey, "uid-acme", "one", grants, expiry)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(minted.Reveal())
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Inspect(boundary.Secret(text), apiKey)
		if err != nil {
			return
		}
		if len(c.Grants) == 0 || c.TokenID == "" || c.Owner == "" || c.Expires.IsZero() {
			t.Errorf("accepted a token that says %+v", c)
		}
		// Base64 has several spellings of one signature; whatever was accepted must say what was signed.
		if want, _ := Inspect(minted, apiKey); !cmp.Equal(want, c) {
			t.Errorf("accepted a token that was never signed: %+v", c)
		}
	})
}
