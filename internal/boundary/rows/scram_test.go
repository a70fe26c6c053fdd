package rows

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// TestScramVerifier checks a verifier against the example exchange of RFC 7677, as a server would: with the stored key it
// accepts the client's proof, and with the server key it signs what the client expects.
func TestScramVerifier(t *testing.T) {
	const (
		salt    = "W22ZaJ0SNY7soEsUEjb6gQ=="
		nonce   = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
		message = "n=user,r=rOprNGfwEbeRWgbNEkqO,r=" + nonce + ",s=" + salt + ",i=4096,c=biws,r=" + nonce
		proof   = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
		signed  = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
	)
	verifier, err := ScramVerifier("pencil", decode(t, salt))
	if err != nil {
		t.Fatal(err)
	}
	keys, ok := strings.CutPrefix(verifier, "SCRAM-SHA-256$4096:"+salt+"$")
	stored, server, two := strings.Cut(keys, ":")
	if !ok || !two {
		t.Fatalf("not the form that PostgreSQL stores: %s", verifier)
	}
	signature := keyed(decode(t, stored), message)
	clientKey := decode(t, proof)
	for i := range clientKey {
		clientKey[i] ^= signature[i]
	}
	if got := sha256.Sum256(clientKey); string(got[:]) != string(decode(t, stored)) {
		t.Error("the stored key refuses the right password")
	}
	if got := base64.StdEncoding.EncodeToString(keyed(decode(t, server), message)); got != signed {
		t.Errorf("the server key signs %s, want %s", got, signed)
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	out, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
