package identity

import (
	"fmt"
	"strings"
)

// The headers, or metadata keys, that say who calls and for whom.
const (
	// HeaderAPIKey and HeaderAuthorization hold the credential.
	HeaderAPIKey        = "api-key"
	HeaderAuthorization = "authorization"
	// HeaderTenant holds a tenantID.
	HeaderTenant = "tenantry-tenant"
	// HeaderEndUserToken holds the end user's token that an application passes on.
	HeaderEndUserToken = "tenantry-end-user-token" //nolint:gosec // the name of a header
)

const (
	bearer = "bearer "
	// maxToken bounds what is looked at: larger tokens do not fit into usual header limits either.
	maxToken = 8 << 10
	// maxTenantID is what the API allows.
	maxTenantID = 36
)

// Header gives all values of a header or metadata key, in lower case. It may return the values that it holds.
type Header interface{ Values(key string) []string }

// presented returns the token of the caller, from whichever header holds it.
func presented(h Header) (string, *Refused) {
	key, refused := single(h, HeaderAPIKey)
	if refused != nil {
		return "", refused
	}
	authorization, refused := single(h, HeaderAuthorization)
	if refused != nil {
		return "", refused
	}
	if authorization == "" {
		if key == "" {
			return "", unauthenticated(ReasonNoCredential,
				"send your gateway token, or a ServiceAccount token for the audience "+Audience+", as api-key or as authorization: Bearer")
		}
		return key, nil
	}
	if len(authorization) <= len(bearer) || !strings.EqualFold(authorization[:len(bearer)], bearer) {
		return "", unauthenticated(ReasonMalformed, "authorization must be Bearer, one space and a token")
	}
	token := authorization[len(bearer):]
	if key != "" && key != token {
		return "", unauthenticated(ReasonAmbiguous, "api-key and authorization hold different credentials; send one of them")
	}
	return token, nil
}

// single returns the one value of a header, "" where it is absent. A header that is there must say one thing.
func single(h Header, key string) (string, *Refused) {
	values := h.Values(key)
	if len(values) == 0 {
		return "", nil
	}
	first := values[0]
	for _, v := range values[1:] {
		if v != first {
			return "", unauthenticated(ReasonAmbiguous, fmt.Sprintf("%s is there more than once, with different values; send it once", key))
		}
	}
	switch {
	case strings.TrimSpace(first) == "":
		return "", unauthenticated(ReasonAmbiguous, fmt.Sprintf("%s is empty; send a value or leave it out", key))
	case strings.Contains(first, ","):
		return "", unauthenticated(ReasonAmbiguous, fmt.Sprintf("%s holds several values joined by commas; send one", key))
	}
	return first, nil
}

// isTenantID says whether s can be a tenantID: lower-case letters, digits and inner hyphens.
func isTenantID(s string) bool {
	if s == "" || len(s) > maxTenantID || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }) < 0
}
