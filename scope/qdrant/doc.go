// Package qdrant makes a Qdrant request one that can touch a single tenant's points only, or refuses it.
//
// # Read this first
//
// Scoping in-process is for the platform's own, trusted applications: it needs a Qdrant token that opens the shared
// collections, and the key of the id mapping, and whoever has those needs no scoping. A tenant's workload goes through the
// gateway (cmd/gateway), which runs this same engine where the tenant cannot reach around it.
//
// # How to use it
//
// A [Scope] is made once per tenant from a [Config]: who the tenant is, and which logical collections it has. A collection is
// Dedicated (its own), Shared (a part of one that many tenants use) or Reference (read by many, written by the platform).
//
//	s, err := qdrant.NewScope(qdrant.Config{TenantID: "acme", TenantUID: uid, MappingKey: key, Collections: …})
//	call, err := s.Request("/qdrant.Points/Query", &pb.QueryPoints{…}) // err: a *Refusal, nothing may be sent
//	if call.Answer != nil { … }                                       // answered without the server
//	reply := call.NewReply()
//	err = conn.Invoke(ctx, call.Method, call.Message, reply)           // the method may differ from the request's
//	if err != nil { return call.Error(err) }                          // no names and ids of others in it
//	answer, err := call.Response(reply)                               // ids as the client knows them
//
// With the official Go client none of this is written by hand: see DialOptions.
//
// # What it does in a Shared collection
//
//   - Every filter at every level gets two more conditions in must: tenant_id and corpus_id. Every payload gets both keys;
//     callers can neither write nor read nor filter by them, in whatever spelling.
//   - Every point id is mapped by AES-128 under a key of this tenant and corpus, so that no id of one is an id of another:
//     nothing can be overwritten, occupied, looked up or probed for. Numbers come back as numbers.
//   - Get becomes Scroll, Count becomes an exact Facet, ClearPayload becomes OverwritePayload; statistics of idf vectors are
//     limited to the corpus; what can only be answered about everybody is refused or answered from the declaration.
//   - Replies lose tenant_id, corpus_id, shard keys, versions, operation ids and hardware usage. Errors are rewritten.
//
// Collections of the other two patterns keep ids, filters and payloads as they are; names are mapped, lookups into other
// collections are checked, and writes to Reference are refused.
//
// # How it is built
//
// The policy is data: policy_rpc.go names every RPC, policy_*.go every field of every message. compile.go joins it with the
// descriptors of the client library; walk.go applies it. What is not declared is refused: an RPC, a field, an enum value, an
// unknown field at any depth, a choice that is left open. Tests walk the descriptors, so a new release of the client library
// cannot open a hole unnoticed. docs/reference/qdrant-policies.md is generated from the same tables.
//
// Everything is pure: no IO, no clock, no randomness. A Scope never changes and may be used by any number of goroutines.
package qdrant
