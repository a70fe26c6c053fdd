package qdrant

import (
	"errors"
	"fmt"
	"strings"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// collection is a Collection with all that its requests share. Nothing of it is ever changed.
type collection struct {
	Collection
	ids     *namespace           // Shared
	vectors map[string]Vector    // Shared
	tenant  *pb.Condition        // Shared: tenant_id is this tenant's
	corpus  *pb.Condition        // Shared: corpus_id is this corpus'
	stamp   map[string]*pb.Value // Shared: what the engine writes into every payload
	idf     []byte               // Shared: params.idf in wire form, corpus = this corpus
}

func (c *collection) shared() bool { return c != nil && c.Pattern == Shared }

func newCollection(s *Scope, in Collection, key []byte) (*collection, error) {
	out := &collection{Collection: in}
	if in.Name == "" || in.Physical == "" {
		return nil, errors.New("it needs a logical and a physical name")
	}
	switch in.Pattern {
	case Dedicated, Reference:
		return out, nil
	case Shared:
		if err := out.share(s, key); err != nil {
			return nil, err
		}
		return out, nil
	}
	return nil, fmt.Errorf("pattern %q is none of Dedicated, Shared, Reference", in.Pattern)
}

// share prepares what requests into a Shared collection need.
func (c *collection) share(s *Scope, key []byte) (err error) {
	switch {
	case len(key) != MappingKeyLength:
		return fmt.Errorf("a Shared collection needs a mapping key of %d bytes", MappingKeyLength)
	case c.CorpusID == "" || strings.Contains(c.CorpusID, "\x00"):
		return errors.New("a Shared collection needs the UID of its Corpus")
	case len(c.Vectors) == 0:
		return errors.New("a Shared collection needs its vectors")
	}
	if c.ids, err = newNamespace(key, s.tenantUID, c.CorpusID); err != nil {
		return err
	}
	if c.vectors, err = byName(c.Vectors); err != nil {
		return err
	}
	c.tenant, c.corpus = equals(TenantField, s.tenantID), equals(CorpusField, c.CorpusID)
	c.stamp = map[string]*pb.Value{TenantField: text(s.tenantID), CorpusField: text(c.CorpusID)}
	c.idf, err = idfParams(&pb.Filter{Must: []*pb.Condition{c.tenant, c.corpus}})
	return err
}

func byName(vectors []Vector) (map[string]Vector, error) {
	out := make(map[string]Vector, len(vectors))
	for _, v := range vectors {
		if _, twice := out[v.Name]; twice {
			return nil, fmt.Errorf("two vectors are named %q", v.Name)
		}
		if v.IDF && !v.Sparse {
			return nil, fmt.Errorf("vector %q has idf, but is not sparse", v.Name)
		}
		out[v.Name] = v
	}
	return out, nil
}

// equals is a condition by itself: a second check in the same condition would be an alternative to it.
func equals(key, value string) *pb.Condition {
	return &pb.Condition{ConditionOneOf: &pb.Condition_Field{Field: &pb.FieldCondition{
		Key: key, Match: &pb.Match{MatchValue: &pb.Match_Keyword{Keyword: value}},
	}}}
}

func text(s string) *pb.Value { return &pb.Value{Kind: &pb.Value_StringValue{StringValue: s}} }

// scoped appends the conditions to must, the one list that stays a conjunction whatever the server merges it with.
func (c *collection) scoped(f *pb.Filter) { f.Must = append(f.Must, c.tenant, c.corpus) }

// SearchParams.idf, which the client library does not know yet: IdfParams{Filter corpus = 1} as field 6.
const (
	idfField    protowire.Number = 6
	corpusField protowire.Number = 1
)

// idfParams is params.idf in wire form.
func idfParams(corpus *pb.Filter) ([]byte, error) {
	filter, err := proto.MarshalOptions{Deterministic: true}.Marshal(corpus)
	if err != nil {
		return nil, fmt.Errorf("marshal the idf corpus: %w", err)
	}
	params := protowire.AppendBytes(protowire.AppendTag(nil, corpusField, protowire.BytesType), filter)
	out := protowire.AppendBytes(protowire.AppendTag(nil, idfField, protowire.BytesType), params)
	return out[:len(out):len(out)], nil
}
