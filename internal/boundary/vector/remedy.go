package vector

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/tenantry/tenantry/internal/boundary"
)

// remedy is the call of the REST API that does what an operation does, for those who would rather do it themselves; "" where
// only Tenantry can: a record of its own, and a collection, whose stamp says that nobody else made it.
func remedy(op boundary.Op) string {
	switch o := op.(type) {
	case UpdateCollection:
		if body := updateBody(o); len(body) > 0 {
			return "PATCH /collections/" + o.Want.Name + " " + written(body)
		}
	case CreateIndex:
		return "PUT /collections/" + o.Collection + "/index " + written(members{"field_name": o.Index.Field, "field_schema": o.Index.schema()})
	case DropIndex:
		return "DELETE /collections/" + o.Collection + "/index/" + o.Field
	case DropAlias:
		return removal(o.Alias)
	case DropGrant:
		return "POST /collections/" + TokensCollection + "/points/delete " + written(members{"points": []any{pointBody(o.Record.Point)}})
	}
	return ""
}

type members = map[string]any

// written is JSON on one line, with the members in alphabetical order.
func written(m members) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(m)
	return strings.TrimSpace(b.String())
}

func updateBody(o UpdateCollection) members {
	out := members{}
	for _, f := range o.Fields {
		switch f {
		case FieldHNSW:
			out[string(f)] = o.Want.HNSW.body()
		case FieldStrict:
			out[string(f)] = o.Want.Strict.body()
		case FieldQuantization:
			out[string(f)] = quantizationBody(o.Want.Quantization)
		case FieldReplicas:
			out["params"] = members{string(f): o.Want.Replicas}
		case FieldVectors:
			out[string(f)] = vectorsBody(o.Want.Vectors)
		case FieldSparse:
			out[string(f)] = sparseBody(o.Want.Sparse)
		case FieldStamp:
		}
	}
	return out
}

// pointBody is an id as the API takes it: numbers are numbers there.
func pointBody(id string) any {
	if _, err := strconv.ParseUint(id, 10, 64); err == nil {
		return json.Number(id)
	}
	return id
}

func (h HNSW) body() members {
	return members{"m": h.M, "payload_m": h.PayloadM, "ef_construct": h.EfConstruct}
}

func (s Strict) body() members {
	out := members{
		"enabled": s.Enabled, "unindexed_filtering_retrieve": !s.RefuseUnindexedReads,
		"unindexed_filtering_update": !s.RefuseUnindexedWrites, "search_allow_exact": !s.RefuseExact,
	}
	for _, b := range bounds(&s, &s) {
		if b.want > 0 {
			out[b.name] = b.want
		}
	}
	return out
}

func quantizationBody(kind string) any {
	switch kind {
	case "Scalar":
		return members{"scalar": members{"type": "int8"}}
	case "Binary":
		return members{"binary": members{}}
	}
	return "Disabled"
}

func vectorsBody(vs []Vector) members {
	out := members{}
	for _, v := range vs {
		out[v.Name] = members{
			"on_disk": v.OnDisk, "hnsw_config": v.HNSW.body(), "quantization_config": quantizationBody(v.Quantization),
		}
	}
	return out
}

func sparseBody(vs []boundary.SparseVector) members {
	out := members{}
	for _, v := range vs {
		modifier := "none"
		if v.IDF {
			modifier = "idf"
		}
		out[v.Name] = members{"modifier": modifier}
	}
	return out
}

// schema of the index, as short as the API takes it.
func (i Index) schema() any {
	kind := strings.ToLower(i.Type)
	if i.Tenant {
		return members{"type": kind, "is_tenant": true}
	}
	return kind
}
