package qdrantsim

import (
	"math"

	"github.com/qdrant/go-client/qdrant"
)

// feedbackPair is two examples of which the first was judged better.
type feedbackPair struct {
	better, worse int     // inputs
	weight        float32 // how much the difference in similarity counts
}

func parseFeedback(r *qdrant.RelevanceFeedbackInput) (*vectorQuery, error) {
	if r.GetTarget() == nil {
		return nil, malformed("target is missing")
	}
	inputs := []*qdrant.VectorInput{r.GetTarget()}
	for _, item := range r.GetFeedback() {
		if item.GetExample() == nil {
			return nil, malformed("feedback example is missing")
		}
		inputs = append(inputs, item.GetExample())
	}
	if r.GetStrategy() == nil {
		return nil, malformed("strategy is missing")
	}
	naive := r.GetStrategy().GetNaive()
	if naive == nil {
		return nil, malformed("Missing variant")
	}
	pairs := feedbackPairs(r.GetFeedback(), naive)
	return newVectorQuery(func(similarity func(int) float32) float32 {
		score := naive.GetA() * similarity(0)
		for _, p := range pairs {
			score += p.weight * (similarity(p.better) - similarity(p.worse))
		}
		return score
	}, inputs...)
}

// feedbackPairs pairs every example with every worse one.
func feedbackPairs(items []*qdrant.FeedbackItem, s *qdrant.NaiveFeedbackStrategy) []feedbackPair {
	var out []feedbackPair
	for i, a := range items {
		for j, b := range items {
			if confidence := a.GetScore() - b.GetScore(); confidence > 0 {
				weight := float32(math.Pow(float64(confidence), float64(s.GetB()))) * s.GetC()
				out = append(out, feedbackPair{better: i + 1, worse: j + 1, weight: weight})
			}
		}
	}
	return out
}
