package qdrant

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The rules of request fields.
var (
	undeclared = &rule{name: "undeclared", says: "refused: nobody has thought about it", leaf: true, do: refuseField}

	pass = &rule{
		name: "pass", says: "reaches the server as it is; an enum only with a known value", leaf: true, do: (*walk).scalar,
	}
	vectorName = &rule{
		name: "vector", says: "Shared: must be declared; if it has idf, params.idf is limited to the corpus, a distance matrix refused",
		leaf: true, do: (*walk).scalar,
	}
	descend = &rule{name: "walk", says: "its own fields have rules", do: (*walk).descend}

	shardKey = refuses("shard keys", "the collection is sharded by the platform: leave shard_key_selector out")
	noModel  = refuses("inference", "inference by the server is not available: send the vector itself")

	collectionName = &rule{
		name: "collection", says: "logical becomes physical; unknown and not granted are the same NotFound; items of a batch name the batch's own",
		always: true, leaf: true, do: (*walk).collectionName,
	}
	lookupName = &rule{
		name: "lookup", says: "as collection, for reading; ids beside it are mapped in that collection's namespace",
		always: true, leaf: true, do: (*walk).lookupName,
	}
	joinName = &rule{
		name: "join", says: "as collection, for reading; refused into Shared, because the ids come from payloads",
		always: true, leaf: true, do: (*walk).joinName,
	}

	ownID = &rule{
		name: "id", says: "Shared: mapped in the namespace of the collection", do: func(w *walk, m protoreflect.Message, s *step) *fault {
			return w.seal(m, s, w.queried)
		},
	}
	exampleID = &rule{
		name: "example id", says: "mapped in the namespace of lookup_from, else as id", do: func(w *walk, m protoreflect.Message, s *step) *fault {
			return w.seal(m, s, w.ids)
		},
	}

	tenantFilter = &rule{
		name: "tenant filter", says: "Shared: tenant and corpus conditions appended to must; made if absent", always: true,
		do: (*walk).tenantFilter,
	}
	tenantFilterIfSet = &rule{
		name: "tenant filter if set", says: "Shared: tenant and corpus conditions appended to must", do: (*walk).tenantFilter,
	}
	elementFilter = &rule{name: "element filter", says: "walked; keys are relative to an element", do: (*walk).elementFilter}

	key = &rule{
		name: "key", says: "Shared: refused if it is no path, or a path to tenant_id or corpus_id", leaf: true, do: (*walk).key,
	}
	writeKey = &rule{
		name: "write key", says: "as key, for what a write changes", leaf: true, do: (*walk).writeKeys,
	}
	variable = &rule{name: "variable", says: "as key; $score is none", leaf: true, do: (*walk).variable}
	defaults = &rule{name: "variables", says: "keys as variable, values walked", do: (*walk).defaults}

	putPayload = &rule{
		name: "payload put", says: "Shared: tenant_id and corpus_id written; a value of the caller's that differs, or another spelling, refused",
		always: true, do: func(w *walk, m protoreflect.Message, s *step) *fault { return w.payload(m, s, true) },
	}
	mergePayload = &rule{
		name: "payload merge", says: "Shared: tenant_id and corpus_id refused in any spelling",
		do: func(w *walk, m protoreflect.Message, s *step) *fault { return w.payload(m, s, false) },
	}
	rpcPayload = &rule{
		name: "payload put or merge", says: "OverwritePayload: payload put; SetPayload: payload merge",
		always: true, do: func(w *walk, m protoreflect.Message, s *step) *fault { return w.payload(m, s, w.rpc.replaces) },
	}
	clearPayload = &rule{
		name: "payload clear", says: "Shared: becomes an overwrite with tenant_id and corpus_id alone", do: (*walk).clearOperation,
	}

	limit    = &rule{name: "limit", says: "at most Limits.MaxLimit, and together at most Limits.MaxWork", leaf: true, do: (*walk).limit}
	skip     = &rule{name: "offset", says: "at most Limits.MaxOffset, and together with limits at most Limits.MaxWork", leaf: true, do: (*walk).offset}
	pairwise = &rule{name: "pairwise", says: "at most Limits.MaxCandidates: the server compares each with each", leaf: true, do: (*walk).pairwise}
	multiple = &rule{name: "multiple", says: "at most 100: the server fetches that many times the limit", leaf: true, do: (*walk).multiple}
	exact    = &rule{
		name: "exact search", says: "Shared: true refused, since the server's strict mode refuses it", leaf: true, do: (*walk).exact,
	}
)

