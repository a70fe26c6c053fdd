// Package attack tries to read, count, infer, overwrite, delete, hide or detect another tenant's data, through the gateway
// (gRPC and REST) and through the SDK, with the payloads, ids and spellings of somebody who has read the server's source.
//
// The stage is two worlds that differ in one thing: in one of them other tenants have data. Of every attempt it must hold
// that
//
//   - the answer holds nothing of others, not even their names and ids, and is the same in both worlds to the last byte;
//   - others' points are unchanged, and no point of nobody has come to be;
//   - whatever reached the server could touch the attacker's points only, and what it may read; see qdrantsim.Call.Touched.
//
// The same attempts past the gateway, with the server's own key, are the controls: for every family some must cross, or
// there was nothing to defend. TestMain prints how many attempts were refused, how many answered with the attacker's own
// data, and how many of the controls crossed.
//
// TENANTRY_ATTACK_ROUNDS is how many random requests TestWhateverTheRequest makes, TENANTRY_ATTACK_SEED which ones. FuzzGRPC
// and FuzzREST go on where it ends. Timing is out of scope.
package attack
