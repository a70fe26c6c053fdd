// Package qdrantrest turns requests of Qdrant's REST API into the messages of its gRPC API, and replies back into
// Qdrant's JSON.
//
// It is strict on purpose. Whoever reads a request in order to decide about it must read in it what the server reads,
// and JSON leaves room for disagreement: keys that occur twice, keys spelled with escapes or in another case, fields
// that one side ignores, objects that fit two shapes, numbers that lose digits, paths that are normalised. So nothing
// is ignored, guessed or passed on as bytes: a request is either exactly one operation, with every part of it in the
// message, or it is refused with an Error that says where. Every way of writing that Qdrant documents and its official
// clients use is taken: one condition instead of a list, ids as query, aliases of field names.
//
//	op, err := qdrantrest.Match(r.Method, r.URL.EscapedPath())   // which operation
//	request, err := op.Decode(query, body)                       // the message of op.Method
//	body, err := op.Encode(reply, elapsed)                       // Qdrant's JSON
//
// # Reading JSON
//
// Text is checked whole first, without building anything: syntax, UTF-8, escapes, and a depth of at most MaxDepth. Then
// a pull reader walks it once and writes straight into the messages. encoding/json was not used because it takes the
// last of two equal keys, matches keys in any case, cannot tell one shape of an object from another without a second
// pass, and needs three times as long for a vector of 1,536 numbers; sigs.k8s.io/json mends only the first two.
//
// # Numbers
//
// Ids keep all 64 bits. In a payload an integer stays an integer and must fit 64 bits with sign, because the gRPC API
// has no other; what has a fraction or an exponent is a float, so 1.0 stays a float and is written as 1.0. Numbers of a
// vector are read as Qdrant reads them, to double precision and then to single, and written as the shortest decimal
// that reads back the same.
//
// # What is left out
//
// Operations that the gRPC API has and the platform keeps to itself (collections, indexes, aliases, snapshots, shards)
// are known by their path only, so that policy can refuse them by name: Operation.NamesOnly. Every other path, such as
// /telemetry, /metrics, /cluster/… or the routes of single shards, does not exist here: 404. Fields of Qdrant 1.19
// that the Go client 1.17 has no field for (slice, match prefix) are refused by name, except params.idf, which becomes
// the raw field 6 of SearchParams, as the scoping engine reads it.
package qdrantrest
