package qdrantrest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/tenantry/tenantry/internal/qdrantrest"
)

const deep = `{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[` +
	`{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[` +
	`{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[{"must":[`

// TestDecodeRefuses is what makes the codec safe: each body is one that the server might read otherwise than we do, or
// of which it would drop a part.
func TestDecodeRefuses(t *testing.T) {
	const query, count, upsert = "POST /collections/c/points/query", "POST /collections/c/points/count", "PUT /collections/c/points"
	const payload, del, batch = "POST /collections/c/points/payload", "POST /collections/c/points/delete", "POST /collections/c/points/batch"
	const groups = "POST /collections/c/points/query/groups"
	tests := map[string]struct{ request, want string }{
		// Text.
		"no body":                   {query, "the text ends too early"},
		"two values":                {query + ` {}{}`, "something follows the value at byte 2"},
		"rubbish at the end":        {query + ` {}x`, "something follows"},
		"a trailing comma":          {query + ` {"limit":1,}`, "expected a key"},
		"a comment":                 {query + ` {/*x*/}`, "expected a key"},
		"single quotes":             {query + ` {'limit':1}`, "expected a key"},
		"not a number":              {query + ` {"score_threshold":NaN}`, "expected a value"},
		"infinity":                  {query + ` {"score_threshold":1e999}`, "score_threshold: the number is too large"},
		"a float beyond f32":        {query + ` {"query":[1,1e39]}`, "query[1]: the number is too large for single precision"},
		"a leading zero":            {query + ` {"limit":01}`, "expected a comma"},
		"a leading plus":            {query + ` {"limit":+1}`, "expected a value"},
		"no digit after the point":  {query + ` {"score_threshold":1.}`, "expected a digit"},
		"half a surrogate":          {query + ` {"using":"\ud83d"}`, "half a surrogate pair"},
		"the wrong half":            {query + ` {"using":"\ude00"}`, "half a surrogate pair"},
		"two first halves":          {query + ` {"using":"\ud83d\ud83d"}`, "half a surrogate pair"},
		"not UTF-8":                 {query + " {\"using\":\"\xff\"}", "not UTF-8"},
		"a control character":       {query + " {\"using\":\"a\tb\"}", "control character"},
		"an escape that is none":    {query + ` {"using":"\x41"}`, "an escape that is none"},
		"an object left open":       {query + ` {"limit":1`, "expected a comma"},
		"a string left open":        {query + ` {"using":"a`, "a string without an end"},
		"too deep":                  {count + ` {"filter":` + deep, "more than 64 levels"},
		"another type than object":  {query + ` [1]`, "expected an object, found an array"},
		"a value of another type":   {query + ` {"limit":"1"}`, "limit: expected a whole number, found a string"},
		"a fraction for an integer": {query + ` {"limit":1.0}`, "limit: expected a whole number from 0"},
		"minus zero":                {query + ` {"limit":-0}`, "limit: expected a whole number"},

		// Keys.
		"a key twice":                  {query + ` {"limit":1,"limit":2}`, `key "limit" occurs twice`},
		"a key twice, once escaped":    {query + ` {"filter":{},"f\u0069lter":{}}`, `key "filter" occurs twice`},
		"a payload key twice":          {payload + ` {"points":[1],"payload":{"a":1,"a":2}}`, `payload: key "a" occurs twice`},
		"tenant_id twice, one escaped": {payload + ` {"points":[1],"payload":{"tenant_id":"mine","\u0074enant_id":"yours"}}`, `key "tenant_id" occurs twice`},
		"a nested payload key twice":   {payload + ` {"points":[1],"payload":{"a":[{"b":1,"b":2}]}}`, `payload.a[0]: key "b" occurs twice`},
		"an unknown key":               {query + ` {"limit":1,"shardkey":1}`, `unknown field "shardkey"`},
		"another case":                 {query + ` {"Limit":1}`, `unknown field "Limit"`},
		"camel case":                   {query + ` {"withPayload":true}`, `unknown field "withPayload"`},
		"the name of the message's":    {query + ` {"collection_name":"x"}`, `unknown field "collection_name"`},
		"an alias and its field":       {query + ` {"with_vector":true,"with_vectors":true}`, "twice, under two names"},
		"limit and top":                {"POST /collections/c/points/search" + ` {"vector":[1],"limit":1,"top":2}`, "twice, under two names"},
		"top of a query":               {query + ` {"top":1}`, `unknown field "top"`},
		"vector and vectors":           {upsert + ` {"points":[{"id":1,"vector":[1],"vectors":[1]}]}`, "twice, under two names"},
		"unknown in a prefetch":        {query + ` {"prefetch":{"with_payload":true}}`, `prefetch: unknown field "with_payload"`},
		"unknown in params":            {query + ` {"params":{"exakt":true}}`, `params: unknown field "exakt"`},
		"a key of 13 twice":            {payload + ` {"points":[1],"payload":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"m":2}}`, `key "m" occurs twice`},

		// Ids.
		"a negative id":          {query + ` {"query":-1}`, "query: expected a point id"},
		"an id with a fraction":  {query + ` {"query":1.0}`, "query: expected a point id"},
		"an id with an exponent": {query + ` {"query":1e3}`, "query: expected a point id"},
		"an id beyond 64 bits":   {query + ` {"query":18446744073709551616}`, "query: expected a point id"},
		"a string that is no id": {query + ` {"query":"42"}`, "this string is no UUID"},
		"a boolean for an id":    {query + ` {"query":true}`, "found a boolean"},
		"null for an id":         {"POST /collections/c/points" + ` {"ids":[null]}`, "ids[0]: expected a point id"},
		"an id in the path":      {"GET /collections/c/points/abc", "the id in the path must be a whole number or a UUID"},

		// Selections: of two, one would be dropped.
		"points and filter":            {del + ` {"points":[1],"filter":{}}`, "exactly one of points and filter"},
		"neither points nor filter":    {del + ` {}`, "exactly one of points and filter"},
		"only null":                    {payload + ` {"payload":{},"points":null,"filter":null}`, "exactly one of points and filter"},
		"vectors by points and filter": {"POST /collections/c/points/vectors/delete" + ` {"points":[1],"filter":{},"vector":["a"]}`, "exactly one of points and filter"},
		"an array of ids":              {del + ` [1]`, "expected an object"},
		"points and batch":             {upsert + ` {"points":[],"batch":{"ids":[],"vectors":[]}}`, "exactly one of points and batch"},
		"neither points nor batch":     {upsert + ` {}`, "exactly one of points and batch"},
		"two operations in one":        {batch + ` {"operations":[{"upsert":{"points":[]},"delete":{"points":[1]}}]}`, "operations[0].delete: expected exactly one of upsert"},
		"no operation":                 {batch + ` {"operations":[{}]}`, "expected exactly one of upsert"},
		"an operation of gRPC":         {batch + ` {"operations":[{"delete_points":{"points":[1]}}]}`, `unknown field "delete_points"`},
		"two queries in one":           {query + ` {"query":{"nearest":1,"fusion":"rrf"}}`, "exactly one kind of query"},
		"a vector and a query":         {query + ` {"query":{"indices":[1],"values":[1],"nearest":2}}`, "exactly one kind of query"},
		"an empty query":               {query + ` {"query":{}}`, "exactly one kind of query"},
		"mmr without nearest":          {query + ` {"query":{"mmr":{},"sample":"random"}}`, "mmr belongs to nearest"},
		"defaults without formula":     {query + ` {"query":{"nearest":1,"defaults":{}}}`, "defaults belong to a formula"},
		"two conditions in one":        {count + ` {"filter":{"must":{"has_id":[1],"key":"a","match":{"value":1}}}}`, "several kinds of conditions"},
		"a filter and a condition":     {count + ` {"filter":{"must":{"must":[],"has_id":[1]}}}`, "several kinds of conditions"},
		"an empty condition":           {count + ` {"filter":{"must":{}}}`, "the condition is empty"},
		"two matches in one":           {count + ` {"filter":{"must":{"key":"a","match":{"value":1,"text":"x"}}}}`, "exactly one of value"},
		"no match":                     {count + ` {"filter":{"must":{"key":"a","match":{}}}}`, "exactly one of value"},
		"a test without a key":         {count + ` {"filter":{"must":{"match":{"value":1}}}}`, `field "key" is missing`},
		"a match of a fraction":        {count + ` {"filter":{"must":{"key":"a","match":{"value":1.5}}}}`, "expected a whole number"},
		"strings and integers":         {count + ` {"filter":{"must":{"key":"a","match":{"any":["a",1]}}}}`, "any[1]: expected a string"},
		"numbers and times":            {count + ` {"filter":{"must":{"key":"a","range":{"lt":1,"gt":"2026-01-01"}}}}`, "all numbers or all points in time"},
		"an unknown bound":             {count + ` {"filter":{"must":{"key":"a","range":{"eq":null}}}}`, `unknown field "eq"`},
		"a time that is none":          {count + ` {"filter":{"must":{"key":"a","range":{"lt":"yesterday"}}}}`, "expected a point in time"},
		"two operators in one":         {query + ` {"query":{"formula":{"neg":1,"abs":2}}}`, "exactly one operator"},
		"a condition and an operator":  {query + ` {"query":{"formula":{"has_id":[1],"neg":1}}}`, "exactly one operator"},
		"include and exclude":          {query + ` {"with_payload":{"include":[],"exclude":[]}}`, "either include or exclude"},
		"empty with_payload":           {query + ` {"with_payload":{}}`, "either include or exclude"},
		"a sparse vector with a model": {query + ` {"query":{"indices":[1],"values":[1],"model":"m"}}`, "indices and values and nothing else"},
		"a text and an image":          {query + ` {"query":{"text":"a","image":"b","model":"m"}}`, "one of text, image and object"},
		"a text without a model":       {query + ` {"query":{"text":"a"}}`, `field "model" is missing`},
		"a point with a text":          {upsert + ` {"points":[{"id":1,"vector":{"text":"t"}}]}`, "vector.text: expected a vector"},

		// What newer servers have.
		"a slice":            {count + ` {"filter":{"must":{"slice":{"total":2,"index":0}}}}`, "conditions on slices are not supported"},
		"a prefix":           {count + ` {"filter":{"must":{"key":"a","match":{"prefix":"x"}}}}`, "matching a prefix is not supported"},
		"an idf that is not": {query + ` {"params":{"idf":"local"}}`, `expected "global" or an object`},
		"an idf of nothing":  {query + ` {"params":{"idf":{}}}`, `field "corpus" is missing`},
		"an idf of null":     {query + ` {"params":{"idf":{"corpus":null}}}`, "expected a filter, found null"},

		// What would not come back the same.
		"an integer beyond 64 bits": {payload + ` {"points":[1],"payload":{"a":9223372036854775808}}`, "payload.a: the integer does not fit 64 bits"},
		"fewer than that":           {payload + ` {"points":[1],"payload":{"a":[-9223372036854775809]}}`, "payload.a[0]: the integer does not fit"},
		"a float beyond 64 bits":    {payload + ` {"points":[1],"payload":{"a":1e400}}`, "the number is too large"},

		// Fields that must be there.
		"a point without an id":       {upsert + ` {"points":[{"vector":[1]}]}`, `points[0]: field "id" is missing`},
		"a point without a vector":    {upsert + ` {"points":[{"id":1}]}`, `points[0]: field "vector" is missing`},
		"groups by nothing":           {groups + ` {"query":1}`, `field "group_by" is missing`},
		"a search without a limit":    {"POST /collections/c/points/search" + ` {"vector":[1]}`, `field "limit" is missing`},
		"a search with a null limit":  {"POST /collections/c/points/search" + ` {"vector":[1],"limit":null}`, `field "limit" is missing`},
		"a sparse vector without end": {query + ` {"query":{"indices":[1]}}`, `field "values" is missing`},
		"a filter that is null":       {"POST /collections/c/points/payload/clear" + ` {"filter":null}`, "exactly one of points and filter"},
		"a body where there is none":  {"GET /collections {}", "takes no body"},

		// Parameters.
		"an unknown parameter":       {query + `?api-key=x {}`, `"api-key" is not a parameter of this operation`},
		"wait of a read":             {query + `?wait=true {}`, `"wait" is not a parameter`},
		"consistency of a write":     {upsert + `?consistency=1 {"points":[]}`, `"consistency" is not a parameter`},
		"a parameter twice":          {upsert + `?wait=true&wait=false {"points":[]}`, `"wait" stands there more than once`},
		"wait as a number":           {upsert + `?wait=1 {"points":[]}`, `"wait" must be true or false`},
		"an ordering that is none":   {upsert + `?ordering=Strong {"points":[]}`, "weak, medium or strong"},
		"a timeout of nothing":       {query + `?timeout=0 {}`, "at least 1"},
		"a consistency of nothing":   {query + `?consistency=some {}`, "majority, quorum or all"},
		"a parameter of an existing": {"GET /collections/c/exists?timeout=1", "is not a parameter"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			parts := append(strings.SplitN(test.request, " ", 3), "")
			_, m, err := decode(t, request{parts[0], parts[1], parts[2]})
			if err == nil {
				t.Fatalf("was read as %s", show(t, m))
			}
			refused(t, err, http.StatusBadRequest, test.want)
		})
	}
}

