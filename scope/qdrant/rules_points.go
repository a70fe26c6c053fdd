package qdrant

import (
	"maps"
	"strings"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// seal maps the ids of a field in the namespace of the collection in which they are resolved.
func (w *walk) seal(m protoreflect.Message, s *step, in *collection) *fault {
	if !s.list {
		if f := w.use(perID, 1); f != nil {
			return f
		}
		return w.sealOne(m.Get(s.fd).Message(), s, in)
	}
	list := m.Get(s.fd).List()
	if f := w.use(perID, list.Len()); f != nil {
		return f
	}
	for i := range list.Len() {
		if f := w.sealOne(list.Get(i).Message(), s, in); f != nil {
			return f.atIndex(i)
		}
	}
	return nil
}

func (w *walk) sealOne(m protoreflect.Message, s *step, in *collection) *fault {
	if f := w.message(m, s.sub); f != nil {
		return f
	}
	id, ok := m.Interface().(*pb.PointId)
	if !ok {
		return refuseField(w, m, s)
	}
	if in.shared() {
		if f := in.ids.seal(id, &w.spare); f != nil {
			return f
		}
	}
	if in != w.queried {
		w.elsewhere(id, in)
	}
	return nil
}

// elsewhere notes an id that is resolved in another collection than the queried one, for errors that name it. One that is not
// mapped there is noted as well: opened in the queried namespace, it would tell the client what a stored id stands for.
func (w *walk) elsewhere(id *pb.PointId, in *collection) {
	if !in.shared() && !w.queried.shared() {
		return
	}
	if w.foreign == nil {
		w.foreign = map[string]*namespace{}
	}
	w.foreign[wireText(id)] = in.ids
}

// tenantFilter walks a filter and appends the conditions of the tenant and the corpus.
func (w *walk) tenantFilter(m protoreflect.Message, s *step) *fault {
	if m.Has(s.fd) {
		if f := w.descend(m, s); f != nil || !w.queried.shared() {
			return f
		}
		w.queried.scoped(m.Get(s.fd).Message().Interface().(*pb.Filter))
		return nil
	}
	if w.queried.shared() {
		made := &pb.Filter{}
		w.queried.scoped(made)
		m.Set(s.fd, protoreflect.ValueOfMessage(made.ProtoReflect()))
	}
	return nil
}

func (w *walk) elementFilter(m protoreflect.Message, s *step) *fault {
	w.element++
	f := w.descend(m, s)
	w.element--
	return f
}

func (w *walk) key(m protoreflect.Message, s *step) *fault {
	if w.element > 0 {
		return nil
	}
	return w.checkKey(m.Get(s.fd).String(), invalid)
}

func (w *walk) checkKey(path string, code codes.Code) *fault {
	if !w.queried.shared() {
		return nil
	}
	first, ok := firstKey(path)
	if !ok {
		return refusef(invalid, ReasonInvalidArgument, "Invalid json path: '%s'", quoted(path))
	}
	if isReserved(first) {
		return reservedKey(code, first)
	}
	return nil
}

func reservedKey(code codes.Code, key string) *fault {
	return refusef(code, ReasonReservedKey, "the payload key %s is reserved in shared collections: use another one", quoted(key))
}

// writeKeys checks one path or a list of paths that a write changes.
func (w *walk) writeKeys(m protoreflect.Message, s *step) *fault {
	if !s.list {
		return w.checkKey(m.Get(s.fd).String(), codes.PermissionDenied)
	}
	list := m.Get(s.fd).List()
	for i := range list.Len() {
		if f := w.checkKey(list.Get(i).String(), codes.PermissionDenied); f != nil {
			return f.atIndex(i)
		}
	}
	return nil
}

func (w *walk) variable(m protoreflect.Message, s *step) *fault {
	return w.checkVariable(m.Get(s.fd).String())
}

// checkVariable checks a variable of a formula: a path, or $score and what may come to be like it, which is no payload.
func (w *walk) checkVariable(name string) *fault {
	if w.element > 0 || strings.HasPrefix(name, "$") {
		return nil
	}
	return w.checkKey(name, invalid)
}

func (w *walk) defaults(m protoreflect.Message, s *step) *fault {
	for name := range m.Interface().(*pb.Formula).GetDefaults() {
		if f := w.checkVariable(name); f != nil {
			return f
		}
	}
	return w.descend(m, s)
}

// payloadHolder are all messages that write a payload.
type payloadHolder interface{ GetPayload() map[string]*pb.Value }

// payload keeps tenant_id and corpus_id in the engine's hand: put, the payload replaces the old one, so they are written;
// merged, they stay what they are. A null would delete them, an array would match several tenants.
func (w *walk) payload(m protoreflect.Message, s *step, put bool) *fault {
	if m.Has(s.fd) {
		if f := w.descend(m, s); f != nil {
			return f
		}
	}
	if !w.queried.shared() {
		return nil
	}
	holder := m.Interface().(payloadHolder)
	for k, v := range holder.GetPayload() {
		if isReservedKey(k) && (!put || !w.isStamp(k, v)) {
			return reservedKey(codes.PermissionDenied, k)
		}
	}
	if put {
		m.Mutable(s.fd)
		maps.Copy(holder.GetPayload(), w.queried.stamp)
	}
	return nil
}

// isStamp tells whether a caller wrote what the engine writes anyway: applications that used to stamp their points may
// go on.
func (w *walk) isStamp(key string, v *pb.Value) bool {
	want, ok := w.queried.stamp[key]
	is, text := v.GetKind().(*pb.Value_StringValue)
	return ok && text && is.StringValue == want.GetStringValue()
}

// clearOperation makes of a clear, which would orphan the point, an overwrite.
func (w *walk) clearOperation(m protoreflect.Message, s *step) *fault {
	if f := w.descend(m, s); f != nil || !w.queried.shared() {
		return f
	}
	op := m.Interface().(*pb.PointsUpdateOperation)
	selector := op.GetClearPayloadDeprecated() //nolint:staticcheck // clients still send it, and the server obeys
	if selector == nil {
		selector = op.GetClearPayload().GetPoints()
	}
	op.Operation = &pb.PointsUpdateOperation_OverwritePayload_{OverwritePayload: &pb.PointsUpdateOperation_OverwritePayload{
		Payload: maps.Clone(w.queried.stamp), PointsSelector: selector,
	}}
	return nil
}

// checks wants something to be checked: a condition on a field that checks nothing means one thing here, another there.
func (w *walk) checks(m proto.Message) *fault {
	f := m.(*pb.FieldCondition)
	if f.Match == nil && f.Range == nil && f.GeoBoundingBox == nil && f.GeoRadius == nil && f.ValuesCount == nil &&
		f.GeoPolygon == nil && f.DatetimeRange == nil && f.IsEmpty == nil && f.IsNull == nil {
		return refusef(invalid, ReasonIncomplete, "the condition on %s checks nothing: set match, range or another", quoted(f.GetKey()))
	}
	return nil
}
