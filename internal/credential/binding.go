package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Well-known keys of the Service Binding specification (servicebinding.io, "Well-known Secret Entries"), and ours.
const (
	keyType     = "type"
	keyProvider = "provider"
	keyHost     = "host"
	keyPort     = "port"
	keyUsername = "username"
	keyPassword = "password"
	keyURI      = "uri"
	keyDatabase = "database"
	keySSLMode  = "sslmode"

	keyKeyPrefix   = "key-prefix"
	keyAPIKey      = "api-key"
	keyGRPCAddress = "grpc-address"
	keyCollections = "collections"
	keyPreviousID  = "previous-token-id"

	provider = "tenantry"
)

// Binding is the data of one credential Secret.
type Binding map[string][]byte

// Endpoint is an address as workloads see it.
type Endpoint struct {
	Host string
	Port int32
}

func (e Endpoint) port() string { return strconv.Itoa(int(e.Port)) }

func (e Endpoint) hostPort() string { return net.JoinHostPort(e.Host, e.port()) }

// Postgres is the binding of a tenant's database login.
func Postgres(e Endpoint, database, sslMode string, c boundary.Credential) Binding {
	uri := url.URL{
		Scheme: "postgresql", User: url.UserPassword(c.Username, c.Secret.Reveal()), Host: e.hostPort(), Path: "/" + database,
		RawQuery: url.Values{"sslmode": {sslMode}}.Encode(),
	}
	return binding("postgresql", e, c, uri.String(), map[string]string{keyDatabase: database, keySSLMode: sslMode})
}

// Redis is the binding of a tenant's cache user. Every key and channel it uses must begin with keyPrefix.
func Redis(e Endpoint, tls bool, keyPrefix string, c boundary.Credential) Binding {
	scheme := "redis"
	if tls {
		scheme = "rediss"
	}
	uri := url.URL{Scheme: scheme, User: url.UserPassword(c.Username, c.Secret.Reveal()), Host: e.hostPort()}
	return binding("redis", e, c, uri.String(), map[string]string{keyKeyPrefix: keyPrefix})
}

// Qdrant is the binding of a dedicated tenant's token. collections maps the names of its corpora to collections.
func Qdrant(e Endpoint, restURL string, collections map[string]string, c boundary.Credential) (Binding, error) {
	names, err := json.Marshal(collections)
	if err != nil {
		return nil, fmt.Errorf("encode collection names: %w", err)
	}
	b := Binding{
		keyType: []byte("qdrant"), keyProvider: []byte(provider),
		keyHost: []byte(e.Host), keyPort: []byte(e.port()), keyGRPCAddress: []byte(e.hostPort()),
		keyAPIKey: []byte(c.Secret.Reveal()), keyCollections: names,
	}
	if restURL != "" {
		b[keyURI] = []byte(restURL)
	}
	return b, nil
}

// Gateway is the binding of a tenant's gateway token. url is that of the REST listener, grpcAddress host:port of the gRPC
// one; either may be "". host and port are those of gRPC where there is one. collections are the names that the tenant uses.
func Gateway(gatewayURL, grpcAddress string, collections []string, token boundary.Secret) (Binding, error) {
	names, err := json.Marshal(append([]string{}, collections...)) // none is [], not null
	if err != nil {
		return nil, fmt.Errorf("encode collection names: %w", err)
	}
	host, port, err := gatewayEndpoint(gatewayURL, grpcAddress)
	if err != nil {
		return nil, err
	}
	b := Binding{
		keyType: []byte("qdrant-gateway"), keyProvider: []byte(provider), keyHost: []byte(host), keyPort: []byte(port),
		keyAPIKey: []byte(token.Reveal()), keyCollections: names,
	}
	if gatewayURL != "" {
		b[keyURI] = []byte(gatewayURL)
	}
	if grpcAddress != "" {
		b[keyGRPCAddress] = []byte(grpcAddress)
	}
	return b, nil
}

func gatewayEndpoint(rawURL, grpcAddress string) (host, port string, err error) {
	if grpcAddress != "" {
		if host, port, err = net.SplitHostPort(grpcAddress); err != nil {
			return "", "", fmt.Errorf("spec.gateway.grpcAddress is not host:port: %w", err)
		}
		return host, port, nil
	}
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" {
		return "", "", errors.New("spec.gateway.url is not a URL with a host")
	}
	switch port = u.Port(); {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return u.Hostname(), port, nil
}

// Replacing notes the id of the token that this binding's replaced; that one stays accepted until its own end. "" is none.
func (b Binding) Replacing(tokenID string) Binding {
	if tokenID != "" {
		b[keyPreviousID] = []byte(tokenID)
	}
	return b
}

// PreviousID is the id of the token that this binding's replaced, "" where it replaced none.
func (b Binding) PreviousID() string { return string(b[keyPreviousID]) }

func binding(kind string, e Endpoint, c boundary.Credential, uri string, more map[string]string) Binding {
	b := Binding{
		keyType: []byte(kind), keyProvider: []byte(provider),
		keyHost: []byte(e.Host), keyPort: []byte(e.port()),
		keyUsername: []byte(c.Username), keyPassword: []byte(c.Secret.Reveal()), keyURI: []byte(uri),
	}
	for _, k := range slices.Sorted(maps.Keys(more)) {
		b[k] = []byte(more[k])
	}
	return b
}

// Secret returns what the binding authenticates with: the password or the token.
func (b Binding) Secret() boundary.Secret {
	if t, ok := b[keyAPIKey]; ok {
		return boundary.Secret(t)
	}
	return boundary.Secret(b[keyPassword])
}

// Username returns the user the binding authenticates as, "" for tokens.
func (b Binding) Username() string { return string(b[keyUsername]) }

// Type returns the kind of server, as in the type of the Secret: servicebinding.io/<type>.
func (b Binding) Type() string { return string(b[keyType]) }

// Equal says whether two bindings hold the same.
func (b Binding) Equal(other Binding) bool {
	return maps.EqualFunc(b, other, func(x, y []byte) bool { return string(x) == string(y) })
}