func refuses(what, why string) *rule {
	return &rule{
		name: "refused: " + what, says: why, leaf: true, do: func(*walk, protoreflect.Message, *step) *fault {
			return refusef(invalid, ReasonNotSupported, "%s", why)
		},
	}
}

func refuseField(_ *walk, _ protoreflect.Message, s *step) *fault {
	return refusef(invalid, ReasonUnknownField, "%s is not supported here", s.name)
}

func (w *walk) setString(m protoreflect.Message, s *step, value string) {
	m.Set(s.fd, protoreflect.ValueOfString(value))
}

// collectionName names the collection of the request, at its root and in every item of a batch.
func (w *walk) collectionName(m protoreflect.Message, s *step) *fault {
	name := m.Get(s.fd).String()
	if name != w.queried.Name && name != "" {
		if _, f := w.scope.collection(name); f != nil {
			return f
		}
		return refusef(invalid, ReasonInvalidArgument, "an item names the collection `%s`, the batch `%s`: they must be the same",
			quoted(name), w.queried.Name)
	}
	w.setString(m, s, w.queried.Physical)
	return nil
}

func (w *walk) lookupName(m protoreflect.Message, s *step) *fault {
	c, f := w.scope.collection(m.Get(s.fd).String())
	if f != nil {
		return f
	}
	w.grant(c, false)
	w.setString(m, s, c.Physical)
	return nil
}

func (w *walk) joinName(m protoreflect.Message, s *step) *fault {
	c, f := w.scope.collection(m.Get(s.fd).String())
	if f != nil {
		return f
	}
	if c.shared() {
		return refusef(invalid, ReasonNotSupported,
			"with_lookup into `%s` is not available, it is a shared collection: get the points by their ids instead", c.Name)
	}
	w.grant(c, false)
	w.setString(m, s, c.Physical)
	return nil
}

// grant notes that the call needs a collection.
func (w *walk) grant(c *collection, write bool) {
	for i := range w.access {
		if w.access[i].Collection == c.Physical {
			w.access[i].Write = w.access[i].Write || write
			return
		}
	}
	w.access = append(w.access, Access{Collection: c.Physical, Write: write})
}

func (w *walk) limit(m protoreflect.Message, s *step) *fault {
	return w.bounded(s.name, m.Get(s.fd).Uint())
}

// bounded checks how many points an answer may have.
func (w *walk) bounded(what string, n uint64) *fault {
	if f := atMost(what, n, w.scope.limits.MaxLimit); f != nil {
		return f
	}
	return w.use(perRank, int(n))
}

func atMost(what string, n, most uint64) *fault {
	if n > most {
		return refusef(invalid, ReasonLimit, "%s is %d, at most %d is possible here: ask for less, or in pages", what, n, most)
	}
	return nil
}

func (w *walk) pairwise(m protoreflect.Message, s *step) *fault {
	return atMost(s.name, m.Get(s.fd).Uint(), w.scope.limits.MaxCandidates)
}

// maxMultiple of the limit may be fetched for rescoring.
const maxMultiple = 100

func (w *walk) multiple(m protoreflect.Message, s *step) *fault {
	if n := m.Get(s.fd).Float(); !(n <= maxMultiple) { // NaN is not
		return refusef(invalid, ReasonLimit, "%s is %g, at most %d is possible here: ask for less", s.name, n, maxMultiple)
	}
	return nil
}

func (w *walk) offset(m protoreflect.Message, s *step) *fault {
	n, most := m.Get(s.fd).Uint(), w.scope.limits.MaxOffset
	if n > most {
		return refusef(invalid, ReasonLimit, "offset %d is more than %d: use scroll to read everything", n, most)
	}
	return w.use(perRank, int(n))
}

func (w *walk) exact(m protoreflect.Message, s *step) *fault {
	if w.queried.shared() && m.Get(s.fd).Bool() {
		return refusef(codes.InvalidArgument, ReasonNotSupported,
			"exact search is not available in `%s`, it is a shared collection: leave params.exact out", w.queried.Name)
	}
	return nil
}
