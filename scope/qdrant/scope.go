package qdrant

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Pattern is how a logical collection is placed on the server.
type Pattern string

// The three placements.
const (
	Dedicated Pattern = "Dedicated" // a collection of the tenant's own
	Shared    Pattern = "Shared"    // one collection holds several tenants
	Reference Pattern = "Reference" // read by tenants, written by the platform
)

// Collection is one logical collection of a tenant.
type Collection struct {
	Name     string   // logical: what the tenant calls it
	Physical string   // what the server calls it
	Pattern  Pattern  // decides what is rewritten
	CorpusID string   // UID of the Corpus; required for Shared: stored as corpus_id, and keys the id mapping
	Vectors  []Vector // required for Shared: for idf scoping, and to answer collection info
	Indexes  []Index  // Shared: the payload indexes that clients may see, without tenant_id and corpus_id
}

// Vector is one vector of a collection. Name is "" for the unnamed one.
type Vector struct {
	Name     string
	Size     uint64 // dimensions; 0 for a sparse vector
	Distance string // Cosine, Dot, Euclid or Manhattan; "" for a sparse vector
	Sparse   bool
	IDF      bool // a sparse vector with the idf modifier
}

// Index is one payload index of a collection.
type Index struct {
	Field string
	Type  string // Keyword, Integer, Float, Bool, Datetime, Geo, Text or UUID
}

// Config says what a Scope is for.
type Config struct {
	TenantID  string // stored as tenant_id in Shared collections
	TenantUID string // immutable and never used twice: keys the id mapping

	MappingKey    []byte // 32 bytes; required if a Shared collection is present
	Collections   []Collection
	ServerVersion string // of Qdrant, like "1.19.0"; below 1.19, or "" for unknown, searches of idf vectors in Shared are refused
	Limits        Limits // zero fields are defaults
}

// Scope rewrites the requests of one tenant so that they touch only what is this tenant's. It never changes and is safe
// for concurrent use.
type Scope struct {
	tenantID, tenantUID string

	version     string
	scopesIDF   bool
	limits      Limits
	depths      [nestings]int
	amounts     [budgets]int
	collections map[string]*collection
	names       []string // logical, sorted
}

// NewScope checks a Config and prepares what requests share. The errors say what is missing; none repeats a key.
func NewScope(c Config) (*Scope, error) {
	if c.TenantID == "" || c.TenantUID == "" || strings.Contains(c.TenantUID, "\x00") {
		return nil, errors.New("a scope needs the id and the UID of a tenant")
	}
	limits, err := c.Limits.orDefaults()
	if err != nil {
		return nil, err
	}
	s := &Scope{
		tenantID: c.TenantID, tenantUID: c.TenantUID, version: c.ServerVersion, scopesIDF: atLeast(c.ServerVersion, 1, 19),
		limits: limits, depths: limits.depths(), amounts: limits.amounts(), collections: make(map[string]*collection, len(c.Collections)),
	}
	for _, in := range c.Collections {
		made, err := newCollection(s, in, c.MappingKey)
		if err != nil {
			return nil, fmt.Errorf("collection %q: %w", in.Name, err)
		}
		if _, twice := s.collections[in.Name]; twice {
			return nil, fmt.Errorf("two collections are named %q", in.Name)
		}
		s.collections[in.Name] = made
		s.names = append(s.names, in.Name)
	}
	slices.Sort(s.names)
	return s, nil
}

// TenantID returns the tenantID of the Config.
func (s *Scope) TenantID() string { return s.tenantID }

// TenantUID returns the tenant's UID of the Config.
func (s *Scope) TenantUID() string { return s.tenantUID }

// collection finds a logical collection. Missing and not granted are the same.
func (s *Scope) collection(name string) (*collection, *fault) {
	if c, ok := s.collections[name]; ok {
		return c, nil
	}
	if name == "" {
		return nil, refusef(invalid, ReasonIncomplete, "the name of the collection is missing")
	}
	return nil, notFound(name)
}

// atLeast compares a version like 1.19.0 or v1.19.0-rc.1. What is no version is too old.
func atLeast(version string, major, minor int) bool {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, errA := strconv.Atoi(parts[0])
	b, errB := strconv.Atoi(parts[1])
	return errA == nil && errB == nil && (a > major || a == major && b >= minor)
}
