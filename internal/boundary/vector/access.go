package vector

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantry/tenantry/internal/boundary"
)

// Access is how much of a collection a token may use.
type Access string

// The accesses, in Qdrant's words.
const (
	// Read: "r".
	Read Access = "r"
	// PointsReadWrite: "prw", points only. Unlike "rw" it makes no index and no snapshot.
	PointsReadWrite Access = "prw"
)

// Grant is one collection in a token.
type Grant struct {
	Collection string
	Access     Access
}

// Record is the grant record of one token: the token is refused from the moment that the record is gone.
type Record struct {
	// Point is the id of the standing point, "" before it stands.
	Point string
	// TokenID as the token carries it.
	TokenID string
	// Owner is the UID of the Tenant, or of the reference Corpus whose loader it is.
	Owner string
	// Grants that the token carries, ordered by collection.
	Grants []Grant
	// Expires is when the token dies by itself, in whole seconds.
	Expires time.Time
}

// AccessList is what a tenant's token opens: its own Dedicated collections, and the reference collections it may read. It
// is empty for a tenant whose corpora are all Shared: such a tenant goes through the gateway and holds no token at all.
func AccessList(t boundary.Tenant) []Grant {
	var out []Grant
	shared := false
	for _, c := range t.Corpora {
		shared = shared || c.Pattern == boundary.Shared
		if c.Pattern == boundary.Dedicated && !c.Retained && c.TenantID == t.ID {
			out = append(out, Grant{c.Collection, PointsReadWrite})
		}
	}
	if len(out) == 0 && shared {
		return nil
	}
	for _, r := range t.References {
		if strings.HasPrefix(r, referencePrefix) {
			out = append(out, Grant{r, Read})
		}
	}
	return ordered(out)
}

// LoaderAccess is what the loader of a reference corpus opens. Its tokens are minted for the UID of the Corpus.
func LoaderAccess(c boundary.Corpus) []Grant {
	if c.Pattern != boundary.Reference || c.Retained {
		return nil
	}
	return []Grant{{c.Collection, PointsReadWrite}}
}

// ordered sorts grants and keeps the wider one of two on the same collection: Qdrant refuses a token that names one twice.
func ordered(g []Grant) []Grant {
	slices.SortFunc(g, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.Collection, b.Collection), cmp.Compare(len(b.Access), len(a.Access)))
	})
	return slices.CompactFunc(g, func(a, b Grant) bool { return a.Collection == b.Collection })
}

// beyond lists what of have is not within want.
func beyond(have, want []Grant) []string {
	var out []string
	for _, h := range have {
		if !slices.ContainsFunc(want, func(w Grant) bool { return covers(w, h) }) {
			out = append(out, fmt.Sprintf("%s (%s)", h.Collection, h.Access))
		}
	}
	return out
}

// Within says whether have opens nothing beyond want.
func Within(have, want []Grant) bool { return len(beyond(have, want)) == 0 }

func covers(w, h Grant) bool {
	return w.Collection == h.Collection && (w.Access == h.Access || w.Access == PointsReadWrite && h.Access == Read)
}

func same(a, b []Grant) bool { return slices.Equal(a, b) }

func list(g []Grant) string {
	out := make([]string, 0, len(g))
	for _, x := range g {
		out = append(out, fmt.Sprintf("%s (%s)", x.Collection, x.Access))
	}
	return strings.Join(out, ", ")
}
