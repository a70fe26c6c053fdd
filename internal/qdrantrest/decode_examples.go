package qdrantrest

import (
	pb "github.com/qdrant/go-client/qdrant"
)

var strategies = map[string]pb.RecommendStrategy{
	"average_vector": pb.RecommendStrategy_AverageVector,
	"best_score":     pb.RecommendStrategy_BestScore,
	"sum_scores":     pb.RecommendStrategy_SumScores,
}

func (r *reader) strategy() *pb.RecommendStrategy {
	return enum(r, strategies, "average_vector, best_score or sum_scores").Enum()
}

func (r *reader) recommendInput() *pb.RecommendInput {
	in := &pb.RecommendInput{}
	r.object("an object with positive and negative", func(key string) bool {
		switch key {
		case "positive":
			in.Positive = orNone(r, "an array of point ids and vectors", (*reader).input)
		case "negative":
			in.Negative = orNone(r, "an array of point ids and vectors", (*reader).input)
		case "strategy":
			in.Strategy = orNil(r, (*reader).strategy)
		default:
			return false
		}
		return true
	})
	return in
}

func (r *reader) discoverInput() *pb.DiscoverInput {
	in := &pb.DiscoverInput{}
	r.object("an object with target and context", func(key string) bool {
		switch key {
		case "target":
			in.Target = r.input()
		case "context":
			in.Context = r.contextInput()
		default:
			return false
		}
		return true
	})
	r.need(in.Target != nil, "target")
	r.need(in.Context != nil, "context")
	return in
}

// contextInput reads pairs: an array, one pair, or null.
func (r *reader) contextInput() *pb.ContextInput {
	return &pb.ContextInput{Pairs: oneOrMany(r, "a pair or an array of pairs", (*reader).contextPair)}
}

func (r *reader) contextPair() *pb.ContextInputPair {
	p := &pb.ContextInputPair{}
	r.object("an object with positive and negative", func(key string) bool {
		switch key {
		case "positive":
			p.Positive = r.input()
		case "negative":
			p.Negative = r.input()
		default:
			return false
		}
		return true
	})
	r.need(p.Positive != nil, "positive")
	r.need(p.Negative != nil, "negative")
	return p
}

func (r *reader) feedbackInput() *pb.RelevanceFeedbackInput {
	in := &pb.RelevanceFeedbackInput{}
	r.object("an object with target, feedback and strategy", func(key string) bool {
		switch key {
		case "target":
			in.Target = r.input()
		case "feedback":
			in.Feedback = list(r, "an array of objects with example and score", (*reader).feedbackItem)
		case "strategy":
			in.Strategy = r.feedbackStrategy()
		default:
			return false
		}
		return true
	})
	r.need(in.Target != nil, "target")
	r.need(in.Feedback != nil, "feedback")
	r.need(in.Strategy != nil, "strategy")
	return in
}

func (r *reader) feedbackItem() *pb.FeedbackItem {
	item := &pb.FeedbackItem{}
	scored := false
	r.object("an object with example and score", func(key string) bool {
		switch key {
		case "example":
			item.Example = r.input()
		case "score":
			item.Score, scored = r.float32(), true
		default:
			return false
		}
		return true
	})
	r.need(item.Example != nil, "example")
	r.need(scored, "score")
	return item
}

func (r *reader) feedbackStrategy() *pb.FeedbackStrategy {
	var naive *pb.NaiveFeedbackStrategy
	r.object("an object with naive", func(key string) bool {
		if key != "naive" {
			return false
		}
		naive = r.naive()
		return true
	})
	r.need(naive != nil, "naive")
	return &pb.FeedbackStrategy{Variant: &pb.FeedbackStrategy_Naive{Naive: naive}}
}

func (r *reader) naive() *pb.NaiveFeedbackStrategy {
	n := &pb.NaiveFeedbackStrategy{}
	var a, b, c bool
	r.object("an object with a, b and c", func(key string) bool {
		switch key {
		case "a":
			n.A, a = r.float32(), true
		case "b":
			n.B, b = r.float32(), true
		case "c":
			n.C, c = r.float32(), true
		default:
			return false
		}
		return true
	})
	r.need(a, "a")
	r.need(b, "b")
	r.need(c, "c")
	return n
}
