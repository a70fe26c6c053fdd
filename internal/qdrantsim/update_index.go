package qdrantsim

import (
	"context"
	"strings"

	"github.com/qdrant/go-client/qdrant"
)

// CreateFieldIndex adds a payload index or replaces the one on the same field.
func (v pointsService) CreateFieldIndex(ctx context.Context, r *qdrant.CreateFieldIndexCollection) (*qdrant.PointsOperationResponse, error) {
	path, err := parsePath(r.GetFieldName())
	if err != nil {
		return nil, err
	}
	index, err := parseIndex(path, r)
	if err != nil {
		return nil, err
	}
	return v.s.update(ctx, update{
		collection: r.GetCollectionName(),
		wait:       r.GetWait(),
		need:       needExtrasWrite,
		touches:    func(c *collection) []pointID { return c.order },
		early: func(*collection) error {
			if index == nil {
				return badRequest("Can't auto-detect field type, please specify `field_schema` in the request")
			}
			return nil
		},
		apply: func(c *collection) error {
			c.indexes[path.String()] = index
			return nil
		},
	})
}

// DeleteFieldIndex is content when there is no such index.
func (v pointsService) DeleteFieldIndex(ctx context.Context, r *qdrant.DeleteFieldIndexCollection) (*qdrant.PointsOperationResponse, error) {
	path, err := parsePath(r.GetFieldName())
	if err != nil {
		return nil, err
	}
	return v.s.update(ctx, update{
		collection: r.GetCollectionName(),
		wait:       r.GetWait(),
		need:       needExtrasWrite,
		touches:    func(c *collection) []pointID { return c.order },
		apply: func(c *collection) error {
			delete(c.indexes, path.String())
			return nil
		},
	})
}

// parseIndex reads the type and its parameters. The type is always needed, even
// where the parameters say the same.
func parseIndex(path jsonPath, r *qdrant.CreateFieldIndexCollection) (*fieldIndex, error) {
	if r.FieldType == nil {
		return nil, malformed("cannot convert field_type")
	}
	// The two enums count the same types, one from 0 and one from 1.
	index := &fieldIndex{path: path, kind: qdrant.PayloadSchemaType(r.GetFieldType() + 1)}
	name, known := qdrant.FieldType_name[int32(r.GetFieldType())]
	hasParams := r.GetFieldIndexParams().GetIndexParams() != nil
	switch {
	case !known && r.GetFieldIndexParams() != nil:
		return nil, malformed("field type is missing")
	case !known:
		return nil, nil
	case hasParams && kindOfParams(r.GetFieldIndexParams()) != index.kind:
		return nil, malformed("field_type (%s) and field_index_params do not match", strings.TrimPrefix(name, "FieldType"))
	case index.kind == qdrant.PayloadSchemaType_Text && !plainText(r.GetFieldIndexParams().GetTextIndexParams()):
		return nil, unsupported("text indexes other than the default word tokenizer")
	case hasParams:
		index.params = r.GetFieldIndexParams()
	}
	return index, nil
}

func kindOfParams(p *qdrant.PayloadIndexParams) qdrant.PayloadSchemaType {
	switch p.GetIndexParams().(type) {
	case *qdrant.PayloadIndexParams_KeywordIndexParams:
		return qdrant.PayloadSchemaType_Keyword
	case *qdrant.PayloadIndexParams_IntegerIndexParams:
		return qdrant.PayloadSchemaType_Integer
	case *qdrant.PayloadIndexParams_FloatIndexParams:
		return qdrant.PayloadSchemaType_Float
	case *qdrant.PayloadIndexParams_GeoIndexParams:
		return qdrant.PayloadSchemaType_Geo
	case *qdrant.PayloadIndexParams_TextIndexParams:
		return qdrant.PayloadSchemaType_Text
	case *qdrant.PayloadIndexParams_BoolIndexParams:
		return qdrant.PayloadSchemaType_Bool
	case *qdrant.PayloadIndexParams_DatetimeIndexParams:
		return qdrant.PayloadSchemaType_Datetime
	case *qdrant.PayloadIndexParams_UuidIndexParams:
		return qdrant.PayloadSchemaType_Uuid
	}
	return qdrant.PayloadSchemaType_UnknownType
}

// plainText says whether the words of a text index are what tokens makes of it.
func plainText(p *qdrant.TextIndexParams) bool {
	if p == nil {
		return true
	}
	word := p.GetTokenizer() == qdrant.TokenizerType_Word || p.GetTokenizer() == qdrant.TokenizerType_Unknown
	return word && (p.Lowercase == nil || *p.Lowercase) && p.MinTokenLen == nil && p.MaxTokenLen == nil &&
		p.GetStopwords() == nil && p.GetStemmer() == nil && !p.GetAsciiFolding() && !p.GetPhraseMatching()
}
