package plane

import (
	"context"

	"github.com/tenantry/tenantry/internal/boundary"
)

// VectorServer is a Server of the Vector layer, which also holds corpora one by one.
type VectorServer interface {
	Server
	// DiffCorpus compares the collection, claim and (for a reference with a loader credential) the token of one corpus.
	DiffCorpus(ctx context.Context, c boundary.Corpus, loader *boundary.Credential, f Freshness) (boundary.Diff, error)
	// CountPoints counts the points of one corpus, exactly.
	CountPoints(ctx context.Context, c boundary.Corpus) (int64, error)
}
