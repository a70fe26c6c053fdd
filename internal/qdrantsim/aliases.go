package qdrantsim

import (
	"context"

	"github.com/qdrant/go-client/qdrant"
)

// UpdateAliases applies all actions in order; the server applies them under one
// lock but does not undo the earlier ones when a later one fails.
func (v collectionsService) UpdateAliases(ctx context.Context, r *qdrant.ChangeAliases) (*qdrant.CollectionOperationResponse, error) {
	err := v.s.change(ctx, func(st *store) error {
		for _, action := range r.GetActions() {
			if err := st.changeAlias(action); err != nil {
				return err
			}
		}
		return nil
	})
	return answer(&qdrant.CollectionOperationResponse{Result: true}, err)
}

func (st *store) changeAlias(action *qdrant.AliasOperations) error {
	switch a := action.GetAction().(type) {
	case *qdrant.AliasOperations_CreateAlias:
		return st.setAlias(a.CreateAlias.GetAliasName(), a.CreateAlias.GetCollectionName())
	case *qdrant.AliasOperations_DeleteAlias:
		delete(st.aliases, a.DeleteAlias.GetAliasName())
		return nil
	case *qdrant.AliasOperations_RenameAlias:
		old := a.RenameAlias.GetOldAliasName()
		target, ok := st.aliases[old]
		if !ok {
			return notFound("Alias %s does not exists!", old)
		}
		delete(st.aliases, old)
		st.aliases[a.RenameAlias.GetNewAliasName()] = target
		return nil
	}
	return malformed("Malformed AliasOperation type")
}

// setAlias points an alias at a collection, silently taking it from another.
func (st *store) setAlias(alias, target string) error {
	if _, ok := st.collections[target]; !ok {
		return collectionMissing(target)
	}
	if _, ok := st.collections[alias]; ok {
		return alreadyExists("Collection `%s` already exists!", alias)
	}
	st.aliases[alias] = target
	return nil
}

func (v collectionsService) ListCollectionAliases(ctx context.Context, r *qdrant.ListCollectionAliasesRequest) (*qdrant.ListAliasesResponse, error) {
	name := r.GetCollectionName()
	if err := accessOf(ctx).collection(name, needRead); err != nil {
		return nil, err
	}
	return v.aliases([]string{name}), nil
}

func (v collectionsService) ListAliases(ctx context.Context, _ *qdrant.ListAliasesRequest) (*qdrant.ListAliasesResponse, error) {
	v.s.store.mu.RLock()
	names := v.s.store.names()
	v.s.store.mu.RUnlock()
	var visible []string
	for _, name := range names {
		if accessOf(ctx).sees(name) {
			visible = append(visible, name)
		}
	}
	return v.aliases(visible), nil
}

func (v collectionsService) aliases(collections []string) *qdrant.ListAliasesResponse {
	v.s.store.mu.RLock()
	defer v.s.store.mu.RUnlock()
	out := &qdrant.ListAliasesResponse{}
	for _, name := range collections {
		for _, alias := range v.s.store.aliasesOf(name) {
			out.Aliases = append(out.Aliases, &qdrant.AliasDescription{AliasName: alias, CollectionName: name})
		}
	}
	return out
}

// ListShardKeys: without custom sharding there are none.
func (v collectionsService) ListShardKeys(ctx context.Context, r *qdrant.ListShardKeysRequest) (*qdrant.ListShardKeysResponse, error) {
	err := v.s.view(ctx, r.GetCollectionName(), needRead, func(*collection) error { return nil })
	return answer(&qdrant.ListShardKeysResponse{}, err)
}
