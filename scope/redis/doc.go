// Package redis is a go-redis client in which every key and channel belongs to the tenant of the context.
//
//	client, err := redis.New(&goredis.UniversalOptions{Addrs: []string{"redis:6379"}, Username: "app", Password: password})
//	…
//	client.Set(ctx, "greeting", "hello", time.Hour) // SET ai:acme:greeting hello
//	client.Get(ctx, "greeting")                     // GET ai:acme:greeting
//
// [Client] has all methods of go-redis's Cmdable, pipelines and transactions included, and the tenant comes from the
// context: see scope.WithTenant. Keys that a reply holds come back without the prefix.
//
// What is sent is decided by a table of commands whose keys are known. Whatever is not in it is refused before anything is
// sent, with an error that wraps [ErrRefused]: commands that list, count, flush or copy what belongs to all (KEYS, SCAN,
// DBSIZE, FLUSHALL, SELECT, SORT, COPY …), administration, and commands that are newer than the table. Scripts are
// refused unless [AllowScripts] is given, because they can touch keys that they do not declare.
//
// A pipeline belongs to the tenant of the context that is passed to Exec; do not queue commands of several requests in one.
//
// This is for the platform's own applications, which connect as the plane's appUser and could reach all tenants' keys.
// Everything that is sent is also accepted from a tenant's own user, whose key pattern the server enforces.
//
// [Cache] is a cache for answers of models, on top of it.
package redis
