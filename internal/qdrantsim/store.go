package qdrantsim

import (
	"maps"
	"slices"
	"sync"

	"github.com/qdrant/go-client/qdrant"
)

// store is everything the server holds. One lock guards it all: a request sees
// a consistent whole, and tests need no more speed than that gives.
type store struct {
	mu          sync.RWMutex
	collections map[string]*collection
	aliases     map[string]string // alias → collection
	// snapshots by collection, which they outlive; full for the whole server.
	snapshots map[string][]*qdrant.SnapshotDescription
}

func newStore() *store {
	return &store{collections: map[string]*collection{}, aliases: map[string]string{}, snapshots: map[string][]*qdrant.SnapshotDescription{}}
}

// resolve finds a collection by its name or by an alias, the alias first.
func (st *store) resolve(name string) (*collection, error) {
	target := name
	if a, ok := st.aliases[name]; ok {
		target = a
	}
	if c, ok := st.collections[target]; ok {
		return c, nil
	}
	return nil, collectionMissing(name)
}

func (st *store) add(c *collection) error {
	if _, ok := st.collections[c.name]; ok {
		return alreadyExists("Collection `%s` already exists!", c.name)
	}
	if _, ok := st.aliases[c.name]; ok {
		return badInput("Can't create collection with name %s. Alias with the same name already exists", c.name)
	}
	st.collections[c.name] = c
	return nil
}

// remove deletes a collection by its own name, with its aliases, and says
// whether there was one. An alias is not a name here.
func (st *store) remove(name string) bool {
	maps.DeleteFunc(st.aliases, func(_, target string) bool { return target == name })
	_, ok := st.collections[name]
	delete(st.collections, name)
	return ok
}

func (st *store) names() []string { return slices.Sorted(maps.Keys(st.collections)) }

// aliasesOf lists the aliases of a collection in order.
func (st *store) aliasesOf(name string) []string {
	var out []string
	for _, a := range slices.Sorted(maps.Keys(st.aliases)) {
		if st.aliases[a] == name {
			out = append(out, a)
		}
	}
	return out
}
