// Package equivalence tests that a tenant cannot tell where its data lies: the same requests on the same data give the same
// results in a collection of its own, asked directly, and in a shared, a dedicated or a reference corpus, asked through the
// gateway or the SDK while other tenants' data lies in the same collection.
//
// What differs by design:
//
//   - Scroll, and Query without a query, return points in another order, stable and complete: stored ids are mapped. offset
//     takes an id that a page ended with; it is no number to begin at.
//   - params.exact: true is refused in shared corpora; what is searched there is exact or not as the server sees fit.
//   - Count is exact in shared corpora, also with exact: false.
//   - with_lookup into a shared corpus is refused, because the ids would come from payloads.
//   - A distance matrix of an idf vector is refused in shared corpora. A matrix of a sample holds other points.
//   - Versions are 0 and operation ids are missing in shared corpora: the server counts them over all tenants.
//   - Of equal scores, and of equal values under order_by, another may come first.
//   - Collection info of a shared corpus is what was declared, and its own exact count.
package equivalence
