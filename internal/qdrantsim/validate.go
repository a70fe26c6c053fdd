package qdrantsim

import (
	"fmt"
	"strings"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// validator collects what is wrong with a request and everything in it.
type validator struct {
	broken      []string
	unsupported error
}

// validate tells the client every bound that is broken, with its path. It also
// refuses what this server could only ignore: shard keys, and fields that are
// newer than the client library it is built with.
func validate(msg proto.Message) error {
	if msg == nil {
		return nil
	}
	var v validator
	v.check(msg.ProtoReflect(), "")
	if len(v.broken) > 0 {
		return malformed("Validation error in body: [%s]", strings.Join(v.broken, "; "))
	}
	return v.unsupported
}

func (w *validator) check(m protoreflect.Message, at string) {
	params, ok := m.Interface().(*qdrant.SearchParams)
	handMade := m.Descriptor().FullName() == "google.protobuf.Empty" // a message without types: see storage_read.go
	if len(m.GetUnknown()) > 0 && !handMade && (!ok || !w.checkIDF(params, at)) {
		w.unsupported = unsupported(fmt.Sprintf("unknown fields (in %s)", m.Descriptor().FullName()))
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		path := at + string(f.Name())
		if text := checkField(m, f); text != "" {
			w.broken = append(w.broken, path+": "+text)
		}
		if f.Message() == nil || !m.Has(f) || f.Message().FullName() == "qdrant.Value" {
			continue
		}
		if f.Message().FullName() == "qdrant.ShardKeySelector" {
			w.unsupported = unsupported("shard keys")
		}
		w.checkInside(m.Get(f), f, path)
	}
}

func (w *validator) checkInside(v protoreflect.Value, f protoreflect.FieldDescriptor, path string) {
	switch {
	case f.IsList():
		for i := range v.List().Len() {
			w.check(v.List().Get(i).Message(), fmt.Sprintf("%s[%d].", path, i))
		}
	case f.IsMap():
		if f.MapValue().Message() == nil || f.MapValue().Message().FullName() == "qdrant.Value" {
			return
		}
		v.Map().Range(func(_ protoreflect.MapKey, e protoreflect.Value) bool {
			w.check(e.Message(), path+".")
			return true
		})
	default:
		w.check(v.Message(), path+".")
	}
}

// checkField returns what is wrong with one field, or nothing. An optional
// field that is unset is not checked; any other counts as its zero value.
func checkField(m protoreflect.Message, f protoreflect.FieldDescriptor) string {
	if f.Name() == "collection_name" {
		return checkCollectionName(m, f)
	}
	r, ok := rules[f.FullName()]
	if !ok || f.HasPresence() && !m.Has(f) {
		return ""
	}
	v := m.Get(f)
	if r.holds(measure(v)) {
		return ""
	}
	if r.message != "" {
		return r.message
	}
	return fmt.Sprintf("value %s invalid, %s", show(v), r.expectation())
}

func measure(v protoreflect.Value) float64 {
	switch x := v.Interface().(type) {
	case string:
		return float64(len([]rune(x)))
	case uint64:
		return float64(x)
	case uint32:
		return float64(x)
	case float32:
		return float64(x)
	case float64:
		return x
	case protoreflect.List:
		return float64(x.Len())
	}
	return 0
}

func show(v protoreflect.Value) string {
	if s, ok := v.Interface().(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return v.String()
}

// nameless messages carry a collection name that the server does not validate.
var nameless = map[protoreflect.FullName]bool{
	"qdrant.LookupLocation": true, "qdrant.CreateAlias": true, "qdrant.AliasDescription": true,
	"qdrant.CollectionClusterInfoRequest": true, "qdrant.ListShardKeysRequest": true,
	"qdrant.CreateShardKeyRequest": true, "qdrant.DeleteShardKeyRequest": true,
	"qdrant.UpdateCollectionClusterSetupRequest": true,
}

// checkCollectionName: a new name may not hold what a file system cannot; an
// existing one is restricted less, for names made before that rule.
func checkCollectionName(m protoreflect.Message, f protoreflect.FieldDescriptor) string {
	message := m.Descriptor().FullName()
	if nameless[message] {
		return ""
	}
	name := m.Get(f).String()
	if n := len([]rune(name)); n < 1 || n > 255 {
		return fmt.Sprintf("value %q invalid, must be from 1 to 255 characters", name)
	}
	forbidden := "/\x00"
	if message == "qdrant.CreateCollection" {
		forbidden = "<>:\"/\\|?*\x00\x1f"
	}
	if i := strings.IndexAny(name, forbidden); i >= 0 {
		return fmt.Sprintf("collection name cannot contain %q char", name[i:i+1])
	}
	return ""
}
