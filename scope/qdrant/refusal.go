package qdrant

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Refusal says why a request was not scoped. It never reached the server.
type Refusal struct {
	Code    codes.Code // the gRPC code of the answer
	Reason  string     // one of the Reason constants: fit for a metric's label
	Message string     // for the caller: what is wrong, where, what to do
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// GRPCStatus makes a Refusal a gRPC status.
func (r *Refusal) GRPCStatus() *status.Status { return status.New(r.Code, r.Message) }

// The reasons of refusals.
const (
	ReasonUnknownMethod      = "UnknownMethod"      // no such RPC, or one that the engine does not know
	ReasonMethodNotAllowed   = "MethodNotAllowed"   // an RPC that belongs to the platform
	ReasonCollectionNotFound = "CollectionNotFound" // missing, or not granted: nobody can tell which
	ReasonReadOnly           = "ReadOnly"           // a write to a Reference collection
	ReasonWrongMessage       = "WrongMessage"       // not the RPC's request message
	ReasonUnknownField       = "UnknownField"       // a field that the engine has no rule for
	ReasonUnknownValue       = "UnknownValue"       // an enum value that the engine does not know
	ReasonIncomplete         = "Incomplete"         // something must be set, because the server would ignore its absence
	ReasonNotSupported       = "NotSupported"       // shard keys, inference, lookups into Shared, exact search in Shared
	ReasonReservedKey        = "ReservedKey"        // tenant_id or corpus_id, in whatever spelling
	ReasonInvalidID          = "InvalidID"          // neither a number nor a UUID
	ReasonInvalidArgument    = "InvalidArgument"    // anything else that is malformed
	ReasonLimit              = "Limit"              // too deep, too many, too much
	ReasonServerTooOld       = "ServerTooOld"       // the server could not scope idf statistics
)

const invalid = codes.InvalidArgument

// fault is a Refusal on its way up: every level adds where it was.
type fault struct {
	Refusal
	path []string // innermost first
}

func refusef(code codes.Code, reason, format string, args ...any) *fault {
	return &fault{Refusal: Refusal{Code: code, Reason: reason, Message: fmt.Sprintf(format, args...)}}
}

func (f *fault) at(segment string) *fault {
	f.path = append(f.path, segment)
	return f
}

func (f *fault) atIndex(i int) *fault { return f.at(fmt.Sprintf("[%d]", i)) }

// refusal is what the caller gets. The path stands in front, except in answers that must be the same everywhere.
func (f *fault) refusal() *Refusal {
	out := f.Refusal
	if len(f.path) == 0 || f.Reason == ReasonCollectionNotFound {
		return &out
	}
	slices.Reverse(f.path)
	where := strings.ReplaceAll(strings.Join(f.path, "."), ".[", "[")
	out.Message = where + ": " + out.Message
	return &out
}

// maxQuoted bounds in bytes what a message repeats of a request.
const maxQuoted = 255

func quoted(s string) string {
	if len(s) <= maxQuoted {
		return strings.ToValidUTF8(s, "?")
	}
	return strings.ToValidUTF8(s[:maxQuoted], "") + "…"
}

func notFound(name string) *fault {
	return refusef(codes.NotFound, ReasonCollectionNotFound, "Not found: Collection `%s` doesn't exist!", quoted(name))
}
