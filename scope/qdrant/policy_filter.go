package qdrant

// Filters. Whoever holds a filter says whether the tenant's conditions are appended to it; inside, nothing is appended.
var filterTables = table{
	"qdrant.Filter":    {fields: fields{"should": descend, "must": descend, "must_not": descend, "min_should": descend}},
	"qdrant.MinShould": {fields: fields{"conditions": descend, "min_count": pass}},
	// The server drops a condition without content silently.
	"qdrant.Condition": {nesting: nestedCondition, budget: perCondition, fields: fields{
		"field": descend, "is_empty": descend, "has_id": descend, "filter": descend, "is_null": descend, "nested": descend,
		"has_vector": descend,
	}},
	"qdrant.IsEmptyCondition":   {fields: fields{"key": key}},
	"qdrant.IsNullCondition":    {fields: fields{"key": key}},
	"qdrant.HasIdCondition":     {fields: fields{"has_id": ownID}},
	"qdrant.HasVectorCondition": {fields: fields{"has_vector": pass}},
	"qdrant.NestedCondition":    {required: names("filter"), fields: fields{"key": key, "filter": elementFilter}},
	"qdrant.FieldCondition": {after: (*walk).checks, fields: fields{
		"key": key, "match": descend, "range": descend, "geo_bounding_box": descend, "geo_radius": descend, "values_count": descend,
		"geo_polygon": descend, "datetime_range": descend, "is_empty": pass, "is_null": pass,
	}},
	"qdrant.Match": {fields: fields{
		"keyword": pass, "integer": pass, "boolean": pass, "text": pass, "keywords": descend, "integers": descend,
		"except_integers": descend, "except_keywords": descend, "phrase": pass, "text_any": pass,
	}},
	"qdrant.RepeatedStrings":  {fields: fields{"strings": pass}},
	"qdrant.RepeatedIntegers": {fields: fields{"integers": pass}},
	"qdrant.Range":            {fields: fields{"lt": pass, "gt": pass, "gte": pass, "lte": pass}},
	"qdrant.DatetimeRange":    {fields: fields{"lt": descend, "gt": descend, "gte": descend, "lte": descend}},
	"qdrant.ValuesCount":      {fields: fields{"lt": pass, "gt": pass, "gte": pass, "lte": pass}},
	"qdrant.GeoPoint":         {fields: fields{"lon": pass, "lat": pass}},
	"qdrant.GeoBoundingBox":   {fields: fields{"top_left": descend, "bottom_right": descend}},
	"qdrant.GeoRadius":        {fields: fields{"center": descend, "radius": pass}},
	"qdrant.GeoPolygon":       {fields: fields{"exterior": descend, "interiors": descend}},
	"qdrant.GeoLineString":    {fields: fields{"points": descend}},
}