func refused(t *testing.T, err error, status int, want string) {
	t.Helper()
	var e *qdrantrest.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %T %v, want *qdrantrest.Error", err, err)
	}
	if e.Status != status || !strings.Contains(e.Message, want) {
		t.Errorf("got %d %q, want %d and %q", e.Status, e.Message, status, want)
	}
}

// TestDecodeInvalid is about values that Qdrant refuses with 422.
func TestDecodeInvalid(t *testing.T) {
	tests := map[string]struct{ request, want string }{
		"limit 0":            {`POST /collections/c/points/query {"limit":0}`, "limit: value 0 invalid, must be 1 or larger"},
		"limit 0 inside":     {`POST /collections/c/points/query {"prefetch":[{"limit":0}]}`, "prefetch[0].limit: value 0 invalid"},
		"min_count 0":        {`POST /collections/c/points/count {"filter":{"min_should":{"conditions":[],"min_count":0}}}`, "min_count: value 0"},
		"sample 1":           {`POST /collections/c/points/search/matrix/pairs {"sample":1}`, "must be 2 or larger"},
		"an empty vector":    {`POST /collections/c/points/query {"query":[]}`, "must not be empty"},
		"no test":            {`POST /collections/c/points/count {"filter":{"must":{"key":"a"}}}`, "at least one field condition"},
		"unequal sparse":     {`POST /collections/c/points/query {"query":{"indices":[1,2],"values":[1]}}`, "must be the same length"},
		"unequal columns":    {`PUT /collections/c/points {"batch":{"ids":[1,2],"vectors":{"a":[[1]]}}}`, `number of ids and vectors must be equal (2 != 1 of "a")`},
		"unequal payloads":   {`PUT /collections/c/points {"batch":{"ids":[1],"vectors":[[1]],"payloads":[]}}`, "number of ids and payloads must be equal"},
		"no names":           {`POST /collections/c/points/vectors/delete {"points":[1],"vector":[]}`, "must specify vector names"},
		"no vectors to set":  {`PUT /collections/c/points/vectors {"points":[]}`, "must specify points"},
		"a number too large": {`POST /collections/c/points/query {"params":{"hnsw_ef":0}}`, "params.hnsw_ef: value 0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			parts := strings.SplitN(test.request, " ", 3)
			_, _, err := decode(t, request{parts[0], parts[1], parts[2]})
			if err == nil {
				t.Fatal("was not refused")
			}
			refused(t, err, http.StatusUnprocessableEntity, test.want)
		})
	}
}
