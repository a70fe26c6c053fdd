package attack_test

import (
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"github.com/tenantry/tenantry/internal/boundary/vector"
)

// Values that mean harm, for every type that the inventory of risky fields knows.

func match(key, value string) *pb.Condition { return pb.NewMatch(key, value) }

func hasIDs(v view) *pb.Condition { return pb.NewHasID(v.all()...) }

func within(f *pb.Filter) *pb.Condition { return pb.NewFilterAsCondition(f) }

// filters are attempts to get around the condition that the engine appends.
func filters(v view) []*pb.Filter {
	theirs := match(vector.TenantField, victim)
	return []*pb.Filter{
		{},
		{Should: []*pb.Condition{theirs, match("color", "red")}},
		{Must: []*pb.Condition{theirs}},
		{MustNot: []*pb.Condition{match(`"tenant_id"`, mallory)}},
		{Should: []*pb.Condition{hasIDs(v)}},
		{Must: []*pb.Condition{hasIDs(v)}},
		{MinShould: &pb.MinShould{MinCount: 0, Conditions: []*pb.Condition{match("secret", canary+victim+"/"+docs+"-1")}}},
		{MinShould: &pb.MinShould{MinCount: 1, Conditions: []*pb.Condition{hasIDs(v), match("color", "red")}}},
		{MustNot: []*pb.Condition{within(&pb.Filter{MustNot: []*pb.Condition{within(&pb.Filter{Should: []*pb.Condition{hasIDs(v)}})}})}},
		{Must: []*pb.Condition{match("secret", canary+victim+"/"+docs+"-1")}},
		{Must: []*pb.Condition{pb.NewNestedFilter("parts", &pb.Filter{Must: []*pb.Condition{match("color", "red")}})}},
		{Must: []*pb.Condition{pb.NewNestedFilter("parts", &pb.Filter{Must: []*pb.Condition{hasIDs(v)}})}},
		{Must: []*pb.Condition{{}}},
		{Should: []*pb.Condition{pb.NewIsEmpty(vector.CorpusField), pb.NewIsNull(`"tenant_id"`)}},
		{Must: []*pb.Condition{{ConditionOneOf: &pb.Condition_Field{Field: &pb.FieldCondition{Key: "color"}}}}},
	}
}

// selectors name the victim's points by id and by filter.
func selectors(v view) []*pb.PointsSelector {
	out := []*pb.PointsSelector{{}, pb.NewPointsSelectorIDs(v.all()), pb.NewPointsSelectorIDs(nil)}
	for _, f := range filters(v) {
		out = append(out, pb.NewPointsSelectorFilter(f))
	}
	return out
}

// payloadValues are what a tenant may try to put under the key of the owner.
func payloadValues() []*pb.Value {
	list := func(items ...any) *pb.Value {
		v, err := pb.NewListValue(items)
		if err != nil {
			panic(err)
		}
		return pb.NewValueList(v)
	}
	return []*pb.Value{
		pb.NewValueString(victim), list(mallory, victim), pb.NewValueNull(), {}, pb.NewValueInt(1),
		pb.NewValueStruct(&pb.Struct{Fields: pb.NewValueMap(map[string]any{"x": victim})}), pb.NewValueString(mallory + "\x00"), pb.NewValueString(mallory),
	}
}

// vectorValues are all that a request can hold in the place of numbers.
func model(kind string) proto.Message {
	switch kind {
	case "Document":
		return &pb.Document{Text: "what does " + victim + " have", Model: "qdrant/bm25"}
	case "Image":
		return &pb.Image{Image: pb.NewValueString("http://169.254.169.254/latest"), Model: "clip"}
	}
	return &pb.InferenceObject{Object: pb.NewValueString("x"), Model: "any"}
}

// expressions refer to what a formula must not see.
func expressions(v view) []*pb.Expression {
	out := []*pb.Expression{
		{Variant: &pb.Expression_Condition{Condition: hasIDs(v)}},
		{Variant: &pb.Expression_Condition{Condition: match(vector.TenantField, victim)}},
		{Variant: &pb.Expression_Condition{Condition: within(&pb.Filter{MustNot: []*pb.Condition{hasIDs(v)}})}},
		{Variant: &pb.Expression_Condition{}},
		{},
	}
	for _, key := range []string{vector.TenantField, `"corpus_id"`, "$score[7]", "$tenant_id", "n"} {
		out = append(out, &pb.Expression{Variant: &pb.Expression_Variable{Variable: key}})
	}
	return out
}
