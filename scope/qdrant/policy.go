package qdrant

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The tables in the policy_*.go files are the policy: what is not in them is refused. A test compares them with the
// descriptors of the client library, so that a release with new fields fails the test and is refused until somebody has
// thought about it.

// rule is what the engine does with one field of a request.
type rule struct {
	name   string // stands in docs/reference/qdrant-policies.md
	says   string // what it means, for the reader of that page
	always bool   // applies also where the field is not set
	leaf   bool   // looks at the field's own value only: a message behind it has no rules of its own
	do     func(w *walk, m protoreflect.Message, s *step) *fault
}

// message is the policy of one message type.
type message struct {
	fields   map[protoreflect.Name]*rule
	required []protoreflect.Name // message fields that the server would ignore the absence of
	unset    []protoreflect.Name // oneofs that may be unset; others must not
	nesting  nesting
	budget   budget
	level    bool // searches by itself: ids used as vectors are looked up where its lookup_from says
	unknown  func(w *walk, m protoreflect.Message) *fault
	after    func(w *walk, m proto.Message) *fault
}

type fields = map[protoreflect.Name]*rule

// table is the policy of all message types of requests.
type table map[protoreflect.FullName]message

// enums lists the accepted numbers of every enum type in requests.
type enums map[protoreflect.FullName][]protoreflect.EnumNumber

// merged puts tables together. A type has one policy: a second one would be a mistake.
func merged(tables ...table) table {
	out := table{}
	for _, t := range tables {
		for name, m := range t {
			if _, twice := out[name]; twice {
				panic("two policies for " + name)
			}
			out[name] = m
		}
	}
	return out
}

// treatment is what happens to an RPC.
type treatment string

const (
	served  treatment = "served"  // scoped and sent upstream
	local   treatment = "local"   // answered by the engine
	refused treatment = "refused" // refused, with a reason
)

// rpc is the policy of one RPC.
type rpc struct {
	treatment treatment
	write     bool
	replaces  bool   // SetPayloadPoints only: the payload replaces the old one
	reason    string // why it is refused, or how it is served otherwise in Shared collections
	answer    func(s *Scope, m proto.Message) (proto.Message, *fault)
	convert   func(w *walk, c *Call) *fault // Shared collections: another message upstream
}

func names(of ...protoreflect.Name) []protoreflect.Name { return of }
